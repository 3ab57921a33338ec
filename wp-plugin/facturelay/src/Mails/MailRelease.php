<?php

declare(strict_types=1);

namespace Facturelay\Mails;

use Facturelay\Connection\Connection;
use Facturelay\Feature;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/** Sends the mails that were held and must leave: by the shop's queue, at the end of any request, and when Facturelay ticks. */
final class MailRelease implements Feature {

	public const HOOK = 'facturelay_release';

	/** By class, never by id: the id of the one refund mail changes while the process lives. */
	private const EMAIL_CLASSES = array(
		'customer_on_hold_order'            => 'WC_Email_Customer_On_Hold_Order',
		'customer_processing_order'         => 'WC_Email_Customer_Processing_Order',
		'customer_completed_order'          => 'WC_Email_Customer_Completed_Order',
		'customer_refunded_order'           => 'WC_Email_Customer_Refunded_Order',
		'customer_partially_refunded_order' => 'WC_Email_Customer_Refunded_Order',
	);
	private const CLOSED_STATUSES    = array( 'trash', 'cancelled', 'failed' );

	private static bool $sending = false;

	private HeldMails $ledger;

	public function __construct() {
		$this->ledger = new HeldMails();
	}

	public function add_hooks(): void {
		add_action( self::HOOK, array( $this, 'release_due' ) );
		add_action( 'shutdown', array( $this, 'release_on_shutdown' ), 1000 );
	}

	public static function is_sending(): bool {
		return self::$sending;
	}

	public function release_due(): void {
		$this->release( 20 );
	}

	/** The way for shops whose own clock is dead. Also runs after a fatal error: nothing here may make it worse. */
	public function release_on_shutdown(): void {
		if ( ! did_action( 'woocommerce_init' ) || self::$sending ) {
			return;
		}
		try {
			$can_finish = function_exists( 'fastcgi_finish_request' );
			if ( ! Connection::load()->is_active() || array() === $this->ledger->due( 1 ) ) {
				return;
			}
			if ( $can_finish ) {
				fastcgi_finish_request();
			}
			// Elsewhere the visitor waits for the mail server: one at most.
			$this->release( $can_finish ? 3 : 1 );
		} catch ( \Throwable $error ) {
			return;
		}
	}

	/** Send what is due; how many mails left. */
	public function release( int $limit ): int {
		if ( ! Connection::load()->is_active() || ! function_exists( 'WC' ) ) {
			return 0;
		}
		$sent = 0;
		foreach ( $this->ledger->due( $limit ) as $row ) {
			if ( $this->ledger->claim( $row ) ) {
				$sent += $this->release_row( $row ) ? 1 : 0;
			}
		}
		return $sent;
	}

	private function release_row( object $row ): bool {
		$state = $this->state_without_sending( $row );
		if ( '' !== $state ) {
			$this->ledger->finish( (int) $row->id, $state );
			return false;
		}
		if ( $this->send( $row ) ) {
			$this->ledger->finish( (int) $row->id, 'released' );
			return true;
		}
		$this->ledger->retry_later( $row );
		return false;
	}

	/**
	 * Why this mail must not leave: the order or refund is gone, or a later mail says more. WooCommerce itself refuses
	 * nothing, and its mail objects remember the last order, so a missing one would get that order's mail once more.
	 */
	private function state_without_sending( object $row ): string {
		$order = wc_get_order( (int) $row->order_id );
		if ( ! $order instanceof WC_Order || in_array( $order->get_status(), self::CLOSED_STATUSES, true ) ) {
			return 'gone';
		}
		if ( (int) $row->refund_id > 0 && ! wc_get_order( (int) $row->refund_id ) ) {
			return 'gone';
		}
		$beyond = ! $order->has_status( array( 'on-hold', 'pending' ) );
		return HoldRules::ON_HOLD === $row->mail_id && $beyond && $this->ledger->has_later_mail( $row ) ? 'superseded' : '';
	}

	/** True when WooCommerce says that the mail left. */
	private function send( object $row ): bool {
		$mails = WC()->mailer()->get_emails();
		// Without these the bank details would be missing outside the checkout.
		WC()->payment_gateways();
		WC()->shipping();
		$mail = $mails[ self::EMAIL_CLASSES[ $row->mail_id ] ?? '' ] ?? null;
		if ( null === $mail ) {
			return false;
		}
		$left  = false;
		$watch = static function ( $ok, $id = '', $email = null ) use ( &$left, $row ): void {
			$object = is_object( $email ) && isset( $email->object ) ? $email->object : null;
			$left   = $left || ( $ok && $object instanceof WC_Order && $object->get_id() === (int) $row->order_id );
		};
		add_action( 'woocommerce_email_sent', $watch, 10, 3 );
		$switched      = '' !== $row->locale && switch_to_locale( $row->locale );
		self::$sending = true;
		try {
			$this->trigger( $mail, $row );
		} catch ( \Throwable $error ) {
			$left = false;
		} finally {
			self::$sending = false;
			if ( $switched ) {
				restore_previous_locale();
			}
			remove_action( 'woocommerce_email_sent', $watch, 10 );
		}
		return $left;
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
