<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Orders\ChangedOrders;
use PHPUnit\Framework\Attributes\DataProvider;

/** Facturelay is told at once which orders changed: each once, none of an open checkout, and nobody asks in vain again and again. */
final class ChangedOrdersTest extends WordPressTestCase {

	/** @var array<int, array<string, mixed>> what Facturelay was told, and how */
	private array $told = array();

	protected function setUp(): void {
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'https://127.0.0.1', 'shop' => 's1' ) );
		$this->facturelay_answers( array( 'response' => array( 'code' => 200 ), 'headers' => array(), 'body' => '{"kept":1}' ) );
	}

	public function test_each_order_that_changed_is_told_once_by_its_number_alone(): void {
		$changes = new ChangedOrders();
		$changes->note( 238, new WC_Order() );
		$changes->note( 238, new WC_Order() );
		$changes->note( '239' );
		$changes->note_refund_deleted( 301, 240 );

		$changes->tell_at_the_end();

		$of_this_site = (string) wp_json_encode( array( 'orders' => array( 238, 239, 240 ), 'site' => Connection::home_url() ) );
		$this->assertSame( array( $of_this_site ), array_column( $this->told, 'body' ) );
	}

	public function test_an_order_that_is_deleted_for_good_is_told_too_and_told_once(): void {
		$this->deletes( 238 );
		do_action( Heartbeat::HOOK );

		$this->assertSame( array( array( 238 ) ), $this->told_orders() );
	}

	/** No list of the shop's has it any more, and WooCommerce delivers nothing of it. */
	public function test_a_deletion_while_facturelay_is_down_is_told_until_it_answers(): void {
		$well = array( 'response' => array( 'code' => 200 ), 'headers' => array(), 'body' => '{"kept":1}' );
		$this->facturelay_answers( new WP_Error( 'http_request_failed', 'cURL error 7: Failed to connect' ) );
		$this->deletes( 238 );
		$this->deletes( 239 );
		do_action( Heartbeat::HOOK );
		$this->told = array();

		$this->facturelay_answers( $well );
		do_action( Heartbeat::HOOK );
		do_action( Heartbeat::HOOK );

		$this->assertSame( array( array( 238, 239 ) ), $this->told_orders() );
	}

	public function test_orders_that_are_posts_are_missed_likewise_and_no_other_post_is(): void {
		foreach ( array( 'shop_order', 'page' ) as $type ) {
			wp_delete_post( $posts[] = wp_insert_post( array( 'post_type' => $type, 'post_title' => 'x' ) ), true );
		}
		( new ChangedOrders() )->tell_deleted();

		$this->assertSame( array( array( $posts[0] ) ), $this->told_orders() );
	}

	public function test_a_shop_that_is_not_connected_keeps_no_deletion(): void {
		global $wpdb;
		Connection::delete();
		$this->deletes( 238 );

		$this->assertSame( array(), $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", ChangedOrders::DELETED . '%' ) ) );
	}

	public function test_what_was_told_is_not_told_again(): void {
		$changes = new ChangedOrders();
		$changes->note( 238 );
		$changes->tell();
		$changes->tell();

		$this->assertCount( 1, $this->told );
	}

	public function test_an_open_checkout_is_no_order_yet(): void {
		$changes = new ChangedOrders();
		$changes->note( 238, new WC_Order( array( 'status' => 'checkout-draft' ) ) );
		$changes->tell_at_the_end();

		$this->assertSame( array(), $this->told );
	}

	public function test_a_copy_of_the_shop_tells_nothing(): void {
		Connection::save( array( 'site' => 'https://the-real-shop.example' ) + Connection::load()->to_array() );
		$changes = new ChangedOrders();
		$changes->note( 238 );
		$changes->tell_at_the_end();

		$this->assertSame( array(), $this->told );
	}

	/** @dataProvider silences */
	#[DataProvider( 'silences' )]
	public function test_who_does_not_answer_is_waited_for_once_and_then_left_in_peace( $answer ): void {
		$this->facturelay_answers( $answer );
		$changes = new ChangedOrders();
		for ( $order = 1; $order <= 10; $order++ ) {
			$changes->note( $order );
			$changes->tell();
		}

		$this->assertCount( 1, $this->told );
		$this->assertSame( 2, $this->told[0]['timeout'] );
	}

	public function test_after_one_slow_second_the_next_order_is_told_soon_and_a_dead_one_is_asked_once_a_minute(): void {
		$rests = array();
		for ( $silence = 1; $silence <= 4; $silence++ ) {
			$this->facturelay_answers( new WP_Error( 'http_request_failed', 'cURL error 28: timed out' ) );
			$this->tells( 238 );
			$rests[] = get_transient( ChangedOrders::RESTS )['until'] - time();
			set_transient( ChangedOrders::RESTS, array( 'until' => 0 ) + get_transient( ChangedOrders::RESTS ) );
		}
		$this->facturelay_answers( array( 'response' => array( 'code' => 200 ), 'headers' => array(), 'body' => '{"kept":1}' ) );
		$this->tells( 238 );

		$this->assertEqualsWithDelta( array( 5, 15, 60, 60 ), $rests, 1 );
		$this->assertFalse( get_transient( ChangedOrders::RESTS ) );
	}

	private function deletes( int $order ): void {
		$changes = new ChangedOrders();
		$changes->note_deleted( $order, new WC_Order() );
		$changes->tell_at_the_end();
	}

	/** @return array<int, int[]> of each time that Facturelay was told of orders */
	private function told_orders(): array {
		$bodies = array_map( static fn ( array $request ): array => (array) json_decode( $request['body'], true ), $this->told );
		return array_values( array_filter( array_column( $bodies, 'orders' ) ) );
	}

	private function tells( int $order ): void {
		$changes = new ChangedOrders();
		$changes->note( $order );
		$changes->tell();
	}

	/** @return array<string, array{0: mixed}> */
	public static function silences(): array {
		return array(
			'dead'    => array( new WP_Error( 'http_request_failed', 'cURL error 7: Failed to connect' ) ),
			'hanging' => array( new WP_Error( 'http_request_failed', 'cURL error 28: Connection timed out' ) ),
			'refusing' => array( array( 'response' => array( 'code' => 401 ), 'headers' => array(), 'body' => '{"error":"not_connected","message":"No."}' ) ),
			'another'  => array( array( 'response' => array( 'code' => 502 ), 'headers' => array(), 'body' => '<html>' ) ),
		);
	}

	public function test_of_a_flood_the_first_are_told_and_the_rest_comes_with_the_deliveries(): void {
		$changes = new ChangedOrders();
		for ( $order = 1; $order <= 1000; $order++ ) {
			$changes->note( $order );
		}
		$changes->tell();

		$this->assertCount( 50, json_decode( $this->told[0]['body'], true )['orders'] );
	}

	public function test_nothing_is_told_before_all_else_is_done(): void {
		( new ChangedOrders() )->add_hooks();

		global $wp_filter;
		$this->assertSame( PHP_INT_MAX, max( array_keys( $wp_filter['shutdown']->callbacks ) ) );
	}

	/** @param mixed $answer as wp_remote_post gives it */
	private function facturelay_answers( $answer ): void {
		remove_all_filters( 'pre_http_request' );
		add_filter(
			'pre_http_request',
			function ( $nothing, array $request ) use ( $answer ) {
				$this->told[] = $request;
				return $answer;
			},
			10,
			2
		);
	}
}
