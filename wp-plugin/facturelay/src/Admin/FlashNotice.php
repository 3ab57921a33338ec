<?php

declare(strict_types=1);

namespace Facturelay\Admin;

defined( 'ABSPATH' ) || exit;

/** What came of the button somebody pressed, kept for the page he comes back to. */
final class FlashNotice {

	private const TRANSIENT = 'facturelay_told_';

	/** @param string $kind success, warning or error */
	public static function store( string $kind, string $sentence, string $code ): void {
		set_transient( self::TRANSIENT . get_current_user_id(), array( $kind, $sentence, $code ), 300 );
	}

	/** The code of what is shown; '' for nothing. */
	public static function show(): string {
		$told = get_transient( self::TRANSIENT . get_current_user_id() );
		if ( ! is_array( $told ) ) {
			return '';
		}
		delete_transient( self::TRANSIENT . get_current_user_id() );
		printf(
			'<div class="notice notice-%s inline is-dismissible"><p>%s <span class="description">(%s)</span></p></div>',
			esc_attr( (string) $told[0] ),
			esc_html( (string) $told[1] ),
			esc_html( (string) $told[2] )
		);
		return (string) $told[2];
	}
}
