<?php

declare(strict_types=1);

namespace Facturelay\Connection;

defined( 'ABSPATH' ) || exit;

/**
 * The connection of this shop to its Facturelay server, stored in one option with these keys:
 * bridge (address of the server), shop (the shop's id there), name (the shop's name there), site (hash of this shop's address: who
 * makes a copy replaces the address itself wherever it stands, here too),
 * secret (signs requests both ways), key (id of the REST key), person (id of the user who gave it), private (host:port or '').
 */
final class Connection {

	private const OPTION = 'facturelay_connection';

	/** @var array<string, mixed> */
	private array $data;

	/** @param array<string, mixed> $data */
	private function __construct( array $data ) {
		$this->data = $data;
	}

	public static function load(): self {
		$data = get_option( self::OPTION, array() );
		return new self( is_array( $data ) ? $data : array() );
	}

	/** @param array<string, mixed> $data */
	public static function save( array $data ): self {
		update_option( self::OPTION, $data, true );
		return new self( $data );
	}

	public static function delete(): void {
		delete_option( self::OPTION );
	}

	/** This site's address from the options: home_url() may be changed by a translation plugin for one visitor. */
	public static function home_url(): string {
		return untrailingslashit( (string) get_option( 'home' ) );
	}

	/** Whether this site was connected; true in a copy of the site as well. */
	public function exists(): bool {
		return '' !== $this->secret();
	}

	/** Whether this site is a copy (staging) of the connected shop: a copy must not hold, release or report anything. */
	public function is_clone(): bool {
		return $this->exists() && self::hash_of( (string) ( $this->data['site'] ?? '' ) ) !== self::site_hash();
	}

	/** Whether the plugin may act here: connected, and not a copy. */
	public function is_active(): bool {
		return $this->exists() && ! $this->is_clone();
	}

	public function bridge_url(): string {
		return (string) ( $this->data['bridge'] ?? '' );
	}

	public function shop_id(): string {
		return (string) ( $this->data['shop'] ?? '' );
	}

	public function shop_name(): string {
		return (string) ( $this->data['name'] ?? '' );
	}

	public function secret(): string {
		return (string) ( $this->data['secret'] ?? '' );
	}

	public function rest_key_id(): int {
		return (int) ( $this->data['key'] ?? 0 );
	}

	/** The person who gave Facturelay its access: it ends when this person may no longer manage the shop. */
	public function person_id(): int {
		return (int) ( $this->data['person'] ?? 0 );
	}

	/** @return array<string, mixed> the stored option, to be saved again with a change */
	public function to_array(): array {
		return $this->data;
	}

	/** The one private address that may be called, as host:port; '' for none. */
	public function private_address(): string {
		return (string) ( $this->data['private'] ?? '' );
	}

	/** An address that an earlier build stored is kept as its hash from now on: who makes a copy would replace it there too. */
	public function with_hash(): self {
		return $this->is_active() && ( $this->data['site'] ?? '' ) !== self::site_hash() ? self::save( array( 'site' => self::site_hash() ) + $this->data ) : $this;
	}

	/** What the address of this site is known by: the same with https and www as without. */
	public static function site_hash(): string {
		return self::hash_of( self::home_url() );
	}

	/** Of what is a hash already, itself: an earlier build stored the address, and its shops are no copies for having been updated. */
	private static function hash_of( string $site ): string {
		return false === strpos( $site, '://' ) ? $site : hash( 'sha256', (string) preg_replace( '#^https?://(www\.)?#', '', strtolower( untrailingslashit( $site ) ) ) );
	}
}
