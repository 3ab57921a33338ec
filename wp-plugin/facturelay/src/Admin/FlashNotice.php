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

	/** Print the stored notice, with its code for support where something is wrong; return the code, '' when there is none. */
	public static function show(): string {
		$notice = get_transient( self::TRANSIENT . get_current_user_id() );
		if ( ! is_array( $notice ) ) {
			return '';
		}
		delete_transient( self::TRANSIENT . get_current_user_id() );
		printf(
			'<div class="notice notice-%s inline is-dismissible" data-code="%s"><p>%s%s</p></div>',
			esc_attr( (string) $notice[0] ),
			esc_attr( (string) $notice[2] ),
			esc_html( (string) $notice[1] ),
			'error' === $notice[0] ? ' <span class="description">(' . esc_html( (string) $notice[2] ) . ')</span>' : ''
		);
		return (string) $notice[2];
	}
}
