<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Connection\Connection;
use Facturelay\Connection\ServiceAccount;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * Sets an order paid for which Facturelay counted all of the money.
 *
 * The order is compared here, at the moment itself: one that changed since Facturelay looked at it is left alone, and none is
 * moved backwards. Nothing is written in its meta data, as plugins copy that to other orders.
 */
final class OrderPayment {

	// As WooCommerce stores it.
	private const LONGEST_TRANSACTION = 100;
	private const WAITING             = array( 'pending', 'failed', 'on-hold' );
	private const NEVER               = array( 'completed', 'cancelled', 'refunded', 'trash', 'auto-draft', 'checkout-draft' );

	/**
	 * @param array<string, mixed> $content order, key (of the order), status, total, currency: as Facturelay saw it; transaction: id or ''
	 * @return array{result: string, status: string} paid: it is now; was_paid: it was already; changed: it is not as Facturelay saw it;
	 *                                               refused: not for a program to move; not_allowed: who connected the shop may not any more
	 */
	public function set_paid( array $content ): array {
		if ( ! ServiceAccount::may_be_lent_by( Connection::load()->person_id() ) ) {
			return self::response( 'not_allowed' );
		}
		$order = wc_get_order( (int) ( $content['order'] ?? 0 ) );
		if ( ! $order instanceof WC_Order || ! $order->key_is_valid( (string) ( $content['key'] ?? '' ) ) ) {
			return self::response( 'changed' );
		}
		if ( null !== $order->get_date_paid() ) {
			return self::response( 'was_paid', $order );
		}
		if ( ! self::is_as_seen( $order, $content ) ) {
			return self::response( 'changed', $order );
		}
		if ( $order->has_status( self::NEVER ) ) {
			return self::response( 'refused', $order );
		}
		$this->move( $order, substr( (string) ( $content['transaction'] ?? '' ), 0, self::LONGEST_TRANSACTION ) );
		return self::response( null === $order->get_date_paid() ? 'refused' : 'paid', $order );
	}

	private function move( WC_Order $order, string $transaction ): void {
		if ( $order->has_status( self::WAITING ) ) {
			$order->payment_complete( $transaction );
			return;
		}
		if ( '' !== $transaction ) {
			$order->set_transaction_id( $transaction );
		}
		if ( $order->has_status( 'processing' ) ) {
			// Paid on delivery: WooCommerce itself dates the payment only when the order is completed.
			$order->set_date_paid( time() );
			$order->save();
			return;
		}
		// A status of the shop's own that waits for money, by its owner's word.
		$order->update_status( $order->needs_processing() ? 'processing' : 'completed' );
	}

	/** @param array<string, mixed> $content */
	private static function is_as_seen( WC_Order $order, array $content ): bool {
		return $order->get_status() === (string) ( $content['status'] ?? '' )
			&& $order->get_currency() === (string) ( $content['currency'] ?? '' )
			&& wc_format_decimal( $order->get_total(), 2 ) === wc_format_decimal( (string) ( $content['total'] ?? '' ), 2 );
	}

	/** @return array{result: string, status: string} */
	private static function response( string $result, ?WC_Order $order = null ): array {
		return array(
			'result' => $result,
			'status' => null === $order ? '' : $order->get_status(),
		);
	}
}
