<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\FacturelayError;
use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/** Lets WordPress call one host and port inside a private network, which the owner allowed; WordPress refuses all others. */
final class PrivateAddress implements Feature {

	private static string $allowed_now = '';

	public function add_hooks(): void {
		add_filter( 'http_request_host_is_external', array( $this, 'allow_host' ), 10, 3 );
		add_filter( 'http_allowed_safe_ports', array( $this, 'allow_port' ), 10, 3 );
	}

	/** For connecting, when no address is stored yet. '' allows none. */
	public static function allow_for_this_request( string $host_and_port ): void {
		self::$allowed_now = $host_and_port;
	}

	/** Whether the current user may have the server call into its own network: an administrator, of the whole network where there is one. */
	public static function may_be_allowed(): bool {
		return current_user_can( is_multisite() ? 'manage_network_options' : 'manage_options' );
	}

	/**
	 * For a shop that is connected and moved to where the address of its Facturelay is a private one.
	 *
	 * @throws FacturelayError
	 */
	public static function allow_for( Connection $connection ): void {
		if ( ! self::may_be_allowed() ) {
			throw new FacturelayError( 'private_refused', self::refusal() ); // phpcs:ignore WordPress.Security.EscapeOutput.ExceptionNotEscaped -- Escaped where it is shown, once (FlashNotice).
		}
		Connection::save( array( 'private' => self::host_and_port( $connection->bridge_url() ) ) + $connection->to_array() );
	}

	public static function refusal(): string {
		return __( 'Only an administrator may let your shop call a machine inside a private network. Ask one to connect it.', 'facturelay' );
	}

	/** Lower-case host:port of an address, with the scheme's own port where none is given. */
	public static function host_and_port( string $url ): string {
		$scheme = (string) wp_parse_url( $url, PHP_URL_SCHEME );
		$port   = wp_parse_url( $url, PHP_URL_PORT ) ?: ( 'https' === $scheme ? 443 : 80 );
		return strtolower( (string) wp_parse_url( $url, PHP_URL_HOST ) ) . ':' . $port;
	}

	/**
	 * @param bool   $external
	 * @param string $host
	 * @param string $url
	 */
	public function allow_host( $external, $host = '', $url = '' ): bool {
		return (bool) $external || $this->is_allowed( (string) $url );
	}

	/**
	 * @param int[]  $ports
	 * @param string $host
	 * @param string $url
	 * @return int[]
	 */
	public function allow_port( $ports, $host = '', $url = '' ): array {
		$ports = (array) $ports;
		if ( $this->is_allowed( (string) $url ) ) {
			$ports[] = (int) substr( (string) strrchr( self::host_and_port( (string) $url ), ':' ), 1 );
		}
		return $ports;
	}

	private function is_allowed( string $url ): bool {
		$allowed = '' !== self::$allowed_now ? self::$allowed_now : Connection::load()->private_address();
		return '' !== $allowed && self::host_and_port( $url ) === $allowed;
	}
}
