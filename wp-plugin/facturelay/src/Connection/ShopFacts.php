<?php

declare(strict_types=1);

namespace Facturelay\Connection;

defined( 'ABSPATH' ) || exit;

/** What the shop knows of itself, told once when it is connected so that nobody types it again: no customer's data, and no key. */
final class ShopFacts {

	private const MAX_METHODS  = 40;
	private const MAX_STATUSES = 60;

	/** @return array<string, mixed> texts by the names of Facturelay's settings, and what is only shown there; empty ones are left out */
	public static function collect(): array {
		$facts = array(
			'seller.name'             => self::invoice_plugin_setting( 'shop_name' ) ?: wp_specialchars_decode( (string) get_option( 'blogname' ), ENT_QUOTES ),
			'seller.vat_number'       => self::invoice_plugin_setting( 'vat_number' ),
			'seller.email'            => (string) get_option( 'woocommerce_email_from_address' ),
			'seller.website'          => Connection::home_url(),
			'seller.address.street'   => trim( get_option( 'woocommerce_store_address' ) . ' ' . get_option( 'woocommerce_store_address_2' ) ),
			'seller.address.postcode' => (string) get_option( 'woocommerce_store_postcode' ),
			'seller.address.city'     => (string) get_option( 'woocommerce_store_city' ),
			// With a state behind it in some countries: DE:DE-BY.
			'seller.address.country'  => substr( (string) get_option( 'woocommerce_default_country' ), 0, 2 ),
			'zone'                    => self::zone(),
			'currency'                => (string) get_option( 'woocommerce_currency' ),
			'languages'               => self::languages(),
			'charges_vat'             => 'yes' === get_option( 'woocommerce_calc_taxes' ),
			'prices_with_vat'         => 'yes' === get_option( 'woocommerce_prices_include_tax' ),
			'payment_methods'         => self::payment_methods(),
			'order_statuses'          => self::order_statuses(),
		);
		return array_filter( $facts + self::bank_account(), static fn ( $value ): bool => '' !== $value && array() !== $value );
	}

	/** The zone by its name; '' where only a difference to UTC was chosen, which has no summer time. */
	private static function zone(): string {
		return (string) get_option( 'timezone_string' );
	}

	/** @return string[] locales, the shop's own first */
	private static function languages(): array {
		$others = array();
		if ( function_exists( 'pll_languages_list' ) ) {
			$others = (array) pll_languages_list( array( 'fields' => 'locale' ) );
		} elseif ( has_filter( 'wpml_active_languages' ) ) {
			$others = array_column( (array) apply_filters( 'wpml_active_languages', array(), array( 'skip_missing' => 0 ) ), 'default_locale' );
		}
		return array_values( array_unique( array_filter( array_merge( array( get_locale() ), array_map( 'strval', $others ) ) ) ) );
	}

	/** @return array<string, string> of the first account for bank transfers */
	private static function bank_account(): array {
		$accounts = get_option( 'woocommerce_bacs_accounts' );
		$first    = is_array( $accounts ) ? (array) reset( $accounts ) : array();
		return array(
			'seller.iban' => (string) ( $first['iban'] ?? '' ),
			'seller.bic'  => (string) ( $first['bic'] ?? '' ),
		);
	}

	/** @return array<int, array{id: string, title: string}> those that are switched on */
	private static function payment_methods(): array {
		$methods = array();
		try {
			foreach ( WC()->payment_gateways()->payment_gateways as $gateway ) {
				if ( 'yes' === $gateway->enabled ) {
					$methods[] = array(
						'id'    => (string) $gateway->id,
						'title' => wp_strip_all_tags( (string) $gateway->get_title() ),
					);
				}
			}
		} catch ( \Throwable $error ) {
			// A payment plugin that fails outside of the checkout: the rest is told all the same.
			unset( $error );
		}
		return array_slice( $methods, 0, self::MAX_METHODS );
	}

	/** @return array<int, array{id: string, title: string}> those of plugins too, whether an order was in them yet or not */
	public static function order_statuses(): array {
		$statuses = array();
		try {
			foreach ( wc_get_order_statuses() as $status => $name ) {
				$statuses[] = array(
					'id'    => (string) preg_replace( '/^wc-/', '', (string) $status ),
					'title' => wp_strip_all_tags( (string) $name ),
				);
			}
		} catch ( \Throwable $error ) {
			// A plugin that fails while it adds its own: Facturelay then offers those that orders came with.
			unset( $error );
		}
		return array_slice( $statuses, 0, self::MAX_STATUSES );
	}

	/** A setting of "PDF Invoices & Packing Slips", which asks for what WooCommerce itself does not; since its version 2 one for each language. */
	private static function invoice_plugin_setting( string $name ): string {
		$settings = get_option( 'wpo_wcpdf_settings_general' );
		$value    = is_array( $settings ) ? ( $settings[ $name ] ?? '' ) : '';
		$value    = is_array( $value ) ? ( $value['default'] ?? '' ) : $value;
		return is_scalar( $value ) ? trim( (string) $value ) : '';
	}
}
