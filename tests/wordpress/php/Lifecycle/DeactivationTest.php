<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Lifecycle\Deactivation;
use Facturelay\Lifecycle\Schema;
use Facturelay\Mails\HeldMails;
use PHPUnit\Framework\Attributes\DataProvider;

/** The plugin is switched off: every held mail leaves first, then Facturelay is told, and nobody waits long for that. */
final class DeactivationTest extends WordPressTestCase {

	/** @var array<int, array{0: string, 1: float, 2: int, 3: mixed}> address, seconds at most, mails that had left by then, those told of */
	private array $told = array();

	protected function setUp(): void {
		// Before the transaction: MariaDB commits by itself when a table is made.
		Schema::create_tables();
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'https://127.0.0.1', 'shop' => 's1' ) );
		update_option( 'facturelay_heard', array( 'answered_at' => time() ) );
		WC_Order::$stored = array( 238 => new WC_Order() );
		( new HeldMails() )->hold( 238, 'customer_processing_order', 0, 'processing', array( 'invoice' ), 'en_US', 600 );
	}

	/** @dataProvider answers */
	#[DataProvider( 'answers' )]
	public function test_mails_leave_and_facturelay_is_told_once_in_three_seconds_at_most( $answer ): void {
		add_filter(
			'pre_http_request',
			function ( $nothing, array $request, string $url ) use ( $answer ) {
				$this->told[] = array( $url, (float) $request['timeout'], count( WC_Email::$sent ), json_decode( $request['body'], true )['own_mails'] );
				return $answer;
			},
			10,
			3
		);

		( new Deactivation( 'facturelay/facturelay.php' ) )->deactivate();

		$left = array( 'order' => 238, 'refund' => 0, 'kinds' => array( 'invoice' ), 'mail_group' => '' );
		$this->assertSame( array( array( 'https://127.0.0.1/plugin/off', 3.0, 1, array( $left ) ) ), $this->told );
		$this->assertSame( 0, ( new HeldMails() )->summary()['held'] );
		$this->assertFalse( Heartbeat::has_recent_response(), 'active again, it holds nothing before Facturelay answered anew' );
	}

	/** @dataProvider answers */
	#[DataProvider( 'answers' )]
	public function test_where_facturelay_does_not_answer_the_order_says_that_its_own_mail_left( $answer ): void {
		add_filter( 'pre_http_request', static fn() => $answer );

		( new Deactivation( 'facturelay/facturelay.php' ) )->deactivate();

		$noted = json_decode( WC_Order::$stored[238]->get_meta( '_facturelay_own_mails' ), true );
		$this->assertSame( is_wp_error( $answer ) ? array( 'invoice' ) : null, $noted[0]['kinds'] ?? null );
	}

	/** @return array<string, array{0: mixed}> */
	public static function answers(): array {
		return array(
			'well' => array( self::answer( '' ) ),
			'dead' => array( new WP_Error( 'http_request_failed', 'cURL error 7: Failed to connect' ) ),
		);
	}

	/**
	 * @dataProvider what_facturelay_does
	 * @param mixed    $answer
	 * @param string[] $states
	 */
	#[DataProvider( 'what_facturelay_does' )]
	public function test_a_mail_that_facturelay_asked_for_leaves_only_where_its_own_does_not( $answer, int $leave, array $states ): void {
		( new HeldMails() )->start_replacing( 238, array( 'invoice' ), array(), 'mail-1', 600 );
		add_filter( 'pre_http_request', static fn () => $answer );

		( new Deactivation( 'facturelay/facturelay.php' ) )->deactivate();

		$this->assertCount( $leave, WC_Email::$sent );
		$this->assertSame( $states, $this->states() );
	}

	/** @return array<string, array{0: mixed, 1: int, 2: string[]}> */
	public static function what_facturelay_does(): array {
		return array(
			'it mails it'              => array( self::answer( 'mail-1' ), 0, array( 'replaced' ) ),
			'it will not mail it'      => array( self::answer( 'mail-2' ), 1, array( 'released' ) ),
			'nobody knows: one at least' => array( new WP_Error( 'http_request_failed', 'cURL error 28' ), 1, array( 'released' ) ),
		);
	}

	public function test_a_mail_that_the_shop_cannot_send_is_facturelays_and_does_not_leave_weeks_later(): void {
		WC_Email::$works = false;
		add_filter(
			'pre_http_request',
			function ( $nothing, array $request ) {
				$this->told[] = json_decode( $request['body'], true )['own_mails'];
				return self::answer( '' );
			},
			10,
			2
		);

		( new Deactivation( 'facturelay/facturelay.php' ) )->deactivate();

		$this->assertSame( array( array(), array( 'gone' ) ), array( $this->told[0], $this->states() ) );
	}

	/** @return array<string, mixed> */
	private static function answer( string $mail_group ): array {
		$content = array( 'off' => true, 'mailing' => array_values( array_filter( array( $mail_group ) ) ) );
		return array( 'response' => array( 'code' => 200 ), 'headers' => array(), 'body' => (string) wp_json_encode( $content ) );
	}

	/** @return string[] */
	private function states(): array {
		global $wpdb;
		return $wpdb->get_col( "SELECT state FROM {$wpdb->prefix}facturelay_holds ORDER BY id" );
	}
}
