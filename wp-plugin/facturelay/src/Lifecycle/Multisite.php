<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

defined( 'ABSPATH' ) || exit;

/** The sites of a network: each is a shop of its own, with a connection of its own. */
final class Multisite {

	/** Do something here, or in every site of the network. */
	public static function for_each_site( bool $everywhere, callable $act ): void {
		if ( ! $everywhere || ! is_multisite() ) {
			$act();
			return;
		}
		foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $site_id ) {
			switch_to_blog( (int) $site_id );
			try {
				$act();
			} finally {
				restore_current_blog();
			}
		}
	}
}
