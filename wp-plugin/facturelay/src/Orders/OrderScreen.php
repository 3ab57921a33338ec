<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Admin\FlashNotice;
use Facturelay\Connection\Connection;
use Facturelay\Documents\CustomerLinks;
use Facturelay\Documents\DocumentTable;
use Facturelay\Feature;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * The documents in wp-admin: a box at the order and a column in the list of orders, with HPOS and without.
 * Both are made from DocumentTable. What only Facturelay knows is fetched into the box once the page is there.
 */
final class OrderScreen implements Feature {

	public const SCREENS     = array( 'woocommerce_page_wc-orders', 'edit-shop_order' );
	private const COLUMN     = 'facturelay';
	private const REFRESH_MS = 4000;

	public function add_hooks(): void {
		add_action( 'add_meta_boxes', array( $this, 'add_box' ) );
		foreach ( self::SCREENS as $screen ) {
			add_filter( "manage_{$screen}_columns", array( $this, 'add_column' ), 20 );
		}
		add_action( 'manage_woocommerce_page_wc-orders_custom_column', array( $this, 'show_cell' ), 10, 2 );
		add_action( 'manage_shop_order_posts_custom_column', array( $this, 'show_cell' ), 10, 2 );
	}

	public function add_box(): void {
		if ( Connection::load()->is_active() && function_exists( 'wc_get_page_screen_id' ) ) {
			add_meta_box( 'facturelay', __( 'Documents', 'facturelay' ), array( $this, 'show_box' ), wc_get_page_screen_id( 'shop-order' ), 'side', 'high' );
		}
	}

	/** @param mixed $post_or_order */
	public function show_box( $post_or_order ): void {
		$order = self::order( $post_or_order );
		if ( null === $order ) {
			return;
		}
		FlashNotice::show();
		$url = wp_nonce_url( admin_url( 'admin-ajax.php?action=facturelay_order&order=' . $order->get_id() ), 'facturelay_order' );
		// phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- DocumentsBox escapes.
		printf( '<div id="facturelay-order" aria-live="polite">%s</div>', DocumentsBox::from_table( $order ) );
		wp_print_inline_script_tag( sprintf( self::SCRIPT, (string) wp_json_encode( html_entity_decode( $url ) ), self::REFRESH_MS ) );
	}

	/**
	 * @param mixed $columns
	 * @return array<string, string>
	 */
	public function add_column( $columns ): array {
		$columns = (array) $columns;
		return Connection::load()->is_active() ? $columns + array( self::COLUMN => __( 'Documents', 'facturelay' ) ) : $columns;
	}

	/**
	 * @param mixed $column
	 * @param mixed $order
	 */
	public function show_cell( $column, $order ): void {
		$order = self::COLUMN === $column ? self::order( $order ) : null;
		if ( null === $order ) {
			return;
		}
		foreach ( ( new DocumentTable() )->of_order( $order->get_id(), true ) as $document ) {
			printf( '<a href="%s" target="_blank" rel="noopener" title="%s">%s</a><br>', esc_url( CustomerLinks::document_url( (int) $document->document_id, $order ) ), esc_attr( DocumentTable::title( $document->kind ) ), esc_html( $document->number ) );
		}
	}

	/** @param mixed $post_or_order an order, a post or an id */
	private static function order( $post_or_order ): ?WC_Order {
		$post_or_order = $post_or_order instanceof \WP_Post ? $post_or_order->ID : $post_or_order;
		$order         = $post_or_order instanceof WC_Order ? $post_or_order : wc_get_order( $post_or_order );
		return $order instanceof WC_Order ? $order : null;
	}

	/** Fetches the box, and again while something is pending; does not replace it while "Why" is open. */
	private const SCRIPT = <<<'JS'
( function () {
	var box = document.getElementById( 'facturelay-order' ), left = 15;
	function refresh() {
		fetch( %1$s, { credentials: 'same-origin' } ).then( function ( response ) {
			return response.ok ? response.text() : '';
		} ).then( function ( html ) {
			if ( html && ! box.querySelector( 'details[open]' ) ) {
				box.innerHTML = html;
			}
			if ( box.querySelector( '[data-pending]' ) && left-- > 0 ) {
				setTimeout( refresh, %2$d );
			}
		} ).catch( function () {} );
	}
	refresh();
}() );
JS;
}
