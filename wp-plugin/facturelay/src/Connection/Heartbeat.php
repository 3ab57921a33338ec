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
	private const EVERY_S     = 300;
	private const FRESH_S     = 600;
	private const RELEASING_S = 60;

	private string $version;

	public function __construct( string $version ) {
		$this->version = $version;
	}

	public function add_hooks(): void {
		add_action( self::HOOK, array( $this, 'beat' ) );
		add_action( 'admin_init', array( $this, 'schedule' ) );
	}

	/** Safe to call again: an update or a cleaned queue may have lost the schedule. */
	public function schedule(): void {
		if ( ! Connection::load()->works() || ! function_exists( 'as_has_scheduled_action' ) || ! did_action( 'action_scheduler_init' ) ) {
			return;
		}
		$hooks = array(
			self::HOOK      => self::EVERY_S,
			MailRelease::HOOK => self::RELEASING_S,
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

	public function beat(): void {
		$connection = Connection::load();
		if ( ! $connection->works() ) {
			return;
		}
		Schema::make();
		$ledger = new HeldMails();
		try {
			( new Connector( $this->version ) )->look_after();
			$connection = Connection::load();
			$answer     = ( new BridgeClient( $connection->bridge() ) )->ask( $connection, '/plugin/heartbeat', $this->said( $connection, $ledger ) );
		} catch ( FacturelayError $failure ) {
			self::note(
				array(
					'tried'    => time(),
					'problem'  => $failure->reason(),
					'sentence' => $failure->getMessage(),
				)
			);
			return;
		}
		foreach ( (array) ( $answer['mailed'] ?? array() ) as $claim ) {
			// We may have missed being told.
			$ledger->replaced( (string) $claim );
		}
		$ledger->purge();
		$heard = array(
			'at'        => time(),
			'tried'     => time(),
			'holds'     => (array) ( $answer['holds'] ?? array() ),
			'shop'      => (array) ( $answer['shop'] ?? array() ),
			'reachable' => ! empty( $answer['reachable'] ),
			// What could not be mended before we asked.
			'broken'    => array() !== Webhooks::missing( $connection ),
			'problem'   => '',
			'sentence'  => '',
		);
		self::note( $heard );
	}

	/** @return array<string, mixed> */
	public static function heard(): array {
		$heard = get_option( self::OPTION, array() );
		return is_array( $heard ) ? $heard : array();
	}

	/**
	 * What Facturelay tells of itself between two heartbeats: by which table mails are held, and whether the shop is live.
	 * How fresh we are stays with the heartbeat, which proves that we reach Facturelay too.
	 *
	 * @param array<string, mixed> $told
	 */
	public static function told( array $told ): void {
		if ( isset( $told['holds'], $told['shop'] ) && is_array( $told['holds'] ) && is_array( $told['shop'] ) ) {
			self::note(
				array(
					'holds' => $told['holds'],
					'shop'  => $told['shop'],
				)
			);
		}
	}

	/** Whether Facturelay answered lately: without that nothing is held. */
	public static function is_fresh(): bool {
		$heard = self::heard();
		return isset( $heard['at'] ) && time() - (int) $heard['at'] < self::FRESH_S;
	}

	public static function table(): HoldRules {
		$holds = self::heard()['holds'] ?? array();
		return new HoldRules( is_array( $holds ) && isset( $holds['mails'], $holds['since'] ) ? $holds : array( 'mails' => array(), 'since' => 0, 'transfers' => false ) );
	}

	public static function forget(): void {
		delete_option( self::OPTION );
	}

	/** @param array<string, mixed> $news */
	private static function note( array $news ): void {
		update_option( self::OPTION, $news + self::heard(), false );
	}

	/** @return array<string, mixed> */
	private function said( Connection $connection, HeldMails $ledger ): array {
		$webhooks = array();
		foreach ( Webhooks::ours( $connection ) as $webhook ) {
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
			'site'        => Connection::home(),
			'webhooks'    => $webhooks,
			'key'         => RestKeys::exists( $connection->key_id() ),
			'mails'       => $ledger->figures(),
		);
	}
}
