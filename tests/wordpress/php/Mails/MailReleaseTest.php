<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;
use Facturelay\Mails\MailRelease;
use PHPUnit\Framework\Attributes\DataProvider;

/** Which held mails leave, in which language, and that none leaves twice or for the wrong order. */
final class MailReleaseTest extends WordPressTestCase {

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) );
		$this->order( 238 );
		$this->order( 239 );
	}

	public function test_a_mail_that_waited_long_enough_leaves_once(): void {
		$this->held( 238 );

		$this->assertSame( 1, ( new MailRelease() )->release( 5 ) );
		$this->assertSame( 0, ( new MailRelease() )->release( 5 ) );
		$this->assertSame( array( array( 'customer_processing_order', 238, 'en_US' ) ), WC_Email::$sent );
	}

	/** More than fit into one round, and Facturelay is silent: the reason why the plugin is switched off. */
	public function test_every_held_mail_leaves_before_the_plugin_goes(): void {
		for ( $order_id = 1000; $order_id < 1230; $order_id++ ) {
			$this->order( $order_id );
			$this->held( $order_id, array( 'deadline_s' => 600 ) );
		}

		( new MailRelease() )->release_all( static fn (): ?array => null );

		$this->assertCount( 230, WC_Email::$sent );
		$this->assertSame( array( 'released' ), array_values( array_unique( $this->states() ) ) );
	}

	/** Memory, a time limit, or an exit in a hook. */
	public function test_a_mail_at_which_the_process_ends_each_time_leaves_three_times_and_no_more(): void {
		global $wpdb;
		$this->held( 238 );
		$wpdb->query( "UPDATE {$wpdb->prefix}facturelay_holds SET state = 'releasing', tries = 2, claimed_at = UTC_TIMESTAMP() - INTERVAL 11 MINUTE" );
		$this->assertSame( 1, ( new MailRelease() )->release( 5 ) );

		$wpdb->query( "UPDATE {$wpdb->prefix}facturelay_holds SET state = 'releasing', live = 1, tries = 3, claimed_at = UTC_TIMESTAMP() - INTERVAL 11 MINUTE" );
		$this->assertSame( 0, ( new MailRelease() )->release( 5 ) );
		$this->assertSame( array( 'gone' ), $this->states() );
	}

	public function test_a_mail_that_may_still_be_replaced_stays(): void {
		$this->held( 238, array( 'deadline_s' => 600 ) );

		$this->assertSame( 0, ( new MailRelease() )->release( 5 ) );
		$this->assertSame( array(), WC_Email::$sent );
	}

	public function test_an_erased_order_gets_no_mail_and_nobody_elses_leaves_in_its_place(): void {
		$this->held( 238 );
		$this->held( 239 );
		unset( WC_Order::$stored[239] );

		( new MailRelease() )->release( 5 );

		$this->assertSame( array( array( 'customer_processing_order', 238, 'en_US' ) ), WC_Email::$sent );
		$this->assertSame( array( 'released', 'gone' ), $this->states() );
	}

	/** @dataProvider ends */
	#[DataProvider( 'ends' )]
	public function test_an_order_that_is_over_gets_no_mail( string $status ): void {
		$this->held( 238 );
		$this->order( 238, $status );

		( new MailRelease() )->release( 5 );

		$this->assertSame( array( array(), array( 'gone' ) ), array( WC_Email::$sent, $this->states() ) );
	}

	/** @return array<int, array{0: string}> */
	public static function ends(): array {
		return array( array( 'trash' ), array( 'cancelled' ), array( 'failed' ) );
	}

	public function test_a_refund_that_was_taken_back_gets_no_mail(): void {
		$this->held( 238, array( 'mail' => 'customer_refunded_order', 'refund' => 301 ) );

		( new MailRelease() )->release( 5 );

		$this->assertSame( array( array(), array( 'gone' ) ), array( WC_Email::$sent, $this->states() ) );
	}

	public function test_how_to_pay_is_not_told_to_who_paid_and_has_a_later_mail(): void {
		$this->held( 238, array( 'mail' => 'customer_on_hold_order' ) );
		$this->held( 238, array( 'mail' => 'customer_processing_order' ) );

		( new MailRelease() )->release( 5 );

		$this->assertSame( array( array( 'customer_processing_order', 238, 'en_US' ) ), WC_Email::$sent );
		$this->assertSame( array( 'superseded', 'released' ), $this->states() );
	}

	public function test_how_to_pay_is_told_when_nothing_else_was(): void {
		$this->held( 238, array( 'mail' => 'customer_on_hold_order' ) );

		( new MailRelease() )->release( 5 );

		$this->assertSame( array( array( 'customer_on_hold_order', 238, 'en_US' ) ), WC_Email::$sent );
	}

	public function test_the_mails_of_an_order_leave_in_the_order_of_its_life(): void {
		$this->held( 238 );
		( new HeldMails() )->hold_in_line( 238, 'customer_completed_order', 0, 'completed', 'en_US' );
		$this->held( 239 );

		$this->assertSame( 3, ( new MailRelease() )->release( 5 ) );

		$of_238 = array_values( array_filter( WC_Email::$sent, static fn ( array $mail ): bool => 238 === $mail[1] ) );
		$this->assertSame( array( 'customer_processing_order', 'customer_completed_order' ), array_column( $of_238, 0 ) );
	}

	public function test_no_mail_says_that_an_order_came_in_when_it_is_on_its_way(): void {
		global $wpdb;
		$this->held( 238 );
		$wpdb->insert( $wpdb->prefix . 'facturelay_holds', array( 'order_id' => 238, 'mail_id' => 'customer_completed_order', 'state' => 'replaced', 'kinds' => 'delivery_note', 'held_at' => '2026-01-01', 'release_at' => '2026-01-01', 'done_at' => '2026-01-01' ) );

		( new MailRelease() )->release( 5 );

		$this->assertSame( array( array(), array( 'superseded', 'replaced' ) ), array( WC_Email::$sent, $this->states() ) );
	}

	public function test_a_mail_leaves_in_the_language_it_was_held_in(): void {
		// A Dutch visitor's page view gives an English customer's mail its turn.
		add_filter( 'locale', static fn () => 'nl_BE', 1 );
		$this->held( 238, array( 'locale' => 'en_US' ) );

		( new MailRelease() )->release( 5 );

		$this->assertSame( array( array( 'customer_processing_order', 238, 'en_US' ) ), WC_Email::$sent );
		$this->assertSame( 'nl_BE', get_locale() );
	}

	public function test_a_mail_that_could_not_be_sent_is_tried_again_but_not_for_ever(): void {
		global $wpdb;
		WC_Email::$works = false;
		$this->held( 238 );
		for ( $try = 0; $try < 3; $try++ ) {
			( new MailRelease() )->release( 5 );
			$wpdb->query( "UPDATE {$wpdb->prefix}facturelay_holds SET release_at = '2000-01-01 00:00:00'" );
		}
		WC_Email::$works = true;

		$this->assertSame( array( 0, array( 'gone' ) ), array( ( new MailRelease() )->release( 5 ), $this->states() ) );
	}

	public function test_a_copy_of_the_shop_sends_nothing(): void {
		$this->held( 238 );
		Connection::save( array( 'secret' => 'x', 'site' => 'https://shop.example' ) );

		( new MailRelease() )->release_on_shutdown();

		$this->assertSame( array( array(), array( 'held' ) ), array( WC_Email::$sent, $this->states() ) );
	}

	private function order( int $id, string $status = 'processing' ): void {
		WC_Order::$stored[ $id ] = new WC_Order( array( 'id' => $id, 'status' => $status ) );
	}

	/** @param array<string, mixed> $row what differs from a mail that is due */
	private function held( int $order_id, array $row = array() ): void {
		$row += array( 'mail' => 'customer_processing_order', 'refund' => 0, 'locale' => 'en_US', 'deadline_s' => -1 );
		( new HeldMails() )->hold( $order_id, $row['mail'], $row['refund'], 'processing', array( 'invoice' ), $row['locale'], $row['deadline_s'] );
	}

	/** @return string[] */
	private function states(): array {
		global $wpdb;
		return $wpdb->get_col( "SELECT state FROM {$wpdb->prefix}facturelay_holds ORDER BY id" );
	}
}
