<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

use Automattic\WooCommerce\Utilities\FeaturesUtil;
use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/** Declares to WooCommerce which of its features the plugin supports; otherwise it warns the owner about the plugin. */
final class Compatibility implements Feature {

	private const FEATURES = array( 'custom_order_tables', 'cart_checkout_blocks' );

	private string $file;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function add_hooks(): void {
		add_action( 'before_woocommerce_init', array( $this, 'declare_compatibility' ) );
	}

	public function declare_compatibility(): void {
		if ( ! class_exists( FeaturesUtil::class ) ) {
			return;
		}
		foreach ( self::FEATURES as $feature ) {
			FeaturesUtil::declare_compatibility( $feature, $this->file, true );
		}
	}
}
