<?php

declare(strict_types=1);

namespace Facturelay\Mails;

defined( 'ABSPATH' ) || exit;

/**
 * Which documents replace which mail of WooCommerce's: pure, by the rules that Facturelay sends.
 *
 * The rules: since (Unix time; orders placed before it make no documents), deadline_s, transfers (whether documents say how
 * to pay by bank transfer), mails (mail id => conditions: kind, needs_paid, buyer, methods, countries, minimum).
 * Cases: tests/contracts/mail_holds.json.
 */
final class HoldRules {

	// WooCommerce mails a partial refund under an id of its own.
	public const REFUNDS = array( 'customer_refunded_order', 'customer_partially_refunded_order' );
	// The documents that say how to pay, by bank transfer only: what other methods tell the customer is not known here.
	private const PAYABLE       = array( 'invoice', 'order_confirmation', self::PAYMENT_REQUEST );
	// Made only where no invoice asks for the money.
	private const PAYMENT_REQUEST = 'payment_request';
	private const BANK_TRANSFER = 'bacs';
	// The mails that say how to pay, and for which methods ours do: a renewal by hand has none yet, and is paid by transfer or its link.
	private const ASKING = array(
		'customer_on_hold_order'         => array( self::BANK_TRANSFER ),
		'customer_on_hold_renewal_order' => array( self::BANK_TRANSFER ),
		'customer_renewal_invoice'       => array( '', self::BANK_TRANSFER ),
	);
	// On a shop without visitors only these tasks send what is due.
	private const ROUND_S       = 60;

	/** @var array<string, mixed> */
	private array $rules;

	/** @param array<string, mixed> $rules */
	public function __construct( array $rules ) {
		$this->rules = $rules;
	}

	/** Whether a mail tells the customer how to pay. */
	public static function asks_for_payment( string $mail_id ): bool {
		return isset( self::ASKING[ $mail_id ] );
	}

	/** @return array<int, array<string, mixed>> which documents of which orders replace the mail */
	public function conditions( string $mail_id ): array {
		$conditions = (array) ( $this->rules['mails'][ $mail_id ] ?? array() );
		// The invoice of a paid order never comes in the place of what asks for the money.
		$fits = static fn ( array $condition ): bool => ! self::asks_for_payment( $mail_id ) || 'invoice' !== $condition['kind'] || ! $condition['needs_paid'];
		return array_values( array_filter( $conditions, $fits ) );
	}

	/** Seconds after which a held mail is due: one round of the shop's scheduled tasks before it must have left. */
	public function deadline_s(): int {
		return max( 300, (int) ( $this->rules['deadline_s'] ?? 600 ) ) - self::ROUND_S;
	}

	/**
	 * @param array<string, mixed> $facts of OrderFacts: mail, paid, method, business, country, total, placed_at, downloads, made
	 * @return string[] the kinds of documents that replace the mail; none: WooCommerce sends its own
	 */
	public function replacing_kinds( array $facts ): array {
		$kinds         = $this->announced_kinds( $facts );
		$says_too_much = $facts['downloads'] || ( self::asks_for_payment( $facts['mail'] ) && ! $this->tells_how_to_pay( $facts, $kinds ) );
		return $says_too_much ? array() : $kinds;
	}

	/**
	 * @param array<string, mixed> $facts as replacing_kinds()
	 * @return string[] the kinds of documents that Facturelay mails at the moment of the mail, whatever else it says
	 */
	public function announced_kinds( array $facts ): array {
		$conditions = $this->rules['mails'][ $facts['mail'] ] ?? array();
		if ( $facts['placed_at'] < $this->rules['since'] ) {
			return array();
		}
		if ( in_array( $facts['mail'], self::REFUNDS, true ) ) {
			// A credit note corrects an invoice; without one the refund makes no document.
			return in_array( 'invoice', $facts['made'], true ) ? array_column( $conditions, 'kind' ) : array();
		}
		// Paid and back on hold: its money was taken back, and the invoice waits for a person.
		$made  = self::asks_for_payment( $facts['mail'] ) && $facts['paid'] ? array( 'invoice', ...$facts['made'] ) : $facts['made'];
		$kinds = array();
		foreach ( $conditions as $condition ) {
			if ( ! in_array( $condition['kind'], $made, true ) && $this->matches( $condition, $facts ) ) {
				$kinds[ $condition['kind'] ] = $condition['kind'];
			}
		}
		if ( isset( $kinds['invoice'] ) || in_array( 'invoice', $made, true ) ) {
			unset( $kinds[ self::PAYMENT_REQUEST ] );
		}
		return array_values( $kinds );
	}

	/**
	 * @param array<string, mixed> $condition
	 * @param array<string, mixed> $facts
	 */
	private function matches( array $condition, array $facts ): bool {
		return ( $facts['paid'] || ! $condition['needs_paid'] )
			&& ( 'everyone' === $condition['buyer'] || ( 'business' === $condition['buyer'] ) === $facts['business'] )
			&& ( array() === $condition['methods'] || in_array( $facts['method'], $condition['methods'], true ) )
			&& ( array() === $condition['countries'] || in_array( $facts['country'], $condition['countries'], true ) )
			&& ( null === $condition['minimum'] || self::thousandths( $facts['total'] ) >= self::thousandths( $condition['minimum'] ) );
	}

	/**
	 * @param array<string, mixed> $facts
	 * @param string[]             $kinds
	 */
	private function tells_how_to_pay( array $facts, array $kinds ): bool {
		return in_array( $facts['method'], self::ASKING[ $facts['mail'] ], true ) && $this->rules['transfers'] && array() !== array_intersect( $kinds, self::PAYABLE );
	}

	/** Amounts are compared as integers: 22.20 equals 22.2, and no float is compared. */
	private static function thousandths( string $amount ): int {
		return (int) round( (float) $amount * 1000 );
	}
}
