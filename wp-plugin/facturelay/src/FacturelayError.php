<?php

declare(strict_types=1);

namespace Facturelay;

defined( 'ABSPATH' ) || exit;

/** Something could not be done. The message tells the owner why and what to do; the code is for support. */
final class FacturelayError extends \RuntimeException {

	private string $error_code;

	public function __construct( string $error_code, string $message ) {
		parent::__construct( $message );
		$this->error_code = $error_code;
	}

	public function error_code(): string {
		return $this->error_code;
	}
}
