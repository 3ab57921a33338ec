<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Admin\FlashNotice;
use Facturelay\Connection\Connection;
use Facturelay\Feature;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/** The box at an order with its documents, made from DocumentTable. What only Facturelay knows is fetched into it once the page is there. */
final class OrderScreen implements Feature {

	private const REFRESH_MS = 4000;

	public function add_hooks(): void {
		add_action( 'add_meta_boxes', array( $this, 'add_box' ) );
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
		wp_print_inline_script_tag( sprintf( self::SCRIPT, (string) wp_json_encode( html_entity_decode( $url, ENT_QUOTES, 'UTF-8' ) ), self::REFRESH_MS ) );
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
