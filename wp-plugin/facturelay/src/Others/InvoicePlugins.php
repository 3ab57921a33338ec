<?php

declare(strict_types=1);

namespace Facturelay\Others;

defined( 'ABSPATH' ) || exit;

/**
 * Other plugins that make invoices of WooCommerce's orders: two invoices for one sale are two times its VAT. As data, read in their sources
 * of 2024 to 2026; where a plugin's options are not known it may make invoices, and a person is asked to look.
 */
final class InvoicePlugins {

	/**
	 * Each with
	 * - found: classes or constants that are there while it is active, and folders: how the name of its folder begins;
	 * - screen: the page in wp-admin where it is switched off, and where: the way to it, in the plugin's own words;
	 * - needs, any: settings by which it makes invoices by itself: each of the first and one of the second. A setting is an option, the
	 *   key in it ('' for the option itself), the value (true: anything) and what counts while nobody has saved it. Missing: not known;
	 * - next: where its next number stands, as kind, place and key; prefix, suffix, digits, format, yearly: settings of its print;
	 *   number: the setting by which it numbers by itself; around: prefix and suffix stand around the format, not in it.
	 */
	private const PLUGINS = array(
		array(
			'name'    => 'PDF Invoices & Packing Slips (WP Overnight)',
			'found'   => array( 'WPO_WCPDF' ),
			'folders' => array( 'woocommerce-pdf-invoices-packing-slips' ),
			'screen'  => 'admin.php?page=wpo_wcpdf_options_page&tab=documents&section=invoice',
			'where'   => 'WooCommerce > PDF Invoices > Documents > Invoice: Enable',
			'needs'   => array( array( 'wpo_wcpdf_documents_settings_invoice', 'enabled', true, '' ) ),
			'any'     => array(
				array( 'wpo_wcpdf_documents_settings_invoice', 'attach_to_email_ids', true, '' ),
				array( 'wpo_wcpdf_documents_settings_invoice', 'my_account_buttons', 'always', '' ),
				array( 'wpo_wcpdf_documents_settings_invoice', 'my_account_buttons', 'custom', '' ),
				array( 'wpo_wcpdf_documents_settings_invoice', 'auto_generate_for_statuses', true, '' ),
			),
			'next'    => array( 'table', 'wcpdf_invoice_number', 'calculated_number' ),
			'number'  => array( 'wpo_wcpdf_documents_settings_invoice', 'display_number', 'invoice_number', 'invoice_number' ),
			'prefix'  => array( 'wpo_wcpdf_documents_settings_invoice', 'number_format', 'prefix' ),
			'suffix'  => array( 'wpo_wcpdf_documents_settings_invoice', 'number_format', 'suffix' ),
			'digits'  => array( 'wpo_wcpdf_documents_settings_invoice', 'number_format', 'padding' ),
			'yearly'  => array( 'wpo_wcpdf_documents_settings_invoice', 'reset_number_yearly', true, '' ),
		),
		array(
			'name'    => 'Print Invoices & Packing Slips (WebToffee)',
			'found'   => array( 'WF_PKLIST_VERSION', 'Wf_Woocommerce_Packing_List' ),
			'folders' => array( 'print-invoices-packing-slip-labels-for-woocommerce', 'wt-woocommerce-packing-list' ),
			'screen'  => 'admin.php?page=wf_woocommerce_packing_list_invoice',
			'where'   => 'Invoice/Packing > Invoice: Enable invoice',
			'needs'   => array( array( 'wf_woocommerce_packing_list_invoice', 'woocommerce_wf_enable_invoice', 'Yes', 'Yes' ) ),
			'any'     => array(
				array( 'wf_woocommerce_packing_list_invoice', 'woocommerce_wf_generate_for_orderstatus', true, 'wc-completed' ),
				array( 'wf_woocommerce_packing_list_invoice', 'woocommerce_wf_add_invoice_in_customer_mail', true, '' ),
			),
			'next'    => array( 'last', 'wf_woocommerce_packing_list_invoice', 'woocommerce_wf_Current_Invoice_number' ),
			'number'  => array( 'wf_woocommerce_packing_list_invoice', 'woocommerce_wf_invoice_as_ordernumber', 'No', 'No' ),
			'prefix'  => array( 'wf_woocommerce_packing_list_invoice', 'woocommerce_wf_invoice_number_prefix' ),
			'suffix'  => array( 'wf_woocommerce_packing_list_invoice', 'woocommerce_wf_invoice_number_postfix' ),
			'digits'  => array( 'wf_woocommerce_packing_list_invoice', 'woocommerce_wf_invoice_padding_number' ),
			'format'  => array( 'wf_woocommerce_packing_list_invoice', 'woocommerce_wf_invoice_number_format' ),
		),
		array(
			'name'    => 'Germanized Pro (StoreaBill)',
			'found'   => array( 'Vendidero\\StoreaBill\\Package' ),
			'folders' => array( 'woocommerce-germanized-pro', 'storeabill' ),
			'screen'  => 'admin.php?page=wc-settings&tab=germanized-storeabill',
			'where'   => 'WooCommerce > Settings > Germanized > StoreaBill: Automation',
			'needs'   => array( array( 'storeabill_invoice_woo_order_auto_create', '', 'yes', 'yes' ) ),
			'next'    => array( 'journal', 'storeabill_journals', 'invoice' ),
		),
		array(
			'name'    => 'Flexible Invoices (WP Desk)',
			'found'   => array( 'WPDesk\\FlexibleInvoices\\Plugin', 'WPDesk\\FlexibleInvoices\\PluginFactory' ),
			'folders' => array( 'flexible-invoices' ),
			'screen'  => 'edit.php?post_type=inspire_invoice&page=invoices_settings',
			'where'   => 'Invoices > Settings > Documents: Issue invoices automatically',
			'needs'   => array( array( 'inspire_invoices_invoice_auto_create_status', '', true, '' ) ),
			'next'    => array( 'next', 'inspire_invoices_invoice_start_number', '' ),
			'prefix'  => array( 'inspire_invoices_invoice_number_prefix' ),
			'suffix'  => array( 'inspire_invoices_invoice_number_suffix' ),
			'yearly'  => array( 'inspire_invoices_invoice_number_reset_type', '', 'year', 'year' ),
		),
		array(
			'name'    => 'Invoices for WooCommerce (Bas Elbers)',
			'found'   => array( 'BE_WooCommerce_PDF_Invoices', 'BEWPI_Invoice', 'WPI_VERSION' ),
			'folders' => array( 'woocommerce-pdf-invoices' ),
			'screen'  => 'admin.php?page=woocommerce-pdf-invoices',
			'where'   => 'WooCommerce > Invoices > General: Attach to Emails',
			'needs'   => array( array( 'bewpi_general_settings', 'bewpi_email_types', true, 'customer_completed_order' ) ),
			'next'    => array( 'meta', '_bewpi_invoice_number', '' ),
			'number'  => array( 'bewpi_template_settings', 'bewpi_invoice_number_type', 'sequential_number', 'sequential_number' ),
			'prefix'  => array( 'bewpi_template_settings', 'bewpi_invoice_number_prefix' ),
			'suffix'  => array( 'bewpi_template_settings', 'bewpi_invoice_number_suffix' ),
			'digits'  => array( 'bewpi_template_settings', 'bewpi_invoice_number_digits' ),
			'format'  => array( 'bewpi_template_settings', 'bewpi_invoice_number_format' ),
			'around'  => true,
			'yearly'  => array( 'bewpi_template_settings', 'bewpi_reset_counter_yearly', true, '' ),
		),
		array(
			'name'    => 'YITH WooCommerce PDF Invoices',
			'found'   => array( 'YITH_YWPI_VERSION' ),
			'folders' => array( 'yith-woocommerce-pdf-invoice' ),
			'screen'  => 'admin.php?page=yith_woocommerce_pdf_invoice_panel',
			'where'   => 'YITH > PDF Invoices: Invoices creation',
			'needs'   => array( array( 'ywpi_invoice_generation', '', 'auto', 'manual' ) ),
			'next'    => array( 'next', 'ywpi_invoice_number', '' ),
			'number'  => array( 'ywpi_invoices_numbers', '', 'sequential', 'sequential' ),
			'prefix'  => array( 'ywpi_invoice_prefix' ),
			'suffix'  => array( 'ywpi_invoice_suffix' ),
			'format'  => array( 'ywpi_invoice_number_format' ),
			'yearly'  => array( 'ywpi_invoice_reset', '', 'yes', '' ),
		),
		array(
			'name'    => 'WooCommerce PDF Invoices (Andrew Benbow)',
			'found'   => array( 'WC_pdf_functions' ),
			'folders' => array( 'woocommerce-pdf-invoice' ),
			'screen'  => 'admin.php?page=woocommerce_pdf',
			'where'   => 'WooCommerce > PDF Invoice: Create invoice',
			'needs'   => array( array( 'woocommerce_pdf_invoice_settings', 'create_invoice', true, 'completed' ) ),
		),
		array(
			'name'    => 'EenvoudigFactureren',
			'found'   => array( 'WcEenvoudigFactureren_Loader', 'WooEenvoudigFactureren_Loader' ),
			'folders' => array( 'eenvoudigfactureren-for-woocommerce', 'woo-eenvoudigfactureren' ),
			'screen'  => 'admin.php?page=wc-eenvoudigfactureren-general-settings-page',
			'where'   => 'EenvoudigFactureren > General Settings: Trigger Document Creation',
			'needs'   => array( array( 'wc_eenvoudigfactureren_verified', '', true, '' ) ),
			'any'     => array(
				array( 'wc_eenvoudigfactureren_document_status', '', 'processing', 'processing' ),
				array( 'wc_eenvoudigfactureren_document_status', '', 'completed', 'processing' ),
			),
		),
		// By the names of their folders alone: what their options say was not seen.
		array( 'name' => 'Billit', 'folders' => array( 'billit' ) ),
		array( 'name' => 'enFact', 'folders' => array( 'enfact' ) ),
		array( 'name' => 'Sufio', 'folders' => array( 'sufio' ) ),
		array( 'name' => 'B2Brouter', 'folders' => array( 'b2brouter' ) ),
		array( 'name' => 'Moneybird', 'folders' => array( 'moneybird', 'woocommerce-moneybird', 'sync-to-moneybird' ) ),
		array( 'name' => 'Octopus', 'folders' => array( 'woocommerce-octopus', 'octopus-' ) ),
		array( 'name' => 'Advanced Invoices (Challan)', 'folders' => array( 'webappick-pdf-invoice-for-woocommerce' ) ),
	);

	/** @return InvoicePlugin[] those that are active, and those that once gave numbers here */
	public static function all(): array {
		return array_values( array_filter( self::known(), static fn ( InvoicePlugin $plugin ): bool => $plugin->is_active() || null !== $plugin->numbers() ) );
	}

	/** @return InvoicePlugin[] those that make invoices by themselves, or may; asks no table, as it is shown in pages */
	public static function making(): array {
		return array_values( array_filter( self::known(), static fn ( InvoicePlugin $plugin ): bool => $plugin->makes_invoices() ) );
	}

	/** @return InvoicePlugin[] */
	private static function known(): array {
		return array_map( static fn ( array $known ): InvoicePlugin => new InvoicePlugin( $known ), self::PLUGINS );
	}
}
