<?php

declare(strict_types=1);

namespace Facturelay\Admin;

use Facturelay\Connection\Connection;
use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/**
 * From "activated" to the settings: whoever activated it comes out there; a link in the plugin's row, and one notice above the list of
 * plugins until the shop is connected.
 */
final class FirstSteps implements Feature {

	private string $file;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function add_hooks(): void {
		add_filter( 'plugin_action_links_' . plugin_basename( $this->file ), array( $this, 'add_settings_link' ) );
		add_action( 'admin_notices', array( $this, 'show_notice' ) );
		add_action( 'activated_plugin', array( $this, 'lead_to_settings' ) );
	}

	/**
	 * In the request that activates it: let WordPress go on to the settings in place of its list of plugins. Several at once lead there as ever.
	 *
	 * @param mixed $plugin its file below the plugins' folder
	 */
	public function lead_to_settings( $plugin ): void {
		if ( plugin_basename( $this->file ) !== $plugin || Connection::load()->exists() || ! self::has_settings() ) {
			return;
		}
		$list = self_admin_url( 'plugins.php?activate=true' );
		add_filter( 'wp_redirect', static fn ( $location ) => 0 === strpos( (string) $location, $list ) ? SettingsTab::url() : $location );
	}

	/**
	 * @param mixed $links
	 * @return array<int|string, mixed>
	 */
	public function add_settings_link( $links ): array {
		$links = (array) $links;
		if ( self::has_settings() ) {
			array_unshift( $links, sprintf( '<a href="%s">%s</a>', esc_url( SettingsTab::url() ), esc_html__( 'Settings', 'facturelay' ) ) );
		}
		return $links;
	}

	/** Above the list of plugins only, where somebody who just activated it comes out. */
	public function show_notice(): void {
		$screen = get_current_screen();
		if ( null === $screen || 'plugins' !== $screen->id || Connection::load()->exists() ) {
			return;
		}
		if ( ! function_exists( 'WC' ) ) {
			if ( current_user_can( 'activate_plugins' ) ) {
				printf( '<div class="notice notice-warning"><p>%s</p></div>', esc_html__( 'Facturelay needs WooCommerce: install and activate it, then connect your shop.', 'facturelay' ) );
			}
			return;
		}
		if ( self::has_settings() ) {
			printf(
				'<div class="notice notice-info"><p>%s</p><p><a class="button button-primary" href="%s">%s</a></p></div>',
				esc_html__( 'Facturelay is active, and your shop is not connected yet. You need the address of your Facturelay and a code, which it shows under Connection.', 'facturelay' ),
				esc_url( SettingsTab::url() ),
				esc_html__( 'Connect this shop', 'facturelay' )
			);
		}
	}

	private static function has_settings(): bool {
		return function_exists( 'WC' ) && current_user_can( 'manage_woocommerce' );
	}
}
