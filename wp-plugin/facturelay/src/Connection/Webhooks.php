<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use WC_Data_Store;
use WC_Webhook;

defined( 'ABSPATH' ) || exit;

/**
 * The webhooks that deliver orders to Facturelay. The plugin makes them when it connects; Facturelay may replace a broken
 * one by REST. They are recognised by the path of their address, which ends in the shop's id; nobody can guess that.
 */
final class Webhooks {

	public const TOPICS = array( 'order.created', 'order.updated', 'order.deleted', 'order.restored' );

	/** @return WC_Webhook[] */
	public static function find( Connection $connection ): array {
		if ( '' === $connection->shop_id() || ! class_exists( WC_Webhook::class ) ) {
			return array();
		}
		$found = array();
		foreach ( WC_Data_Store::load( 'webhook' )->get_webhooks_ids() as $id ) {
			$webhook = wc_get_webhook( (int) $id );
			if ( $webhook && self::leads_to_bridge( $webhook, $connection ) ) {
				$found[] = $webhook;
			}
		}
		return $found;
	}

	/** @param object $webhook */
	public static function leads_to_bridge( $webhook, Connection $connection ): bool {
		return self::is_bridge_url( (string) $webhook->get_delivery_url(), $connection );
	}

	public static function is_bridge_url( string $url, Connection $connection ): bool {
		$path     = (string) wp_parse_url( $url, PHP_URL_PATH );
		$path_end = '/webhooks/' . $connection->shop_id();
		return '' !== $connection->shop_id() && substr( untrailingslashit( $path ), -strlen( $path_end ) ) === $path_end;
	}

	/** @return string[] topics without an active webhook */
	public static function missing_topics( Connection $connection ): array {
		$active = array();
		foreach ( self::find( $connection ) as $webhook ) {
			if ( 'active' === $webhook->get_status() ) {
				$active[] = $webhook->get_topic();
			}
		}
		return array_values( array_diff( self::TOPICS, $active ) );
	}

	/** One webhook for each topic; $owner_id: the user for whom they act. */
	public static function create( string $url, string $secret, int $owner_id ): void {
		foreach ( self::TOPICS as $topic ) {
			$webhook = new WC_Webhook();
			$webhook->set_name( "Facturelay: $topic" );
			$webhook->set_user_id( $owner_id );
			$webhook->set_topic( $topic );
			$webhook->set_delivery_url( $url );
			$webhook->set_secret( $secret );
			$webhook->set_api_version( 'wp_api_v3' );
			$webhook->set_status( 'active' );
			$webhook->save();
			// After the first save, where it has an effect: otherwise WooCommerce pings after each delivery.
			$webhook->set_pending_delivery( false );
			$webhook->save();
		}
	}

	/** Leave one active webhook for each topic: Facturelay may have replaced one in the same minute as the plugin. */
	public static function delete_duplicates( Connection $connection ): void {
		$seen = array();
		foreach ( self::find( $connection ) as $webhook ) {
			if ( 'active' !== $webhook->get_status() ) {
				continue;
			}
			if ( isset( $seen[ $webhook->get_topic() ] ) ) {
				$webhook->delete( true );
			}
			$seen[ $webhook->get_topic() ] = true;
		}
	}

	public static function delete( Connection $connection ): void {
		foreach ( self::find( $connection ) as $webhook ) {
			$webhook->delete( true );
		}
	}
}
