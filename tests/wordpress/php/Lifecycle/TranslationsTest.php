<?php

declare(strict_types=1);

use PHPUnit\Framework\Attributes\DataProvider;

/** Every locale of a language that the plugin speaks is spoken to in that language. */
final class TranslationsTest extends WordPressTestCase {

	/** @dataProvider locales */
	#[DataProvider( 'locales' )]
	public function test_a_locale_without_a_translation_of_its_own_speaks_its_language( string $locale, string $invoice ): void {
		// As in a mail for a customer: WordPress loads anew whatever it finds for the other locale.
		add_filter( 'locale', static fn (): string => $locale );
		unload_textdomain( 'facturelay', true );
		load_plugin_textdomain( 'facturelay', false, 'facturelay/languages' );

		$this->assertSame( $invoice, __( 'Invoice', 'facturelay' ) );

		remove_all_filters( 'locale' );
		unload_textdomain( 'facturelay', true );
	}

	/** @return array<int, array{0: string, 1: string}> */
	public static function locales(): array {
		return array_map(
			static fn ( string $locale ): array => array( $locale, array( 'nl' => 'Factuur', 'fr' => 'Facture', 'de' => 'Rechnung', 'en' => 'Invoice', 'it' => 'Invoice', 'fy' => 'Invoice' )[ substr( $locale, 0, 2 ) ] ),
			array( 'nl_NL', 'nl_NL_formal', 'nl_BE', 'nl_SR', 'de_DE', 'de_DE_formal', 'de_AT', 'de_CH', 'de_CH_informal', 'de_LU', 'fr_FR', 'fr_BE', 'fr_CA', 'fr_CH', 'fr_LU', 'en_GB', 'en_US', 'it_IT', 'fy' )
		);
	}
}
