<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Lifecycle\Deactivation;
use Facturelay\Lifecycle\Schema;

/** What a page says of the connection is a minute old at most, and whoever opens it waits for seconds at most. */
final class HeartbeatTest extends WordPressTestCase {

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
			function ( $nothing, array $request ) {
				$this->asked[] = (float) $request['timeout'];
				return new WP_Error( 'http_request_failed', 'cURL error 7: Failed to connect' );
			},
			10,
			2
		);
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
