<?php

declare(strict_types=1);

use Facturelay\Checkout\VatNumberField;
use Facturelay\Connection\Connection;
use PHPUnit\Framework\Attributes\DataProvider;

// The one function of WooCommerce's that registers a field of the block checkout, which the stand-in does not have.
define( 'WC_VERSION', '11.0.1' );
/** @param array<string, mixed> $field */
function woocommerce_register_additional_checkout_field( array $field ): void {
	$GLOBALS['facturelay_registered_field'] = $field;
}

/** The VAT number at the checkout: asked once, never required, refused only where it is surely wrong. */
final class VatNumberFieldTest extends WordPressTestCase {

	protected function setUp(): void {
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) );
	}

	public function test_a_connected_shop_asks_in_the_classic_checkout(): void {
		$field = $this->fields()['billing']['billing_vat_number'];

		$this->assertSame( array( false, 'text' ), array( $field['required'], $field['type'] ) );
	}

	public function test_the_block_checkout_asks_below_the_company_and_only_once_there_is_one(): void {
		( new VatNumberField() )->add_to_block_checkout();

		$field = $GLOBALS['facturelay_registered_field'];
		$this->assertSame( array( 'address', false ), array( $field['location'], $field['required'] ) );
		// WooCommerce's own: company 30, street 40.
		$this->assertTrue( 30 < $field['index'] && $field['index'] < 40 );
		$this->assertSame( array( 'company' => array( 'maxLength' => 0 ) ), $field['hidden']['customer']['properties']['address']['properties'] );
	}

	public function test_staff_find_the_number_below_the_company_of_an_order_once(): void {
		$names = static fn ( array $fields ): array => array_keys( apply_filters( 'woocommerce_admin_billing_fields', $fields ) );

		// WooCommerce adds what the block checkout asked for by itself, and splices the field's name away.
		$of_blocks = array( 'company' => array(), 0 => array( 'id' => '_wc_billing/facturelay/vat-number' ), 'address_1' => array() );
		$this->assertSame( array( 'last_name', 'company', 'vat_number', 'address_1' ), $names( array( 'last_name' => array(), 'company' => array(), 'address_1' => array() ) ) );
		$this->assertSame( array_keys( $of_blocks ), $names( $of_blocks ) );
	}

	public function test_a_customer_finds_the_number_of_the_classic_checkout_below_his_billing_address(): void {
		$order = new WC_Order();
		$order->update_meta_data( '_billing_vat_number', 'BE0403170701' );
		foreach ( array( 'billing' => 1, 'shipping' => 0 ) as $type => $times ) {
			ob_start();
			do_action( 'woocommerce_order_details_after_customer_address', $type, $order );
			$this->assertSame( $times, substr_count( (string) ob_get_clean(), 'BE0403170701' ) );
		}
	}

	public function test_a_block_theme_shows_that_number_too_to_whoever_sees_the_address(): void {
		$order = new WC_Order();
		$order->update_meta_data( '_billing_vat_number', 'BE0403170701' );
		WC_Order::$stored[ $order->get_id() ] = $order;
		set_query_var( 'order-received', $order->get_id() );
		$shown = static fn ( string $html ): string => apply_filters( 'render_block_woocommerce/order-confirmation-billing-address', $html, array() );

		$this->assertSame(
			array( '<div><address>Gent</address><p class="facturelay-vat-number">VAT number BE0403170701</p></div>', '' ),
			array( $shown( '<div><address>Gent</address></div>' ), $shown( '' ) )
		);
	}

	public function test_an_unconnected_shop_and_one_that_does_not_want_it_do_not_ask(): void {
		update_option( VatNumberField::OPTION, 'no' );
		$this->assertSame( array( 'billing' => array() ), $this->fields() );

		delete_option( VatNumberField::OPTION );
		Connection::delete();
		$this->assertSame( array( 'billing' => array() ), $this->fields() );
	}

	/** @dataProvider fields_of_others */
	#[DataProvider( 'fields_of_others' )]
	public function test_we_do_not_ask_where_another_plugin_does( string $section, string $name ): void {
		$given = array( $section => array( $name => array( 'label' => 'VAT' ) ) );

		$this->assertSame( $given, $this->fields( $given ) );
	}

	/** @return array<int, array{0: string, 1: string}> */
	public static function fields_of_others(): array {
		return array( array( 'billing', 'vat_number' ), array( 'billing', 'billing_eu_vat_number' ), array( 'billing', 'billing_btw_nummer' ), array( 'order', 'tva' ), array( 'billing', 'billing_vat_number' ) );
	}

	public function test_a_field_that_merely_sounds_alike_is_none(): void {
		$this->assertArrayHasKey( 'billing_vat_number', $this->fields( array( 'billing' => array( 'private_note' => array(), 'elevator' => array() ) ) )['billing'] );
	}

	/** @dataProvider numbers */
	#[DataProvider( 'numbers' )]
	public function test_only_what_is_surely_wrong_is_refused( string $typed, bool $sound ): void {
		$this->assertSame( $sound, true === VatNumberField::validate( $typed ) );
	}

	/** @return array<string, array{0: string, 1: bool}> */
	public static function numbers(): array {
		return array(
			'nothing'             => array( '', true ),
			'Belgian'             => array( 'BE 0123.456.749', true ),
			'Belgian, of before'  => array( 'BE123456749', true ),
			'a digit wrong'       => array( 'BE0123456748', false ),
			'Dutch'               => array( 'NL123456789B01', true ),
			'French'              => array( 'fr 12 345678901', true ),
			'without its country' => array( '0123456749', true ),
			'a phone number'      => array( '+32 9 123 45 67 ext', false ),
			'a sentence'          => array( 'not a company, sorry!', false ),
		);
	}

	/** @dataProvider numbers_with_words */
	#[DataProvider( 'numbers_with_words' )]
	public function test_the_words_before_a_number_are_not_part_of_it( string $typed, string $number ): void {
		$this->assertSame( array( $number, true ), array( VatNumberField::normalize( $typed ), VatNumberField::validate( $typed ) ) );
	}

	/** @return array<int, array{0: string, 1: string}> */
	public static function numbers_with_words(): array {
		return array(
			array( 'BTW BE 0123.456.749', 'BE0123456749' ),
			array( 'BTW-BE0123456749', 'BE0123456749' ),
			array( 'TVA n° BE 0123.456.749', 'BE0123456749' ),
			array( 'VAT: NL123456782B90', 'NL123456782B90' ),
			array( 'TVA NL123456782B90', 'NL123456782B90' ),
			array( 'USt-IdNr. DE 136 695 976', 'DE136695976' ),
			array( 'vat atu13585627', 'ATU13585627' ),
			array( 'btw 0123.456.749', '0123456749' ),
		);
	}

	public function test_vat_numbers_that_cannot_be_right_are_refused_and_others_are_not(): void {
		$found = array_map(
			static fn ( string $number ): bool => true === VatNumberField::validate( $number ),
			array( '', 'BE 0445.566.134', '0445566134', 'BE0445566135', 'NL123456789B01', 'x', 'FRXX999999999' )
		);

		$this->assertSame( array( true, true, true, false, true, false, true ), $found );
	}

	public function test_a_hidden_company_field_is_shown_and_the_setting_stays(): void {
		update_option( 'woocommerce_checkout_company_field', 'hidden' );
		$this->assertSame( 'optional', get_option( 'woocommerce_checkout_company_field' ) );

		update_option( 'woocommerce_checkout_company_field', 'required' );
		$this->assertSame( 'required', get_option( 'woocommerce_checkout_company_field' ) );
	}

	/**
	 * @param array<string, mixed> $given
	 * @return array<string, mixed>
	 */
	private function fields( array $given = array( 'billing' => array() ) ): array {
		return apply_filters( 'woocommerce_checkout_fields', $given );
	}
}
