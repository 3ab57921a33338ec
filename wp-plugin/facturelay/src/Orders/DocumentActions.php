<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Admin\FlashNotice;
use Facturelay\Connection\Connection;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeClient;
use Facturelay\Http\BridgeMessages;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/** What staff press at an order: send again, issue a draft, try again; and how the order fares, as Facturelay sees it. */
final class DocumentActions implements Feature {

	private const MAX_POLLS = 8;
	/** The verbs of our buttons: what to ask of Facturelay, and what the number is of. */
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

	public static function url( int $order_id, string $verb, int $id ): string {
		$query = array(
			'action' => 'facturelay_order',
			'order'  => $order_id,
			'verb'   => $verb,
			'id'     => $id,
		);
		return wp_nonce_url( add_query_arg( $query, admin_url( 'admin-post.php' ) ), "facturelay_{$verb}_{$id}" );
	}

	/** Into the box of the order, when its page is already there. */
	public function show_box(): void {
		$this->check( 'facturelay_order' );
		$order = $this->order();
		try {
			$connection = Connection::load();
			$told       = ( new BridgeClient( $connection->bridge_url() ) )->call(
				$connection,
				'/plugin/order',
				array(
					'order' => $order->get_id(),
					'key'   => $order->get_order_key(),
				)
			);
			echo DocumentsBox::from_bridge( $order, $told ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- OrderBox escapes.
		} catch ( FacturelayError $failure ) {
			// phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- OrderBox escapes.
			echo DocumentsBox::from_table( $order ) . '<p class="description">' . esc_html( $failure->getMessage() ) . '</p>';
		}
		wp_die( '', '', array( 'response' => 200 ) );
	}

	public function handle(): void {
		$verb = isset( $_GET['verb'] ) ? sanitize_key( wp_unslash( $_GET['verb'] ) ) : '';
		$id   = isset( $_GET['id'] ) ? absint( wp_unslash( $_GET['id'] ) ) : 0;
		$this->check( "facturelay_{$verb}_{$id}" );
		$order = $this->order();
		try {
			$told = $this->run( $verb, $id );
		} catch ( FacturelayError $failure ) {
			$told = array( 'error', $failure->getMessage(), $failure->error_code() );
		}
		FlashNotice::store( ...$told );
		wp_safe_redirect( $order->get_edit_order_url() );
		exit;
	}

	/** @return array{0: string, 1: string, 2: string} kind of notice, sentence, code */
	private function run( string $verb, int $id ): array {
		if ( ! isset( self::ACTIONS[ $verb ] ) ) {
			throw new FacturelayError( 'nothing_done', __( 'Nothing was done; press one of the buttons.', 'facturelay' ) );
		}
		list( $kind, $of_what ) = self::ACTIONS[ $verb ];
		$connection             = Connection::load();
		$bridge                 = new BridgeClient( $connection->bridge_url() );
		$content                = array(
			'kind'   => $kind,
			$of_what => $id,
			'send'   => 'issue_send' === $verb,
			'by'     => wp_get_current_user()->display_name,
		);
		$errand                 = (int) ( $bridge->call( $connection, '/plugin/errand', $content )['errand'] ?? 0 );
		for ( $second = 0; $second < self::MAX_POLLS; $second++ ) {
			$answer = $bridge->call( $connection, '/plugin/errand/answer', array( 'errand' => $errand ) );
			if ( in_array( $answer['state'] ?? '', array( 'done', 'failed' ), true ) ) {
				$code = (string) ( $answer['code'] ?? '' );
				return array( 'done' === $answer['state'] ? 'success' : 'error', BridgeMessages::for_code( $code, (string) ( $answer['sentence'] ?? '' ) ), $code );
			}
			sleep( 1 );
		}
		return array( 'warning', __( 'Facturelay has taken it up; look again in a minute.', 'facturelay' ), 'waiting' );
	}

	private function check( string $nonce ): void {
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
