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
	private const PATIENCE = 8;

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
		$address = self::address( $address );
		self::check_shop( $code );
		$private = $allow_private ? PrivateAddress::of( $address ) : '';
		PrivateAddress::try_out( $private );
		Schema::make();
		$before = Connection::load();
		$kept   = array(
			'bridge'  => $address,
			'private' => $private,
			'site'    => Connection::home(),
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
				Signature::from_code( $code, 'sign' ),
				array( 'X-Facturelay-Invite' => Signature::from_code( $code, 'find' ) )
			);
		};
		return $this->equip( $kept, $before, $ask );
	}

	/**
	 * The same connection with a key and webhooks that are new: no code is needed, the two sides know each other.
	 *
	 * @throws FacturelayError Nothing has changed then.
	 */
	public function renew(): Connection {
		$connection = Connection::load();
		$ask        = static fn ( array $fresh ): array => ( new BridgeClient( $connection->bridge() ) )->ask( $connection, '/plugin/renew', $fresh );
		return $this->equip( $connection->kept(), $connection, $ask );
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
		for ( $second = 0; $second < self::PATIENCE; $second++ ) {
			$answer = ( new BridgeClient( $connection->bridge() ) )->ask( $connection, '/plugin/check', array( 'again' => $again && 0 === $second ) );
			if ( 'waiting' !== ( $answer['state'] ?? '' ) ) {
				break;
			}
			sleep( 1 );
		}
		$code = (string) ( $answer['code'] ?? '' );
		return array(
			'state'    => (string) ( $answer['state'] ?? 'waiting' ),
			'code'     => $code,
			'sentence' => BridgeMessages::of( $code, (string) ( $answer['sentence'] ?? '' ) ),
		);
	}

	/** Take it all back. Held mails leave first, while we still know what they are. */
	public function disconnect(): void {
		$connection = Connection::load();
		if ( $connection->works() ) {
			self::let_everything_go();
			try {
				( new BridgeClient( $connection->bridge() ) )->ask( $connection, '/plugin/disconnect' );
			} catch ( FacturelayError $failure ) {
				// Facturelay may be gone for good; it notices that the heartbeat has stopped.
				unset( $failure );
			}
		}
		// In a copy of the shop these are the copy's own rows.
		Webhooks::delete( $connection );
		RestKeys::delete( $connection->key_id() );
		Heartbeat::unschedule();
		Heartbeat::forget();
		Connection::forget();
	}

	public static function let_everything_go(): void {
		( new HeldMails() )->give_back_all();
		( new MailRelease() )->release( 100 );
	}

	/**
	 * Keep alive what is ours. What a person took away on purpose, the key, comes back when a person says so.
	 *
	 * @throws FacturelayError
	 */
	public function look_after(): void {
		$connection = Connection::load();
		$owner      = RestKeys::owner( $connection->key_id() );
		$entitled   = 0 !== $owner && user_can( $owner, 'manage_woocommerce' );
		if ( 0 !== $owner && ! $entitled ) {
			// Webhooks and key act for the person who made them: when he may no longer, somebody else must.
			$this->hand_over( $connection );
		}
		// Who is deleted takes his keys along.
		$went_along = 0 === $owner && ! get_userdata( $connection->owner() );
		if ( 0 !== RestKeys::entitled() && ( $went_along || ( 0 !== $owner && array() !== Webhooks::missing( $connection ) ) ) ) {
			$this->renew();
		}
		Webhooks::delete_doubles( Connection::load() );
	}

	/**
	 * @param array<string, mixed>            $kept
	 * @param callable(array<string, string>): array<string, mixed> $ask gives Facturelay what is new
	 */
	private function equip( array $kept, Connection $before, callable $ask ): Connection {
		$owner  = RestKeys::entitled();
		$key    = RestKeys::make( $owner );
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
		RestKeys::delete( $before->key_id() );
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
		Webhooks::make( (string) ( $answer['delivery_url'] ?? '' ), $secret, $owner );
		( new Heartbeat( $this->version ) )->schedule();
		return $connection;
	}

	private function hand_over( Connection $connection ): void {
		$other = RestKeys::entitled();
		if ( 0 === $other ) {
			return;
		}
		RestKeys::give( $connection->key_id(), $other );
		Webhooks::give( $connection, $other );
		Connection::save( array( 'owner' => $other ) + $connection->kept() );
	}

	/** As people paste it: without https, with a slash at the end. */
	private static function address( string $typed ): string {
		$typed = untrailingslashit( trim( $typed ) );
		$typed = '' !== $typed && false === strpos( $typed, '://' ) ? "https://$typed" : $typed;
		if ( ! in_array( wp_parse_url( $typed, PHP_URL_SCHEME ), array( 'http', 'https' ), true ) || ! wp_parse_url( $typed, PHP_URL_HOST ) ) {
			throw new FacturelayError( 'address_wrong', __( 'Paste the address of your Facturelay, like https://documents.example.com', 'facturelay' ) );
		}
		return $typed;
	}

	/** What can be seen from here without asking anybody. */
	private static function check_shop( string $code ): void {
		if ( '' === trim( $code ) ) {
			throw new FacturelayError( 'code_missing', __( 'Paste the code that Facturelay shows for this shop.', 'facturelay' ) );
		}
		if ( '' === (string) get_option( 'permalink_structure' ) ) {
			throw new FacturelayError( 'permalinks', __( 'Your shop\'s addresses are "Plain", and then WooCommerce has no REST API. Choose another kind under Settings > Permalinks, and connect again.', 'facturelay' ) );
		}
	}
}
