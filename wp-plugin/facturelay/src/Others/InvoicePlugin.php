<?php

declare(strict_types=1);

namespace Facturelay\Others;

defined( 'ABSPATH' ) || exit;

/** Another plugin that makes invoices, as an entry of InvoicePlugins describes it: what it does in this shop, and how far its numbers are. */
final class InvoicePlugin {

	// What stands for the year in the patterns of these plugins; anything else in brackets, such as the month, Facturelay has no place for.
	private const YEAR  = '/\[(?:invoice_year|order_year|year|yyyy|Y)\]|\{\{?(?:YYYY|AAAA|year|YEAR|y)\}?\}/';
	private const OTHER = '/[\[{](?!year\}|number(?::[0-9]+d)?\})[^\]}]*[\]}]/';

	/** @var array<string, mixed> */
	private array $known;

	/** @param array<string, mixed> $known */
	public function __construct( array $known ) {
		$this->known = $known;
	}

	public function name(): string {
		return $this->known['name'];
	}

	public function is_active(): bool {
		foreach ( $this->known['found'] ?? array() as $name ) {
			if ( class_exists( $name, false ) || defined( $name ) ) {
				return true;
			}
		}
		$active = array_merge( (array) get_option( 'active_plugins', array() ), array_keys( (array) get_site_option( 'active_sitewide_plugins', array() ) ) );
		foreach ( $active as $file ) {
			if ( $this->is_folder( (string) strtok( (string) $file, '/' ) ) ) {
				return true;
			}
		}
		return false;
	}

	/** Whether it makes or mails invoices by itself: as its settings say, and yes where they are not known. */
	public function makes_invoices(): bool {
		if ( ! $this->is_active() ) {
			return false;
		}
		foreach ( $this->known['needs'] ?? array() as $setting ) {
			if ( ! self::holds( $setting ) ) {
				return false;
			}
		}
		$any = $this->known['any'] ?? array();
		return array() === $any || array() !== array_filter( $any, array( self::class, 'holds' ) );
	}

	/** Whether its settings say what it does; otherwise a person must look. */
	public function is_known(): bool {
		return isset( $this->known['needs'] );
	}

	/** The way to where it is switched off, in the plugin's own words; '' where that is not known. */
	public function where(): string {
		return $this->known['where'] ?? '';
	}

	public function screen_url(): string {
		return admin_url( $this->known['screen'] ?? 'plugins.php' );
	}

	/**
	 * The number that its next invoice gets, with the pattern as Facturelay writes one; the pattern is '' where it cannot.
	 *
	 * @return array{next: int, pattern: string, yearly: bool}|null null where it gave no numbers, or none of its own
	 */
	public function numbers(): ?array {
		$next = isset( $this->known['next'] ) && $this->has_own_numbers() ? StoredNumber::next( ...$this->known['next'] ) : null;
		if ( null === $next ) {
			return null;
		}
		$yearly = $next['yearly'] ?? ( isset( $this->known['yearly'] ) && self::holds( $this->known['yearly'] ) );
		$number = $yearly ? $this->number_of_this_year( $next ) : $next['number'];
		if ( null === $number ) {
			return null;
		}
		return array(
			'next'    => $number,
			'pattern' => $this->pattern( $next['format'] ?? '', $next['digits'] ?? 0 ),
			'yearly'  => $yearly,
		);
	}

	/**
	 * What the next number is where numbers begin anew each year; null where that cannot be said.
	 *
	 * @param array<string, mixed> $next of StoredNumber
	 */
	private function number_of_this_year( array $next ): ?int {
		if ( ! isset( $next['year'] ) ) {
			// It begins anew with the first invoice of the year, and in January nobody can see whether that was made.
			return '01' === wp_date( 'm' ) ? null : $next['number'];
		}
		if ( (int) $next['year'] === (int) wp_date( 'Y' ) ) {
			return $next['number'];
		}
		// Who was switched off in another year gives no first number of this one.
		return $this->is_active() ? 1 : null;
	}

	/** @return array<string, mixed> as Facturelay is told */
	public function report(): array {
		return array(
			'name'    => $this->name(),
			'active'  => $this->is_active(),
			'makes'   => $this->makes_invoices(),
			'known'   => $this->is_known(),
			'where'   => $this->where(),
			'numbers' => $this->numbers(),
		);
	}

	/** The folder's name is the word itself, or goes on after a dash: woocommerce-pdf-invoices is not woocommerce-pdf-invoices-packing-slips. */
	private function is_folder( string $folder ): bool {
		foreach ( $this->known['folders'] as $begins ) {
			$goes_on = 0 === strpos( $folder, rtrim( $begins, '-' ) . '-' ) && ! isset( $this->known['needs'] );
			if ( $folder === $begins || $goes_on ) {
				return true;
			}
		}
		return false;
	}

	private function has_own_numbers(): bool {
		return ! isset( $this->known['number'] ) || self::holds( $this->known['number'] );
	}

	/** The pattern as Facturelay writes it: F{year}-{number:05d}. */
	private function pattern( string $format, int $digits ): string {
		$digits  = $digits > 0 ? $digits : min( 20, (int) $this->text( 'digits' ) );
		$number  = $digits > 1 ? sprintf( '{number:0%dd}', $digits ) : '{number}';
		$format  = '' === $format ? $this->text( 'format' ) : $format;
		$format  = false === strpos( $format, '[number]' ) && false === strpos( $format, '{number}' ) ? '[prefix][number][suffix]' : $format;
		$format  = empty( $this->known['around'] ) ? $format : "[prefix]{$format}[suffix]";
		$with    = array( '[prefix]' => $this->text( 'prefix' ), '[suffix]' => $this->text( 'suffix' ) );
		$pattern = (string) preg_replace( self::YEAR, '{year}', strtr( $format, $with ) );
		$pattern = trim( str_replace( array( '[number]', '{number}' ), $number, $pattern ) );
		return 1 === preg_match( self::OTHER, $pattern ) ? '' : $pattern;
	}

	private function text( string $what ): string {
		$place = $this->known[ $what ] ?? null;
		if ( null === $place ) {
			return '';
		}
		$value = get_option( array_shift( $place ), '' );
		foreach ( $place as $key ) {
			$value = is_array( $value ) ? $value[ $key ] ?? '' : '';
		}
		return is_scalar( $value ) ? (string) $value : '';
	}

	/** @param array{0: string, 1: string, 2: mixed, 3: string} $setting option, key in it, value (true: anything), what counts before it is saved */
	private static function holds( array $setting ): bool {
		list( $option, $key, $wanted, $unsaved ) = $setting;
		$value = get_option( $option, null );
		if ( '' !== $key ) {
			// A form leaves out a box that is not ticked, and a list of which nothing is chosen: once the option is saved, that is a no.
			$value = is_array( $value ) ? $value[ $key ] ?? ( true === $wanted ? '' : null ) : null;
		}
		$value = $value ?? $unsaved;
		return true === $wanted ? ! empty( $value ) : $wanted === $value;
	}
}
