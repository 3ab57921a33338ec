<?php

declare(strict_types=1);

namespace Facturelay\Documents;

defined( 'ABSPATH' ) || exit;

/** The documents of a list of orders, found by one query for all orders that the page is known to show. */
final class DocumentsOfPage {

	private bool $with_tests;
	/** @var array<int, int> ids of orders that were not looked up yet */
	private array $noted = array();
	/** @var array<int, object[]> by order id */
	private array $found = array();

	public function __construct( bool $with_tests ) {
		$this->with_tests = $with_tests;
	}

	/** @param array<mixed> $orders of the page: orders, posts or ids */
	public function note( array $orders ): void {
		foreach ( $orders as $order ) {
			$id                 = is_object( $order ) ? ( method_exists( $order, 'get_id' ) ? $order->get_id() : $order->ID ?? 0 ) : $order;
			$this->noted[ $id ] = (int) $id;
		}
	}

	/** @return object[] rows, the oldest first */
	public function of_order( int $order_id ): array {
		if ( ! isset( $this->found[ $order_id ] ) ) {
			$ids          = $this->noted + array( $order_id => $order_id );
			$this->noted  = array();
			$this->found += ( new DocumentTable() )->of_orders( $ids, $this->with_tests ) + array_fill_keys( $ids, array() );
		}
		return $this->found[ $order_id ];
	}
}
