<?php
/**
 * Runs when the plugin is deleted. Whatever it keeps carries its name, so its name is all that has to be known here.
 * The documents are safe: they are on the Facturelay server, not in the shop.
 */

declare(strict_types=1);

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

$facturelay_forget = static function (): void {
	global $wpdb;

	$exists = static fn ( string $table ): bool => $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $table ) ) ) === $table;

	// First what bears WooCommerce's name: the REST key and the webhooks, which only our connection can tell from others.
	$kept = get_option( 'facturelay_connection' );
	$kept = is_array( $kept ) ? $kept : array();
	$keys = $wpdb->prefix . 'woocommerce_api_keys';
	if ( ! empty( $kept['key'] ) && $exists( $keys ) ) {
		$wpdb->delete( $keys, array( 'key_id' => (int) $kept['key'] ) );
	}
	$hooks = $wpdb->prefix . 'wc_webhooks';
	if ( ! empty( $kept['shop'] ) && $exists( $hooks ) ) {
		$like = '%' . $wpdb->esc_like( '/webhooks/' . $kept['shop'] );
		foreach ( $wpdb->get_col( $wpdb->prepare( "SELECT webhook_id FROM `$hooks` WHERE delivery_url LIKE %s", $like ) ) as $id ) {
			$webhook = function_exists( 'wc_get_webhook' ) ? wc_get_webhook( (int) $id ) : null;
			$webhook ? $webhook->delete( true ) : $wpdb->delete( $hooks, array( 'webhook_id' => (int) $id ) );
		}
		// WooCommerce remembers the numbers of its webhooks.
		delete_transient( 'woocommerce_webhook_ids' );
		delete_transient( 'woocommerce_webhook_ids_status_active' );
	}

	$named = static fn ( string $before ): string => $wpdb->esc_like( $before . 'facturelay_' ) . '%';

	// Through WordPress, not by one DELETE: a cache that outlives the request would bring options back.
	foreach ( array( '', '_transient_', '_transient_timeout_', '_site_transient_', '_site_transient_timeout_' ) as $before ) {
		$query = $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $named( $before ) );
		array_map( 'delete_option', $wpdb->get_col( $query ) );
	}
	$query = $wpdb->prepare( "SELECT DISTINCT meta_key FROM {$wpdb->usermeta} WHERE meta_key LIKE %s", $named( '' ) );
	foreach ( $wpdb->get_col( $query ) as $key ) {
		delete_metadata( 'user', 0, $key, '', true );
	}

	foreach ( $wpdb->get_col( $wpdb->prepare( 'SHOW TABLES LIKE %s', $named( $wpdb->prefix ) ) ) as $table ) {
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

// In a network each site is a shop with a connection of its own.
foreach ( is_multisite() ? get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) : array( 0 ) as $facturelay_site ) {
	$facturelay_site > 0 && switch_to_blog( (int) $facturelay_site );
	$facturelay_forget();
	$facturelay_site > 0 && restore_current_blog();
}
