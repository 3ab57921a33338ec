<?php

declare(strict_types=1);

namespace Facturelay\Checkout;

use Automattic\WooCommerce\Blocks\Domain\Services\CheckoutFields;
use Automattic\WooCommerce\Blocks\Package;
use Facturelay\Connection\Connection;
use Facturelay\Feature;
use WC_Order;
use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Asks businesses for their VAT number in both checkouts, and shows the company field that goes with it.
 *
 * Never required: WooCommerce before 9.9 reads a condition as "always" and would refuse every consumer.
 */
final class VatNumberField implements Feature {

	public const OPTION         = 'facturelay_vat_field';
	private const BLOCK_FIELD   = 'facturelay/vat-number';
	private const CLASSIC_FIELD = 'billing_vat_number';
	// WooCommerce hides a field on a condition since 9.9; up to 10.0 its checkout then fails on a quantity with decimals.
	private const CONDITIONS_SINCE = '10.1';
	// A class or constant of each known plugin that asks for the VAT number.
	private const OTHER_PLUGINS = array( 'WC_EU_VAT_Number', 'WC_EU_VAT_VERSION', 'Aelia\\WC\\EU_VAT_Assistant\\WC_Aelia_EU_VAT_Assistant', 'Alg_WC_EU_VAT', 'YITH_WCEVAT', 'YITH_YWEV_VERSION', 'WC_EU_VAT_Compliance', 'WPDesk\\FlexibleInvoices\\Plugin', 'WooCommerce_Germanized_Pro' );
	// What people write before their number; the shorter ones first, so that TVA NL… keeps its NL.
	private const WORDS_BEFORE = '/^(?:BTW|BTWNR|BTWNUMMER|TVA|TVAN|TVANO|VAT|VATNO|VATID|VATNUMBER|UST|USTID|USTIDNR|MWST|IVA|PIVA)(?=(?:ATU|ES[A-Z]|FR[A-Z0-9]{2}|[A-Z]{2})?[0-9])/';
	// Names of checkout fields that ask for a VAT number: billing_vat, vat_number, billing_btw_nummer, …
	private const VAT_FIELD_NAME = '#(^|[/_-])(vat|btw|tva|ust_?id|ustid)([_-]|$)#i';

	public function add_hooks(): void {
		// Late, to see the fields that other plugins have registered.
		add_action( 'woocommerce_init', array( $this, 'add_to_block_checkout' ), 100 );
		add_filter( 'woocommerce_checkout_fields', array( $this, 'add_to_classic_checkout' ), 20 );
		add_action( 'woocommerce_after_checkout_validation', array( $this, 'validate_classic_checkout' ), 10, 2 );
		// After WooCommerce, which adds what the block checkout asked for.
		add_action( 'woocommerce_order_details_after_customer_address', array( $this, 'show_with_address' ), 10, 2 );
		// A block theme's page after the order has blocks of its own for that and calls no action.
		add_filter( 'render_block_woocommerce/order-confirmation-billing-address', array( $this, 'add_to_address_block' ) );
		add_filter( 'woocommerce_admin_billing_fields', array( $this, 'add_to_order_screen' ), 20 );
		add_filter( 'option_woocommerce_checkout_company_field', array( $this, 'show_company_field' ) );
		add_filter( 'default_option_woocommerce_checkout_company_field', array( $this, 'show_company_field' ) );
	}

	public function add_to_block_checkout(): void {
		if ( ! function_exists( 'woocommerce_register_additional_checkout_field' ) || ! $this->is_enabled() || $this->block_checkout_has_vat_field() ) {
			return;
		}
		$field = array(
			'id'                => self::BLOCK_FIELD,
			'label'             => __( 'VAT number', 'facturelay' ),
			'optionalLabel'     => __( 'VAT number (for companies)', 'facturelay' ),
			// Without conditions not in an address: it would always be asked for the shipping address as well.
			'location'          => 'contact',
			'type'              => 'text',
			'required'          => false,
			'sanitize_callback' => array( self::class, 'normalize' ),
			'validate_callback' => array( self::class, 'validate' ),
		);
		if ( defined( 'WC_VERSION' ) && version_compare( WC_VERSION, self::CONDITIONS_SINCE, '>=' ) ) {
			$field['location'] = 'address';
			// Right below the company (30), above the street (40), where who just typed a company looks next.
			$field['index']  = 35;
			$field['hidden'] = $this->company_is_empty();
		}
		try {
			woocommerce_register_additional_checkout_field( $field );
		} catch ( \Throwable $error ) {
			// A checkout without this field still sells; a broken one does not.
			return;
		}
	}

	/**
	 * @param mixed $fields
	 * @return array<string, mixed>
	 */
	public function add_to_classic_checkout( $fields ): array {
		$fields = (array) $fields;
		if ( ! $this->is_enabled() || $this->has_vat_field( $fields ) ) {
			return $fields;
		}
		// WooCommerce stores every billing_* field by itself.
		$fields['billing'][ self::CLASSIC_FIELD ] = array(
			'label'       => __( 'VAT number', 'facturelay' ),
			'description' => __( 'Needed for an invoice that your accounting can use; between Belgian companies it goes by Peppol, under this number.', 'facturelay' ),
			'type'        => 'text',
			'required'    => false,
			'class'       => array( 'form-row-wide' ),
			'priority'    => 35,
		);
		return $fields;
	}

	/**
	 * Where staff read, correct or add the number of an order of the classic checkout, or of one that they make themselves.
	 *
	 * @param mixed $fields of the billing address; WooCommerce keeps what is typed as it keeps the classic checkout's field
	 * @return array<string, mixed>
	 */
	public function add_to_order_screen( $fields ): array {
		$fields = (array) $fields;
		// What WooCommerce puts among them has its name as an id alone.
		$by_id = array_flip( array_map( 'strval', array_column( $fields, 'id' ) ) );
		if ( ! $this->is_enabled() || $this->has_vat_field( array( $fields, $by_id ) ) ) {
			return $fields;
		}
		$field = array(
			'label'         => __( 'VAT number', 'facturelay' ),
			'wrapper_class' => 'form-field-wide',
		);
		$after = (int) array_search( 'company', array_keys( $fields ), true ) + 1;
		return array_slice( $fields, 0, $after, true ) + array( 'vat_number' => $field ) + array_slice( $fields, $after, null, true );
	}

	/**
	 * @param mixed $posted
	 * @param mixed $errors
	 */
	public function validate_classic_checkout( $posted, $errors ): void {
		$number = is_array( $posted ) ? self::normalize( (string) ( $posted[ self::CLASSIC_FIELD ] ?? '' ) ) : '';
		$result = self::validate( $number );
		if ( $this->is_enabled() && $result instanceof WP_Error && $errors instanceof WP_Error ) {
			$errors->add( 'billing_vat_number_validation', $result->get_error_message() );
		}
	}

	/**
	 * Show the company field where the shop hides it: businesses need it. The stored setting does not change.
	 *
	 * @param mixed $setting
	 * @return mixed
	 */
	public function show_company_field( $setting ) {
		return 'hidden' === $setting && ! is_admin() && $this->is_enabled() ? 'optional' : $setting;
	}

	/** @param mixed $number as typed; returned in capitals without spaces, punctuation and the words before it, like “BTW” */
	public static function normalize( $number ): string {
		$compact = strtoupper( (string) preg_replace( '/[\s.\-:°º]/u', '', (string) $number ) );
		return (string) preg_replace( self::WORDS_BEFORE, '', $compact );
	}

	/**
	 * Refuses only what is certainly wrong: form, and the check digits of Belgian numbers. Whether it exists is said by VatNumberCheck, which refuses nothing.
	 *
	 * @param mixed $number
	 * @return true|WP_Error
	 */
	public static function validate( $number ) {
		$number = self::normalize( $number );
		$valid  = '' === $number || 1 === preg_match( '/^[A-Z]{0,2}[0-9A-Z+*]{5,13}$/', $number );
		if ( $valid && 1 === preg_match( '/^BE0?([0-9]{9})$/', $number, $digits ) ) {
			$number = "BE0{$digits[1]}";
		}
		if ( $valid && 1 === preg_match( '/^BE([0-9]{8})([0-9]{2})$/', $number, $digits ) ) {
			$valid = 97 - ( (int) $digits[1] % 97 ) === (int) $digits[2];
		}
		if ( $valid ) {
			return true;
		}
		return new WP_Error( 'facturelay_vat_number', __( 'This VAT number is not right. Please check its digits, or leave the field empty.', 'facturelay' ) );
	}

	/**
	 * Below the billing address where a customer sees his order. WooCommerce shows there what the block checkout asked, and of the classic one nothing.
	 *
	 * @param mixed $address_type
	 * @param mixed $order
	 */
	public function show_with_address( $address_type, $order ): void {
		if ( 'billing' === $address_type ) {
			echo wp_kses_post( $this->line_of( $order ) );
		}
	}

	/**
	 * The same where a block theme shows his order. WooCommerce leaves the address out of the block for whoever may not see it.
	 *
	 * @param mixed $html
	 */
	public function add_to_address_block( $html ): string {
		$html = (string) $html;
		$end  = strrpos( $html, '</div>' );
		if ( false === $end || false === strpos( $html, '</address>' ) ) {
			return $html;
		}
		return substr_replace( $html, $this->line_of( wc_get_order( absint( get_query_var( 'order-received' ) ) ) ), $end, 0 );
	}

	/** @param mixed $order */
	private function line_of( $order ): string {
		$number = $order instanceof WC_Order && $this->is_enabled() ? (string) $order->get_meta( '_' . self::CLASSIC_FIELD ) : '';
		return '' === $number ? '' : '<p class="facturelay-vat-number">' . esc_html__( 'VAT number', 'facturelay' ) . ' ' . esc_html( $number ) . '</p>';
	}

	/** Whether a known plugin asks for the number. */
	public static function has_other_plugin(): bool {
		foreach ( self::OTHER_PLUGINS as $name ) {
			if ( class_exists( $name, false ) || defined( $name ) ) {
				return true;
			}
		}
		return false;
	}

	/** Only in a connected shop, and only where no other plugin asks for the number. */
	public function is_enabled(): bool {
		return Connection::load()->is_active() && 'no' !== get_option( self::OPTION, 'yes' ) && ! self::has_other_plugin();
	}

	private function block_checkout_has_vat_field(): bool {
		try {
			// There is no public function for the list; if this one goes, the field is added all the same.
			$fields = Package::container()->get( CheckoutFields::class )->get_additional_fields();
			return $this->has_vat_field( array( (array) $fields ) );
		} catch ( \Throwable $error ) {
			return false;
		}
	}

	/** @param array<string, mixed> $fields */
	private function has_vat_field( array $fields ): bool {
		foreach ( $fields as $section ) {
			if ( is_array( $section ) && array() !== preg_grep( self::VAT_FIELD_NAME, array_map( 'strval', array_keys( $section ) ) ) ) {
				return true;
			}
		}
		return false;
	}

	/** @return array<string, mixed> a JSON schema of the checkout that matches when the address in which the field stands has no company */
	private function company_is_empty(): array {
		return array(
			'customer' => array(
				'properties' => array(
					'address' => array(
						'properties' => array( 'company' => array( 'maxLength' => 0 ) ),
					),
				),
			),
		);
	}
}
