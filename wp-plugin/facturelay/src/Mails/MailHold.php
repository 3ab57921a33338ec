<?php

declare(strict_types=1);

namespace Facturelay\Mails;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Documents\DocumentTable;
use Facturelay\Feature;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * Holds WooCommerce's mail where a document of ours is mailed in its place. In any doubt the mail leaves.
 *
 * Only inside an automatic event: a mail that a person sends again, or that we release, passes.
 */
final class MailHold implements Feature {

	public const OPTION = 'facturelay_mails';

	/** The mails that may be held, and the events in which WooCommerce sends them by itself. */
	public const EVENTS = array(
		'customer_on_hold_order'            => array( 'woocommerce_order_status_pending_to_on-hold', 'woocommerce_order_status_failed_to_on-hold', 'woocommerce_order_status_cancelled_to_on-hold' ),
		'customer_processing_order'         => array( 'woocommerce_order_status_cancelled_to_processing', 'woocommerce_order_status_failed_to_processing', 'woocommerce_order_status_on-hold_to_processing', 'woocommerce_order_status_pending_to_processing' ),
		'customer_completed_order'          => array( 'woocommerce_order_status_completed' ),
		'customer_refunded_order'           => array( 'woocommerce_order_fully_refunded', 'woocommerce_order_partially_refunded' ),
		'customer_partially_refunded_order' => array( 'woocommerce_order_fully_refunded', 'woocommerce_order_partially_refunded' ),
	);

	public function add_hooks(): void {
		foreach ( array_keys( self::EVENTS ) as $mail_id ) {
			// Late, so that whoever switches the mail off altogether has spoken.
			add_filter( "woocommerce_email_enabled_$mail_id", array( $this, 'filter_enabled' ), 100, 3 );
		}
	}

	/** What the owner chose for a mail: automatic, always (WooCommerce's own) or link (WooCommerce's own with our link). */
	public static function choice( string $mail_id ): string {
		$choices = (array) get_option( self::OPTION, array() );
		// Both refund mails share WooCommerce's settings, and so ours.
		$mail_id = 'customer_partially_refunded_order' === $mail_id ? 'customer_refunded_order' : $mail_id;
		$choice  = (string) ( $choices[ $mail_id ] ?? 'automatic' );
		return in_array( $choice, array( 'always', 'link' ), true ) ? $choice : 'automatic';
	}

	/**
	 * @param mixed $enabled
	 * @param mixed $order null when the list of mails asks
	 * @param mixed $email
	 * @return mixed
	 */
	public function filter_enabled( $enabled, $order = null, $email = null ) {
		$mail_id = substr( (string) current_filter(), strlen( 'woocommerce_email_enabled_' ) );
		if ( ! $enabled || ! $order instanceof WC_Order || MailRelease::is_sending() || ! self::is_automatic_event( $mail_id ) ) {
			return $enabled;
		}
		try {
			return $this->hold( $mail_id, $order, $email ) ? false : $enabled;
		} catch ( \Throwable $error ) {
			// A shopper is waiting, and a mail that leaves is no disaster.
			return $enabled;
		}
	}

	/** @param mixed $email */
	private function hold( string $mail_id, WC_Order $order, $email ): bool {
		if ( ! Connection::load()->is_active() ) {
			return false;
		}
		$ledger = new HeldMails();
		$refund = in_array( $mail_id, HoldRules::REFUNDS, true ) ? $this->refund_id( $email ) : 0;
		$made   = ( new DocumentTable() )->kinds_of_order( $order->get_id() );
		// A refund needs an invoice that was issued; elsewhere one on its way counts as made.
		$made   = $refund > 0 ? $made : array_merge( $made, $ledger->expected_kinds( $order->get_id() ) );
		$table  = Heartbeat::hold_rules();
		if ( self::is_deferred_event() && $this->document_mail_was_first( $ledger, $table, $mail_id, $order, $refund, $made ) ) {
			return true;
		}
		$kinds  = $table->replacing_kinds( OrderFacts::from_order( $mail_id, $order, $made ) );
		$reason = $this->reason_to_send( $mail_id );
		if ( array() === $kinds ) {
			return false;
		}
		if ( '' !== $reason ) {
			$ledger->record_not_held( $order->get_id(), $mail_id, $refund, $kinds, $reason );
			return false;
		}
		// This filter is asked after WooCommerce switched languages, so this is the mail's language.
		return $ledger->hold( $order->get_id(), $mail_id, $refund, $order->get_status(), $kinds, get_locale(), $table->deadline_s() );
	}

	/**
	 * Where mails are deferred, the document may have been mailed before WooCommerce asks for its own.
	 *
	 * @param string[] $made
	 */
	private function document_mail_was_first( HeldMails $ledger, HoldRules $table, string $mail_id, WC_Order $order, int $refund, array $made ): bool {
		$early = $ledger->early_kinds( $order->get_id(), $refund );
		if ( array() === $early || 'automatic' !== self::choice( $mail_id ) ) {
			return false;
		}
		$kinds = $table->replacing_kinds( OrderFacts::from_order( $mail_id, $order, array_diff( $made, $early ) ) );
		return $ledger->match_early_mail( $order->get_id(), $mail_id, $refund, $order->get_status(), $kinds, get_locale() );
	}

	private function reason_to_send( string $mail_id ): string {
		$choice = self::choice( $mail_id );
		if ( 'automatic' !== $choice ) {
			return $choice;
		}
		return Heartbeat::is_recent() ? '' : 'stale';
	}

	/** @param mixed $email */
	private function refund_id( $email ): int {
		$refund = is_object( $email ) && isset( $email->refund ) ? $email->refund : null;
		return is_object( $refund ) && method_exists( $refund, 'get_id' ) ? (int) $refund->get_id() : 0;
	}

	private static function is_automatic_event( string $mail_id ): bool {
		foreach ( self::EVENTS[ $mail_id ] ?? array() as $event ) {
			if ( doing_action( $event ) ) {
				return true;
			}
		}
		return self::is_deferred_event();
	}

	/** Where a shop sends its mails later: by Action Scheduler, or before that by a request to itself. */
	private static function is_deferred_event(): bool {
		$emailer = 'wp_' . get_current_blog_id() . '_wc_emailer';
		return doing_action( 'woocommerce_send_queued_transactional_email' )
			|| doing_action( "wp_ajax_$emailer" )
			|| doing_action( "wp_ajax_nopriv_$emailer" )
			|| doing_action( "{$emailer}_cron" );
	}
}
