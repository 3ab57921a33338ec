<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

defined( 'ABSPATH' ) || exit;

/** The sites of a network (multisite): each is a shop with a connection of its own. */
final class Multisite {

	/** Call $callback in this site, or in every site of the network. */
	public static function for_each_site( bool $network_wide, callable $callback ): void {
		if ( ! $network_wide || ! is_multisite() ) {
			$callback();
			return;
		}
		foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $site_id ) {
			switch_to_blog( (int) $site_id );
			try {
				$callback();
			} finally {
				restore_current_blog();
			}
		}
	}
}
