<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

use Facturelay\Connection\Connection;
use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/** The plugin's three tables. Activation hooks do not run on updates, so an option stores which version of them exists. */
final class Schema implements Feature {

	private const OPTION  = 'facturelay_schema';
	private const VERSION = 1;

	public function add_hooks(): void {
		add_action( 'admin_init', array( $this, 'create_when_connected' ) );
	}

	public function create_when_connected(): void {
		if ( Connection::load()->exists() ) {
			self::create_tables();
		}
	}

	/** Whether the tables exist in this version; without them nothing is read or written. */
	public static function is_current(): bool {
		return self::VERSION === (int) get_option( self::OPTION, 0 );
	}

	/** May be called again. MariaDB commits an open transaction here. */
	public static function create_tables(): void {
		global $wpdb;
		if ( self::is_current() ) {
			return;
		}
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		$collation = $wpdb->get_charset_collate();
		// Unique over live rows (live = 1, not NULL) only: the second on-hold mail of one order, weeks later, is another mail.
		dbDelta(
			"CREATE TABLE {$wpdb->prefix}facturelay_holds (
				id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
				order_id bigint(20) unsigned NOT NULL,
				mail_id varchar(64) NOT NULL,
				refund_id bigint(20) unsigned NOT NULL DEFAULT 0,
				live tinyint(1) NULL,
				state varchar(16) NOT NULL,
				reason varchar(16) NOT NULL DEFAULT '',
				status varchar(40) NOT NULL DEFAULT '',
				kinds varchar(160) NOT NULL DEFAULT '',
				locale varchar(20) NOT NULL DEFAULT '',
				mail_group varchar(40) NOT NULL DEFAULT '',
				tries int(11) NOT NULL DEFAULT 0,
				held_at datetime NOT NULL,
				release_at datetime NOT NULL,
				claimed_at datetime NULL,
				done_at datetime NULL,
				PRIMARY KEY  (id),
				UNIQUE KEY live_row (order_id,mail_id,refund_id,live),
				KEY due (state,release_at)
			) $collation;"
		);
		dbDelta(
			"CREATE TABLE {$wpdb->prefix}facturelay_documents (
				document_id bigint(20) unsigned NOT NULL,
				order_id bigint(20) unsigned NOT NULL,
				kind varchar(24) NOT NULL,
				number varchar(60) NOT NULL,
				dated date NOT NULL,
				total varchar(24) NOT NULL,
				currency varchar(3) NOT NULL,
				test tinyint(1) NOT NULL DEFAULT 0,
				PRIMARY KEY  (document_id),
				KEY of_order (order_id)
			) $collation;"
		);
		dbDelta(
			"CREATE TABLE {$wpdb->prefix}facturelay_nonces (
				nonce varchar(64) NOT NULL,
				seen_at datetime NOT NULL,
				PRIMARY KEY  (nonce),
				KEY seen_at (seen_at)
			) $collation;"
		);
		update_option( self::OPTION, self::VERSION, true );
	}
}
