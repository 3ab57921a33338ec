<?php
/**
 * Plugin Name: Keep mail
 * Description: Writes every mail to a file instead of sending it.
 */

declare(strict_types=1);

add_filter(
	'pre_wp_mail',
	static function ( $sent, array $mail ): bool {
		file_put_contents( ABSPATH . 'mails.jsonl', wp_json_encode( $mail ) . "\n", FILE_APPEND | LOCK_EX );
		return true;
	},
	10,
	2
);
