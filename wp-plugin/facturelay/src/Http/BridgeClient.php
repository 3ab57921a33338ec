<?php

declare(strict_types=1);

namespace Facturelay\Http;

use Facturelay\Connection\Connection;
use Facturelay\FacturelayError;

defined( 'ABSPATH' ) || exit;

// A message is escaped where it is shown, once (FlashNotice).
// phpcs:disable WordPress.Security.EscapeOutput.ExceptionNotEscaped

/** Signed requests to the Facturelay server (the bridge). May be called in wp-admin and in the background only: never while a customer waits for a page. */
final class BridgeClient {

	private const TIMEOUT_S          = 15;
	private const DOWNLOAD_TIMEOUT_S = 60;

	private string $address;

	public function __construct( string $address ) {
		$this->address = $address;
	}

	/**
	 * Post JSON, signed with $secret.
	 *
	 * @param array<string, mixed>  $content
	 * @param array<string, string> $headers
	 * @return array<string, mixed> the JSON object of the response
	 * @throws FacturelayError
	 */
	public function post( string $route, array $content, string $secret, array $headers = array(), int $timeout_s = self::TIMEOUT_S ): array {
		return $this->parse( $this->request( $route, $content, $secret, $headers, array( 'timeout' => $timeout_s ) ) );
	}

	/**
	 * Post JSON as a connected shop.
	 *
	 * @param array<string, mixed> $content
	 * @return array<string, mixed> the JSON object of the response
	 * @throws FacturelayError
	 */
	public function call( Connection $connection, string $route, array $content = array(), int $timeout_s = self::TIMEOUT_S ): array {
		return $this->post( $route, self::from_this_site( $content ), $connection->secret(), array( 'X-Facturelay-Shop' => $connection->shop_id() ), $timeout_s );
	}

	/**
	 * Write a zip into $file: hundreds of documents do not fit in PHP's memory.
	 *
	 * @param array<string, mixed> $content
	 * @throws FacturelayError
	 */
	public function download( Connection $connection, string $route, array $content, string $file ): void {
		$options  = array(
			'stream'   => true,
			'filename' => $file,
			'timeout'  => self::DOWNLOAD_TIMEOUT_S,
		);
		$response = $this->request( $route, self::from_this_site( $content ), $connection->secret(), array( 'X-Facturelay-Shop' => $connection->shop_id() ), $options );
		if ( 200 === (int) wp_remote_retrieve_response_code( $response ) && 'application/zip' === wp_remote_retrieve_header( $response, 'content-type' ) ) {
			return;
		}
		$response['body'] = (string) file_get_contents( $file, false, null, 0, 10000 ); // phpcs:ignore WordPress.WP.AlternativeFunctions -- A file of this machine.
		$this->parse( $response );
		throw new FacturelayError( 'not_facturelay', __( 'Facturelay did not send the documents. Try again in a minute.', 'facturelay' ) );
	}

	/**
	 * A copy of the shop has its secret: Facturelay tells the two apart by the address.
	 *
	 * @param array<string, mixed> $content
	 * @return array<string, mixed>
	 */
	private static function from_this_site( array $content ): array {
		return $content + array( 'site' => Connection::home_url() );
	}

	/**
	 * @param array<string, mixed>  $content
	 * @param array<string, string> $headers
	 * @param array<string, mixed>  $options of wp_remote_post
	 * @return array<string, mixed> as wp_remote_post returns it, whatever the status
	 * @throws FacturelayError
	 */
	private function request( string $route, array $content, string $secret, array $headers, array $options = array() ): array {
		$body   = (string) wp_json_encode( (object) $content );
		$signed = Signature::sign( $secret, $route, $body );
		// Redirects are not followed: the request may carry keys, which are for this address only.
		$response = wp_safe_remote_post(
			$this->address . $route,
			$options + array(
				'body'        => $body,
				'redirection' => 0,
				'headers'     => $headers + array(
					'Content-Type'           => 'application/json',
					// Facturelay's messages come in the language in which they are shown.
					'Accept-Language'        => str_replace( '_', '-', determine_locale() ),
					'X-Facturelay-Time'      => $signed['time'],
					'X-Facturelay-Nonce'     => $signed['nonce'],
					'X-Facturelay-Signature' => $signed['signature'],
				),
			)
		);
		if ( is_wp_error( $response ) ) {
			throw $this->connection_error( $response->get_error_message() );
		}
		return $response;
	}

	/**
	 * @param array<string, mixed> $response
	 * @return array<string, mixed> the JSON object of a response with status 200
	 * @throws FacturelayError For every other response.
	 */
	private function parse( array $response ): array {
		$status = (int) wp_remote_retrieve_response_code( $response );
		$data   = json_decode( (string) wp_remote_retrieve_body( $response ), true );
		if ( $status >= 300 && $status < 400 ) {
			$target = (string) wp_remote_retrieve_header( $response, 'location' );
			/* translators: %s: an address */
			throw new FacturelayError( 'redirect', sprintf( __( 'This address sends visitors on to %s. Enter that one: orders are not sent after a redirect.', 'facturelay' ), $target ) );
		}
		if ( 200 === $status && is_array( $data ) ) {
			return $data;
		}
		if ( is_array( $data ) && isset( $data['error'], $data['message'] ) && '' !== $data['message'] ) {
			throw new FacturelayError( (string) $data['error'], (string) $data['message'] );
		}
		if ( 401 === $status && '' !== (string) wp_remote_retrieve_header( $response, 'www-authenticate' ) ) {
			throw new FacturelayError( 'password', __( 'Something before Facturelay asks for a name and a password at this address. Let your shop pass there without: what it sends is signed.', 'facturelay' ) );
		}
		if ( $status >= 500 ) {
			/* translators: %d: the number of an HTTP error, like 502 */
			throw new FacturelayError( 'away', sprintf( __( 'Facturelay does not answer at this moment (error %d). Try again in a minute.', 'facturelay' ), $status ) );
		}
		/* translators: %d: the number of an HTTP error, like 404 */
		throw new FacturelayError( 'not_facturelay', sprintf( __( 'Something answers at this address, but it is not Facturelay (error %d). Copy the address again.', 'facturelay' ), $status ) );
	}

	/** The error for what WordPress reports when a request got no response. */
	private function connection_error( string $reported ): FacturelayError {
		$host = (string) wp_parse_url( $this->address, PHP_URL_HOST );
		if ( ! filter_var( $host, FILTER_VALIDATE_IP ) && gethostbyname( $host ) === $host ) {
			return new FacturelayError( 'unknown_host', __( 'This address does not exist. Check how it is written.', 'facturelay' ) );
		}
		if ( ! wp_http_validate_url( $this->address ) ) {
			return new FacturelayError( 'private_address', __( 'WordPress does not call this address by itself: it is inside a private network, or its port is not 80, 443 or 8080. If it is a machine of your own, tick the box below and connect again.', 'facturelay' ) );
		}
		$known_errors = array(
			'cURL error 60' => array( 'certificate', __( 'The certificate of this address is not valid. Have it renewed; nothing is sent without a valid one.', 'facturelay' ) ),
			'cURL error 35' => array( 'certificate', __( 'There is no https at this address. Check the address and its port.', 'facturelay' ) ),
			'cURL error 7'  => array( 'port_blocked', __( 'Nobody answers at this address. Check that Facturelay runs there, and that your hosting provider lets the shop call this port.', 'facturelay' ) ),
			'cURL error 28' => array( 'port_blocked', __( 'This address does not answer in time. A firewall may be blocking it; ask your hosting provider to open the way.', 'facturelay' ) ),
		);
		foreach ( $known_errors as $start => $known ) {
			if ( 1 === preg_match( '/' . $start . '\b/', $reported ) ) {
				return new FacturelayError( $known[0], $known[1] );
			}
		}
		/* translators: %s: what WordPress says went wrong */
		return new FacturelayError( 'unreachable', sprintf( __( 'Facturelay could not be reached: %s', 'facturelay' ), $reported ) );
	}
}
