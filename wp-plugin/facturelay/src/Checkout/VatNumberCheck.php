<?php

declare(strict_types=1);

namespace Facturelay\Checkout;

use Facturelay\Connection\Connection;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeClient;

defined( 'ABSPATH' ) || exit;

/**
 * Tells a customer, while he is still typing, whether VIES knows his VAT number, and offers the name and address it knows.
 *
 * In the background, after the field is left: the checkout never waits for it, and no answer refuses an order.
 */
final class VatNumberCheck implements Feature {

	public const FILL_OPTION = 'facturelay_vat_field_fill';
	private const ACTION     = 'facturelay_vat_number';
	private const TIMEOUT_S  = 6;
	// How long an answer is kept: a confirmed number stays so, a new one is soon in the register.
	private const KEEP_S = array( 'valid' => HOUR_IN_SECONDS, 'invalid' => 10 * MINUTE_IN_SECONDS, 'wrong' => HOUR_IN_SECONDS, 'unknown' => MINUTE_IN_SECONDS );
	// Questions in ten minutes: of one visitor, and of all together.
	private const MOST_OF_ONE = 20;
	private const MOST_OF_ALL = 300;

	private VatNumberField $field;
	private string $file;

	public function __construct( VatNumberField $field, string $file ) {
		$this->field = $field;
		$this->file  = $file;
	}

	public function add_hooks(): void {
		add_action( 'wp_enqueue_scripts', array( $this, 'add_script' ) );
		// WooCommerce's own address for questions of the shop's pages: no cache keeps it, and no plugin closes it with REST.
		add_action( 'wc_ajax_' . self::ACTION, array( $this, 'handle_request' ) );
	}

	public function add_script(): void {
		if ( ! function_exists( 'is_checkout' ) || ! is_checkout() || ! $this->field->is_enabled() ) {
			return;
		}
		$is_block = class_exists( '\WC_Blocks_Utils' ) && \WC_Blocks_Utils::has_block_in_page( wc_get_page_id( 'checkout' ), 'woocommerce/checkout' );
		$needs    = $is_block && wp_script_is( 'wc-blocks-data-store', 'registered' ) ? array( 'wc-blocks-data-store' ) : array();
		wp_enqueue_script( 'facturelay-vat-number', plugins_url( 'assets/vat-number.js', $this->file ), $needs, \Facturelay\Plugin::VERSION, true );
		$settings = array(
			'url'   => \WC_AJAX::get_endpoint( self::ACTION ),
			'nonce' => wp_create_nonce( self::ACTION ),
			'fill'  => self::may_fill(),
			'texts' => array(
				'checking' => __( 'The number is being checked.', 'facturelay' ),
				/* translators: %s: name of a company */
				'valid'    => __( 'Known as %s.', 'facturelay' ),
				'nameless' => __( 'This VAT number is known.', 'facturelay' ),
				'invalid'  => __( 'The register of VAT numbers does not know this number. Please check its digits.', 'facturelay' ),
				'wrong'    => __( 'This VAT number is not right. Please check its digits, or leave the field empty.', 'facturelay' ),
			),
		);
		wp_add_inline_script( 'facturelay-vat-number', 'var facturelayVatNumber = ' . wp_json_encode( $settings ) . ';', 'before' );
	}

	/** Answers with state, name, street, postcode and city; an empty state where nothing can be said. */
	public function handle_request(): void {
		nocache_headers();
		if ( ! check_ajax_referer( self::ACTION, 'nonce', false ) || ! $this->field->is_enabled() ) {
			wp_send_json( array( 'state' => 'unknown' ) );
		}
		// phpcs:disable WordPress.Security.NonceVerification.Missing -- checked above
		$typed   = isset( $_POST['number'] ) ? sanitize_text_field( wp_unslash( $_POST['number'] ) ) : '';
		$country = isset( $_POST['country'] ) ? sanitize_text_field( wp_unslash( $_POST['country'] ) ) : '';
		// phpcs:enable
		wp_send_json( $this->check( substr( VatNumberField::normalize( $typed ), 0, 20 ), substr( $country, 0, 2 ) ) );
	}

	/** @return array<string, string> state, and what the owner lets the checkout fill in: name, street, postcode, city */
	public function check( string $number, string $country ): array {
		$key    = 'facturelay_vat_' . md5( "$number|$country" );
		$answer = get_transient( $key );
		if ( ! is_array( $answer ) ) {
			if ( '' === $number || ! $this->may_ask() ) {
				return array( 'state' => 'unknown' );
			}
			$answer = $this->ask( $number, $country );
			set_transient( $key, $answer, self::KEEP_S[ $answer['state'] ] );
		}
		return self::may_fill() ? $answer : array( 'state' => $answer['state'], 'name' => $answer['name'] );
	}

	/** @return array<string, string> */
	private function ask( string $number, string $country ): array {
		try {
			$connection = Connection::load();
			$question   = array( 'number' => $number, 'country' => $country );
			$response   = ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/vat-number', $question, self::TIMEOUT_S );
		} catch ( FacturelayError $error ) {
			$response = array();
		}
		$text  = static fn ( string $key ): string => is_string( $response[ $key ] ?? null ) ? $response[ $key ] : '';
		$state = isset( self::KEEP_S[ $text( 'state' ) ] ) ? $text( 'state' ) : 'unknown';
		return array( 'state' => $state, 'name' => sanitize_text_field( $text( 'name' ) ) ) + self::address( $text( 'address' ) );
	}

	/**
	 * The address as the Benelux and France write it: street, then postcode and city. Any other is left to the customer.
	 *
	 * @return array<string, string>
	 */
	public static function address( string $text ): array {
		$lines = array_values( array_filter( array_map( 'sanitize_text_field', explode( "\n", $text ) ) ) );
		if ( 2 !== count( $lines ) || 1 !== preg_match( '/^([0-9]{4,5}|[0-9]{4} ?[A-Z]{2}) +(\S.*)$/u', $lines[1], $found ) ) {
			return array();
		}
		return array( 'street' => $lines[0], 'postcode' => $found[1], 'city' => $found[2] );
	}

	private static function may_fill(): bool {
		return 'no' !== get_option( self::FILL_OPTION, 'yes' );
	}

	/** Counts one question; false where too many were asked lately. What one visitor asks beyond his own counts for nobody else. */
	private function may_ask(): bool {
		$address = class_exists( '\WC_Geolocation' ) ? (string) \WC_Geolocation::get_ip_address() : '';
		$most    = array( self::count_of( md5( $address ) ) => self::MOST_OF_ONE, self::count_of( 'all' ) => self::MOST_OF_ALL );
		foreach ( $most as $count => $many ) {
			if ( (int) get_transient( $count ) >= $many ) {
				return false;
			}
		}
		foreach ( array_keys( $most ) as $count ) {
			set_transient( $count, (int) get_transient( $count ) + 1, 10 * MINUTE_IN_SECONDS );
		}
		return true;
	}

	/** The window is part of the name, so that it ends by itself however often it is written. */
	private static function count_of( string $who ): string {
		return 'facturelay_vat_asked_' . $who . '_' . (int) floor( time() / ( 10 * MINUTE_IN_SECONDS ) );
	}
}
