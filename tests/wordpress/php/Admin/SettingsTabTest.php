<?php

declare(strict_types=1);

use Facturelay\Admin\SettingsTab;
use Facturelay\Connection\Connection;
use Facturelay\Connection\PrivateAddress;
use Facturelay\FacturelayError;
use PHPUnit\Framework\Attributes\DataProvider;

/** What the tab says of a shop that is connected. */
final class SettingsTabTest extends WordPressTestCase {

	/** @dataProvider date_settings */
	#[DataProvider( 'date_settings' )]
	public function test_the_last_contact_is_written_as_wordpress_writes_dates( string $setting, string $written ): void {
		update_option( 'date_format', $setting );
		update_option( 'timezone_string', 'Europe/Brussels' );
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) );
		$at = gmmktime( 17, 31, 22, 11, 30, 2026 );
		update_option( 'facturelay_heard', array( 'answered_at' => $at, 'tried_at' => time() ) );

		ob_start();
		( new SettingsTab( '0.1.0' ) )->show();

		$this->assertStringContainsString( "<td>$written 18:31:22</td>", (string) ob_get_clean() );
	}

	/** @dataProvider roles */
	#[DataProvider( 'roles' )]
	public function test_where_the_shop_moved_away_from_a_private_facturelay_who_may_allows_that_there( string $role, bool $may ): void {
		wp_set_current_user( (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => $role ) ) );
		$connection = Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'http://192.168.1.20:8082', 'private' => '' ) );
		update_option( 'facturelay_heard', array( 'tried_at' => time(), 'error_code' => 'private_address', 'message' => 'WordPress does not call this address' ) );
		ob_start();
		( new SettingsTab( '0.1.0' ) )->show();
		$this->assertSame( $may, false !== strpos( (string) ob_get_clean(), 'name="facturelay_private"' ) );

		if ( ! $may ) {
			$this->expectException( FacturelayError::class );
		}
		PrivateAddress::allow_for( $connection );
		$this->assertSame( '192.168.1.20:8082', Connection::load()->private_address() );
	}

	/** @return array<string, array{0: string, 1: bool}> */
	public static function roles(): array {
		return array(
			'an administrator' => array( 'administrator', true ),
			'an editor'        => array( 'editor', false ),
		);
	}

	/** @return array<string, array{0: string, 1: string}> */
	public static function date_settings(): array {
		return array(
			'as in Belgium' => array( 'd/m/Y', '30/11/2026' ),
			'by ISO 8601'   => array( 'Y-m-d', '2026-11-30' ),
			'in words'      => array( 'F j, Y', 'November 30, 2026' ),
		);
	}
}
