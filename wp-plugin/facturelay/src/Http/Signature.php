<?php

declare(strict_types=1);

namespace Facturelay\Http;

defined( 'ABSPATH' ) || exit;

/** How plugin and Facturelay sign their requests to each other: HMAC-SHA256 of time, nonce, route and body. */
final class Signature {

	public const TOLERANCE_S = 300;

	/** @return string 64 hexadecimal digits */
	public static function compute( string $secret, string $time, string $nonce, string $route, string $body ): string {
		return hash_hmac( 'sha256', "$time\n$nonce\n$route\n$body", $secret );
	}

	/** Whether $given is the signature of the rest; never with an empty secret. */
	public static function matches( string $given, string $secret, string $time, string $nonce, string $route, string $body ): bool {
		return '' !== $secret && hash_equals( self::compute( $secret, $time, $nonce, $route, $body ), $given );
	}

	/** Whether $time (Unix time in digits) is within TOLERANCE_S of now. */
	public static function is_recent( string $time ): bool {
		return 1 === preg_match( '/^[0-9]{1,12}$/', $time ) && abs( time() - (int) $time ) <= self::TOLERANCE_S;
	}

	/** @return array{time: string, nonce: string, signature: string} to be sent with the body */
	public static function sign( string $secret, string $route, string $body ): array {
		$time  = (string) time();
		$nonce = bin2hex( random_bytes( 16 ) );
		return array(
			'time'      => $time,
			'nonce'     => $nonce,
			'signature' => self::compute( $secret, $time, $nonce, $route, $body ),
		);
	}

	/**
	 * What is derived from an invite code, which is itself never sent. Spaces, dashes and case do not count.
	 *
	 * @param string $purpose find: the name of the invite; sign: the secret that signs the request
	 */
	public static function from_invite_code( string $code, string $purpose ): string {
		$letters = (string) preg_replace( '/[^A-Z0-9]/', '', strtoupper( $code ) );
		return hash( 'sha256', "facturelay.invite.v1:$purpose:$letters" );
	}
}
