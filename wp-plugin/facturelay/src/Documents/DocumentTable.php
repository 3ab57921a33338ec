<?php

declare(strict_types=1);

namespace Facturelay\Documents;

use Facturelay\Lifecycle\Schema;

defined( 'ABSPATH' ) || exit;

/** The documents that Facturelay told us of: enough to show links without asking anybody while a page is made. */
final class DocumentTable {

	/** @param array<string, mixed> $told */
	public function save( array $told ): bool {
		global $wpdb;
		return false !== $wpdb->replace(
			$this->table(),
			array(
				'document_id' => (int) $told['id'],
				'order_id'    => (int) $told['order'],
				'kind'        => substr( (string) $told['kind'], 0, 24 ),
				'number'      => substr( (string) $told['number'], 0, 60 ),
				'dated'       => substr( (string) $told['date'], 0, 10 ),
				'total'       => substr( (string) $told['total'], 0, 24 ),
				'currency'    => substr( (string) $told['currency'], 0, 3 ),
				'test'        => empty( $told['test'] ) ? 0 : 1,
			)
		);
	}

	/** @return object[] the oldest first; without the tests, unless staff look */
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
	 * @return int[] ids of their documents, the oldest first
	 */
	public function ids_of_orders( array $order_ids ): array {
		$ids = array();
		foreach ( $order_ids as $order_id ) {
			$ids = array_merge( $ids, array_column( $this->of_order( $order_id, true ), 'document_id' ) );
		}
		$ids = array_map( 'intval', $ids );
		sort( $ids );
		return $ids;
	}

	public function find( int $document_id ): ?object {
		global $wpdb;
		if ( ! Schema::is_current() ) {
			return null;
		}
		return $wpdb->get_row( $wpdb->prepare( "SELECT * FROM `{$this->table()}` WHERE document_id = %d", $document_id ) );
	}

	/** @return string[] */
	public function kinds_of_order( int $order_id ): array {
		return array_values( array_unique( array_column( $this->of_order( $order_id ), 'kind' ) ) );
	}

	/** What a kind of document is called. */
	public static function title( string $kind ): string {
		switch ( $kind ) {
			case 'invoice':
				return __( 'Invoice', 'facturelay' );
			case 'credit_note':
				return __( 'Credit note', 'facturelay' );
			case 'delivery_note':
				return __( 'Delivery note', 'facturelay' );
			case 'order_confirmation':
				return __( 'Order confirmation', 'facturelay' );
			default:
				return __( 'Document', 'facturelay' );
		}
	}

	private function table(): string {
		global $wpdb;
		return $wpdb->prefix . 'facturelay_documents';
	}
}
