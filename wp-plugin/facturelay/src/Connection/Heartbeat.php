<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeClient;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;
use Facturelay\Mails\HoldRules;
use Facturelay\Mails\MailRelease;
use Facturelay\Mails\MailTable;
use Facturelay\Others\OtherInvoices;

defined( 'ABSPATH' ) || exit;

/**
 * Every five minutes: reports versions, webhooks, key and held mails to Facturelay, and stores its response in one option:
 * answered_at, tried_at (Unix times), holds (the rules for holding mails), shop (name, test, suspended), update (see Updates),
 * order_links (url, key), reachable (whether Facturelay reaches this plugin), webhooks_missing, error_code and message ('' while
 * all is well).
 */
final class Heartbeat implements Feature {

	public const HOOK                = 'facturelay_heartbeat';
	public const GROUP               = 'facturelay';
	private const OPTION             = 'facturelay_heard';
	private const INTERVAL_S         = 300;
	private const RECENT_S           = 600;
	private const TIMEOUT_S          = 15;
	private const FRESH_S            = 60;
	private const REFRESH_TIMEOUT_S  = 3;
	private const RELEASE_INTERVAL_S = 60;

	private string $version;

	public function __construct( string $version ) {
		$this->version = $version;
	}

	public function add_hooks(): void {
		add_action( self::HOOK, array( $this, 'send' ), 10, 0 );
		add_action( 'admin_init', array( $this, 'schedule' ) );
	}

	/** Schedule heartbeat and release of mails. May be called again: an update or a cleaned queue may have lost the schedule. */
	public function schedule(): void {
		if ( ! Connection::load()->is_active() || ! function_exists( 'as_has_scheduled_action' ) || ! did_action( 'action_scheduler_init' ) ) {
			return;
		}
		$hooks = array(
			self::HOOK        => self::INTERVAL_S,
			MailRelease::HOOK => self::RELEASE_INTERVAL_S,
		);
		foreach ( $hooks as $hook => $every_s ) {
			if ( ! as_has_scheduled_action( $hook, array(), self::GROUP ) ) {
				as_schedule_recurring_action( time(), $every_s, $hook, array(), self::GROUP );
			}
		}
	}

	public static function unschedule(): void {
		if ( function_exists( 'as_unschedule_all_actions' ) ) {
			as_unschedule_all_actions( '', array(), self::GROUP );
		}
	}

	/** When the plugin is switched on: a shop that was connected before holds mails again in seconds. */
	public function activate(): void {
		$this->schedule();
		$this->send( self::REFRESH_TIMEOUT_S );
	}

	/** For a page that says how things are: ask now where the last answer is older than a minute. Whoever opened it waits for seconds at most. */
	public function refresh(): void {
		if ( time() - (int) ( self::last_response()['tried_at'] ?? 0 ) >= self::FRESH_S ) {
			$this->send( self::REFRESH_TIMEOUT_S );
		}
	}

	/** @param int $timeout_s for the answer; 0 for as long as it may take in the background */
	public function send( $timeout_s = 0 ): void {
		$connection = Connection::load()->with_hash();
		if ( ! $connection->is_active() ) {
			return;
		}
		Schema::create_tables();
		try {
			( new Connector( $this->version ) )->repair();
			$connection = Connection::load();
			$response   = ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/heartbeat', $this->report( $connection ), (int) $timeout_s > 0 ? (int) $timeout_s : self::TIMEOUT_S );
			if ( ! empty( $response['key_differs'] ) ) {
				// The answer to a renewal was lost, or the shop moved and Facturelay gave its key up.
				$connection = ( new Connector( $this->version ) )->renew();
			}
		} catch ( FacturelayError $error ) {
			self::update(
				array(
					'tried_at'   => time(),
					'error_code' => $error->error_code(),
					'message'    => $error->getMessage(),
				)
			);
			return;
		}
		( new HeldMails() )->finish_all_replacing( (array) ( $response['mailed'] ?? array() ) );
		MailTable::purge();
		self::update(
			array(
				'answered_at'      => time(),
				'tried_at'         => time(),
				'hold_rules'            => (array) ( $response['hold_rules'] ?? array() ),
				'shop'             => (array) ( $response['shop'] ?? array() ),
				'update'           => (array) ( $response['update'] ?? array() ),
				'order_links'      => (array) ( $response['order_links'] ?? array() ),
				'reachable'        => ! empty( $response['reachable'] ),
				// Still missing after repair().
				'webhooks_missing' => array() !== Webhooks::missing_topics( $connection ),
				'error_code'       => '',
				'message'          => '',
			)
		);
	}

	/** @return array<string, mixed> the stored option; empty before the first heartbeat */
	public static function last_response(): array {
		$response = get_option( self::OPTION, array() );
		return is_array( $response ) ? $response : array();
	}

	/**
	 * Store what Facturelay sends between two heartbeats: the rules for holding mails, the shop's state and what links are made of.
	 * answered_at stays as it is: only a heartbeat proves that this shop reaches Facturelay.
	 *
	 * @param array<string, mixed> $state holds, shop; ignored when one of them is missing
	 */
	public static function store_bridge_state( array $state ): void {
		if ( isset( $state['hold_rules'], $state['shop'] ) && is_array( $state['hold_rules'] ) && is_array( $state['shop'] ) ) {
			self::update(
				array(
					'hold_rules' => $state['hold_rules'],
					'shop'  => $state['shop'],
				) + ( is_array( $state['order_links'] ?? null ) ? array( 'order_links' => $state['order_links'] ) : array() )
			);
		}
	}

	/** Whether Facturelay answered in the last ten minutes; without that no mail is held. */
	public static function has_recent_response(): bool {
		$response = self::last_response();
		return isset( $response['answered_at'] ) && time() - (int) $response['answered_at'] < self::RECENT_S;
	}

	/**
	 * Whether this site, which has another address than the connected shop, may be that shop, moved a moment ago: Facturelay answered it in
	 * the last day. Until somebody says so its own mails leave as if Facturelay were silent, with a link to the document, and it mails no
	 * second one when it hears of those orders. A copy that is there for longer does nothing.
	 */
	public static function may_have_moved(): bool {
		return Connection::load()->is_clone() && time() - (int) ( self::last_response()['answered_at'] ?? 0 ) < DAY_IN_SECONDS;
	}

	/** The rules as last received; rules that hold nothing before that. */
	public static function hold_rules(): HoldRules {
		$holds = self::last_response()['hold_rules'] ?? array();
		return new HoldRules( is_array( $holds ) && isset( $holds['mails'], $holds['since'] ) ? $holds : array( 'mails' => array(), 'since' => 0, 'transfers' => false ) );
	}

	/** @return array{url: string, key: string} what OrderLink makes addresses of; empty texts before Facturelay told */
	public static function order_links(): array {
		$links = (array) ( self::last_response()['order_links'] ?? array() );
		return array(
			'url' => (string) ( $links['url'] ?? '' ),
			'key' => (string) ( $links['key'] ?? '' ),
		);
	}

	public static function delete_last_response(): void {
		delete_option( self::OPTION );
	}

	/** @param array<string, mixed> $changes */
	private static function update( array $changes ): void {
		update_option( self::OPTION, $changes + self::last_response(), false );
	}

	/** @return array<string, mixed> the body of a heartbeat */
	private function report( Connection $connection ): array {
		$webhooks = array();
		foreach ( Webhooks::find( $connection ) as $webhook ) {
			$webhooks[] = array(
				'topic'  => $webhook->get_topic(),
				'status' => $webhook->get_status(),
			);
		}
		return array(
			'version'        => $this->version,
			'woocommerce'    => defined( 'WC_VERSION' ) ? WC_VERSION : '',
			'wordpress'      => get_bloginfo( 'version' ),
			'php'            => PHP_VERSION,
			'webhooks'       => $webhooks,
			'key'            => RestKeys::hash( $connection->rest_key_id() ),
			'mails'          => ( new HeldMails() )->summary(),
			'others'         => OtherInvoices::report(),
			'order_statuses' => ShopFacts::order_statuses(),
			// WordPress may lie elsewhere than the shop's address.
			'admin'          => admin_url(),
		);
	}
}
