<?php

declare(strict_types=1);

/** An order with what the plugin reads of one; a test gives what differs. */
class WC_Order {

	/** @var array<int, self> what wc_get_order() finds */
	public static array $stored = array();

	/** @var array<string, mixed> */
	private array $data;

	/** @var array<string, string> */
	private array $meta = array();

	/** @param array<string, mixed> $data */
	public function __construct( array $data = array() ) {
		$this->data = $data + array(
			'id'        => 238,
			'status'    => 'processing',
			'paid'      => true,
			'method'    => 'bacs',
			'company'   => '',
			'downloads' => false,
			'customer'  => 0,
			'email'     => 'jan@klant.test',
			'created'   => 'now',
			'total'     => '22.20',
			'shipped'   => true,
			'saved'     => 0,
		);
	}

	public function get_order_key(): string {
		return 'wc_order_' . $this->data['id'];
	}

	public function get_edit_order_url(): string {
		return admin_url( 'admin.php?page=wc-orders&action=edit&id=' . $this->data['id'] );
	}

	public function key_is_valid( string $key ): bool {
		return hash_equals( $this->get_order_key(), $key );
	}

	public function get_customer_id(): int {
		return $this->data['customer'];
	}

	public function get_billing_email(): string {
		return $this->data['email'];
	}

	public function get_order_number(): string {
		return (string) $this->data['id'];
	}

	/** @param string|string[] $status */
	public function has_status( $status ): bool {
		return in_array( $this->data['status'], (array) $status, true );
	}

	public function get_id(): int {
		return $this->data['id'];
	}

	public function get_status(): string {
		return $this->data['status'];
	}

	public function get_date_paid(): ?DateTime {
		return $this->data['paid'] ? new DateTime() : null;
	}

	public function set_date_paid( int $at ): void {
		$this->data['paid'] = true;
	}

	public function get_transaction_id(): string {
		return $this->data['transaction'] ?? '';
	}

	public function set_transaction_id( string $id ): void {
		$this->data['transaction'] = $id;
	}

	public function get_currency(): string {
		return 'EUR';
	}

	public function needs_processing(): bool {
		return $this->data['shipped'];
	}

	public function save(): int {
		++$this->data['saved'];
		return $this->data['id'];
	}

	public function payment_complete( string $transaction_id = '' ): bool {
		if ( $this->has_status( array( 'on-hold', 'pending', 'failed', 'cancelled' ) ) ) {
			$this->set_transaction_id( $transaction_id ?: $this->get_transaction_id() );
			$this->set_date_paid( time() );
			$this->update_status( $this->needs_processing() ? 'processing' : 'completed' );
		}
		return true;
	}

	/** As WooCommerce: the payment is dated with the status that says it, and one event follows, in which the mails leave. */
	public function update_status( string $status ): bool {
		$before               = $this->data['status'];
		$this->data['status'] = $status;
		$waits                = 'cod' === $this->data['method'] || ! $this->needs_processing();
		$this->data['paid']   = $this->data['paid'] || 'completed' === $status || ( 'processing' === $status && ! $waits );
		$this->save();
		do_action( "woocommerce_order_status_{$before}_to_{$status}", $this->data['id'], $this );
		return true;
	}

	public function get_date_created(): DateTime {
		return new DateTime( $this->data['created'] );
	}

	public function get_payment_method(): string {
		return $this->data['method'];
	}

	public function get_billing_country(): string {
		return $this->data['country'] ?? 'BE';
	}

	public function get_billing_company(): string {
		return $this->data['company'];
	}

	public function get_meta( string $key ): string {
		return $this->meta[ $key ] ?? '';
	}

	public function save_meta_data(): void {}

	public function update_meta_data( string $key, string $value ): void {
		$this->meta[ $key ] = $value;
	}

	public function get_total(): string {
		return $this->data['total'];
	}

	public function has_downloadable_item(): bool {
		if ( 'broken' === $this->data['downloads'] ) {
			throw new RuntimeException( 'somebody else\'s filter' );
		}
		return $this->data['downloads'];
	}
}
