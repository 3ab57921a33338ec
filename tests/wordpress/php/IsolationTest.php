<?php

declare(strict_types=1);

use PHPUnit\Framework\Attributes\DataProvider;

/** Each test finds the site as the one before found it. */
final class IsolationTest extends WordPressTestCase {

	/** @return array<string, array{int}> */
	public static function twice(): array {
		return array(
			'first'  => array( 1 ),
			'second' => array( 2 ),
		);
	}

	/** @dataProvider twice */
	#[DataProvider( 'twice' )]
	public function test_nothing_that_a_test_does_outlives_it( int $time ): void {
		$found = array( get_option( 'left_behind' ), wp_cache_get( 'left_behind' ), has_filter( 'the_title', 'strrev' ), get_current_user_id(), get_role( 'left_behind' ) );
		$found = array_merge( $found, array( $_SERVER['left_behind'] ?? null, $_GET, $_POST, $_REQUEST, is_admin(), WC_Order::$stored, WC_Email::$works ) );

		update_option( 'left_behind', $time );
		wp_cache_set( 'left_behind', $time );
		add_filter( 'the_title', 'strrev' );
		wp_set_current_user( 1 );
		add_role( 'left_behind', 'left_behind' );
		$_SERVER['left_behind'] = $time;
		$_GET                   = array( $time );
		$_POST                  = array( $time );
		$_REQUEST               = array( $time );
		require_once ABSPATH . 'wp-admin/includes/class-wp-screen.php';
		require_once ABSPATH . 'wp-admin/includes/screen.php';
		set_current_screen( 'plugins' );
		WC_Order::$stored = array( $time => new WC_Order() );
		WC_Email::$works  = false;

		$this->assertSame( array( false, false, false, 0, null, null, array(), array(), array(), false, array(), true ), $found );
	}
}
