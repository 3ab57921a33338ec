<?php

declare(strict_types=1);

namespace Facturelay\Mails;

defined( 'ABSPATH' ) || exit;

/**
 * Which of WooCommerce's mails a document of ours is mailed in place of: a pure question to the table that Facturelay sent.
 * Facturelay has the same few lines; tests/contracts/mail_holds.json judges both.
 */
final class HoldRules {

	public const ON_HOLD = 'customer_on_hold_order';
	// A partial refund goes out under a name of its own.
	public const REFUNDS = array( 'customer_refunded_order', 'customer_partially_refunded_order' );
	// The documents that say how to pay. Only a bank transfer: what other methods tell the shopper, we do not know.
	private const PAYABLE  = array( 'invoice', 'order_confirmation' );
	private const BANK_TRANSFER = 'bacs';

	/** @var array<string, mixed> */
	private array $table;

	/** @param array<string, mixed> $table */
	public function __construct( array $table ) {
		$this->table = $table;
	}

	/** @return array<int, array<string, mixed>> for which documents, of which orders, a mail may wait */
	public function conditions( string $mail_id ): array {
		return (array) ( $this->table['mails'][ $mail_id ] ?? array() );
	}

	public function deadline_s(): int {
		return max( 60, (int) ( $this->table['deadline_s'] ?? 600 ) );
	}

	/**
	 * @param array<string, mixed> $facts mail, paid, method, business, country, total, placed_at, downloads, made
	 * @return string[] the kinds of documents; none: WooCommerce's own mail goes its way
	 */
	public function replacing_kinds( array $facts ): array {
		$found = $this->table['mails'][ $facts['mail'] ] ?? array();
		if ( $facts['downloads'] || $facts['placed_at'] < $this->table['since'] ) {
			return array();
		}
		if ( in_array( $facts['mail'], self::REFUNDS, true ) ) {
			// A credit note corrects an invoice; without one the refund makes no document.
			return in_array( 'invoice', $facts['made'], true ) ? array_column( $found, 'kind' ) : array();
		}
		$kinds = array();
		foreach ( $found as $condition ) {
			if ( ! in_array( $condition['kind'], $facts['made'], true ) && $this->matches( $condition, $facts ) ) {
				$kinds[ $condition['kind'] ] = $condition['kind'];
			}
		}
		$kinds = array_values( $kinds );
		return self::ON_HOLD === $facts['mail'] && ! $this->tells_how_to_pay( $facts, $kinds ) ? array() : $kinds;
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
		return self::BANK_TRANSFER === $facts['method'] && $this->table['transfers'] && array() !== array_intersect( $kinds, self::PAYABLE );
	}

	/** Whole thousandths: 22.20 and 22.2 are one amount, and no float says otherwise. */
	private static function thousandths( string $amount ): int {
		return (int) round( (float) $amount * 1000 );
	}
}
