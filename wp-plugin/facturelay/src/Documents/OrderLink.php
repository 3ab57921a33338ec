<?php

declare(strict_types=1);

namespace Facturelay\Documents;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * The link to an order's documents in WooCommerce's own mail: an address of Facturelay's, so that it works for guests, before
 * there is a document, and when this plugin is gone. Signed with a key that Facturelay gave; it has the same few lines
 * (worker/net/order_link.py).
 */
final class OrderLink {

	private const LIFETIME_S = 365 * DAY_IN_SECONDS;

	/** @param int $refund_id the refund whose credit note the mail announces; 0 for the order's sale */
	public static function url( WC_Order $order, int $refund_id = 0 ): string {
		$links = Heartbeat::order_links();
		if ( '' === $links['key'] ) {
			// Facturelay has not answered since this plugin is here.
			return CustomerLinks::order_url( $order );
		}
		$token = self::token( $links['key'], Connection::load()->shop_id(), $order->get_id(), time() + self::LIFETIME_S, $order->get_order_key() );
		return $links['url'] . $token . ( $refund_id > 0 ? "?refund=$refund_id" : '' );
	}

	public static function token( string $key, string $shop_id, int $order_id, int $expires_at, string $order_key ): string {
		$content = "$shop_id-$order_id-$expires_at-" . substr( hash( 'sha256', $order_key ), 0, 16 );
		return "$content-" . substr( hash_hmac( 'sha256', $content, $key ), 0, 32 );
	}
}
