<?php

declare(strict_types=1);

use Facturelay\Checkout\VatNumberCheck;
use Facturelay\Checkout\VatNumberField;
use Facturelay\Connection\Connection;
use PHPUnit\Framework\Attributes\DataProvider;

/** What a customer is told of his VAT number while he types it; nothing he or anybody types can refuse an order or be asked without end. */
final class VatNumberCheckTest extends WordPressTestCase {

	/** @var array<int, array<string, mixed>> what Facturelay was asked */
	private array $asked = array();

	protected function setUp(): void {
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'https://127.0.0.1' ) );
	}

	public function test_name_and_address_of_a_known_number_are_told(): void {
		$this->facturelay_says( array( 'state' => 'valid', 'name' => 'BAKKERIJ BV', 'address' => "KERKSTRAAT 12\n9000 GENT" ) );

		$this->assertSame(
			array( 'state' => 'valid', 'name' => 'BAKKERIJ BV', 'street' => 'KERKSTRAAT 12', 'postcode' => '9000', 'city' => 'GENT' ),
			$this->check( 'BE0403170701' )
		);
		$this->assertSame( array( 'number' => 'BE0403170701', 'country' => 'BE' ), $this->asked[0] );
	}

	public function test_an_owner_who_wants_nothing_filled_in_has_no_address_told(): void {
		update_option( VatNumberCheck::FILL_OPTION, 'no' );
		$this->facturelay_says( array( 'state' => 'valid', 'name' => 'BAKKERIJ BV', 'address' => "KERKSTRAAT 12\n9000 GENT" ) );

		$this->assertSame( array( 'state' => 'valid', 'name' => 'BAKKERIJ BV' ), $this->check( 'BE0403170701' ) );
	}

	/**
	 * @dataProvider addresses
	 * @param array<string, string> $parts
	 */
	#[DataProvider( 'addresses' )]
	public function test_only_an_address_that_is_surely_understood_is_filled_in( string $text, array $parts ): void {
		$this->assertSame( $parts, VatNumberCheck::address( $text ) );
	}

	/** @return array<string, array{0: string, 1: array<string, string>}> */
	public static function addresses(): array {
		return array(
			'Belgian'        => array( "RUE DE LA LOI 16\n1000 BRUXELLES", array( 'street' => 'RUE DE LA LOI 16', 'postcode' => '1000', 'city' => 'BRUXELLES' ) ),
			'Dutch'          => array( "\nDAMRAK 00001\n1012LG AMSTERDAM\n", array( 'street' => 'DAMRAK 00001', 'postcode' => '1012LG', 'city' => 'AMSTERDAM' ) ),
			'withheld'       => array( '', array() ),
			'in one line'    => array( 'RUE DE LA LOI 16, 1000 BRUXELLES', array() ),
			'of three lines' => array( "TOUR A\nRUE 1\n75001 PARIS", array() ),
			'city first'     => array( "VIA ROMA 1\nROMA 00100", array() ),
		);
	}

	public function test_one_number_is_asked_about_once(): void {
		$this->facturelay_says( array( 'state' => 'invalid' ) );

		$this->assertSame( array( 'invalid', 'invalid' ), array( $this->check( 'BE0403170701' )['state'], $this->check( 'BE0403170701' )['state'] ) );
		$this->assertCount( 1, $this->asked );
	}

	public function test_a_facturelay_that_is_away_or_says_something_odd_is_no_verdict(): void {
		add_filter( 'pre_http_request', static fn () => new WP_Error( 'http_request_failed', 'cURL error 28: timed out' ) );
		$this->assertSame( 'unknown', $this->check( 'BE0403170701' )['state'] );

		$this->facturelay_says( array( 'state' => array( 'valid' ) ) );
		$this->assertSame( 'unknown', $this->check( 'BE0445566134' )['state'] );
	}

	public function test_a_visitor_cannot_ask_without_end(): void {
		$this->facturelay_says( array( 'state' => 'valid', 'name' => 'A' ) );
		for ( $number = 0; $number < 40; $number++ ) {
			$this->check( sprintf( 'NL%09dB01', $number ) );
		}

		$this->assertCount( 20, $this->asked );
	}

	public function test_a_visitor_who_asks_without_end_leaves_the_others_theirs(): void {
		$this->facturelay_says( array( 'state' => 'valid', 'name' => 'A' ) );
		$before = $_SERVER['REMOTE_ADDR'] ?? null;
		foreach ( array( '203.0.113.1' => 400, '203.0.113.2' => 1 ) as $address => $times ) {
			$_SERVER['REMOTE_ADDR'] = $address;
			for ( $number = 0; $number < $times; $number++ ) {
				$last = $this->check( sprintf( 'NL%s%06dB01', substr( $address, -1 ), $number ) );
			}
		}
		$_SERVER['REMOTE_ADDR'] = $before;

		$this->assertSame( array( 'valid', 21 ), array( $last['state'], count( $this->asked ) ) );
	}

	public function test_a_name_that_would_be_markup_is_text(): void {
		$this->facturelay_says( array( 'state' => 'valid', 'name' => '<script>alert(1)</script>Bakker' ) );

		$this->assertSame( 'Bakker', $this->check( 'BE0403170701' )['name'] );
	}

	/** @return array<string, string> */
	private function check( string $number ): array {
		return ( new VatNumberCheck( new VatNumberField(), __FILE__ ) )->check( $number, 'BE' );
	}

	/** @param array<string, mixed> $answer */
	private function facturelay_says( array $answer ): void {
		remove_all_filters( 'pre_http_request' );
		add_filter(
			'pre_http_request',
			function ( $before, array $request ) use ( $answer ): array {
				$this->asked[] = array_diff_key( json_decode( $request['body'], true ), array( 'site' => '' ) );
				return array( 'headers' => array(), 'body' => (string) wp_json_encode( $answer ), 'response' => array( 'code' => 200, 'message' => '' ), 'cookies' => array() );
			},
			10,
			2
		);
	}
}
