<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/** Stops the webhooks that a copy of the shop has copied as well: test orders of a copy must not become invoices. */
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
		$to_bridge  = is_object( $webhook ) && method_exists( $webhook, 'get_delivery_url' ) && Webhooks::leads_to_bridge( $webhook, $connection );
		return (bool) $should && ! ( $to_bridge && $connection->is_clone() );
	}
}
