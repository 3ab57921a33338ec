<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\FacturelayError;

defined( 'ABSPATH' ) || exit;

// A message is escaped where it is shown, once (FlashNotice).
// phpcs:disable WordPress.Security.EscapeOutput.ExceptionNotEscaped
// WooCommerce has no function for its keys.
// phpcs:disable WordPress.DB.DirectDatabaseQuery

/** The REST key that Facturelay uses: a row as WooCommerce's settings page writes it; there is no function for that. */
final class RestKeys {

	/**
	 * @param int $owner_id user for whom the key acts
	 * @return array{id: int, key: string, secret: string} in clear text; WooCommerce stores of the key only a hash
	 * @throws FacturelayError
	 */
	public static function create( int $owner_id ): array {
		global $wpdb;
		$key      = 'ck_' . wc_rand_hash();
		$secret   = 'cs_' . wc_rand_hash();
		$inserted = $wpdb->insert(
			self::table(),
			array(
				'user_id'         => $owner_id,
				'description'     => 'Facturelay',
				'permissions'     => 'read_write',
				'consumer_key'    => wc_api_hash( $key ),
				'consumer_secret' => $secret,
				'truncated_key'   => substr( $key, -7 ),
			)
		);
		if ( ! $inserted ) {
			throw new FacturelayError( 'key_not_made', __( 'WooCommerce could not store the key for Facturelay. Your database may be full or read-only.', 'facturelay' ) );
		}
		return array(
			'id'     => (int) $wpdb->insert_id,
			'key'    => $key,
			'secret' => $secret,
		);
	}

	public static function delete( int $key_id ): void {
		global $wpdb;
		if ( $key_id > 0 ) {
			$wpdb->delete( self::table(), array( 'key_id' => $key_id ) );
		}
	}

	public static function exists( int $key_id ): bool {
		global $wpdb;
		return null !== $wpdb->get_var( $wpdb->prepare( 'SELECT key_id FROM `' . self::table() . '` WHERE key_id = %d', $key_id ) ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/** What WooCommerce keeps of a key: Facturelay can tell by it whether it has the same; '' where the key is gone. */
	public static function hash( int $key_id ): string {
		global $wpdb;
		return (string) $wpdb->get_var( $wpdb->prepare( 'SELECT consumer_key FROM `' . self::table() . '` WHERE key_id = %d', $key_id ) ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	private static function table(): string {
		global $wpdb;
		return $wpdb->prefix . 'woocommerce_api_keys';
	}
}
