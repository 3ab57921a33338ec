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
 * They lead to the shop's own address (LinkRedirect), so they never expire; showing them needs no request to Facturelay. Those
 * in mails lead to Facturelay (OrderLink): who has the mail needs no account, and no plugin to be there still.
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

	// WooCommerce's mails that a person sends: they are never held, and the customer finds the documents in them as well.
	private const SENT_BY_HAND = array( 'customer_invoice' => true, 'customer_note' => true );
	private const COLUMN       = 'facturelay-documents';

	private DocumentTable $documents;
	private DocumentsOfPage $of_page;

	public function __construct() {
		$this->documents = new DocumentTable();
		$this->of_page   = new DocumentsOfPage( false );
	}

	public function add_hooks(): void {
		add_filter( 'woocommerce_account_orders_columns', array( $this, 'add_column' ), 20 );
		add_filter( 'woocommerce_order_query', array( $this, 'note_orders' ) );
		add_action( 'woocommerce_my_account_my_orders_column_' . self::COLUMN, array( $this, 'show_cell' ) );
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
	 * In the customer's list of orders, before the buttons.
	 *
	 * @param mixed $columns
	 * @return array<string, string>
	 */
	public function add_column( $columns ): array {
		$columns = (array) $columns;
		if ( ! Connection::load()->is_active() ) {
			return $columns;
		}
		$last = array_splice( $columns, isset( $columns['order-actions'] ) ? (int) array_search( 'order-actions', array_keys( $columns ), true ) : count( $columns ) );
		return $columns + array( self::COLUMN => __( 'Documents', 'facturelay' ) ) + $last;
	}

	/**
	 * The orders of the page that is about to be shown, so that one query finds the documents of all; nothing changes.
	 *
	 * @param mixed $results
	 * @return mixed
	 */
	public function note_orders( $results ) {
		if ( is_object( $results ) && isset( $results->orders ) && ! is_admin() ) {
			$this->of_page->note( (array) $results->orders );
		}
		return $results;
	}

	/** @param mixed $order */
	public function show_cell( $order ): void {
		if ( $order instanceof WC_Order ) {
			// On a phone an empty cell has no height, and the next one covers its name.
			echo $this->list_html( $this->of_page->of_order( $order->get_id() ), $order ) ?: '–'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		}
	}

	/** @param object[] $documents */
	private function list_html( array $documents, WC_Order $order ): string {
		$html = '';
		foreach ( $documents as $document ) {
			$html .= sprintf( '<li style="margin:.4em 0"><a href="%s">%s</a></li>', esc_url( self::document_url( (int) $document->document_id, $order ) ), esc_html( DocumentTable::title( $document->kind ) . ' ' . $document->number ) );
		}
		return '' === $html ? '' : "<ul class=\"facturelay-documents\" style=\"list-style:none;margin:0;padding:0\">$html</ul>";
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
		echo '<section class="facturelay-documents" style="margin-bottom:2em"><h2 class="woocommerce-order-details__title">' . esc_html__( 'Documents', 'facturelay' ) . '</h2>';
		if ( $expected ) {
			printf( '<p><a href="%s">%s</a></p>', esc_url( self::order_url( $order ) ), esc_html__( 'Your document is being made.', 'facturelay' ) );
		}
		// phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		echo $this->list_html( $documents, $order ) . '</section>';
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
		if ( $sent_to_admin || ! $order instanceof WC_Order || ! isset( ( MailHold::EVENTS + self::SENT_BY_HAND )[ $mail_id ] ) || ! ( Connection::load()->is_active() || Heartbeat::may_have_moved() ) ) {
			return;
		}
		if ( ! $this->belongs_in_mail( $order->get_id(), $mail_id ) ) {
			return;
		}
		$url = OrderLink::url( $order, MailHold::refund_id( $email ) );
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
		return ( new HeldMails() )->needs_link( $order_id, $mail_id ) || array() !== $this->documents->of_order( $order_id );
	}
}
