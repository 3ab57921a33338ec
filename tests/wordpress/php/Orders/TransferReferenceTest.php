<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Orders\TransferReference;
use PHPUnit\Framework\Attributes\DataProvider;

/** Who pays by transfer is told one communication for ever, the documents' own, and nobody else is told any. */
final class TransferReferenceTest extends WordPressTestCase {

	private const PAYEE = array( 'iban' => 'BE68539007547034', 'name' => "Kaas & Co <b>", 'country' => 'BE', 'seed' => 12 );

	protected function setUp(): void {
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) );
		$this->hear( self::PAYEE );
	}

	/** @return array<string, array{0: array<string, mixed>}> */
	public static function cases(): array {
		$cases = array();
		foreach ( json_decode( (string) file_get_contents( __DIR__ . '/../../../contracts/payment_references.json' ), true ) as $case ) {
			$cases[ $case['shown'] ] = array( $case );
		}
		return $cases;
	}

	/**
	 * @dataProvider cases
	 * @param array<string, mixed> $case
	 */
	#[DataProvider( 'cases' )]
	public function test_the_communication_is_that_of_the_documents( array $case ): void {
		$this->assertSame( $case['shown'], TransferReference::reference( $case['seed'], $case['order'], $case['country'] ) );
	}

	public function test_an_order_keeps_the_digits_that_the_shop_had_when_it_was_placed(): void {
		$contract = json_decode( (string) file_get_contents( __DIR__ . '/../../../contracts/reference_digits.json' ), true );
		foreach ( $contract['placed'] as $case ) {
			$this->assertSame( $case['seed'], TransferReference::seed( $contract['payee'], new DateTime( '@' . $case['at'] ) ) );
		}
		$this->hear( array( 'earlier' => array( array( time() + 3600, 7 ) ) ) + self::PAYEE );
		$this->assertStringContainsString( '+++007/', $this->said( 'woocommerce_order_details_before_order_table', $this->order() ) );
	}

	public function test_page_and_mail_say_account_name_and_communication(): void {
		$page = $this->said( 'woocommerce_order_details_before_order_table', $this->order() );
		$html = $this->said( 'woocommerce_email_before_order_table', $this->order(), false, false );
		$text = $this->said( 'woocommerce_email_before_order_table', $this->order(), false, true );

		foreach ( array( $page, $html, $text ) as $said ) {
			$this->assertStringContainsString( 'BE68 5390 0754 7034 of Kaas &amp; Co &lt;b&gt;', $said );
			$this->assertStringContainsString( '+++012/0000/23883+++', $said );
		}
		$this->assertStringNotContainsString( '<p>', $text );
	}

	public function test_abroad_it_is_the_reference_that_banks_there_know(): void {
		$this->assertStringContainsString( 'RF', $this->said( 'woocommerce_order_details_before_order_table', $this->order( array( 'country' => 'NL' ) ) ) );
	}

	/**
	 * @dataProvider others
	 * @param array<string, mixed> $data
	 */
	#[DataProvider( 'others' )]
	public function test_an_order_that_waits_for_no_transfer_says_nothing( array $data ): void {
		$this->assertSame( '', $this->said( 'woocommerce_order_details_before_order_table', $this->order( $data ) ) );
		$this->assertSame( '', $this->said( 'woocommerce_email_before_order_table', $this->order( $data ), false, false ) );
	}

	/** @return array<string, array{0: array<string, mixed>}> */
	public static function others(): array {
		return array(
			'another method' => array( array( 'method' => 'cod' ) ),
			'paid'           => array( array( 'paid' => true ) ),
			'processing'     => array( array( 'status' => 'processing' ) ),
			'cancelled'      => array( array( 'status' => 'cancelled' ) ),
		);
	}

	public function test_the_shop_itself_is_not_told(): void {
		$this->assertSame( '', $this->said( 'woocommerce_email_before_order_table', $this->order(), true, false ) );
	}

	/**
	 * @dataProvider payees
	 * @param mixed $payee
	 */
	#[DataProvider( 'payees' )]
	public function test_where_facturelay_names_nobody_to_pay_nothing_is_said( $payee ): void {
		$this->hear( $payee );

		$this->assertSame( '', $this->said( 'woocommerce_order_details_before_order_table', $this->order() ) );
	}

	/** @return array<string, array{0: mixed}> */
	public static function payees(): array {
		return array( 'in test' => array( null ), 'an older Facturelay' => array( array( 'iban' => 'BE68539007547034' ) ), 'nonsense' => array( 'x' ) );
	}

	public function test_a_shop_that_is_not_connected_says_nothing(): void {
		delete_option( 'facturelay_connection' );

		$this->assertSame( '', $this->said( 'woocommerce_order_details_before_order_table', $this->order() ) );
	}

	/** @param mixed $payee */
	private function hear( $payee ): void {
		update_option( 'facturelay_heard', array( 'shop' => array( 'name' => 'x', 'payee' => $payee ) ) );
	}

	/** @param array<string, mixed> $data */
	private function order( array $data = array() ): WC_Order {
		return new WC_Order( $data + array( 'status' => 'on-hold', 'method' => 'bacs', 'paid' => false ) );
	}

	/** @param mixed ...$arguments */
	private function said( string $hook, ...$arguments ): string {
		remove_all_actions( $hook );
		( new TransferReference() )->add_hooks();
		ob_start();
		do_action( $hook, ...$arguments );
		return (string) ob_get_clean();
	}
}
