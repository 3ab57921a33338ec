<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Documents\CustomerLinks;
use Facturelay\Documents\DocumentTable;
use Facturelay\Lifecycle\Schema;
use PHPUnit\Framework\Attributes\DataProvider;

/** What a customer sees of the documents: each once, in the list of orders, at the order, in WooCommerce's mails; never a test. */
final class CustomerLinksTest extends WordPressTestCase {

	protected function setUp(): void {
		Schema::create_tables();
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'https://127.0.0.1', 'shop' => 'abc' ) );
		WC_Order::$stored = array( 238 => new WC_Order(), 239 => new WC_Order( array( 'id' => 239 ) ) );
		foreach ( array( array( 7, 238, 'invoice', 'F2026-00007', false ), array( 8, 238, 'credit_note', 'C2026-00008', false ), array( 9, 239, 'invoice', 'F2026-00009', true ) ) as list( $id, $order, $kind, $number, $test ) ) {
			( new DocumentTable() )->save( array( 'id' => $id, 'order' => $order, 'kind' => $kind, 'number' => $number, 'date' => '2026-11-27', 'total' => '22.20', 'currency' => 'EUR', 'test' => $test ) );
		}
	}

	public function test_the_list_of_orders_has_a_column_with_all_documents_before_the_buttons(): void {
		$columns = apply_filters( 'woocommerce_account_orders_columns', array( 'order-number' => 'Order', 'order-actions' => 'Actions' ) );

		$this->assertSame( array( 'order-number', 'facturelay-documents', 'order-actions' ), array_keys( $columns ) );
		$this->assertSame( 'Invoice F2026-00007 Credit note C2026-00008', $this->printed( 'woocommerce_my_account_my_orders_column_facturelay-documents', 238 ) );
		$this->assertSame( '–', $this->printed( 'woocommerce_my_account_my_orders_column_facturelay-documents', 239 ) );
	}

	public function test_one_query_finds_the_documents_of_a_whole_page(): void {
		global $wpdb;
		// Others than in the tests before: in a page, what was found is remembered.
		WC_Order::$stored = array( 241 => new WC_Order( array( 'id' => 241 ) ), 242 => new WC_Order( array( 'id' => 242 ) ) );
		apply_filters( 'woocommerce_order_query', (object) array( 'orders' => array_values( WC_Order::$stored ) ) );
		$before = $wpdb->num_queries;

		$this->printed( 'woocommerce_my_account_my_orders_column_facturelay-documents', 241 );
		$this->printed( 'woocommerce_my_account_my_orders_column_facturelay-documents', 242 );

		$this->assertSame( 1, $wpdb->num_queries - $before );
	}

	public function test_at_the_order_each_document_stands_once_for_its_buttons_have_none(): void {
		$this->assertSame( array(), apply_filters( 'woocommerce_my_account_my_orders_actions', array(), WC_Order::$stored[238] ) );
		$this->assertSame( 'Documents Invoice F2026-00007 Credit note C2026-00008', $this->printed( 'woocommerce_order_details_after_order_table', 238 ) );
	}

	/** @dataProvider mails */
	#[DataProvider( 'mails' )]
	public function test_a_mail_of_woocommerce_to_the_customer_leads_to_the_documents( string $mail_id, bool $to_admin, string $says ): void {
		ob_start();
		do_action( 'woocommerce_email_after_order_table', WC_Order::$stored[238], $to_admin, false, new WC_Email( $mail_id ) );

		$this->assertSame( $says, wp_strip_all_tags( (string) ob_get_clean() ) );
	}

	/** @return array<string, array{0: string, 1: bool, 2: string}> */
	public static function mails(): array {
		return array(
			'by itself'            => array( 'customer_completed_order', false, 'Your documents for this order: open' ),
			'the details, by hand' => array( 'customer_invoice', false, 'Your documents for this order: open' ),
			'a note, by hand'      => array( 'customer_note', false, 'Your documents for this order: open' ),
			'to the shop'          => array( 'new_order', true, '' ),
			'a new account'        => array( 'customer_new_account', false, '' ),
		);
	}

	private function printed( string $action, int $order_id ): string {
		ob_start();
		do_action( $action, WC_Order::$stored[ $order_id ] );
		return trim( (string) preg_replace( '/\s+/', ' ', wp_strip_all_tags( str_replace( '<', ' <', (string) ob_get_clean() ) ) ) );
	}
}
