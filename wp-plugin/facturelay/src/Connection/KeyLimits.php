<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\Feature;
use WP_Error;
use WP_REST_Request;
use WP_User;

defined( 'ABSPATH' ) || exit;

/**
 * What Facturelay's REST key opens, route by route: orders, products and the plugin's own webhooks. Everything else of REST is
 * closed to it, also where another plugin asks for fewer rights than the key has, and so is all of the API from before REST.
 */
final class KeyLimits implements Feature {

	private const READABLE = '#^/wc/v[23]/(orders|products)(/\d+(/(refunds|notes|variations)(/\d+)?)?)?$#';
	private const NOTES    = '#^/wc/v[23]/orders/\d+/notes$#';
	private const WEBHOOKS = '#^/wc/v[23]/webhooks(?:/(\d+))?$#';

	public function add_hooks(): void {
		// After WooCommerce has found out whose key it is.
		add_filter( 'rest_pre_dispatch', array( $this, 'limit' ), 20, 3 );
		add_filter( 'woocommerce_rest_check_permissions', array( $this, 'allow_webhooks' ), 10, 4 );
		add_filter( 'woocommerce_rest_webhook_query', array( $this, 'own_webhooks' ) );
		add_filter( 'woocommerce_api_check_authentication', array( $this, 'close_legacy_api' ), PHP_INT_MAX );
	}

	/**
	 * @param mixed           $result
	 * @param mixed           $server
	 * @param WP_REST_Request $request
	 * @return mixed
	 */
	public function limit( $result, $server, $request ) {
		if ( ! ServiceAccount::is( get_current_user_id() ) || is_wp_error( $result ) ) {
			return $result;
		}
		// At once, not at the next heartbeat: whoever was let go may know the key.
		$is_lent = ServiceAccount::may_be_lent_by( Connection::load()->person_id() );
		return $is_lent && $this->is_open( $request )
			? $result
			// A response, as the content of a webhook is asked for inside of WordPress, where an error object is not understood.
			: rest_convert_error_to_response( new WP_Error( 'woocommerce_rest_cannot_view', 'This key is for Facturelay: it reads orders and products, and writes order notes.', array( 'status' => 403 ) ) );
	}

	/**
	 * WooCommerce lets only those who may change every setting of the shop see a webhook; limit() has let none but our own through.
	 *
	 * @param mixed $permission
	 * @param mixed $context
	 * @param mixed $object_id
	 * @param mixed $kind
	 */
	public function allow_webhooks( $permission, $context = '', $object_id = 0, $kind = '' ): bool {
		return (bool) $permission || ( 'webhooks' === $kind && ServiceAccount::is( get_current_user_id() ) );
	}

	/**
	 * The addresses of other webhooks may hold secrets of their own.
	 *
	 * @param mixed $query
	 * @return mixed
	 */
	public function own_webhooks( $query ) {
		if ( is_array( $query ) && ServiceAccount::is( get_current_user_id() ) ) {
			$ids              = array_map( static fn ( $webhook ): int => (int) $webhook->get_id(), Webhooks::find( Connection::load() ) );
			$query['include'] = implode( ',', $ids ?: array( 0 ) );
		}
		return $query;
	}

	/**
	 * WooCommerce's API from before there was REST, which some shops still have: it takes the same keys, and no route of it passes limit().
	 *
	 * @param mixed $user whose key it is
	 * @return mixed
	 */
	public function close_legacy_api( $user ) {
		return $user instanceof WP_User && ServiceAccount::is( $user->ID )
			? new WP_Error( 'woocommerce_api_authentication_error', 'This key is for Facturelay: it reads orders and products by REST.', array( 'status' => 403 ) )
			: $user;
	}

	private function is_open( WP_REST_Request $request ): bool {
		$route  = untrailingslashit( $request->get_route() );
		$method = $request->get_method();
		if ( 1 === preg_match( self::WEBHOOKS, $route, $found ) ) {
			return $this->is_own_webhook( $method, (int) ( $found[1] ?? 0 ), $request );
		}
		return ( 'GET' === $method && 1 === preg_match( self::READABLE, $route ) ) || ( 'POST' === $method && 1 === preg_match( self::NOTES, $route ) );
	}

	private function is_own_webhook( string $method, int $id, WP_REST_Request $request ): bool {
		$connection = Connection::load();
		if ( $id > 0 ) {
			$webhook = wc_get_webhook( $id );
			return in_array( $method, array( 'GET', 'DELETE' ), true ) && $webhook && Webhooks::leads_to_bridge( $webhook, $connection );
		}
		$is_ours = in_array( $request['topic'], Webhooks::TOPICS, true ) && Webhooks::is_bridge_url( (string) $request['delivery_url'], $connection );
		return 'GET' === $method || ( 'POST' === $method && $is_ours );
	}
}
