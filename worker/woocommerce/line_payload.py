"""Lines of an order or a refund, as WooCommerce writes them → `OrderLine`."""

from decimal import Decimal

from worker.domain.order import LineKind, LineTax, OrderLine
from worker.woocommerce.node import Node, is_id
from worker.woocommerce.shop_text import plain


def product_line(node: Node) -> OrderLine:
    options = _options(node)
    return OrderLine(
        line_id=node.id("id"),
        kind=LineKind.PRODUCT,
        name=_product_name(node, options),
        quantity=node.amount("quantity"),
        subtotal=node.amount("subtotal"),
        total=node.amount("total"),
        taxes=_line_taxes(node),
        sku=node.text("sku"),
        options=options,
        tax_class=node.text("tax_class"),
        product_id=id_or_none(node, "product_id"),
        variation_id=id_or_none(node, "variation_id"),
    )


def id_or_none(node: Node, name: str) -> int:
    """An id that decides no amount: 0 where it is absent or odd, as it is for a product that was deleted."""
    value = node.values.get(name)
    return value if is_id(value) else 0


def fee_line(node: Node) -> OrderLine:
    return OrderLine(
        line_id=node.id("id"),
        kind=LineKind.FEE,
        name=node.plain("name"),
        quantity=Decimal(1),
        subtotal=node.amount("total"),
        total=node.amount("total"),
        taxes=_line_taxes(node),
        tax_class=node.text("tax_class"),
        tax_status=node.text("tax_status"),
    )


def shipping_line(node: Node) -> OrderLine:
    """The line's own meta (“Items”: names joined into HTML) says nothing that the product lines do not say better."""
    return OrderLine(
        line_id=node.id("id"),
        kind=LineKind.SHIPPING,
        name=node.plain("method_title"),
        quantity=Decimal(1),
        subtotal=node.amount("total"),
        total=node.amount("total"),
        taxes=_line_taxes(node),
        tax_status=node.text("tax_status"),
        method=_shipping_method(node),
    )


def _shipping_method(node: Node) -> str:
    """“flat_rate:3”: the method and its number in its zone; the method alone where none is named."""
    method, number = node.scalar("method_id").strip(), node.scalar("instance_id").strip()
    return f"{method}:{number}" if number not in ("", "0") and ":" not in method else method


def _line_taxes(node: Node) -> tuple[LineTax, ...]:
    """A rate without an amount ("") does not apply to the line; "0.00" does, at nought."""
    taxes = ((tax, tax.amount_or_none("total")) for tax in node.nodes("taxes"))
    return tuple(LineTax(tax.rate_id("id"), amount) for tax, amount in taxes if amount is not None)


def _product_name(node: Node, options: tuple[tuple[str, str], ...]) -> str:
    """The parent's name where the options say the rest: “T-shirt”, not “T-shirt - M, Groen & geel”.

    Only where they say all of it: the parent's name is today's, the line's is what was bought, or what staff or a plugin wrote.
    """
    name, parent = node.plain("name"), node.plain("parent_name")
    is_variation = bool(parent and options and node.whole("variation_id"))
    if not is_variation or not name.startswith(f"{parent} "):
        return name
    return parent if _is_said_by(name.removeprefix(parent), options) else name


def _is_said_by(rest: str, options: tuple[tuple[str, str], ...]) -> bool:
    """Whether *rest*, as “ - M, Groen & geel”, holds nothing but what *options* are."""
    if not rest.lstrip().startswith(("-", "–")):
        return False
    for value in sorted((value for _, value in options), key=len, reverse=True):
        rest = rest.replace(value, "", 1)
    return not rest.strip(" ,–-")


def _options(node: Node) -> tuple[tuple[str, str], ...]:
    pairs = (
        (plain(meta.scalar("display_key") or meta.text("key")), _option_value(meta)) for meta in _visible_meta(node)
    )
    return tuple((key, value) for key, value in pairs if key and value)


def _option_value(meta: Node) -> str:
    """`value` is as typed and `display_value` is escaped; but of a global attribute (pa_…) `value` is only the slug."""
    if meta.text("key").startswith("pa_"):
        return plain(meta.scalar("display_value") or meta.scalar("value"))
    return plain(meta.scalar("value"))


def _visible_meta(node: Node) -> tuple[Node, ...]:
    return tuple(meta for meta in node.nodes("meta_data") if not meta.text("key").startswith("_"))
