<?php

declare(strict_types=1);

namespace Facturelay\Http;

defined( 'ABSPATH' ) || exit;

/** How the shop and Facturelay sign what they tell each other: time, nonce, route and body under one secret. */
final class Signature {

	public const TOLERANCE_S = 300;

	public static function compute( string $secret, string $time, string $nonce, string $route, string $body ): string {
		return hash_hmac( 'sha256', "$time\n$nonce\n$route\n$body", $secret );
	}

	public static function matches( string $given, string $secret, string $time, string $nonce, string $route, string $body ): bool {
		return '' !== $secret && hash_equals( self::compute( $secret, $time, $nonce, $route, $body ), $given );
	}

	public static function is_recent( string $time ): bool {
		return 1 === preg_match( '/^[0-9]{1,12}$/', $time ) && abs( time() - (int) $time ) <= self::TOLERANCE_S;
	}

	/** @return array{time: string, nonce: string, signature: string} what travels beside the body */
	public static function sign( string $secret, string $route, string $body ): array {
		$time  = (string) time();
		$nonce = bin2hex( random_bytes( 16 ) );
		return array(
			'time'      => $time,
			'nonce'     => $nonce,
			'signature' => self::compute( $secret, $time, $nonce, $route, $body ),
		);
	}

	/** A part of the code that a person pasted: to be found by, or to sign with. Spaces, dashes and case do not count. */
	public static function from_invite_code( string $code, string $purpose ): string {
		$letters = (string) preg_replace( '/[^A-Z0-9]/', '', strtoupper( $code ) );
		return hash( 'sha256', "facturelay.invite.v1:$purpose:$letters" );
	}
}
