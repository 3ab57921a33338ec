<?php

declare(strict_types=1);

namespace Facturelay\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * How often wrong e-mail addresses may be tried for an order: by one visitor, by one visitor for all orders, and by all for
 * one order. A count begins again a fixed time after its first try, so that nobody can keep the right customer out for ever.
 */
final class EmailTries {

	/** What is counted: the most wrong tries, and the seconds after which the count begins again. */
	private const VISITOR_AND_ORDER = array( 5, 10 * MINUTE_IN_SECONDS );
	private const VISITOR           = array( 20, HOUR_IN_SECONDS );
	private const ORDER             = array( 50, HOUR_IN_SECONDS );

	private int $order_id;

	public function __construct( int $order_id ) {
		$this->order_id = $order_id;
	}

	public function allow(): bool {
		foreach ( $this->counts() as $name => $limit ) {
			if ( $this->read( $name )['tries'] >= $limit[0] ) {
				return false;
			}
		}
		return true;
	}

	public function count_wrong(): void {
		foreach ( $this->counts() as $name => $limit ) {
			$count = $this->read( $name );
			++$count['tries'];
			// The end is that of the first try: storing it anew with each try would let a stranger move it on for ever.
			$count['until'] = $count['until'] > 0 ? $count['until'] : time() + $limit[1];
			set_transient( $name, $count, max( 1, $count['until'] - time() ) );
		}
	}

	/** @return array<string, array{int, int}> limits by the name of their count */
	private function counts(): array {
		$visitor = $this->visitor();
		return array(
			"facturelay_tries_{$this->order_id}_$visitor" => self::VISITOR_AND_ORDER,
			"facturelay_tries_by_$visitor"                => self::VISITOR,
			"facturelay_tries_of_{$this->order_id}"       => self::ORDER,
		);
	}

	/** @return array{tries: int, until: int} */
	private function read( string $name ): array {
		$count = get_transient( $name );
		$valid = is_array( $count ) && isset( $count['tries'], $count['until'] ) && (int) $count['until'] > time();
		return $valid ? array( 'tries' => (int) $count['tries'], 'until' => (int) $count['until'] ) : array( 'tries' => 0, 'until' => 0 );
	}

	/** The visitor's network address, and of IPv6 its network of 2^64 addresses: never what a header says, which anybody can write. */
	private function visitor(): string {
		$address = isset( $_SERVER['REMOTE_ADDR'] ) ? sanitize_text_field( wp_unslash( $_SERVER['REMOTE_ADDR'] ) ) : '';
		$packed  = inet_pton( $address );
		return substr( hash( 'sha256', 16 === strlen( (string) $packed ) ? substr( (string) $packed, 0, 8 ) : $address ), 0, 16 );
	}
}
