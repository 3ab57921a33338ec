<?php

declare(strict_types=1);

namespace Facturelay\Others;

use Facturelay\Admin\SettingsTab;
use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Feature;
use Facturelay\Orders\OrderList;

defined( 'ABSPATH' ) || exit;

/** Says where another plugin makes invoices as well, and what to switch off; quiet while the owner runs Facturelay beside it as a test. */
final class OtherInvoices implements Feature {

	public const OPTION = 'facturelay_beside_others';
	// Where an owner or whoever treats orders sees it, besides Facturelay's own tab.
	private const SCREENS = array( 'dashboard', 'plugins', 'shop_order' );

	public function add_hooks(): void {
		add_action( 'admin_notices', array( $this, 'show_notice' ) );
		add_filter( 'site_status_tests', array( $this, 'add_test' ) );
		add_action( 'activated_plugin', array( $this, 'report_soon' ) );
		add_action( 'deactivated_plugin', array( $this, 'report_soon' ) );
	}

	/** @return array{found: array<int, array<string, mixed>>, beside: bool} as Facturelay is told with each heartbeat */
	public static function report(): array {
		return array(
			'found'  => array_map( static fn ( InvoicePlugin $plugin ): array => $plugin->report(), InvoicePlugins::all() ),
			'beside' => self::runs_beside(),
		);
	}

	/** A change of plugins is told at once, not with the next heartbeat: somebody may be about to go live. */
	public function report_soon(): void {
		if ( Connection::load()->is_active() && function_exists( 'as_enqueue_async_action' ) && did_action( 'action_scheduler_init' ) ) {
			as_enqueue_async_action( Heartbeat::HOOK, array(), Heartbeat::GROUP );
		}
	}

	public function show_notice(): void {
		$screen = get_current_screen();
		if ( null === $screen || ! in_array( $screen->id, array_merge( self::SCREENS, OrderList::SCREENS ), true ) || ! current_user_can( 'manage_woocommerce' ) ) {
			return;
		}
		if ( Connection::load()->is_active() ) {
			self::show_warnings( '' );
		}
	}

	/**
	 * Prints one warning for each plugin that makes invoices, or may; none in a test beside it.
	 *
	 * @param string $place inline where it stands among other things; '' where WordPress moves it to the head of the page
	 */
	public static function show_warnings( string $place = 'inline' ): void {
		foreach ( self::is_quiet() ? array() : InvoicePlugins::making() as $plugin ) {
			// phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- Escaped in warning().
			printf( '<div class="notice notice-warning %s"><p>%s</p></div>', esc_attr( $place ), self::warning( $plugin ) );
		}
	}

	/** In Facturelay's tab: the choice to run beside the others as a test, where there are others. */
	public static function show_choice(): void {
		if ( array() === InvoicePlugins::making() || ! self::is_in_test() ) {
			return;
		}
		printf(
			'<h2>%s</h2><table class="form-table"><tr><th scope="row">%s</th><td><label><input type="checkbox" name="facturelay_beside" value="1"%s> %s</label><p class="description">%s</p></td></tr></table>',
			esc_html__( 'Other invoice plugins', 'facturelay' ),
			esc_html__( 'In parallel', 'facturelay' ),
			checked( self::runs_beside(), true, false ),
			esc_html__( 'Run Facturelay beside it as a test for now', 'facturelay' ),
			esc_html__( 'Its documents stay tests and go to you only, and nobody is warned any more. Your shop cannot go live in Facturelay while this is ticked.', 'facturelay' )
		);
	}

	public static function save_choice( bool $beside ): void {
		if ( self::is_in_test() ) {
			update_option( self::OPTION, $beside ? 'yes' : 'no', true );
		}
	}

	/**
	 * @param mixed $tests
	 * @return array<string, mixed>
	 */
	public function add_test( $tests ): array {
		$tests = (array) $tests;
		if ( Connection::load()->is_active() ) {
			$tests['direct']['facturelay_others'] = array(
				'label' => __( 'Other invoice plugins', 'facturelay' ),
				'test'  => array( $this, 'test' ),
			);
		}
		return $tests;
	}

	/** @return array<string, mixed> */
	public function test(): array {
		$making = self::is_quiet() ? array() : InvoicePlugins::making();
		$alone  = array() === $making;
		return array(
			'label'       => $alone ? __( 'Facturelay alone sends invoices', 'facturelay' ) : __( 'Another plugin makes invoices too', 'facturelay' ),
			'status'      => $alone ? 'good' : ( self::is_in_test() ? 'recommended' : 'critical' ),
			'badge'       => array(
				'label' => __( 'Documents', 'facturelay' ),
				'color' => $alone ? 'green' : 'red',
			),
			'description' => $alone
				? '<p>' . esc_html__( 'No other plugin that makes invoices is at work, or you run Facturelay beside it as a test.', 'facturelay' ) . '</p>'
				: '<p>' . implode( '</p><p>', array_map( array( self::class, 'warning' ), $making ) ) . '</p>',
			'actions'     => sprintf( '<a href="%s">%s</a>', esc_url( SettingsTab::url() ), esc_html__( 'Facturelay’s settings', 'facturelay' ) ),
			'test'        => 'facturelay_others',
		);
	}

	/** Escaped HTML: what it does, why that hurts, and where it is switched off. */
	private static function warning( InvoicePlugin $plugin ): string {
		$what = $plugin->is_known()
			/* translators: %s: name of a plugin */
			? __( '%s makes invoices of your orders as well.', 'facturelay' )
			/* translators: %s: name of a plugin */
			: __( '%s is active, and may make invoices of your orders as well.', 'facturelay' );
		$why = __( 'Your customers then get two for one order, from two series of numbers, and the VAT on both is owed.', 'facturelay' );
		$off = '' === $plugin->where()
			? __( 'Switch its invoices off in its settings, or switch the plugin off:', 'facturelay' )
			: __( 'Switch them off there:', 'facturelay' );
		return sprintf(
			'<strong>%s</strong> %s %s <a href="%s">%s</a>',
			esc_html( sprintf( $what, $plugin->name() ) ),
			esc_html( $why ),
			esc_html( $off ),
			esc_url( $plugin->screen_url() ),
			esc_html( '' === $plugin->where() ? __( 'Plugins', 'facturelay' ) : $plugin->where() )
		);
	}

	/** Nobody is warned in a shop that is in test and runs beside the other on purpose. */
	private static function is_quiet(): bool {
		return self::is_in_test() && self::runs_beside();
	}

	private static function runs_beside(): bool {
		return 'yes' === get_option( self::OPTION, 'no' );
	}

	private static function is_in_test(): bool {
		return ! empty( Heartbeat::last_response()['shop']['test'] );
	}
}
