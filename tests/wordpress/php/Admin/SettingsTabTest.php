<?php

declare(strict_types=1);

use Facturelay\Admin\SettingsTab;
use Facturelay\Connection\Connection;

/** What the tab says of a shop that is connected. */
final class SettingsTabTest extends WordPressTestCase {

	/** @dataProvider date_settings */
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

	/** @return array<string, array{0: string, 1: string}> */
	public static function date_settings(): array {
		return array(
			'as in Belgium' => array( 'd/m/Y', '30/11/2026' ),
			'by ISO 8601'   => array( 'Y-m-d', '2026-11-30' ),
			'in words'      => array( 'F j, Y', 'November 30, 2026' ),
		);
	}
}
