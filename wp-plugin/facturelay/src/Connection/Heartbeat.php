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

defined( 'ABSPATH' ) || exit;

/** Every five minutes: tells Facturelay how the shop fares, and brings back by what mails are held. */
final class Heartbeat implements Feature {

	public const HOOK         = 'facturelay_heartbeat';
	public const GROUP        = 'facturelay';
	private const OPTION      = 'facturelay_heard';
	private const INTERVAL_S     = 300;
	private const RECENT_S     = 600;
	private const RELEASE_INTERVAL_S = 60;

	private string $version;

	public function __construct( string $version ) {
		$this->version = $version;
	}

	public function add_hooks(): void {
		add_action( self::HOOK, array( $this, 'send' ) );
		add_action( 'admin_init', array( $this, 'schedule' ) );
	}

	/** Safe to call again: an update or a cleaned queue may have lost the schedule. */
	public function schedule(): void {
		if ( ! Connection::load()->is_active() || ! function_exists( 'as_has_scheduled_action' ) || ! did_action( 'action_scheduler_init' ) ) {
			return;
		}
		$hooks = array(
			self::HOOK      => self::INTERVAL_S,
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

	public function send(): void {
		$connection = Connection::load();
		if ( ! $connection->is_active() ) {
			return;
		}
		Schema::create_tables();
		$ledger = new HeldMails();
		try {
			( new Connector( $this->version ) )->repair();
			$connection = Connection::load();
			$answer     = ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/heartbeat', $this->report( $connection, $ledger ) );
		} catch ( FacturelayError $failure ) {
			self::update(
				array(
					'tried'    => time(),
					'problem'  => $failure->error_code(),
					'sentence' => $failure->getMessage(),
				)
			);
			return;
		}
		foreach ( (array) ( $answer['mailed'] ?? array() ) as $claim ) {
			// We may have missed being told.
			$ledger->finish_replacing( (string) $claim );
		}
		$ledger->purge();
		$heard = array(
			'at'        => time(),
			'tried'     => time(),
			'holds'     => (array) ( $answer['holds'] ?? array() ),
			'shop'      => (array) ( $answer['shop'] ?? array() ),
			'reachable' => ! empty( $answer['reachable'] ),
			// What could not be mended before we asked.
			'broken'    => array() !== Webhooks::missing_topics( $connection ),
			'problem'   => '',
			'sentence'  => '',
		);
		self::update( $heard );
	}

	/** @return array<string, mixed> */
	public static function last_response(): array {
		$heard = get_option( self::OPTION, array() );
		return is_array( $heard ) ? $heard : array();
	}

	/**
	 * What Facturelay tells of itself between two heartbeats: by which table mails are held, and whether the shop is live.
	 * How fresh we are stays with the heartbeat, which proves that we reach Facturelay too.
	 *
	 * @param array<string, mixed> $told
	 */
	public static function store_bridge_state( array $told ): void {
		if ( isset( $told['holds'], $told['shop'] ) && is_array( $told['holds'] ) && is_array( $told['shop'] ) ) {
			self::update(
				array(
					'holds' => $told['holds'],
					'shop'  => $told['shop'],
				)
			);
		}
	}

	/** Whether Facturelay answered lately: without that nothing is held. */
	public static function is_recent(): bool {
		$heard = self::last_response();
		return isset( $heard['at'] ) && time() - (int) $heard['at'] < self::RECENT_S;
	}

	public static function hold_rules(): HoldRules {
		$holds = self::last_response()['holds'] ?? array();
		return new HoldRules( is_array( $holds ) && isset( $holds['mails'], $holds['since'] ) ? $holds : array( 'mails' => array(), 'since' => 0, 'transfers' => false ) );
	}

	public static function delete_last_response(): void {
		delete_option( self::OPTION );
	}

	/** @param array<string, mixed> $news */
	private static function update( array $news ): void {
		update_option( self::OPTION, $news + self::last_response(), false );
	}

	/** @return array<string, mixed> */
	private function report( Connection $connection, HeldMails $ledger ): array {
		$webhooks = array();
		foreach ( Webhooks::find( $connection ) as $webhook ) {
			$webhooks[] = array(
				'topic'  => $webhook->get_topic(),
				'status' => $webhook->get_status(),
			);
		}
		return array(
			'version'     => $this->version,
			'woocommerce' => defined( 'WC_VERSION' ) ? WC_VERSION : '',
			'wordpress'   => get_bloginfo( 'version' ),
			'php'         => PHP_VERSION,
			'site'        => Connection::home_url(),
			'webhooks'    => $webhooks,
			'key'         => RestKeys::exists( $connection->rest_key_id() ),
			'mails'       => $ledger->summary(),
		);
	}
}
