<?php

declare(strict_types=1);

namespace Facturelay\Documents;

use Facturelay\Lifecycle\Schema;

defined( 'ABSPATH' ) || exit;

// The plugin's own tables: no function of WordPress reads them, and a cache would hide what another process has done meanwhile.
// phpcs:disable WordPress.DB.DirectDatabaseQuery
// A table's name is no value: it is put together from constants.
// phpcs:disable WordPress.DB.PreparedSQL

/** The table of documents that Facturelay reports: enough to show links in a page without a request to Facturelay. */
final class DocumentTable {

	/** @param array<string, mixed> $document id, order, kind, number, date (YYYY-MM-DD), total (decimal string), currency, test */
	public function save( array $document ): bool {
		global $wpdb;
		return false !== $wpdb->replace(
			$this->table(),
			array(
				'document_id' => (int) $document['id'],
				'order_id'    => (int) $document['order'],
				'kind'        => substr( (string) $document['kind'], 0, 24 ),
				'number'      => substr( (string) $document['number'], 0, 60 ),
				'dated'       => substr( (string) $document['date'], 0, 10 ),
				'total'       => substr( (string) $document['total'], 0, 24 ),
				'currency'    => substr( (string) $document['currency'], 0, 3 ),
				'test'        => empty( $document['test'] ) ? 0 : 1,
			)
		);
	}

	/** @return object[] rows, the oldest first; test documents only on demand: customers must not see them */
	public function of_order( int $order_id, bool $with_tests = false ): array {
		global $wpdb;
		if ( ! Schema::is_current() ) {
			return array();
		}
		$before = $wpdb->suppress_errors( true );
		$query  = $wpdb->prepare( "SELECT * FROM `{$this->table()}` WHERE order_id = %d AND test <= %d ORDER BY document_id", $order_id, $with_tests ? 1 : 0 );
		$rows   = $wpdb->get_results( $query );
		$wpdb->suppress_errors( $before );
		return is_array( $rows ) ? $rows : array();
	}

	/**
	 * @param int[] $order_ids
	 * @return array<int, object[]> rows by order id, the oldest first; orders without documents are left out
	 */
	public function of_orders( array $order_ids, bool $with_tests = true ): array {
		global $wpdb;
		$order_ids = array_unique( array_filter( array_map( 'intval', $order_ids ) ) );
		if ( array() === $order_ids || ! Schema::is_current() ) {
			return array();
		}
		$before = $wpdb->suppress_errors( true );
		$list   = implode( ',', $order_ids );
		$rows   = $wpdb->get_results( $wpdb->prepare( "SELECT * FROM `{$this->table()}` WHERE order_id IN ($list) AND test <= %d ORDER BY document_id", $with_tests ? 1 : 0 ) );
		$wpdb->suppress_errors( $before );
		$found = array();
		foreach ( (array) $rows as $row ) {
			$found[ (int) $row->order_id ][] = $row;
		}
		return $found;
	}

	/**
	 * @param int[] $order_ids
	 * @return int[] ids of their documents, the oldest first
	 */
	public function ids_of_orders( array $order_ids ): array {
		$ids = array();
		foreach ( $this->of_orders( $order_ids ) as $documents ) {
			$ids = array_merge( $ids, array_map( 'intval', array_column( $documents, 'document_id' ) ) );
		}
		sort( $ids );
		return $ids;
	}

	/**
	 * What a customer wants of an order: its latest invoice, or its latest document where there is none.
	 *
	 * @param object[] $documents of one order, the oldest first
	 */
	public static function main_of( array $documents ): ?object {
		$documents = array_reverse( $documents );
		foreach ( $documents as $document ) {
			if ( 'invoice' === $document->kind ) {
				return $document;
			}
		}
		return $documents[0] ?? null;
	}

	public function find( int $document_id ): ?object {
		global $wpdb;
		if ( ! Schema::is_current() ) {
			return null;
		}
		return $wpdb->get_row( $wpdb->prepare( "SELECT * FROM `{$this->table()}` WHERE document_id = %d", $document_id ) );
	}

	/** @return string[] kinds of the order's documents, without tests */
	public function kinds_of_order( int $order_id ): array {
		return array_values( array_unique( array_column( $this->of_order( $order_id ), 'kind' ) ) );
	}

	/** A delivery note says what is brought, and not what it costs. */
	public static function states_amount( string $kind ): bool {
		return 'delivery_note' !== $kind;
	}

	/** The translated name of a kind of document. */
	public static function title( string $kind ): string {
		switch ( $kind ) {
			case 'invoice':
				return __( 'Invoice', 'facturelay' );
			case 'credit_note':
				return __( 'Credit note', 'facturelay' );
			case 'delivery_note':
				return __( 'Delivery note', 'facturelay' );
			case 'payment_request':
				return __( 'Payment request', 'facturelay' );
			case 'order_confirmation':
				return __( 'Order confirmation', 'facturelay' );
			default:
				return __( 'Document', 'facturelay' );
		}
	}

	/** What a file of a document is called: Dutch writes it small. */
	public static function file_name( string $file ): string {
		return 'pdf' === $file ? __( 'PDF', 'facturelay' ) : strtoupper( $file );
	}

	private function table(): string {
		global $wpdb;
		return $wpdb->prefix . 'facturelay_documents';
	}
}
