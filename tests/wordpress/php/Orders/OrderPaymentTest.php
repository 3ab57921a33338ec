<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;
use Facturelay\Orders\OrderPayment;
use PHPUnit\Framework\Attributes\DataProvider;

/** An order is set paid once, as it was seen, and never moved backwards. */
final class OrderPaymentTest extends WordPressTestCase {

	private int $person = 0;

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		$this->add_shop_roles();
		$this->person = (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => 'shop_manager' ) );
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'person' => $this->person ) );
	}

	/**
	 * @dataProvider moves
	 * @param array<string, mixed> $data
	 */
	#[DataProvider( 'moves' )]
	public function test_it_is_set_paid_as_its_status_wants( array $data, string $status ): void {
		$order = $this->order( $data );

		$this->assertSame( array( 'result' => 'paid', 'status' => $status ), $this->set_paid( array( 'status' => $data['status'] ) ) );
		$this->assertSame( 'tr_1', $order->get_transaction_id() );
		$this->assertNotNull( $order->get_date_paid() );
	}

	/** @return array<string, array{0: array<string, mixed>, 1: string}> */
	public static function moves(): array {
		return array(
			'bank transfer'    => array( array( 'status' => 'on-hold' ), 'processing' ),
			'only downloads'   => array( array( 'status' => 'on-hold', 'shipped' => false ), 'completed' ),
			'at the checkout'  => array( array( 'status' => 'pending' ), 'processing' ),
			'failed before'    => array( array( 'status' => 'failed' ), 'processing' ),
			'paid on delivery' => array( array( 'status' => 'processing', 'method' => 'cod' ), 'processing' ),
			'a status of the shop\'s own' => array( array( 'status' => 'await-transfer' ), 'processing' ),
		);
	}

	/**
	 * @dataProvider left_alone
	 * @param array<string, mixed> $data
	 * @param array<string, mixed> $seen
	 */
	#[DataProvider( 'left_alone' )]
	public function test_what_is_not_so_or_is_over_is_left_alone( array $data, array $seen, string $result ): void {
		$order  = $this->order( $data );
		$status = $order->get_status();

		$this->assertSame( $result, $this->set_paid( $seen + array( 'status' => $status ) )['result'] );
		$this->assertSame( array( $status, '' ), array( $order->get_status(), $order->get_transaction_id() ) );
	}

	/** @return array<string, array{0: array<string, mixed>, 1: array<string, mixed>, 2: string}> */
	public static function left_alone(): array {
		return array(
			'paid already'        => array( array( 'status' => 'processing', 'paid' => true ), array(), 'was_paid' ),
			'completed meanwhile' => array( array( 'status' => 'completed', 'paid' => true ), array( 'status' => 'on-hold' ), 'was_paid' ),
			'another status'      => array( array( 'status' => 'cancelled' ), array( 'status' => 'on-hold' ), 'changed' ),
			'another total'       => array( array( 'status' => 'on-hold', 'total' => '60.00' ), array(), 'changed' ),
			'another currency'    => array( array( 'status' => 'on-hold' ), array( 'currency' => 'USD' ), 'changed' ),
			'another key'         => array( array( 'status' => 'on-hold' ), array( 'key' => 'wc_order_1' ), 'changed' ),
			'no such order'       => array( array( 'status' => 'on-hold' ), array( 'order' => 9 ), 'changed' ),
			'cancelled'           => array( array( 'status' => 'cancelled' ), array(), 'refused' ),
			'refunded'            => array( array( 'status' => 'refunded' ), array(), 'refused' ),
			'in the bin'          => array( array( 'status' => 'trash' ), array(), 'refused' ),
		);
	}

	public function test_twice_sets_it_paid_once(): void {
		$this->order( array( 'status' => 'on-hold' ) );

		$this->assertSame( array( 'paid', 'was_paid' ), array( $this->set_paid()['result'], $this->set_paid()['result'] ) );
	}

	public function test_a_transaction_is_no_longer_than_woocommerce_stores_it(): void {
		$order = $this->order( array( 'status' => 'on-hold' ) );

		$this->set_paid( array( 'transaction' => str_repeat( 'x', 300 ) ) );

		$this->assertSame( 100, strlen( $order->get_transaction_id() ) );
	}

	public function test_it_ends_when_whoever_connected_the_shop_was_let_go(): void {
		$this->order( array( 'status' => 'on-hold' ) );
		get_userdata( $this->person )->set_role( 'subscriber' );

		$this->assertSame( array( 'result' => 'not_allowed', 'status' => '' ), $this->set_paid() );
	}

	public function test_the_mail_of_the_event_is_held_when_ours_goes_in_its_place(): void {
		$this->order( array( 'status' => 'on-hold' ) );
		$this->hold( 'customer_processing_order' );
		add_action( 'woocommerce_order_status_on-hold_to_processing', array( WC()->mailer()->get_emails()['WC_Email_Customer_Processing_Order'], 'trigger' ) );

		$this->set_paid();

		$this->assertSame( array( 1, array() ), array( ( new HeldMails() )->summary()['held'], WC_Email::$sent ) );
	}

	/** @param array<string, mixed> $data */
	private function order( array $data ): WC_Order {
		return WC_Order::$stored[238] = new WC_Order( $data + array( 'paid' => false ) );
	}

	/**
	 * @param array<string, mixed> $content
	 * @return array{result: string, status: string}
	 */
	private function set_paid( array $content = array() ): array {
		return ( new OrderPayment() )->set_paid( $content + array( 'order' => 238, 'key' => 'wc_order_238', 'status' => 'on-hold', 'total' => '22.2', 'currency' => 'EUR', 'transaction' => 'tr_1' ) );
	}

	private function hold( string $mail ): void {
		$paid = array( 'kind' => 'invoice', 'needs_paid' => true, 'buyer' => 'everyone', 'methods' => array(), 'countries' => array(), 'minimum' => null );
		update_option(
			'facturelay_heard',
			array(
				'answered_at' => time(),
				'hold_rules'  => array( 'since' => 0, 'deadline_s' => 600, 'transfers' => true, 'mails' => array( $mail => array( $paid ) ) ),
			)
		);
	}
}
