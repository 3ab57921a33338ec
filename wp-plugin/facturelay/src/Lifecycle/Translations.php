<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/**
 * Loads the translations in languages/: WordPress before 6.7 does not look there by itself. A locale that has none of its own
 * (nl_NL_formal, de_AT, fr_CA) speaks as its language does elsewhere, not English.
 */
final class Translations implements Feature {

	private const DOMAIN = 'facturelay';

	private string $file;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function add_hooks(): void {
		// Before WooCommerce's own init, in which the checkout's fields get their names.
		add_action( 'init', array( $this, 'load' ), -10 );
		add_filter( 'load_textdomain_mofile', array( $this, 'fall_back' ), 10, 2 );
	}

	public function load(): void {
		load_plugin_textdomain( self::DOMAIN, false, dirname( plugin_basename( $this->file ) ) . '/languages' );
	}

	/**
	 * @param mixed $mo_file the file that WordPress would load
	 * @param mixed $domain
	 * @return mixed that file, or where it is not there the one of the nearest locale
	 */
	public function fall_back( $mo_file, $domain ) {
		if ( self::DOMAIN !== $domain || is_readable( (string) $mo_file ) || 1 !== preg_match( '/-(([a-z]{2})(?:_[A-Z]{2})?)(?:_[a-z0-9]+)?\.mo$/', (string) $mo_file, $parts ) ) {
			return $mo_file;
		}
		foreach ( array( $parts[1], $parts[2] . '_' . strtoupper( $parts[2] ) ) as $locale ) {
			$nearest = dirname( $this->file ) . '/languages/' . self::DOMAIN . "-$locale.mo";
			if ( is_readable( $nearest ) ) {
				return $nearest;
			}
		}
		return $mo_file;
	}
}
