"""The invoice that another plugin made of an order, as it says in the order's meta data."""

from collections.abc import Iterator

from worker.domain.order import OtherInvoice
from worker.woocommerce.node import Node

# Where invoice plugins write the number that they gave an order; of each plugin the number as it is printed first. Read in the
# plugins' own sources and in orders of shops that use them, 2026-11-28. Plugins that keep it in a table of their own are not seen.
INVOICE_META_KEYS = {
    "_wcpdf_formatted_invoice_number": "PDF Invoices & Packing Slips (WP Overnight)",
    "_wcpdf_invoice_number_data": "PDF Invoices & Packing Slips (WP Overnight)",
    "_wcpdf_invoice_number": "PDF Invoices & Packing Slips (WP Overnight)",
    "_bewpi_invoice_number": "Invoices for WooCommerce (Bas Elbers)",
    "wf_invoice_number": "PDF Invoices (WebToffee)",
    "_ywpi_invoice_formatted_number": "YITH PDF Invoices",
    "_ywpi_invoice_number": "YITH PDF Invoices",
    "_wc_gzdp_latest_invoice_number": "Germanized Pro",
    "_wp_wc_running_invoice_number": "German Market",
    "_lexoffice_invoice_number": "lexoffice (German Market)",
    "_pip_invoice_number": "Print Invoices & Packing Lists (SkyVerge)",
    "_wcj_invoicing_invoice_number_id": "Booster for WooCommerce",
    "_invoice_number_display": "PDF Invoices (Andrew Benbow)",
}


def other_invoice_of(meta: tuple[Node, ...]) -> OtherInvoice | None:
    """The first number that is there, in the order of the table; without a digit it is no number."""
    numbers = {key: number for key, number in _numbers(meta) if any(sign.isdigit() for sign in number)}
    return next(
        (OtherInvoice(plugin, numbers[key]) for key, plugin in INVOICE_META_KEYS.items() if key in numbers), None
    )


def _numbers(meta: tuple[Node, ...]) -> Iterator[tuple[str, str]]:
    for node in meta:
        value = node.values.get("value")
        if isinstance(value, dict):
            yield node.text("key"), str(value.get("formatted_number") or "").strip()
        elif (number := node.scalar("value").strip()) != "0":
            yield node.text("key"), number
