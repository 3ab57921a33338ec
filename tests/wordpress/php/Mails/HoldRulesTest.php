<?php

declare(strict_types=1);

use Facturelay\Mails\HoldRules;
use PHPUnit\Framework\Attributes\DataProvider;

/** The cases that judge Facturelay's side alike (tests/contracts/test_mail_holds.py). */
final class HoldRulesTest extends WordPressTestCase {

	/** @return array<string, array{0: array<string, mixed>, 1: array<string, mixed>}> */
	public static function cases(): array {
		$cases = array();
		foreach ( json_decode( (string) file_get_contents( __DIR__ . '/../../../contracts/mail_holds.json' ), true ) as $shop ) {
			foreach ( $shop['cases'] as $case ) {
				$cases[ "{$shop['name']}: {$case['name']}" ] = array( $shop["hold_rules"], $case );
			}
		}
		return $cases;
	}

	/** @dataProvider cases */
	#[DataProvider( 'cases' )]
	public function test_a_mail_is_held_for_these_documents_and_no_others( array $table, array $case ): void {
		$this->assertSame( $case['kinds'], ( new HoldRules( $table ) )->replacing_kinds( $case['facts'] ) );
	}

	public function test_a_mail_is_due_a_round_of_the_scheduled_tasks_before_it_must_have_left(): void {
		$this->assertSame( 540, ( new HoldRules( array( 'deadline_s' => 600 ) ) )->deadline_s() );
	}
}
