<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/** A copy of the shop has copies of our webhooks too: its test orders must not become the shop's invoices. */
final class CloneGuard implements Feature {

	public function add_hooks(): void {
		add_filter( 'woocommerce_webhook_should_deliver', array( $this, 'should_deliver' ), 10, 2 );
	}

	/**
	 * @param mixed $should
	 * @param mixed $webhook
	 */
	public function should_deliver( $should, $webhook = null ): bool {
		$connection = Connection::load();
		$is_ours    = is_object( $webhook ) && method_exists( $webhook, 'get_delivery_url' ) && Webhooks::leads_to_bridge( $webhook, $connection );
		return (bool) $should && ! ( $is_ours && $connection->is_clone() );
	}
}
