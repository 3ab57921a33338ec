<?php

declare(strict_types=1);

use Facturelay\Others\InvoicePlugin;
use Facturelay\Others\InvoicePlugins;
use PHPUnit\Framework\Attributes\DataProvider;

/** Other invoice plugins: found by what they load or by their folder, judged by their settings, their numbers read and never changed. */
final class InvoicePluginsTest extends WordPressTestCase {

	private const WPO = 'wpo_wcpdf_documents_settings_invoice';

	private string $month = '11';

	protected function setUp(): void {
		parent::setUp();
		add_filter( 'wp_date', fn ( $date, $format ) => 'm' === $format ? $this->month : $date, 10, 2 );
	}

	public function test_a_shop_without_another_plugin_has_none(): void {
		$this->assertSame( array(), InvoicePlugins::all() );
	}

	/** @dataProvider settings */
	#[DataProvider( 'settings' )]
	public function test_it_makes_invoices_where_its_settings_say_so( string $folder, array $options, bool $makes ): void {
		$this->activate( $folder );
		foreach ( $options as $name => $value ) {
			update_option( $name, $value );
		}

		$this->assertSame( array( $makes ), array_map( static fn ( InvoicePlugin $plugin ): bool => $plugin->makes_invoices(), InvoicePlugins::all() ) );
		$this->assertCount( $makes ? 1 : 0, InvoicePlugins::making() );
	}

	/** @return array<string, array{0: string, 1: array<string, mixed>, 2: bool}> */
	public static function settings(): array {
		$webtoffee = 'print-invoices-packing-slip-labels-for-woocommerce';
		return array(
			'WP Overnight, attached to a mail'      => array( 'woocommerce-pdf-invoices-packing-slips', array( self::WPO => array( 'enabled' => '1', 'attach_to_email_ids' => array( 'customer_completed_order' => '1' ) ) ), true ),
			'WP Overnight, made by hand only'       => array( 'woocommerce-pdf-invoices-packing-slips', array( self::WPO => array( 'enabled' => '1', 'my_account_buttons' => 'available' ) ), false ),
			'WP Overnight, made by the customer'    => array( 'woocommerce-pdf-invoices-packing-slips', array( self::WPO => array( 'enabled' => '1', 'my_account_buttons' => 'always' ) ), true ),
			'WP Overnight, invoices switched off'   => array( 'woocommerce-pdf-invoices-packing-slips', array( self::WPO => array( 'attach_to_email_ids' => array( 'customer_completed_order' => '1' ) ) ), false ),
			'WebToffee as installed'                => array( $webtoffee, array(), true ),
			'WebToffee switched off'                => array( $webtoffee, array( 'wf_woocommerce_packing_list_invoice' => array( 'woocommerce_wf_enable_invoice' => 'No', 'woocommerce_wf_generate_for_orderstatus' => array( 'wc-completed' ) ) ), false ),
			'WebToffee for no status'               => array( $webtoffee, array( 'wf_woocommerce_packing_list_invoice' => array( 'woocommerce_wf_enable_invoice' => 'Yes', 'woocommerce_wf_generate_for_orderstatus' => array() ) ), false ),
			'Germanized Pro as installed'           => array( 'woocommerce-germanized-pro', array(), true ),
			'Germanized Pro, not automatic'         => array( 'woocommerce-germanized-pro', array( 'storeabill_invoice_woo_order_auto_create' => 'no' ), false ),
			'Flexible Invoices as installed'        => array( 'flexible-invoices', array(), false ),
			'Flexible Invoices, automatic'          => array( 'flexible-invoices', array( 'inspire_invoices_invoice_auto_create_status' => array( 'completed' ) ), true ),
			'Bas Elbers, attached to no mail'       => array( 'woocommerce-pdf-invoices', array( 'bewpi_general_settings' => array( 'bewpi_email_types' => array() ) ), false ),
			'YITH as installed'                     => array( 'yith-woocommerce-pdf-invoice', array(), false ),
			'YITH, automatic'                       => array( 'yith-woocommerce-pdf-invoice', array( 'ywpi_invoice_generation' => 'auto' ), true ),
			'Andrew Benbow as installed'            => array( 'woocommerce-pdf-invoice', array(), true ),
			'EenvoudigFactureren, connected'        => array( 'eenvoudigfactureren-for-woocommerce', array( 'wc_eenvoudigfactureren_verified' => '1' ), true ),
			'EenvoudigFactureren, by hand'          => array( 'eenvoudigfactureren-for-woocommerce', array( 'wc_eenvoudigfactureren_verified' => '1', 'wc_eenvoudigfactureren_document_status' => 'manual' ), false ),
			'Sufio, of which nothing is known'      => array( 'sufio', array(), true ),
			'Billit, of which nothing is known'     => array( 'billit-for-woocommerce', array(), true ),
		);
	}

	public function test_a_plugin_whose_settings_are_not_known_says_so(): void {
		$this->activate( 'sufio' );

		$this->assertFalse( InvoicePlugins::all()[0]->is_known() );
		$this->assertSame( '', InvoicePlugins::all()[0]->where() );
	}

	public function test_a_plugin_with_a_name_alike_is_not_taken_for_it(): void {
		$this->activate( 'woocommerce-pdf-invoices-packing-slips-italian', 'flexible-invoices-reports', 'sufioso' );

		$this->assertSame( array(), InvoicePlugins::all() );
	}

	/** @dataProvider formats */
	#[DataProvider( 'formats' )]
	public function test_its_next_number_is_read_with_its_pattern( array $options, array $numbers ): void {
		foreach ( $options as $name => $value ) {
			update_option( $name, $value );
		}

		$this->assertSame( array( $numbers ), array_map( static fn ( InvoicePlugin $plugin ): ?array => $plugin->numbers(), InvoicePlugins::all() ) );
	}

	/** @return array<string, array{0: array<string, mixed>, 1: array<string, mixed>}> */
	public static function formats(): array {
		$webtoffee = static fn ( array $settings ): array => array( 'wf_woocommerce_packing_list_invoice' => $settings + array( 'woocommerce_wf_Current_Invoice_number' => '41' ) );
		return array(
			'Flexible Invoices by year' => array(
				array( 'inspire_invoices_invoice_start_number' => '118', 'inspire_invoices_invoice_number_prefix' => 'FV ', 'inspire_invoices_invoice_number_suffix' => '/{YYYY}' ),
				array( 'next' => 118, 'pattern' => 'FV {number}/{year}', 'yearly' => true ),
			),
			'a month, for which we have no place' => array(
				array( 'inspire_invoices_invoice_start_number' => '118', 'inspire_invoices_invoice_number_suffix' => '/{MM}/{YYYY}', 'inspire_invoices_invoice_number_reset_type' => 'none' ),
				array( 'next' => 118, 'pattern' => '', 'yearly' => false ),
			),
			'WebToffee, which keeps the last one' => array(
				$webtoffee( array( 'woocommerce_wf_invoice_number_format' => '[prefix][number]', 'woocommerce_wf_invoice_number_prefix' => 'INV-[Y]-', 'woocommerce_wf_invoice_padding_number' => '5' ) ),
				array( 'next' => 42, 'pattern' => 'INV-{year}-{number:05d}', 'yearly' => false ),
			),
			'WebToffee with the number alone' => array(
				$webtoffee( array( 'woocommerce_wf_invoice_number_format' => '[number]', 'woocommerce_wf_invoice_number_prefix' => 'INV-' ) ),
				array( 'next' => 42, 'pattern' => '{number}', 'yearly' => false ),
			),
			'YITH' => array(
				array( 'ywpi_invoice_number' => '9', 'ywpi_invoice_prefix' => 'Y', 'ywpi_invoice_suffix' => '[year]', 'ywpi_invoice_number_format' => '[prefix]/[number]/[suffix]', 'ywpi_invoice_reset' => 'yes' ),
				array( 'next' => 9, 'pattern' => 'Y/{number}/{year}', 'yearly' => true ),
			),
		);
	}

	public function test_numbers_that_are_those_of_the_orders_cannot_go_on(): void {
		update_option( 'ywpi_invoice_number', '9' );
		update_option( 'ywpi_invoices_numbers', 'order_number' );

		$this->assertSame( array(), InvoicePlugins::all() );
	}

	public function test_numbers_in_a_table_of_the_plugin_are_read_also_once_it_is_switched_off(): void {
		update_option( self::WPO, array( 'enabled' => '1', 'display_number' => 'invoice_number', 'reset_number_yearly' => '1', 'number_format' => array( 'prefix' => '[invoice_year]-', 'suffix' => '', 'padding' => '4' ) ) );
		$this->number_store( (int) wp_date( 'Y' ) );

		$plugin = InvoicePlugins::all()[0];

		$this->assertSame( array( 'next' => 8, 'pattern' => '{year}-{number:04d}', 'yearly' => true ), $plugin->numbers() );
		$this->assertSame( array( false, false ), array( $plugin->is_active(), $plugin->makes_invoices() ) );
	}

	public function test_a_count_that_begins_anew_each_year_is_not_continued_from_the_year_before(): void {
		update_option( self::WPO, array( 'display_number' => 'invoice_number', 'reset_number_yearly' => '1' ) );
		$this->number_store( (int) wp_date( 'Y' ) - 1 );

		$this->assertSame( array(), InvoicePlugins::all() );
	}

	public function test_in_a_new_year_the_next_number_of_such_a_count_is_the_first(): void {
		update_option( self::WPO, array( 'enabled' => '1', 'display_number' => 'invoice_number', 'reset_number_yearly' => '1', 'number_format' => array( 'prefix' => '[invoice_year]-', 'padding' => '4' ) ) );
		$this->activate( 'woocommerce-pdf-invoices-packing-slips' );
		$this->number_store( (int) wp_date( 'Y' ) - 1 );

		$this->assertSame( array( 'next' => 1, 'pattern' => '{year}-{number:04d}', 'yearly' => true ), InvoicePlugins::all()[0]->numbers() );
	}

	/** @dataProvider resets */
	#[DataProvider( 'resets' )]
	public function test_in_january_a_count_that_begins_anew_is_not_guessed_where_its_year_is_not_kept( string $reset, bool $told ): void {
		$this->month = '01';
		$this->activate( 'flexible-invoices' );
		update_option( 'inspire_invoices_invoice_start_number', '118' );
		update_option( 'inspire_invoices_invoice_number_reset_type', $reset );

		$this->assertSame( $told, null !== InvoicePlugins::all()[0]->numbers() );
	}

	/** @return array<string, array{0: string, 1: bool}> */
	public static function resets(): array {
		return array( 'each year' => array( 'year', false ), 'never' => array( 'none', true ) );
	}

	public function test_numbers_at_the_orders_are_counted(): void {
		foreach ( array( '99', '100' ) as $number ) {
			add_post_meta( 1, '_bewpi_invoice_number', $number );
		}
		update_option( 'bewpi_template_settings', array( 'bewpi_invoice_number_type' => 'sequential_number', 'bewpi_invoice_number_prefix' => 'B', 'bewpi_invoice_number_format' => '[number]-[Y]', 'bewpi_invoice_number_digits' => '5', 'bewpi_reset_counter_yearly' => 1 ) );

		$this->assertSame( array( 'next' => 101, 'pattern' => 'B{number:05d}-{year}', 'yearly' => true ), InvoicePlugins::all()[0]->numbers() );
	}

	public function test_the_journal_of_germanized_is_read(): void {
		global $wpdb;
		$wpdb->query( "CREATE TEMPORARY TABLE {$wpdb->prefix}storeabill_journals (journal_id INT, journal_type VARCHAR(20), journal_last_number INT, journal_number_format TEXT, journal_number_min_size INT, journal_reset_interval VARCHAR(20))" );
		$wpdb->query( "INSERT INTO {$wpdb->prefix}storeabill_journals VALUES (1, 'invoice', 57, 'RE-{number}', 6, '')" );

		$this->assertSame( array( 'next' => 58, 'pattern' => 'RE-{number:06d}', 'yearly' => false ), InvoicePlugins::all()[0]->numbers() );
		$wpdb->query( "DROP TEMPORARY TABLE {$wpdb->prefix}storeabill_journals" );
	}

	private function activate( string ...$folders ): void {
		update_option( 'active_plugins', array_map( static fn ( string $folder ): string => "$folder/$folder.php", $folders ) );
	}

	private function number_store( int $year ): void {
		global $wpdb;
		$wpdb->query( "DROP TEMPORARY TABLE IF EXISTS {$wpdb->prefix}wcpdf_invoice_number" );
		$wpdb->query( "CREATE TEMPORARY TABLE {$wpdb->prefix}wcpdf_invoice_number (id INT, order_id INT, date DATETIME, calculated_number INT)" );
		$wpdb->query( "INSERT INTO {$wpdb->prefix}wcpdf_invoice_number VALUES (6, 1, '$year-03-01 10:00:00', NULL), (7, 2, '$year-03-02 10:00:00', NULL)" );
	}

	protected function tearDown(): void {
		global $wpdb;
		parent::tearDown();
		$wpdb->query( "DROP TEMPORARY TABLE IF EXISTS {$wpdb->prefix}wcpdf_invoice_number" );
	}
}
