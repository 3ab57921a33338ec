"""Bytes from the shop → `Order`, `Refund` and the small things around them. The only file that knows WooCommerce's field names.

Signed or fetched makes no difference here: both are the same JSON. Nothing is guessed; what is missing or odd is `Rejected` by name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from worker.domain.order import Contact, LineKind, LineTax, Order, OrderLine, Refund, RefundSummary, TaxRate
from worker.domain.party import Address
from worker.domain.product import Product
from worker.errors import Rejected
from worker.message import Message
from worker.woocommerce.buyer_fields import fields_of, peppol_address_of, purchase_order_of, vat_number_of
from worker.woocommerce.gift_cards import gift_cards_of
from worker.woocommerce.json_reader import Node, is_id, plain, read_any_object, read_list, read_object, unescape
from worker.woocommerce.order_meta import is_paid_in_parts, language_hint_of, sale_part_of, vat_number_verdict_of
from worker.woocommerce.other_invoice import other_invoice_of

ORDER_LIST_FIELDS = "id,number,status,order_key,date_created_gmt,date_modified_gmt"
REFUND_FIELDS = "id,refunds"
PRODUCT_FIELDS = "id,virtual,downloadable,categories"
_PERCENT = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,4})?)\s?%", re.ASCII)


@dataclass(frozen=True)
class DeliveryPeek:
    """What routing needs of a delivery. A deletion says no status, an error no order. *modified* sorts as the instants do."""

    order_id: int | None
    status: str
    error_code: str
    modified: str = ""


@dataclass(frozen=True)
class ListedOrder:
    """One row of the shop's list of orders: enough to decide whether it must be fetched."""

    order_id: int
    order_key: str
    number: str
    status: str
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True)
class OrderNote:
    note_id: int
    text: str
    author: str
    to_customer: bool
    created_at: datetime


@dataclass(frozen=True)
class ListedWebhook:
    """A webhook as the shop lists it; its secret is never listed. *status* is active, paused or disabled."""

    webhook_id: int
    name: str
    status: str
    topic: str
    delivery_url: str


def parse_order(body: bytes) -> Order:
    """Read an order from a delivery or a REST answer. Raises Rejected with the order and the field named."""
    return _order(read_object(body))


def parse_orders(body: bytes) -> tuple[Order, ...]:
    """Read a list of whole orders, without those that cannot be read: a list is for showing, not for issuing."""
    found = []
    for root in read_list(body, Message("The shop's list of orders")):
        try:
            found.append(_order(root.values))
        except Rejected:
            continue
    return tuple(found)


def _order(root: dict[str, object]) -> Order:
    order = Node(
        root, where="", label=Message("Order {order_id}", order_id=str(root["id"]) if is_id(root.get("id")) else "?")
    )
    order_id, status = order.id("id"), order.text("status", needed=True)
    created_via = order.text("created_via")
    read = unescape if created_via == "store-api" else _as_it_is
    meta = order.nodes("meta_data")
    billing, fields = _contact(order.node("billing"), read), fields_of(meta)
    created_at = order.instant("date_created_gmt")
    parent_id = _id_or_none(order, "parent_id")
    needs_payment = order.values.get("needs_payment") is True
    return Order(
        order_id=order_id,
        order_key=order.text("order_key"),
        number=order.text("number") or str(order_id),
        status=status,
        currency=order.currency("currency"),
        total=order.amount("total"),
        total_tax=order.amount("total_tax"),
        prices_include_tax=order.flag("prices_include_tax"),
        created_at=created_at,
        modified_at=order.instant_or_none("date_modified_gmt") or created_at,
        paid_at=order.instant_or_none("date_paid_gmt"),
        completed_at=order.instant_or_none("date_completed_gmt"),
        created_via=created_via,
        payment_method=order.text("payment_method"),
        payment_title=order.plain("payment_method_title"),
        transaction_id=order.text("transaction_id"),
        billing=billing,
        shipping=_contact(order.node("shipping"), read),
        customer_note=order.text("customer_note"),
        customer_id=order.whole("customer_id"),
        lines=(
            *(_product_line(node) for node in order.nodes("line_items", needed=True)),
            *(_fee_line(node) for node in order.nodes("fee_lines")),
            *(_shipping_line(node) for node in order.nodes("shipping_lines")),
        ),
        tax_rates=tuple(
            _tax_rate(node, percent)
            for node in order.nodes("tax_lines", needed=True)
            # A rate without a percentage is left out, as if the order named none: the draft then says so.
            if (percent := _percent_of(node)) is not None
        ),
        refunds=tuple(_refund_summary(node) for node in order.nodes("refunds")),
        coupons=tuple(node.text("code") for node in order.nodes("coupon_lines")),
        vat_number_given=vat_number_of(fields, billing),
        peppol_address_given=peppol_address_of(fields),
        purchase_order=purchase_order_of(fields),
        vat_number_shop_says=vat_number_verdict_of(meta),
        vat_exempt=any(node.text("key") == "is_vat_exempt" and node.scalar("value") == "yes" for node in meta),
        language_hint=language_hint_of(meta),
        needs_payment=needs_payment,
        # WooCommerce gives the address for every order, and there refuses all but those that need payment.
        pay_url=_web_address(order.text("payment_url")) if needs_payment else "",
        gift_cards=gift_cards_of(order, meta),
        parent_id=parent_id,
        sale_part=sale_part_of(order, meta, parent_id=parent_id),
        other_invoice=other_invoice_of(meta),
        paid_in_parts=is_paid_in_parts(meta),
    )


def parse_refunds(body: bytes) -> tuple[Refund, ...]:
    """Read the refunds of one order, in the shop's order (newest first), their amounts turned positive."""
    refunds, unread = parse_readable_refunds(body)
    if unread:
        raise unread[0]
    return refunds


def parse_readable_refunds(body: bytes) -> tuple[tuple[Refund, ...], tuple[Rejected, ...]]:
    """The same, with why each of the others cannot be read: an odd refund is no reason to leave the order alone."""
    refunds: list[Refund] = []
    unread: list[Rejected] = []
    for node in read_list(body, Message("The shop's list of refunds")):
        try:
            refunds.append(_refund(node))
        except Rejected as error:
            unread.append(error)
    return tuple(refunds), tuple(unread)


def parse_order_list(body: bytes) -> tuple[ListedOrder, ...]:
    """Read one page of the list of orders, fetched with `LISTED_FIELDS`."""
    return tuple(_listed_order(node) for node in read_list(body, Message("The shop's list of orders")))


def parse_refund_ids(body: bytes) -> dict[int, frozenset[int]]:
    """The refunds that each order of a list names, fetched with `REFUND_FIELDS`."""
    nodes = read_list(body, Message("The shop's list of orders"))
    return {node.id("id"): frozenset(refund.id("id") for refund in node.nodes("refunds")) for node in nodes}


def parse_products(body: bytes) -> tuple[Product, ...]:
    """Read products, or the variations of one, fetched with `PRODUCT_FIELDS`."""
    return tuple(_product(node) for node in read_list(body, Message("The shop's list of products")))


def parse_notes(body: bytes) -> tuple[OrderNote, ...]:
    return tuple(_order_note(node) for node in read_list(body, Message("The shop's list of notes")))


def parse_webhooks(body: bytes) -> tuple[ListedWebhook, ...]:
    return tuple(_listed_webhook(node) for node in read_list(body, Message("The shop's list of webhooks")))


def parse_created_id(body: bytes) -> int:
    """The id of what a POST has just made."""
    return Node(read_object(body), where="", label=Message("The shop's answer")).id("id")


def note_body(text: str, *, to_customer: bool) -> dict[str, object]:
    """What POST notes takes. To the customer means that WooCommerce mails it to the customer."""
    return {"note": text, "customer_note": to_customer}


def webhook_body(*, name: str, topic: str, delivery_url: str, secret: str) -> dict[str, object]:
    return {"name": name, "topic": topic, "delivery_url": delivery_url, "secret": secret, "status": "active"}


def peek(body: bytes) -> DeliveryPeek:
    """Read a delivery just enough to route it. Raises Rejected when it is no JSON object."""
    root = read_any_object(body)
    order_id, status, code = root.get("id"), root.get("status"), root.get("code")
    modified = root.get("date_modified_gmt")
    return DeliveryPeek(
        order_id=order_id if is_id(order_id) else None,
        status=status if isinstance(status, str) else "",
        error_code=code if isinstance(code, str) and not is_id(order_id) else "",
        modified=modified if isinstance(modified, str) else "",
    )


def shop_error(body: bytes) -> str | None:
    """The code of an error body, signed or answered: `{"code": …, "message": …}`. None when it is anything else."""
    try:
        return peek(body).error_code or None
    except Rejected:
        return None


def _contact(node: Node, read: Callable[[str], str]) -> Contact:
    def text(name: str) -> str:
        return read(node.text(name)).strip()

    return Contact(
        first_name=text("first_name"),
        last_name=text("last_name"),
        company=text("company"),
        address=Address(
            street=text("address_1"),
            street_2=text("address_2"),
            postcode=text("postcode"),
            city=text("city"),
            state=text("state"),
            country=text("country").upper(),
        ),
        email=node.text("email").strip(),
        phone=node.text("phone").strip(),
    )


def _product_line(node: Node) -> OrderLine:
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
        product_id=_id_or_none(node, "product_id"),
        variation_id=_id_or_none(node, "variation_id"),
    )


def _id_or_none(node: Node, name: str) -> int:
    """An id that decides no amount: 0 where it is absent or odd, as it is for a product that was deleted."""
    value = node.values.get(name)
    return value if is_id(value) else 0


def _fee_line(node: Node) -> OrderLine:
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


def _shipping_line(node: Node) -> OrderLine:
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
    )


def _line_taxes(node: Node) -> tuple[LineTax, ...]:
    """A rate without an amount ("") does not apply to the line; "0.00" does, at nought."""
    taxes = ((tax, tax.amount_or_none("total")) for tax in node.nodes("taxes"))
    return tuple(LineTax(tax.rate_id("id"), amount) for tax, amount in taxes if amount is not None)


def _product_name(node: Node, options: tuple[tuple[str, str], ...]) -> str:
    """The parent's name where the options say the rest: “T-shirt”, not “T-shirt - M, Groen & geel”.

    Only while the line still begins with it: the parent's name is today's, the line's is what was bought, or what
    staff wrote over it.
    """
    name, parent = node.plain("name"), node.plain("parent_name")
    is_variation = bool(parent and options and node.whole("variation_id"))
    return parent if is_variation and name.startswith(parent) else name


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


def _percent_of(node: Node) -> Decimal | None:
    """The percentage of a tax row, or the one that its label or code names (“BTW 21%”); orders from before WooCommerce 3.7
    and imported ones hold none. The amounts are held against it later, as against any other."""
    stated = node.values.get("rate_percent")
    if stated not in (None, "") and not (isinstance(stated, str) and stated.endswith("%")):
        return node.amount("rate_percent")
    texts = (node.plain("rate_percent"), node.plain("label"), node.plain("rate_code"))
    named = {Decimal(digits.replace(",", ".")) for text in texts for digits in _PERCENT.findall(text)}
    return named.pop() if len(named) == 1 else None


def _tax_rate(node: Node, percent: Decimal) -> TaxRate:
    charged = (node.amount_or_none("tax_total"), node.amount_or_none("shipping_tax_total"))
    return TaxRate(
        rate_id=node.rate_id("rate_id"),
        label=node.plain("label"),
        percent=percent,
        compound=node.flag("compound"),
        charged=sum((amount for amount in charged if amount is not None), Decimal(0)),
    )


def _refund_summary(node: Node) -> RefundSummary:
    return RefundSummary(refund_id=node.id("id"), amount=_negated(node.amount("total")), reason=node.plain("reason"))


_REFUND_REMEDY = Message("Delete that refund in WooCommerce and make it again, or credit the invoice by hand")


def _refund(node: Node) -> Refund:
    label = Message("Refund {refund_id}", refund_id=node.id("id"))
    refund = Node(node.values, where="", label=label, remedy=_REFUND_REMEDY)
    return Refund(
        refund_id=refund.id("id"),
        amount=refund.amount("amount"),
        reason=refund.plain("reason"),
        created_at=refund.instant("date_created_gmt"),
        by_provider=refund.values.get("refunded_payment") is True,
        lines=(
            *(_refund_line(item, _product_line(item)) for item in refund.nodes("line_items", needed=True)),
            *(_refund_line(item, _fee_line(item)) for item in refund.nodes("fee_lines")),
            *(_refund_line(item, _shipping_line(item)) for item in refund.nodes("shipping_lines")),
        ),
    )


def _refund_line(node: Node, line: OrderLine) -> OrderLine:
    """A refund's line turned positive and named by the order line that it takes back."""
    return OrderLine(
        line_id=_refunded_line_id(node),
        kind=line.kind,
        name=line.name,
        # A refund of money alone has quantity 0; fees and shipping say none and count as the one they are.
        quantity=_negated(line.quantity) if line.kind is LineKind.PRODUCT else line.quantity,
        subtotal=_negated(line.subtotal),
        total=_negated(line.total),
        taxes=tuple(LineTax(tax.rate_id, _negated(tax.amount)) for tax in line.taxes),
        sku=line.sku,
        options=line.options,
        tax_class=line.tax_class,
        tax_status=line.tax_status,
    )


def _refunded_line_id(node: Node) -> int:
    """The order's line that it takes back; 0 where none is named, as on refunds that were imported or are of long ago."""
    for meta in node.nodes("meta_data"):
        if meta.text("key") == "_refunded_item_id":
            return meta.id("value")
    return 0


def _listed_order(node: Node) -> ListedOrder:
    order_id = node.id("id")
    created_at = node.instant("date_created_gmt")
    return ListedOrder(
        order_id=order_id,
        order_key=node.text("order_key"),
        number=node.text("number") or str(order_id),
        status=node.text("status", needed=True),
        created_at=created_at,
        modified_at=node.instant_or_none("date_modified_gmt") or created_at,
    )


def _product(node: Node) -> Product:
    return Product(
        product_id=node.id("id"),
        virtual=node.flag("virtual"),
        downloadable=node.flag("downloadable"),
        categories=tuple(category.plain("name") for category in node.nodes("categories")),
    )


def _order_note(node: Node) -> OrderNote:
    return OrderNote(
        note_id=node.id("id"),
        text=node.text("note"),
        author=node.text("author"),
        to_customer=node.flag("customer_note"),
        created_at=node.instant("date_created_gmt"),
    )


def _listed_webhook(node: Node) -> ListedWebhook:
    return ListedWebhook(
        webhook_id=node.id("id"),
        name=node.text("name"),
        status=node.text("status", needed=True),
        topic=node.text("topic"),
        delivery_url=node.text("delivery_url"),
    )


def _web_address(text: str) -> str:
    return text if text.startswith(("https://", "http://")) else ""


def _as_it_is(text: str) -> str:
    return text


def _negated(amount: Decimal) -> Decimal:
    return -amount if amount else amount.copy_abs()
