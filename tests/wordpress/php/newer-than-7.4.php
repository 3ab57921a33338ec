<?php
/**
 * Prints one line for each word in a file that PHP 7.4 does not know. A newer PHP lints them without a murmur.
 */

declare(strict_types=1);

const NEWER_WORDS = array(
	'T_MATCH'                    => 'match',
	'T_NULLSAFE_OBJECT_OPERATOR' => '?->',
	'T_ENUM'                     => 'enum',
	'T_READONLY'                 => 'readonly',
	'T_ATTRIBUTE'                => 'attribute',
);

/** @return array<int, array{0: string, 1: string, 2: int}> name, text and line of all that is not space or comment */
function words_of( string $source ): array {
	$words = array();
	$line  = 1;
	foreach ( token_get_all( $source ) as $token ) {
		$line = is_array( $token ) ? $token[2] : $line;
		if ( is_array( $token ) && in_array( $token[0], array( T_WHITESPACE, T_COMMENT, T_DOC_COMMENT ), true ) ) {
			continue;
		}
		$words[] = is_array( $token ) ? array( token_name( $token[0] ), $token[1], $line ) : array( $token, $token, $line );
	}
	return $words;
}

/** What is newer than PHP 7.4 about the word at $at; '' when nothing is. */
function newer( array $words, int $at ): string {
	$texts    = array_column( array_slice( $words, max( 0, $at - 1 ), 5 ), 1 );
	$previous = $at > 0 ? array_shift( $texts ) : '';
	list( $text, $next, $after, $last ) = array_pad( $texts, 4, '' );
	$name = $words[ $at ][0];

	if ( isset( NEWER_WORDS[ $name ] ) ) {
		return NEWER_WORDS[ $name ];
	}
	if ( in_array( $name, array( 'T_PUBLIC', 'T_PROTECTED', 'T_PRIVATE' ), true ) && in_array( $previous, array( '(', ',' ), true ) ) {
		return 'promoted property';
	}
	if ( '|' === $next && 'T_STRING' === $name && preg_match( '/^[(,:?]$|^(public|protected|private|static)$/', $previous ) && preg_match( '/^\w+$/', $after ) ) {
		return 'union type';
	}
	if ( ':' === $previous && 'T_STATIC' === $name && in_array( $next, array( '{', ';' ), true ) ) {
		return 'type static';
	}
	if ( 'mixed' === $text && preg_match( '/^[(,:]$/', $previous ) ) {
		return 'type mixed';
	}
	if ( 'T_CATCH' === $name && ')' === $last ) {
		return "catch without a variable ($after)";
	}
	if ( 'T_STRING' === $name && ':' === $next && in_array( $previous, array( '(', ',' ), true ) ) {
		return 'named argument';
	}
	if ( 'T_THROW' === $name && ! in_array( $previous, array( ';', '{', '}', ')', ':', 'else', 'do' ), true ) ) {
		return 'throw as an expression';
	}
	return '';
}

$words = words_of( (string) file_get_contents( $argv[1] ) );
foreach ( array_keys( $words ) as $at ) {
	$what = newer( $words, $at );
	if ( '' !== $what ) {
		echo "line {$words[ $at ][2]}: $what\n";
	}
}
