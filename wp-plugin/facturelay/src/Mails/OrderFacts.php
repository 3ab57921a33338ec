<?php

declare(strict_types=1);

namespace Facturelay\Mails;

use WC_Order;

defined( 'ABSPATH' ) || exit;

/** What the rules for holding mails need to know of an order. */
final class OrderFacts {

	// The order's meta keys in which checkouts and VAT plugins store the number; Facturelay reads the same ones.
	private const VAT_KEYS = array( '_wc_billing/facturelay/vat-number', '_wc_other/facturelay/vat-number', '_billing_vat_number', 'billing_vat_number', '_vat_number', 'vat_number', '_billing_eu_vat_number', '_billing_vat', '_billing_vat_id', '_billing_wcpdf_vat_number', 'yweu_billing_vat', '_eu_vat_number', '_vat_id' );

	/**
	 * @param string[] $made kinds of documents that exist or are expected
	 * @return array<string, mixed> mail, paid, method, business, country, total (decimal string), placed_at (Unix time), downloads, made
	 */
	public static function from_order( string $mail_id, WC_Order $order, array $made ): array {
		$placed = $order->get_date_created();
		return array(
			'mail'      => $mail_id,
			'paid'      => null !== $order->get_date_paid(),
			'method'    => (string) $order->get_payment_method(),
			'business'  => self::is_business( $order ),
			'country'   => (string) $order->get_billing_country(),
			'total'     => (string) $order->get_total(),
			'placed_at' => null === $placed ? 0 : $placed->getTimestamp(),
			'downloads' => $order->has_downloadable_item(),
			'made'      => $made,
		);
	}

	private static function is_business( WC_Order $order ): bool {
		if ( '' !== trim( (string) $order->get_billing_company() ) ) {
			return true;
		}
		foreach ( self::VAT_KEYS as $key ) {
			if ( '' !== trim( (string) $order->get_meta( $key ) ) ) {
				return true;
			}
		}
		return false;
	}
}
