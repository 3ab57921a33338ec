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
		$vat_number_field = new Checkout\VatNumberField();
		return array(
			new Lifecycle\Compatibility( $this->file ),
			new Lifecycle\Translations( $this->file ),
			new Lifecycle\Deactivation( $this->file ),
			new Lifecycle\Schema(),
			new Lifecycle\Updates( $this->file ),
			new Connection\PrivateAddress(),
			new Connection\CloneGuard(),
			new Connection\KeyLimits(),
			new Connection\Heartbeat( self::VERSION ),
			new Http\RestRoutes(),
			new Mails\MailHold(),
			new Mails\MailRelease(),
			new Mails\MailListColumn(),
			new Documents\CustomerLinks(),
			new Documents\LinkRedirect(),
			new Orders\ChangedOrders(),
			new Orders\OrderList(),
			new Orders\WithoutDocument(),
			new Orders\TransferReference(),
			new Orders\OrderLanguage(),
			new Orders\OrderScreen(),
			new Orders\DocumentActions(),
			new Orders\BulkSend(),
			new Orders\BulkDownload(),
			$vat_number_field,
			new Checkout\VatNumberCheck( $vat_number_field, $this->file ),
			new Admin\SettingsTab( self::VERSION ),
			new Admin\FirstSteps( $this->file ),
			new Others\OtherInvoices(),
			new Admin\SiteHealth(),
			new Admin\PersonalData(),
		);
	}
}
