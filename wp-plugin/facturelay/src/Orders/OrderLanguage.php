<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Connection\Connection;
use Facturelay\Feature;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * Notes at an order in which of the shop's languages it was placed, where Polylang keeps several: it notes that itself only with its paid
 * add-on for WooCommerce. WPML, TranslatePress and Weglot do so themselves. Without it a document's language follows from the address.
 */
final class OrderLanguage implements Feature {

	// One of the names under which Facturelay looks for a language (worker/woocommerce/order_meta.py).
	public const META = '_order_language';

	public function add_hooks(): void {
		// WooCommerce saves the order after both; the second is that of the block checkout.
		add_action( 'woocommerce_checkout_create_order', array( $this, 'note' ) );
		add_action( 'woocommerce_store_api_checkout_update_order_meta', array( $this, 'note' ) );
	}

	/** @param mixed $order that is being placed */
	public function note( $order ): void {
		$language = $this->language();
		if ( $order instanceof WC_Order && '' !== $language && Connection::load()->is_active() ) {
			$order->update_meta_data( self::META, $language );
		}
	}

	/**
	 * The language of the page on which the order is placed, like "fr"; '' where the shop has one language. It stands in the address of that
	 * page: the checkout sends the order to an address without a language.
	 */
	private function language(): string {
		if ( ! function_exists( 'PLL' ) || ! function_exists( 'pll_current_language' ) || ! function_exists( 'pll_languages_list' ) ) {
			return '';
		}
		// Not the field of the classic checkout's form: it names the last request that drew the form anew.
		$page      = isset( $_SERVER['HTTP_REFERER'] ) ? esc_url_raw( wp_unslash( $_SERVER['HTTP_REFERER'] ) ) : '';
		$language  = '' !== $page && isset( PLL()->links_model ) ? (string) PLL()->links_model->get_language_from_url( $page ) : '';
		$language  = '' === $language ? (string) pll_current_language() : $language;
		$languages = (array) pll_languages_list();
		return count( $languages ) > 1 && in_array( $language, $languages, true ) ? $language : '';
	}
}
