<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Documents\CustomerLinks;
use Facturelay\Documents\DocumentTable;
use Facturelay\Documents\OrderLink;
use Facturelay\Lifecycle\Schema;

/** WooCommerce's own mails link to Facturelay itself: that works for guests, and when the plugin is gone. */
final class OrderLinkTest extends WordPressTestCase {

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'https://10.0.0.5', 'shop' => 'a' ) );
		( new DocumentTable() )->save( array( 'id' => 7, 'order' => 238, 'kind' => 'invoice', 'number' => 'F2026-00007', 'date' => '2026-11-27', 'total' => '22.20', 'currency' => 'EUR' ) );
	}

	/** The case of tests/net/test_order_link.py. */
	public function test_a_token_is_what_facturelay_reads(): void {
		$this->assertSame( 'a1a1a1a1a1a1a1a1a1a1a1a1-238-1795000000-f1f58e92bd9131f3-994eb46396048e3b43f7450ade0464c1', OrderLink::token( str_repeat( '7e', 32 ), str_repeat( 'a1', 12 ), 238, 1795000000, 'wc_order_abc' ) );
	}

	public function test_a_mail_leads_to_the_public_address_of_facturelay(): void {
		$this->facturelay_told( 'https://documents.example/o/' );

		$this->assertMatchesRegularExpression( '~href="https://documents\.example/o/a-238-\d+-[0-9a-f]{16}-[0-9a-f]{32}"~', $this->mail( 'customer_completed_order' ) );
	}

	public function test_the_mail_of_a_refund_leads_to_its_credit_note(): void {
		$this->facturelay_told( 'https://documents.example/o/' );

		$this->assertStringContainsString( '?refund=301"', $this->mail( 'customer_refunded_order', 301 ) );
	}

	public function test_before_facturelay_answered_it_leads_to_the_shop(): void {
		$this->assertStringContainsString( 'facturelay_order=238', $this->mail( 'customer_completed_order' ) );
	}

	public function test_what_facturelay_tells_between_two_heartbeats_counts(): void {
		Heartbeat::store_bridge_state( array( 'hold_rules' => array(), 'shop' => array(), 'order_links' => array( 'url' => 'https://new.example/o/', 'key' => 'k' ) ) );

		$this->assertStringContainsString( 'https://new.example/o/', $this->mail( 'customer_completed_order' ) );
	}

	private function facturelay_told( string $url ): void {
		update_option( 'facturelay_heard', array( 'order_links' => array( 'url' => $url, 'key' => 'k' ) ) );
	}

	private function mail( string $id, int $refund_id = 0 ): string {
		$refund = new class( $refund_id ) {
			private int $id;

			public function __construct( int $id ) {
				$this->id = $id;
			}

			public function get_id(): int {
				return $this->id;
			}
		};
		ob_start();
		( new CustomerLinks() )->add_to_mail( new WC_Order(), false, false, (object) array( 'id' => $id, 'refund' => $refund_id > 0 ? $refund : null ) );
		return (string) ob_get_clean();
	}
}
