<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Mails\MailHold;

/** WooCommerce's own list of mails says which of them we hold, and why. */
final class MailListColumnTest extends WordPressTestCase {

	private const INVOICE = array( array( 'kind' => 'invoice', 'needs_paid' => true, 'buyer' => 'business', 'methods' => array(), 'countries' => array( 'BE' ), 'minimum' => '50' ) );

	protected function setUp(): void {
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) );
		$this->store_last_response( time() );
	}

	public function test_the_column_stands_before_the_buttons(): void {
		$columns = apply_filters( 'woocommerce_email_setting_columns', array( 'status' => '', 'name' => 'Email', 'actions' => '' ) );

		$this->assertSame( array( 'status', 'name', 'facturelay', 'actions' ), array_keys( $columns ) );
	}

	public function test_an_unconnected_shop_has_no_column(): void {
		Connection::delete();

		$this->assertSame( array( 'name' => '' ), apply_filters( 'woocommerce_email_setting_columns', array( 'name' => '' ) ) );
	}

	public function test_a_mail_that_a_document_replaces_says_which(): void {
		$this->assertSame( 'Replaced by: Invoice (paid orders, businesses, BE, 50 or more)', $this->cell( 'customer_processing_order' ) );
	}

	public function test_a_mail_that_is_never_held_says_nothing(): void {
		$this->assertSame( '', $this->cell( 'customer_note' ) );
		$this->assertSame( '', $this->cell( 'new_order' ) );
	}

	public function test_a_mail_for_which_no_document_is_mailed_leaves_at_once(): void {
		$this->assertStringStartsWith( 'Leaves at once: no document', $this->cell( 'customer_completed_order' ) );
	}

	public function test_what_asks_for_the_money_is_not_said_to_be_replaced_by_the_invoice_of_a_paid_order(): void {
		$paid = array( 'kind' => 'invoice', 'needs_paid' => true, 'buyer' => 'everyone', 'methods' => array(), 'countries' => array(), 'minimum' => null );
		$this->store_last_response( time(), 'customer_on_hold_order', array( $paid ) );
		$this->assertStringStartsWith( 'Leaves at once: no document', $this->cell( 'customer_on_hold_order' ) );

		$this->store_last_response( time(), 'customer_on_hold_order', array( array( 'needs_paid' => false ) + $paid ) );
		$this->assertSame( 'Replaced by: Invoice', $this->cell( 'customer_on_hold_order' ) );
	}

	public function test_the_owners_choice_is_named(): void {
		update_option( MailHold::OPTION, array( 'customer_processing_order' => 'link' ) );

		$this->assertSame( 'Leaves at once, with a link to the documents: you chose so.', $this->cell( 'customer_processing_order' ) );
	}

	public function test_a_silent_facturelay_holds_nothing_and_the_list_says_so(): void {
		$this->store_last_response( time() - 700 );

		$this->assertSame( 'Leaves at once while Facturelay does not answer.', $this->cell( 'customer_processing_order' ) );
	}

	public function test_the_mails_own_page_says_it_in_full(): void {
		ob_start();
		do_action( 'woocommerce_email_settings_before', (object) array( 'id' => 'customer_processing_order' ) );

		$this->assertStringContainsString( 'waits, ten minutes at most, and is replaced: Invoice', (string) ob_get_clean() );
	}

	private function cell( string $mail_id ): string {
		ob_start();
		do_action( 'woocommerce_email_setting_column_facturelay', (object) array( 'id' => $mail_id ) );
		return wp_strip_all_tags( (string) ob_get_clean() );
	}

	/** @param array<int, array<string, mixed>> $conditions */
	private function store_last_response( int $answered_at, string $mail_id = 'customer_processing_order', array $conditions = self::INVOICE ): void {
		update_option( 'facturelay_heard', array( 'answered_at' => $answered_at, 'hold_rules' => array( 'since' => 0, 'transfers' => true, 'mails' => array( $mail_id => $conditions ) ) ) );
	}
}
