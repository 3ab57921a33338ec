<?php

declare(strict_types=1);

namespace Facturelay\Mails;

use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * Mails of Facturelay's for which WooCommerce's own was not held yet: shops that defer their mails come to it minutes later.
 *
 * mailing, then mailed; a row goes when WooCommerce comes to its mail. mail_group is the mail's id, status the order's at the time.
 */
final class EarlyMails {

	/** What these rows have as the id of WooCommerce's mail. */
	public const MAIL_ID = 'early';
	// A shop that defers its mails sends them within minutes; what Facturelay mailed earlier belongs to another event.
	private const MAX_AGE_S = HOUR_IN_SECONDS;
	// An order is stored with one of these before it gets the status of its first mail.
	private const BEFORE_PLACED = array( 'pending', 'checkout-draft', 'auto-draft', 'failed', 'cancelled' );

	/**
	 * Facturelay is about to mail documents of these kinds. May be called again.
	 *
	 * @param string[] $kinds
	 * @param int[]    $refunds ids of the refunds that the documents credit
	 */
	public function start( int $order_id, array $kinds, array $refunds, string $mail_group ): void {
		$this->cancel( $mail_group );
		$order  = wc_get_order( $order_id );
		$status = $order instanceof WC_Order ? $order->get_status() : '';
		foreach ( array() === $refunds ? array( 0 ) : $refunds as $refund_id ) {
			MailTable::execute(
				'INSERT INTO %i (order_id, mail_id, refund_id, live, state, status, kinds, mail_group, held_at, release_at, done_at) VALUES (%d, %s, %d, NULL, "mailing", %s, %s, %s, %s, %s, %s)',
				$order_id,
				self::MAIL_ID,
				(int) $refund_id,
				$status,
				implode( ',', $kinds ),
				$mail_group,
				MailTable::utc(),
				MailTable::utc( self::MAX_AGE_S ),
				MailTable::utc()
			);
		}
	}

	/** Facturelay has mailed it. */
	public function finish( string $mail_group ): void {
		MailTable::execute( 'UPDATE %i SET state = "mailed" WHERE mail_group = %s AND state = "mailing"', $mail_group );
	}

	/** Facturelay will not mail it. */
	public function cancel( string $mail_group ): void {
		MailTable::execute( 'DELETE FROM %i WHERE mail_group = %s AND mail_id = %s', $mail_group, self::MAIL_ID );
	}

	/** @return string[] the kinds of documents that Facturelay mailed from $since (Unix time) on, before WooCommerce came to its mail of the order or refund */
	public function kinds( int $order_id, string $mail_id, int $refund_id, int $since ): array {
		return MailTable::kinds( ...array_filter( $this->rows( $order_id, $mail_id, $refund_id ), static fn ( object $row ): bool => strtotime( $row->held_at . ' UTC' ) >= $since ) );
	}

	/**
	 * Take the first that stands for this mail of WooCommerce's: one replaces one. Null when there is none.
	 *
	 * @param string[] $kinds
	 */
	public function take( int $order_id, string $mail_id, int $refund_id, array $kinds ): ?object {
		foreach ( $this->rows( $order_id, $mail_id, $refund_id ) as $row ) {
			$fits = array() !== array_intersect( MailTable::kinds( $row ), $kinds );
			if ( $fits && 1 === MailTable::execute( 'DELETE FROM %i WHERE id = %d AND state = %s', (int) $row->id, $row->state ) ) {
				return $row;
			}
		}
		return null;
	}

	/**
	 * Those that stand for this mail of WooCommerce's: of the same refund, or made while the order was in its status.
	 *
	 * @return object[]
	 */
	private function rows( int $order_id, string $mail_id, int $refund_id ): array {
		$rows = MailTable::select( 'SELECT * FROM %i WHERE order_id = %d AND refund_id = %d AND mail_id = %s AND release_at > %s ORDER BY id', $order_id, $refund_id, self::MAIL_ID, MailTable::utc() );
		$left = strpos( $mail_id, 'completed' ) ? array() : self::BEFORE_PLACED;
		$of   = array_merge( array( '', self::status_of( $mail_id ) ), $left );
		return 0 === $refund_id ? array_values( array_filter( $rows, static fn ( object $row ): bool => in_array( (string) $row->status, $of, true ) ) ) : $rows;
	}

	/** The status that an order comes into when WooCommerce sends this mail: customer_on_hold_renewal_order is on-hold. */
	private static function status_of( string $mail_id ): string {
		return str_replace( '_', '-', (string) preg_replace( '/^customer_|(_renewal)?_order$/', '', $mail_id ) );
	}
}
