<?php

declare(strict_types=1);

namespace Facturelay\Mails;

use Facturelay\Connection\Connection;
use Facturelay\Feature;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/** Sends held mails that are due: by Action Scheduler, at the end of any request, and when Facturelay calls the plugin. */
final class MailRelease implements Feature {

	public const HOOK = 'facturelay_release';

	/** Mails are looked up by class, not by id: WooCommerce changes the id of its refund mail while it sends one. */
	private const EMAIL_CLASSES   = array(
		'customer_on_hold_order'            => 'WC_Email_Customer_On_Hold_Order',
		'customer_processing_order'         => 'WC_Email_Customer_Processing_Order',
		'customer_completed_order'          => 'WC_Email_Customer_Completed_Order',
		'customer_refunded_order'           => 'WC_Email_Customer_Refunded_Order',
		'customer_partially_refunded_order' => 'WC_Email_Customer_Refunded_Order',
		'customer_on_hold_renewal_order'    => 'WCS_Email_Customer_On_Hold_Renewal_Order',
		'customer_processing_renewal_order' => 'WCS_Email_Processing_Renewal_Order',
		'customer_completed_renewal_order'  => 'WCS_Email_Completed_Renewal_Order',
		'customer_renewal_invoice'          => 'WCS_Email_Customer_Renewal_Invoice',
	);
	/** The mails that say no more than that an order came in: pointless once a later one has left. */
	private const RECEIVED        = array( 'customer_on_hold_order', 'customer_processing_order', 'customer_on_hold_renewal_order', 'customer_processing_renewal_order', 'customer_renewal_invoice' );
	private const CLOSED_STATUSES = array( 'trash', 'cancelled', 'failed' );

	private static bool $sending = false;

	private HeldMails $held_mails;

	public function __construct() {
		$this->held_mails = new HeldMails();
	}

	public function add_hooks(): void {
		add_action( self::HOOK, array( $this, 'release_due' ) );
		add_action( 'shutdown', array( $this, 'release_on_shutdown' ), 1000 );
	}

	/** True while a held mail is being sent: it must not be held again. */
	public static function is_sending(): bool {
		return self::$sending;
	}

	/** WooCommerce's mail; null where the shop does not know it. */
	public static function email( string $mail_id ): ?object {
		return WC()->mailer()->get_emails()[ self::EMAIL_CLASSES[ $mail_id ] ?? '' ] ?? null;
	}

	/** Action Scheduler calls this every minute. */
	public function release_due(): void {
		$this->release( 20 );
	}

	/**
	 * Before the plugin is deactivated or disconnected: every held mail leaves, but not one that Facturelay mails, and it mails none
	 * that left.
	 *
	 * @param callable(array<int, array<string, mixed>>): ?array<int, mixed> $tell hands HeldMails::own_mails() to Facturelay; returns the
	 *        mail groups that it has mailed or is mailing, null where it does not answer: two mails are better than none then.
	 */
	public function release_all( callable $tell ): void {
		if ( function_exists( 'wc_set_time_limit' ) ) {
			// However many there are: nobody comes back for them.
			wc_set_time_limit( 0 );
		}
		ignore_user_abort( true );
		$this->held_mails->let_go();
		$this->release( $this->held_mails->summary()['held'] );
		$mailing = $tell( $this->held_mails->own_mails() );
		$this->held_mails->finish_all_replacing( $mailing ?? array() );
		$this->held_mails->let_go_of_replacing();
		$this->release( $this->held_mails->summary()['held'] );
		if ( null === $mailing ) {
			OwnMailNote::write( $this->held_mails->own_mails() );
		}
		$this->held_mails->give_up();
	}

	/** For shops whose WP-Cron does not run. Also runs after a fatal error: nothing here may make it worse. */
	public function release_on_shutdown(): void {
		if ( ! did_action( 'woocommerce_init' ) || self::$sending ) {
			return;
		}
		try {
			$can_finish = function_exists( 'fastcgi_finish_request' );
			if ( ! Connection::load()->is_active() || array() === $this->held_mails->due( 1 ) ) {
				return;
			}
			if ( $can_finish ) {
				fastcgi_finish_request();
			}
			// Without FastCGI the visitor waits for the mail server: one mail at most. With it nobody waits, and all are sent: the queue of
			// Action Scheduler may stand still behind deliveries to a Facturelay that hangs, a minute for each.
			$this->release( $can_finish ? 20 : 1 );
		} catch ( \Throwable $error ) {
			return;
		}
	}

	/** Send up to $limit due mails; return how many were sent. */
	public function release( int $limit ): int {
		if ( ! Connection::load()->is_active() || ! function_exists( 'WC' ) ) {
			return 0;
		}
		$this->held_mails->end_those_that_end_the_process();
		$sent = 0;
		for ( $tried = 0; $tried < $limit; $tried++ ) {
			// One by one: the next of an order is due when the one before it has ended.
			$row = $this->held_mails->due( 1 )[0] ?? null;
			if ( null === $row ) {
				break;
			}
			if ( $this->held_mails->claim( $row ) ) {
				$sent += $this->release_row( $row ) ? 1 : 0;
			}
		}
		return $sent;
	}

	/** True when the mail was sent. */
	private function release_row( object $row ): bool {
		$state = $this->state_without_sending( $row );
		if ( 'superseded' === $state ) {
			$this->held_mails->supersede( (int) $row->id, (int) $row->order_id );
			return false;
		}
		if ( '' !== $state ) {
			$this->held_mails->finish( (int) $row->id, $state );
			return false;
		}
		if ( $this->send( $row ) ) {
			$this->held_mails->finish( (int) $row->id, 'released' );
			return true;
		}
		$this->held_mails->retry_later( $row );
		return false;
	}

	/**
	 * The final state of a mail that must not be sent: gone (order or refund) or superseded (by a later mail); '' to send it.
	 * WooCommerce does not check: for a missing order its mail object would send the mail of the order before once more.
	 */
	private function state_without_sending( object $row ): string {
		$order = wc_get_order( (int) $row->order_id );
		if ( ! $order instanceof WC_Order || in_array( $order->get_status(), self::CLOSED_STATUSES, true ) ) {
			return 'gone';
		}
		if ( (int) $row->refund_id > 0 && ! wc_get_order( (int) $row->refund_id ) ) {
			return 'gone';
		}
		if ( in_array( $row->mail_id, self::RECEIVED, true ) && $this->held_mails->has_later_mail_left( $row ) ) {
			return 'superseded';
		}
		$past_on_hold = ! $order->has_status( array( 'on-hold', 'pending' ) );
		return HoldRules::asks_for_payment( $row->mail_id ) && $past_on_hold && $this->held_mails->has_later_mail( $row ) ? 'superseded' : '';
	}

	/** True when WooCommerce reports that it sent the mail. */
	private function send( object $row ): bool {
		$mail = self::email( $row->mail_id );
		// Outside the checkout these are not loaded yet, and the bank details would be missing in the mail.
		WC()->payment_gateways();
		WC()->shipping();
		if ( null === $mail ) {
			return false;
		}
		$sent      = false;
		$note_sent = static function ( $ok, $id = '', $email = null ) use ( &$sent, $row ): void {
			$object = is_object( $email ) && isset( $email->object ) ? $email->object : null;
			$sent   = $sent || ( $ok && $object instanceof WC_Order && $object->get_id() === (int) $row->order_id );
		};
		add_action( 'woocommerce_email_sent', $note_sent, 10, 3 );
		$switched      = '' !== $row->locale && switch_to_locale( $row->locale );
		self::$sending = true;
		try {
			$this->trigger( $mail, $row );
		} catch ( \Throwable $error ) {
			$sent = false;
		} finally {
			self::$sending = false;
			if ( $switched ) {
				restore_previous_locale();
			}
			remove_action( 'woocommerce_email_sent', $note_sent, 10 );
		}
		return $sent;
	}

	/** @param object $mail */
	private function trigger( $mail, object $row ): void {
		if ( (int) $row->refund_id > 0 ) {
			$mail->trigger( (int) $row->order_id, 'customer_partially_refunded_order' === $row->mail_id, (int) $row->refund_id );
			return;
		}
		$mail->trigger( (int) $row->order_id );
	}
}
