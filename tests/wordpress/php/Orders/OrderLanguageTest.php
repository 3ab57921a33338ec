<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Orders\OrderLanguage;
use PHPUnit\Framework\Attributes\DataProvider;

/** In a shop with Polylang an order says in which language it was placed; in others nothing is written at it. */
final class OrderLanguageTest extends WordPressTestCase {

	protected function setUp(): void {
		parent::setUp();
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash() ) );
	}

	protected function tearDown(): void {
		parent::tearDown();
		if ( class_exists( 'PolylangStandIn' ) ) {
			PolylangStandIn::$languages = array();
		}
	}

	public function test_without_polylang_nothing_is_written(): void {
		$this->assertSame( '', $this->language_of_an_order( 'http://shop.example/fr/caisse/' ) );
	}

	/** @dataProvider pages */
	#[DataProvider( 'pages' )]
	public function test_the_language_is_that_of_the_page_on_which_the_order_is_placed( string $page, array $languages, string $expected ): void {
		require_once __DIR__ . '/../stand-ins/polylang.php';
		PolylangStandIn::$languages = $languages;

		$this->assertSame( $expected, $this->language_of_an_order( $page ) );
	}

	/** @return array<string, array{0: string, 1: string[], 2: string}> */
	public static function pages(): array {
		return array(
			'a French page'              => array( 'http://shop.example/fr/caisse/', array( 'nl', 'fr' ), 'fr' ),
			'an address without one'     => array( 'http://shop.example/afrekenen/', array( 'nl', 'fr' ), 'nl' ),
			'no page told'               => array( '', array( 'nl', 'fr' ), 'nl' ),
			'a language that is not had' => array( 'http://shop.example/de/kasse/', array( 'nl', 'fr' ), '' ),
			'a shop in one language'     => array( 'http://shop.example/nl/', array( 'nl' ), '' ),
		);
	}

	private function language_of_an_order( string $page ): string {
		$_SERVER['HTTP_REFERER'] = $page;
		$order                   = new WC_Order();
		do_action( 'woocommerce_checkout_create_order', $order );
		return (string) $order->get_meta( OrderLanguage::META );
	}
}
