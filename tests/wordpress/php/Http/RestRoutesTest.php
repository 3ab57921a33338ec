<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Http\Signature;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;

/** Who may tell the shop what became of its mails: Facturelay, once per message. */
final class RestRoutesTest extends WordPressTestCase {

	private const SECRET = '7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e';
	private const ROUTE  = '/facturelay/v1/sync';

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		Connection::save( array( 'secret' => self::SECRET, 'site' => Connection::site_hash() ) );
		// The routes are made once for each server.
		$GLOBALS['wp_rest_server'] = null;
	}

	public function test_a_signed_call_is_answered(): void {
		$this->assertSame( array( 200, array( 'facturelay' => true, 'released' => 0 ) ), $this->call( $this->signed() ) );
	}

	public function test_a_signed_payment_is_answered_with_what_came_of_it_and_another_routes_signature_opens_nothing(): void {
		$route = '/facturelay/v1/payment';

		$this->assertSame( array( 200, array( 'facturelay' => true, 'result' => 'not_allowed', 'status' => '' ) ), $this->call( Signature::sign( self::SECRET, $route, '{}' ), '{}', $route ) );
		$this->assertSame( 401, $this->call( $this->signed(), '{}', $route )[0] );
	}

	public function test_a_sync_brings_the_rules_by_which_mails_are_held_from_now_on(): void {
		$held = array( 'customer_processing_order' => array( array( 'kind' => 'invoice' ) ) );
		$body = (string) json_encode(
			array(
				'hold_rules' => array( 'since' => 0, 'deadline_s' => 600, 'transfers' => true, 'mails' => $held ),
				'shop'  => array( 'name' => 'Koffiepot', 'test' => false, 'suspended' => false ),
			)
		);

		$this->call( Signature::sign( self::SECRET, self::ROUTE, $body ), $body );

		$this->assertSame( $held['customer_processing_order'], Heartbeat::hold_rules()->conditions( 'customer_processing_order' ) );
		$this->assertFalse( Heartbeat::last_response()['shop']['test'] );
		$this->assertFalse( Heartbeat::has_recent_response() );
		$this->call( $this->signed() );
		$this->assertSame( $held['customer_processing_order'], Heartbeat::hold_rules()->conditions( 'customer_processing_order' ) );
	}

	public function test_the_same_call_again_is_refused(): void {
		$signed = $this->signed();
		$this->call( $signed );

		$this->assertSame( 401, $this->call( $signed )[0] );
	}

	public function test_another_body_another_route_and_another_secret_are_refused(): void {
		$this->assertSame( 401, $this->call( $this->signed(), '{"order":1}' )[0] );
		$this->assertSame( 401, $this->call( Signature::sign( self::SECRET, '/facturelay/v1/mailed', '{}' ) )[0] );
		$this->assertSame( 401, $this->call( Signature::sign( 'another', self::ROUTE, '{}' ) )[0] );
		$this->assertSame( 401, $this->call( array( 'time' => '', 'nonce' => '', 'signature' => '' ) )[0] );
	}

	public function test_an_old_call_is_refused(): void {
		$time   = (string) ( time() - 301 );
		$nonce  = str_repeat( 'a', 32 );
		$signed = array(
			'time'      => $time,
			'nonce'     => $nonce,
			'signature' => Signature::compute( self::SECRET, $time, $nonce, self::ROUTE, '{}' ),
		);

		$this->assertSame( 401, $this->call( $signed )[0] );
	}

	public function test_a_refused_call_leaves_no_trace(): void {
		global $wpdb;

		$this->call( Signature::sign( 'another', self::ROUTE, '{}' ) );

		$this->assertSame( '0', $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->prefix}facturelay_nonces" ) );
	}

	public function test_a_copy_of_the_shop_refuses(): void {
		Connection::save( array( 'secret' => self::SECRET, 'site' => 'https://shop.example' ) );

		$this->assertSame( 401, $this->call( $this->signed() )[0] );
	}

	public function test_an_unconnected_shop_has_no_such_address(): void {
		Connection::delete();

		$this->assertSame( 404, $this->call( $this->signed() )[0] );
	}

	public function test_what_facturelay_mailed_while_it_could_not_say_so_is_not_sent_by_the_shop_too(): void {
		$held_mails = new HeldMails();
		$held_mails->hold( 238, 'customer_processing_order', 0, 'processing', array( 'invoice' ), 'en_US', 600 );
		$held_mails->start_replacing( 238, array( 'invoice' ), array(), 'mail-1', 600 );

		$route = '/facturelay/v1/sync';
		$body  = '{"mailed":["mail-1"]}';
		$this->assertSame( 200, $this->call( Signature::sign( self::SECRET, $route, $body ), $body, $route )[0] );

		$this->assertSame( 0, $held_mails->summary()['held'] );
	}

	/** @return array{time: string, nonce: string, signature: string} */
	private function signed(): array {
		return Signature::sign( self::SECRET, self::ROUTE, '{}' );
	}

	/**
	 * @param array<string, string> $signed
	 * @return array{0: int, 1: mixed}
	 */
	private function call( array $signed, string $body = '{}', string $route = self::ROUTE ): array {
		$request = new WP_REST_Request( 'POST', $route );
		$request->set_body( $body );
		$request->set_header( 'Content-Type', 'application/json' );
		foreach ( $signed as $name => $value ) {
			$request->set_header( "X-Facturelay-$name", $value );
		}
		$response = rest_do_request( $request );
		return array( $response->get_status(), $response->get_data() );
	}
}
