<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Feature;
use Facturelay\Lifecycle\Schema;

defined( 'ABSPATH' ) || exit;

/** A filter above the list of orders: those without a document. Test documents count while the shop is in test. */
final class WithoutDocument implements Feature {

	private const FIELD = 'facturelay_documents';
	private const NONE  = 'none';

	public function add_hooks(): void {
		add_action( 'woocommerce_order_list_table_restrict_manage_orders', array( $this, 'show_choice' ) );
		add_action( 'restrict_manage_posts', array( $this, 'show_choice' ) );
		add_filter( 'woocommerce_order_list_table_prepare_items_query_args', array( $this, 'filter_orders' ) );
		add_filter( 'woocommerce_orders_table_query_clauses', array( $this, 'add_to_orders_query' ), 10, 3 );
		add_filter( 'posts_where', array( $this, 'add_to_posts_query' ), 10, 2 );
	}

	/** @param mixed $order_type */
	public function show_choice( $order_type ): void {
		if ( 'shop_order' !== $order_type || ! $this->is_possible() ) {
			return;
		}
		printf(
			'<label class="screen-reader-text" for="%1$s">%2$s</label><select name="%1$s" id="%1$s"><option value="">%3$s</option><option value="%4$s"%5$s>%6$s</option></select>',
			esc_attr( self::FIELD ),
			esc_html__( 'Filter by documents', 'facturelay' ),
			esc_html__( 'All documents', 'facturelay' ),
			esc_attr( self::NONE ),
			selected( $this->is_chosen(), true, false ),
			esc_html__( 'Without document', 'facturelay' )
		);
	}

	/**
	 * With HPOS: marks the query of the list, so that no other one is filtered.
	 *
	 * @param mixed $wanted
	 * @return mixed
	 */
	public function filter_orders( $wanted ) {
		return is_array( $wanted ) && $this->is_chosen() ? array( self::FIELD => self::NONE ) + $wanted : $wanted;
	}

	/**
	 * @param mixed $clauses
	 * @param mixed $query
	 * @param mixed $wanted
	 * @return mixed
	 */
	public function add_to_orders_query( $clauses, $query = null, $wanted = array() ) {
		if ( is_array( $clauses ) && is_array( $wanted ) && self::NONE === ( $wanted[ self::FIELD ] ?? '' ) && is_object( $query ) ) {
			$clauses['where'] .= ' AND ' . $this->condition( $query->get_table_name( 'orders' ) . '.id' );
		}
		return $clauses;
	}

	/**
	 * Where orders are posts.
	 *
	 * @param mixed $where
	 * @param mixed $query
	 * @return mixed
	 */
	public function add_to_posts_query( $where, $query = null ) {
		global $wpdb;
		$is_list = $query instanceof \WP_Query && is_admin() && $query->is_main_query() && 'shop_order' === $query->get( 'post_type' );
		return is_string( $where ) && $is_list && $this->is_chosen() ? $where . ' AND ' . $this->condition( "$wpdb->posts.ID" ) : $where;
	}

	private function condition( string $order_id ): string {
		global $wpdb;
		$tests = empty( Heartbeat::last_response()['shop']['test'] ) ? 'AND made.test = 0' : '';
		return "NOT EXISTS (SELECT 1 FROM `{$wpdb->prefix}facturelay_documents` made WHERE made.order_id = $order_id $tests)";
	}

	private function is_chosen(): bool {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- It only filters a list.
		return isset( $_GET[ self::FIELD ] ) && self::NONE === $_GET[ self::FIELD ] && $this->is_possible();
	}

	private function is_possible(): bool {
		return Schema::is_current() && Connection::load()->is_active();
	}
}
