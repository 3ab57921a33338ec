<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\FacturelayError;
use Facturelay\Http\BridgeClient;
use Facturelay\Http\Signature;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\MailRelease;

defined( 'ABSPATH' ) || exit;

// A message is escaped where it is shown, once (FlashNotice).
// phpcs:disable WordPress.Security.EscapeOutput.ExceptionNotEscaped

/** Connects, reconnects, checks, repairs and disconnects: the REST key, its user, the four webhooks and the secrets go together. */
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
		$person  = self::require_person( get_current_user_id() );
		$address = self::normalize_address( $address );
		self::check_prerequisites( $code );
		if ( $allow_private && ! PrivateAddress::may_be_allowed() ) {
			throw new FacturelayError( 'private_refused', PrivateAddress::refusal() );
		}
		$private = $allow_private ? PrivateAddress::host_and_port( $address ) : '';
		PrivateAddress::allow_for_this_request( $private );
		Schema::create_tables();
		$before       = Connection::load();
		$data         = array(
			'bridge'  => $address,
			'private' => $private,
			'site'    => Connection::site_hash(),
			'person'  => $person,
			'secret'  => bin2hex( random_bytes( 32 ) ),
		);
		$send_secrets = function ( array $secrets ) use ( $address, $code, $data ): array {
			return ( new BridgeClient( $address ) )->post(
				'/plugin/connect',
				$secrets + array(
					'site'          => Connection::home_url(),
					'version'       => $this->version,
					'facts'         => ShopFacts::collect(),
					'plugin_secret' => $data['secret'],
				),
				Signature::from_invite_code( $code, 'sign' ),
				array( 'X-Facturelay-Invite' => Signature::from_invite_code( $code, 'find' ) )
			);
		};
		return $this->replace_credentials( $data, $before, $send_secrets );
	}

	/**
	 * Replace the REST key and the webhooks of the connection. No code is needed: the request is signed with its secret. They are
	 * given by the same person as before; where that one may no longer, by whoever is signed in. Where that one may not install plugins,
	 * whoever $presses and may vouches from now on for what this Facturelay offers.
	 *
	 * @param int $presses the person who asked for it; 0 where it is done by itself
	 * @throws FacturelayError Nothing has changed then; where the answer was lost alone, the next heartbeat finds out and renews once more.
	 */
	public function renew( int $presses = 0 ): Connection {
		$connection   = Connection::load();
		$before       = $connection->person_id();
		$vouches      = user_can( $presses, 'update_plugins' ) && ! user_can( $before, 'update_plugins' );
		$person       = ServiceAccount::may_be_lent_by( $before ) && ! $vouches ? $before : self::require_person( get_current_user_id() );
		$send_secrets = static fn ( array $secrets ): array => ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/renew', $secrets );
		return $this->replace_credentials( array( 'person' => $person ) + $connection->to_array(), $connection, $send_secrets );
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
		if ( ! RestKeys::exists( $connection->rest_key_id() ) ) {
			// Facturelay can only guess: it is refused, as by a firewall.
			throw self::key_deleted();
		}
		if ( $again ) {
			// Of a shop that just moved Facturelay has no key any more, and would blame a firewall: the answer to this brings another.
			( new Heartbeat( $this->version ) )->send();
			$connection = Connection::load();
		}
		for ( $second = 0; $second < self::MAX_POLLS; $second++ ) {
			$response = ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/check', array( 'again' => $again && 0 === $second ) );
			if ( 'waiting' !== ( $response['state'] ?? '' ) ) {
				break;
			}
			sleep( 1 );
		}
		return array(
			'state'   => (string) ( $response['state'] ?? 'waiting' ),
			'code'    => (string) ( $response['code'] ?? '' ),
			'message' => (string) ( $response['message'] ?? '' ),
		);
	}

	/**
	 * The shop itself moved to where this site is: the plugin works here from now on. Facturelay goes along once its owner says so there too.
	 */
	public function move(): void {
		Connection::save( array( 'site' => Connection::site_hash() ) + Connection::load()->to_array() );
		( new Heartbeat( $this->version ) )->schedule();
		( new Heartbeat( $this->version ) )->send();
	}

	/** Delete the connection on both sides. Held mails are sent first, while their rows are still used. */
	public function disconnect(): void {
		$connection = Connection::load();
		if ( $connection->is_active() ) {
			( new MailRelease() )->release_all( static fn ( array $own_mails ): ?array => self::tell_disconnect( $connection, $own_mails ) );
		}
		// In a copy of the shop these rows are the copy's own: the connected shop keeps its webhooks and key.
		Webhooks::delete( $connection );
		RestKeys::delete( $connection->rest_key_id() );
		ServiceAccount::delete();
		Heartbeat::unschedule();
		Heartbeat::delete_last_response();
		Connection::delete();
	}

	/**
	 * @param array<int, array<string, mixed>> $own_mails as HeldMails::own_mails() has them
	 * @return ?array<int, mixed> the mail groups that Facturelay has mailed or is mailing; null where it does not answer
	 */
	private static function tell_disconnect( Connection $connection, array $own_mails ): ?array {
		try {
			$answer = ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/disconnect', array( 'own_mails' => $own_mails ) );
			return (array) ( $answer['mailing'] ?? array() );
		} catch ( FacturelayError $error ) {
			// Facturelay may be gone for good; otherwise it notices that the heartbeat has stopped.
			return null;
		}
	}

	/**
	 * Make missing webhooks anew. Where the person who gave the access may no longer manage the shop, or is gone, it ends: nobody
	 * else's rights are taken for it until somebody presses Reconnect. A REST key that somebody deleted stays deleted likewise.
	 *
	 * @throws FacturelayError Also where the access has ended: no heartbeat then, and so no mail is held for documents that do not come.
	 */
	public function repair(): void {
		$connection = Connection::load();
		if ( ! ServiceAccount::may_be_lent_by( $connection->person_id() ) ) {
			Webhooks::delete( $connection );
			RestKeys::delete( $connection->rest_key_id() );
			throw self::access_ended( $connection );
		}
		if ( RestKeys::exists( $connection->rest_key_id() ) && array() !== Webhooks::missing_topics( $connection ) ) {
			$this->renew();
		}
		Webhooks::delete_duplicates( Connection::load() );
	}

	/**
	 * Create a REST key and webhooks, send the new secrets to Facturelay, and delete those of $before.
	 *
	 * @param array<string, mixed>                                  $data the stored connection, without the key
	 * @param callable(array<string, string>): array<string, mixed> $send_secrets calls Facturelay, returns its answer
	 * @throws FacturelayError Nothing has changed then.
	 */
	private function replace_credentials( array $data, Connection $before, callable $send_secrets ): Connection {
		$owner          = ServiceAccount::create();
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
			if ( ! $before->exists() ) {
				ServiceAccount::delete();
			}
			throw $error;
		}
		Webhooks::delete( $before );
		RestKeys::delete( $before->rest_key_id() );
		$new = array( 'key' => $key['id'] );
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

	/** What is told while nobody who may vouches for the access. With the address: it may be the one of whoever was let go. */
	public static function access_ended( Connection $connection ): FacturelayError {
		/* translators: %s: address of a Facturelay */
		$message = __( 'Whoever connected this shop to %s may no longer manage it, so that Facturelay’s access to your orders was ended. If this address is yours and it should go on, press “Reconnect”; otherwise “Disconnect”.', 'facturelay' );
		return new FacturelayError( 'access_ended', sprintf( $message, $connection->bridge_url() ) );
	}

	/** What is told once somebody revoked the key in WooCommerce. */
	public static function key_deleted(): FacturelayError {
		return new FacturelayError( 'key_deleted', __( 'The key with which Facturelay reads your orders was deleted in WooCommerce, so documents are no longer complete. Press “Reconnect” to make a new one.', 'facturelay' ) );
	}

	/** @throws FacturelayError */
	private static function require_person( int $person_id ): int {
		if ( ! ServiceAccount::may_be_lent_by( $person_id ) ) {
			throw new FacturelayError( 'person_refused', __( 'You may not give Facturelay access to all orders, as you do not have it yourself. Ask an administrator or shop manager to do it.', 'facturelay' ) );
		}
		return $person_id;
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
			throw new FacturelayError( 'permalinks', __( 'Your shop’s addresses are “Plain”, and then Facturelay cannot read its orders. Choose another kind under Settings > Permalinks, and connect again.', 'facturelay' ) );
		}
	}
}
