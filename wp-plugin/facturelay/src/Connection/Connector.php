<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\FacturelayError;
use Facturelay\Http\BridgeClient;
use Facturelay\Http\BridgeMessages;
use Facturelay\Http\Signature;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;
use Facturelay\Mails\MailRelease;

defined( 'ABSPATH' ) || exit;

/** Makes the connection: a REST key, four webhooks and the secrets, in one go; makes them anew; and takes it all back. */
final class Connector {

	// Trying the keys takes Facturelay a second or two.
	private const MAX_POLLS = 8;

	private string $version;

	public function __construct( string $version ) {
		$this->version = $version;
	}

	/**
	 * Connect with a code, in place of an earlier connection.
	 *
	 * @throws FacturelayError With what to do; nothing is left behind then.
	 */
	public function connect( string $address, string $code, bool $allow_private ): Connection {
		$address = self::normalize_address( $address );
		self::check_prerequisites( $code );
		$private = $allow_private ? PrivateAddress::host_and_port( $address ) : '';
		PrivateAddress::allow_for_this_request( $private );
		Schema::create_tables();
		$before = Connection::load();
		$kept   = array(
			'bridge'  => $address,
			'private' => $private,
			'site'    => Connection::home_url(),
			'secret'  => bin2hex( random_bytes( 32 ) ),
		);
		$ask    = function ( array $fresh ) use ( $address, $code, $kept ): array {
			return ( new BridgeClient( $address ) )->post(
				'/plugin/connect',
				$fresh + array(
					'site'          => $kept['site'],
					'version'       => $this->version,
					'plugin_secret' => $kept['secret'],
				),
				Signature::from_invite_code( $code, 'sign' ),
				array( 'X-Facturelay-Invite' => Signature::from_invite_code( $code, 'find' ) )
			);
		};
		return $this->replace_credentials( $kept, $before, $ask );
	}

	/**
	 * The same connection with a key and webhooks that are new: no code is needed, the two sides know each other.
	 *
	 * @throws FacturelayError Nothing has changed then.
	 */
	public function renew(): Connection {
		$connection = Connection::load();
		$ask        = static fn ( array $fresh ): array => ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/renew', $fresh );
		return $this->replace_credentials( $connection->to_array(), $connection, $ask );
	}

	/**
	 * How trying the keys went: state (waiting, done or failed), code and sentence.
	 *
	 * @return array{state: string, code: string, sentence: string}
	 * @throws FacturelayError
	 */
	public function check( bool $again ): array {
		$connection = Connection::load();
		$answer     = array();
		for ( $second = 0; $second < self::MAX_POLLS; $second++ ) {
			$answer = ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/check', array( 'again' => $again && 0 === $second ) );
			if ( 'waiting' !== ( $answer['state'] ?? '' ) ) {
				break;
			}
			sleep( 1 );
		}
		$code = (string) ( $answer['code'] ?? '' );
		return array(
			'state'    => (string) ( $answer['state'] ?? 'waiting' ),
			'code'     => $code,
			'sentence' => BridgeMessages::for_code( $code, (string) ( $answer['sentence'] ?? '' ) ),
		);
	}

	/** Take it all back. Held mails leave first, while we still know what they are. */
	public function disconnect(): void {
		$connection = Connection::load();
		if ( $connection->is_active() ) {
			self::let_everything_go();
			try {
				( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/disconnect' );
			} catch ( FacturelayError $failure ) {
				// Facturelay may be gone for good; it notices that the heartbeat has stopped.
				unset( $failure );
			}
		}
		// In a copy of the shop these are the copy's own rows.
		Webhooks::delete( $connection );
		RestKeys::delete( $connection->rest_key_id() );
		Heartbeat::unschedule();
		Heartbeat::delete_last_response();
		Connection::delete();
	}

	public static function let_everything_go(): void {
		( new HeldMails() )->release_all();
		( new MailRelease() )->release( 100 );
	}

	/**
	 * Keep alive what is ours. What a person took away on purpose, the key, comes back when a person says so.
	 *
	 * @throws FacturelayError
	 */
	public function repair(): void {
		$connection = Connection::load();
		$owner      = RestKeys::owner_id( $connection->rest_key_id() );
		$entitled   = 0 !== $owner && user_can( $owner, 'manage_woocommerce' );
		if ( 0 !== $owner && ! $entitled ) {
			// Webhooks and key act for the person who made them: when he may no longer, somebody else must.
			$this->change_owner( $connection );
		}
		// Who is deleted takes his keys along.
		$went_along = 0 === $owner && ! get_userdata( $connection->owner_id() );
		if ( 0 !== RestKeys::find_owner() && ( $went_along || ( 0 !== $owner && array() !== Webhooks::missing_topics( $connection ) ) ) ) {
			$this->renew();
		}
		Webhooks::delete_duplicates( Connection::load() );
	}

	/**
	 * @param array<string, mixed>            $kept
	 * @param callable(array<string, string>): array<string, mixed> $ask gives Facturelay what is new
	 */
	private function replace_credentials( array $kept, Connection $before, callable $ask ): Connection {
		$owner  = RestKeys::find_owner();
		$key    = RestKeys::create( $owner );
		$secret = bin2hex( random_bytes( 25 ) );
		try {
			$answer = $ask(
				array(
					'rest_key'       => $key['key'],
					'rest_secret'    => $key['secret'],
					'webhook_secret' => $secret,
				)
			);
		} catch ( FacturelayError $failure ) {
			RestKeys::delete( $key['id'] );
			throw $failure;
		}
		Webhooks::delete( $before );
		RestKeys::delete( $before->rest_key_id() );
		$new = array(
			'key'   => $key['id'],
			'owner' => $owner,
		);
		foreach ( array( 'shop', 'name' ) as $told ) {
			if ( isset( $answer[ $told ] ) ) {
				$new[ $told ] = (string) $answer[ $told ];
			}
		}
		$connection = Connection::save( $new + $kept );
		Webhooks::create( (string) ( $answer['delivery_url'] ?? '' ), $secret, $owner );
		( new Heartbeat( $this->version ) )->schedule();
		return $connection;
	}

	private function change_owner( Connection $connection ): void {
		$other = RestKeys::find_owner();
		if ( 0 === $other ) {
			return;
		}
		RestKeys::change_owner( $connection->rest_key_id(), $other );
		Webhooks::change_owner( $connection, $other );
		Connection::save( array( 'owner' => $other ) + $connection->to_array() );
	}

	/** As people paste it: without https, with a slash at the end. */
	private static function normalize_address( string $typed ): string {
		$typed = untrailingslashit( trim( $typed ) );
		$typed = '' !== $typed && false === strpos( $typed, '://' ) ? "https://$typed" : $typed;
		if ( ! in_array( wp_parse_url( $typed, PHP_URL_SCHEME ), array( 'http', 'https' ), true ) || ! wp_parse_url( $typed, PHP_URL_HOST ) ) {
			throw new FacturelayError( 'address_wrong', __( 'Paste the address of your Facturelay, like https://documents.example.com', 'facturelay' ) );
		}
		return $typed;
	}

	/** What can be seen from here without asking anybody. */
	private static function check_prerequisites( string $code ): void {
		if ( '' === trim( $code ) ) {
			throw new FacturelayError( 'code_missing', __( 'Paste the code that Facturelay shows for this shop.', 'facturelay' ) );
		}
		if ( '' === (string) get_option( 'permalink_structure' ) ) {
			throw new FacturelayError( 'permalinks', __( 'Your shop\'s addresses are "Plain", and then WooCommerce has no REST API. Choose another kind under Settings > Permalinks, and connect again.', 'facturelay' ) );
		}
	}
}
