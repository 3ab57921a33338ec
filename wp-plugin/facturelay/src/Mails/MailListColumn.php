<?php

declare(strict_types=1);

namespace Facturelay\Mails;

use Facturelay\Admin\SettingsTab;
use Facturelay\Connection\Connection;
use Facturelay\Connection\Heartbeat;
use Facturelay\Documents\DocumentTable;
use Facturelay\Feature;

defined( 'ABSPATH' ) || exit;

/** A column in WooCommerce's list of mails, and a notice on the page of each: which documents replace the mail. */
final class MailListColumn implements Feature {

	private const COLUMN = 'facturelay';

	public function add_hooks(): void {
		add_filter( 'woocommerce_email_setting_columns', array( $this, 'add_column' ) );
		add_action( 'woocommerce_email_setting_column_' . self::COLUMN, array( $this, 'show_cell' ) );
		add_action( 'woocommerce_email_settings_before', array( $this, 'show_above_mail' ) );
	}

	/**
	 * @param mixed $columns
	 * @return array<string, string>
	 */
	public function add_column( $columns ): array {
		$columns = (array) $columns;
		if ( ! Connection::load()->is_active() ) {
			return $columns;
		}
		// Before the buttons at the end of the row.
		$last = array_splice( $columns, isset( $columns['actions'] ) ? (int) array_search( 'actions', array_keys( $columns ), true ) : count( $columns ) );
		return $columns + array( self::COLUMN => __( 'Facturelay', 'facturelay' ) ) + $last;
	}

	/** @param mixed $email */
	public function show_cell( $email ): void {
		printf( '<td class="wc-email-settings-table-facturelay">%s</td>', esc_html( $this->description( $email, true ) ) );
	}

	/** @param mixed $email */
	public function show_above_mail( $email ): void {
		$description = Connection::load()->is_active() ? $this->description( $email, false ) : '';
		if ( '' !== $description ) {
			printf( '<div class="notice notice-info inline"><p>%s <a href="%s">%s</a></p></div>', esc_html( $description ), esc_url( SettingsTab::url() ), esc_html__( 'Facturelay’s settings', 'facturelay' ) );
		}
	}

	/**
	 * What happens to a mail, in short or in full; '' for mails that are never held.
	 *
	 * @param mixed $email
	 */
	private function description( $email, bool $short ): string {
		$mail_id = is_object( $email ) && isset( $email->id ) ? (string) $email->id : '';
		if ( ! isset( MailHold::EVENTS[ $mail_id ] ) ) {
			return '';
		}
		if ( 'link' === MailHold::choice( $mail_id ) ) {
			return __( 'Leaves at once, with a link to the documents: you chose so.', 'facturelay' );
		}
		$conditions = Heartbeat::hold_rules()->conditions( $mail_id );
		if ( array() === $conditions ) {
			return __( 'Leaves at once: no document is mailed at this moment.', 'facturelay' );
		}
		if ( ! Heartbeat::has_recent_response() ) {
			return __( 'Leaves at once while Facturelay does not answer.', 'facturelay' );
		}
		$documents = implode( ', ', array_unique( array_map( array( $this, 'condition_text' ), $conditions ) ) );
		if ( $short ) {
			/* translators: %s: list of documents, each with the orders it is for */
			return sprintf( __( 'Replaced by: %s', 'facturelay' ), $documents );
		}
		/* translators: %s: list of documents, each with the orders it is for */
		return sprintf( __( 'Where one of these documents is mailed, this mail waits, ten minutes at most, and is replaced: %s.', 'facturelay' ), $documents );
	}

	/** @param array<string, mixed> $condition */
	private function condition_text( array $condition ): string {
		$limits = array();
		if ( ! empty( $condition['needs_paid'] ) ) {
			$limits[] = __( 'paid orders', 'facturelay' );
		}
		if ( 'business' === $condition['buyer'] ) {
			$limits[] = __( 'businesses', 'facturelay' );
		}
		if ( 'consumer' === $condition['buyer'] ) {
			$limits[] = __( 'consumers', 'facturelay' );
		}
		$limits = array_merge( $limits, array_map( array( $this, 'payment_method_title' ), $condition['methods'] ), $condition['countries'] );
		if ( null !== $condition['minimum'] ) {
			/* translators: %s: amount */
			$limits[] = sprintf( __( '%s or more', 'facturelay' ), $condition['minimum'] );
		}
		$title = DocumentTable::title( (string) $condition['kind'] );
		return array() === $limits ? $title : sprintf( '%s (%s)', $title, implode( ', ', $limits ) );
	}

	/** The name of a payment method in wp-admin; its id where it is gone. */
	private function payment_method_title( string $id ): string {
		$gateway = WC()->payment_gateways()->payment_gateways()[ $id ] ?? null;
		return null === $gateway ? $id : wp_strip_all_tags( (string) $gateway->get_method_title() );
	}
}
