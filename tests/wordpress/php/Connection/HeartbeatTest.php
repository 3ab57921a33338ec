<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Connection\RestKeys;
use Facturelay\Connection\Webhooks;
use Facturelay\Lifecycle\Deactivation;
use Facturelay\Lifecycle\Schema;

/** What a page says of the connection is a minute old at most, and whoever opens it waits for seconds at most. */
final class HeartbeatTest extends WordPressTestCase {

	/** @var array<string, array<string, mixed>> the content of the last request by its path */
	private array $sent = array();

	/** @var array<string, array<string, mixed>> Facturelay's answers by path; it cannot be reached for others */
	private array $answers = array();

	/** @var float[] seconds that each request was given */
	private array $asked = array();

	protected function setUp(): void {
		global $wpdb;
		Schema::create_tables();
		$wpdb->query( "CREATE TEMPORARY TABLE IF NOT EXISTS {$wpdb->prefix}woocommerce_api_keys (key_id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, description TEXT, permissions TEXT, consumer_key TEXT, consumer_secret TEXT, truncated_key TEXT)" );
		parent::setUp();
		$this->add_shop_roles();
		$person = (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => 'shop_manager' ) );
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'https://127.0.0.1', 'shop' => 'abc', 'person' => $person ) );
		add_filter(
			'pre_http_request',
			function ( $nothing, array $request, string $url ) {
				$path                = (string) wp_parse_url( $url, PHP_URL_PATH );
				$this->asked[]       = (float) $request['timeout'];
				$this->sent[ $path ] = (array) json_decode( $request['body'], true );
				if ( isset( $this->answers[ $path ] ) ) {
					return array( 'response' => array( 'code' => 200 ), 'headers' => array(), 'body' => (string) wp_json_encode( $this->answers[ $path ] ) );
				}
				return new WP_Error( 'http_request_failed', 'cURL error 7: Failed to connect' );
			},
			10,
			3
		);
	}

	/** A copy of the shop has its secret. */
	public function test_every_request_says_which_site_asks(): void {
		do_action( Heartbeat::HOOK );

		$this->assertSame( Connection::home_url(), $this->sent['/plugin/heartbeat']['site'] );
	}

	/** WordPress may lie in a folder of its own, elsewhere than the shop's address. */
	public function test_it_tells_where_the_shop_is_administered(): void {
		add_filter( 'option_siteurl', static fn ( string $address ): string => $address . '/wp', 20 );

		do_action( Heartbeat::HOOK );

		$this->assertSame( get_option( 'home' ) . '/wp/wp-admin/', $this->sent['/plugin/heartbeat']['admin'] );
	}

	public function test_a_key_that_facturelay_does_not_have_is_made_anew_and_one_that_it_has_stays(): void {
		$key = RestKeys::create( 1 );
		Connection::save( array( 'key' => $key['id'] ) + Connection::load()->to_array() );
		Webhooks::create( 'https://127.0.0.1/webhooks/abc', 'x', 1 );
		$this->answers = array(
			'/plugin/heartbeat' => array( 'key_differs' => false ),
			'/plugin/renew'     => array( 'delivery_url' => 'https://127.0.0.1/webhooks/abc' ),
		);
		( new Heartbeat( '0.1.0' ) )->send();
		$this->assertSame( wc_api_hash( $key['key'] ), $this->sent['/plugin/heartbeat']['key'] );
		$this->assertSame( $key['id'], Connection::load()->rest_key_id() );

		$this->answers['/plugin/heartbeat']['key_differs'] = true;
		( new Heartbeat( '0.1.0' ) )->send();

		$this->assertNotSame( $key['id'], Connection::load()->rest_key_id() );
		$this->assertSame( wc_api_hash( $this->sent['/plugin/renew']['rest_key'] ), RestKeys::hash( Connection::load()->rest_key_id() ) );
		$this->assertSame( '', Heartbeat::last_response()['message'] );
	}

	public function test_what_is_a_minute_old_is_asked_anew_and_told_as_it_is_now(): void {
		update_option( 'facturelay_heard', array( 'answered_at' => time() - 61, 'tried_at' => time() - 61, 'message' => '' ) );

		( new Heartbeat( '0.1.0' ) )->refresh();

		$this->assertSame( array( 3.0 ), $this->asked );
		$this->assertNotSame( '', Heartbeat::last_response()['message'] );
	}

	public function test_what_was_asked_in_this_minute_is_not_asked_again(): void {
		update_option( 'facturelay_heard', array( 'tried_at' => time() - 30 ) );

		( new Heartbeat( '0.1.0' ) )->refresh();

		$this->assertSame( array(), $this->asked );
	}

	public function test_switched_on_again_the_plugin_asks_at_once_which_mails_to_hold(): void {
		( new Deactivation( 'facturelay/facturelay.php' ) )->activate();

		$this->assertSame( array( 3.0 ), $this->asked );
	}

	public function test_in_the_background_it_may_take_longer(): void {
		do_action( Heartbeat::HOOK );

		$this->assertSame( array( 15.0 ), $this->asked );
	}
}
