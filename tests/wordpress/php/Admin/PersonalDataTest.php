<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Documents\DocumentTable;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;

/** What WordPress's tools for personal data tell and erase of ours; what the law wants kept stays, and that is said. */
final class PersonalDataTest extends WordPressTestCase {

	private const EMAIL = 'jan@klant.test';

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) );
		WC_Order::$stored = array(
			238 => new WC_Order(),
			239 => new WC_Order( array( 'id' => 239, 'email' => 'an@klant.test' ) ),
		);
		foreach ( array( 7 => 238, 8 => 239 ) as $id => $order_id ) {
			( new DocumentTable() )->save( array( 'id' => $id, 'order' => $order_id, 'kind' => 'invoice', 'number' => "F2026-0000$id", 'date' => '2026-11-27', 'total' => '22.20', 'currency' => 'EUR' ) );
			( new HeldMails() )->record_not_held( $order_id, 'customer_processing_order', 0, array( 'invoice' ), 'link' );
		}
	}

	public function test_a_persons_documents_are_told_and_nobody_elses(): void {
		$result = $this->ask( 'exporter' );

		$this->assertTrue( $result['done'] );
		$this->assertSame( array( 'facturelay-7' ), array_column( $result['data'], 'item_id' ) );
		$this->assertSame( array( 'name' => 'Invoice', 'value' => 'F2026-00007, 2026-11-27, 22.20 EUR' ), $result['data'][0]['data'][0] );
	}

	public function test_mails_are_forgotten_and_invoices_kept_which_is_said(): void {
		global $wpdb;

		$result = $this->ask( 'eraser' );

		$this->assertSame( array( true, true, true ), array( $result['items_removed'], $result['items_retained'], $result['done'] ) );
		$this->assertStringContainsString( 'law', $result['messages'][0] );
		$this->assertSame( array( '239' ), $wpdb->get_col( "SELECT order_id FROM {$wpdb->prefix}facturelay_holds" ) );
		$this->assertCount( 1, ( new DocumentTable() )->of_order( 238 ) );
	}

	public function test_a_mail_that_still_waits_is_not_forgotten(): void {
		( new HeldMails() )->hold( 238, 'customer_completed_order', 0, 'completed', array( 'invoice' ), 'en_US', 600 );

		$this->ask( 'eraser' );

		$this->assertSame( 1, ( new HeldMails() )->summary()['held'] );
	}

	/** @return array<string, mixed> */
	private function ask( string $which ): array {
		return apply_filters( "wp_privacy_personal_data_{$which}s", array() )['facturelay']['callback']( self::EMAIL, 1 );
	}
}
