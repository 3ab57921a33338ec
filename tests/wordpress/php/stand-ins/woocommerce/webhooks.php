<?php
/** WooCommerce's webhooks and REST keys, as far as Facturelay touches them; kept in memory and in the same table. */

declare(strict_types=1);

final class WC_Webhook {

	/** @var array<int, self> */
	public static array $stored = array();

	/** @var array<string, mixed> */
	private array $data = array();

	public function __call( string $name, array $arguments ) {
		if ( 0 === strpos( $name, 'set_' ) ) {
			$this->data[ substr( $name, 4 ) ] = $arguments[0];
			return null;
		}
		return $this->data[ substr( $name, 4 ) ] ?? '';
	}

	public function save(): int {
		$this->data['id']                = $this->data['id'] ?? count( self::$stored ) + 100;
		self::$stored[ $this->data['id'] ] = $this;
		return $this->data['id'];
	}

	public function delete( bool $force ): void {
		unset( self::$stored[ $this->data['id'] ] );
	}
}

final class WC_Data_Store {

	public static function load( string $what ): self {
		return new self();
	}

	/** @return int[] */
	public function get_webhooks_ids(): array {
		return array_keys( WC_Webhook::$stored );
	}
}

function wc_get_webhook( int $id ): ?WC_Webhook {
	return WC_Webhook::$stored[ $id ] ?? null;
}

function wc_rand_hash(): string {
	return sha1( random_bytes( 16 ) );
}

function wc_api_hash( string $key ): string {
	return hash_hmac( 'sha256', $key, 'wc-api' );
}
