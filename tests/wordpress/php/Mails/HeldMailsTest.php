<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;

/** Who sends a mail: exactly one, whatever happens in between. */
final class HeldMailsTest extends WordPressTestCase {

	private const DEADLINE_S = 600;

	private HeldMails $ledger;

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		$this->ledger = new HeldMails();
	}

	public function test_a_mail_asked_for_twice_is_held_once(): void {
		$this->assertTrue( $this->hold() );
		$this->assertTrue( $this->hold() );

		$this->assertSame( 1, $this->ledger->summary()['held'] );
	}

	public function test_the_same_mail_is_held_again_when_the_first_has_left(): void {
		$this->hold();
		$this->release();

		$this->assertTrue( $this->hold() );
		$this->assertSame( 1, $this->ledger->summary()['held'] );
	}

	public function test_without_a_table_nothing_is_held(): void {
		delete_option( 'facturelay_schema' );

		$this->assertFalse( $this->hold() );
	}

	public function test_a_held_mail_waits_for_its_deadline(): void {
		$this->hold();
		$this->assertSame( array(), $this->ledger->due( 5 ) );

		$this->hours_pass( 1 );

		$this->assertCount( 1, $this->ledger->due( 5 ) );
	}

	public function test_only_one_claims_a_mail(): void {
		$this->hold();
		$this->hours_pass( 1 );
		$row = $this->ledger->due( 1 )[0];

		$this->assertSame( array( true, false ), array( $this->ledger->claim( $row ), $this->ledger->claim( $row ) ) );
		$this->assertSame( array(), $this->ledger->due( 1 ) );
	}

	public function test_a_mail_whose_sender_died_is_sent_again(): void {
		$this->hold();
		$this->hours_pass( 1 );
		$this->ledger->claim( $this->ledger->due( 1 )[0] );

		$this->hours_pass( 1 );

		$this->assertCount( 1, $this->ledger->due( 1 ) );
	}

	public function test_a_mail_that_cannot_be_sent_is_tried_three_times(): void {
		$this->hold();
		$tries = 0;
		for ( $hour = 0; $hour < 9; $hour++ ) {
			$this->hours_pass( 1 );
			foreach ( $this->ledger->due( 1 ) as $row ) {
				$this->ledger->claim( $row );
				$this->ledger->retry_later( $row );
				++$tries;
			}
		}

		$this->assertSame( 3, $tries );
	}

	public function test_facturelay_takes_a_mail_and_then_the_shop_does_not_send_it(): void {
		$this->hold();

		$this->assertFalse( $this->take() );
		$this->ledger->finish_replacing( 'claim-1' );
		$this->hours_pass( 1 );

		$this->assertSame( array(), $this->ledger->due( 5 ) );
	}

	public function test_a_mail_that_was_taken_and_never_replaced_leaves_after_all(): void {
		$this->hold();
		$this->take();
		$this->assertSame( array(), $this->ledger->due( 5 ) );

		$this->hours_pass( 1 );

		$this->assertCount( 1, $this->ledger->due( 5 ) );
	}

	public function test_asking_again_before_the_deadline_changes_nothing(): void {
		$this->hold();
		$this->take();

		$this->assertFalse( $this->take() );
		$this->ledger->finish_replacing( 'claim-1' );
		$this->assertFalse( $this->take(), 'the mail left for us: a repeat may carry the same Message-ID' );
	}

	public function test_past_the_deadline_facturelay_is_too_late(): void {
		$this->hold();
		$this->hours_pass( 1 );

		$this->assertTrue( $this->take() );
		$this->release();
		$this->assertTrue( $this->take() );
	}

	public function test_a_claim_is_not_stretched_beyond_the_deadline(): void {
		$this->hold();
		$this->take();
		$this->hours_pass( 1 );

		$this->assertTrue( $this->take() );
	}

	public function test_a_mail_that_passed_counts_against_ours_for_a_day(): void {
		$this->ledger->record_not_held( 7, 'customer_processing_order', 0, array( 'invoice' ), 'stale' );
		$this->assertTrue( $this->take() );

		$this->hours_pass( 25 );

		$this->assertFalse( $this->take() );
	}

	public function test_a_mail_that_was_given_back_does_not_count_against_ours(): void {
		$this->hold();
		$this->ledger->release_order( 7, 'processing', array() );
		$this->release();

		$this->assertFalse( $this->take() );
	}

	public function test_other_documents_than_the_late_one_may_be_mailed(): void {
		$this->hold();
		$this->hours_pass( 1 );
		$this->release();

		$this->assertFalse( $this->ledger->start_replacing( 7, array( 'credit_note' ), array( 71 ), 'claim-2', self::DEADLINE_S ) );
		$this->assertFalse( $this->ledger->start_replacing( 7, array( 'invoice', 'credit_note' ), array( 71 ), 'claim-3', self::DEADLINE_S ) );
	}

	public function test_a_mail_of_a_later_status_is_not_given_back_for_an_earlier_one(): void {
		$this->hold();

		$this->ledger->release_order( 7, 'on-hold', array() );
		$this->assertSame( array(), $this->ledger->due( 5 ) );

		$this->ledger->release_order( 7, 'processing', array() );
		$this->assertCount( 1, $this->ledger->due( 5 ) );
	}

	public function test_a_refund_is_given_back_by_its_own_number(): void {
		$this->ledger->hold( 7, 'customer_refunded_order', 71, 'completed', array( 'credit_note' ), 'nl_BE', self::DEADLINE_S );

		$this->ledger->release_order( 7, 'completed', array( 70 ) );
		$this->assertSame( array(), $this->ledger->due( 5 ) );

		$this->ledger->release_order( 7, 'completed', array( 70, 71 ) );
		$this->assertCount( 1, $this->ledger->due( 5 ) );
	}

	public function test_a_credit_note_takes_the_mail_of_its_own_refund_only(): void {
		foreach ( array( 70, 71 ) as $refund ) {
			$this->ledger->hold( 7, 'customer_partially_refunded_order', $refund, 'completed', array( 'credit_note' ), '', self::DEADLINE_S );
		}

		$this->assertFalse( $this->ledger->start_replacing( 7, array( 'credit_note' ), array( 70 ), 'claim-1', self::DEADLINE_S ) );
		$this->ledger->finish_replacing( 'claim-1' );

		$this->assertSame( 1, $this->ledger->summary()['held'] );
	}

	public function test_when_our_mail_is_refused_theirs_leaves_at_once(): void {
		$this->hold();
		$this->take();

		$this->ledger->cancel_replacing( 'claim-1' );

		$this->assertCount( 1, $this->ledger->due( 5 ) );
	}

	public function test_everything_leaves_when_we_go(): void {
		$this->hold();
		$this->ledger->hold( 8, 'customer_processing_order', 0, 'processing', array( 'invoice' ), '', self::DEADLINE_S );
		$this->take();

		$this->ledger->release_all();

		$this->assertCount( 2, $this->ledger->due( 5 ) );
	}

	public function test_kinds_are_on_their_way_until_the_mail_was_sent_without_them(): void {
		$this->hold();
		$this->assertSame( array( 'invoice' ), $this->ledger->expected_kinds( 7 ) );

		$this->hours_pass( 1 );
		$this->release();

		$this->assertSame( array(), $this->ledger->expected_kinds( 7 ) );
	}

	public function test_a_copy_of_the_shop_is_known_by_its_address(): void {
		$this->assertFalse( Connection::save( array( 'secret' => 'x', 'site' => Connection::home_url() . '/' ) )->is_clone() );
		$this->assertTrue( Connection::save( array( 'secret' => 'x', 'site' => 'https://shop.example' ) )->is_clone() );
	}

	private function hold(): bool {
		return $this->ledger->hold( 7, 'customer_processing_order', 0, 'processing', array( 'invoice' ), 'nl_BE', self::DEADLINE_S );
	}

	/** True when Facturelay's mail would be the second one. */
	private function take(): bool {
		return $this->ledger->start_replacing( 7, array( 'invoice' ), array(), 'claim-1', self::DEADLINE_S );
	}

	private function release(): void {
		$this->hours_pass( 0 );
		foreach ( $this->ledger->due( 5 ) as $row ) {
			$this->ledger->claim( $row );
			$this->ledger->finish( (int) $row->id, 'released' );
		}
	}

	/** The clock cannot be moved, so all rows are made older. */
	private function hours_pass( int $hours ): void {
		global $wpdb;
		$columns = array( 'held_at', 'release_at', 'claimed_at', 'done_at' );
		$older   = implode( ', ', array_map( static fn ( string $column ): string => "$column = $column - INTERVAL $hours HOUR", $columns ) );
		$wpdb->query( "UPDATE {$wpdb->prefix}facturelay_holds SET $older" );
	}
}
