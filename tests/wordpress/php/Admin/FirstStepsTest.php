<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;

require_once ABSPATH . 'wp-admin/includes/admin.php';

/** Whoever activates the plugin is led to its settings by one button, and only until the shop is connected. */
final class FirstStepsTest extends WordPressTestCase {

	private const ROW = 'plugin_action_links_facturelay/facturelay.php';

	protected function setUp(): void {
		parent::setUp();
		$this->add_shop_roles();
		$this->sign_in( 'shop_manager' );
	}

	protected function tearDown(): void {
		$GLOBALS['current_screen'] = null;
		parent::tearDown();
	}

	public function test_one_button_above_the_list_of_plugins_leads_to_the_settings(): void {
		$this->assertSame( 1, preg_match_all( '#<a [^>]*href="([^"]*)"#', $this->notice( 'plugins' ), $links ) );
		$this->assertStringEndsWith( 'page=wc-settings&#038;tab=facturelay', $links[1][0] );
	}

	public function test_other_pages_are_left_alone(): void {
		foreach ( array( 'dashboard', 'edit-post', 'plugins-network', 'woocommerce_page_wc-settings' ) as $screen ) {
			$this->assertSame( '', $this->notice( $screen ), $screen );
		}
	}

	public function test_a_connected_shop_sees_it_no_more(): void {
		Connection::save( array( 'secret' => 'x', 'site' => Connection::home_url() ) );

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
