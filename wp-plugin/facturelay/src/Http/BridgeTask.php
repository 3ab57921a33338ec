<?php

declare(strict_types=1);

namespace Facturelay\Http;

use Facturelay\Connection\Connection;
use Facturelay\FacturelayError;

defined( 'ABSPATH' ) || exit;

/** Something that Facturelay does for a button in wp-admin: asked for, then waited for, some seconds at most. */
final class BridgeTask {

	// One a second.
	private const MAX_POLLS = 8;

	/**
	 * @param array<string, mixed> $content
	 * @return array{0: string, 1: string, 2: string} kind of notice, message, code
	 * @throws FacturelayError
	 */
	public static function run( string $route, array $content ): array {
		$connection = Connection::load();
		$bridge     = new BridgeClient( $connection->bridge_url() );
		$content   += array( 'by' => wp_get_current_user()->display_name );
		$task_id    = (int) ( $bridge->call( $connection, $route, $content )['task'] ?? 0 );
		for ( $second = 0; $second < self::MAX_POLLS; $second++ ) {
			$answer = $bridge->call( $connection, '/plugin/task/answer', array( 'task' => $task_id ) );
			if ( in_array( $answer['state'] ?? '', array( 'done', 'failed' ), true ) ) {
				return array( 'done' === $answer['state'] ? 'success' : 'error', (string) ( $answer['message'] ?? '' ), (string) ( $answer['code'] ?? '' ) );
			}
			sleep( 1 );
		}
		return array( 'warning', __( 'Facturelay is working on it; look again in a minute.', 'facturelay' ), 'waiting' );
	}
}
