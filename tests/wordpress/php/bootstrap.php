<?php
/**
 * Loads the WordPress that the fixture made, with the plugins that are active in it, for PHPUnit.
 */

declare(strict_types=1);

$facturelay_wordpress = getenv( 'FACTURELAY_WORDPRESS' );
if ( false === $facturelay_wordpress ) {
	fwrite( STDERR, "These tests run inside a WordPress: make test ARGS=\"-m wordpress\"\n" );
	exit( 1 );
}
// WordPress reads these and warns where they are missing, as they are on the command line.
$_SERVER['HTTP_HOST']   = '127.0.0.1';
$_SERVER['REQUEST_URI'] = '/';

require $facturelay_wordpress . '/wp-load.php';
require_once __DIR__ . '/WordPressTestCase.php';
