<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Admin\FlashNotice;
use Facturelay\Connection\Connection;
use Facturelay\Documents\DocumentTable;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeClient;

defined( 'ABSPATH' ) || exit;

/** Bulk action in the list of orders: the documents of the selected orders in one zip. */
final class BulkDownload implements Feature {

	private const ACTION = 'facturelay_download';

	public function add_hooks(): void {
		foreach ( OrderList::SCREENS as $screen ) {
			add_filter( "bulk_actions-$screen", array( $this, 'add_action' ), 20 );
			add_filter( "handle_bulk_actions-$screen", array( $this, 'download' ), 10, 3 );
		}
		add_action( 'admin_notices', array( $this, 'show_notice' ) );
	}

	/**
	 * @param mixed $actions
	 * @return array<string, string>
	 */
	public function add_action( $actions ): array {
		$actions = (array) $actions;
		return Connection::load()->is_active() ? $actions + array( self::ACTION => __( 'Download documents', 'facturelay' ) ) : $actions;
	}

	/**
	 * The nonce was checked by WooCommerce, or by WordPress where orders are posts.
	 *
	 * @param mixed $return_url the page to return to
	 * @param mixed $action
	 * @param mixed $order_ids
	 * @return mixed
	 */
	public function download( $return_url, $action, $order_ids ) {
		$connection = Connection::load();
		if ( self::ACTION !== $action || ! current_user_can( 'edit_shop_orders' ) || ! $connection->is_active() ) {
			return $return_url;
		}
		$documents = ( new DocumentTable() )->ids_of_orders( array_map( 'intval', (array) $order_ids ) );
		if ( array() === $documents ) {
			FlashNotice::store( 'warning', __( 'These orders have no documents yet.', 'facturelay' ), 'no_documents' );
			return $return_url;
		}
		require_once ABSPATH . 'wp-admin/includes/file.php';
		$file = wp_tempnam( 'facturelay' );
		try {
			( new BridgeClient( $connection->bridge_url() ) )->download( $connection, '/plugin/files', array( 'documents' => $documents ), $file );
		} catch ( FacturelayError $error ) {
			wp_delete_file( $file );
			FlashNotice::store( 'error', $error->getMessage(), $error->error_code() );
			return $return_url;
		}
		$this->send_file( $file );
	}

	public function show_notice(): void {
		$screen = get_current_screen();
		if ( null !== $screen && in_array( $screen->id, OrderList::SCREENS, true ) && ! isset( $_GET['action'] ) ) { // phpcs:ignore WordPress.Security.NonceVerification.Recommended
			FlashNotice::show();
		}
	}

	/** @return never */
	private function send_file( string $file ): void {
		nocache_headers();
		header( 'Content-Type: application/zip' );
		header( 'Content-Disposition: attachment; filename="' . sanitize_file_name( __( 'documents', 'facturelay' ) . '-' . wp_date( 'Y-m-d-His' ) ) . '.zip"' );
		header( 'Content-Length: ' . filesize( $file ) );
		while ( ob_get_level() > 0 ) {
			ob_end_clean();
		}
		readfile( $file ); // phpcs:ignore WordPress.WP.AlternativeFunctions
		wp_delete_file( $file );
		exit;
	}
}
