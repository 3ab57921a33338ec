<?php

declare(strict_types=1);

namespace Facturelay;

defined( 'ABSPATH' ) || exit;

/** Why something could not be done: a short code for support, and a sentence with what to do about it. */
final class FacturelayError extends \RuntimeException {

	private string $reason;

	public function __construct( string $reason, string $sentence ) {
		parent::__construct( $sentence );
		$this->reason = $reason;
	}

	public function error_code(): string {
		return $this->reason;
	}
}
