<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Http\BridgeClient;
use Facturelay\Mails\MailRelease;
use Facturelay\Plugin;

defined( 'ABSPATH' ) || exit;

/**
 * Sends every held mail when the plugin is deactivated, and tells Facturelay, which mails nothing beside them, and whose other mails
 * then wait for no answer of this plugin's. The webhooks stay: Facturelay goes on receiving orders.
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
		register_activation_hook( $this->file, array( $this, 'activate' ) );
	}

	/** @param mixed $network_wide whether it is activated in the whole network: its sites then ask Facturelay one by one, in their own time */
	public function activate( $network_wide = false ): void {
		if ( ! $network_wide && function_exists( 'WC' ) ) {
			( new Heartbeat( Plugin::VERSION ) )->activate();
		}
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
			( new MailRelease() )->release_all( array( $this, 'tell' ) );
			// Once it is active again it holds no mail by an old answer: Facturelay does not ask for it.
			Heartbeat::delete_last_response();
		}
		Heartbeat::unschedule();
	}

	/**
	 * @param array<int, array<string, mixed>> $own_mails as HeldMails::own_mails() has them
	 * @return ?array<int, mixed> the mail groups that Facturelay has mailed or is mailing; null where it does not answer
	 */
	public function tell( array $own_mails ): ?array {
		if ( $this->is_silent ) {
			return null;
		}
		$connection = Connection::load();
		try {
			$answer = ( new BridgeClient( $connection->bridge_url() ) )->call( $connection, '/plugin/off', array( 'own_mails' => $own_mails ), self::TIMEOUT_S );
			return (array) ( $answer['mailing'] ?? array() );
		} catch ( FacturelayError $error ) {
			// It finds out by itself when it asks for the next mail.
			$this->is_silent = true;
			return null;
		}
	}
}
