<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Admin\FlashNotice;
use Facturelay\Connection\Connection;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeClient;
use Facturelay\Http\BridgeTask;
use WC_Order;

defined( 'ABSPATH' ) || exit;

// A message is escaped where it is shown, once (FlashNotice).
// phpcs:disable WordPress.Security.EscapeOutput.ExceptionNotEscaped

/** Requests of the box at an order: its content from Facturelay, and its actions (send again, issue a draft, try again). */
final class DocumentActions implements Feature {

	/** Action => what Facturelay is asked to do, and what the id is of. */
	private const ACTIONS = array(
		'send'       => array( 'send', 'document' ),
		'issue'      => array( 'issue', 'draft' ),
		'issue_send' => array( 'issue', 'draft' ),
		'retry'      => array( 'retry', 'order' ),
	);

	public function add_hooks(): void {
		add_action( 'wp_ajax_facturelay_order', array( $this, 'show_box' ) );
		add_action( 'admin_post_facturelay_order', array( $this, 'handle' ) );
	}

	public static function url( int $order_id, string $action, int $id ): string {
		$query = array(
			'action' => 'facturelay_order',
			'order'  => $order_id,
			'verb'   => $action,
			'id'     => $id,
		);
		return wp_nonce_url( add_query_arg( $query, admin_url( 'admin-post.php' ) ), "facturelay_{$action}_{$id}" );
	}

	/** By AJAX: prints the content of the box. */
	public function show_box(): void {
		$this->require_permission( 'facturelay_order' );
		$order = $this->order();
		try {
			$connection = Connection::load();
			$answer     = ( new BridgeClient( $connection->bridge_url() ) )->call(
				$connection,
				'/plugin/order',
				array(
					'order' => $order->get_id(),
					'key'   => $order->get_order_key(),
				)
			);
			echo DocumentsBox::from_bridge( $order, $answer ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- DocumentsBox escapes.
		} catch ( FacturelayError $error ) {
			// phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- DocumentsBox escapes.
			echo DocumentsBox::from_table( $order ) . '<p class="description">' . esc_html( $error->getMessage() ) . '</p>';
		}
		wp_die( '', '', array( 'response' => 200 ) );
	}

	/** By a link: does the action, then returns to the order with a notice. */
	public function handle(): void {
		// By these two it is checked which nonce.
		$action = isset( $_GET['verb'] ) ? sanitize_key( wp_unslash( $_GET['verb'] ) ) : ''; // phpcs:ignore WordPress.Security.NonceVerification.Recommended
		$id     = isset( $_GET['id'] ) ? absint( wp_unslash( $_GET['id'] ) ) : 0; // phpcs:ignore WordPress.Security.NonceVerification.Recommended
		$this->require_permission( "facturelay_{$action}_{$id}" );
		$order = $this->order();
		try {
			$notice = $this->run( $action, $id );
		} catch ( FacturelayError $error ) {
			$notice = array( 'error', $error->getMessage(), $error->error_code() );
		}
		FlashNotice::store( ...$notice );
		wp_safe_redirect( $order->get_edit_order_url() );
		exit;
	}

	/** @return array{0: string, 1: string, 2: string} kind of notice, message, code */
	private function run( string $action, int $id ): array {
		if ( ! isset( self::ACTIONS[ $action ] ) ) {
			throw new FacturelayError( 'nothing_done', __( 'Nothing was done; press one of the buttons.', 'facturelay' ) );
		}
		list( $task, $id_field ) = self::ACTIONS[ $action ];
		$content                 = array(
			'kind'    => $task,
			$id_field => $id,
			'send'    => 'issue_send' === $action,
		);
		return BridgeTask::run( '/plugin/task', $content );
	}

	private function require_permission( string $nonce ): void {
		if ( ! current_user_can( 'edit_shop_orders' ) || ! Connection::load()->is_active() ) {
			wp_die( esc_html__( 'You may not do this.', 'facturelay' ), '', array( 'response' => 403 ) );
		}
		check_admin_referer( $nonce );
	}

	private function order(): WC_Order {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- Checked before.
		$order = wc_get_order( isset( $_GET['order'] ) ? absint( wp_unslash( $_GET['order'] ) ) : 0 );
		if ( ! $order instanceof WC_Order ) {
			wp_die( esc_html__( 'This order does not exist.', 'facturelay' ), '', array( 'response' => 404 ) );
		}
		return $order;
	}
}
