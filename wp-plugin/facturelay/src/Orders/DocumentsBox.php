<?php

declare(strict_types=1);

namespace Facturelay\Orders;

use Facturelay\Connection\Connection;
use Facturelay\Documents\CustomerLinks;
use Facturelay\Documents\DocumentTable;
use WC_Order;

defined( 'ABSPATH' ) || exit;

/** The content of the box at an order, as escaped HTML: for each document its state, the cause, and what can be done. */
final class DocumentsBox {

	private const WARNING = '<span class="dashicons dashicons-warning" aria-hidden="true"></span> ';

	/** From DocumentTable alone, without a request to Facturelay: enough to open the documents. */
	public static function from_table( WC_Order $order ): string {
		$html = '';
		foreach ( ( new DocumentTable() )->of_order( $order->get_id(), true ) as $document ) {
			$html .= '<p>' . self::document_heading( (array) $document + array( 'id' => $document->document_id, 'date' => $document->dated ), $order ) . '</p>';
		}
		return '' === $html ? self::no_documents() : $html;
	}

	/** @param array<string, mixed> $answer of /plugin/order: documents, drafts, reasons, seen (whether Facturelay knows the order) */
	public static function from_bridge( WC_Order $order, array $answer ): string {
		$html = '';
		foreach ( (array) ( $answer['documents'] ?? array() ) as $document ) {
			$html .= self::document_html( $document, $order );
		}
		foreach ( (array) ( $answer['drafts'] ?? array() ) as $draft ) {
			$html .= self::draft_html( $draft, $order );
		}
		return ( '' === $html ? self::no_documents() : $html ) . self::reasons_html( $order, $answer );
	}

	/** @param array<string, mixed> $document */
	private static function document_html( array $document, WC_Order $order ): string {
		$errors = array_filter( array_map( 'strval', (array) ( $document['failed'] ?? array() ) ) );
		$html   = self::document_heading( $document, $order ) . '<br>' . self::mail_status( $document ) . self::peppol_status( $document );
		foreach ( $errors as $message ) {
			$html .= '<br>' . esc_html( $message );
		}
		$html .= '<br>' . self::action_link( $order, 'send', (int) $document['id'], 'none' === $document['mail'] ? __( 'Mail it', 'facturelay' ) : __( 'Mail again', 'facturelay' ) );
		if ( array() !== $errors ) {
			$html .= ' · ' . self::action_link( $order, 'retry', $order->get_id(), __( 'Try again', 'facturelay' ) );
		}
		return "<p>$html</p>";
	}

	/** @param array<string, mixed> $document */
	private static function document_heading( array $document, WC_Order $order ): string {
		$id    = (int) $document['id'];
		$files = '';
		foreach ( array_map( 'strval', (array) ( $document['files'] ?? array() ) ) as $file ) {
			$files .= sprintf( ' · <a href="%s" target="_blank" rel="noopener">%s</a>', esc_url( CustomerLinks::document_url( $id, $order, $file ) ), esc_html( DocumentTable::file_name( $file ) ) );
		}
		$test = empty( $document['test'] ) ? '' : ' (' . esc_html__( 'test', 'facturelay' ) . ')';
		return sprintf(
			'<strong><a href="%s" target="_blank" rel="noopener">%s</a></strong>%s<br>%s%s',
			esc_url( CustomerLinks::document_url( $id, $order ) ),
			esc_html( DocumentTable::title( (string) $document['kind'] ) . ' ' . $document['number'] ),
			$test,
			esc_html( mysql2date( get_option( 'date_format' ), (string) $document['date'] ) ) . self::amount_after( ' · ', $document ),
			$files
		);
	}

	/** @param array<string, mixed> $document */
	private static function mail_status( array $document ): string {
		$at  = (int) ( $document['mailed_at'] ?? 0 );
		$why = (string) ( $document['message'] ?? '' );
		// A sentence of its own, on a line of its own.
		$why = '' === $why ? '' : '<br>' . esc_html( $why );
		switch ( $document['mail'] ?? '' ) {
			case 'done':
				/* translators: %s: day and time */
				$words = empty( $document['test'] ) ? __( 'mailed %s', 'facturelay' ) : __( 'mailed %s to you and not to the customer: it is a test', 'facturelay' );
				return '✓ ' . esc_html( sprintf( $words, wp_date( get_option( 'date_format' ) . ' H:i', $at ) ) );
			case 'waiting':
			case 'running':
				return '<span data-pending>… ' . esc_html__( 'is being mailed', 'facturelay' ) . '</span>' . $why;
			case 'failed':
				return self::WARNING . esc_html__( 'not mailed', 'facturelay' );
			default:
				return esc_html__( 'not mailed', 'facturelay' ) . $why;
		}
	}

	/**
	 * For the list of orders: how a document fares, in a word or two.
	 *
	 * @param array<string, mixed> $document
	 */
	public static function short_status( array $document ): string {
		$peppol = (string) ( $document['peppol'] ?? 'none' );
		if ( 'failed' === ( $document['mail'] ?? '' ) || 'failed' === $peppol ) {
			$words = 'failed' === $peppol ? __( 'not sent by Peppol', 'facturelay' ) : __( 'not mailed', 'facturelay' );
			return self::WARNING . esc_html( $words );
		}
		if ( 'none' === ( $document['mail'] ?? 'none' ) && 'done' === $peppol ) {
			return '✓ ' . esc_html__( 'sent by Peppol', 'facturelay' );
		}
		if ( 'done' === ( $document['mail'] ?? '' ) ) {
			$when = wp_date( get_option( 'date_format' ) . ' H:i', (int) $document['mailed_at'] );
			return sprintf( '<span title="%s">✓ %s</span>', esc_attr( $when ), esc_html__( 'mailed', 'facturelay' ) );
		}
		return self::mail_status( $document );
	}

	/** @param array<string, mixed> $document */
	private static function peppol_status( array $document ): string {
		$peppol  = (array) ( $document['peppol'] ?? array() );
		$message = (string) ( $peppol['message'] ?? '' );
		if ( ! empty( $peppol['sent_at'] ) ) {
			/* translators: 1: address on the Peppol network, 2: day and time */
			$message = sprintf( __( 'sent by Peppol to %1$s, %2$s', 'facturelay' ), (string) $peppol['address'], wp_date( get_option( 'date_format' ) . ' H:i', (int) $peppol['sent_at'] ) );
			return '<br>✓ ' . esc_html( $message );
		}
		if ( '' === $message ) {
			return '';
		}
		// What the message says to press is there.
		$page = self::link( '/documents/' . (int) $document['id'], __( 'The document’s page in Facturelay', 'facturelay' ) );
		return '<br>' . ( empty( $peppol['failed'] ) ? '' : self::WARNING ) . esc_html( $message ) . "<br>$page";
	}

	/** @param array<string, mixed> $draft */
	private static function draft_html( array $draft, WC_Order $order ): string {
		$title = DocumentTable::title( (string) $draft['kind'] );
		/* translators: 1: kind of document, 2: order number */
		$question = sprintf( __( 'Issue the %1$s for order %2$s? It gets its number, and that cannot be undone.', 'facturelay' ), $title, $order->get_order_number() );
		$html     = sprintf(
			'<strong>%s</strong>%s',
			/* translators: %s: kind of document */
			esc_html( sprintf( __( 'Draft: %s', 'facturelay' ), $title ) ),
			self::amount_after( '<br>', $draft )
		);
		foreach ( (array) ( $draft['problems'] ?? array() ) as $message ) {
			$html .= '<br>' . esc_html( (string) $message );
		}
		return "<p>$html<br>" . self::action_link( $order, 'issue_send', (int) $draft['id'], __( 'Issue and send', 'facturelay' ), $question )
			. ' · ' . self::action_link( $order, 'issue', (int) $draft['id'], __( 'Only issue', 'facturelay' ), $question ) . '</p>';
	}

	/**
	 * What a person must know of the order stands open; why a document was made or not is for whoever asks.
	 *
	 * @param array<string, mixed> $answer of /plugin/order
	 */
	private static function reasons_html( WC_Order $order, array $answer ): string {
		if ( empty( $answer['fetched'] ) ) {
			return '<p class="description" data-pending>' . esc_html__( 'Facturelay has not seen this order yet. That takes a minute after it was placed.', 'facturelay' ) . '</p>';
		}
		$html = '';
		$why  = '';
		foreach ( (array) ( $answer['reasons'] ?? array() ) as $reason ) {
			$kind    = (string) ( $reason['kind'] ?? '' );
			$message = esc_html( (string) ( $reason['message'] ?? '' ) );
			if ( '' === $kind ) {
				$html .= '<p>' . self::WARNING . $message . '</p>';
			} else {
				$why .= '<li><strong>' . esc_html( DocumentTable::title( $kind ) ) . "</strong>: $message</li>";
			}
		}
		$html .= '<p>' . self::link( '/orders/' . $order->get_id(), __( 'Go on in Facturelay', 'facturelay' ) ) . '</p>';
		return '' === $why ? $html : $html . '<details><summary>' . esc_html__( 'Why', 'facturelay' ) . "</summary><ul>$why</ul></details>";
	}

	/** To a page of the shop's own in Facturelay. */
	private static function link( string $path, string $label ): string {
		$connection = Connection::load();
		return sprintf( '<a href="%s">%s</a>', esc_url( $connection->bridge_url() . '/s/' . $connection->shop_id() . $path ), esc_html( $label ) );
	}

	private static function no_documents(): string {
		return '<p>' . esc_html__( 'There is no document yet. It appears here as soon as it is made.', 'facturelay' ) . '</p>';
	}

	/** @param array<string, mixed> $document or a draft; '' where it states no amount */
	private static function amount_after( string $before, array $document ): string {
		if ( ! DocumentTable::states_amount( (string) $document['kind'] ) ) {
			return '';
		}
		$price = wc_price( (float) $document['total'], array( 'currency' => (string) $document['currency'] ) );
		return $before . esc_html( html_entity_decode( wp_strip_all_tags( $price ), ENT_QUOTES, 'UTF-8' ) );
	}

	private static function action_link( WC_Order $order, string $action, int $id, string $label, string $question = '' ): string {
		$confirm = '' === $question ? '' : sprintf( ' onclick="return confirm(\'%s\')"', esc_js( $question ) );
		return sprintf( '<a href="%s"%s>%s</a>', esc_url( DocumentActions::url( $order->get_id(), $action, $id ) ), $confirm, esc_html( $label ) );
	}
}
