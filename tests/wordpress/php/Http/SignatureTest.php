<?php

declare(strict_types=1);

use Facturelay\Http\Signature;

/** The signature of a request, and what is derived from an invite code. */
final class SignatureTest extends WordPressTestCase {

	public function test_signature_is_the_one_that_facturelay_computes(): void {
		// The same value stands in tests/bridge/plugin/test_connection.py.
		$this->assertSame( '173230f5b210a7adbabdf08c878d533cd11be00c8659a7c9ea4206eb72dc16b0', Signature::compute( 'secret', '1790000000', 'abc', '/facturelay/v1/sync', '{"é":1}' ) );
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
}
