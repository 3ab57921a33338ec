<?php
/**
 * Loads the class Facturelay\Some\Name from src/Some/Name.php; ignores classes of other plugins.
 */

declare(strict_types=1);

defined( 'ABSPATH' ) || exit;

spl_autoload_register(
	static function ( string $class_name ): void {
		if ( 0 !== strpos( $class_name, 'Facturelay\\' ) ) {
			return;
		}
		$file = __DIR__ . '/' . str_replace( '\\', '/', substr( $class_name, strlen( 'Facturelay\\' ) ) ) . '.php';
		if ( is_file( $file ) ) {
			require_once $file;
		}
	}
);
