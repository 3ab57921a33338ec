<?php

declare(strict_types=1);

namespace Facturelay\Http;

use Facturelay\Connection\Connection;
use Facturelay\FacturelayError;

defined( 'ABSPATH' ) || exit;

/** Calls Facturelay, signed. Never while a shopper waits for a page. */
final class BridgeClient {

	private const TIMEOUT_S  = 15;
	private const DOWNLOAD_TIMEOUT_S = 60;

	private string $address;

	public function __construct( string $address ) {
		$this->address = $address;
	}

	/**
	 * @param array<string, mixed>  $content
	 * @param array<string, string> $headers
	 * @return array<string, mixed>
	 * @throws FacturelayError With a sentence for the owner.
	 */
	public function post( string $route, array $content, string $secret, array $headers = array() ): array {
		return $this->parse( $this->request( $route, $content, $secret, $headers, array() ) );
	}

	/** @return array<string, mixed> */
	public function call( Connection $connection, string $route, array $content = array() ): array {
		return $this->post( $route, $content, $connection->secret(), array( 'X-Facturelay-Shop' => $connection->shop_id() ) );
	}

	/**
	 * Write what Facturelay answers into a file: a zip of hundreds of documents does not fit in PHP's memory.
	 *
	 * @throws FacturelayError
	 */
	public function download( Connection $connection, string $route, array $content, string $file ): void {
		$into   = array(
			'stream'   => true,
			'filename' => $file,
			'timeout'  => self::DOWNLOAD_TIMEOUT_S,
		);
		$answer = $this->request( $route, $content, $connection->secret(), array( 'X-Facturelay-Shop' => $connection->shop_id() ), $into );
		if ( 200 === (int) wp_remote_retrieve_response_code( $answer ) && 'application/zip' === wp_remote_retrieve_header( $answer, 'content-type' ) ) {
			return;
		}
		$answer['body'] = (string) file_get_contents( $file, false, null, 0, 10000 );
		$this->parse( $answer );
		throw new FacturelayError( 'not_facturelay', __( 'Facturelay did not send the documents. Try again in a minute.', 'facturelay' ) );
	}

	/**
	 * @param array<string, mixed>  $content
	 * @param array<string, string> $headers
	 * @param array<string, mixed>  $more
	 * @return array<string, mixed>
	 * @throws FacturelayError
	 */
	private function request( string $route, array $content, string $secret, array $headers, array $more ): array {
		$body = (string) wp_json_encode( (object) $content );
		$seal = Signature::sign( $secret, $route, $body );
		// Not followed: whoever a redirect leads to should not be handed keys.
		$answer = wp_safe_remote_post(
			$this->address . $route,
			$more + array(
				'body'        => $body,
				'timeout'     => self::TIMEOUT_S,
				'redirection' => 0,
				'headers'     => $headers + array(
					'Content-Type'           => 'application/json',
					'X-Facturelay-Time'      => $seal['time'],
					'X-Facturelay-Nonce'     => $seal['nonce'],
					'X-Facturelay-Signature' => $seal['signature'],
				),
			)
		);
		if ( is_wp_error( $answer ) ) {
			throw $this->connection_error( $answer->get_error_message() );
		}
		return $answer;
	}

	/**
	 * @param array<string, mixed> $answer
	 * @return array<string, mixed>
	 */
	private function parse( array $answer ): array {
		$status = (int) wp_remote_retrieve_response_code( $answer );
		$found  = json_decode( (string) wp_remote_retrieve_body( $answer ), true );
		if ( $status >= 300 && $status < 400 ) {
			$target = (string) wp_remote_retrieve_header( $answer, 'location' );
			/* translators: %s: an address */
			throw new FacturelayError( 'redirect', sprintf( __( 'This address sends visitors on to %s. Enter that one: orders are not sent after a redirect.', 'facturelay' ), $target ) );
		}
		if ( 200 === $status && is_array( $found ) ) {
			return $found;
		}
		if ( is_array( $found ) && isset( $found['error'] ) ) {
			throw new FacturelayError( (string) $found['error'], BridgeMessages::for_code( (string) $found['error'], (string) ( $found['message'] ?? '' ) ) );
		}
		/* translators: %d: the number of an HTTP error, like 404 */
		throw new FacturelayError( 'not_facturelay', sprintf( __( 'Something answers at this address, but it is not Facturelay (error %d). Copy the address again.', 'facturelay' ), $status ) );
	}

	/** What WordPress says when it cannot call, as something to act on. */
	private function connection_error( string $said ): FacturelayError {
		$host = (string) wp_parse_url( $this->address, PHP_URL_HOST );
		if ( ! filter_var( $host, FILTER_VALIDATE_IP ) && gethostbyname( $host ) === $host ) {
			return new FacturelayError( 'unknown_host', __( 'This address does not exist. Check how it is written.', 'facturelay' ) );
		}
		if ( ! wp_http_validate_url( $this->address ) ) {
			return new FacturelayError( 'private_address', __( 'WordPress does not call this address by itself: it is inside a private network, or its port is not 80, 443 or 8080. If it is a machine of your own, tick the box below and connect again.', 'facturelay' ) );
		}
		$sentences = array(
			'cURL error 60' => array( 'certificate', __( 'The certificate of this address is not valid. Have it renewed; keys are not sent without one.', 'facturelay' ) ),
			'cURL error 35' => array( 'certificate', __( 'This address does not speak https. Check the address and its port.', 'facturelay' ) ),
			'cURL error 7'  => array( 'port_blocked', __( 'Nobody answers at this address. Check that Facturelay runs there, and that your hosting provider lets the shop call this port.', 'facturelay' ) ),
			'cURL error 28' => array( 'port_blocked', __( 'This address does not answer in time. A firewall may be blocking it; ask your hosting provider to open the way.', 'facturelay' ) ),
		);
		foreach ( $sentences as $start => $failure ) {
			if ( 1 === preg_match( '/' . $start . '\b/', $said ) ) {
				return new FacturelayError( $failure[0], $failure[1] );
			}
		}
		/* translators: %s: what WordPress says went wrong */
		return new FacturelayError( 'unreachable', sprintf( __( 'Facturelay could not be reached: %s', 'facturelay' ), $said ) );
	}
}
