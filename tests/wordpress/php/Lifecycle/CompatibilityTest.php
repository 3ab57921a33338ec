<?php

declare(strict_types=1);

use Automattic\WooCommerce\Utilities\FeaturesUtil;

final class CompatibilityTest extends WordPressTestCase {

	public function test_works_with_orders_in_tables_of_their_own_and_with_the_block_checkout(): void {
		$this->assertSame(
			array(
				'custom_order_tables'  => array( 'facturelay/facturelay.php' => true ),
				'cart_checkout_blocks' => array( 'facturelay/facturelay.php' => true ),
			),
			FeaturesUtil::$declared
		);
	}
}
