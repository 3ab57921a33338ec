<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Connection\ServiceAccount;
use PHPUnit\Framework\Attributes\DataProvider;

/** What a stolen key opens: orders, products and our own webhooks, and nothing else of REST. */
final class KeyLimitsTest extends WordPressTestCase {

	private const SHOP = 'f3ac92be105738a8b0572d6b';

	private int $person = 0;

	protected function setUp(): void {
		parent::setUp();
		$this->add_shop_roles();
		$this->person = (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => 'shop_manager' ) );
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'shop' => self::SHOP, 'person' => $this->person ) );
		wp_set_current_user( ServiceAccount::create() );
	}

	/** @dataProvider open */
	#[DataProvider( 'open' )]
	public function test_what_facturelay_needs_is_open( string $method, string $route ): void {
		// There is no WooCommerce behind it here: not found, but not closed.
		$this->assertSame( 404, $this->status_of( $method, $route ) );
	}

	/** @return array<int, array{0: string, 1: string}> */
	public static function open(): array {
		return array(
			array( 'GET', '/wc/v3/orders' ),
			array( 'GET', '/wc/v3/orders/12' ),
			array( 'GET', '/wc/v3/orders/12/refunds' ),
			array( 'GET', '/wc/v3/orders/12/notes' ),
			array( 'POST', '/wc/v3/orders/12/notes' ),
			array( 'GET', '/wc/v3/products' ),
			array( 'GET', '/wc/v3/products/7/variations' ),
			array( 'GET', '/wc/v3/webhooks' ),
		);
	}

	/** @dataProvider closed */
	#[DataProvider( 'closed' )]
	public function test_everything_else_is_closed( string $method, string $route ): void {
		$this->assertSame( 403, $this->status_of( $method, $route ) );
	}

	/** @return array<int, array{0: string, 1: string}> */
	public static function closed(): array {
		return array(
			array( 'POST', '/wc-admin/options' ),
			array( 'GET', '/wc-admin/options' ),
			array( 'POST', '/wc/v3/orders' ),
			array( 'PUT', '/wc/v3/orders/12' ),
			array( 'DELETE', '/wc/v3/orders/12' ),
			array( 'POST', '/wc/v3/orders/batch' ),
			array( 'POST', '/wc/v3/orders/12/refunds' ),
			array( 'DELETE', '/wc/v3/orders/12/notes/3' ),
			array( 'POST', '/wc/v3/products' ),
			array( 'POST', '/wc/v3/products/batch' ),
			array( 'GET', '/wc/v3/customers' ),
			array( 'POST', '/wc/v3/customers' ),
			array( 'PUT', '/wc/v3/payment_gateways/bacs' ),
			array( 'PUT', '/wc/v3/settings/general/woocommerce_currency' ),
			array( 'GET', '/wc/v3/system_status' ),
			array( 'POST', '/wc/v3/webhooks/batch' ),
			array( 'GET', '/wc-analytics/customers' ),
			array( 'POST', '/wp/v2/users/me' ),
			array( 'POST', '/wp/v2/users/me/application-passwords' ),
			array( 'GET', '/wp/v2/users' ),
			array( 'POST', '/batch/v1' ),
			array( 'GET', '/' ),
			array( 'POST', '/another-plugin/v1/anything' ),
		);
	}

	public function test_only_our_own_webhooks_are_made_or_deleted(): void {
		$ours   = $this->webhook( 'https://documents.example.com/webhooks/' . self::SHOP );
		$theirs = $this->webhook( 'https://somebody.example/webhooks/else?secret=1' );
		$made   = fn ( string $topic, string $path ): int => $this->status_of( 'POST', '/wc/v3/webhooks', array( 'topic' => $topic, 'delivery_url' => "https://evil.example$path" ) );

		$this->assertSame( array( 404, 403, 403 ), array( $this->status_of( 'DELETE', "/wc/v3/webhooks/$ours" ), $this->status_of( 'DELETE', "/wc/v3/webhooks/$theirs" ), $this->status_of( 'PUT', "/wc/v3/webhooks/$ours" ) ) );
		$this->assertSame( array( 404, 403, 403 ), array( $made( 'order.created', '/webhooks/' . self::SHOP ), $made( 'order.created', '/' ), $made( 'customer.created', '/webhooks/' . self::SHOP ) ) );
		$this->assertSame( (string) $ours, apply_filters( 'woocommerce_rest_webhook_query', array( 'include' => '' ) )['include'] );
		$this->assertTrue( apply_filters( 'woocommerce_rest_check_permissions', false, 'read', 0, 'webhooks' ) );
		$this->assertFalse( apply_filters( 'woocommerce_rest_check_permissions', false, 'read', 0, 'settings' ) );
	}

	public function test_where_no_webhook_is_ours_none_is_shown(): void {
		$this->webhook( 'https://somebody.example/webhooks/else?secret=1' );

		$this->assertSame( '0', apply_filters( 'woocommerce_rest_webhook_query', array( 'include' => '' ) )['include'] );
	}

	public function test_it_closes_at_once_when_whoever_gave_it_was_let_go(): void {
		get_userdata( $this->person )->set_role( 'subscriber' );

		$this->assertSame( 403, $this->status_of( 'GET', '/wc/v3/orders' ) );
	}

	public function test_the_api_from_before_rest_is_closed_to_it_and_to_nobody_else(): void {
		$person = new WP_User( $this->person );

		$this->assertInstanceOf( WP_Error::class, apply_filters( 'woocommerce_api_check_authentication', new WP_User( ServiceAccount::find() ) ) );
		$this->assertSame( $person, apply_filters( 'woocommerce_api_check_authentication', $person ) );
		$this->assertNull( apply_filters( 'woocommerce_api_check_authentication', null ) );
	}

	public function test_people_and_visitors_are_not_limited(): void {
		foreach ( array( 0, $this->person ) as $somebody ) {
			wp_set_current_user( $somebody );
			$this->assertSame( array( 200, 404 ), array( $this->status_of( 'GET', '/' ), $this->status_of( 'POST', '/wc/v3/webhooks' ) ) );
			$this->assertFalse( apply_filters( 'woocommerce_rest_check_permissions', false, 'read', 0, 'webhooks' ) );
			$this->assertSame( array( 'include' => '' ), apply_filters( 'woocommerce_rest_webhook_query', array( 'include' => '' ) ) );
		}
	}

	/** @param array<string, string> $content */
	private function status_of( string $method, string $route, array $content = array() ): int {
		$request = new WP_REST_Request( $method, $route );
		$request->set_header( 'content-type', 'application/json' );
		$request->set_body( (string) wp_json_encode( (object) $content ) );
		return rest_do_request( $request )->get_status();
	}

	private function webhook( string $url ): int {
		$webhook = new WC_Webhook();
		$webhook->set_delivery_url( $url );
		$webhook->set_topic( 'order.updated' );
		return $webhook->save();
	}
}
