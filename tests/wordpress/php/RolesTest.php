<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\ServiceAccount;
use Facturelay\Documents\DocumentTable;
use Facturelay\Lifecycle\Schema;
use Facturelay\Others\OtherInvoices;
use PHPUnit\Framework\Attributes\DataProvider;

/** Who may do what in wp-admin: a shop manager all that orders need and nothing that only an administrator may; others nothing at all. */
final class RolesTest extends WordPressTestCase {

	/** What WooCommerce gives a shop manager, as far as it is about orders and its settings. */
	private const MANAGER = array( 'read', 'edit_shop_orders', 'edit_others_shop_orders', 'read_private_shop_orders', 'publish_shop_orders', 'read_private_products', 'manage_woocommerce' );
	/** Ways into the plugin that need no sign-in: each proves itself in another way, by a signature, an order's key, or by giving nothing away. */
	private const OPEN_TO_ALL = array( 'wc_ajax_facturelay_vat_number', 'woocommerce_api_facturelay', 'rest_api_init', 'template_redirect' );

	private bool $was_done = false;

	protected function setUp(): void {
		Schema::create_tables();
		parent::setUp();
		require_once ABSPATH . 'wp-admin/includes/class-wp-screen.php';
		require_once ABSPATH . 'wp-admin/includes/screen.php';
		$this->was_done = false;
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'https://127.0.0.1', 'shop' => 'abc' ) );
		WC_Order::$stored = array( 238 => new WC_Order() );
		( new DocumentTable() )->save( array( 'id' => 7, 'order' => 238, 'kind' => 'invoice', 'number' => 'F2026-00007', 'date' => '2026-11-27', 'total' => '22.20', 'currency' => 'EUR' ) );
		add_filter( 'pre_http_request', function () {
			$this->was_done = true;
			return new WP_Error( 'no' );
		} );
		$stop = static fn () => static function (): void {
			throw new RuntimeException( 'refused, or answered' );
		};
		// Otherwise WordPress ends the process after an answer in JSON.
		add_filter( 'wp_doing_ajax', '__return_true' );
		add_filter( 'wp_die_handler', $stop );
		add_filter( 'wp_die_ajax_handler', $stop );
		add_filter( 'wp_redirect', static function (): string {
			throw new RuntimeException( 'sent back' );
		} );
		add_filter( 'nocache_headers', '__return_empty_array' );
	}

	/** @dataProvider persons */
	#[DataProvider( 'persons' )]
	public function test_each_way_in_is_open_to_those_who_treat_orders_and_to_nobody_else( string $way, array $rights, bool $may ): void {
		$this->sign_in( $rights );

		$this->enter( $way );

		$this->assertSame( $may, $this->was_done );
	}

	/** @return iterable<string, array{0: string, 1: string[], 2: bool}> */
	public static function persons(): iterable {
		$persons = array(
			'a shop manager' => array( self::MANAGER, true ),
			'an editor'      => array( array( 'read', 'edit_posts', 'edit_others_posts', 'publish_posts', 'manage_categories', 'moderate_comments', 'unfiltered_html', 'upload_files' ), false ),
			'a customer'     => array( array( 'read' ), false ),
			'nobody'         => array( array(), false ),
		);
		foreach ( array( 'see the box', 'send again', 'issue', 'see the states of the list', 'send ticked ones', 'download ticked ones', 'change the settings' ) as $way ) {
			foreach ( $persons as $name => list( $rights, $may ) ) {
				yield "$way: $name" => array( $way, $rights, $may );
			}
		}
	}

	public function test_the_ways_in_that_wordpress_knows_are_those_that_are_tried_here(): void {
		global $wp_filter;
		$ways = array();
		foreach ( $wp_filter as $name => $hook ) {
			if ( 1 !== preg_match( '/^(wp_ajax_|admin_post_|wc_ajax_|woocommerce_api_(?!check_authentication)|rest_api_init$|template_redirect$|woocommerce_settings_save_|handle_bulk_actions-edit)/', (string) $name ) ) {
				continue;
			}
			foreach ( array_merge( ...array_values( $hook->callbacks ) ) as $callback ) {
				if ( is_array( $callback['function'] ) && is_object( $callback['function'][0] ) && 0 === strpos( get_class( $callback['function'][0] ), 'Facturelay\\' ) ) {
					$ways[] = $name;
				}
			}
		}
		$tried = array( 'wp_ajax_facturelay_order', 'admin_post_facturelay_order', 'wp_ajax_facturelay_orders', 'handle_bulk_actions-edit-shop_order', 'woocommerce_settings_save_facturelay' );

		$this->assertEqualsCanonicalizing( array_merge( $tried, self::OPEN_TO_ALL ), array_values( array_unique( $ways ) ) );
	}

	public function test_no_request_without_its_token_does_anything_for_a_manager_either(): void {
		$this->sign_in( self::MANAGER );
		foreach ( array( 'see the box', 'send again', 'issue', 'see the states of the list', 'change the settings' ) as $way ) {
			$this->enter( $way, 'of another page' );
		}

		$this->assertFalse( $this->was_done );
	}

	public function test_a_manager_sees_columns_filter_actions_and_warnings_without_any_right_of_an_administrator(): void {
		$this->sign_in( self::MANAGER );
		update_option( 'active_plugins', array( 'sufio/sufio.php' ) );
		set_current_screen( 'woocommerce_page_wc-orders' );

		$this->assertArrayHasKey( 'facturelay', apply_filters( 'manage_woocommerce_page_wc-orders_columns', array() ) );
		$this->assertSame( array( 'facturelay_send', 'facturelay_download' ), array_keys( apply_filters( 'bulk_actions-woocommerce_page_wc-orders', array() ) ) );
		$this->assertStringContainsString( 'Sufio', $this->printed( static fn () => ( new OtherInvoices() )->show_notice() ) );
		$this->assertStringContainsString( 'facturelay_documents', $this->printed( static fn () => do_action( 'woocommerce_order_list_table_restrict_manage_orders', 'shop_order' ) ) );
		$this->assertFalse( current_user_can( 'manage_options' ) || current_user_can( 'activate_plugins' ) || current_user_can( 'edit_users' ) );
	}

	public function test_nothing_of_the_plugin_gives_a_role_a_right_or_asks_for_one_of_administrators(): void {
		$roles  = wp_roles()->roles;
		$before = serialize( $roles );
		foreach ( array( self::MANAGER, array( 'read' ) ) as $rights ) {
			$this->sign_in( $rights );
			foreach ( array( 'see the box', 'send again', 'send ticked ones', 'change the settings' ) as $way ) {
				$this->enter( $way );
			}
		}
		ServiceAccount::create();

		$this->assertSame( $before, serialize( array_intersect_key( wp_roles()->roles, $roles ) ) );
		$source = implode( '', array_map( 'file_get_contents', self::sources() ) );
		$this->assertSame( 0, preg_match( "/current_user_can\( '(?!edit_shop_orders'|manage_woocommerce'|activate_plugins')/", $source ), 'other rights than those of shop managers' );
	}

	/** @return string[] */
	private static function sources(): array {
		$files = new RecursiveIteratorIterator( new RecursiveDirectoryIterator( WP_PLUGIN_DIR . '/facturelay/src', FilesystemIterator::SKIP_DOTS ) );
		return array_map( 'strval', iterator_to_array( $files, false ) );
	}

	/** @param string[] $rights none: nobody is signed in */
	private function sign_in( array $rights ): void {
		// By a name of its own: WordPress keeps roles in memory when the test is over.
		$role = uniqid( 'role' );
		add_role( $role, $role, array_fill_keys( $rights, true ) );
		wp_set_current_user( array() === $rights ? 0 : (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => $role ) ) );
	}

	/** Goes one way in, with everything right but perhaps the person; $token of another page makes that wrong too. */
	private function enter( string $way, string $token = '' ): void {
		$ways = array(
			'see the box'                => array( 'facturelay_order', array( 'order' => '238' ), static fn () => do_action( 'wp_ajax_facturelay_order' ) ),
			'send again'                 => array( 'facturelay_send_7', array( 'order' => '238', 'verb' => 'send', 'id' => '7' ), static fn () => do_action( 'admin_post_facturelay_order' ) ),
			'issue'                      => array( 'facturelay_issue_send_3', array( 'order' => '238', 'verb' => 'issue_send', 'id' => '3' ), static fn () => do_action( 'admin_post_facturelay_order' ) ),
			'see the states of the list' => array( 'facturelay_orders', array( 'orders' => '238' ), static fn () => do_action( 'wp_ajax_facturelay_orders' ) ),
			// WordPress has checked the token of these two.
			'send ticked ones'           => array( '', array(), static fn () => apply_filters( 'handle_bulk_actions-edit-shop_order', 'back', 'facturelay_send', array( 238 ) ) ),
			'download ticked ones'       => array( '', array(), static fn () => apply_filters( 'handle_bulk_actions-edit-shop_order', 'back', 'facturelay_download', array( 238 ) ) ),
			'change the settings'        => array( 'woocommerce-settings', array( 'save' => 'choices' ), static fn () => do_action( 'woocommerce_settings_save_facturelay' ) ),
		);
		list( $nonce, $content, $go ) = $ways[ $way ];
		$_GET                         = $content;
		$_POST                        = $content;
		$_REQUEST                     = $content + array( '_wpnonce' => wp_create_nonce( '' === $token ? $nonce : $token ) );
		add_action( 'update_option_facturelay_mails', array( $this, 'note_done' ) );
		add_action( 'add_option_facturelay_mails', array( $this, 'note_done' ) );
		$this->printed( static function () use ( $go ): void {
			try {
				$go();
			} catch ( RuntimeException $stopped ) {
				unset( $stopped );
			}
		} );
	}

	public function note_done(): void {
		$this->was_done = true;
	}

	private function printed( callable $print ): string {
		ob_start();
		$print();
		return (string) ob_get_clean();
	}
}
