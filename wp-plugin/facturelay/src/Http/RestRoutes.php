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
use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

/** Where Facturelay speaks to us, signed: by REST, and by WooCommerce's own door where REST is closed to strangers. */
final class RestRoutes implements Feature {

	private const REST_NAMESPACE = 'facturelay/v1';
	private const ENDPOINTS = array( 'documents', 'mailed', 'release', 'tick' );

	public function add_hooks(): void {
		add_action( 'rest_api_init', array( $this, 'register' ) );
		add_action( 'woocommerce_api_facturelay', array( $this, 'handle_wc_api' ) );
	}

	/** An unconnected shop does not show that we are here. */
	public function register(): void {
		if ( ! Connection::load()->exists() ) {
			return;
		}
		foreach ( self::ENDPOINTS as $verb ) {
			register_rest_route(
				self::REST_NAMESPACE,
				"/$verb",
				array(
					'methods'             => 'POST',
					'permission_callback' => array( $this, 'is_signed' ),
					'callback'            => array( $this, 'handle_rest' ),
				)
			);
		}
	}

	public function is_signed( WP_REST_Request $request ): bool {
		$verb = $this->endpoint( $request->get_route() );
		$said = static fn ( string $name ): string => (string) $request->get_header( "x_facturelay_$name" );
		return $this->is_authentic( $verb, $request->get_body(), $said( 'signature' ), $said( 'time' ), $said( 'nonce' ) );
	}

	public function handle_rest( WP_REST_Request $request ): WP_REST_Response {
		return new WP_REST_Response( $this->dispatch( $this->endpoint( $request->get_route() ), $request->get_body() ) );
	}

	public function handle_wc_api(): void {
		$verb = isset( $_GET['verb'] ) ? sanitize_key( wp_unslash( $_GET['verb'] ) ) : '';
		$body = (string) file_get_contents( 'php://input' );
		$said = static fn ( string $name ): string => isset( $_SERVER[ "HTTP_X_FACTURELAY_$name" ] ) ? sanitize_text_field( wp_unslash( $_SERVER[ "HTTP_X_FACTURELAY_$name" ] ) ) : '';
		if ( ! in_array( $verb, self::ENDPOINTS, true ) || ! $this->is_authentic( $verb, $body, $said( 'SIGNATURE' ), $said( 'TIME' ), $said( 'NONCE' ) ) ) {
			wp_send_json( array( 'code' => 'facturelay_signature' ), 401 );
		}
		wp_send_json( $this->dispatch( $verb, $body ) );
	}

	private function is_authentic( string $verb, string $body, string $signature, string $time, string $nonce ): bool {
		$connection = Connection::load();
		return $connection->is_active()
			&& Signature::matches( $signature, $connection->secret(), $time, $nonce, '/' . self::REST_NAMESPACE . "/$verb", $body )
			&& Signature::is_recent( $time )
			&& $this->use_nonce( $nonce );
	}

	/** Only after the signature: strangers must not fill the table. */
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

	/** @return array<string, mixed> */
	private function dispatch( string $verb, string $body ): array {
		$told = json_decode( $body, true );
		$told = is_array( $told ) ? $told : array();
		switch ( $verb ) {
			case 'documents':
				$answer = $this->store_documents( $told );
				break;
			case 'mailed':
				$answer = $this->update_mail_group( $told );
				break;
			case 'release':
				( new HeldMails() )->release_order( (int) ( $told['order'] ?? 0 ), (string) ( $told['status'] ?? '' ), array_map( 'intval', (array) ( $told['refunds'] ?? array() ) ) );
				$answer = array( 'released' => ( new MailRelease() )->release( 5 ) );
				break;
			default:
				Heartbeat::store_bridge_state( $told );
				$answer = array( 'released' => ( new MailRelease() )->release( 10 ) );
		}
		return array( 'facturelay' => true ) + $answer;
	}

	/**
	 * @param array<string, mixed> $told
	 * @return array<string, mixed>
	 */
	private function store_documents( array $told ): array {
		$documents = new DocumentTable();
		$kept      = 0;
		foreach ( (array) ( $told['documents'] ?? array() ) as $document ) {
			// Ids come back after a shop is restored from a backup; the key does not.
			$order = wc_get_order( (int) ( $document['order'] ?? 0 ) );
			if ( $order instanceof \WC_Order && $order->key_is_valid( (string) ( $document['key'] ?? '' ) ) ) {
				$kept += $documents->save( $document ) ? 1 : 0;
			}
		}
		return array( 'kept' => $kept );
	}

	/**
	 * @param array<string, mixed> $told
	 * @return array<string, mixed>
	 */
	private function update_mail_group( array $told ): array {
		$ledger = new HeldMails();
		$claim  = substr( (string) ( $told['claim'] ?? '' ), 0, 40 );
		switch ( $told['stage'] ?? '' ) {
			case 'before':
				$late = $ledger->start_replacing( (int) ( $told['order'] ?? 0 ), array_map( 'strval', (array) ( $told['kinds'] ?? array() ) ), array_map( 'intval', (array) ( $told['refunds'] ?? array() ) ), $claim, Heartbeat::hold_rules()->deadline_s() );
				return array( 'late' => $late );
			case 'after':
				$ledger->finish_replacing( $claim );
				return array();
			default:
				$ledger->cancel_replacing( $claim );
				return array( 'released' => ( new MailRelease() )->release( 5 ) );
		}
	}
}
