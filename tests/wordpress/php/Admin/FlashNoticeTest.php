<?php

declare(strict_types=1);

use Facturelay\Admin\FlashNotice;

/** What a button did is said once, with its code for support where something went wrong. */
final class FlashNoticeTest extends WordPressTestCase {

	public function test_a_code_is_shown_where_something_is_wrong_and_nowhere_else(): void {
		$this->assertSame( 'Connected.', $this->shown_of( 'success', 'Connected.', 'connected' ) );
		$this->assertSame( 'One moment.', $this->shown_of( 'warning', 'One moment.', 'waiting' ) );
		$this->assertSame( 'No such code. (code_unknown)', $this->shown_of( 'error', 'No such code.', 'code_unknown' ) );
		$this->assertSame( '', FlashNotice::show() );
	}

	private function shown_of( string $kind, string $message, string $code ): string {
		FlashNotice::store( $kind, $message, $code );
		ob_start();
		$this->assertSame( $code, FlashNotice::show() );
		return wp_strip_all_tags( (string) ob_get_clean() );
	}
}
