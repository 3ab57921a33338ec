<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Admin\FlashNotice;
use Facturelay\Connection\Connection;
use Facturelay\Documents\DocumentTable;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeTask;

defined( 'ABSPATH' ) || exit;

/** Bulk action in the list of orders: mails of each selected order its invoice, or its latest document where it has none. */
final class BulkSend implements Feature {

	private const ACTION = 'facturelay_send';

	public function add_hooks(): void {
		foreach ( OrderList::SCREENS as $screen ) {
			add_filter( "bulk_actions-$screen", array( $this, 'add_action' ), 20 );
			add_filter( "handle_bulk_actions-$screen", array( $this, 'send' ), 10, 3 );
		}
		add_action( 'admin_print_footer_scripts', array( $this, 'print_question' ) );
	}

	/**
	 * @param mixed $actions
	 * @return array<string, string>
	 */
	public function add_action( $actions ): array {
		$actions = (array) $actions;
		return Connection::load()->is_active() ? $actions + array( self::ACTION => __( 'Mail documents to the customers', 'facturelay' ) ) : $actions;
	}

	/**
	 * The nonce was checked by WooCommerce, or by WordPress where orders are posts.
	 *
	 * @param mixed $return_url the page to return to
	 * @param mixed $action
	 * @param mixed $order_ids
	 * @return mixed
	 */
	public function send( $return_url, $action, $order_ids ) {
		if ( self::ACTION !== $action || ! current_user_can( 'edit_shop_orders' ) || ! Connection::load()->is_active() ) {
			return $return_url;
		}
		$order_ids = array_map( 'intval', (array) $order_ids );
		$found     = ( new DocumentTable() )->of_orders( $order_ids );
		if ( array() === $found ) {
			FlashNotice::store( 'warning', __( 'These orders have no documents yet.', 'facturelay' ), 'no_documents' );
			return $return_url;
		}
		$documents = array_map( static fn ( array $of_one ): int => (int) DocumentTable::main_of( $of_one )->document_id, array_values( $found ) );
		try {
			$notice = BridgeTask::run( '/plugin/send', array( 'documents' => $documents ) );
		} catch ( FacturelayError $error ) {
			$notice = array( 'error', $error->getMessage(), $error->error_code() );
		}
		$without = count( array_unique( $order_ids ) ) - count( $found );
		if ( $without > 0 ) {
			/* translators: %d: number of orders */
			$notice[1] .= ' ' . sprintf( _n( '%d order has no document yet.', '%d orders have no document yet.', $without, 'facturelay' ), $without );
		}
		FlashNotice::store( ...$notice );
		return $return_url;
	}

	/** Mail that left does not come back: the browser asks first. */
	public function print_question(): void {
		$screen = get_current_screen();
		if ( null !== $screen && in_array( $screen->id, OrderList::SCREENS, true ) && Connection::load()->is_active() ) {
			$question = __( 'Mail the documents of the selected orders to their customers?', 'facturelay' );
			wp_print_inline_script_tag( sprintf( self::SCRIPT, (string) wp_json_encode( self::ACTION ), (string) wp_json_encode( $question ) ) );
		}
	}

	private const SCRIPT = <<<'JS'
document.addEventListener( 'submit', function ( event ) {
	var chosen = Array.from( event.target.querySelectorAll( 'select[name=action], select[name=action2]' ), function ( select ) {
		return select.value;
	} );
	if ( chosen.indexOf( %1$s ) >= 0 && event.submitter && /^doaction/.test( event.submitter.id ) && ! confirm( %2$s ) ) {
		event.preventDefault();
	}
} );
JS;
}
