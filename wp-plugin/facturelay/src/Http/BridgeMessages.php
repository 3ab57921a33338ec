<?php

declare(strict_types=1);

namespace Facturelay\Http;

defined( 'ABSPATH' ) || exit;

/** The codes in Facturelay's responses, as messages in the owner's language. */
final class BridgeMessages {

	/** @param string $fallback Facturelay's own message, for codes that are not known here */
	public static function for_code( string $code, string $fallback ): string {
		switch ( $code ) {
			case 'code_wrong':
				return __( 'Facturelay does not know this code. Copy it again, or have a new one made.', 'facturelay' );
			case 'code_used':
				return __( 'This code has been used or is too old. Have a new one made.', 'facturelay' );
			case 'clock_off':
				return __( 'The clocks of the shop and of Facturelay differ by more than five minutes. Ask your hosting provider to set the shop\'s clock.', 'facturelay' );
			case 'site_other':
				return __( 'This code was made for another shop. Have one made for the address of this shop.', 'facturelay' );
			case 'shop_url_http':
				return __( 'Your shop has no https, and Facturelay connects over https only. Switch it on (Settings > General: both addresses begin with https) and connect again.', 'facturelay' );
			case 'rest_key_refused':
				return __( 'Your shop does not let Facturelay read its orders. A firewall or security plugin may be blocking it; allow /wp-json/wc/ there and try again.', 'facturelay' );
			case 'rest_not_found':
				return __( 'Facturelay does not find the orders of your shop. Check that Settings > Permalinks is not on "Plain".', 'facturelay' );
			case 'shop_redirects':
				return __( 'Your shop sends Facturelay on to another address. Check both addresses under Settings > General.', 'facturelay' );
			case 'private_address':
				return __( 'Your shop is inside a private network, where Facturelay does not call. Whoever runs Facturelay can allow it.', 'facturelay' );
			case 'shop_unreachable':
				return __( 'Facturelay cannot reach your shop. A firewall may be blocking it.', 'facturelay' );
			case 'plugin_silent':
				return __( 'Facturelay works, but cannot reach this plugin: a firewall or security plugin closes its address. Your shop keeps sending its own mails until that is open.', 'facturelay' );
			case 'not_connected':
				return __( 'Facturelay no longer knows this shop. Connect it again with a new code.', 'facturelay' );
			case 'sent':
				return __( 'The mail is on its way to the customer.', 'facturelay' );
			case 'issued':
				return __( 'The document was issued.', 'facturelay' );
			case 'tried_again':
				return __( 'What failed is tried again.', 'facturelay' );
			case 'nothing_failed':
				return __( 'Nothing of this order waits to be tried again.', 'facturelay' );
			case 'mail_under_way':
				return __( 'The document is being mailed at this moment.', 'facturelay' );
			case 'draft_unknown':
				return __( 'This draft was issued or discarded meanwhile.', 'facturelay' );
			case 'too_many_files':
				return __( 'Choose fewer orders: at most 200 documents can be downloaded at once.', 'facturelay' );
			case 'fired':
				return __( 'Your rule applies to this order, so it is made.', 'facturelay' );
			case 'already_made':
				return __( 'It is there already.', 'facturelay' );
			case 'draft_waits':
				return __( 'A draft waits for you.', 'facturelay' );
			case 'discarded':
				return __( 'Its draft was discarded.', 'facturelay' );
			case 'draft_order':
				return __( 'The order has not been placed yet.', 'facturelay' );
			case 'trashed':
				return __( 'The order is in the trash.', 'facturelay' );
			case 'before_orders_since':
				return __( 'The order was placed before this shop began with Facturelay.', 'facturelay' );
			case 'never_paid':
				return __( 'The order ended without having been paid.', 'facturelay' );
			case 'order_over':
				return __( 'The order is over; only its invoice is still made.', 'facturelay' );
			case 'not_created':
				return __( 'The order waits for its payment.', 'facturelay' );
			case 'not_paid':
				return __( 'The order is not paid yet.', 'facturelay' );
			case 'not_processing':
				return __( 'The order is not being processed yet.', 'facturelay' );
			case 'not_completed':
				return __( 'The order is not completed yet.', 'facturelay' );
			case 'condition_buyer':
			case 'condition_payment_method':
			case 'condition_country':
			case 'condition_minimum_total':
				return __( 'Your rule is for other orders: another kind of buyer, payment method, country or amount.', 'facturelay' );
			case 'no_refund':
				return __( 'Nothing was refunded or cancelled.', 'facturelay' );
			case 'no_invoice':
				return __( 'No invoice was issued, so there is nothing to credit.', 'facturelay' );
			default:
				return $fallback;
		}
	}
}
