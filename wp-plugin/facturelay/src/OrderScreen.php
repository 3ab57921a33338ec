<?php

declare(strict_types=1);

namespace Facturelay;

use WC_Order;

defined( 'ABSPATH' ) || exit;

/** The documents in wp-admin: a box at the order, and a column in the list of orders; with HPOS and without. */
final class OrderScreen implements Feature {

	private const COLUMN = 'facturelay';

	public function add_hooks(): void {
		add_action( 'add_meta_boxes', array( $this, 'add_box' ) );
		foreach ( array( 'woocommerce_page_wc-orders', 'edit-shop_order' ) as $screen ) {
			add_filter( "manage_{$screen}_columns", array( $this, 'add_column' ), 20 );
		}
		add_action( 'manage_woocommerce_page_wc-orders_custom_column', array( $this, 'show_cell' ), 10, 2 );
		add_action( 'manage_shop_order_posts_custom_column', array( $this, 'show_cell' ), 10, 2 );
	}

	public function add_box(): void {
		if ( Connection::load()->is_made() && function_exists( 'wc_get_page_screen_id' ) ) {
			add_meta_box( 'facturelay', __( 'Documents', 'facturelay' ), array( $this, 'show_box' ), wc_get_page_screen_id( 'shop-order' ), 'side' );
		}
	}

	/** @param mixed $post_or_order */
	public function show_box( $post_or_order ): void {
		$order = $this->order( $post_or_order );
		if ( null === $order ) {
			return;
		}
		$documents = ( new Documents() )->of_order( $order->get_id(), true );
		if ( array() === $documents ) {
			echo '<p>' . esc_html__( 'There is no document yet. It appears here as soon as it is made.', 'facturelay' ) . '</p>';
			return;
		}
		echo '<ul>';
		foreach ( $documents as $document ) {
			printf(
				'<li><a href="%s" target="_blank" rel="noopener">%s</a><br>%s</li>',
				esc_url( Links::of( $document, $order ) ),
				esc_html( Documents::title( $document->kind ) . ' ' . $document->number ),
				esc_html( mysql2date( 'd-m-Y', $document->dated ) . ' · ' . $document->total . ' ' . $document->currency )
			);
		}
		echo '</ul>';
	}

	/**
	 * @param mixed $columns
	 * @return array<string, string>
	 */
	public function add_column( $columns ): array {
		$columns = (array) $columns;
		return Connection::load()->is_made() ? $columns + array( self::COLUMN => __( 'Documents', 'facturelay' ) ) : $columns;
	}

	/**
	 * @param mixed $column
	 * @param mixed $order
	 */
	public function show_cell( $column, $order ): void {
		$order = self::COLUMN === $column ? $this->order( $order ) : null;
		if ( null === $order ) {
			return;
		}
		foreach ( ( new Documents() )->of_order( $order->get_id(), true ) as $document ) {
			printf( '<a href="%s" target="_blank" rel="noopener" title="%s">%s</a><br>', esc_url( Links::of( $document, $order ) ), esc_attr( Documents::title( $document->kind ) ), esc_html( $document->number ) );
		}
	}

	/** @param mixed $given an order, a post or an id */
	private function order( $given ): ?WC_Order {
		$given = $given instanceof \WP_Post ? $given->ID : $given;
		$order = $given instanceof WC_Order ? $given : wc_get_order( $given );
		return $order instanceof WC_Order ? $order : null;
	}
}
