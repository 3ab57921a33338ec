<?php

declare(strict_types=1);

use Facturelay\Admin\FirstSteps;
use Facturelay\Admin\SettingsTab;
use Facturelay\Connection\Connection;
use PHPUnit\Framework\Attributes\DataProvider;

require_once ABSPATH . 'wp-admin/includes/admin.php';

/** Whoever activates the plugin is led to its settings by one button, and only until the shop is connected. */
final class FirstStepsTest extends WordPressTestCase {

	private const ROW = 'plugin_action_links_facturelay/facturelay.php';

	protected function setUp(): void {
		parent::setUp();
		$this->add_shop_roles();
		$this->sign_in( 'shop_manager' );
	}

	public function test_one_button_above_the_list_of_plugins_leads_to_the_settings(): void {
		$this->assertSame( 1, preg_match_all( '#<a [^>]*href="([^"]*)"#', $this->notice( 'plugins' ), $links ) );
		$this->assertStringEndsWith( 'page=wc-settings&#038;tab=facturelay', $links[1][0] );
	}

	public function test_whoever_activates_it_comes_out_in_its_settings(): void {
		( new FirstSteps( 'facturelay/facturelay.php' ) )->lead_to_settings( 'facturelay/facturelay.php' );

		$this->assertSame( SettingsTab::url(), apply_filters( 'wp_redirect', self_admin_url( 'plugins.php?activate=true&plugin_status=all' ), 302 ) );
		foreach ( array( 'plugins.php?activate-multi=true', 'plugins.php?deactivate=true', 'index.php' ) as $page ) {
			$this->assertSame( self_admin_url( $page ), apply_filters( 'wp_redirect', self_admin_url( $page ), 302 ), 'others lead where they did' );
		}
	}

	/** @dataProvider who_stays_in_the_list */
	#[DataProvider( 'who_stays_in_the_list' )]
	public function test_who_activates_something_else_or_may_not_connect_stays_in_the_list( string $plugin, string $role ): void {
		$this->sign_in( $role );

		( new FirstSteps( 'facturelay/facturelay.php' ) )->lead_to_settings( $plugin );

		$list = self_admin_url( 'plugins.php?activate=true' );
		$this->assertSame( $list, apply_filters( 'wp_redirect', $list, 302 ) );
	}

	/** @return array<string, array{0: string, 1: string}> */
	public static function who_stays_in_the_list(): array {
		return array(
			'another plugin'         => array( 'other/other.php', 'shop_manager' ),
			'somebody without a shop' => array( 'facturelay/facturelay.php', 'subscriber' ),
		);
	}

	public function test_woocommerce_does_not_ask_whether_to_lose_what_was_typed_when_connect_is_pressed(): void {
		ob_start();
		( new SettingsTab( '0.1.0' ) )->show();

		// Its settings.js asks at every button but those within this class.
		$this->assertStringContainsString( '<p class="submit"><button type="submit" name="save" value="connect"', (string) ob_get_clean() );
	}

	public function test_other_pages_are_left_alone(): void {
		foreach ( array( 'dashboard', 'edit-post', 'plugins-network', 'woocommerce_page_wc-settings' ) as $screen ) {
			$this->assertSame( '', $this->notice( $screen ), $screen );
		}
	}

	public function test_a_connected_shop_sees_it_no_more(): void {
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) );

		$this->assertStringNotContainsString( 'button', $this->notice( 'plugins' ) );
	}

	public function test_who_may_not_connect_is_not_asked_to(): void {
		$this->sign_in( 'subscriber' );

		$this->assertSame( array( '', array( 'deactivate' => 'x' ) ), array( $this->notice( 'plugins' ), apply_filters( self::ROW, array( 'deactivate' => 'x' ) ) ) );
	}

	public function test_the_plugins_row_begins_with_its_settings(): void {
		$links = array_values( apply_filters( self::ROW, array( 'deactivate' => 'x' ) ) );

		$this->assertSame( array( 2, 'x' ), array( count( $links ), $links[1] ) );
		$this->assertStringContainsString( 'tab=facturelay', $links[0] );
	}

	private function sign_in( string $role ): void {
		wp_set_current_user( (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => $role ) ) );
	}

	private function notice( string $screen ): string {
		set_current_screen( $screen );
		ob_start();
		do_action( 'admin_notices' );
		return (string) ob_get_clean();
	}
}
