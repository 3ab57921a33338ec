<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;

/** Who sends a mail: exactly one, whatever happens in between. */
final class HeldMailsTest extends WordPressTestCase {

	private const DEADLINE_S = 600;

	private HeldMails $held_mails;

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		$this->held_mails = new HeldMails();
	}

	public function test_a_mail_asked_for_twice_is_held_once(): void {
		$this->assertTrue( $this->hold() );
		$this->assertTrue( $this->hold() );

		$this->assertSame( 1, $this->held_mails->summary()['held'] );
	}

	public function test_the_same_mail_is_held_again_when_the_first_has_left(): void {
		$this->hold();
		$this->release();

		$this->assertTrue( $this->hold() );
		$this->assertSame( 1, $this->held_mails->summary()['held'] );
	}

	public function test_without_a_table_nothing_is_held(): void {
		delete_option( 'facturelay_schema' );

		$this->assertFalse( $this->hold() );
	}

	public function test_a_held_mail_waits_for_its_deadline(): void {
		$this->hold();
		$this->assertSame( array(), $this->held_mails->due( 5 ) );

		$this->hours_pass( 1 );

		$this->assertCount( 1, $this->held_mails->due( 5 ) );
	}

	public function test_only_one_claims_a_mail(): void {
		$this->hold();
		$this->hours_pass( 1 );
		$row = $this->held_mails->due( 1 )[0];

		$this->assertSame( array( true, false ), array( $this->held_mails->claim( $row ), $this->held_mails->claim( $row ) ) );
		$this->assertSame( array(), $this->held_mails->due( 1 ) );
	}

	public function test_a_mail_whose_sender_died_is_sent_again(): void {
		$this->hold();
		$this->hours_pass( 1 );
		$this->held_mails->claim( $this->held_mails->due( 1 )[0] );

		$this->hours_pass( 1 );

		$this->assertCount( 1, $this->held_mails->due( 1 ) );
	}

	public function test_a_mail_that_cannot_be_sent_is_tried_three_times(): void {
		$this->hold();
		$tries = 0;
		for ( $hour = 0; $hour < 9; $hour++ ) {
			$this->hours_pass( 1 );
			foreach ( $this->held_mails->due( 1 ) as $row ) {
				$this->held_mails->claim( $row );
				$this->held_mails->retry_later( $row );
				++$tries;
			}
		}

		$this->assertSame( 3, $tries );
	}

	public function test_a_mail_that_facturelay_replaced_is_not_sent_by_the_shop(): void {
		$this->hold();

		$this->assertFalse( $this->start_replacing() );
		$this->held_mails->finish_replacing( 'mail-1' );
		$this->hours_pass( 1 );

		$this->assertSame( array(), $this->held_mails->due( 5 ) );
	}

	public function test_a_mail_that_was_to_be_replaced_and_never_was_leaves_after_all(): void {
		$this->hold();
		$this->start_replacing();
		$this->assertSame( array(), $this->held_mails->due( 5 ) );

		$this->hours_pass( 1 );

		$this->assertCount( 1, $this->held_mails->due( 5 ) );
	}

	public function test_asking_again_before_the_deadline_changes_nothing(): void {
		$this->hold();
		$this->start_replacing();

		$this->assertFalse( $this->start_replacing() );
		$this->held_mails->finish_replacing( 'mail-1' );
		$this->assertFalse( $this->start_replacing(), 'the mail left for us: a repeat may carry the same Message-ID' );
	}

	public function test_past_the_deadline_facturelay_is_too_late(): void {
		$this->hold();
		$this->hours_pass( 1 );

		$this->assertTrue( $this->start_replacing() );
		$this->release();
		$this->assertTrue( $this->start_replacing() );
	}

	public function test_asking_again_does_not_stretch_the_deadline(): void {
		$this->hold();
		$this->start_replacing();
		$this->hours_pass( 1 );

		$this->assertTrue( $this->start_replacing() );
	}

	/** A mail server that says "later" again and again: each try asks anew, and the mail waits no longer for it. */
	public function test_however_often_facturelay_asks_a_mail_waits_no_longer_than_it_may(): void {
		$this->hold();
		for ( $minute = 0; $minute < 8; $minute++ ) {
			$this->assertFalse( $this->start_replacing() );
			$this->minutes_pass( 1 );
		}

		$this->assertTrue( $this->start_replacing(), 'what is left is too short for a mail server' );
		$this->assertCount( 1, $this->held_mails->due( 5 ), 'and so it leaves at once, as Facturelay is told' );
		$this->assertSame( 'late', $this->column( 'reason' ) );
	}

	public function test_a_mail_that_is_being_replaced_waits_no_longer_than_it_may(): void {
		$this->hold();
		$this->start_replacing();
		$this->minutes_pass( 9 );
		$this->assertSame( array(), $this->held_mails->due( 5 ) );

		$this->minutes_pass( 1 );

		$this->assertCount( 1, $this->held_mails->due( 5 ) );
	}

	public function test_no_mail_leaves_before_an_earlier_one_of_its_order(): void {
		$this->hold();
		$this->held_mails->hold( 7, 'customer_completed_order', 0, 'completed', array( 'delivery_note' ), '', -1 );
		$this->assertSame( array(), $this->held_mails->due( 5 ) );

		$this->held_mails->hold( 8, 'customer_completed_order', 0, 'completed', array( 'delivery_note' ), '', -1 );
		$this->assertSame( array( '8' ), array_column( $this->held_mails->due( 5 ), 'order_id' ), 'of another order it does' );

		$this->minutes_pass( 10 );
		$this->assertSame( array( array( '8', 'customer_completed_order' ), array( '7', 'customer_processing_order' ) ), array_map( static fn ( object $row ): array => array( $row->order_id, $row->mail_id ), $this->held_mails->due( 5 ) ) );
	}

	public function test_a_mail_whose_earlier_one_is_being_sent_waits_for_that(): void {
		$this->hold();
		$this->held_mails->hold_in_line( 7, 'customer_completed_order', 0, 'completed', '' );
		$this->minutes_pass( 10 );

		$this->held_mails->claim( $this->held_mails->due( 1 )[0] );

		$this->assertSame( array(), $this->held_mails->due( 5 ) );
	}

	public function test_nothing_stands_in_line_where_nothing_waits(): void {
		$this->assertFalse( $this->held_mails->hold_in_line( 7, 'customer_completed_order', 0, 'completed', '' ) );
	}

	public function test_facturelay_saw_a_later_status_so_what_was_held_before_is_released_too(): void {
		$this->hold();
		$this->held_mails->hold_in_line( 7, 'customer_completed_order', 0, 'completed', '' );

		$this->held_mails->release_order( 7, 'completed', array() );

		$this->assertSame( 'customer_processing_order', $this->held_mails->due( 5 )[0]->mail_id );
	}

	public function test_a_mail_that_a_later_one_with_the_link_made_pointless_counts_against_ours(): void {
		$this->hold();
		$this->held_mails->hold_in_line( 7, 'customer_completed_order', 0, 'completed', '' );
		$this->minutes_pass( 10 );
		$this->held_mails->claim( $this->held_mails->due( 1 )[0] );
		$this->held_mails->supersede( (int) $this->column( 'id' ), 7 );
		$this->release();

		$this->assertTrue( $this->held_mails->needs_link( 7, 'customer_completed_order' ) );
		$this->assertTrue( $this->start_replacing() );
	}

	public function test_a_mail_that_was_not_held_counts_against_ours_for_a_day(): void {
		$this->held_mails->record_not_held( 7, 'customer_processing_order', 0, array( 'invoice' ), 'stale' );
		$this->assertTrue( $this->start_replacing() );

		$this->hours_pass( 25 );

		$this->assertFalse( $this->start_replacing() );
	}

	public function test_a_mail_without_a_document_does_not_count_against_ours(): void {
		$this->hold();
		$this->held_mails->release_order( 7, 'processing', array() );
		$this->release();

		$this->assertFalse( $this->start_replacing() );
	}

	public function test_other_documents_than_the_late_one_may_be_mailed(): void {
		$this->hold();
		$this->hours_pass( 1 );
		$this->release();

		$this->assertFalse( $this->held_mails->start_replacing( 7, array( 'credit_note' ), array( 71 ), 'mail-2', self::DEADLINE_S ) );
		$this->assertFalse( $this->held_mails->start_replacing( 7, array( 'invoice', 'credit_note' ), array( 71 ), 'mail-3', self::DEADLINE_S ) );
	}

	public function test_a_mail_of_a_later_status_is_not_released_for_an_earlier_one(): void {
		$this->hold();

		$this->held_mails->release_order( 7, 'on-hold', array() );
		$this->assertSame( array(), $this->held_mails->due( 5 ) );

		$this->held_mails->release_order( 7, 'processing', array() );
		$this->assertCount( 1, $this->held_mails->due( 5 ) );
	}

	public function test_the_mail_of_a_refund_is_released_by_the_refunds_own_number(): void {
		$this->held_mails->hold( 7, 'customer_refunded_order', 71, 'completed', array( 'credit_note' ), 'nl_BE', self::DEADLINE_S );

		$this->held_mails->release_order( 7, 'completed', array( 70 ) );
		$this->assertSame( array(), $this->held_mails->due( 5 ) );

		$this->held_mails->release_order( 7, 'completed', array( 70, 71 ) );
		$this->assertCount( 1, $this->held_mails->due( 5 ) );
	}

	public function test_a_credit_note_replaces_the_mail_of_its_own_refund_only(): void {
		foreach ( array( 70, 71 ) as $refund ) {
			$this->held_mails->hold( 7, 'customer_partially_refunded_order', $refund, 'completed', array( 'credit_note' ), '', self::DEADLINE_S );
		}

		$this->assertFalse( $this->held_mails->start_replacing( 7, array( 'credit_note' ), array( 70 ), 'mail-1', self::DEADLINE_S ) );
		$this->held_mails->finish_replacing( 'mail-1' );

		$this->assertSame( 1, $this->held_mails->summary()['held'] );
	}

	public function test_when_our_mail_is_refused_theirs_leaves_at_once(): void {
		$this->hold();
		$this->start_replacing();

		$this->held_mails->cancel_replacing( 'mail-1' );

		$this->assertCount( 1, $this->held_mails->due( 5 ) );
	}

	public function test_every_mail_is_due_when_the_plugin_goes(): void {
		$this->hold();
		$this->held_mails->hold( 8, 'customer_processing_order', 0, 'processing', array( 'invoice' ), '', self::DEADLINE_S );
		$this->start_replacing();

		$this->held_mails->let_go();
		$this->assertSame( array( '8' ), array_column( $this->held_mails->due( 5 ), 'order_id' ), 'the other is in the hands of Facturelay' );
		$this->held_mails->let_go_of_replacing();

		$this->assertCount( 2, $this->held_mails->due( 5 ) );
	}

	public function test_from_when_the_plugin_goes_facturelay_comes_too_late(): void {
		$this->hold();

		$this->held_mails->let_go();

		$this->assertTrue( $this->start_replacing() );
	}

	public function test_told_are_mails_that_left_in_the_place_of_documents_of_late_and_those_that_facturelay_asked_for(): void {
		foreach ( array( 1, 2, 3, 4, 5, 6 ) as $order_id ) {
			$this->held_mails->hold( $order_id, 'customer_processing_order', 0, 'processing', array( 'invoice' ), '', self::DEADLINE_S );
		}
		$this->held_mails->record_not_held( 7, 'customer_refunded_order', 70, array( 'credit_note' ), 'link' );
		$this->held_mails->release_order( 1, '', array() );
		$this->held_mails->start_replacing( 2, array( 'invoice' ), array(), 'mail-2', self::DEADLINE_S );
		$this->held_mails->start_replacing( 3, array( 'invoice' ), array(), 'mail-3', self::DEADLINE_S );
		$this->held_mails->finish_replacing( 'mail-3' );
		$this->release_row( 4 );
		$this->release_row( 5 );
		$this->row_is_older( 5, 25 );

		$this->assertSame(
			array(
				array( 'order' => 7, 'refund' => 70, 'kinds' => array( 'credit_note' ), 'mail_group' => '' ),
				array( 'order' => 4, 'refund' => 0, 'kinds' => array( 'invoice' ), 'mail_group' => '' ),
				array( 'order' => 2, 'refund' => 0, 'kinds' => array( 'invoice' ), 'mail_group' => 'mail-2' ),
			),
			$this->held_mails->own_mails()
		);
	}

	private function release_row( int $order_id ): void {
		global $wpdb;
		$this->held_mails->finish( (int) $wpdb->get_var( "SELECT id FROM {$wpdb->prefix}facturelay_holds WHERE order_id = $order_id" ), 'released' );
	}

	private function row_is_older( int $order_id, int $hours ): void {
		global $wpdb;
		$wpdb->query( "UPDATE {$wpdb->prefix}facturelay_holds SET done_at = done_at - INTERVAL $hours HOUR WHERE order_id = $order_id" );
	}

	public function test_kinds_are_expected_until_the_mail_was_sent_without_them(): void {
		$this->hold();
		$this->assertSame( array( 'invoice' ), $this->held_mails->expected_kinds( 7 ) );

		$this->hours_pass( 1 );
		$this->release();

		$this->assertSame( array(), $this->held_mails->expected_kinds( 7 ) );
	}

	public function test_a_copy_of_the_shop_is_known_by_its_address(): void {
		$this->assertFalse( Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) )->is_clone() );
		$this->assertTrue( Connection::save( array( 'secret' => 'x', 'site' => 'https://shop.example' ) )->is_clone() );

		// Who makes a copy has the address replaced wherever it stands in the database, in our option too.
		$stored = (string) wp_json_encode( Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) )->to_array() );
		$home   = Connection::home_url();
		// After what the configuration of WordPress says.
		add_filter( 'option_home', static fn (): string => 'https://staging.shop.example', 20 );
		$this->assertTrue( Connection::save( (array) json_decode( str_replace( array( $home, (string) wp_parse_url( $home, PHP_URL_HOST ) ), array( 'https://staging.shop.example', 'staging.shop.example' ), $stored ), true ) )->is_clone() );
	}

	private function hold(): bool {
		return $this->held_mails->hold( 7, 'customer_processing_order', 0, 'processing', array( 'invoice' ), 'nl_BE', self::DEADLINE_S );
	}

	/** True when Facturelay's mail would be the second one. */
	private function start_replacing(): bool {
		return $this->held_mails->start_replacing( 7, array( 'invoice' ), array(), 'mail-1', self::DEADLINE_S );
	}

	private function release(): void {
		$this->hours_pass( 0 );
		foreach ( $this->held_mails->due( 5 ) as $row ) {
			$this->held_mails->claim( $row );
			$this->held_mails->finish( (int) $row->id, 'released' );
		}
	}

	/** Of the first row. */
	private function column( string $name ): string {
		global $wpdb;
		return (string) $wpdb->get_var( "SELECT $name FROM {$wpdb->prefix}facturelay_holds ORDER BY id LIMIT 1" );
	}

	private function hours_pass( int $hours ): void {
		$this->minutes_pass( 60 * $hours );
	}

	/** The clock cannot be moved, so all rows are made older. */
	private function minutes_pass( int $minutes ): void {
		global $wpdb;
		$columns = array( 'held_at', 'release_at', 'claimed_at', 'done_at' );
		$older   = implode( ', ', array_map( static fn ( string $column ): string => "$column = $column - INTERVAL $minutes MINUTE", $columns ) );
		$wpdb->query( "UPDATE {$wpdb->prefix}facturelay_holds SET $older" );
	}
}
