<?php
/**
 * Plugin Name: Facturelay
 * Description: Order confirmations, delivery notes, invoices and credit notes for WooCommerce, made by your own Facturelay.
 * Version: 0.1.0
 * Requires at least: 6.1
 * Requires PHP: 7.4
 * WC requires at least: 8.9
 * WC tested up to: 11.0
 * Author: Facturelay
 * License: GPL-2.0-or-later
 * License URI: https://www.gnu.org/licenses/gpl-2.0.html
 * Update URI: https://facturelay.invalid/
 * Text Domain: facturelay
 * Domain Path: /languages
 */

declare(strict_types=1);

namespace Facturelay;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/src/autoload.php';

( new Plugin( __FILE__ ) )->add_hooks();
