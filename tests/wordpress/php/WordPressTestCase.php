<?php

declare(strict_types=1);

use PHPUnit\Framework\TestCase;

/**
 * One test, one transaction: rows, cached values, hooks, roles, the request and what the stand-ins remember are as before when it ends.
 * Tests that create or drop tables (activation, uninstalling) belong to pytest, which gives each a site of its own:
 * MariaDB commits by itself at each of these statements.
 */
abstract class WordPressTestCase extends TestCase {

	/** @var array<string, WP_Hook> */
	private array $hooks = array();

	/** @var array<int, mixed> what PHP and WordPress know of the request */
	private array $request = array();

	/** @var array<string, array<string, mixed>> the static properties of the stand-ins, by class */
	private array $stand_ins = array();

	protected function setUp(): void {
		global $wpdb, $wp_filter;
		$wpdb->query( 'START TRANSACTION' );
		$this->hooks = array_map( static fn ( WP_Hook $hook ): WP_Hook => clone $hook, $wp_filter );
		$this->request = array( $_SERVER, $_GET, $_POST, $_REQUEST, $GLOBALS['current_screen'] ?? null );
		foreach ( array_filter( array( 'WC_Order', 'WC_Email', 'WC_Webhook' ), 'class_exists' ) as $class ) {
			$this->stand_ins[ $class ] = ( new ReflectionClass( $class ) )->getStaticProperties();
		}
	}

	protected function tearDown(): void {
		global $wpdb, $wp_filter;
		$wpdb->query( 'ROLLBACK' );
		$wp_filter = $this->hooks;
		list( $_SERVER, $_GET, $_POST, $_REQUEST, $GLOBALS['current_screen'] ) = $this->request;
		foreach ( $this->stand_ins as $class => $properties ) {
			foreach ( $properties as $name => $value ) {
				( new ReflectionClass( $class ) )->setStaticPropertyValue( $name, $value );
			}
		}
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
