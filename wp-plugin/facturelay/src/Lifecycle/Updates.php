<?php

declare(strict_types=1);

namespace Facturelay\Lifecycle;

use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Feature;
use Facturelay\Http\Signature;
use Facturelay\Plugin;
use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Offers the version that belongs to the connected Facturelay among WordPress's own updates, and asks nobody else for it. The heartbeat has
 * said which version that is, signed with the connection's secret; the zip comes from the address of the connection and from nowhere else, and
 * is installed only when it is the signed one. What is in it may do all in this site, so whoever connected it must be one who may install plugins:
 * a shop manager may connect to any server.
 *
 * WordPress calls this by the plugin's Update URI. In WordPress.org's directory the plugin has none, and is updated from there.
 */
final class Updates implements Feature {

	private const HOOK = 'update_plugins_facturelay.invalid';
	private const SLUG = 'facturelay';
	private const ZIP  = '/plugin/facturelay.zip';

	private const DOWNLOAD_TIMEOUT_S = 60;

	private string $file;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function add_hooks(): void {
		add_filter( self::HOOK, array( $this, 'offer' ), 10, 3 );
		add_filter( 'plugins_api', array( $this, 'describe' ), 10, 3 );
		add_filter( 'upgrader_pre_download', array( $this, 'download' ), 10, 2 );
	}

	/**
	 * @param mixed $update false, or what another filter found
	 * @param mixed $data the plugin's header
	 * @param mixed $plugin its file below the plugins' folder
	 * @return mixed as WordPress wants an update; WordPress itself leaves out what is not newer
	 */
	public function offer( $update, $data = array(), $plugin = '' ) {
		$offered = self::offered();
		if ( plugin_basename( $this->file ) !== $plugin || array() === $offered ) {
			return $update;
		}
		return array(
			'slug'         => self::SLUG,
			'version'      => $offered['version'],
			'url'          => Connection::load()->bridge_url(),
			'package'      => self::package(),
			'requires'     => $offered['requires'],
			'requires_php' => $offered['requires_php'],
		);
	}

	/**
	 * What "View details" shows; WordPress.org is not asked about a plugin that it did not deliver.
	 *
	 * @param mixed $result
	 * @param mixed $action
	 * @param mixed $asked
	 * @return mixed
	 */
	public function describe( $result, $action = '', $asked = null ) {
		$offered = self::offered();
		if ( 'plugin_information' !== $action || self::SLUG !== ( $asked->slug ?? '' ) || array() === $offered ) {
			return $result;
		}
		return (object) array(
			'name'          => 'Facturelay',
			'slug'          => self::SLUG,
			'version'       => $offered['version'],
			'author'        => 'Facturelay',
			'requires'      => $offered['requires'],
			'requires_php'  => $offered['requires_php'],
			'download_link' => self::package(),
			'sections'      => array(
				/* translators: %s: address of a Facturelay */
				'description' => '<p>' . esc_html( sprintf( __( 'The version that belongs to your Facturelay at %s, from which it is downloaded.', 'facturelay' ), Connection::load()->bridge_url() ) ) . '</p>',
			),
		);
	}

	/**
	 * @param mixed $reply false, or what another filter did
	 * @param mixed $package the address of a zip
	 * @return mixed the path of the downloaded zip, or an error; $reply for the zips of others
	 */
	public function download( $reply, $package = '' ) {
		if ( self::ZIP !== substr( (string) $package, -strlen( self::ZIP ) ) || 0 === strpos( (string) $package, 'https://downloads.wordpress.org/' ) ) {
			return $reply;
		}
		$offered = self::offered();
		// WordPress may have it from before: of another connection, or of whoever may not.
		$file = array() !== $offered && self::package() === $package ? download_url( self::package(), self::DOWNLOAD_TIMEOUT_S ) : '';
		if ( is_wp_error( $file ) || ( '' !== $file && hash_equals( $offered['sha256'], (string) hash_file( 'sha256', $file ) ) ) ) {
			return $file;
		}
		if ( '' !== $file ) {
			wp_delete_file( $file );
		}
		return new WP_Error( 'facturelay_update', __( 'The zip that came is not the one that your Facturelay announced, so nothing was installed. Try again in ten minutes.', 'facturelay' ) );
	}

	private static function package(): string {
		return Connection::load()->bridge_url() . self::ZIP;
	}

	/** Whether there is a newer version, and whoever connected the shop may not install it. */
	public static function waits_for_administrator(): bool {
		$announced = self::announced();
		return array() !== $announced && ! self::may_install() && version_compare( $announced['version'], Plugin::VERSION, '>' );
	}

	private static function may_install(): bool {
		return user_can( Connection::load()->person_id(), 'update_plugins' );
	}

	/** @return array{version?: string, sha256?: string, requires?: string, requires_php?: string} what may be installed; else empty */
	private static function offered(): array {
		return self::may_install() ? self::announced() : array();
	}

	/** @return array{version?: string, sha256?: string, requires?: string, requires_php?: string} as the heartbeat had it, with a right signature; else empty */
	private static function announced(): array {
		$connection = Connection::load();
		$update     = Heartbeat::last_response()['update'] ?? array();
		if ( ! is_array( $update ) || ! $connection->is_active() ) {
			return array();
		}
		$text    = static fn ( string $name ): string => is_string( $update[ $name ] ?? null ) ? $update[ $name ] : '';
		$offered = array();
		foreach ( array( 'version', 'sha256', 'requires', 'requires_php' ) as $name ) {
			$offered[ $name ] = $text( $name );
		}
		return Signature::matches( $text( 'signature' ), $connection->secret(), '', $offered['version'], self::ZIP, $offered['sha256'] ) ? $offered : array();
	}
}
