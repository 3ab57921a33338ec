<?php

declare(strict_types=1);

use Facturelay\Admin\SettingsTab;
use Facturelay\Connection\Connection;
use Facturelay\Connection\Connector;
use Facturelay\Connection\RestKeys;
use Facturelay\Connection\Heartbeat;
use Facturelay\Connection\ServiceAccount;
use Facturelay\FacturelayError;
use Facturelay\Lifecycle\Schema;
use PHPUnit\Framework\Attributes\DataProvider;

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
		WC()->payment_gateways = array();
		$this->add_shop_roles();
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
		$this->assertSame( array( ServiceAccount::find() ), $this->all( 'user_id' ) );
		$this->assertSame( array( ServiceAccount::find() ), $this->key_users() );
		$this->assertMatchesRegularExpression( '/^ck_[0-9a-f]{40}$/', $this->received['/plugin/connect']['rest_key'] );
		$this->assertSame( array( $this->received['/plugin/connect']['webhook_secret'] ), $this->all( 'secret' ) );
		$this->assertMatchesRegularExpression( '/^[0-9a-f]{50}$/', $this->received['/plugin/connect']['webhook_secret'] );
	}

	public function test_what_the_shop_knows_of_itself_is_told_once_and_nothing_of_its_customers(): void {
		$known = array(
			'blogname'                        => 'Bakkerij &amp; Zoon',
			'woocommerce_store_address'       => 'Koestraat 41',
			'woocommerce_store_address_2'     => 'bus 2',
			'woocommerce_store_postcode'      => '9000',
			'woocommerce_store_city'          => 'Gent',
			'woocommerce_default_country'     => 'DE:DE-BY',
			'woocommerce_email_from_address'  => 'winkel@shop.example',
			'woocommerce_bacs_accounts'       => array( array( 'iban' => 'BE71 0961 2345 6769', 'bic' => '' ) ),
			'woocommerce_currency'            => 'EUR',
			'woocommerce_calc_taxes'          => 'yes',
			'woocommerce_prices_include_tax'  => 'no',
			'wpo_wcpdf_settings_general'      => array( 'vat_number' => array( 'default' => ' BE0445566134 ' ), 'shop_name' => 'Bakkerij Janssens BV' ),
			'timezone_string'                 => 'Europe/Amsterdam',
		);
		foreach ( $known as $option => $value ) {
			update_option( $option, $value );
		}
		WC()->payment_gateways = array( $this->gateway( 'bacs', '<b>Overschrijving</b>' ), $this->gateway( 'cod', 'Contant', 'no' ) );
		add_filter( 'wc_order_statuses', static fn ( array $known ): array => $known + array( 'wc-klaar-gezet' => '<i>Klaargezet</i>' ) );

		$this->connect();

		$this->assertEquals(
			array(
				'seller.name'             => 'Bakkerij Janssens BV',
				'seller.vat_number'       => 'BE0445566134',
				'seller.email'            => 'winkel@shop.example',
				'seller.website'          => Connection::home_url(),
				'seller.address.street'   => 'Koestraat 41 bus 2',
				'seller.address.postcode' => '9000',
				'seller.address.city'     => 'Gent',
				'seller.address.country'  => 'DE',
				'seller.iban'             => 'BE71 0961 2345 6769',
				'zone'                    => 'Europe/Amsterdam',
				'currency'                => 'EUR',
				'languages'               => array( 'en_US' ),
				'charges_vat'             => true,
				'prices_with_vat'         => false,
				'payment_methods'         => array( array( 'id' => 'bacs', 'title' => 'Overschrijving' ) ),
				'order_statuses'          => array( array( 'id' => 'completed', 'title' => 'Afgerond' ), array( 'id' => 'klaar-gezet', 'title' => 'Klaargezet' ) ),
			),
			$this->received['/plugin/connect']['facts']
		);
	}

	public function test_a_plugin_that_fails_while_it_adds_statuses_stops_no_connection(): void {
		add_filter(
			'wc_order_statuses',
			static function (): array {
				throw new \RuntimeException( 'broken' );
			}
		);

		$this->connect();

		$this->assertTrue( Connection::load()->exists() );
		$this->assertArrayNotHasKey( 'order_statuses', $this->received['/plugin/connect']['facts'] );
	}

	public function test_a_payment_plugin_that_fails_stops_no_connection(): void {
		WC()->payment_gateways = array( (object) array( 'id' => 'broken', 'enabled' => 'yes' ) );
		delete_option( 'wpo_wcpdf_settings_general' );
		update_option( 'blogname', 'Bakkerij &amp; Zoon' );

		$this->connect();

		$this->assertTrue( Connection::load()->exists() );
		$this->assertSame( 'Bakkerij & Zoon', $this->received['/plugin/connect']['facts']['seller.name'] );
		$this->assertArrayNotHasKey( 'payment_methods', $this->received['/plugin/connect']['facts'] );
	}

	private function gateway( string $id, string $title, string $enabled = 'yes' ): object {
		return new class( $id, $title, $enabled ) {
			public string $id;
			public string $enabled;
			private string $title;

			public function __construct( string $id, string $title, string $enabled ) {
				$this->id      = $id;
				$this->title   = $title;
				$this->enabled = $enabled;
			}

			public function get_title(): string {
				return $this->title;
			}
		};
	}

	public function test_a_refused_connection_leaves_nothing(): void {
		$this->status = 401;
		try {
			$this->connect();
			$this->fail( 'it was refused' );
		} catch ( FacturelayError $error ) {
			$this->assertSame( 'code_wrong', $error->error_code() );
		}

		$this->assertSame( array( 0, array(), false, 0, null ), array( $this->keys(), $this->topics(), Connection::load()->exists(), ServiceAccount::find(), get_role( 'facturelay' ) ) );
	}

	public function test_disconnecting_leaves_only_what_is_not_ours_even_of_what_facturelay_made(): void {
		$this->connect();
		$this->webhook( self::URL, 'order.updated' );
		$this->webhook( 'https://somebody.example/webhooks/else', 'order.updated' );

		( new Connector( '1' ) )->disconnect();

		$this->assertSame( array( 'https://somebody.example/webhooks/else' ), $this->all( 'delivery_url' ) );
		$this->assertSame( array( 0, false, 0, null ), array( $this->keys(), Connection::load()->exists(), ServiceAccount::find(), get_role( 'facturelay' ) ) );
	}

	public function test_disconnecting_needs_no_answer(): void {
		$this->connect();
		$this->status = 503;

		( new Connector( '1' ) )->disconnect();

		$this->assertSame( array( 0, false, 0 ), array( $this->keys(), Connection::load()->exists(), ServiceAccount::find() ) );
	}

	/** @dataProvider everybody */
	#[DataProvider( 'everybody' )]
	public function test_the_key_has_the_same_few_rights_whoever_connects( string $role ): void {
		wp_set_current_user( $this->somebody( $role ) );
		$this->connect();

		$this->assertSame( array( ServiceAccount::find() ), $this->key_users() );
		$this->assertSame( array( 'publish_shop_orders', 'read_private_products', 'read_private_shop_orders' ), $this->rights_of( ServiceAccount::find() ) );
	}

	/** @return array<string, array{0: string}> */
	public static function everybody(): array {
		return array( 'administrator' => array( 'administrator' ), 'manager' => array( 'shop_manager' ) );
	}

	public function test_renewing_by_itself_never_gives_more_rights_to_a_shop_that_a_manager_connected(): void {
		$manager = $this->somebody( 'shop_manager' );
		wp_set_current_user( $manager );
		$this->connect();
		reset( WC_Webhook::$stored );
		current( WC_Webhook::$stored )->delete( true );
		wp_set_current_user( 0 );

		( new Connector( '1' ) )->repair();

		$this->assertArrayHasKey( '/plugin/renew', $this->received );
		$this->assertSame( array( ServiceAccount::find() ), $this->key_users() );
		$this->assertSame( array( ServiceAccount::find() ), $this->all( 'user_id' ) );
		$this->assertFalse( user_can( ServiceAccount::find(), 'manage_woocommerce' ) );
		$this->assertSame( $manager, Connection::load()->person_id() );
	}

	public function test_whoever_may_install_plugins_and_presses_reconnect_vouches_for_a_shop_that_a_manager_connected(): void {
		$manager = $this->somebody( 'shop_manager' );
		wp_set_current_user( $manager );
		$this->connect();
		$other = $this->somebody( 'shop_manager' );
		wp_set_current_user( $other );
		( new Connector( '1' ) )->renew( $other );
		$by_a_manager = Connection::load()->person_id();
		$administrator = $this->somebody( 'administrator' );
		wp_set_current_user( $administrator );
		// A page that an administrator looks at renews by itself what is missing.
		( new Connector( '1' ) )->renew();
		$by_itself = Connection::load()->person_id();

		( new Connector( '1' ) )->renew( $administrator );

		$this->assertSame( array( $manager, $manager, $administrator ), array( $by_a_manager, $by_itself, Connection::load()->person_id() ) );
	}

	public function test_who_has_fewer_rights_than_the_key_cannot_make_one(): void {
		add_role( 'packer', 'packer', array( 'manage_woocommerce' => true, 'read_private_products' => true ) );
		foreach ( array( 'packer', 'subscriber' ) as $role ) {
			wp_set_current_user( $this->somebody( $role ) );
			$this->assertSame( 'person_refused', $this->refusal( fn () => $this->connect() ) );
		}
		$this->assertSame( array( 0, array(), 0 ), array( $this->keys(), $this->received, ServiceAccount::find() ) );
	}

	public function test_only_an_administrator_lets_the_shop_call_a_private_network(): void {
		wp_set_current_user( $this->somebody( 'shop_manager' ) );

		$this->assertSame( 'private_refused', $this->refusal( fn () => ( new Connector( '1' ) )->connect( 'http://127.0.0.1:8395', 'ABCDE', true ) ) );
		$this->assertSame( array(), $this->received );
	}

	public function test_a_customer_with_the_name_of_our_user_is_left_alone(): void {
		$customer = (int) wp_insert_user( array( 'user_login' => 'facturelay', 'user_pass' => 'x', 'role' => 'subscriber' ) );
		$this->connect();

		$this->assertNotSame( $customer, ServiceAccount::find() );
		$this->assertSame( array( 'subscriber' ), get_userdata( $customer )->roles );
		( new Connector( '1' ) )->disconnect();
		$this->assertNotFalse( get_userdata( $customer ) );
	}

	public function test_nobody_can_have_a_password_mailed_for_our_user(): void {
		$this->connect();

		$this->assertSame( '', get_userdata( ServiceAccount::find() )->user_email );
	}

	public function test_what_somebody_added_to_our_role_goes_at_the_next_reconnection(): void {
		$this->connect();
		get_role( 'facturelay' )->add_cap( 'manage_options' );
		( new Connector( '1' ) )->renew();

		$this->assertFalse( user_can( ServiceAccount::find(), 'manage_options' ) );
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

	/** @dataProvider ends */
	#[DataProvider( 'ends' )]
	public function test_a_key_ends_with_the_person_who_gave_it_and_nobody_elses_rights_are_taken( callable $end ): void {
		$this->somebody( 'administrator' );
		$this->connect();
		$end( $this->owner );
		wp_set_current_user( 0 );
		$this->received = array();

		$this->assertSame( 'access_ended', $this->refusal( static fn () => ( new Connector( '1' ) )->repair() ) );

		$this->assertSame( array( 0, array(), array() ), array( $this->keys(), $this->topics(), $this->received ) );
		// Still connected: who presses Reconnect needs no code.
		$this->assertTrue( Connection::load()->exists() );
	}

	/** @return array<string, array{0: callable}> */
	public static function ends(): array {
		require_once ABSPATH . 'wp-admin/includes/user.php';
		return array(
			'rights taken away' => array( static fn ( int $person ) => get_userdata( $person )->set_role( 'subscriber' ) ),
			'deleted'           => array( static fn ( int $person ) => wp_delete_user( $person ) ),
		);
	}

	public function test_while_the_access_has_ended_no_heartbeat_lets_mails_be_held(): void {
		$this->connect();
		Heartbeat::delete_last_response();
		get_userdata( $this->owner )->set_role( 'subscriber' );

		( new Heartbeat( '1' ) )->send();

		$this->assertArrayNotHasKey( '/plugin/heartbeat', $this->received );
		$this->assertFalse( Heartbeat::has_recent_response() );
		$this->assertStringContainsString( 'https://documents.example.com may no longer', str_replace( 'Whoever connected this shop to ', '', Heartbeat::last_response()['message'] ) );
	}

	public function test_after_that_the_next_person_who_says_so_gives_the_access(): void {
		$next = $this->somebody( 'shop_manager' );
		$this->connect();
		get_userdata( $this->owner )->set_role( 'subscriber' );
		$this->refusal( static fn () => ( new Connector( '1' ) )->repair() );
		$this->assertSame( 'person_refused', $this->refusal( static fn () => ( new Connector( '1' ) )->renew() ) );

		wp_set_current_user( $next );
		( new Connector( '1' ) )->renew();

		$this->assertSame( array( $next, 1, 4 ), array( Connection::load()->person_id(), $this->keys(), count( WC_Webhook::$stored ) ) );
	}

	public function test_a_key_that_a_person_deleted_comes_back_only_when_a_person_says_so(): void {
		$connection = $this->connect();
		RestKeys::delete( $connection->rest_key_id() );

		( new Connector( '1' ) )->repair();

		$this->assertSame( array( 0, false ), array( $this->keys(), isset( $this->received['/plugin/renew'] ) ) );
	}

	public function test_a_shop_that_an_earlier_build_connected_is_no_copy_after_the_update(): void {
		$this->connect();
		$works = static function ( string $stored_site ): bool {
			Connection::save( array( 'site' => $stored_site ) + Connection::load()->to_array() );
			return Connection::load()->is_active();
		};

		$this->assertTrue( $works( Connection::home_url() ) );
		$this->assertTrue( $works( str_replace( '://', '://www.', Connection::home_url() ) . '/' ) );
		$this->assertFalse( $works( 'https://staging.shop.example' ) );
	}

	public function test_a_copy_of_a_shop_that_an_earlier_build_connected_is_one_though_all_addresses_were_replaced_in_it(): void {
		Connection::save( array( 'site' => Connection::home_url() ) + $this->connect()->to_array() );
		( new Heartbeat( '1' ) )->send();
		$shop  = Connection::home_url();
		$there = 'https://staging.shop.example';

		add_filter( 'option_home', static fn (): string => $there, 20 );
		Connection::save( (array) map_deep( Connection::load()->to_array(), static fn ( $value ) => is_string( $value ) ? str_replace( $shop, $there, $value ) : $value ) );

		$this->assertFalse( Connection::load()->is_active() );
	}

	public function test_of_a_key_that_a_person_deleted_the_settings_say_only_that(): void {
		RestKeys::delete( $this->connect()->rest_key_id() );
		ob_start();
		( new SettingsTab( '1' ) )->show();
		$shown = (string) ob_get_clean();

		$this->assertStringContainsString( 'was deleted in WooCommerce', $shown );
		$this->assertStringNotContainsString( 'All is well', $shown );
		try {
			( new Connector( '1' ) )->check( true );
			$this->fail( 'Facturelay was asked, and can only guess.' );
		} catch ( FacturelayError $error ) {
			$this->assertSame( 'key_deleted', $error->error_code() );
		}
	}

	public function test_a_key_that_facturelay_has_no_more_is_made_anew_before_it_is_tried(): void {
		$this->connect();
		$asked = array();
		add_filter(
			'pre_http_request',
			static function ( $answer, array $request, string $url ) use ( &$asked ) {
				$asked[] = (string) wp_parse_url( $url, PHP_URL_PATH );
				return '/plugin/heartbeat' === end( $asked ) ? array( 'body' => '{"key_differs":true}' ) + $answer : $answer;
			},
			11,
			3
		);

		( new Connector( '1' ) )->check( true );

		$this->assertSame( array( '/plugin/heartbeat', '/plugin/renew', '/plugin/check' ), $asked );
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
		$body  = array( 'error' => 'code_wrong', 'message' => 'Facturelay does not know this code.' );
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

	private function refusal( callable $act ): string {
		try {
			$act();
		} catch ( FacturelayError $error ) {
			return $error->error_code();
		}
		return 'it was allowed';
	}

	/** @return int[] */
	private function key_users(): array {
		global $wpdb;
		return array_map( 'intval', $wpdb->get_col( "SELECT user_id FROM {$wpdb->prefix}woocommerce_api_keys" ) );
	}

	/** @return string[] */
	private function rights_of( int $user ): array {
		$rights = array_keys( array_filter( get_role( get_userdata( $user )->roles[0] )->capabilities ) );
		sort( $rights );
		return $rights;
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
