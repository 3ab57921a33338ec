<?php
/**
 * Plugin Name: WooCommerce (stand-in)
 * Description: The part of WooCommerce's public surface that Facturelay touches, written anew for its tests.
 * Version: 11.0.0
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/FeaturesUtil.php';
require_once __DIR__ . '/WC_Order.php';
require_once __DIR__ . '/webhooks.php';
require_once __DIR__ . '/shop.php';

// As in WooCommerce: before anything else on init, when every plugin has been loaded.
add_action(
	'init',
	static function (): void {
		do_action( 'before_woocommerce_init' );
		do_action( 'woocommerce_init' );
	},
	0
);
