<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Documents\CustomerLinks;
use Facturelay\Documents\DocumentTable;
use Facturelay\Lifecycle\Schema;

/** Who may open the documents of an order by the shop's own links. */
final class LinkRedirectTest extends WordPressTestCase {

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'https://documents.example.com', 'shop' => 'abc' ) );
		( new DocumentTable() )->save( array( 'id' => 7, 'order' => 238, 'kind' => 'invoice', 'number' => 'F2026-00007', 'date' => '2026-11-27', 'total' => '22.20', 'currency' => 'EUR' ) );
		add_filter( 'wp_die_handler', static fn () => static function ( $message, $title, $args ): void {
			throw new RuntimeException( $args['response'] . ' ' . wp_strip_all_tags( (string) $title ) );
		} );
		add_filter( 'wp_redirect', static function ( string $to ): string {
			throw new RuntimeException( (string) strtok( $to, '?' ) );
		} );
		// Headers were sent long ago by PHPUnit.
		add_filter( 'nocache_headers', '__return_empty_array' );
	}

	public function test_a_guest_opens_his_document_right_after_the_checkout(): void {
		$this->assertSame( 'https://documents.example.com/plugin/d/abc/7', $this->visited( array(), 'wc_order_238' ) );
	}

	public function test_the_link_of_a_file_leads_to_that_file(): void {
		$_GET = array( 'facturelay_document' => '7', 'facturelay_file' => 'pdf', 'key' => 'wc_order_238' );
		$this->assertSame( 'https://documents.example.com/plugin/d/abc/7/pdf', $this->visited( array(), null ) );

		$_GET['facturelay_file'] = '../../other';
		$this->assertSame( 'https://documents.example.com/plugin/d/abc/7', $this->visited( array(), null ) );
	}

	public function test_who_counts_order_numbers_sees_nothing(): void {
		$this->assertSame( '404 Not found', $this->visited( array(), '' ) );
		$this->assertSame( '404 Not found', $this->visited( array(), 'wc_order_239' ) );
	}

	public function test_a_guest_is_asked_for_his_address_later_on(): void {
		$this->assertSame( '403 Your e-mail address', $this->visited( array( 'created' => '-1 hour' ), 'wc_order_238' ) );
	}

	public function test_the_right_address_opens_and_a_wrong_one_does_not(): void {
		$_POST = array( 'facturelay_email' => 'Jan@klant.test', '_wpnonce' => wp_create_nonce( 'facturelay_email' ) );
		$this->assertSame( 'https://documents.example.com/plugin/d/abc/7', $this->visited( array( 'created' => '-1 hour' ), 'wc_order_238' ) );

		$_POST['facturelay_email'] = 'an@klant.test';
		$this->assertSame( '403 Your e-mail address', $this->visited( array( 'created' => '-1 hour' ), 'wc_order_238' ) );
	}

	public function test_addresses_cannot_be_tried_for_ever(): void {
		$_POST = array( 'facturelay_email' => 'an@klant.test', '_wpnonce' => wp_create_nonce( 'facturelay_email' ) );
		for ( $try = 0; $try < 5; $try++ ) {
			$this->visited( array( 'created' => '-1 hour' ), 'wc_order_238' );
		}
		$_POST['facturelay_email'] = 'jan@klant.test';

		$this->assertSame( '403 Your e-mail address', $this->visited( array( 'created' => '-1 hour' ), 'wc_order_238' ) );
	}

	public function test_strangers_cannot_keep_the_customer_out(): void {
		$_POST = array( 'facturelay_email' => 'an@klant.test', '_wpnonce' => wp_create_nonce( 'facturelay_email' ) );
		$this->tries_from( '203.0.113.1', 9 );
		$this->tries_from( '2001:db8:0:1::1', 4 );
		$this->tries_from( '2001:db8:0:1::2', 4 );
		$_POST['facturelay_email'] = 'jan@klant.test';

		$this->assertSame( '403 Your e-mail address', $this->from( '203.0.113.1' ), 'who tried too often' );
		$this->assertSame( '403 Your e-mail address', $this->from( '2001:db8:0:1::3' ), 'his neighbour in the same network' );
		$this->assertSame( 'https://documents.example.com/plugin/d/abc/7', $this->from( '198.51.100.7' ), 'the customer' );
	}

	public function test_a_count_of_tries_ends_a_fixed_time_after_the_first(): void {
		$_POST = array( 'facturelay_email' => 'an@klant.test', '_wpnonce' => wp_create_nonce( 'facturelay_email' ) );
		$this->tries_from( '203.0.113.1', 5 );
		$visitor = substr( hash( 'sha256', '203.0.113.1' ), 0, 16 );
		$first   = get_transient( "facturelay_tries_238_$visitor" );
		$this->assertSame( 5, $first['tries'] );
		$this->assertLessThanOrEqual( time() + 600, $first['until'] );
		// Ten minutes later, however often it was tried meanwhile.
		set_transient( "facturelay_tries_238_$visitor", array( 'until' => time() - 1 ) + $first, 600 );
		$_POST['facturelay_email'] = 'jan@klant.test';

		$this->assertSame( 'https://documents.example.com/plugin/d/abc/7', $this->from( '203.0.113.1' ) );
	}

	public function test_one_visitor_cannot_try_an_address_on_order_after_order(): void {
		$_POST = array( 'facturelay_email' => 'an@klant.test', '_wpnonce' => wp_create_nonce( 'facturelay_email' ) );
		$visitor = substr( hash( 'sha256', '203.0.113.1' ), 0, 16 );
		set_transient( "facturelay_tries_by_$visitor", array( 'tries' => 20, 'until' => time() + 60 ), 60 );
		$_POST['facturelay_email'] = 'jan@klant.test';

		$this->assertSame( '403 Your e-mail address', $this->from( '203.0.113.1' ) );
	}

	public function test_the_address_that_a_session_claims_opens_nothing(): void {
		WC()->customer = new class() {
			public function get_billing_email(): string {
				return 'jan@klant.test';
			}
		};

		$this->assertSame( '403 Your e-mail address', $this->from( '203.0.113.1' ) );
	}

	private function tries_from( string $address, int $times ): void {
		for ( $try = 0; $try < $times; $try++ ) {
			$this->from( $address );
		}
	}

	/** What a visit of an order of an hour ago leads to, from a network address. */
	private function from( string $address ): string {
		$_SERVER['REMOTE_ADDR'] = $address;
		return $this->visited( array( 'created' => '-1 hour' ), 'wc_order_238' );
	}

	public function test_a_customers_order_is_for_that_customer(): void {
		$customer = (int) wp_insert_user( array( 'user_login' => uniqid( 'klant' ), 'user_pass' => 'x' ) );
		$stranger = (int) wp_insert_user( array( 'user_login' => uniqid( 'ander' ), 'user_pass' => 'x' ) );
		$order    = array( 'customer' => $customer );

		wp_set_current_user( $customer );
		$this->assertSame( 'https://documents.example.com/plugin/d/abc/7', $this->visited( $order, '' ) );
		wp_set_current_user( $stranger );
		$this->assertSame( '404 Not found', $this->visited( $order, 'wc_order_238' ) );
		wp_set_current_user( 0 );
		$this->assertStringContainsString( 'wp-login.php', $this->visited( $order, 'wc_order_238' ) );
	}

	public function test_an_order_without_a_document_yet_says_that_it_is_being_made(): void {
		global $wpdb;
		$wpdb->query( "DELETE FROM {$wpdb->prefix}facturelay_documents" );
		$_GET = array( 'facturelay_order' => '238', 'key' => 'wc_order_238' );

		$this->assertSame( '200 Your document is being made', $this->visited( array(), null ) );
	}

	public function test_right_after_the_checkout_a_document_that_comes_is_announced_even_where_no_mail_waits_for_it(): void {
		global $wpdb;
		$wpdb->query( "DELETE FROM {$wpdb->prefix}facturelay_documents" );
		$invoice = array( 'kind' => 'invoice', 'needs_paid' => true, 'buyer' => 'everyone', 'methods' => array(), 'countries' => array(), 'minimum' => null );
		update_option( 'facturelay_heard', array( 'answered_at' => time(), 'hold_rules' => array( 'since' => 0, 'transfers' => true, 'mails' => array( 'customer_processing_order' => array( $invoice ) ) ) ) );

		$this->assertStringContainsString( 'is being made', $this->shown( array() ) );
		$this->assertSame( '', $this->shown( array( 'paid' => false ) ), 'none comes' );
		$this->assertSame( '', $this->shown( array( 'created' => '-1 hour' ) ), 'it would be there' );
	}

	public function test_no_page_of_a_shopper_calls_anybody(): void {
		$called = 0;
		add_filter( 'pre_http_request', static function () use ( &$called ): WP_Error {
			++$called;
			return new WP_Error( 'no' );
		} );
		$order = new WC_Order();
		$this->assertStringContainsString( 'F2026-00007', $this->shown( array() ) );
		ob_start();
		( new CustomerLinks() )->show_cell( $order );
		( new CustomerLinks() )->add_to_mail( $order, false, false, (object) array( 'id' => 'customer_processing_order' ) );
		ob_end_clean();

		$this->assertSame( 0, $called );
	}

	/** @param array<string, mixed> $order how the order differs from a paid one of just now */
	private function shown( array $order ): string {
		ob_start();
		( new CustomerLinks() )->show_documents( new WC_Order( $order ) );
		return (string) ob_get_clean();
	}

	/** @param array<string, mixed> $order how the order differs from a guest's of just now */
	private function visited( array $order, ?string $key ): string {
		WC_Order::$stored[238] = new WC_Order( $order );
		if ( null !== $key ) {
			$_GET = array( 'facturelay_document' => '7', 'key' => $key );
		}
		try {
			@do_action( 'template_redirect' ); // phpcs:ignore -- PHPUnit has sent its headers.
		} catch ( RuntimeException $led ) {
			return $led->getMessage();
		}
		return '';
	}
}
