<?php

declare(strict_types=1);

namespace Automattic\WooCommerce\Utilities;

/** Remembers which plugin declared what. */
final class FeaturesUtil {

	/** @var array<string, array<string, bool>> feature → plugin → compatible */
	public static array $declared = array();

	public static function declare_compatibility( string $feature_id, string $plugin_file, bool $positive_compatibility = true ): bool {
		// Elsewhere WooCommerce complains and remembers nothing.
		if ( ! doing_action( 'before_woocommerce_init' ) ) {
			_doing_it_wrong( __METHOD__, 'Only inside the before_woocommerce_init action.', '7.0' );
			return false;
		}
		self::$declared[ $feature_id ][ plugin_basename( $plugin_file ) ] = $positive_compatibility;
		return true;
	}
}
