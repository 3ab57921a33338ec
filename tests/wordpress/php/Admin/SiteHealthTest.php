<?php

declare(strict_types=1);

use Facturelay\Admin\SiteHealth;
use Facturelay\Connection\Connection;
use Facturelay\Lifecycle\Schema;
use PHPUnit\Framework\Attributes\DataProvider;

/** A notice only when a person must act, with what to do. */
final class SiteHealthTest extends WordPressTestCase {

	private int $person = 0;

	protected function setUp(): void {
		global $wpdb;
		Schema::create_tables();
		$wpdb->query( "CREATE TEMPORARY TABLE IF NOT EXISTS {$wpdb->prefix}woocommerce_api_keys (key_id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, description TEXT, permissions TEXT, consumer_key TEXT, consumer_secret TEXT, truncated_key TEXT)" );
		parent::setUp();
		$this->add_shop_roles();
		$this->person = (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => 'shop_manager' ) );
		$wpdb->insert( "{$wpdb->prefix}woocommerce_api_keys", array( 'user_id' => 1 ) );
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'shop' => 'abc', 'key' => $wpdb->insert_id, 'person' => $this->person ) );
		$this->store_last_response( array() );
	}

	public function test_where_all_is_well_the_dashboard_is_quiet(): void {
		$this->assertSame( array( 'good', '' ), array( $this->test()['status'], $this->notice() ) );
	}

	/** @dataProvider troubles */
	#[DataProvider( 'troubles' )]
	public function test_trouble_says_what_to_do( array $response, string $says ): void {
		$this->store_last_response( $response );

		$this->assertSame( 'critical', $this->test()['status'] );
		$this->assertStringContainsString( $says, $this->notice() );
	}

	/** @return array<string, array{0: array<string, mixed>, 1: string}> */
	public static function troubles(): array {
		return array(
			'the shop\'s clock stands still' => array( array( 'answered_at' => time() - 1900, 'tried_at' => time() - 1900 ), 'wp-cron.php' ),
			'Facturelay is silent'           => array( array( 'answered_at' => time() - 1900, 'message' => 'Nobody answers.' ), 'not answered for half an hour; your shop sends its own mails meanwhile. Nobody answers.' ),
			'webhooks are gone for good'     => array( array( 'webhooks_missing' => true ), 'Reconnect' ),
		);
	}

	public function test_a_deleted_key_asks_to_reconnect(): void {
		global $wpdb;
		$wpdb->query( "DELETE FROM {$wpdb->prefix}woocommerce_api_keys" );

		$this->assertStringContainsString( 'Reconnect', $this->notice() );
	}

	public function test_an_access_that_ended_with_the_person_who_gave_it_asks_what_to_do(): void {
		get_userdata( $this->person )->set_role( 'subscriber' );

		$this->assertSame( 'critical', $this->test()['status'] );
		$this->assertStringContainsString( 'may no longer manage it', $this->notice() );
	}

	public function test_a_copy_of_the_shop_says_that_it_is_one(): void {
		Connection::save( array( 'site' => 'https://shop.example' ) + Connection::load()->to_array() );

		$this->assertStringContainsString( 'copy', $this->notice() );
	}

	public function test_the_settings_say_it_themselves_and_not_twice(): void {
		$this->store_last_response( array( 'webhooks_missing' => true ) );
		$_GET = array( 'page' => 'wc-settings', 'tab' => 'facturelay' );

		$this->assertSame( '', $this->notice() );

		$_GET['tab'] = 'tax';
		$this->assertStringContainsString( 'Reconnect', $this->notice() );
		$_GET = array();
	}

	public function test_customers_and_unconnected_shops_see_nothing(): void {
		$this->store_last_response( array( 'webhooks_missing' => true ) );
		$this->assertSame( '', $this->notice( 'subscriber' ) );

		Connection::delete();
		$this->assertSame( '', $this->notice() );
	}

	/** @return array<string, mixed> */
	private function test(): array {
		return apply_filters( 'site_status_tests', array() )['direct']['facturelay']['test']();
	}

	private function notice( string $role = 'manager' ): string {
		add_role( 'manager', 'manager', array( 'manage_woocommerce' => true ) );
		wp_set_current_user( (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => $role ) ) );
		ob_start();
		( new SiteHealth() )->show_notice();
		return wp_strip_all_tags( (string) ob_get_clean() );
	}

	/** @param array<string, mixed> $response */
	private function store_last_response( array $response ): void {
		update_option( 'facturelay_heard', $response + array( 'answered_at' => time(), 'tried_at' => time(), 'message' => '' ) );
	}
}
