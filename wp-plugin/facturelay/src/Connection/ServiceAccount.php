<?php

declare(strict_types=1);

namespace Facturelay\Connection;

use Facturelay\FacturelayError;
use WP_User;

defined( 'ABSPATH' ) || exit;

// A message is escaped where it is shown, once (FlashNotice).
// phpcs:disable WordPress.Security.EscapeOutput.ExceptionNotEscaped

/**
 * The user for whom the REST key and the webhooks act: one of the plugin's own, with no more rights than they need, so that
 * whoever gets hold of the key can read orders and nothing else. Nobody signs in as it: it has no address and no known password.
 */
final class ServiceAccount {

	// A role, not single rights: shop managers may edit users without a role.
	public const ROLE = 'facturelay';

	// WooCommerce asks for the second to write an order note; KeyLimits closes what else it would allow.
	private const RIGHTS = array( 'read_private_shop_orders', 'publish_shop_orders', 'read_private_products' );
	// In the user's meta: a customer may have chosen any name, but cannot write this.
	private const MARK = 'facturelay_account';

	/**
	 * The account of this site, made where it is missing.
	 *
	 * @throws FacturelayError
	 */
	public static function create(): int {
		$id = self::find();
		if ( 0 === $id ) {
			$id = wp_insert_user(
				array(
					'user_login'   => username_exists( 'facturelay' ) ? 'facturelay-' . bin2hex( random_bytes( 4 ) ) : 'facturelay',
					'user_pass'    => wp_generate_password( 64, true, true ),
					'display_name' => 'Facturelay',
				)
			);
			if ( is_wp_error( $id ) ) {
				/* translators: %s: what WordPress says went wrong */
				throw new FacturelayError( 'account_not_made', sprintf( __( 'WordPress could not make the user for whom Facturelay reads your orders: %s', 'facturelay' ), $id->get_error_message() ) );
			}
			update_user_meta( $id, self::MARK, '1' );
		}
		// Anew each time: what another version or plugin gave the role goes.
		remove_role( self::ROLE );
		add_role( self::ROLE, 'Facturelay', array_fill_keys( self::RIGHTS, true ) );
		( new WP_User( $id ) )->set_role( self::ROLE );
		return (int) $id;
	}

	/** The user's id; 0 where there is none. In a network of sites one user serves all of them, with its role in each. */
	public static function find(): int {
		$found = get_users(
			array(
				'meta_key'   => self::MARK, // phpcs:ignore WordPress.DB.SlowDBQuery
				'meta_value' => '1', // phpcs:ignore WordPress.DB.SlowDBQuery
				'blog_id'    => 0,
				'number'     => 1,
				'fields'     => 'ID',
			)
		);
		return (int) ( $found[0] ?? 0 );
	}

	public static function is( int $user_id ): bool {
		return $user_id > 0 && '1' === get_user_meta( $user_id, self::MARK, true );
	}

	/** Whether this person may give Facturelay access: who manages the shop, and has each right that the key will have. */
	public static function may_be_lent_by( int $person_id ): bool {
		foreach ( array( 'manage_woocommerce', ...self::RIGHTS ) as $right ) {
			if ( 0 === $person_id || ! user_can( $person_id, $right ) ) {
				return false;
			}
		}
		return true;
	}

	/** In a network of sites the user stays for the other ones, without a role here. */
	public static function delete(): void {
		$id = self::find();
		if ( $id > 0 ) {
			require_once ABSPATH . 'wp-admin/includes/user.php';
			// 0: whatever it may have written is kept, as nobody's.
			wp_delete_user( $id, 0 );
		}
		remove_role( self::ROLE );
	}
}
