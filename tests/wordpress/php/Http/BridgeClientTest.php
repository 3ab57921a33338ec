<?php

declare(strict_types=1);

use Facturelay\FacturelayError;
use Facturelay\Http\BridgeClient;
use PHPUnit\Framework\Attributes\DataProvider;

/** Each way in which connecting can fail has a code and a message of its own, with what to do about it; what Facturelay refuses is said in its words. */
final class BridgeClientTest extends WordPressTestCase {

	/** @dataProvider failures */
	#[DataProvider( 'failures' )]
	public function test_a_failure_is_named_with_its_remedy( string $address, $answer, string $code, string $says ): void {
		add_filter( 'pre_http_request', static fn () => $answer );
		// Addresses of the internet are not asked for here.
		add_filter( 'http_request_host_is_external', static fn ( $external, $host ) => '192.0.2.7' === $host ? true : $external, 20, 2 );
		try {
			( new BridgeClient( $address ) )->post( '/plugin/connect', array(), 'secret' );
			$this->fail( 'nothing was wrong' );
		} catch ( FacturelayError $error ) {
			$this->assertSame( $code, $error->error_code() );
			$this->assertStringContainsString( $says, $error->getMessage() );
		}
	}

	public function test_facturelay_is_asked_for_messages_in_the_language_of_the_page(): void {
		$asked = array();
		add_filter( 'locale', static fn (): string => 'fr_BE' );
		add_filter(
			'pre_http_request',
			function ( $answer, array $request ) use ( &$asked ): array {
				$asked[] = $request['headers']['Accept-Language'];
				return self::response( 200, '{}' );
			},
			10,
			2
		);

		( new BridgeClient( 'https://127.0.0.1' ) )->post( '/plugin/order', array(), 'secret' );

		$this->assertSame( array( 'fr-BE' ), $asked );
	}

	/** @return array<string, array{0: string, 1: mixed, 2: string, 3: string}> */
	public static function failures(): array {
		$there   = 'https://127.0.0.1';
		$curl    = static fn ( string $reported ): WP_Error => new WP_Error( 'http_request_failed', $reported );
		$refused = static fn ( string $code, string $message ): array => self::response( 401, (string) wp_json_encode( array( 'error' => $code, 'message' => $message ) ) );
		$outside = 'https://192.0.2.7';
		return array(
			'a redirect'               => array( $there, array( 'headers' => array( 'location' => 'https://www.example.com/' ) ) + self::response( 301 ), 'redirect', 'https://www.example.com/' ),
			'another site'             => array( $there, self::response( 404, '<html>' ), 'not_facturelay', '404' ),
			'a password before it'     => array( $there, array( 'headers' => array( 'www-authenticate' => 'Basic realm="x"' ) ) + self::response( 401, '<html>' ), 'password', 'a name and a password' ),
			'a proxy without it'       => array( $there, self::response( 502, '<html>' ), 'away', '502' ),
			'what Facturelay refuses'  => array( $there, $refused( 'code_used', 'As Facturelay says it.' ), 'code_used', 'As Facturelay says it.' ),
			'an error of another site' => array( $there, $refused( 'code_used', '' ), 'not_facturelay', '401' ),
			'a private address'        => array( 'https://10.0.0.5', $curl( 'A valid URL was not provided.' ), 'private_address', 'tick the box' ),
			'a host that is not there' => array( 'https://nowhere.invalid', $curl( 'cURL error 6: Could not resolve host' ), 'unknown_host', 'does not exist' ),
			'a bad certificate'        => array( $outside, $curl( 'cURL error 60: SSL certificate problem' ), 'certificate', 'certificate' ),
			'no TLS at all'            => array( $outside, $curl( 'cURL error 35: wrong version number' ), 'certificate', 'https' ),
			'a blocked port'           => array( $outside, $curl( 'cURL error 7: Failed to connect' ), 'port_blocked', 'port' ),
			'a silent firewall'        => array( $outside, $curl( 'cURL error 28: Connection timed out' ), 'port_blocked', 'firewall' ),
			'something else'           => array( $outside, $curl( 'cURL error 52: Empty reply from server' ), 'unreachable', 'Empty reply' ),
		);
	}

	/** @return array<string, mixed> */
	private static function response( int $status, string $body = '' ): array {
		return array(
			'response' => array( 'code' => $status ),
			'headers'  => array(),
			'body'     => $body,
		);
	}
}
