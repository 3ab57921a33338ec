<?php

declare(strict_types=1);

namespace Facturelay\Admin;

use Facturelay\Documents\DocumentTable;
use Facturelay\Feature;
use Facturelay\Mails\MailTable;

defined( 'ABSPATH' ) || exit;

/** Exports and erases for WordPress's tools for personal data; suggests a text for the privacy policy. */
final class PersonalData implements Feature {

	private const PER_PAGE = 20;

	public function add_hooks(): void {
		add_filter( 'wp_privacy_personal_data_exporters', array( $this, 'add_exporter' ) );
		add_filter( 'wp_privacy_personal_data_erasers', array( $this, 'add_eraser' ) );
		add_action( 'admin_init', array( $this, 'suggest_privacy_policy' ) );
	}

	/**
	 * @param mixed $exporters
	 * @return array<string, mixed>
	 */
	public function add_exporter( $exporters ): array {
		return (array) $exporters + array(
			'facturelay' => array(
				'exporter_friendly_name' => __( 'Facturelay: documents of orders', 'facturelay' ),
				'callback'               => array( $this, 'export' ),
			),
		);
	}

	/**
	 * @param mixed $erasers
	 * @return array<string, mixed>
	 */
	public function add_eraser( $erasers ): array {
		return (array) $erasers + array(
			'facturelay' => array(
				'eraser_friendly_name' => __( 'Facturelay: mails that waited for a document', 'facturelay' ),
				'callback'             => array( $this, 'erase' ),
			),
		);
	}

	/** @return array{data: array<int, mixed>, done: bool} */
	public function export( string $email, int $page = 1 ): array {
		$orders    = $this->orders( $email, $page );
		$documents = new DocumentTable();
		$data      = array();
		foreach ( $orders as $order ) {
			foreach ( $documents->of_order( $order->get_id() ) as $document ) {
				$data[] = array(
					'group_id'    => 'facturelay',
					'group_label' => __( 'Documents', 'facturelay' ),
					'item_id'     => 'facturelay-' . (int) $document->document_id,
					'data'        => array(
						array(
							'name'  => DocumentTable::title( $document->kind ),
							'value' => "$document->number, $document->dated" . ( DocumentTable::states_amount( $document->kind ) ? ", $document->total $document->currency" : '' ),
						),
					),
				);
			}
		}
		return array(
			'data' => $data,
			'done' => count( $orders ) < self::PER_PAGE,
		);
	}

	/** @return array<string, mixed> */
	public function erase( string $email, int $page = 1 ): array {
		$orders   = $this->orders( $email, $page );
		$ids      = array_map( static fn ( $order ): int => $order->get_id(), $orders );
		$removed  = MailTable::delete_of_orders( $ids );
		$retained = array() !== array_filter( $ids, static fn ( int $id ): bool => array() !== ( new DocumentTable() )->of_order( $id ) );
		return array(
			'items_removed'  => $removed > 0,
			'items_retained' => $retained,
			'messages'       => $retained ? array( __( 'Invoices are kept as long as the law demands.', 'facturelay' ) ) : array(),
			'done'           => count( $orders ) < self::PER_PAGE,
		);
	}

	public function suggest_privacy_policy(): void {
		wp_add_privacy_policy_content(
			'Facturelay',
			'<p>' . esc_html__( 'When you order, we send your order to our own Facturelay server, which makes your order confirmation, invoice or credit note and mails it to you. Invoices are kept as long as the law demands.', 'facturelay' ) . '</p>'
		);
	}

	/** @return \WC_Order[] */
	private function orders( string $email, int $page ): array {
		if ( ! function_exists( 'wc_get_orders' ) ) {
			return array();
		}
		$found = wc_get_orders(
			array(
				'billing_email' => $email,
				'limit'         => self::PER_PAGE,
				'page'          => $page,
				'orderby'       => 'ID',
				'type'          => 'shop_order',
			)
		);
		return is_array( $found ) ? $found : array();
	}
}
