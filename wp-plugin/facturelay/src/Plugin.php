<?php

declare(strict_types=1);

namespace Facturelay;

defined( 'ABSPATH' ) || exit;

/** The table of contents: one line for each thing the plugin does. */
final class Plugin {

	public const VERSION = '0.1.0';

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
			new Translations( $this->file ),
			new Going( $this->file ),
			new Schema(),
			new PrivateAddress(),
			new CopyGuard(),
			new Settings( self::VERSION ),
			new Heartbeat( self::VERSION ),
			new Route(),
			new Holds\Holding(),
			new Holds\Releasing(),
			new Links(),
			new LinkPage(),
			new OrderScreen(),
			new OrderActions(),
			new BulkDownload(),
			new MailList(),
			new VatField(),
			new Health(),
			new Privacy(),
		);
	}
}
