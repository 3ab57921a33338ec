<?php

declare(strict_types=1);

namespace Facturelay;

defined( 'ABSPATH' ) || exit;

/** The table of contents: one line for each thing the plugin does. */
final class Plugin {

	private string $file;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function add_hooks(): void {
		foreach ( $this->features() as $feature ) {
			$feature->add_hooks();
		}
	}

	/** @return Feature[] */
	private function features(): array {
		return array(
			new Compatibility( $this->file ),
		);
	}
}
