<?php

declare(strict_types=1);

/** An order with what a mail's hold looks at; a test says what differs. */
class WC_Order {

	/** @var array<int, self> what wc_get_order() finds */
	public static array $kept = array();

	/** @var array<string, mixed> */
	private array $told;

	/** @param array<string, mixed> $told */
	public function __construct( array $told = array() ) {
		$this->told = $told + array(
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
		return 'wc_order_' . $this->told['id'];
	}

	public function key_is_valid( string $key ): bool {
		return hash_equals( $this->get_order_key(), $key );
	}

	public function get_customer_id(): int {
		return $this->told['customer'];
	}

	public function get_billing_email(): string {
		return $this->told['email'];
	}

	public function get_order_number(): string {
		return (string) $this->told['id'];
	}

	/** @param string|string[] $status */
	public function has_status( $status ): bool {
		return in_array( $this->told['status'], (array) $status, true );
	}

	public function get_id(): int {
		return $this->told['id'];
	}

	public function get_status(): string {
		return $this->told['status'];
	}

	public function get_date_paid(): ?DateTime {
		return $this->told['paid'] ? new DateTime() : null;
	}

	public function get_date_created(): DateTime {
		return new DateTime( $this->told['created'] );
	}

	public function get_payment_method(): string {
		return $this->told['method'];
	}

	public function get_billing_country(): string {
		return 'BE';
	}

	public function get_billing_company(): string {
		return $this->told['company'];
	}

	public function get_meta( string $key ): string {
		return '';
	}

	public function get_total(): string {
		return '22.20';
	}

	public function has_downloadable_item(): bool {
		if ( 'broken' === $this->told['downloads'] ) {
			throw new RuntimeException( 'somebody else\'s filter' );
		}
		return $this->told['downloads'];
	}
}
