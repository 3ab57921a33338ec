<?php

declare(strict_types=1);

use Facturelay\Connection\PrivateAddress;

/** WordPress may call the one private address that the owner allowed. */
final class PrivateAddressTest extends WordPressTestCase {

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
}
