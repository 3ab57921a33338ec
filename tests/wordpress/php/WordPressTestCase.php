<?php

declare(strict_types=1);

use PHPUnit\Framework\TestCase;

/**
 * One test, one transaction: rows, cached values, hooks and roles are as before when it ends.
 * Tests that create or drop tables (activation, uninstalling) belong to pytest, which gives each a site of its own:
 * MariaDB commits by itself at each of these statements.
 */
abstract class WordPressTestCase extends TestCase {

	/** @var array<string, WP_Hook> */
	private array $hooks = array();

	protected function setUp(): void {
		global $wpdb, $wp_filter;
		$wpdb->query( 'START TRANSACTION' );
		$this->hooks = array_map( static fn ( WP_Hook $hook ): WP_Hook => clone $hook, $wp_filter );
	}

	protected function tearDown(): void {
		global $wpdb, $wp_filter;
		$wpdb->query( 'ROLLBACK' );
		$wp_filter = $this->hooks;
		wp_cache_flush();
		wp_roles()->for_site();
		wp_set_current_user( 0 );
	}

	/** Administrators and shop managers with the rights that WooCommerce gives them, as far as Facturelay asks for them. */
	protected function add_shop_roles(): void {
		foreach ( array( 'administrator', 'shop_manager' ) as $role ) {
			add_role( $role, $role );
			foreach ( array( 'manage_woocommerce', 'read_private_shop_orders', 'publish_shop_orders', 'read_private_products' ) as $right ) {
				get_role( $role )->add_cap( $right );
			}
		}
	}
}
