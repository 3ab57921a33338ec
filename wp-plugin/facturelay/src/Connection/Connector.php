<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\FacturelayError;
use Facturelay\Http\BridgeClient;
use Facturelay\Http\BridgeMessages;
use Facturelay\Http\Signature;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\MailRelease;

defined( 'ABSPATH' ) || exit;

/** Connects, reconnects, checks, repairs and disconnects: the REST key, the four webhooks and the secrets go together. */
final class Connector {

	// One a second: Facturelay needs a second or two to try the REST key.
	private const MAX_POLLS = 8;

	private string $version;

	public function __construct( string $version ) {
		$this->version = $version;
	}

	/**
	 * Connect with an invite code; an earlier connection is replaced.
	 *
	 * @throws FacturelayError Nothing is left behind then.
	 */
	public function connect( string $address, string $code, bool $allow_private ): Connection {
		$address = self::normalize_address( $address );
		self::check_prerequisites( $code );
		$private = $allow_private ? PrivateAddress::host_and_port( $address ) : '';
		PrivateAddress::allow_for_this_request( $private );
		Schema::create_tables();
		$before       = Connection::load();
		$data         = array(
			'bridge'  => $address,
			'private' => $private,
			'site'    => Connection::home_url(),
			'secret'  => bin2hex( random_bytes( 32 ) ),
		);
		$send_secrets = function ( array $secrets ) use ( $address, $code, $data ): array {
			return ( new BridgeClient( $address ) )->post(
				'/plugin/connect',
				$secrets + array(
					'site'          => $data['site'],
					'version'       => $this->version,
					'plugin_secret' => $data['secret'],
				),
				Signature::from_invite_code( $code, 'sign' ),
				array( 'X-Facturelay-Invite' => Signature::from_invite_code( $code, 'find' ) )
			);
		};
		return $this->replace_credentials( $data, $before, $send_secrets );
	}

	/**
	 * Replace the REST key and the webhooks of the connection. No code is needed: the request is signed with its secret.
	 *
	 * @throws FacturelayError Nothing has changed then.
	 */
	public function renew(): Connection {
		$connection   = Connection::load();
		$send_secrets = static fn ( array $secrets ): array => ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/renew', $secrets );
		return $this->replace_credentials( $connection->to_array(), $connection, $send_secrets );
	}

	/**
	 * How Facturelay's last try of the REST key went: state is waiting, done or failed. Waits up to MAX_POLLS seconds.
	 *
	 * @param bool $again true to have the key tried once more
	 * @return array{state: string, code: string, message: string}
	 * @throws FacturelayError
	 */
	public function check( bool $again ): array {
		$connection = Connection::load();
		$response   = array();
		for ( $second = 0; $second < self::MAX_POLLS; $second++ ) {
			$response = ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/check', array( 'again' => $again && 0 === $second ) );
			if ( 'waiting' !== ( $response['state'] ?? '' ) ) {
				break;
			}
			sleep( 1 );
		}
		$code = (string) ( $response['code'] ?? '' );
		return array(
			'state'   => (string) ( $response['state'] ?? 'waiting' ),
			'code'    => $code,
			'message' => BridgeMessages::for_code( $code, (string) ( $response['message'] ?? '' ) ),
		);
	}

	/** Delete the connection on both sides. Held mails are sent first, while their rows are still used. */
	public function disconnect(): void {
		$connection = Connection::load();
		if ( $connection->is_active() ) {
			( new MailRelease() )->release_all();
			try {
				( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/disconnect' );
			} catch ( FacturelayError $error ) {
				// Facturelay may be gone for good; otherwise it notices that the heartbeat has stopped.
				unset( $error );
			}
		}
		// In a copy of the shop these rows are the copy's own: the connected shop keeps its webhooks and key.
		Webhooks::delete( $connection );
		RestKeys::delete( $connection->rest_key_id() );
		Heartbeat::unschedule();
		Heartbeat::delete_last_response();
		Connection::delete();
	}

	/**
	 * Make missing webhooks anew, and give key and webhooks to another user where their owner may no longer manage the shop.
	 * A REST key that somebody deleted stays deleted until somebody presses Reconnect.
	 *
	 * @throws FacturelayError
	 */
	public function repair(): void {
		$connection = Connection::load();
		$owner      = RestKeys::owner_id( $connection->rest_key_id() );
		$may_manage = 0 !== $owner && user_can( $owner, 'manage_woocommerce' );
		if ( 0 !== $owner && ! $may_manage ) {
			$this->change_owner( $connection );
		}
		// WordPress deletes a user's REST keys with the user.
		$was_deleted = 0 === $owner && ! get_userdata( $connection->owner_id() );
		if ( 0 !== RestKeys::find_owner() && ( $was_deleted || ( 0 !== $owner && array() !== Webhooks::missing_topics( $connection ) ) ) ) {
			$this->renew();
		}
		Webhooks::delete_duplicates( Connection::load() );
	}

	/**
	 * Create a REST key and webhooks, send the new secrets to Facturelay, and delete those of $before.
	 *
	 * @param array<string, mixed>                                  $data the stored connection, without key and owner
	 * @param callable(array<string, string>): array<string, mixed> $send_secrets calls Facturelay, returns its answer
	 * @throws FacturelayError Nothing has changed then.
	 */
	private function replace_credentials( array $data, Connection $before, callable $send_secrets ): Connection {
		$owner          = RestKeys::find_owner();
		$key            = RestKeys::create( $owner );
		$webhook_secret = bin2hex( random_bytes( 25 ) );
		try {
			$response = $send_secrets(
				array(
					'rest_key'       => $key['key'],
					'rest_secret'    => $key['secret'],
					'webhook_secret' => $webhook_secret,
				)
			);
		} catch ( FacturelayError $error ) {
			RestKeys::delete( $key['id'] );
			throw $error;
		}
		Webhooks::delete( $before );
		RestKeys::delete( $before->rest_key_id() );
		$new = array(
			'key'   => $key['id'],
			'owner' => $owner,
		);
		foreach ( array( 'shop', 'name' ) as $field ) {
			if ( isset( $response[ $field ] ) ) {
				$new[ $field ] = (string) $response[ $field ];
			}
		}
		$connection = Connection::save( $new + $data );
		Webhooks::create( (string) ( $response['delivery_url'] ?? '' ), $webhook_secret, $owner );
		( new Heartbeat( $this->version ) )->schedule();
		return $connection;
	}

	private function change_owner( Connection $connection ): void {
		$new_owner = RestKeys::find_owner();
		if ( 0 === $new_owner ) {
			return;
		}
		RestKeys::change_owner( $connection->rest_key_id(), $new_owner );
		Webhooks::change_owner( $connection, $new_owner );
		Connection::save( array( 'owner' => $new_owner ) + $connection->to_array() );
	}

	/** Adds a missing https:// and drops the slash at the end. */
	private static function normalize_address( string $address ): string {
		$address = untrailingslashit( trim( $address ) );
		$address = '' !== $address && false === strpos( $address, '://' ) ? "https://$address" : $address;
		if ( ! in_array( wp_parse_url( $address, PHP_URL_SCHEME ), array( 'http', 'https' ), true ) || ! wp_parse_url( $address, PHP_URL_HOST ) ) {
			throw new FacturelayError( 'address_wrong', __( 'Paste the address of your Facturelay, like https://documents.example.com', 'facturelay' ) );
		}
		return $address;
	}

	/** Refuse what cannot work, before anything is sent. */
	private static function check_prerequisites( string $code ): void {
		if ( '' === trim( $code ) ) {
			throw new FacturelayError( 'code_missing', __( 'Paste the code that Facturelay shows for this shop.', 'facturelay' ) );
		}
		if ( '' === (string) get_option( 'permalink_structure' ) ) {
			throw new FacturelayError( 'permalinks', __( 'Your shop\'s addresses are "Plain", and then Facturelay cannot read its orders. Choose another kind under Settings > Permalinks, and connect again.', 'facturelay' ) );
		}
	}
}
