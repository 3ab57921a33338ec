<?php

declare(strict_types=1);

namespace Facturelay\Documents;

use Facturelay\Connection\Connection;
use Facturelay\Feature;
use Facturelay\Http\Signature;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * Answers the links of CustomerLinks: checks that the visitor may see the document, then redirects to a signed address of
 * Facturelay that is valid for five minutes.
 *
 * WooCommerce's capability view_order is not enough: it is true for everybody on a guest's order.
 */
final class LinkRedirect implements Feature {

	private DocumentTable $documents;

	public function __construct() {
		$this->documents = new DocumentTable();
	}

	public function add_hooks(): void {
		add_action( 'template_redirect', array( $this, 'handle_request' ), 1 );
	}

	public function handle_request(): void {
		// phpcs:disable WordPress.Security.NonceVerification.Recommended
		$document_id = isset( $_GET['facturelay_document'] ) ? absint( wp_unslash( $_GET['facturelay_document'] ) ) : 0;
		$order_id    = isset( $_GET['facturelay_order'] ) ? absint( wp_unslash( $_GET['facturelay_order'] ) ) : 0;
		$file        = isset( $_GET['facturelay_file'] ) ? sanitize_key( wp_unslash( $_GET['facturelay_file'] ) ) : '';
		$key         = isset( $_GET['key'] ) ? sanitize_text_field( wp_unslash( $_GET['key'] ) ) : '';
		// phpcs:enable
		if ( 0 === $document_id && 0 === $order_id || ! function_exists( 'wc_get_order' ) || ! Connection::load()->is_active() ) {
			return;
		}
		nocache_headers();
		header( 'X-Robots-Tag: noindex, nofollow' );
		header( 'Referrer-Policy: no-referrer' );
		$document = $document_id > 0 ? $this->documents->find( $document_id ) : null;
		$order    = wc_get_order( null === $document ? $order_id : (int) $document->order_id );
		if ( ! $order instanceof WC_Order || ( $document_id > 0 && null === $document ) ) {
			$this->show_not_found();
		}
		$this->require_access( $order, $key );
		$this->redirect( $document ?? DocumentTable::main_of( $this->documents->of_order( $order->get_id() ) ), in_array( $file, array( 'pdf', 'xml' ), true ) ? "/$file" : '' );
	}

	/** Returns only when the visitor may see the order's documents: staff, the customer, a guest with key and e-mail address. */
	private function require_access( WC_Order $order, string $key ): void {
		$is_staff = is_user_logged_in() && current_user_can( 'edit_shop_orders' );
		if ( $is_staff ) {
			return;
		}
		$customer_id = (int) $order->get_customer_id();
		if ( $customer_id > 0 ) {
			if ( get_current_user_id() === $customer_id ) {
				return;
			}
			$order->key_is_valid( $key ) && ! is_user_logged_in() ? auth_redirect() : $this->show_not_found();
		}
		if ( ! $order->key_is_valid( $key ) ) {
			$this->show_not_found();
		}
		if ( ! $this->is_just_placed( $order ) && ! $this->email_matches( $order ) ) {
			$this->show_email_form();
		}
	}

	/** Right after the checkout the key is enough for a guest, as on WooCommerce's own page. */
	private function is_just_placed( WC_Order $order ): bool {
		/** WooCommerce's own filter: the seconds in which a guest's order needs no e-mail address. */
		$grace   = (int) apply_filters( 'woocommerce_order_email_verification_grace_period', 10 * MINUTE_IN_SECONDS, $order, 'facturelay' );
		$created = $order->get_date_created();
		return null !== $created && time() - $created->getTimestamp() <= $grace;
	}

	/**
	 * Whether the guest gave the order's e-mail address in our form, now or earlier in this browser.
	 *
	 * The session's address is not asked: the checkout's API sets it to whatever a visitor says, as often as he likes.
	 */
	private function email_matches( WC_Order $order ): bool {
		$email = strtolower( trim( (string) $order->get_billing_email() ) );
		if ( '' === $email || $this->was_answered( $order, $email ) ) {
			return '' !== $email;
		}
		if ( ! isset( $_POST['facturelay_email'], $_POST['_wpnonce'] ) || ! wp_verify_nonce( sanitize_key( wp_unslash( $_POST['_wpnonce'] ) ), 'facturelay_email' ) ) {
			return false;
		}
		$limits = new EmailTries( $order->get_id() );
		if ( ! $limits->allow() ) {
			return false;
		}
		if ( ! hash_equals( $email, strtolower( trim( sanitize_email( wp_unslash( $_POST['facturelay_email'] ) ) ) ) ) ) {
			$limits->count_wrong();
			return false;
		}
		$this->remember_answer( $order, $email );
		return true;
	}

	/** Whoever gave the right address once is not asked again in this browser, whatever strangers try meanwhile. */
	private function was_answered( WC_Order $order, string $email ): bool {
		$name = 'facturelay_order_' . $order->get_id();
		return isset( $_COOKIE[ $name ] ) && is_string( $_COOKIE[ $name ] )
			&& hash_equals( $this->answer( $order, $email ), sanitize_key( wp_unslash( $_COOKIE[ $name ] ) ) );
	}

	private function remember_answer( WC_Order $order, string $email ): void {
		$options = array( 'expires' => time() + 30 * DAY_IN_SECONDS, 'path' => COOKIEPATH ? COOKIEPATH : '/', 'secure' => is_ssl(), 'httponly' => true, 'samesite' => 'Lax' );
		setcookie( 'facturelay_order_' . $order->get_id(), $this->answer( $order, $email ), $options );
	}

	/** Changes with the order's key and address, and with the salts of the site. */
	private function answer( WC_Order $order, string $email ): string {
		return hash_hmac( 'sha256', $order->get_id() . '|' . $order->get_order_key() . '|' . $email, wp_salt( 'auth' ) );
	}

	/** @param string $file_path /pdf, /xml or '' */
	private function redirect( ?object $document, string $file_path ): void {
		if ( null === $document ) {
			header( 'Refresh: 5' );
			$this->show_page( __( 'Your document is being made', 'facturelay' ), '<p>' . esc_html__( 'This takes a moment; the page refreshes by itself.', 'facturelay' ) . '</p>', 200 );
		}
		$connection = Connection::load();
		$route      = '/plugin/d/' . $connection->shop_id() . '/' . (int) $document->document_id . $file_path;
		// Facturelay is another host, to which wp_safe_redirect does not redirect.
		wp_redirect( $connection->bridge_url() . $route . '?' . http_build_query( Signature::sign( $connection->secret(), $route, '' ) ), 302, 'Facturelay' );
		exit;
	}

	private function show_email_form(): void {
		$form = sprintf(
			'<p>%s</p><form method="post">%s<p><label>%s <input type="email" name="facturelay_email" required></label> <button type="submit">%s</button></p></form>',
			esc_html__( 'To protect your data, please enter the e-mail address of the order.', 'facturelay' ),
			wp_nonce_field( 'facturelay_email', '_wpnonce', false, false ),
			esc_html__( 'E-mail address', 'facturelay' ),
			esc_html__( 'Continue', 'facturelay' )
		);
		$this->show_page( __( 'Your e-mail address', 'facturelay' ), $form, 403 );
	}

	/** The same page for a wrong key and for an order that does not exist: order numbers cannot be guessed. */
	private function show_not_found(): void {
		$this->show_page( __( 'Not found', 'facturelay' ), '<p>' . esc_html__( 'This link does not lead to a document that you may see. Open it from your mail again, or sign in first.', 'facturelay' ) . '</p>', 404 );
	}

	private function show_page( string $title, string $content, int $status ): void {
		wp_die( '<h1>' . esc_html( $title ) . '</h1>' . $content, esc_html( $title ), array( 'response' => $status ) ); // phpcs:ignore WordPress.Security.EscapeOutput
	}
}
