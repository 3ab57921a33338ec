<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeClient;
use WC_Order;
use WP_Post;

defined( 'ABSPATH' ) || exit;

/**
 * Tells Facturelay which orders changed as soon as the visitor has his page: WooCommerce's own deliveries wait for its queue,
 * up to a minute. They come all the same, and are enough where PHP cannot end a page before it does more (mod_php, CGI): there
 * nothing is told, because a request of WordPress's that "does not block" holds the visitor for 7 ms where Facturelay answers
 * and for a whole second where it hangs (measured on WordPress 7.0).
 *
 * An order deleted for good is told by nobody else, nor found by who asks WooCommerce later: it is kept in an option of its own
 * until Facturelay answered, and told again with each heartbeat.
 */
final class ChangedOrders implements Feature {

	public const RESTS       = 'facturelay_changed_rests';
	public const DELETED     = 'facturelay_deleted_';
	private const ROUTE      = '/plugin/changed';
	private const MOST       = 50;
	private const TIMEOUT_S  = 2;
	// Short after one silence, which may be one slow second; longer the more of them follow on each other.
	private const RESTS_S    = array( 5, 15, 60 );
	private const NOT_PLACED = array( 'checkout-draft', 'auto-draft' );

	/** @var array<int, int> ids, each once */
	private array $changed = array();

	public function add_hooks(): void {
		add_action( 'woocommerce_new_order', array( $this, 'note' ), 10, 2 );
		add_action( 'woocommerce_update_order', array( $this, 'note' ), 10, 2 );
		add_action( 'woocommerce_order_refunded', array( $this, 'note' ) );
		// For good: WooCommerce's own webhook tells of the bin alone.
		add_action( 'woocommerce_before_delete_order', array( $this, 'note_deleted' ), 10, 2 );
		add_action( 'before_delete_post', array( $this, 'note_deleted_post' ), 10, 2 );
		add_action( Heartbeat::HOOK, array( $this, 'tell_deleted' ), 20, 0 );
		add_action( 'woocommerce_refund_deleted', array( $this, 'note_refund_deleted' ), 10, 2 );
		// The last of all: what others do at the end must not wait for it either.
		add_action( 'shutdown', array( $this, 'tell_at_the_end' ), PHP_INT_MAX );
	}

	/**
	 * @param mixed $order_id
	 * @param mixed $order
	 */
	public function note( $order_id, $order = null ): void {
		$is_open_checkout = $order instanceof WC_Order && in_array( $order->get_status(), self::NOT_PLACED, true );
		if ( ! $is_open_checkout && ! ( is_multisite() && ms_is_switched() ) ) {
			$this->changed[ (int) $order_id ] = (int) $order_id;
		}
	}

	/**
	 * @param mixed $order_id
	 * @param mixed $order
	 */
	public function note_deleted( $order_id, $order = null ): void {
		$this->note( $order_id, $order );
		if ( isset( $this->changed[ (int) $order_id ] ) && Connection::load()->is_active() ) {
			// One option each: of two requests that delete at once neither overwrites what the other keeps.
			add_option( self::DELETED . (int) $order_id, '', '', false );
		}
	}

	/**
	 * Where orders are kept as posts WooCommerce says it in no other way.
	 *
	 * @param mixed $post_id
	 * @param mixed $post
	 */
	public function note_deleted_post( $post_id, $post = null ): void {
		if ( $post instanceof WP_Post && 'shop_order' === $post->post_type ) {
			$this->note_deleted( $post_id );
		}
	}

	/**
	 * @param mixed $refund_id
	 * @param mixed $order_id
	 */
	public function note_refund_deleted( $refund_id, $order_id ): void {
		$this->note( $order_id );
	}

	public function tell_at_the_end(): void {
		if ( array() !== $this->changed && Connection::load()->is_active() && self::end_page() ) {
			$this->tell();
		}
	}

	/** Says what changed, of many the first: the rest comes with WooCommerce's deliveries. Whoever did not answer is left in peace for a while. */
	public function tell(): void {
		$orders        = array_slice( array_values( $this->changed ), 0, self::MOST );
		$this->changed = array();
		$silence       = get_transient( self::RESTS );
		if ( array() === $orders || ( is_array( $silence ) && time() < $silence['until'] ) ) {
			return;
		}
		try {
			self::call( $orders );
		} catch ( FacturelayError $error ) {
			$this->rest( is_array( $silence ) ? $silence['times'] : 0 );
			return;
		}
		if ( false !== $silence ) {
			delete_transient( self::RESTS );
		}
	}

	/** Says again which orders are gone, until Facturelay answered. */
	public function tell_deleted(): void {
		global $wpdb;
		if ( ! Connection::load()->is_active() ) {
			return;
		}
		// By the index of their names; other requests have added to them since WordPress read its options.
		$names = $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $wpdb->esc_like( self::DELETED ) . '%' ) ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
		$ids   = array_map( static fn ( string $name ): int => (int) substr( $name, strlen( self::DELETED ) ), $names );
		try {
			foreach ( array_chunk( $ids, self::MOST ) as $orders ) {
				self::call( $orders );
			}
		} catch ( FacturelayError $error ) {
			// The next heartbeat.
			return;
		}
	}

	/** @param int[] $orders of which nothing is kept once Facturelay knows them */
	private static function call( array $orders ): void {
		$connection = Connection::load();
		( new BridgeClient( $connection->bridge_url() ) )->call( $connection, self::ROUTE, array( 'orders' => $orders ), self::TIMEOUT_S );
		foreach ( $orders as $order_id ) {
			delete_option( self::DELETED . $order_id );
		}
	}

	/** @param int $times how often there was no answer before this */
	private function rest( int $times ): void {
		$rest_s = self::RESTS_S[ min( $times, count( self::RESTS_S ) - 1 ) ];
		set_transient( self::RESTS, array( 'times' => $times + 1, 'until' => time() + $rest_s ), 10 * MINUTE_IN_SECONDS );
	}

	/** Whether nobody waits for this request: the page is sent to the visitor, where PHP can do that and go on. */
	private static function end_page(): bool {
		foreach ( array( 'fastcgi_finish_request', 'litespeed_finish_request' ) as $end ) {
			if ( function_exists( $end ) ) {
				if ( PHP_SESSION_ACTIVE === session_status() ) {
					// Its lock would keep the visitor's next page.
					session_write_close();
				}
				$end();
				return true;
			}
		}
		return wp_doing_cron() || 'cli' === PHP_SAPI;
	}
}
