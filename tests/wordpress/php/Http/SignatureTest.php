<?php

declare(strict_types=1);

use Facturelay\Checkout\VatNumberField;
use Facturelay\Connection\PrivateAddress;
use Facturelay\Http\Signature;

/** What travels signed, and what is typed by people. */
final class SignatureTest extends WordPressTestCase {

	public function test_signature_is_the_one_that_facturelay_computes(): void {
		// The same value stands in tests/bridge/plugin/test_connection.py.
		$this->assertSame( '1b843cdaf34aaaaf86b8da4eca533ee56795d8cb758b25db90e09939e0c09b2b', Signature::compute( 'secret', '1790000000', 'abc', '/facturelay/v1/tick', '{"é":1}' ) );
	}

	public function test_code_is_read_as_people_type_it(): void {
		$this->assertSame( Signature::from_invite_code( 'ABCDE-FGHJK', 'find' ), Signature::from_invite_code( ' abcde fghjk ', 'find' ) );
		$this->assertNotSame( Signature::from_invite_code( 'ABCDE-FGHJK', 'find' ), Signature::from_invite_code( 'ABCDE-FGHJK', 'sign' ) );
		// The same value stands in tests/bridge/plugin/test_connection.py.
		$this->assertSame( '8782c6f481b9e3cec1f7659bcfc0d086d3f140f0bff5abc2ebe473f61aa7e7ff', Signature::from_invite_code( 'ABCDE-FGHJK', 'sign' ) );
	}

	public function test_empty_secret_fits_nothing(): void {
		$this->assertFalse( Signature::matches( Signature::compute( '', '1', 'a', 'r', 'b' ), '', '1', 'a', 'r', 'b' ) );
	}

	public function test_old_and_odd_times_are_stale(): void {
		$found = array_map( array( Signature::class, 'is_recent' ), array( (string) time(), (string) ( time() - 301 ), (string) ( time() + 301 ), '', 'now', '-5', '1e9' ) );

		$this->assertSame( array( true, false, false, false, false, false, false ), $found );
	}

	public function test_one_private_address_may_be_called_and_no_other(): void {
		PrivateAddress::allow_for_this_request( PrivateAddress::host_and_port( 'http://192.168.1.20:8395' ) );
		$allowed = array_map(
			static fn ( string $url ): bool => (bool) wp_http_validate_url( $url ),
			array( 'http://192.168.1.20:8395/plugin/connect', 'http://192.168.1.20:8396/', 'http://192.168.1.21:8395/', 'http://192.168.1.20/' )
		);
		PrivateAddress::allow_for_this_request( '' );

		$this->assertSame( array( true, false, false, false ), $allowed );
		$this->assertFalse( (bool) wp_http_validate_url( 'http://192.168.1.20:8395/plugin/connect' ) );
	}

	public function test_vat_numbers_that_cannot_be_right_are_refused_and_others_are_not(): void {
		$found = array_map(
			static fn ( string $number ): bool => true === VatNumberField::validate( $number ),
			array( '', 'BE 0445.566.134', '0445566134', 'BE0445566135', 'NL123456789B01', 'x', 'FRXX999999999' )
		);

		$this->assertSame( array( true, true, true, false, true, false, true ), $found );
	}
}
