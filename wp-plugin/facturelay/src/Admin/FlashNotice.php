<?php

declare(strict_types=1);

namespace Facturelay\Admin;

defined( 'ABSPATH' ) || exit;

/** The result of a button, stored for five minutes for the current user and shown once on the next page. */
final class FlashNotice {

	private const TRANSIENT = 'facturelay_told_';

	/** @param string $kind success, warning or error */
	public static function store( string $kind, string $message, string $code ): void {
		set_transient( self::TRANSIENT . get_current_user_id(), array( $kind, $message, $code ), 300 );
	}

	/** Print the stored notice; return its code, '' when there is none. */
	public static function show(): string {
		$notice = get_transient( self::TRANSIENT . get_current_user_id() );
		if ( ! is_array( $notice ) ) {
			return '';
		}
		delete_transient( self::TRANSIENT . get_current_user_id() );
		printf(
			'<div class="notice notice-%s inline is-dismissible"><p>%s <span class="description">(%s)</span></p></div>',
			esc_attr( (string) $notice[0] ),
			esc_html( (string) $notice[1] ),
			esc_html( (string) $notice[2] )
		);
		return (string) $notice[2];
	}
}
