<?php

declare(strict_types=1);

namespace Facturelay\Admin;

use Facturelay\Checkout\VatNumberCheck;
use Facturelay\Checkout\VatNumberField;
use Facturelay\Connection\Connection;
use Facturelay\Connection\Connector;
use Facturelay\Connection\Heartbeat;
use Facturelay\Connection\PrivateAddress;
use Facturelay\FacturelayError;
use Facturelay\Feature;
use Facturelay\Lifecycle\Updates;
use Facturelay\Mails\MailHold;
use Facturelay\Others\OtherInvoices;

defined( 'ABSPATH' ) || exit;

/** The tab under WooCommerce > Settings: connect, see the state of the connection, choose who sends which mail. */
final class SettingsTab implements Feature {

	private const TAB         = 'facturelay';
	private const TYPED_INPUT = 'facturelay_typed_';
	private const MAIL_IDS    = array( 'customer_on_hold_order', 'customer_processing_order', 'customer_completed_order', 'customer_refunded_order' );

	private string $version;

	public function __construct( string $version ) {
		$this->version = $version;
	}

	public function add_hooks(): void {
		add_filter( 'woocommerce_settings_tabs_array', array( $this, 'add_tab' ), 60 );
		add_action( 'woocommerce_settings_' . self::TAB, array( $this, 'show' ) );
		add_action( 'woocommerce_settings_save_' . self::TAB, array( $this, 'handle_submit' ) );
	}

	public static function url(): string {
		return admin_url( 'admin.php?page=wc-settings&tab=' . self::TAB );
	}

	/** Whether this request shows the tab, which says by itself what is wrong. */
	public static function is_shown(): bool {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- Nothing is done by it.
		return isset( $_GET['page'], $_GET['tab'] ) && 'wc-settings' === $_GET['page'] && self::TAB === $_GET['tab'];
	}

	/**
	 * @param array<string, string> $tabs
	 * @return array<string, string>
	 */
	public function add_tab( $tabs ): array {
		return (array) $tabs + array( self::TAB => __( 'Facturelay', 'facturelay' ) );
	}

	/** Does what the pressed button says, then returns to the tab with a notice. */
	public function handle_submit(): void {
		if ( ! current_user_can( 'manage_woocommerce' ) ) {
			wp_die( esc_html__( 'You may not do this.', 'facturelay' ), 403 );
		}
		check_admin_referer( 'woocommerce-settings' );
		$action = isset( $_POST['save'] ) ? sanitize_key( wp_unslash( $_POST['save'] ) ) : '';
		try {
			$notice = $this->run( $action );
		} catch ( FacturelayError $error ) {
			$notice = array( 'error', $error->getMessage(), $error->error_code() );
		}
		// After a failure the form shows again what was typed; the code too, for it has not been used.
		$typed = 'connect' === $action && 'success' !== $notice[0] ? array( $this->field( 'address' ), $this->field( 'code' ) ) : array();
		set_transient( self::TYPED_INPUT . get_current_user_id(), $typed, 300 );
		FlashNotice::store( ...$notice );
		wp_safe_redirect( self::url() );
		exit;
	}

	public function show(): void {
		// The tab has buttons of its own.
		$GLOBALS['hide_save_button'] = true;
		$typed                       = get_transient( self::TYPED_INPUT . get_current_user_id() );
		delete_transient( self::TYPED_INPUT . get_current_user_id() );
		$typed      = is_array( $typed ) ? $typed : array();
		$connection = Connection::load();
		$code       = FlashNotice::show();
		OtherInvoices::show_warnings();
		if ( $connection->is_clone() ) {
			$this->show_clone( $connection );
		} elseif ( $connection->exists() ) {
			$this->show_connection( $connection );
			$this->show_settings();
		} else {
			$this->show_connect_form( (string) ( $typed[0] ?? '' ), (string) ( $typed[1] ?? '' ), 'private_address' === $code );
		}
	}

	/** @return array{0: string, 1: string, 2: string} kind of notice, message, code */
	private function run( string $action ): array {
		$connector = new Connector( $this->version );
		if ( 'connect' !== $action && '' !== $this->field( 'private' ) && Connection::load()->exists() ) {
			PrivateAddress::allow_for( Connection::load() );
		}
		switch ( $action ) {
			case 'connect':
				$connector->connect( $this->field( 'address' ), $this->field( 'code' ), '' !== $this->field( 'private' ) );
				return $this->check( $connector, false );
			case 'check':
				return $this->check( $connector, true );
			case 'renew':
				$connector->renew( get_current_user_id() );
				return $this->check( $connector, false );
			case 'move':
				$connector->move();
				$response = Heartbeat::last_response();
				return '' === (string) ( $response['message'] ?? '' )
					? array( 'success', __( 'The plugin works here from now on.', 'facturelay' ), 'moved' )
					: array( 'warning', (string) $response['message'], (string) $response['error_code'] );
			case 'disconnect':
				$connector->disconnect();
				return array( 'success', __( 'Disconnected. Your shop sends its own mails again; your documents stay on your Facturelay.', 'facturelay' ), 'disconnected' );
			case 'choices':
				$this->save_settings();
				( new Heartbeat( $this->version ) )->send();
				return array( 'success', __( 'Saved.', 'facturelay' ), 'saved' );
			default:
				return array( 'error', __( 'Nothing was done; press one of the buttons.', 'facturelay' ), 'nothing_done' );
		}
	}

	/** @return array{0: string, 1: string, 2: string} */
	private function check( Connector $connector, bool $again ): array {
		$check = $connector->check( $again );
		( new Heartbeat( $this->version ) )->send();
		if ( 'failed' === $check['state'] ) {
			return array( 'error', $check['message'], $check['code'] );
		}
		if ( 'waiting' === $check['state'] ) {
			return array( 'warning', __( 'Connected. Facturelay is still checking whether it can read your orders; press “Check the connection” in a minute.', 'facturelay' ), 'waiting' );
		}
		if ( 'connected' !== $check['code'] ) {
			return array( 'warning', $check['message'], $check['code'] );
		}
		return array( 'success', __( 'Connected: Facturelay can read your orders and write to them.', 'facturelay' ), 'connected' );
	}

	private function save_settings(): void {
		OtherInvoices::save_choice( '' !== $this->field( 'beside' ) );
		update_option( VatNumberField::OPTION, '' === $this->field( 'vat' ) ? 'no' : 'yes', true );
		update_option( VatNumberCheck::FILL_OPTION, '' === $this->field( 'vat_fill' ) ? 'no' : 'yes', true );
		$choices = array();
		foreach ( self::MAIL_IDS as $mail_id ) {
			$choices[ $mail_id ] = 'link' === $this->field( "mail_$mail_id" ) ? 'link' : 'automatic';
		}
		update_option( MailHold::OPTION, $choices, true );
	}

	/** The nonce was checked in handle_submit(). */
	private function field( string $name ): string {
		// phpcs:ignore WordPress.Security.NonceVerification.Missing
		return isset( $_POST[ "facturelay_$name" ] ) ? sanitize_text_field( wp_unslash( $_POST[ "facturelay_$name" ] ) ) : '';
	}

	private function show_connect_form( string $address, string $code, bool $offer_private ): void {
		echo '<h2>' . esc_html__( 'Connect your shop', 'facturelay' ) . '</h2>';
		echo '<p>' . esc_html__( 'Facturelay shows an address and a code for this shop. Paste both and press Connect; the plugin does the rest.', 'facturelay' ) . '</p>';
		echo '<table class="form-table">';
		$this->show_field( 'address', __( 'Address of Facturelay', 'facturelay' ), $address, 'https://documents.example.com' );
		$this->show_field( 'code', __( 'Code', 'facturelay' ), $code, 'ABCDE-FGHJK-MNPQR-STVWX' );
		if ( $offer_private ) {
			$this->show_private_box( $address );
		}
		// Of this class WooCommerce knows that what was typed is not lost: beside others it asks whether to leave the page.
		echo '</table><p class="submit">';
		$this->show_button( 'connect', __( 'Connect', 'facturelay' ), true );
		echo '</p>';
	}

	private function show_private_box( string $address ): void {
		if ( ! PrivateAddress::may_be_allowed() ) {
			$this->show_row( __( 'Private network', 'facturelay' ), PrivateAddress::refusal() );
			return;
		}
		printf(
			'<tr><th scope="row">%s</th><td><label><input type="checkbox" name="facturelay_private" value="1"> %s</label></td></tr>',
			esc_html__( 'Private network', 'facturelay' ),
			/* translators: %s: host and port */
			esc_html( sprintf( __( 'This is a machine of my own: let my shop call exactly %s', 'facturelay' ), PrivateAddress::host_and_port( $address ) ) )
		);
	}

	private function show_connection( Connection $connection ): void {
		( new Heartbeat( $this->version ) )->refresh();
		$response = Heartbeat::last_response();
		echo '<h2>' . esc_html__( 'Connection', 'facturelay' ) . '</h2><table class="form-table">';
		$pages = $connection->bridge_url() . '/s/' . $connection->shop_id();
		printf( '<tr><th scope="row">%s</th><td><a href="%s">%s</a></td></tr>', esc_html__( 'Facturelay', 'facturelay' ), esc_url( $pages ), esc_html( $connection->bridge_url() ) );
		$this->show_row( __( 'Shop', 'facturelay' ), (string) ( $response['shop']['name'] ?? $connection->shop_name() ) );
		$failure = ( new SiteHealth() )->problem() ?: (string) ( $response['message'] ?? '' );
		$this->show_row( __( 'State', 'facturelay' ), $failure ?: $this->status_text( $response ), '' !== $failure );
		$this->show_row( __( 'Last contact', 'facturelay' ), isset( $response['answered_at'] ) ? wp_date( get_option( 'date_format' ) . ' H:i:s', (int) $response['answered_at'] ) : __( 'none yet', 'facturelay' ) );
		if ( Updates::waits_for_administrator() ) {
			$this->show_row( __( 'Newer version', 'facturelay' ), __( 'This Facturelay offers a newer version of the plugin, and whoever connected it may not install plugins. If the address above is yours, an administrator presses “Reconnect”; then WordPress offers it among its updates.', 'facturelay' ), true );
		}
		if ( 'private_address' === ( $response['error_code'] ?? '' ) ) {
			// WordPress calls its own host without being asked: it was that of Facturelay too, until the shop moved.
			$this->show_private_box( $connection->bridge_url() );
		}
		echo '</table><p class="submit">';
		$in_test = ! empty( $response['shop']['test'] );
		if ( $in_test ) {
			// There what is still missing before the first real document comes step by step.
			printf( '<a class="button button-primary" href="%s">%s</a> ', esc_url( "$pages/settings/next" ), esc_html__( 'Go on in Facturelay', 'facturelay' ) );
		}
		$this->show_button( 'check', __( 'Check the connection', 'facturelay' ), ! $in_test );
		$this->show_button( 'renew', __( 'Reconnect', 'facturelay' ), false );
		$this->show_button( 'disconnect', __( 'Disconnect', 'facturelay' ), false, __( 'Disconnect this shop? Facturelay no longer receives its orders, and your shop sends its own mails again. Your documents stay on your Facturelay.', 'facturelay' ) );
		echo '</p><p class="description">' . esc_html__( 'Reconnect renews the access that Facturelay and your shop have to each other; no code is needed.', 'facturelay' ) . '</p>';
	}

	/** @param array<string, mixed> $response of the last heartbeat, where nothing failed */
	private function status_text( array $response ): string {
		if ( ! empty( $response['shop']['suspended'] ) ) {
			return __( 'Paused: orders wait until your shop is resumed in Facturelay.', 'facturelay' );
		}
		if ( ! empty( $response['shop']['test'] ) ) {
			return __( 'In test: documents are marked as tests and go to you only. Your shop sends its own mails.', 'facturelay' );
		}
		return empty( $response['reachable'] )
			? __( 'Facturelay works, but cannot reach this plugin: a firewall or security plugin closes its address. Your shop keeps sending its own mails until that is open.', 'facturelay' )
			: __( 'All is well.', 'facturelay' );
	}

	private function show_settings(): void {
		OtherInvoices::show_choice();
		$names   = array(
			'customer_on_hold_order'    => __( 'Order on hold', 'facturelay' ),
			'customer_processing_order' => __( 'Processing order', 'facturelay' ),
			'customer_completed_order'  => __( 'Completed order', 'facturelay' ),
			'customer_refunded_order'   => __( 'Refunded order', 'facturelay' ),
		);
		$choices = array(
			'automatic' => __( 'Automatic', 'facturelay' ),
			'link'      => __( 'Always WooCommerce’s own, with a link to the documents', 'facturelay' ),
		);
		echo '<h2>' . esc_html__( 'Mails to your customers', 'facturelay' ) . '</h2>';
		echo '<p>' . esc_html__( 'Automatic: where a document is mailed at that moment, its mail replaces WooCommerce’s. That one waits ten minutes at most; if the document is not mailed by then, it leaves after all. WooCommerce’s log calls such a mail disabled while it waits.', 'facturelay' ) . '</p>';
		echo '<p>' . esc_html__( 'Always WooCommerce’s own: that mail leaves at once, with a link under which the customer finds the document and its PDF, and Facturelay mails no second one. Documents that are made at another moment are mailed by Facturelay all the same; so is what you send by hand.', 'facturelay' ) . '</p>';
		echo '<table class="form-table">';
		foreach ( $names as $mail_id => $name ) {
			printf( '<tr><th scope="row"><label for="facturelay_mail_%1$s">%2$s</label></th><td><select id="facturelay_mail_%1$s" name="facturelay_mail_%1$s">', esc_attr( $mail_id ), esc_html( $name ) );
			foreach ( $choices as $choice => $label ) {
				printf( '<option value="%s"%s>%s</option>', esc_attr( $choice ), selected( MailHold::choice( $mail_id ), $choice, false ), esc_html( $label ) );
			}
			echo '</select></td></tr>';
		}
		echo '</table>';
		echo '<h2>' . esc_html__( 'Checkout', 'facturelay' ) . '</h2><table class="form-table">';
		printf(
			'<tr><th scope="row">%s</th><td><label><input type="checkbox" name="facturelay_vat" value="1"%s> %s</label><p class="description">%s</p></td></tr>',
			esc_html__( 'VAT number of companies', 'facturelay' ),
			checked( 'no' !== get_option( VatNumberField::OPTION, 'yes' ), true, false ),
			esc_html__( 'Ask companies for their VAT number', 'facturelay' ),
			esc_html( $this->vat_field_note() )
		);
		printf(
			'<tr><th scope="row">%s</th><td><label><input type="checkbox" name="facturelay_vat_fill" value="1"%s> %s</label></td></tr></table><p class="submit">',
			esc_html__( 'Name and address', 'facturelay' ),
			checked( 'no' !== get_option( VatNumberCheck::FILL_OPTION, 'yes' ), true, false ),
			esc_html__( 'Fill in what the register of VAT numbers knows of a company, where the customer typed nothing', 'facturelay' )
		);
		$this->show_button( 'choices', __( 'Save', 'facturelay' ), true );
		echo '</p>';
	}

	private function vat_field_note(): string {
		return VatNumberField::has_other_plugin()
			? __( 'Another plugin asks for it already, so Facturelay does not.', 'facturelay' )
			: __( 'Never required. A number with wrong digits is refused at once; while it is typed, the checkout says whether the EU’s register knows it.', 'facturelay' );
	}

	private function show_clone( Connection $connection ): void {
		echo '<h2>' . esc_html__( 'This is a copy of a connected shop', 'facturelay' ) . '</h2>';
		/* translators: 1: name of the connected shop, 2: address of this site */
		echo '<p>' . esc_html( sprintf( __( '%1$s is connected under another address than %2$s. So the plugin does nothing here. If your shop moved here, say so; if this copy should have documents of its own, disconnect it and connect with a new code. The other site is not touched.', 'facturelay' ), $connection->shop_name(), Connection::home_url() ) ) . '</p>';
		$this->show_button( 'disconnect', __( 'Disconnect this copy', 'facturelay' ), true );
		$this->show_button( 'move', __( 'The shop moved here', 'facturelay' ), false, __( 'Is this the shop itself, at its new address? The plugin then works here; in a copy, customers could get mails twice.', 'facturelay' ) );
	}

	private function show_field( string $name, string $label, string $value, string $example ): void {
		printf(
			'<tr><th scope="row"><label for="facturelay_%1$s">%2$s</label></th><td><input type="text" class="regular-text" id="facturelay_%1$s" name="facturelay_%1$s" value="%3$s" placeholder="%4$s" autocomplete="off"></td></tr>',
			esc_attr( $name ),
			esc_html( $label ),
			esc_attr( $value ),
			esc_attr( $example )
		);
	}

	private function show_row( string $name, string $value, bool $warns = false ): void {
		printf( '<tr><th scope="row">%s</th><td>%s%s</td></tr>', esc_html( $name ), $warns ? '<span class="dashicons dashicons-warning" aria-hidden="true"></span> ' : '', esc_html( $value ) );
	}

	private function show_button( string $action, string $label, bool $primary, string $question = '' ): void {
		$confirm = '' === $question ? '' : sprintf( ' onclick="return confirm(\'%s\')"', esc_js( $question ) );
		// phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- $confirm is escaped above.
		printf( '<button type="submit" name="save" value="%s" class="button %s"%s>%s</button> ', esc_attr( $action ), $primary ? 'button-primary' : '', $confirm, esc_html( $label ) );
	}
}
