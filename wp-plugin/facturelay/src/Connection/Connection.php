<?php

declare(strict_types=1);

namespace Facturelay\Connection;

defined( 'ABSPATH' ) || exit;

/** To which Facturelay this shop is connected, as kept in one option. */
final class Connection {

	private const OPTION = 'facturelay_connection';

	/** @var array<string, mixed> */
	private array $kept;

	/** @param array<string, mixed> $kept */
	private function __construct( array $kept ) {
		$this->kept = $kept;
	}

	public static function load(): self {
		$kept = get_option( self::OPTION, array() );
		return new self( is_array( $kept ) ? $kept : array() );
	}

	/** @param array<string, mixed> $kept */
	public static function save( array $kept ): self {
		update_option( self::OPTION, $kept, true );
		return new self( $kept );
	}

	public static function delete(): void {
		delete_option( self::OPTION );
	}

	/** This shop's address, as its owner set it: not what a translation plugin makes of it for one visitor. */
	public static function home_url(): string {
		return untrailingslashit( (string) get_option( 'home' ) );
	}

	public function exists(): bool {
		return '' !== $this->secret();
	}

	/** Whether this is a copy of the connected shop: a staging site must not hold, release or report anything. */
	public function is_clone(): bool {
		return $this->exists() && self::without_scheme( $this->site_url() ) !== self::without_scheme( self::home_url() );
	}

	public function is_active(): bool {
		return $this->exists() && ! $this->is_clone();
	}

	public function site_url(): string {
		return (string) ( $this->kept['site'] ?? '' );
	}

	public function bridge_url(): string {
		return (string) ( $this->kept['bridge'] ?? '' );
	}

	public function shop_id(): string {
		return (string) ( $this->kept['shop'] ?? '' );
	}

	public function shop_name(): string {
		return (string) ( $this->kept['name'] ?? '' );
	}

	public function secret(): string {
		return (string) ( $this->kept['secret'] ?? '' );
	}

	public function rest_key_id(): int {
		return (int) ( $this->kept['key'] ?? 0 );
	}

	/** Who connected, or was given the key since. */
	public function owner_id(): int {
		return (int) ( $this->kept['owner'] ?? 0 );
	}

	/** @return array<string, mixed> all of it, to be saved with a change */
	public function to_array(): array {
		return $this->kept;
	}

	/** The one private address that may be called, as host:port; '' for none. */
	public function private_address(): string {
		return (string) ( $this->kept['private'] ?? '' );
	}

	private static function without_scheme( string $url ): string {
		return (string) preg_replace( '#^https?://(www\.)?#', '', strtolower( untrailingslashit( $url ) ) );
	}
}
