<?php

declare(strict_types=1);

use Facturelay\Connection\Connection;
use Facturelay\Documents\DocumentTable;
use Facturelay\Lifecycle\Schema;
use Facturelay\Orders\BulkDownload;
use Facturelay\Orders\BulkSend;
use Facturelay\Orders\DocumentsBox;
use Facturelay\Orders\OrderList;
use Facturelay\Orders\WithoutDocument;
use PHPUnit\Framework\Attributes\DataProvider;

/** The list of orders in wp-admin: documents in a column, a filter for orders without, mailing those of the ticked ones. */
final class OrderListTest extends WordPressTestCase {

	/** @var array<int, array{0: string, 1: array<string, mixed>}> address and content of what Facturelay was asked */
	private array $asked = array();

	/** @var array<string, array<string, mixed>> answers by the end of the address */
	private array $answers = array();

	protected function setUp(): void {
		Schema::create_tables();
		parent::setUp();
		require_once ABSPATH . 'wp-admin/includes/class-wp-screen.php';
		require_once ABSPATH . 'wp-admin/includes/screen.php';
		Connection::save( array( 'secret' => 'x', 'site' => Connection::site_hash(), 'bridge' => 'https://127.0.0.1', 'shop' => 'abc' ) );
		$this->order( 238 );
		$this->order( 239 );
		$this->order( 240 );
		$this->document( 7, 238, 'order_confirmation', 'B2026-00007' );
		$this->document( 8, 238, 'invoice', 'F2026-00008' );
		$this->document( 9, 239, 'invoice', 'F2026-00009', true );
		add_filter( 'pre_http_request', function ( $response, array $request, string $url ) {
			$route         = substr( $url, strlen( 'https://127.0.0.1' ) );
			$this->asked[] = array( $route, array_diff_key( json_decode( $request['body'], true ), array( 'site' => '' ) ) );
			return array( 'response' => array( 'code' => isset( $this->answers[ $route ] ) ? 200 : 503 ), 'headers' => array(), 'body' => (string) wp_json_encode( $this->answers[ $route ] ?? array() ) );
		}, 10, 3 );
		add_filter( 'wp_die_ajax_handler', static fn () => static function (): void {
			throw new RuntimeException( 'died' );
		} );
	}

	public function test_a_row_shows_number_kind_and_pdf_of_each_document_tests_too(): void {
		$list = new OrderList();

		$this->assertSame( 'Order confirmation B2026-00007 PDF Invoice F2026-00008 PDF', $this->cell( $list, 238 ) );
		$this->assertSame( 'Invoice F2026-00009 (test) PDF', $this->cell( $list, 239 ) );
		$this->assertSame( '', $this->cell( $list, 240 ) );
	}

	public function test_what_peppol_did_not_take_has_the_mark_of_a_failure_and_what_waits_has_none(): void {
		$document = array( 'id' => 8, 'kind' => 'invoice', 'number' => 'F2026-00008', 'date' => '2026-11-23', 'mail' => 'done', 'mailed_at' => 1, 'files' => array(), 'total' => '22.20', 'currency' => 'EUR' );
		foreach ( array( true, false ) as $failed ) {
			$peppol = array( 'address' => '', 'sent_at' => null, 'failed' => $failed, 'message' => 'Not taken.' );
			$html   = DocumentsBox::from_bridge( WC_Order::$stored[240], array( 'documents' => array( array( 'peppol' => $peppol ) + $document ) ) );
			$this->assertSame( $failed, false !== strpos( $html, 'dashicons-warning" aria-hidden="true"></span> Not taken.' ), $html );
		}
	}

	/** Its button is there and not here; what left by Peppol has none. */
	public function test_why_a_document_did_not_leave_by_peppol_leads_to_its_page(): void {
		$document = array( 'id' => 8, 'kind' => 'invoice', 'number' => 'F2026-00008', 'date' => '2026-11-23', 'mail' => 'done', 'mailed_at' => 1, 'files' => array(), 'total' => '22.20', 'currency' => 'EUR' );
		$page     = '<a href="https://127.0.0.1/s/abc/documents/8">';
		$waits    = DocumentsBox::from_bridge( WC_Order::$stored[240], array( 'documents' => array( array( 'peppol' => array( 'sent_at' => null, 'failed' => true, 'message' => 'Press “Send it again”.' ) ) + $document ) ) );
		$left     = DocumentsBox::from_bridge( WC_Order::$stored[240], array( 'documents' => array( array( 'peppol' => array( 'sent_at' => 1, 'address' => '0208:0123456749', 'message' => '' ) ) + $document ) ) );

		$this->assertStringContainsString( "Press “Send it again”.<br>$page", $waits );
		$this->assertStringNotContainsString( $page, $left );
	}

	/** @dataProvider lists */
	#[DataProvider( 'lists' )]
	public function test_one_query_finds_the_documents_of_a_whole_page( callable $prepare ): void {
		global $wpdb;
		set_current_screen( 'edit-shop_order' );
		$list = new OrderList();
		$prepare( $list );
		$before = $wpdb->num_queries;

		foreach ( array( 238, 239, 240 ) as $id ) {
			$this->cell( $list, $id );
		}

		$this->assertSame( 1, $wpdb->num_queries - $before );
	}

	/** @return array<string, array{0: callable}> */
	public static function lists(): array {
		return array(
			'orders in tables of their own' => array( static fn ( OrderList $list ) => $list->note_orders( (object) array( 'orders' => array_values( WC_Order::$stored ) ) ) ),
			'orders as posts'               => array(
				static function (): void {
					$GLOBALS['wp_query']->posts = array_map( static fn ( int $id ): object => (object) array( 'ID' => $id ), array( 238, 239, 240 ) );
				},
			),
		);
	}

	public function test_the_filter_leaves_orders_without_a_real_document_and_in_test_those_without_any(): void {
		$this->assertSame( array( 239, 240 ), $this->left_by_filter() );

		update_option( 'facturelay_heard', array( 'shop' => array( 'test' => true ) ) );
		$this->assertSame( array( 240 ), $this->left_by_filter() );
	}

	public function test_the_filter_touches_no_other_query(): void {
		$_GET   = array( 'facturelay_documents' => 'none' );
		$filter = new WithoutDocument();

		$this->assertSame( array( 'where' => '1=1' ), $filter->add_to_orders_query( array( 'where' => '1=1' ), $this->orders_query(), array() ) );
		$this->assertSame( '1=1', $filter->add_to_posts_query( '1=1', new WP_Query() ) );
		$_GET = array();
		$this->assertSame( array( 'limit' => 20 ), $filter->filter_orders( array( 'limit' => 20 ) ) );
	}

	public function test_how_documents_fare_is_asked_for_a_page_at_once(): void {
		$this->sign_in( 'edit_shop_orders' );
		$this->answers['/plugin/orders'] = array(
			'orders' => array(
				'238' => array( 'drafts' => 0, 'documents' => array( array( 'id' => 7, 'mail' => 'failed', 'peppol' => 'none' ), array( 'id' => 8, 'mail' => 'none', 'peppol' => 'done' ) ) ),
				'239' => array( 'drafts' => 2, 'documents' => array() ),
			),
		);

		$said = $this->states( '238,239' );

		$this->assertSame( array( array( '/plugin/orders', array( 'orders' => array( array( 'order' => 238, 'key' => 'wc_order_238' ), array( 'order' => 239, 'key' => 'wc_order_239' ) ) ) ) ), $this->asked );
		$this->assertSame( array( 'not mailed', '✓ sent by Peppol' ), array_map( static fn ( string $html ): string => trim( wp_strip_all_tags( $html ) ), array_values( $said['documents'] ) ) );
		$this->assertSame( array( '', '2 drafts wait for you' ), array_map( static fn ( string $html ): string => trim( wp_strip_all_tags( $html ) ), array_values( $said['orders'] ) ) );
	}

	public function test_a_silent_facturelay_leaves_the_list_as_it_is(): void {
		$this->sign_in( 'edit_shop_orders' );

		$this->assertSame( array(), $this->states( '238' ) );
	}

	public function test_who_may_not_edit_orders_learns_nothing_and_mails_nothing(): void {
		$this->sign_in( 'read' );

		$this->assertSame( array(), $this->states( '238' ) );
		$this->assertSame( 'back', ( new BulkSend() )->send( 'back', 'facturelay_send', array( 238 ) ) );
		$this->assertSame( 'back', ( new BulkDownload() )->download( 'back', 'facturelay_download', array( 238 ) ) );
		$this->assertSame( array(), $this->asked );
	}

	public function test_of_each_ticked_order_its_invoice_is_mailed_and_those_without_a_document_are_told(): void {
		$this->sign_in( 'edit_shop_orders' );
		$this->answers['/plugin/send']        = array( 'task' => 5 );
		$this->answers['/plugin/task/answer'] = array( 'state' => 'done', 'message' => 'Documents on their way to the customers: 2.', 'code' => 'sent' );

		$this->assertSame( 'back', ( new BulkSend() )->send( 'back', 'facturelay_send', array( '238', '239', '240' ) ) );

		$this->assertSame( array( 8, 9 ), $this->asked[0][1]['documents'] );
		$this->assertSame( array( 'success', 'Documents on their way to the customers: 2. 1 order has no document yet.', 'sent' ), get_transient( 'facturelay_told_' . get_current_user_id() ) );
	}

	public function test_a_copy_of_the_shop_has_no_column_no_filter_and_no_actions(): void {
		Connection::save( array( 'site' => 'https://shop.example' ) + Connection::load()->to_array() );
		$_GET = array( 'facturelay_documents' => 'none' );

		$this->assertSame( array( 'total' => 'Total' ), ( new OrderList() )->add_column( array( 'total' => 'Total' ) ) );
		$this->assertSame( array(), ( new BulkSend() )->add_action( array() ) );
		$this->assertSame( array(), ( new WithoutDocument() )->filter_orders( array() ) );
	}

	public function test_the_box_at_an_order_says_openly_what_somebody_must_know_and_leads_to_facturelay(): void {
		$reasons = array(
			array( 'kind' => '', 'message' => 'Order 240 changed after F2026-00007.' ),
			array( 'kind' => 'invoice', 'message' => 'It exists: F2026-00007.' ),
		);

		$html = DocumentsBox::from_bridge( WC_Order::$stored[240], array( 'fetched' => true, 'reasons' => $reasons ) );

		list( $open, $why ) = explode( '<details>', $html );
		$this->assertStringContainsString( 'Order 240 changed after F2026-00007.', $open );
		$this->assertStringContainsString( '<a href="https://127.0.0.1/s/abc/orders/240">', $open );
		$this->assertSame( 'WhyInvoice: It exists: F2026-00007.', wp_strip_all_tags( $why ) );
	}

	/** @dataProvider states_of_a_mail */
	#[DataProvider( 'states_of_a_mail' )]
	public function test_the_box_at_an_order_says_why_a_mail_waits_on_a_line_of_its_own( string $state, string $says ): void {
		$document = array( 'id' => 7, 'kind' => 'invoice', 'number' => 'F2026-00007', 'date' => '2026-11-27', 'total' => '22.20', 'currency' => 'EUR', 'mail' => $state );

		$silent = DocumentsBox::from_bridge( WC_Order::$stored[240], array( 'documents' => array( $document ) ) );
		$told   = DocumentsBox::from_bridge( WC_Order::$stored[240], array( 'documents' => array( $document + array( 'message' => 'The mail server is away.' ) ) ) );

		$this->assertStringContainsString( "$says<br>The mail server is away.<br>", str_replace( '</span>', '', $told ) );
		$this->assertStringNotContainsString( '<br><br>', $silent );
	}

	/** @return array<string, array{0: string, 1: string}> */
	public static function states_of_a_mail(): array {
		return array(
			'it waits'         => array( 'waiting', 'is being mailed' ),
			'it is not needed' => array( 'skipped', 'not mailed' ),
		);
	}

	public function test_the_box_at_an_order_says_no_amount_of_a_delivery_note(): void {
		$drafts = array_map(
			static fn ( int $id, string $kind ): array => array( 'id' => $id, 'kind' => $kind, 'total' => '0.00', 'currency' => 'EUR' ),
			array( 1, 2 ),
			array( 'delivery_note', 'invoice' )
		);
		$this->order( 240 );
		$this->document( 7, 240, 'delivery_note', 'L2026-00007' );

		$waits = DocumentsBox::from_bridge( WC_Order::$stored[240], array( 'drafts' => $drafts ) );
		$made  = DocumentsBox::from_table( WC_Order::$stored[240] );

		$this->assertSame( 1, substr_count( $waits, wp_strip_all_tags( wc_price( 0 ) ) ) );
		$this->assertStringNotContainsString( wp_strip_all_tags( wc_price( 22.2 ) ), $made );
	}

	private function order( int $id ): void {
		WC_Order::$stored[ $id ] = new WC_Order( array( 'id' => $id ) );
	}

	private function document( int $id, int $order_id, string $kind, string $number, bool $test = false ): void {
		( new DocumentTable() )->save( array( 'id' => $id, 'order' => $order_id, 'kind' => $kind, 'number' => $number, 'date' => '2026-11-27', 'total' => '22.20', 'currency' => 'EUR', 'test' => $test ) );
	}

	private function sign_in( string $right ): void {
		// By a name of its own: WordPress keeps roles in memory when the test is over.
		$role = uniqid( 'role' );
		add_role( $role, $role, array( $right => true ) );
		wp_set_current_user( (int) wp_insert_user( array( 'user_login' => uniqid( 'x' ), 'user_pass' => 'x', 'role' => $role ) ) );
	}

	private function cell( OrderList $list, int $id ): string {
		ob_start();
		$list->show_cell( 'facturelay', WC_Order::$stored[ $id ] );
		return trim( (string) preg_replace( '/\s+/', ' ', wp_strip_all_tags( str_replace( array( '<br>', '</div>' ), ' ', (string) ob_get_clean() ) ) ) );
	}

	/** @return array<string, array<int, string>> */
	private function states( string $ids ): array {
		$_POST    = array( 'orders' => $ids );
		$_REQUEST = array( '_ajax_nonce' => wp_create_nonce( 'facturelay_orders' ) );
		add_filter( 'wp_doing_ajax', '__return_true' );
		ob_start();
		try {
			( new OrderList() )->answer_states();
		} catch ( RuntimeException $died ) {
			unset( $died );
		}
		return (array) json_decode( (string) ob_get_clean(), true );
	}

	private function orders_query(): object {
		return new class() {
			public function get_table_name( string $name ): string {
				return "wc_$name";
			}
		};
	}

	/** @return int[] ids that the condition leaves of a table with the three orders */
	private function left_by_filter(): array {
		global $wpdb;
		$_GET    = array( 'facturelay_documents' => 'none' );
		$filter  = new WithoutDocument();
		$wanted  = $filter->filter_orders( array( 'limit' => 20 ) );
		$clauses = $filter->add_to_orders_query( array( 'where' => '1=1' ), $this->orders_query(), $wanted );
		$wpdb->query( 'CREATE TEMPORARY TABLE IF NOT EXISTS wc_orders (id INT)' );
		$wpdb->query( 'DELETE FROM wc_orders' );
		$wpdb->query( 'INSERT INTO wc_orders VALUES (238), (239), (240)' );
		return array_map( 'intval', $wpdb->get_col( "SELECT id FROM wc_orders WHERE {$clauses['where']} ORDER BY id" ) );
	}
}
