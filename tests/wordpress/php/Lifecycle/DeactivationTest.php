<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Lifecycle\Deactivation;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;

/** The plugin is switched off: every held mail leaves first, then Facturelay is told, and nobody waits long for that. */
final class DeactivationTest extends WordPressTestCase {

	/** @var array<int, array{0: string, 1: float, 2: int}> address, seconds at most, mails that had left by then */
	private array $told = array();

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::home_url(), 'bridge' => 'https://127.0.0.1', 'shop' => 's1' ) );
		update_option( 'facturelay_heard', array( 'answered_at' => time() ) );
		WC_Email::$sent   = array();
		WC_Email::$works  = true;
		WC_Order::$stored = array( 238 => new WC_Order() );
		( new HeldMails() )->hold( 238, 'customer_processing_order', 0, 'processing', array( 'invoice' ), 'en_US', 600 );
	}

	/** @dataProvider answers */
	public function test_mails_leave_and_facturelay_is_told_once_in_three_seconds_at_most( $answer ): void {
		add_filter(
			'pre_http_request',
			function ( $nothing, array $request, string $url ) use ( $answer ) {
				$this->told[] = array( $url, (float) $request['timeout'], count( WC_Email::$sent ) );
				return $answer;
			},
			10,
			3
		);

		( new Deactivation( 'facturelay/facturelay.php' ) )->deactivate();

		$this->assertSame( array( array( 'https://127.0.0.1/plugin/off', 3.0, 1 ) ), $this->told );
		$this->assertSame( 0, ( new HeldMails() )->summary()['held'] );
		$this->assertFalse( Heartbeat::has_recent_response(), 'active again, it holds nothing before Facturelay answered anew' );
	}

	/** @return array<string, array{0: mixed}> */
	public static function answers(): array {
		return array(
			'well' => array( array( 'response' => array( 'code' => 200 ), 'headers' => array(), 'body' => '{"off":true}' ) ),
			'dead' => array( new WP_Error( 'http_request_failed', 'cURL error 7: Failed to connect' ) ),
		);
	}
}
