<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Feature;
use Facturelay\Mails\MailRelease;

defined( 'ABSPATH' ) || exit;

/** Sends every held mail when the plugin is deactivated. The webhooks stay: Facturelay goes on receiving orders. */
final class Deactivation implements Feature {

	private string $file;

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
		}
		Heartbeat::unschedule();
	}
}
