<?php
/**
 * Runs when the plugin is deleted, and deletes all that it stored: options, transients, user meta, tables and scheduled
 * actions by their prefix facturelay_, its REST key, its user and its webhooks. The documents stay on the Facturelay server.
 */

declare(strict_types=1);

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

// All that carries our name goes, and WordPress has no function that finds it by that.
// phpcs:disable WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL, WordPress.DB.SlowDBQuery

$facturelay_delete = static function (): void {
	global $wpdb;

	$exists = static fn ( string $table ): bool => $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $table ) ) ) === $table;

	// The REST key and the webhooks first: only the stored connection tells them from those of others.
	$connection = get_option( 'facturelay_connection' );
	$connection = is_array( $connection ) ? $connection : array();
	$keys       = $wpdb->prefix . 'woocommerce_api_keys';
	if ( ! empty( $connection['key'] ) && $exists( $keys ) ) {
		$wpdb->delete( $keys, array( 'key_id' => (int) $connection['key'] ) );
	}
	$webhooks = $wpdb->prefix . 'wc_webhooks';
	if ( ! empty( $connection['shop'] ) && $exists( $webhooks ) ) {
		$like = '%' . $wpdb->esc_like( '/webhooks/' . $connection['shop'] );
		foreach ( $wpdb->get_col( $wpdb->prepare( "SELECT webhook_id FROM `$webhooks` WHERE delivery_url LIKE %s", $like ) ) as $id ) {
			$webhook = function_exists( 'wc_get_webhook' ) ? wc_get_webhook( (int) $id ) : null;
			$webhook ? $webhook->delete( true ) : $wpdb->delete( $webhooks, array( 'webhook_id' => (int) $id ) );
		}
		// WooCommerce caches the ids of its webhooks.
		delete_transient( 'woocommerce_webhook_ids' );
		delete_transient( 'woocommerce_webhook_ids_status_active' );
	}

	remove_role( 'facturelay' );

	$pattern = static fn ( string $prefix ): string => $wpdb->esc_like( $prefix . 'facturelay_' ) . '%';

	// One by one through WordPress: after a plain DELETE a persistent object cache would bring the options back.
	foreach ( array( '', '_transient_', '_transient_timeout_', '_site_transient_', '_site_transient_timeout_' ) as $prefix ) {
		$query = $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $pattern( $prefix ) );
		array_map( 'delete_option', $wpdb->get_col( $query ) );
	}
	$query = $wpdb->prepare( "SELECT DISTINCT meta_key FROM {$wpdb->usermeta} WHERE meta_key LIKE %s", $pattern( '' ) );
	foreach ( $wpdb->get_col( $query ) as $key ) {
		delete_metadata( 'user', 0, $key, '', true );
	}

	// What OwnMailNote left at orders: of orders in their own tables, and in those of posts.
	foreach ( array_filter( array( $wpdb->postmeta, $wpdb->prefix . 'wc_orders_meta' ), $exists ) as $table ) {
		$wpdb->delete( $table, array( 'meta_key' => '_facturelay_own_mails' ) );
	}

	foreach ( $wpdb->get_col( $wpdb->prepare( 'SHOW TABLES LIKE %s', $pattern( $wpdb->prefix ) ) ) as $table ) {
		$wpdb->query( "DROP TABLE IF EXISTS `$table`" );
	}

	foreach ( _get_cron_array() ?: array() as $hooks ) {
		foreach ( array_keys( $hooks ) as $hook ) {
			if ( 0 === strpos( (string) $hook, 'facturelay_' ) ) {
				wp_unschedule_hook( (string) $hook );
			}
		}
	}
	if ( function_exists( 'as_unschedule_all_actions' ) ) {
		as_unschedule_all_actions( '', array(), 'facturelay' );
	}
};

// The user for whom the REST key acted; its mark goes with the other user meta below.
require_once ABSPATH . 'wp-admin/includes/user.php';
$facturelay_users = array( 'meta_key' => 'facturelay_account', 'meta_value' => '1', 'blog_id' => 0, 'fields' => 'ID' );
foreach ( get_users( $facturelay_users ) as $facturelay_user ) {
	if ( is_multisite() ) {
		require_once ABSPATH . 'wp-admin/includes/ms.php';
		wpmu_delete_user( (int) $facturelay_user );
	} else {
		wp_delete_user( (int) $facturelay_user, 0 );
	}
}

// In a network each site is a shop with a connection of its own.
foreach ( is_multisite() ? get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) : array( 0 ) as $facturelay_site ) {
	$facturelay_site > 0 && switch_to_blog( (int) $facturelay_site );
	$facturelay_delete();
	$facturelay_site > 0 && restore_current_blog();
}
