<?php

declare(strict_types=1);

/** An order with what the plugin reads of one; a test gives what differs. */
class WC_Order {

	/** @var array<int, self> what wc_get_order() finds */
	public static array $stored = array();

	/** @var array<string, mixed> */
	private array $data;

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
		);
	}

	public function get_order_key(): string {
		return 'wc_order_' . $this->data['id'];
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

	public function get_date_created(): DateTime {
		return new DateTime( $this->data['created'] );
	}

	public function get_payment_method(): string {
		return $this->data['method'];
	}

	public function get_billing_country(): string {
		return 'BE';
	}

	public function get_billing_company(): string {
		return $this->data['company'];
	}

	public function get_meta( string $key ): string {
		return '';
	}

	public function get_total(): string {
		return '22.20';
	}

	public function has_downloadable_item(): bool {
		if ( 'broken' === $this->data['downloads'] ) {
			throw new RuntimeException( 'somebody else\'s filter' );
		}
		return $this->data['downloads'];
	}
}
