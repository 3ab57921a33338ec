<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Connection\Connection;
use Facturelay\Documents\CustomerLinks;
use Facturelay\Documents\DocumentsOfPage;
use Facturelay\Documents\DocumentTable;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeClient;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * The column "Documents" in the list of orders, with HPOS and without. Numbers and links are there with the page, by one query for all
 * of its orders; how the documents fare only Facturelay knows, and is asked for the whole page once it is there.
 */
final class OrderList implements Feature {

	public const SCREENS  = array( 'woocommerce_page_wc-orders', 'edit-shop_order' );
	private const COLUMN  = 'facturelay';
	private const ACTION  = 'facturelay_orders';
	private const AT_ONCE = 100;

	private DocumentsOfPage $documents;

	public function __construct() {
		$this->documents = new DocumentsOfPage( true );
	}

	public function add_hooks(): void {
		foreach ( self::SCREENS as $screen ) {
			add_filter( "manage_{$screen}_columns", array( $this, 'add_column' ), 20 );
		}
		add_filter( 'woocommerce_order_query', array( $this, 'note_orders' ) );
		add_action( 'manage_woocommerce_page_wc-orders_custom_column', array( $this, 'show_cell' ), 10, 2 );
		add_action( 'manage_shop_order_posts_custom_column', array( $this, 'show_cell' ), 10, 2 );
		add_action( 'admin_print_footer_scripts', array( $this, 'print_script' ) );
		add_action( 'wp_ajax_' . self::ACTION, array( $this, 'answer_states' ) );
	}

	/**
	 * @param mixed $columns
	 * @return array<string, string>
	 */
	public function add_column( $columns ): array {
		$columns = (array) $columns;
		return Connection::load()->is_active() ? $columns + array( self::COLUMN => __( 'Documents', 'facturelay' ) ) : $columns;
	}

	/**
	 * The orders that WooCommerce found for a page; nothing changes. Where orders are posts, WordPress keeps them itself.
	 *
	 * @param mixed $results
	 * @return mixed
	 */
	public function note_orders( $results ) {
		if ( is_admin() ) {
			$this->documents->note( (array) ( is_object( $results ) ? $results->orders ?? array() : $results ) );
		}
		return $results;
	}

	/**
	 * @param mixed $column
	 * @param mixed $order an order, or its id where orders are posts
	 */
	public function show_cell( $column, $order ): void {
		$order = self::COLUMN === $column ? wc_get_order( $order ) : null;
		if ( ! $order instanceof WC_Order ) {
			return;
		}
		$this->documents->note( isset( $GLOBALS['wp_query'] ) ? (array) $GLOBALS['wp_query']->posts : array() );
		foreach ( $this->documents->of_order( $order->get_id() ) as $document ) {
			printf(
				'<div class="facturelay-document"><a href="%s" target="_blank" rel="noopener">%s <span class="facturelay-number">%s</span></a>%s<br><a href="%s" target="_blank" rel="noopener">%s</a> <span data-facturelay-document="%d"></span></div>',
				esc_url( CustomerLinks::document_url( (int) $document->document_id, $order ) ),
				esc_html( DocumentTable::title( $document->kind ) ),
				esc_html( $document->number ),
				empty( $document->test ) ? '' : ' (' . esc_html__( 'test', 'facturelay' ) . ')',
				esc_url( CustomerLinks::document_url( (int) $document->document_id, $order, 'pdf' ) ),
				esc_html( DocumentTable::file_name( 'pdf' ) ),
				(int) $document->document_id
			);
		}
		printf( '<span data-facturelay-order="%d"></span>', (int) $order->get_id() );
	}

	public function print_script(): void {
		$screen = get_current_screen();
		if ( null === $screen || ! in_array( $screen->id, self::SCREENS, true ) || isset( $_GET['action'] ) || ! Connection::load()->is_active() ) { // phpcs:ignore WordPress.Security.NonceVerification.Recommended
			return;
		}
		// A number is not broken over two lines.
		echo '<style>.facturelay-number{white-space:nowrap}</style>';
		$url = wp_nonce_url( admin_url( 'admin-ajax.php?action=' . self::ACTION ), self::ACTION );
		wp_print_inline_script_tag( sprintf( self::SCRIPT, (string) wp_json_encode( html_entity_decode( $url, ENT_QUOTES, 'UTF-8' ) ), self::AT_ONCE ) );
	}

	/** By AJAX: for each document and order of the page a few words, as escaped HTML. Nothing where Facturelay is silent. */
	public function answer_states(): void {
		if ( ! current_user_can( 'edit_shop_orders' ) || ! Connection::load()->is_active() ) {
			wp_send_json( array(), 403 );
		}
		check_ajax_referer( self::ACTION );
		$ids = isset( $_POST['orders'] ) ? array_map( 'absint', explode( ',', sanitize_text_field( wp_unslash( $_POST['orders'] ) ) ) ) : array();
		try {
			wp_send_json( $this->states( array_slice( array_filter( $ids ), 0, self::AT_ONCE ) ) );
		} catch ( FacturelayError $error ) {
			wp_send_json( array() );
		}
	}

	/**
	 * @param int[] $order_ids
	 * @return array{documents: array<int, string>, orders: array<int, string>}
	 * @throws FacturelayError
	 */
	private function states( array $order_ids ): array {
		$orders = array();
		foreach ( array() === $order_ids ? array() : wc_get_orders( array( 'limit' => self::AT_ONCE, 'type' => 'shop_order', 'post__in' => $order_ids ) ) as $order ) {
			$orders[] = array(
				'order' => $order->get_id(),
				'key'   => $order->get_order_key(),
			);
		}
		$connection = Connection::load();
		$answer     = ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/orders', array( 'orders' => $orders ) );
		$said       = array(
			'documents' => array(),
			'orders'    => array(),
		);
		foreach ( (array) ( $answer['orders'] ?? array() ) as $order_id => $state ) {
			foreach ( (array) ( $state['documents'] ?? array() ) as $document ) {
				$said['documents'][ (int) $document['id'] ] = DocumentsBox::short_status( (array) $document );
			}
			$said['orders'][ (int) $order_id ] = self::drafts_text( (int) ( $state['drafts'] ?? 0 ) );
		}
		return $said;
	}

	private static function drafts_text( int $drafts ): string {
		if ( 0 === $drafts ) {
			return '';
		}
		/* translators: %d: number of drafts */
		$words = sprintf( _n( '%d draft waits for you', '%d drafts wait for you', $drafts, 'facturelay' ), $drafts );
		return '<span class="dashicons dashicons-warning" aria-hidden="true"></span> ' . esc_html( $words );
	}

	private const SCRIPT = <<<'JS'
( function () {
	var cells = document.querySelectorAll( '[data-facturelay-order]' );
	function fill( name, said ) {
		Object.keys( said || {} ).forEach( function ( id ) {
			document.querySelectorAll( '[' + name + '="' + id + '"]' ).forEach( function ( place ) {
				place.innerHTML = said[ id ];
			} );
		} );
	}
	function ask( ids ) {
		fetch( %1$s, { method: 'POST', credentials: 'same-origin', body: new URLSearchParams( { orders: ids.join() } ) } ).then( function ( response ) {
			return response.ok ? response.json() : {};
		} ).then( function ( said ) {
			fill( 'data-facturelay-document', said.documents );
			fill( 'data-facturelay-order', said.orders );
		} ).catch( function () {} );
	}
	var ids = Array.from( cells, function ( cell ) {
		return cell.dataset.facturelayOrder;
	} );
	for ( var at = 0; at < ids.length; at += %2$d ) {
		ask( ids.slice( at, at + %2$d ) );
	}
}() );
JS;
}
