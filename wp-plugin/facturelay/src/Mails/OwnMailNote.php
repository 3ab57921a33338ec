<?php

declare(strict_types=1);

namespace Facturelay\Mails;

use WC_Order;

defined( 'ABSPATH' ) || exit;

/**
 * Notes at orders that the shop's own mail left in the place of their documents, where Facturelay did not answer when the plugin went:
 * it reads that when it is back, and mails none beside it.
 */
final class OwnMailNote {

	// Facturelay reads it (worker/woocommerce/own_mail_note.py).
	public const META = '_facturelay_own_mails';

	/** @param array<int, array<string, mixed>> $own_mails as HeldMails::own_mails() has them */
	public static function write( array $own_mails ): void {
		$of_order = array();
		foreach ( $own_mails as $mail ) {
			$of_order[ (int) $mail['order'] ][] = array(
				'refund' => $mail['refund'],
				'kinds'  => $mail['kinds'],
				'at'     => time(),
			);
		}
		foreach ( $of_order as $order_id => $mails ) {
			$order = wc_get_order( $order_id );
			if ( $order instanceof WC_Order ) {
				$order->update_meta_data( self::META, (string) wp_json_encode( $mails ) );
				$order->save_meta_data();
			}
		}
	}
}
