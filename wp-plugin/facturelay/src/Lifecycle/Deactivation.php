<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeClient;
use Facturelay\Mails\MailRelease;

defined( 'ABSPATH' ) || exit;

/**
 * Sends every held mail when the plugin is deactivated, and tells Facturelay, whose own mails then wait for no answer of this
 * plugin's. The webhooks stay: Facturelay goes on receiving orders.
 */
final class Deactivation implements Feature {

	private const TIMEOUT_S = 3;

	private string $file;

	// Of a network's sites the rest is not told either: whoever deactivates waits for them.
	private bool $is_silent = false;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function add_hooks(): void {
		register_deactivation_hook( $this->file, array( $this, 'deactivate' ) );
	}

	/** @param mixed $network_wide whether it is deactivated in the whole network */
	public function deactivate( $network_wide = false ): void {
		Multisite::for_each_site( (bool) $network_wide, array( $this, 'deactivate_site' ) );
	}

	public function deactivate_site(): void {
		if ( Connection::load()->is_active() && function_exists( 'WC' ) ) {
			if ( is_multisite() && ms_is_switched() ) {
				// WooCommerce has made its mail objects with the settings of the site before.
				WC()->mailer()->init();
			}
			( new MailRelease() )->release_all();
			$this->tell();
			// Once it is active again it holds no mail by an old answer: Facturelay does not ask for it.
			Heartbeat::delete_last_response();
		}
		Heartbeat::unschedule();
	}

	private function tell(): void {
		if ( $this->is_silent ) {
			return;
		}
		$connection = Connection::load();
		try {
			( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/off', array(), self::TIMEOUT_S );
		} catch ( FacturelayError $error ) {
			// It finds out by itself when it asks for the next mail.
			$this->is_silent = true;
		}
	}
}
