"""What plugins write into an order's meta data: its language, its part of a sale, and their verdict on the VAT number."""

from worker.domain.order import SalePart
from worker.woocommerce.node import Node

# Where translation plugins store the language of the order: "nl", "fr_BE". Earlier ones win.
LANGUAGE_META_KEYS = (
    "wpml_language",
    "trp_language",
    "weglot_language",
    "_polylang_language",
    "_pll_language",
    "pll_language",
    "_order_language",
    "order_language",
    "_language",
    "_lang",
    "_locale",
    "locale",
)

# How marketplace plugins mark the order that they split, and by what they create the orders for the vendors. WC Vendors'
# are no orders of WooCommerce's REST API. Read in the plugins' own sources, 2026-11-28: Dokan Lite (Order/Manager.php), WCMp and
# MultiVendorX (class-mvx-order.php, and the renamed key of its version 5), YITH Multi Vendor (class.yith-orders.php).
SPLIT_META_KEYS = ("has_sub_order", "has_wcmp_sub_order", "has_mvx_sub_order", "has_multivendorx_sub_order")
SUBORDER_CREATORS = ("dokan", "wcmp_vendor_order", "mvx_vendor_order", "yith_wcmv_vendor_suborder")
# By what deposit plugins create the order for the rest (WooCommerce Deposits, YITH Deposits), and how they mark its lines or it.
BALANCE_CREATORS = ("wc_deposits", "yith_wcdp_balance_order")
BALANCE_META_KEYS = ("_has_full_payment", "_original_order_id")

# How WooCommerce Subscriptions marks a renewal, and by what it creates one (read in its source of October 2024). The other metas of the
# order that began the subscription are copied to it, and so is the customer's note.
RENEWAL_META_KEY, RENEWAL_CREATOR = "_subscription_renewal", "subscription"


# By what plugins mark an order with tickets for an event: Event Tickets Plus and FooEvents (read in their sources, 2026-11-30).
TICKET_META_KEYS = ("_tribe_has_tickets", "WooCommerceEventsOrderTickets")

# How plugins write it; “not-valid” is Aelia's EU VAT Assistant. What they say of a number that they could not check is no verdict.
_VERDICTS = {
    **dict.fromkeys(("valid", "true", "1", "yes"), "valid"),
    **dict.fromkeys(("invalid", "not-valid", "false", "0", "no"), "invalid"),
}


def is_renewal(created_via: str, meta: tuple[Node, ...]) -> bool:
    return created_via == RENEWAL_CREATOR or any(node.text("key") == RENEWAL_META_KEY for node in meta)


def sells_tickets(meta: tuple[Node, ...]) -> bool:
    return any(node.text("key") in TICKET_META_KEYS for node in meta)


def vat_number_verdict_of(meta: tuple[Node, ...]) -> str:
    """What a plugin of the shop noted of the number: "valid", "invalid", or "" where it notes nothing."""
    said = {node.text("key"): node.scalar("value").strip().lower() for node in meta}
    verdict = said.get("_vat_number_is_valid") or said.get("_vat_number_validated") or ""
    return _VERDICTS.get(verdict, "")


def language_hint_of(meta: tuple[Node, ...]) -> str:
    hints = {node.text("key"): node.scalar("value").strip() for node in meta}
    return next((hints[key] for key in LANGUAGE_META_KEYS if hints.get(key)), "")


def sale_part_of(order: Node, meta: tuple[Node, ...], *, parent_id: int) -> SalePart:
    """What the order is of its sale. Who created it counts only beside a parent: Dokan's own sales to vendors have none."""
    if not parent_id:
        return (
            SalePart.MAIN
            if any(_says_yes(node) for node in meta if node.text("key") in SPLIT_META_KEYS)
            else SalePart.WHOLE
        )
    created_via = order.text("created_via")
    line_meta = tuple(node for line in order.nodes("line_items") for node in line.nodes("meta_data"))
    if created_via in BALANCE_CREATORS or any(node.text("key") in BALANCE_META_KEYS for node in (*meta, *line_meta)):
        return SalePart.BALANCE
    return SalePart.SUBORDER if created_via in SUBORDER_CREATORS else SalePart.CHILD


def _says_yes(node: Node) -> bool:
    """WordPress stores true as "1"; REST gives what was stored, or true itself while the order is being made."""
    return node.values.get("value") is True or node.scalar("value").strip().lower() in ("1", "yes", "true")
