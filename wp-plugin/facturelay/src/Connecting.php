<?php

declare(strict_types=1);

namespace Facturelay;

use Facturelay\Holds\Ledger;
use Facturelay\Holds\Releasing;
use WC_Webhook;

defined( 'ABSPATH' ) || exit;

/** Makes the connection: a REST key, four webhooks and the secrets, in one go; and takes it all back. */
final class Connecting {

	private const TOPICS = array( 'order.created', 'order.updated', 'order.deleted', 'order.restored' );
	// Trying the keys takes Facturelay a second or two.
	private const PATIENCE = 8;

	private string $version;

	public function __construct( string $version ) {
		$this->version = $version;
	}

	/**
	 * Connect with a code, in place of an earlier connection.
	 *
	 * @throws Failure With what to do; nothing is left behind then.
	 */
	public function connect( string $address, string $code, bool $allow_private ): Connection {
		$address = self::address( $address );
		$this->check_shop( $code );
		$private = $allow_private ? PrivateAddress::of( $address ) : '';
		PrivateAddress::try_out( $private );
		Schema::make();
		$before = Connection::load();
		$key    = $this->make_key();
		$kept   = array(
			'bridge'  => $address,
			'private' => $private,
			'site'    => Connection::home(),
			'secret'  => bin2hex( random_bytes( 32 ) ),
			'key'     => $key['id'],
		);
		$secret = bin2hex( random_bytes( 25 ) );
		try {
			$answer = ( new Bridge( $address ) )->post(
				'/plugin/connect',
				array(
					'site'           => $kept['site'],
					'version'        => $this->version,
					'rest_key'       => $key['key'],
					'rest_secret'    => $key['secret'],
					'webhook_secret' => $secret,
					'plugin_secret'  => $kept['secret'],
				),
				Signature::from_code( $code, 'sign' ),
				array( 'X-Facturelay-Invite' => Signature::from_code( $code, 'find' ) )
			);
		} catch ( Failure $failure ) {
			self::delete_key( $key['id'] );
			throw $failure;
		}
		self::delete_webhooks( $before );
		self::delete_key( $before->key_id() );
		$kept['shop']     = (string) ( $answer['shop'] ?? '' );
		$kept['name']     = (string) ( $answer['name'] ?? '' );
		$kept['webhooks'] = $this->make_webhooks( (string) ( $answer['delivery_url'] ?? '' ), $secret );
		$connection       = Connection::save( $kept );
		( new Heartbeat( $this->version ) )->schedule();
		return $connection;
	}

	/**
	 * How trying the keys went: state (waiting, done or failed), code and sentence.
	 *
	 * @return array{state: string, code: string, sentence: string}
	 * @throws Failure
	 */
	public function check( bool $again ): array {
		$connection = Connection::load();
		$answer     = array();
		for ( $second = 0; $second < self::PATIENCE; $second++ ) {
			$answer = ( new Bridge( $connection->bridge() ) )->ask( $connection, '/plugin/check', array( 'again' => $again && 0 === $second ) );
			if ( 'waiting' !== ( $answer['state'] ?? '' ) ) {
				break;
			}
			sleep( 1 );
		}
		$code = (string) ( $answer['code'] ?? '' );
		return array(
			'state'    => (string) ( $answer['state'] ?? 'waiting' ),
			'code'     => $code,
			'sentence' => Sentences::of( $code, (string) ( $answer['sentence'] ?? '' ) ),
		);
	}

	/** Take it all back. Held mails leave first, while we still know what they are. */
	public function disconnect(): void {
		$connection = Connection::load();
		if ( $connection->works() ) {
			self::let_everything_go();
			try {
				( new Bridge( $connection->bridge() ) )->ask( $connection, '/plugin/disconnect' );
			} catch ( Failure $failure ) {
				// Facturelay may be gone for good; it notices that the heartbeat has stopped.
				unset( $failure );
			}
		}
		// In a copy of the shop these are the copy's own rows.
		self::delete_webhooks( $connection );
		self::delete_key( $connection->key_id() );
		Heartbeat::unschedule();
		Heartbeat::forget();
		Connection::forget();
	}

	public static function let_everything_go(): void {
		( new Ledger() )->give_back_all();
		( new Releasing() )->release( 100 );
	}

	/** Webhooks and key act for the person who made them: when he may no longer, somebody else must. */
	public static function keep_owner( Connection $connection ): void {
		global $wpdb;
		$owner = (int) $wpdb->get_var( $wpdb->prepare( "SELECT user_id FROM {$wpdb->prefix}woocommerce_api_keys WHERE key_id = %d", $connection->key_id() ) );
		if ( 0 === $owner || user_can( $owner, 'manage_woocommerce' ) ) {
			return;
		}
		$others = get_users( array( 'role__in' => array( 'administrator', 'shop_manager' ), 'number' => 1, 'fields' => 'ID' ) );
		if ( array() === $others ) {
			return;
		}
		$wpdb->update( "{$wpdb->prefix}woocommerce_api_keys", array( 'user_id' => (int) $others[0] ), array( 'key_id' => $connection->key_id() ) );
		foreach ( $connection->webhooks() as $id ) {
			$webhook = wc_get_webhook( $id );
			if ( $webhook ) {
				$webhook->set_user_id( (int) $others[0] );
				$webhook->save();
			}
		}
	}

	public static function has_key( int $key_id ): bool {
		global $wpdb;
		return null !== $wpdb->get_var( $wpdb->prepare( "SELECT key_id FROM {$wpdb->prefix}woocommerce_api_keys WHERE key_id = %d", $key_id ) );
	}

	/** As people paste it: without https, with a slash at the end. */
	private static function address( string $typed ): string {
		$typed = untrailingslashit( trim( $typed ) );
		$typed = '' !== $typed && false === strpos( $typed, '://' ) ? "https://$typed" : $typed;
		if ( ! in_array( wp_parse_url( $typed, PHP_URL_SCHEME ), array( 'http', 'https' ), true ) || ! wp_parse_url( $typed, PHP_URL_HOST ) ) {
			throw new Failure( 'address_wrong', __( 'Paste the address of your Facturelay, like https://documents.example.com', 'facturelay' ) );
		}
		return $typed;
	}

	/** What can be seen from here without asking anybody. */
	private function check_shop( string $code ): void {
		if ( '' === trim( $code ) ) {
			throw new Failure( 'code_missing', __( 'Paste the code that Facturelay shows for this shop.', 'facturelay' ) );
		}
		if ( '' === (string) get_option( 'permalink_structure' ) ) {
			throw new Failure( 'permalinks', __( 'Your shop\'s addresses are "Plain", and then WooCommerce has no REST API. Choose another kind under Settings > Permalinks, and connect again.', 'facturelay' ) );
		}
	}

	/**
	 * WooCommerce has no function for this; its own settings page writes the same row.
	 *
	 * @return array{id: int, key: string, secret: string}
	 */
	private function make_key(): array {
		global $wpdb;
		$key    = 'ck_' . wc_rand_hash();
		$secret = 'cs_' . wc_rand_hash();
		$made   = $wpdb->insert(
			"{$wpdb->prefix}woocommerce_api_keys",
			array(
				'user_id'         => get_current_user_id(),
				'description'     => 'Facturelay',
				'permissions'     => 'read_write',
				'consumer_key'    => wc_api_hash( $key ),
				'consumer_secret' => $secret,
				'truncated_key'   => substr( $key, -7 ),
			)
		);
		if ( ! $made ) {
			throw new Failure( 'key_not_made', __( 'WooCommerce could not store a REST key. Your database may be full or read-only.', 'facturelay' ) );
		}
		return array(
			'id'     => (int) $wpdb->insert_id,
			'key'    => $key,
			'secret' => $secret,
		);
	}

	/** @return int[] */
	private function make_webhooks( string $url, string $secret ): array {
		$ids = array();
		foreach ( self::TOPICS as $topic ) {
			$webhook = new WC_Webhook();
			$webhook->set_name( "Facturelay: $topic" );
			$webhook->set_user_id( get_current_user_id() );
			$webhook->set_topic( $topic );
			$webhook->set_delivery_url( $url );
			$webhook->set_secret( $secret );
			$webhook->set_api_version( 'wp_api_v3' );
			$webhook->set_status( 'active' );
			$ids[] = (int) $webhook->save();
			// Not before the first save, where it has no effect: without it WooCommerce pings after each delivery.
			$webhook->set_pending_delivery( false );
			$webhook->save();
		}
		return $ids;
	}

	private static function delete_webhooks( Connection $connection ): void {
		foreach ( $connection->webhooks() as $id ) {
			$webhook = wc_get_webhook( $id );
			if ( $webhook ) {
				$webhook->delete( true );
			}
		}
	}

	private static function delete_key( int $key_id ): void {
		global $wpdb;
		if ( $key_id > 0 ) {
			$wpdb->delete( "{$wpdb->prefix}woocommerce_api_keys", array( 'key_id' => $key_id ) );
		}
	}
}
