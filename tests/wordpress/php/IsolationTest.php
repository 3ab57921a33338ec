<?php

declare(strict_types=1);

/** Each test finds the site as the one before found it. */
final class IsolationTest extends WordPressTestCase {

	/** @return array<string, array{int}> */
	public function twice(): array {
		return array(
			'first'  => array( 1 ),
			'second' => array( 2 ),
		);
	}

	/** @dataProvider twice */
	public function test_rows_cached_values_hooks_roles_and_users_do_not_outlive_a_test( int $time ): void {
		$found = array( get_option( 'left_behind' ), wp_cache_get( 'left_behind' ), has_filter( 'the_title', 'strrev' ), get_current_user_id(), get_role( 'left_behind' ) );

		update_option( 'left_behind', $time );
		wp_cache_set( 'left_behind', $time );
		add_filter( 'the_title', 'strrev' );
		wp_set_current_user( 1 );
		add_role( 'left_behind', 'left_behind' );

		$this->assertSame( array( false, false, false, 0, null ), $found );
	}
}
