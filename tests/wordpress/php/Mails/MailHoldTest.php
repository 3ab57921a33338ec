<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Documents\DocumentTable;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;
use Facturelay\Mails\MailHold;
use PHPUnit\Framework\Attributes\DataProvider;

/** In which moments WooCommerce's mail is held, and that it leaves in every other. */
final class MailHoldTest extends WordPressTestCase {

	private const MAIL  = 'customer_processing_order';
	private const EVENT = 'woocommerce_order_status_pending_to_processing';

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) );
		$this->store_last_response( time() );
	}

	public function test_a_mail_is_held_in_the_event_that_sends_it(): void {
		$this->assertFalse( $this->asked() );
		$this->assertSame( 1, ( new HeldMails() )->summary()['held'] );
	}

	public function test_a_mail_that_a_person_sends_leaves(): void {
		$this->assertTrue( $this->asked( array(), '' ) );
		$this->assertTrue( $this->asked( array(), 'woocommerce_order_action_send_order_details' ) );
		$this->assertSame( 0, ( new HeldMails() )->summary()['held'] );
	}

	public function test_a_mail_is_held_where_the_shop_sends_mails_later(): void {
		$this->assertFalse( $this->asked( array(), 'woocommerce_send_queued_transactional_email' ) );
	}

	public function test_where_mails_are_deferred_ours_may_be_first_and_theirs_does_not_follow(): void {
		$this->mailed_early( 'finish_replacing' );

		$this->assertFalse( $this->asked( array(), 'woocommerce_send_queued_transactional_email' ) );
		$this->assertSame( 0, ( new HeldMails() )->summary()['held'], 'nothing is left to be sent' );
	}

	public function test_one_mail_of_ours_stands_for_one_of_theirs(): void {
		$this->mailed_early( 'finish_replacing' );
		$this->asked( array(), 'woocommerce_send_queued_transactional_email' );

		$this->assertTrue( $this->asked( array(), 'woocommerce_send_queued_transactional_email' ) );
	}

	public function test_theirs_waits_while_ours_is_leaving_and_comes_back_when_ours_does_not_leave(): void {
		$this->mailed_early( '' );
		$this->assertFalse( $this->asked( array(), 'woocommerce_send_queued_transactional_email' ) );
		$this->assertSame( 1, ( new HeldMails() )->summary()['held'] );

		( new HeldMails() )->cancel_replacing( 'mail-1' );

		$this->assertCount( 1, ( new HeldMails() )->due( 5 ) );
	}

	public function test_a_mail_of_ours_that_was_cancelled_stands_for_none(): void {
		$this->mailed_early( 'cancel_replacing' );

		$this->assertTrue( $this->asked( array(), 'woocommerce_send_queued_transactional_email' ) );
	}

	public function test_what_was_mailed_before_the_request_belongs_to_another_event_of_a_shop_that_mails_at_once(): void {
		$this->mailed_early( 'finish_replacing' );

		$this->assertTrue( $this->asked_in_request_of( time() + 60 ) );
	}

	/** The order was stored and its invoice mailed while the same request still wrote the owner's mail of its 200 lines. */
	public function test_a_slow_request_sends_no_mail_after_ours(): void {
		$this->mailed_early( 'finish_replacing' );

		$this->assertFalse( $this->asked_in_request_of( time() - 60 ) );
		$this->assertSame( 0, ( new HeldMails() )->summary()['held'], 'nothing is left to be sent' );
		$this->assertTrue( $this->asked_in_request_of( time() - 60 ), 'one mail of ours stands for one' );
	}

	/** Ours was of the order that came in; the owner has sent the goods since, and tells the customer so. */
	public function test_a_mail_of_ours_stands_for_none_of_a_later_status(): void {
		WC_Order::$stored[238] = new WC_Order();
		$this->mailed_early( 'finish_replacing' );

		$this->assertTrue( $this->completed( 'woocommerce_send_queued_transactional_email' ) );
		$_SERVER['REQUEST_TIME'] = time() - 2700;
		$this->assertTrue( $this->completed() );
		$this->assertFalse( $this->asked( array(), 'woocommerce_send_queued_transactional_email' ), 'that of its own status is still replaced' );
	}

	private function asked_in_request_of( int $began ): bool {
		$before                  = $_SERVER['REQUEST_TIME'];
		$_SERVER['REQUEST_TIME'] = $began;
		try {
			return $this->asked();
		} finally {
			$_SERVER['REQUEST_TIME'] = $before;
		}
	}

	public function test_the_list_of_mails_asks_without_an_order(): void {
		$this->assertSame( 'yes', apply_filters( 'woocommerce_email_enabled_' . self::MAIL, 'yes', null, null ) );
	}

	public function test_a_mail_that_is_switched_off_stays_off_and_is_not_held(): void {
		$this->assertFalse( $this->in_event( self::EVENT, fn() => apply_filters( 'woocommerce_email_enabled_' . self::MAIL, false, new WC_Order(), null ) ) );
		$this->assertSame( 0, ( new HeldMails() )->summary()['held'] );
	}

	/** @dataProvider orders_that_are_not_replaced */
	#[DataProvider( 'orders_that_are_not_replaced' )]
	public function test_a_mail_leaves_where_no_document_replaces_it( array $order ): void {
		$this->assertTrue( $this->asked( $order ) );
	}

	/** @return array<string, array{0: array<string, mixed>}> */
	public static function orders_that_are_not_replaced(): array {
		return array(
			'not paid'                => array( array( 'paid' => false ) ),
			'something to download'   => array( array( 'downloads' => true ) ),
			'an order that is broken' => array( array( 'downloads' => 'broken' ) ),
		);
	}

	public function test_when_facturelay_fell_silent_mails_leave_and_that_is_written_down(): void {
		$this->store_last_response( time() - 700 );

		$this->assertTrue( $this->asked() );
		$this->assertTrue( ( new HeldMails() )->needs_link( 238, self::MAIL ) );
	}

	/** @dataProvider orders_whose_own_mail_says_more */
	#[DataProvider( 'orders_whose_own_mail_says_more' )]
	public function test_where_the_owner_wants_woocommerces_own_it_leaves_with_a_link_and_ours_does_not_follow( array $order ): void {
		update_option( MailHold::OPTION, array( self::MAIL => 'link' ) );

		$this->assertTrue( $this->asked( $order ) );
		$this->assertTrue( ( new HeldMails() )->start_replacing( 238, array( 'invoice' ), array(), 'mail-1', 600 ), 'ours would be the second' );
		$this->assertTrue( ( new HeldMails() )->needs_link( 238, self::MAIL ), 'the customer would have no document' );
	}

	/** @return array<string, array{0: array<string, mixed>}> */
	public static function orders_whose_own_mail_says_more(): array {
		return array(
			'an order'           => array( array() ),
			'what is downloaded' => array( array( 'downloads' => true ) ),
		);
	}

	public function test_where_woocommerces_own_is_wanted_and_deferred_ours_does_not_leave_before_it(): void {
		$this->deferred();

		$this->assertTrue( ( new HeldMails() )->start_replacing( 238, array( 'invoice' ), array(), 'mail-1', 600 ), 'ours would be the second' );
		$this->assertTrue( $this->asked( array(), 'woocommerce_send_queued_transactional_email' ), 'theirs leaves when its turn comes' );
		$this->assertTrue( ( new HeldMails() )->needs_link( 238, self::MAIL ) );
		$this->assertSame( 0, ( new HeldMails() )->summary()['held'] );
	}

	public function test_where_woocommerces_own_is_wanted_and_switched_off_ours_leaves(): void {
		add_filter( 'woocommerce_email_enabled_' . self::MAIL, '__return_false' );
		$this->deferred();

		$this->assertFalse( ( new HeldMails() )->start_replacing( 238, array( 'invoice' ), array(), 'mail-1', 600 ), 'the customer would get none' );
	}

	public function test_where_mails_leave_at_once_nothing_is_written_down_beforehand(): void {
		$this->deferred( false );

		$this->assertFalse( ( new HeldMails() )->needs_link( 238, self::MAIL ) );
	}

	/** The order is paid in a shop whose owner wants WooCommerce's own mail, and that sends it later. */
	private function deferred( bool $later = true ): void {
		update_option( MailHold::OPTION, array( self::MAIL => 'link' ) );
		WC_Order::$stored[238] = new WC_Order();
		$queue                 = array( 'WC_Emails', 'queue_transactional_email' );
		$later && add_action( self::EVENT, $queue, 10, 10 );
		do_action( self::EVENT, 238 );
		remove_action( self::EVENT, $queue, 10 );
	}

	public function test_a_copy_of_the_shop_holds_nothing(): void {
		Connection::save( array( 'secret' => 'x', 'site' => 'https://shop.example' ) );

		$this->assertTrue( $this->asked() );
		$this->assertSame( 0, ( new HeldMails() )->summary()['held'] );
	}

	public function test_while_a_shop_moves_its_own_mail_leads_to_the_document_and_ours_does_not_follow(): void {
		$moving = array( 'secret' => 'x', 'site' => 'https://shop.example' );
		Connection::save( $moving );

		$this->assertTrue( $this->asked() );
		ob_start();
		do_action( 'woocommerce_email_after_order_table', new WC_Order(), false, false, new WC_Email( self::MAIL ) );
		$this->assertStringContainsString( 'Your documents for this order:', (string) ob_get_clean() );
		Connection::save( array( 'site' => Connection::site_hash() ) + $moving );
		$this->assertTrue( ( new HeldMails() )->start_replacing( 238, array( 'invoice' ), array(), 'mail-1', 600 ), 'ours would be the second' );
	}

	public function test_a_copy_that_is_a_day_old_does_nothing(): void {
		Connection::save( array( 'secret' => 'x', 'site' => 'https://shop.example' ) );
		$this->store_last_response( time() - DAY_IN_SECONDS );

		$this->assertTrue( $this->asked() );
		$this->assertFalse( ( new HeldMails() )->needs_link( 238, self::MAIL ) );
	}

	public function test_an_unconnected_shop_holds_nothing(): void {
		Connection::delete();

		$this->assertTrue( $this->asked() );
	}

	public function test_a_second_mail_of_the_order_stands_in_line_behind_the_first_and_waits_for_no_document_of_its_own(): void {
		$this->asked();
		$this->assertFalse( $this->completed() );

		( new HeldMails() )->start_replacing( 238, array( 'invoice' ), array(), 'mail-1', 600 );
		( new HeldMails() )->finish_replacing( 'mail-1' );

		$this->assertSame( array( 'customer_completed_order' ), array_column( ( new HeldMails() )->due( 5 ), 'mail_id' ) );
	}

	public function test_a_second_mail_leaves_at_once_where_the_first_has_ended(): void {
		$this->asked();
		( new HeldMails() )->start_replacing( 238, array( 'invoice' ), array(), 'mail-1', 600 );
		( new HeldMails() )->finish_replacing( 'mail-1' );

		$this->assertTrue( $this->completed() );
	}

	public function test_woocommerces_own_mail_by_choice_stands_in_line_too(): void {
		update_option( MailHold::OPTION, array( 'customer_completed_order' => 'link' ) );
		$this->asked();

		$this->assertFalse( $this->completed() );
	}

	public function test_what_subscriptions_mails_of_a_renewal_by_hand_is_held_and_of_a_charge_that_failed_leaves(): void {
		$this->assertFalse( $this->asked_of_renewal( 'woocommerce_generated_manual_renewal_order' ) );
		$this->assertTrue( $this->asked_of_renewal( 'woocommerce_order_status_failed' ) );
	}

	public function test_the_choice_for_a_mail_counts_for_that_of_a_renewal(): void {
		update_option( MailHold::OPTION, array( 'customer_on_hold_order' => 'link' ) );

		$this->assertSame( 'link', MailHold::choice( 'customer_renewal_invoice' ) );
		$this->assertSame( 'automatic', MailHold::choice( 'customer_processing_renewal_order' ) );
		$this->assertTrue( $this->asked_of_renewal( 'woocommerce_generated_manual_renewal_order' ) );
	}

	private function asked_of_renewal( string $event ): bool {
		$order = new WC_Order( array( 'status' => 'pending', 'paid' => null, 'method' => '' ) );
		return (bool) $this->in_event( $event, fn() => apply_filters( 'woocommerce_email_enabled_customer_renewal_invoice', true, $order, null ) );
	}

	public function test_a_refund_right_after_the_sale_waits_for_its_credit_note_and_one_mail_brings_both(): void {
		$this->asked();
		$refund = new class() {
			public function get_id(): int {
				return 301;
			}
		};
		$email = (object) array( 'refund' => $refund );
		$this->assertFalse( $this->in_event( 'woocommerce_order_partially_refunded', fn() => apply_filters( 'woocommerce_email_enabled_customer_partially_refunded_order', true, new WC_Order(), $email ) ) );

		$this->assertFalse( ( new HeldMails() )->start_replacing( 238, array( 'credit_note', 'invoice' ), array( 301 ), 'mail-1', 600 ) );
		( new HeldMails() )->finish_replacing( 'mail-1' );

		$this->assertSame( 0, ( new HeldMails() )->summary()['held'] );
	}

	private function completed( string $event = 'woocommerce_order_status_completed' ): bool {
		return (bool) $this->in_event( $event, fn() => apply_filters( 'woocommerce_email_enabled_customer_completed_order', true, new WC_Order( array( 'status' => 'completed' ) ), null ) );
	}

	/** Facturelay mailed the invoice before WooCommerce asked for its mail. */
	private function mailed_early( string $then ): void {
		( new DocumentTable() )->save( array( 'id' => 7, 'order' => 238, 'kind' => 'invoice', 'number' => 'F2026-00007', 'date' => '2026-11-27', 'total' => '22.20', 'currency' => 'EUR' ) );
		$this->assertFalse( ( new HeldMails() )->start_replacing( 238, array( 'invoice' ), array(), 'mail-1', 600 ) );
		if ( '' !== $then ) {
			( new HeldMails() )->$then( 'mail-1' );
		}
	}

	/** @param array<string, mixed> $order */
	private function asked( array $order = array(), string $event = self::EVENT ): bool {
		return (bool) $this->in_event( $event, fn() => apply_filters( 'woocommerce_email_enabled_' . self::MAIL, true, new WC_Order( $order ), null ) );
	}

	/** @return mixed what $ask gives inside the event */
	private function in_event( string $event, callable $ask ) {
		$answer = null;
		$hook   = static function () use ( &$answer, $ask ): void {
			$answer = $ask();
		};
		if ( '' === $event ) {
			$hook();
			return $answer;
		}
		add_action( $event, $hook );
		do_action( $event );
		remove_action( $event, $hook );
		return $answer;
	}

	private function store_last_response( int $answered_at ): void {
		$paid = array( 'kind' => 'invoice', 'needs_paid' => true, 'buyer' => 'everyone', 'methods' => array(), 'countries' => array(), 'minimum' => null );
		update_option(
			'facturelay_heard',
			array(
				'answered_at' => $answered_at,
				'hold_rules'       => array(
					'since'      => 0,
					'deadline_s' => 600,
					'transfers'  => true,
					'mails'      => array(
						self::MAIL                 => array( $paid ),
						'customer_completed_order' => array( array( 'needs_paid' => false ) + $paid ),
						'customer_renewal_invoice' => array( array( 'kind' => 'payment_request', 'needs_paid' => false ) + $paid ),
						'customer_partially_refunded_order' => array( array( 'kind' => 'credit_note', 'needs_paid' => false ) + $paid ),
					),
				),
			)
		);
	}
}
