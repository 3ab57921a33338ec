<?php

declare(strict_types=1);

namespace Facturelay\Http;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Documents\DocumentTable;
use Facturelay\Feature;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;
use Facturelay\Mails\MailRelease;
use Facturelay\Orders\OrderPayment;
use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

// The plugin's own tables: no function of WordPress reads them, and a cache would hide what another process has done meanwhile.
// phpcs:disable WordPress.DB.DirectDatabaseQuery
// A table's name is no value: it is put together from constants.
// phpcs:disable WordPress.DB.PreparedSQL

/** Receives Facturelay's signed requests: by REST, and by WooCommerce's ?wc-api= where a shop closes REST to strangers. */
final class RestRoutes implements Feature {

	private const REST_NAMESPACE = 'facturelay/v1';
	private const ENDPOINTS      = array( 'documents', 'mailed', 'payment', 'release', 'sync' );

	public function add_hooks(): void {
		add_action( 'rest_api_init', array( $this, 'register_routes' ) );
		add_action( 'woocommerce_api_facturelay', array( $this, 'handle_wc_api' ) );
	}

	/** Only in a connected shop: elsewhere nobody can see that the plugin is there. */
	public function register_routes(): void {
		if ( ! Connection::load()->exists() ) {
			return;
		}
		foreach ( self::ENDPOINTS as $endpoint ) {
			register_rest_route(
				self::REST_NAMESPACE,
				"/$endpoint",
				array(
					'methods'             => 'POST',
					'permission_callback' => array( $this, 'is_signed' ),
					'callback'            => array( $this, 'handle_rest' ),
				)
			);
		}
	}

	public function is_signed( WP_REST_Request $request ): bool {
		$endpoint = $this->endpoint( $request->get_route() );
		$header   = static fn ( string $name ): string => (string) $request->get_header( "x_facturelay_$name" );
		return $this->is_authentic( $endpoint, $request->get_body(), $header( 'signature' ), $header( 'time' ), $header( 'nonce' ) );
	}

	public function handle_rest( WP_REST_Request $request ): WP_REST_Response {
		return new WP_REST_Response( $this->dispatch( $this->endpoint( $request->get_route() ), $request->get_body() ) );
	}

	public function handle_wc_api(): void {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- The request is signed.
		$endpoint = isset( $_GET['verb'] ) ? sanitize_key( wp_unslash( $_GET['verb'] ) ) : '';
		$body     = (string) file_get_contents( 'php://input' );
		$header   = static fn ( string $name ): string => isset( $_SERVER[ "HTTP_X_FACTURELAY_$name" ] ) ? sanitize_text_field( wp_unslash( $_SERVER[ "HTTP_X_FACTURELAY_$name" ] ) ) : '';
		if ( ! in_array( $endpoint, self::ENDPOINTS, true ) || ! $this->is_authentic( $endpoint, $body, $header( 'SIGNATURE' ), $header( 'TIME' ), $header( 'NONCE' ) ) ) {
			wp_send_json( array( 'code' => 'facturelay_signature' ), 401 );
		}
		wp_send_json( $this->dispatch( $endpoint, $body ) );
	}

	private function is_authentic( string $endpoint, string $body, string $signature, string $time, string $nonce ): bool {
		$connection = Connection::load();
		return $connection->is_active()
			&& Signature::matches( $signature, $connection->secret(), $time, $nonce, '/' . self::REST_NAMESPACE . "/$endpoint", $body )
			&& Signature::is_recent( $time )
			&& $this->use_nonce( $nonce );
	}

	/** Whether $nonce was not used before; stores it. Only after the signature was checked: strangers must not fill the table. */
	private function use_nonce( string $nonce ): bool {
		global $wpdb;
		$table = $wpdb->prefix . 'facturelay_nonces';
		if ( 1 !== preg_match( '/^[0-9a-f]{16,64}$/', $nonce ) || ! Schema::is_current() ) {
			return false;
		}
		$wpdb->query( $wpdb->prepare( "DELETE FROM `$table` WHERE seen_at < %s", gmdate( 'Y-m-d H:i:s', time() - 3 * Signature::TOLERANCE_S ) ) );
		return 1 === $wpdb->query( $wpdb->prepare( "INSERT IGNORE INTO `$table` (nonce, seen_at) VALUES (%s, %s)", $nonce, gmdate( 'Y-m-d H:i:s' ) ) );
	}

	private function endpoint( string $route ): string {
		return substr( $route, strlen( '/' . self::REST_NAMESPACE . '/' ) );
	}

	/** @return array<string, mixed> the JSON object to answer with */
	private function dispatch( string $endpoint, string $body ): array {
		$content = json_decode( $body, true );
		$content = is_array( $content ) ? $content : array();
		switch ( $endpoint ) {
			case 'documents':
				$response = $this->store_documents( $content );
				break;
			case 'mailed':
				$response = $this->update_mail_group( $content );
				break;
			case 'payment':
				$response = ( new OrderPayment() )->set_paid( $content );
				break;
			case 'release':
				( new HeldMails() )->release_order( (int) ( $content['order'] ?? 0 ), (string) ( $content['status'] ?? '' ), array_map( 'intval', (array) ( $content['refunds'] ?? array() ) ) );
				$response = array( 'released' => ( new MailRelease() )->release( 5 ) );
				break;
			default:
				Heartbeat::store_bridge_state( $content );
				( new HeldMails() )->finish_all_replacing( (array) ( $content['mailed'] ?? array() ) );
				$response = array( 'released' => ( new MailRelease() )->release( 10 ) );
		}
		return array( 'facturelay' => true ) + $response;
	}

	/**
	 * @param array<string, mixed> $content documents: each with id, order, key (of the order), kind, number, date, total, currency, test
	 * @return array{kept: int} how many were stored
	 */
	private function store_documents( array $content ): array {
		$documents = new DocumentTable();
		$stored    = 0;
		foreach ( (array) ( $content['documents'] ?? array() ) as $document ) {
			// A shop that was restored from a backup uses order ids a second time; the key differs then.
			$order = wc_get_order( (int) ( $document['order'] ?? 0 ) );
			if ( $order instanceof \WC_Order && $order->key_is_valid( (string) ( $document['key'] ?? '' ) ) ) {
				$stored += $documents->save( $document ) ? 1 : 0;
			}
		}
		return array( 'stored' => $stored );
	}

	/**
	 * Facturelay is about to mail documents (stage before), has mailed them (after), or will not (any other stage).
	 *
	 * @param array<string, mixed> $content stage, claim (id of the mail); for before also order, kinds, refunds
	 * @return array<string, mixed> before: late, true when WooCommerce's own mail was sent already
	 */
	private function update_mail_group( array $content ): array {
		$held_mails = new HeldMails();
		$mail_group = substr( (string) ( $content['mail_group'] ?? '' ), 0, 40 );
		switch ( $content['stage'] ?? '' ) {
			case 'before':
				$late = $held_mails->start_replacing(
					(int) ( $content['order'] ?? 0 ),
					array_map( 'strval', (array) ( $content['kinds'] ?? array() ) ),
					array_map( 'intval', (array) ( $content['refunds'] ?? array() ) ),
					$mail_group,
					Heartbeat::hold_rules()->deadline_s()
				);
				if ( $late ) {
					// Facturelay tells that the shop's own mail left: so it does, now.
					( new MailRelease() )->release( 5 );
				}
				return array( 'late' => $late );
			case 'after':
				$held_mails->finish_replacing( $mail_group );
				// What stood in line behind it.
				return array( 'released' => ( new MailRelease() )->release( 5 ) );
			default:
				$held_mails->cancel_replacing( $mail_group );
				return array( 'released' => ( new MailRelease() )->release( 5 ) );
		}
	}
}
