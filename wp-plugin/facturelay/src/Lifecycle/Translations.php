<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/** Loads the translations in languages/: WordPress before 6.7 does not look there by itself. */
final class Translations implements Feature {

	private string $file;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function add_hooks(): void {
		// Before WooCommerce's own init, in which the checkout's fields get their names.
		add_action( 'init', array( $this, 'load' ), -10 );
	}

	public function load(): void {
		load_plugin_textdomain( 'facturelay', false, dirname( plugin_basename( $this->file ) ) . '/languages' );
	}
}
