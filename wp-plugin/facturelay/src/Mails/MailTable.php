<?php

declare(strict_types=1);

namespace Facturelay\Mails;

use Facturelay\Lifecycle\Schema;

defined( 'ABSPATH' ) || exit;

// The plugin's own tables: no function of WordPress reads them, and a cache would hide what another process has done meanwhile.
// phpcs:disable WordPress.DB.DirectDatabaseQuery
// Each statement is prepared in in_silence().
// phpcs:disable WordPress.DB.PreparedSQL

/**
 * The rows of HeldMails and of EarlyMails; %i in a statement stands for their table. Times are UTC by PHP's clock: the database may be in
 * another zone.
 */
final class MailTable {

	/**
	 * @param mixed ...$values
	 * @return int|false rows changed; false when the statement failed or there is no table
	 */
	public static function execute( string $statement, ...$values ) {
		$result = self::in_silence( 'query', $statement, $values );
		return is_int( $result ) ? $result : false;
	}

	/**
	 * @param mixed ...$values
	 * @return object[]
	 */
	public static function select( string $statement, ...$values ): array {
		$rows = self::in_silence( 'get_results', $statement, $values );
		return is_array( $rows ) ? $rows : array();
	}

	/** @return string[] the kinds of documents of some rows, each once */
	public static function kinds( object ...$rows ): array {
		return array_values( array_unique( array_filter( explode( ',', implode( ',', array_column( $rows, 'kinds' ) ) ) ) ) );
	}

	public static function utc( int $from_now_s = 0 ): string {
		return gmdate( 'Y-m-d H:i:s', time() + $from_now_s );
	}

	/** Delete rows that were done more than 90 days ago, 1000 at most. */
	public static function purge(): void {
		self::execute( 'DELETE FROM %i WHERE live IS NULL AND done_at < %s LIMIT 1000', self::utc( -90 * DAY_IN_SECONDS ) );
	}

	/**
	 * Delete what is done; mails that are still held stay.
	 *
	 * @param int[] $order_ids
	 * @return int rows deleted
	 */
	public static function delete_of_orders( array $order_ids ): int {
		$deleted = 0;
		foreach ( $order_ids as $order_id ) {
			$deleted += (int) self::execute( 'DELETE FROM %i WHERE order_id = %d AND live IS NULL', (int) $order_id );
		}
		return $deleted;
	}

	/**
	 * An error printed into the checkout's response would break it, and every page view would fill the log.
	 *
	 * @param array<int, mixed> $values
	 * @return mixed what the method of wpdb returns; null without a table
	 */
	private static function in_silence( string $method, string $statement, array $values ) {
		global $wpdb;
		if ( ! Schema::is_current() ) {
			return null;
		}
		// By hand: %i of wpdb::prepare came with WordPress 6.2.
		$statement = str_replace( '%i', "`{$wpdb->prefix}facturelay_holds`", $statement );
		$before    = $wpdb->suppress_errors( true );
		$result    = $wpdb->$method( array() === $values ? $statement : $wpdb->prepare( $statement, $values ) );
		$wpdb->suppress_errors( $before );
		return $result;
	}
}
