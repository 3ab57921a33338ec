<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Feature;
use DateTimeInterface;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * Tells who pays by bank transfer under which communication, as soon as the order is there: after the checkout, in the
 * account, and in WooCommerce's own mails. Facturelay's documents ask for the same one, and its bank files are read by it.
 *
 * It follows from the order's id and three digits that the shop had when it was placed, which came with the heartbeat; nothing is asked and
 * nothing stored here, so no checkout waits, and an order never has two.
 */
final class TransferReference implements Feature {

	private const METHOD          = 'bacs';
	private const WAITING         = array( 'on-hold', 'pending' );
	private const ORDERS_PER_SEED = 10000000;

	public function add_hooks(): void {
		add_action( 'woocommerce_order_details_before_order_table', array( $this, 'show' ) );
		// After what WooCommerce itself says of the bank account.
		add_action( 'woocommerce_email_before_order_table', array( $this, 'add_to_mail' ), 20, 3 );
	}

	/** @param mixed $order */
	public function show( $order ): void {
		$sentence = $this->sentence( $order );
		if ( '' !== $sentence ) {
			printf( '<section class="facturelay-transfer"><h2 class="woocommerce-order-details__title">%s</h2><p>%s</p></section>', esc_html__( 'Pay by bank transfer', 'facturelay' ), esc_html( $sentence ) );
		}
	}

	/**
	 * @param mixed $order
	 * @param mixed $sent_to_admin
	 * @param mixed $plain_text
	 */
	public function add_to_mail( $order, $sent_to_admin = false, $plain_text = false ): void {
		$sentence = $sent_to_admin ? '' : $this->sentence( $order );
		if ( '' !== $sentence ) {
			echo $plain_text ? "\n" . esc_html( $sentence ) . "\n\n" : '<p>' . esc_html( $sentence ) . '</p>';
		}
	}

	/**
	 * How to pay $order by transfer; '' where it is paid, or otherwise, or where Facturelay has no account to pay to.
	 *
	 * @param mixed $order
	 */
	private function sentence( $order ): string {
		$payee = self::payee();
		if ( array() === $payee || ! $order instanceof WC_Order || ! $this->waits_for_transfer( $order ) ) {
			return '';
		}
		return sprintf(
			/* translators: 1: account number, 2: the seller's name, 3: the communication, like +++012/0000/23883+++ */
			__( 'Transfer the amount to %1$s of %2$s, with the communication %3$s. Your payment is then recognised by itself.', 'facturelay' ),
			self::grouped( $payee['iban'] ),
			$payee['name'],
			self::reference( self::seed( $payee, $order->get_date_created() ), $order->get_id(), $order->get_billing_country() ?: $payee['country'] )
		);
	}

	private function waits_for_transfer( WC_Order $order ): bool {
		return self::METHOD === $order->get_payment_method() && $order->has_status( self::WAITING ) && null === $order->get_date_paid();
	}

	/**
	 * With which digits the reference begins of an order placed at $at: the shop's own, or those that it had then.
	 *
	 * @param array<string, mixed> $payee
	 */
	public static function seed( array $payee, ?DateTimeInterface $at ): int {
		foreach ( $at && is_array( $payee['earlier'] ?? null ) ? $payee['earlier'] : array() as $one ) {
			if ( is_array( $one ) && isset( $one[0], $one[1] ) && $at->getTimestamp() < (int) $one[0] ) {
				return (int) $one[1];
			}
		}
		return (int) $payee['seed'];
	}

	/** @return array<string, mixed> iban, name, country, seed, earlier; empty in test, and where the shop is not connected */
	private static function payee(): array {
		$payee = Connection::load()->is_active() ? Heartbeat::last_response()['shop']['payee'] ?? null : null;
		return is_array( $payee ) && isset( $payee['iban'], $payee['name'], $payee['country'], $payee['seed'] ) ? $payee : array();
	}

	/** The Belgian structured communication; for buyers elsewhere the same digits as a creditor reference (ISO 11649). Cases: tests/contracts/payment_references.json. */
	public static function reference( int $seed, int $order_id, string $country ): string {
		$base   = ( $seed * self::ORDERS_PER_SEED + $order_id ) % 10000000000;
		$check  = 0 === $base % 97 ? 97 : $base % 97;
		$digits = sprintf( '%010d%02d', $base, $check );
		if ( in_array( $country, array( '', 'BE' ), true ) ) {
			return sprintf( '+++%s/%s/%s+++', substr( $digits, 0, 3 ), substr( $digits, 3, 4 ), substr( $digits, 7 ) );
		}
		// RF00 as digits, behind the others.
		return self::grouped( sprintf( 'RF%02d%s', 98 - (int) ( $digits . '271500' ) % 97, $digits ) );
	}

	private static function grouped( string $text ): string {
		return trim( chunk_split( $text, 4, ' ' ) );
	}
}
