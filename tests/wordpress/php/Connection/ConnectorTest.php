<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\Connector;
use Facturelay\Connection\RestKeys;
use Facturelay\FacturelayError;
use Facturelay\Lifecycle\Schema;

/** What a connection makes in the shop, what becomes of it when people come and go, and that nothing of it stays behind. */
final class ConnectorTest extends WordPressTestCase {

	private const SHOP = 'f3ac92be105738a8b0572d6b';
	private const URL  = 'https://documents.example.com/webhooks/' . self::SHOP;

	/** @var array<string, array<string, mixed>> the last request that Facturelay received, by route */
	private array $received = array();
	private int $owner  = 0;
	private int $status = 200;

	protected function setUp(): void {
		global $wpdb;
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		$wpdb->query( "CREATE TEMPORARY TABLE IF NOT EXISTS {$wpdb->prefix}woocommerce_api_keys (key_id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, description TEXT, permissions TEXT, consumer_key TEXT, consumer_secret TEXT, truncated_key TEXT)" );
		parent::setUp();
		WC_Webhook::$stored = array();
		foreach ( array( 'administrator', 'shop_manager' ) as $role ) {
			add_role( $role, $role );
			get_role( $role )->add_cap( 'manage_woocommerce' );
		}
		$this->owner = $this->somebody( 'administrator' );
		wp_set_current_user( $this->owner );
		update_option( 'permalink_structure', '/%postname%/' );
		add_filter( 'pre_http_request', array( $this, 'answer' ), 10, 3 );
	}

	protected function tearDown(): void {
		global $wpdb;
		$wpdb->query( "DELETE FROM {$wpdb->prefix}woocommerce_api_keys" );
		parent::tearDown();
	}

	public function test_connecting_makes_one_key_and_four_webhooks(): void {
		$this->connect();

		$this->assertSame( array( 'order.created', 'order.deleted', 'order.restored', 'order.updated' ), $this->topics() );
		$this->assertSame( array( self::URL ), $this->all( 'delivery_url' ) );
		$this->assertSame( array( $this->owner ), $this->all( 'user_id' ) );
		$this->assertSame( 1, $this->keys() );
		$this->assertMatchesRegularExpression( '/^ck_[0-9a-f]{40}$/', $this->received['/plugin/connect']['rest_key'] );
		$this->assertSame( array( $this->received['/plugin/connect']['webhook_secret'] ), $this->all( 'secret' ) );
		$this->assertMatchesRegularExpression( '/^[0-9a-f]{50}$/', $this->received['/plugin/connect']['webhook_secret'] );
	}

	public function test_a_refused_connection_leaves_nothing(): void {
		$this->status = 401;
		try {
			$this->connect();
			$this->fail( 'it was refused' );
		} catch ( FacturelayError $error ) {
			$this->assertSame( 'code_wrong', $error->error_code() );
		}

		$this->assertSame( array( 0, array(), false ), array( $this->keys(), $this->topics(), Connection::load()->exists() ) );
	}

	public function test_disconnecting_leaves_only_what_is_not_ours_even_of_what_facturelay_made(): void {
		$this->connect();
		$this->webhook( self::URL, 'order.updated' );
		$this->webhook( 'https://somebody.example/webhooks/else', 'order.updated' );

		( new Connector( '1' ) )->disconnect();

		$this->assertSame( array( 'https://somebody.example/webhooks/else' ), $this->all( 'delivery_url' ) );
		$this->assertSame( array( 0, false ), array( $this->keys(), Connection::load()->exists() ) );
	}

	public function test_reconnecting_makes_all_anew_without_a_code(): void {
		$before = $this->connect();

		( new Connector( '1' ) )->renew();

		$this->assertSame( array( 1, 4 ), array( $this->keys(), count( WC_Webhook::$stored ) ) );
		$this->assertNotSame( $before->rest_key_id(), Connection::load()->rest_key_id() );
		$this->assertSame( $before->secret(), Connection::load()->secret() );
		$this->assertSame( array( $this->received['/plugin/renew']['webhook_secret'] ), $this->all( 'secret' ) );
	}

	public function test_a_reconnection_that_fails_changes_nothing(): void {
		$before       = $this->connect();
		$this->status = 401;
		try {
			( new Connector( '1' ) )->renew();
			$this->fail( 'it was refused' );
		} catch ( FacturelayError $error ) {
			$this->assertSame( $before->to_array(), Connection::load()->to_array() );
		}

		$this->assertSame( array( 1, 4 ), array( $this->keys(), count( WC_Webhook::$stored ) ) );
	}

	public function test_who_may_no_longer_hands_over_to_somebody_who_may(): void {
		$other      = $this->somebody( 'shop_manager' );
		$connection = $this->connect();
		get_userdata( $this->owner )->set_role( 'subscriber' );
		// The installation's own administrator stands before the manager; he may not either.
		foreach ( get_users( array( 'role' => 'administrator' ) ) as $administrator ) {
			$administrator->set_role( 'subscriber' );
		}
		wp_set_current_user( 0 );

		( new Connector( '1' ) )->repair();

		$this->assertSame( $other, RestKeys::owner_id( $connection->rest_key_id() ) );
		$this->assertSame( array( $other ), $this->all( 'user_id' ) );
	}

	public function test_who_was_deleted_took_the_key_along_and_a_new_one_is_made(): void {
		$connection = $this->connect();
		RestKeys::delete( $connection->rest_key_id() );
		require_once ABSPATH . 'wp-admin/includes/user.php';
		wp_delete_user( $this->owner );
		wp_set_current_user( 0 );

		( new Connector( '1' ) )->repair();

		$this->assertSame( 1, $this->keys() );
		$this->assertArrayHasKey( '/plugin/renew', $this->received );
	}

	public function test_a_key_that_a_person_deleted_comes_back_only_when_a_person_says_so(): void {
		$connection = $this->connect();
		RestKeys::delete( $connection->rest_key_id() );

		( new Connector( '1' ) )->repair();

		$this->assertSame( array( 0, false ), array( $this->keys(), isset( $this->received['/plugin/renew'] ) ) );
	}

	public function test_a_webhook_that_woocommerce_switched_off_is_made_anew(): void {
		$this->connect();
		reset( WC_Webhook::$stored );
		current( WC_Webhook::$stored )->set_status( 'disabled' );

		( new Connector( '1' ) )->repair();

		$this->assertSame( array( 'active' ), $this->all( 'status' ) );
		$this->assertCount( 4, WC_Webhook::$stored );
	}

	public function test_a_second_webhook_of_a_topic_goes(): void {
		$this->connect();
		$this->webhook( self::URL, 'order.updated' );
		$this->webhook( 'https://somebody.example/webhooks/else', 'order.updated' );

		( new Connector( '1' ) )->repair();

		$this->assertSame( array( 'order.created', 'order.deleted', 'order.restored', 'order.updated', 'order.updated' ), $this->topics() );
		$this->assertSame( array( self::URL, 'https://somebody.example/webhooks/else' ), $this->all( 'delivery_url' ) );
	}

	public function test_where_all_is_well_nobody_is_asked_anything(): void {
		$this->connect();
		$this->received = array();

		( new Connector( '1' ) )->repair();

		$this->assertSame( array(), $this->received );
	}

	/** @return array<string, mixed> Facturelay's response */
	public function answer( $nothing, array $request, string $url ): array {
		$route = (string) wp_parse_url( $url, PHP_URL_PATH );
		$body  = array( 'error' => 'code_wrong' );
		if ( 200 === $this->status ) {
			$this->received[ $route ] = json_decode( $request['body'], true );
			$body                 = array( 'delivery_url' => self::URL ) + ( '/plugin/connect' === $route ? array( 'shop' => self::SHOP, 'name' => 'Bakkerij' ) : array() );
		}
		return array(
			'response' => array( 'code' => $this->status ),
			'headers'  => array(),
			'body'     => (string) wp_json_encode( $body ),
		);
	}

	private function connect(): Connection {
		return ( new Connector( '1' ) )->connect( 'https://documents.example.com', 'ABCDE-FGHJK-MNPQR-STVWX', false );
	}

	private function somebody( string $role ): int {
		return (int) wp_insert_user( array( 'user_login' => uniqid( $role ), 'user_pass' => 'x', 'role' => $role ) );
	}

	private function webhook( string $url, string $topic ): void {
		$webhook = new WC_Webhook();
		$webhook->set_delivery_url( $url );
		$webhook->set_topic( $topic );
		$webhook->set_status( 'active' );
		$webhook->save();
	}

	private function keys(): int {
		global $wpdb;
		return (int) $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->prefix}woocommerce_api_keys" );
	}

	/** @return string[] */
	private function topics(): array {
		$topics = array_map( static fn ( WC_Webhook $webhook ): string => $webhook->get_topic(), array_values( WC_Webhook::$stored ) );
		sort( $topics );
		return $topics;
	}

	/** @return mixed[] the different values of all webhooks */
	private function all( string $what ): array {
		$get = "get_$what";
		return array_values( array_unique( array_map( static fn ( WC_Webhook $webhook ) => $webhook->$get(), WC_Webhook::$stored ) ) );
	}
}
