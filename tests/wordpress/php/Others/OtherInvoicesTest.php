<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Others\OtherInvoices;
use PHPUnit\Framework\Attributes\DataProvider;

/** Where another plugin makes invoices too, whoever manages the shop is told where to switch them off; in a test beside it, nobody is. */
final class OtherInvoicesTest extends WordPressTestCase {

	protected function setUp(): void {
		parent::setUp();
		require_once ABSPATH . 'wp-admin/includes/class-wp-screen.php';
		require_once ABSPATH . 'wp-admin/includes/screen.php';
		$this->add_shop_roles();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'shop' => 'abc' ) );
		update_option( 'active_plugins', array( 'yith-woocommerce-pdf-invoice/init.php' ) );
		update_option( 'ywpi_invoice_generation', 'auto' );
		update_option( 'facturelay_heard', array( 'shop' => array( 'test' => true ) ) );
	}

	/** @dataProvider screens */
	#[DataProvider( 'screens' )]
	public function test_a_manager_is_told_where_orders_and_plugins_are( string $screen, string $role, bool $told ): void {
		$notice = $this->notice( $screen, $role );

		$this->assertSame( $told, false !== strpos( $notice, 'YITH WooCommerce PDF Invoices makes invoices of your orders as well.' ) );
		$this->assertSame( $told, false !== strpos( $notice, 'YITH > PDF Invoices' ) );
	}

	/** @return array<string, array{0: string, 1: string, 2: bool}> */
	public static function screens(): array {
		return array(
			'the list of orders'   => array( 'woocommerce_page_wc-orders', 'shop_manager', true ),
			'the dashboard'        => array( 'dashboard', 'administrator', true ),
			'the plugins'          => array( 'plugins', 'administrator', true ),
			'the media'            => array( 'upload', 'administrator', false ),
			'to somebody else'     => array( 'dashboard', 'editor', false ),
		);
	}

	public function test_a_test_beside_it_silences_the_warning_and_facturelay_is_told(): void {
		OtherInvoices::save_choice( true );

		$this->assertSame( '', $this->notice( 'dashboard', 'administrator' ) );
		$this->assertSame( 'good', ( new OtherInvoices() )->test()['status'] );
		$this->assertTrue( OtherInvoices::report()['beside'] );
		$this->assertSame( array( 'YITH WooCommerce PDF Invoices' ), array_column( OtherInvoices::report()['found'], 'name' ) );
	}

	public function test_in_a_live_shop_nothing_silences_the_warning_and_there_is_no_such_choice(): void {
		OtherInvoices::save_choice( true );
		update_option( 'facturelay_heard', array( 'shop' => array( 'test' => false ) ) );

		$this->assertStringContainsString( 'YITH', $this->notice( 'dashboard', 'administrator' ) );
		$this->assertSame( 'critical', ( new OtherInvoices() )->test()['status'] );
		ob_start();
		OtherInvoices::show_choice();
		$this->assertSame( '', ob_get_clean() );
		OtherInvoices::save_choice( false );
		$this->assertSame( 'yes', get_option( OtherInvoices::OPTION ), 'what is not shown is not changed' );
	}

	public function test_site_health_says_it_with_the_way_to_switch_it_off(): void {
		$test = apply_filters( 'site_status_tests', array() )['direct']['facturelay_others']['test']();

		$this->assertSame( 'recommended', $test['status'] );
		$this->assertStringContainsString( 'admin.php?page=yith_woocommerce_pdf_invoice_panel', $test['description'] );
	}

	public function test_a_shop_alone_or_not_connected_hears_nothing(): void {
		update_option( 'ywpi_invoice_generation', 'manual' );
		$this->assertSame( '', $this->notice( 'dashboard', 'administrator' ) );

		update_option( 'ywpi_invoice_generation', 'auto' );
		Connection::delete();
		$this->assertSame( '', $this->notice( 'dashboard', 'administrator' ) );
	}

	private function notice( string $screen, string $role ): string {
		wp_set_current_user( (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => $role ) ) );
		set_current_screen( $screen );
		ob_start();
		( new OtherInvoices() )->show_notice();
		return html_entity_decode( wp_strip_all_tags( (string) ob_get_clean() ) );
	}
}
