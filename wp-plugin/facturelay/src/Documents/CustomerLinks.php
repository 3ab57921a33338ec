<?php

declare(strict_types=1);

namespace Facturelay\Documents;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Feature;
use Facturelay\Mails\HeldMails;
use Facturelay\Mails\MailHold;
use Facturelay\Mails\OrderFacts;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * Links to the documents for customers: in the account, on the order's page, after the checkout, in WooCommerce's mails.
 * They lead to the shop's own address (LinkRedirect), so they never expire; showing them needs no request to Facturelay.
 */
final class CustomerLinks implements Feature {

	/** The mail that WooCommerce sends when an order reaches a status. */
	private const MAIL_OF_STATUS = array(
		'on-hold'    => 'customer_on_hold_order',
		'processing' => 'customer_processing_order',
		'completed'  => 'customer_completed_order',
	);
	// A document that is not there after that waits for a person, and is no longer announced.
	private const EXPECTED_WITHIN_S = 15 * MINUTE_IN_SECONDS;

	private DocumentTable $documents;

	public function __construct() {
		$this->documents = new DocumentTable();
	}

	public function add_hooks(): void {
		add_filter( 'woocommerce_my_account_my_orders_actions', array( $this, 'add_action' ), 20, 2 );
		add_action( 'woocommerce_order_details_after_order_table', array( $this, 'show_documents' ) );
		add_action( 'woocommerce_email_after_order_table', array( $this, 'add_to_mail' ), 20, 4 );
	}

	/**
	 * Address of a document's page, or of its file.
	 *
	 * @param string $file pdf, xml or ''
	 */
	public static function document_url( int $document_id, WC_Order $order, string $file = '' ): string {
		return add_query_arg(
			array_filter(
				array(
					'facturelay_document' => $document_id,
					'facturelay_file'     => $file,
					'key'                 => $order->get_order_key(),
				)
			),
			home_url( '/' )
		);
	}

	/** Address of the order's latest document. */
	public static function order_url( WC_Order $order ): string {
		return add_query_arg(
			array(
				'facturelay_order' => $order->get_id(),
				'key'              => $order->get_order_key(),
			),
			home_url( '/' )
		);
	}

	/**
	 * @param mixed $actions
	 * @param mixed $order
	 * @return array<string, mixed>
	 */
	public function add_action( $actions, $order = null ): array {
		$actions = (array) $actions;
		if ( ! $order instanceof WC_Order || ! Connection::load()->is_active() ) {
			return $actions;
		}
		foreach ( array_reverse( $this->documents->of_order( $order->get_id() ) ) as $document ) {
			if ( 'invoice' === $document->kind ) {
				$actions['facturelay_invoice'] = array(
					'url'  => self::document_url( (int) $document->document_id, $order ),
					'name' => DocumentTable::title( 'invoice' ),
				);
				break;
			}
		}
		return $actions;
	}

	/** @param mixed $order */
	public function show_documents( $order ): void {
		if ( ! $order instanceof WC_Order || ! Connection::load()->is_active() ) {
			return;
		}
		$documents = $this->documents->of_order( $order->get_id() );
		$expected  = array() === $documents && $this->is_expected( $order );
		if ( array() === $documents && ! $expected ) {
			return;
		}
		echo '<section class="facturelay-documents"><h2 class="woocommerce-order-details__title">' . esc_html__( 'Documents', 'facturelay' ) . '</h2>';
		if ( $expected ) {
			printf( '<p><a href="%s">%s</a></p>', esc_url( self::order_url( $order ) ), esc_html__( 'Your document is being made.', 'facturelay' ) );
		}
		echo array() === $documents ? '' : '<ul>';
		foreach ( $documents as $document ) {
			printf( '<li><a href="%s">%s</a></li>', esc_url( self::document_url( (int) $document->document_id, $order ) ), esc_html( DocumentTable::title( $document->kind ) . ' ' . $document->number ) );
		}
		echo ( array() === $documents ? '' : '</ul>' ) . '</section>';
	}

	/**
	 * A link in WooCommerce's own mail, where that is sent although there is a document. May run twice for one mail.
	 *
	 * @param mixed $order
	 * @param mixed $sent_to_admin
	 * @param mixed $plain_text
	 * @param mixed $email
	 */
	public function add_to_mail( $order, $sent_to_admin = false, $plain_text = false, $email = null ): void {
		$mail_id = is_object( $email ) && isset( $email->id ) ? (string) $email->id : '';
		if ( $sent_to_admin || ! $order instanceof WC_Order || ! isset( MailHold::EVENTS[ $mail_id ] ) || ! Connection::load()->is_active() ) {
			return;
		}
		if ( ! $this->belongs_in_mail( $order->get_id(), $mail_id ) ) {
			return;
		}
		$url = self::order_url( $order );
		if ( $plain_text ) {
			// On a line of its own: a long address after other words would be wrapped.
			echo "\n" . esc_html__( 'Your documents for this order:', 'facturelay' ) . "\n" . esc_url_raw( $url ) . "\n\n";
			return;
		}
		printf( '<p>%s <a href="%s">%s</a></p>', esc_html__( 'Your documents for this order:', 'facturelay' ), esc_url( $url ), esc_html__( 'open', 'facturelay' ) );
	}

	/** Whether a document is expected: a mail waits for it, or the order was just placed and the rules mail a document then. */
	private function is_expected( WC_Order $order ): bool {
		if ( ( new HeldMails() )->has_held_mail( $order->get_id() ) ) {
			return true;
		}
		$created = $order->get_date_created();
		$mail    = self::MAIL_OF_STATUS[ $order->get_status() ] ?? '';
		return null !== $created && time() - $created->getTimestamp() < self::EXPECTED_WITHIN_S && Heartbeat::has_recent_response()
			&& array() !== Heartbeat::hold_rules()->replacing_kinds( OrderFacts::from_order( $mail, $order, array() ) );
	}

	private function belongs_in_mail( int $order_id, string $mail_id ): bool {
		if ( ( new HeldMails() )->needs_link( $order_id, $mail_id ) ) {
			return true;
		}
		return 'always' !== MailHold::choice( $mail_id ) && array() !== $this->documents->of_order( $order_id );
	}
}
