<?php

declare(strict_types=1);

namespace Facturelay\Others;

defined( 'ABSPATH' ) || exit;

// Numbers of other plugins, read where they keep them, and seldom.
// phpcs:disable WordPress.DB.DirectDatabaseQuery
// A table's name is no value: it is put together from constants.
// phpcs:disable WordPress.DB.PreparedSQL

/** Where other plugins keep the number of their next invoice. It is read, never changed. */
final class StoredNumber {

	/**
	 * @param string $kind next or last: an option with that number; table: one row for each number; meta: at the orders; journal: StoreaBill's
	 * @param string $place option, table without prefix, or name of the meta
	 * @return array{number: int, year?: int, format?: string, digits?: int, yearly?: bool}|null year: of the last number null where no number was given yet
	 */
	public static function next( string $kind, string $place, string $key ): ?array {
		switch ( $kind ) {
			case 'next':
				$number = self::option( $place, $key );
				return $number > 1 ? array( 'number' => $number ) : null;
			case 'last':
				$number = self::option( $place, $key );
				return $number > 1 ? array( 'number' => $number + 1 ) : null;
			case 'table':
				return self::table( $place, $key );
			case 'meta':
				return self::meta( $place );
			default:
				return self::journal( $place, $key );
		}
	}

	private static function option( string $option, string $key ): int {
		$value = get_option( $option, 0 );
		$value = '' === $key ? $value : ( is_array( $value ) ? $value[ $key ] ?? 0 : 0 );
		return is_numeric( $value ) ? (int) $value : 0;
	}

	/**
	 * The number is the row's id, or stands in a column of its own where the database counts in other steps than one.
	 *
	 * @return array{number: int, year: int}|null
	 */
	private static function table( string $table, string $column ): ?array {
		$row = self::row( $table, 'ORDER BY id DESC' );
		if ( null === $row ) {
			return null;
		}
		$last = (int) ( $row[ $column ] ?? 0 );
		return array(
			'number' => ( $last > 0 ? $last : (int) $row['id'] ) + 1,
			'year'   => (int) substr( (string) $row['date'], 0, 4 ),
		);
	}

	/** @return array{number: int}|null */
	private static function meta( string $name ): ?array {
		global $wpdb;
		// Both places of orders: their own tables and the posts.
		$numbers = array();
		foreach ( array( $wpdb->postmeta, $wpdb->prefix . 'wc_orders_meta' ) as $table ) {
			$before    = $wpdb->suppress_errors( true );
			$numbers[] = (int) $wpdb->get_var( $wpdb->prepare( "SELECT MAX(CAST(meta_value AS UNSIGNED)) FROM `$table` WHERE meta_key = %s", $name ) );
			$wpdb->suppress_errors( $before );
		}
		return max( $numbers ) > 0 ? array( 'number' => max( $numbers ) + 1 ) : null;
	}

	/** @return array{number: int, format: string, digits: int, yearly: bool}|null */
	private static function journal( string $table, string $type ): ?array {
		global $wpdb;
		$row = self::row( $table, $wpdb->prepare( 'WHERE journal_type = %s ORDER BY journal_id', $type ) );
		if ( null === $row || (int) $row['journal_last_number'] < 1 ) {
			return null;
		}
		return array(
			'number' => (int) $row['journal_last_number'] + 1,
			'format' => (string) $row['journal_number_format'],
			'digits' => (int) $row['journal_number_min_size'],
			'yearly' => 'yearly' === $row['journal_reset_interval'],
		);
	}

	/** @return array<string, mixed>|null the first row; null where there is none, or no such table */
	private static function row( string $table, string $which ): ?array {
		global $wpdb;
		$before = $wpdb->suppress_errors( true );
		$row    = $wpdb->get_row( "SELECT * FROM `{$wpdb->prefix}$table` $which LIMIT 1", ARRAY_A );
		$wpdb->suppress_errors( $before );
		return is_array( $row ) ? $row : null;
	}
}
