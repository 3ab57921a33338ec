<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Connector;
use Facturelay\Connection\Heartbeat;
use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/** When the plugin is switched off, every mail it holds leaves first. Orders go on reaching Facturelay. */
final class Deactivation implements Feature {

	private string $file;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function add_hooks(): void {
		register_deactivation_hook( $this->file, array( $this, 'deactivate' ) );
	}

	/** @param mixed $everywhere whether it is switched off in the whole network */
	public function deactivate( $everywhere = false ): void {
		Multisite::for_each_site( (bool) $everywhere, array( $this, 'deactivate_site' ) );
	}

	public function deactivate_site(): void {
		if ( Connection::load()->is_active() && function_exists( 'WC' ) ) {
			if ( is_multisite() && ms_is_switched() ) {
				// WooCommerce made its mails with the settings of the site we come from.
				WC()->mailer()->init();
			}
			Connector::let_everything_go();
		}
		Heartbeat::unschedule();
	}
}
