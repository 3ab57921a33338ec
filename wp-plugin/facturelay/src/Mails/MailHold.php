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
 * Holds a mail of WooCommerce's when Facturelay will mail a document in its place. In any doubt the mail is sent.
 *
 * Only mails that WooCommerce sends by itself are held, not those that a person sends again or that MailRelease sends.
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
	) + self::RENEWAL_EVENTS;

	/** Of WooCommerce Subscriptions, which sends them in the place of the shop's own. Of a charge that failed we say nothing. */
	private const RENEWAL_EVENTS = array(
		'customer_on_hold_renewal_order'    => array( 'woocommerce_order_status_pending_to_on-hold', 'woocommerce_order_status_failed_to_on-hold', 'woocommerce_order_status_cancelled_to_on-hold' ),
		'customer_processing_renewal_order' => array( 'woocommerce_order_status_cancelled_to_processing', 'woocommerce_order_status_failed_to_processing', 'woocommerce_order_status_on-hold_to_processing', 'woocommerce_order_status_pending_to_processing' ),
		'customer_completed_renewal_order'  => array( 'woocommerce_order_status_completed' ),
		'customer_renewal_invoice'          => array( 'woocommerce_generated_manual_renewal_order' ),
	);

	/** One setting for a mail and those that are like it: both of refunds, as in WooCommerce, and those of renewals. */
	private const SETTING_OF = array(
		'customer_partially_refunded_order' => 'customer_refunded_order',
		'customer_on_hold_renewal_order'    => 'customer_on_hold_order',
		'customer_renewal_invoice'          => 'customer_on_hold_order',
		'customer_processing_renewal_order' => 'customer_processing_order',
		'customer_completed_renewal_order'  => 'customer_completed_order',
	);

	private const LONGEST_EVENT_S = 600;

	private static bool $is_asking = false;

	public function add_hooks(): void {
		foreach ( array_keys( self::EVENTS ) as $mail_id ) {
			// Late: a mail that another plugin switches off must not be held.
			add_filter( "woocommerce_email_enabled_$mail_id", array( $this, 'filter_enabled' ), 100, 3 );
		}
		foreach ( array_unique( array_merge( ...array_values( self::EVENTS ) ) ) as $event ) {
			add_action( $event, array( $this, 'record_deferred' ), 20, 2 );
		}
	}

	/**
	 * In a shop that defers its mails, write down in the event that WooCommerce's own will leave, where the owner chose that: before it
	 * does, Facturelay asks, and mails none beside it.
	 *
	 * @param mixed $order_id
	 * @param mixed $second the refund's id, in the event of a refund
	 */
	public function record_deferred( $order_id, $second = null ): void {
		$event   = (string) current_action();
		$chosen  = array_filter( array_keys( self::EVENTS ), static fn ( string $mail_id ): bool => in_array( $event, self::EVENTS[ $mail_id ], true ) && 'link' === self::choice( $mail_id ) );
		$waiting = array() !== $chosen && false !== has_action( $event, array( 'WC_Emails', 'queue_transactional_email' ) );
		if ( ! $waiting || ! Connection::load()->is_active() ) {
			return;
		}
		try {
			$order  = wc_get_order( $order_id );
			$refund = is_numeric( $second ) && false !== strpos( $event, 'refunded' ) ? wc_get_order( (int) $second ) : null;
			foreach ( $order instanceof WC_Order ? $chosen : array() as $mail_id ) {
				if ( $this->will_leave( $mail_id, $order, $refund ) ) {
					$this->record_own( $mail_id, $order, is_object( $refund ) ? (int) $refund->get_id() : 0 );
				}
			}
		} catch ( \Throwable $error ) {
			// A customer waits for the page, and a second mail is better than a broken checkout.
			return;
		}
	}

	/** Whether WooCommerce will send a mail when it comes to it: asked of the mail itself, as other plugins have their say in that. */
	private function will_leave( string $mail_id, WC_Order $order, ?object $refund ): bool {
		$mail = MailRelease::email( $mail_id );
		if ( null === $mail ) {
			return false;
		}
		$mail         = clone $mail;
		$mail->id     = $mail_id;
		$mail->object = $order;
		if ( null !== $refund ) {
			$mail->refund = $refund;
		}
		self::$is_asking = true;
		try {
			return (bool) $mail->is_enabled();
		} finally {
			self::$is_asking = false;
		}
	}

	private function record_own( string $mail_id, WC_Order $order, int $refund_id ): void {
		$held_mails = new HeldMails();
		$made       = array_merge( ( new DocumentTable() )->kinds_of_order( $order->get_id() ), $held_mails->expected_kinds( $order->get_id() ) );
		$kinds      = Heartbeat::hold_rules()->announced_kinds( OrderFacts::from_order( $mail_id, $order, $made ) );
		if ( array() !== $kinds ) {
			$held_mails->record_not_held( $order->get_id(), $mail_id, $refund_id, $kinds, 'link' );
		}
	}

	/** The owner's choice for a mail: automatic, or link (WooCommerce's own, with a link to the documents, and none of Facturelay's). */
	public static function choice( string $mail_id ): string {
		$choices = (array) get_option( self::OPTION, array() );
		$choice  = (string) ( $choices[ self::SETTING_OF[ $mail_id ] ?? $mail_id ] ?? 'automatic' );
		return 'link' === $choice ? 'link' : 'automatic';
	}

	/**
	 * False stops WooCommerce from sending the mail.
	 *
	 * @param mixed $enabled
	 * @param mixed $order null for WooCommerce's list of mails
	 * @param mixed $email
	 * @return mixed
	 */
	public function filter_enabled( $enabled, $order = null, $email = null ) {
		$mail_id = substr( (string) current_filter(), strlen( 'woocommerce_email_enabled_' ) );
		if ( ! $enabled || self::$is_asking || ! $order instanceof WC_Order || MailRelease::is_sending() || ! self::is_automatic_event( $mail_id ) ) {
			return $enabled;
		}
		try {
			return $this->hold( $mail_id, $order, $email ) ? false : $enabled;
		} catch ( \Throwable $error ) {
			// A customer waits for the page, and a second mail is better than a broken checkout.
			return $enabled;
		}
	}

	/**
	 * Hold the mail when a document replaces it; true when it is held or was replaced already.
	 *
	 * @param mixed $email
	 */
	private function hold( string $mail_id, WC_Order $order, $email ): bool {
		$is_active = Connection::load()->is_active();
		if ( ! $is_active && ! Heartbeat::may_have_moved() ) {
			return false;
		}
		$held_mails = new HeldMails();
		$refund     = in_array( $mail_id, HoldRules::REFUNDS, true ) ? self::refund_id( $email ) : 0;
		// A document that is expected counts as made: a refund right after the sale has a credit note beside its invoice.
		$made  = array_merge( ( new DocumentTable() )->kinds_of_order( $order->get_id() ), $held_mails->expected_kinds( $order->get_id() ) );
		$rules = Heartbeat::hold_rules();
		if ( $is_active && $this->document_mail_was_first( $held_mails, $rules, $mail_id, $order, $refund, $made ) ) {
			return true;
		}
		$facts  = OrderFacts::from_order( $mail_id, $order, $made );
		$reason = $this->reason_to_send( $mail_id );
		// With a link in it, WooCommerce's own mail says all that it always says.
		$kinds = 'link' === $reason ? $rules->announced_kinds( $facts ) : $rules->replacing_kinds( $facts );
		if ( array() !== $kinds && '' !== $reason ) {
			$held_mails->record_not_held( $order->get_id(), $mail_id, $refund, $kinds, $reason );
		}
		if ( ! $is_active ) {
			return false;
		}
		// WooCommerce has switched to the mail's language before it applies this filter.
		if ( array() === $kinds || '' !== $reason ) {
			return $held_mails->hold_in_line( $order->get_id(), $mail_id, $refund, $order->get_status(), get_locale() );
		}
		return $held_mails->hold( $order->get_id(), $mail_id, $refund, $order->get_status(), $kinds, get_locale(), $rules->deadline_s() );
	}

	/**
	 * Whether Facturelay mailed the document before WooCommerce came to its own mail: where mails are deferred, and within one request that
	 * takes long (an order of 200 lines by REST, a mail server that is slow with the owner's mail) and stores the order first.
	 *
	 * @param string[] $made kinds of documents that exist
	 */
	private function document_mail_was_first( HeldMails $held_mails, HoldRules $rules, string $mail_id, WC_Order $order, int $refund, array $made ): bool {
		// A queue on the command line is one request of hours, for many orders.
		$since        = self::is_deferred_event() ? 0 : max( (int) ( $_SERVER['REQUEST_TIME'] ?? 0 ), time() - self::LONGEST_EVENT_S );
		$mailed_kinds = ( new EarlyMails() )->kinds( $order->get_id(), $mail_id, $refund, $since );
		if ( array() === $mailed_kinds || 'automatic' !== self::choice( $mail_id ) ) {
			return false;
		}
		$kinds = $rules->replacing_kinds( OrderFacts::from_order( $mail_id, $order, array_diff( $made, $mailed_kinds ) ) );
		return $held_mails->match_early_mail( $order->get_id(), $mail_id, $refund, $order->get_status(), $kinds, get_locale(), $rules->deadline_s() );
	}

	/** Why a mail that a document would replace is sent all the same: link, stale (Facturelay is silent, or the shop just moved); '' to hold it. */
	private function reason_to_send( string $mail_id ): string {
		$choice = self::choice( $mail_id );
		if ( 'automatic' !== $choice ) {
			return $choice;
		}
		return Heartbeat::has_recent_response() && Connection::load()->is_active() ? '' : 'stale';
	}

	/**
	 * The refund that a mail of WooCommerce's is about; 0 for none.
	 *
	 * @param mixed $email
	 */
	public static function refund_id( $email ): int {
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

	/** Whether a shop that defers its mails sends one now: by Action Scheduler, in older versions by a request to itself. */
	private static function is_deferred_event(): bool {
		$mailer = 'wp_' . get_current_blog_id() . '_wc_emailer';
		return doing_action( 'woocommerce_send_queued_transactional_email' )
			|| doing_action( "wp_ajax_$mailer" )
			|| doing_action( "wp_ajax_nopriv_$mailer" )
			|| doing_action( "{$mailer}_cron" );
	}
}
