<?php

declare(strict_types=1);

namespace Facturelay\Checkout;

use Automattic\WooCommerce\Blocks\Domain\Services\CheckoutFields;
use Automattic\WooCommerce\Blocks\Package;
use Facturelay\Connection\Connection;
use Facturelay\Feature;
use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Asks businesses for their VAT number at the checkout, once, and shows the company field that goes with it.
 *
 * Never required: WooCommerce before 9.9 takes a condition for "always", and would refuse every consumer.
 */
final class VatNumberField implements Feature {

	public const OPTION         = 'facturelay_vat_field';
	private const BLOCK_FIELD   = 'facturelay/vat-number';
	private const CLASSIC_FIELD = 'billing_vat_number';
	// The first version that understands a condition for hiding a field.
	private const CONDITIONS_SINCE = '9.9';
	// How VAT plugins show that they are there: a class or a constant of theirs.
	private const OTHER_PLUGINS = array( 'WC_EU_VAT_Number', 'WC_EU_VAT_VERSION', 'Aelia\\WC\\EU_VAT_Assistant\\WC_Aelia_EU_VAT_Assistant', 'Alg_WC_EU_VAT', 'YITH_WCEVAT', 'YITH_YWEV_VERSION', 'WC_EU_VAT_Compliance', 'WPDesk\\FlexibleInvoices\\Plugin', 'WooCommerce_Germanized_Pro' );
	// A field of somebody else that asks for the same: billing_vat, vat_number, billing_btw_nummer, …
	private const VAT_FIELD_NAME = '#(^|[/_-])(vat|btw|tva|ust_?id|ustid)([_-]|$)#i';

	public function add_hooks(): void {
		// Late, to see whether somebody else has a field for it.
		add_action( 'woocommerce_init', array( $this, 'add_to_block_checkout' ), 100 );
		add_filter( 'woocommerce_checkout_fields', array( $this, 'add_to_classic_checkout' ), 20 );
		add_action( 'woocommerce_after_checkout_validation', array( $this, 'validate_classic_checkout' ), 10, 2 );
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
			// Of the buyer, not of an address: otherwise it would be asked for the parcel as well.
			'location'          => 'contact',
			'type'              => 'text',
			'required'          => false,
			'sanitize_callback' => array( self::class, 'normalize' ),
			'validate_callback' => array( self::class, 'validate' ),
		);
		if ( defined( 'WC_VERSION' ) && version_compare( WC_VERSION, self::CONDITIONS_SINCE, '>=' ) ) {
			$field['hidden'] = $this->company_is_empty();
		}
		try {
			woocommerce_register_additional_checkout_field( $field );
		} catch ( \Throwable $error ) {
			// A checkout without this field sells; one that breaks does not.
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
			'label'    => __( 'VAT number', 'facturelay' ),
			'type'     => 'text',
			'required' => false,
			'class'    => array( 'form-row-wide' ),
			'priority' => 35,
		);
		return $fields;
	}

	/**
	 * @param mixed $posted
	 * @param mixed $errors
	 */
	public function validate_classic_checkout( $posted, $errors ): void {
		$given  = is_array( $posted ) ? self::normalize( (string) ( $posted[ self::CLASSIC_FIELD ] ?? '' ) ) : '';
		$result = self::validate( $given );
		if ( $this->is_enabled() && $result instanceof WP_Error && $errors instanceof WP_Error ) {
			$errors->add( 'billing_vat_number_validation', $result->get_error_message() );
		}
	}

	/**
	 * A hidden company field keeps businesses from saying that they are one. The stored setting stays as it is.
	 *
	 * @param mixed $setting
	 * @return mixed
	 */
	public function show_company_field( $setting ) {
		return 'hidden' === $setting && ! is_admin() && $this->is_enabled() ? 'optional' : $setting;
	}

	/** @param mixed $number */
	public static function normalize( $number ): string {
		return strtoupper( (string) preg_replace( '/[\s.\-]/', '', (string) $number ) );
	}

	/**
	 * Only what is surely wrong is refused: whether a number exists is for Facturelay to find out.
	 *
	 * @param mixed $number
	 * @return true|WP_Error
	 */
	public static function validate( $number ) {
		$number = self::normalize( $number );
		$sound  = '' === $number || 1 === preg_match( '/^[A-Z]{0,2}[0-9A-Z+*]{5,13}$/', $number );
		if ( $sound && 1 === preg_match( '/^BE0?([0-9]{9})$/', $number, $digits ) ) {
			$number = "BE0{$digits[1]}";
		}
		if ( $sound && 1 === preg_match( '/^BE([0-9]{8})([0-9]{2})$/', $number, $digits ) ) {
			$sound = 97 - ( (int) $digits[1] % 97 ) === (int) $digits[2];
		}
		if ( $sound ) {
			return true;
		}
		return new WP_Error( 'facturelay_vat_number', __( 'This VAT number is not right. Please check its digits, or leave the field empty.', 'facturelay' ) );
	}

	/** Whether a plugin that we know asks for the number. */
	public static function has_other_plugin(): bool {
		foreach ( self::OTHER_PLUGINS as $name ) {
			if ( class_exists( $name, false ) || defined( $name ) ) {
				return true;
			}
		}
		return false;
	}

	/** Only in a connected shop, and only where no other plugin asks for the number. */
	private function is_enabled(): bool {
		return Connection::load()->is_active() && 'no' !== get_option( self::OPTION, 'yes' ) && ! self::has_other_plugin();
	}

	private function block_checkout_has_vat_field(): bool {
		try {
			// The list has no public function; where it moves one day, we ask all the same.
			$registered = Package::container()->get( CheckoutFields::class )->get_additional_fields();
			return $this->has_vat_field( array( (array) $registered ) );
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

	/** @return array<string, mixed> a JSON schema of the checkout: fits where no company is given */
	private function company_is_empty(): array {
		return array(
			'customer' => array(
				'properties' => array(
					'billing_address' => array(
						'properties' => array( 'company' => array( 'maxLength' => 0 ) ),
					),
				),
			),
		);
	}
}
