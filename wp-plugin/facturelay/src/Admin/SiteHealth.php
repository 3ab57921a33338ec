<?php

declare(strict_types=1);

namespace Facturelay\Admin;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Connector;
use Facturelay\Connection\Heartbeat;
use Facturelay\Connection\RestKeys;
use Facturelay\Connection\ServiceAccount;
use Facturelay\Feature;
use Facturelay\Mails\HeldMails;

defined( 'ABSPATH' ) || exit;

/** A test under Tools > Site Health, and a notice in wp-admin when somebody must act. */
final class SiteHealth implements Feature {

	private const MAX_SILENCE_S = 1800;

	public function add_hooks(): void {
		add_filter( 'site_status_tests', array( $this, 'add_test' ) );
		add_action( 'admin_notices', array( $this, 'show_notice' ) );
	}

	/**
	 * @param mixed $tests
	 * @return array<string, mixed>
	 */
	public function add_test( $tests ): array {
		$tests = (array) $tests;
		if ( Connection::load()->exists() ) {
			$tests['direct']['facturelay'] = array(
				'label' => __( 'Facturelay', 'facturelay' ),
				'test'  => array( $this, 'test' ),
			);
		}
		return $tests;
	}

	/** @return array<string, mixed> */
	public function test(): array {
		$problem = $this->problem();
		$healthy = '' === $problem;
		$held    = ( new HeldMails() )->summary()['held'];
		/* translators: %d: number of mails */
		$waiting = sprintf( _n( '%d mail waits for its document.', '%d mails wait for their documents.', $held, 'facturelay' ), $held );
		return array(
			'label'       => $healthy ? __( 'Your shop is connected to Facturelay', 'facturelay' ) : __( 'The connection with Facturelay needs your attention', 'facturelay' ),
			'status'      => $healthy ? 'good' : 'critical',
			'badge'       => array(
				'label' => __( 'Documents', 'facturelay' ),
				'color' => $healthy ? 'green' : 'red',
			),
			'description' => '<p>' . esc_html( $healthy ? __( 'Documents are made and mailed.', 'facturelay' ) : $problem ) . ' ' . esc_html( $waiting ) . '</p>',
			'actions'     => sprintf( '<a href="%s">%s</a>', esc_url( SettingsTab::url() ), esc_html__( 'Facturelay’s settings', 'facturelay' ) ),
			'test'        => 'facturelay',
		);
	}

	public function show_notice(): void {
		if ( ! current_user_can( 'manage_woocommerce' ) || ! Connection::load()->exists() || SettingsTab::is_shown() ) {
			return;
		}
		$problem = $this->problem();
		if ( '' !== $problem ) {
			printf( '<div class="notice notice-error"><p>%s <a href="%s">%s</a></p></div>', esc_html( $problem ), esc_url( SettingsTab::url() ), esc_html__( 'Facturelay’s settings', 'facturelay' ) );
		}
	}

	/** What somebody must act on; '' when nothing. */
	public function problem(): string {
		$connection = Connection::load();
		if ( $connection->is_clone() ) {
			return __( 'This site is a copy of a shop that is connected to Facturelay, so the plugin does nothing here.', 'facturelay' );
		}
		if ( ! function_exists( 'WC' ) ) {
			return '';
		}
		if ( ! ServiceAccount::may_be_lent_by( $connection->person_id() ) ) {
			return Connector::access_ended( $connection )->getMessage();
		}
		if ( ! RestKeys::exists( $connection->rest_key_id() ) ) {
			return Connector::key_deleted()->getMessage();
		}
		$response  = Heartbeat::last_response();
		$silence_s = static fn ( string $since ): int => time() - (int) ( $response[ $since ] ?? $response['answered_at'] ?? time() );
		if ( $silence_s( 'tried_at' ) > self::MAX_SILENCE_S ) {
			return __( 'Your shop’s scheduled tasks (WP-Cron) have not run for half an hour, so orders and mails wait for visitors. Ask your hosting provider to call wp-cron.php every minute.', 'facturelay' );
		}
		if ( $silence_s( 'answered_at' ) > self::MAX_SILENCE_S ) {
			$why = (string) ( $response['message'] ?? '' );
			return __( 'Facturelay has not answered for half an hour; your shop sends its own mails meanwhile.', 'facturelay' ) . ( '' === $why ? '' : " $why" );
		}
		return ! empty( $response['webhooks_missing'] )
			? __( 'WooCommerce no longer reports new orders to Facturelay at once, and that could not be repaired automatically. Press “Reconnect”.', 'facturelay' )
			: '';
	}
}
