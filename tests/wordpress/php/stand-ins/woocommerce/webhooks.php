<?php
/** WooCommerce's webhooks and REST keys, as far as Facturelay touches them; kept in memory and in the same table. */

declare(strict_types=1);

final class WC_Webhook {

	/** @var array<int, self> */
	public static array $kept = array();

	/** @var array<string, mixed> */
	private array $told = array();

	public function __call( string $name, array $arguments ) {
		if ( 0 === strpos( $name, 'set_' ) ) {
			$this->told[ substr( $name, 4 ) ] = $arguments[0];
			return null;
		}
		return $this->told[ substr( $name, 4 ) ] ?? '';
	}

	public function save(): int {
		$this->told['id']                = $this->told['id'] ?? count( self::$kept ) + 100;
		self::$kept[ $this->told['id'] ] = $this;
		return $this->told['id'];
	}

	public function delete( bool $force ): void {
		unset( self::$kept[ $this->told['id'] ] );
	}
}

final class WC_Data_Store {

	public static function load( string $what ): self {
		return new self();
	}

	/** @return int[] */
	public function get_webhooks_ids(): array {
		return array_keys( WC_Webhook::$kept );
	}
}

function wc_get_webhook( int $id ): ?WC_Webhook {
	return WC_Webhook::$kept[ $id ] ?? null;
}

function wc_rand_hash(): string {
	return sha1( random_bytes( 16 ) );
}

function wc_api_hash( string $key ): string {
	return hash_hmac( 'sha256', $key, 'wc-api' );
}
