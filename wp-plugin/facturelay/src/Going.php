<?php

declare(strict_types=1);

namespace Facturelay;

defined( 'ABSPATH' ) || exit;

/** When the plugin is switched off, every mail it holds leaves first. Orders go on reaching Facturelay. */
final class Going implements Feature {

	private string $file;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function add_hooks(): void {
		register_deactivation_hook( $this->file, array( $this, 'leave' ) );
	}

	public function leave(): void {
		if ( Connection::load()->works() && function_exists( 'WC' ) ) {
			Connecting::let_everything_go();
		}
		Heartbeat::unschedule();
	}
}
