<?php
/** WC() with its mails, as far as Facturelay touches them. A mail notes for which order, and in which language, it was sent. */

declare(strict_types=1);

final class WC_Email {

	/** @var array<int, array{0: string, 1: int, 2: string}> mail, order, language */
	public static array $sent = array();

	public static bool $works = true;

	public string $id;

	/** As in WooCommerce: kept from one mail to the next, whatever becomes of the order. */
	public ?WC_Order $object = null;

	public function __construct( string $id ) {
		$this->id = $id;
	}

	public function is_enabled(): bool {
		return (bool) apply_filters( "woocommerce_email_enabled_{$this->id}", true, $this->object, $this );
	}

	public function trigger( int $order_id, ...$more ): void {
		$this->object = wc_get_order( $order_id ) ?? $this->object;
		if ( null !== $this->object && self::$works && $this->is_enabled() ) {
			self::$sent[] = array( $this->id, $this->object->get_id(), get_locale() );
			do_action( 'woocommerce_email_sent', true, $this->id, $this );
		}
	}
}

/** Whom WooCommerce takes for the visitor; behind a proxy it reads that from headers. */
final class WC_Geolocation {
	public static function get_ip_address(): string {
		return (string) ( $_SERVER['REMOTE_ADDR'] ?? '' );
	}
}

final class WC_Emails {

	/** What a shop that defers its mails does in an event. */
	public static function queue_transactional_email(): void {}
}

final class WooCommerce {

	public ?object $customer = null;

	/** @var object[] those of WC()->payment_gateways() */
	public array $payment_gateways = array();

	/** @var array<string, WC_Email> */
	private array $emails = array();

	public function mailer(): self {
		return $this;
	}

	/** @return array<string, WC_Email> */
	public function get_emails(): array {
		if ( array() === $this->emails ) {
			foreach ( array( 'On_Hold', 'Processing', 'Completed', 'Refunded' ) as $name ) {
				$this->emails[ "WC_Email_Customer_{$name}_Order" ] = new WC_Email( 'customer_' . strtolower( $name ) . '_order' );
			}
		}
		return $this->emails;
	}

	public function payment_gateways(): self {
		return $this;
	}

	public function shipping(): self {
		return $this;
	}
}

function WC(): WooCommerce {
	static $shop = null;
	$shop        = $shop ?? new WooCommerce();
	return $shop;
}

/** @param mixed $order */
function wc_get_order( $order ): ?WC_Order {
	return $order instanceof WC_Order ? $order : WC_Order::$stored[ (int) $order ] ?? null;
}

/**
 * @param array<string, mixed> $wanted
 * @return WC_Order[]
 */
function wc_get_orders( array $wanted ): array {
	if ( isset( $wanted['post__in'] ) ) {
		return array_values( array_intersect_key( WC_Order::$stored, array_flip( $wanted['post__in'] ) ) );
	}
	$found = array_filter( WC_Order::$stored, static fn ( WC_Order $order ): bool => $order->get_billing_email() === $wanted['billing_email'] );
	return array_slice( array_values( $found ), ( $wanted['page'] - 1 ) * $wanted['limit'], $wanted['limit'] );
}

/** @return array<string, string> with `wc-`, as WooCommerce and plugins that add their own tell them */
function wc_get_order_statuses(): array {
	return (array) apply_filters( 'wc_order_statuses', array( 'wc-completed' => 'Afgerond' ) );
}

/**
 * @param mixed      $number
 * @param int|string $dp
 */
function wc_format_decimal( $number, $dp = false ): string {
	return number_format( (float) $number, (int) $dp, '.', '' );
}

/** @param array<string, string> $options */
function wc_price( float $amount, array $options = array() ): string {
	return '<span>' . ( $options['currency'] ?? 'EUR' ) . ' ' . number_format( $amount, 2 ) . '</span>';
}
