"""Bytes from the shop → `Order`, `Refund` and the small things around them. The only file that knows WooCommerce's field names.

Signed or fetched makes no difference here: both are the same JSON. Nothing is guessed; what is missing or odd is `Rejected` by name.
"""

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeGuard

from worker.domain.order import Contact, LineKind, LineTax, Order, OrderLine, Refund, RefundSummary, TaxRate
from worker.domain.party import Address
from worker.errors import Rejected
from worker.message import Message

# Where plugins store the VAT number: order meta keys without leading underscores, in lower case, dashes and spaces as "_".
# Earlier ones win. Which plugin writes which is in its own documentation; the list grows by one line.
VAT_META_KEYS = (
    "billing_vat_number",
    "vat_number",
    "billing_eu_vat_number",
    "billing_vat",
    "billing_vat_id",
    "billing_btw_nummer",
    "billing_btw_number",
    "billing_btw",
    "billing_btwnummer",
    "billing_tva",
    "billing_numero_tva",
    "billing_ust_id",
    "billing_ustid",
    "billing_wcpdf_vat_number",
    "billing_yweu_vat",
    "yweu_billing_vat",
    "eu_vat_number",
    "vat_id",
    "vat",
)
# Fields of the block checkout arrive as `_wc_billing/<namespace>/<field>`; the namespace is the site's own, so the field's
# name decides. Shipping last: that is the number of who receives the parcel.
CHECKOUT_FIELD_GROUPS = ("_wc_billing", "_wc_other", "_wc_shipping")
VAT_FIELD = re.compile(
    r"(?:^|[-_])(?:vat|btw|tva|ust|mwst|nif)(?:[-_]?(?:number|numero|nummer|nr|no|id|intra))?$", re.IGNORECASE
)

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

ORDER_LIST_FIELDS = "id,number,status,order_key,date_created_gmt,date_modified_gmt"
REFUND_FIELDS = "id,refunds"

LONGEST_NAME = 2000
BIGGEST_ID = 2**63 - 1
BIGGEST_EXPONENT = 15  # an amount of 10^15 and more is no amount of a shop
SMALLEST_EXPONENT = -20

_AMOUNT = re.compile(r"[+-]?\d{1,30}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\+00:00)?", re.ASCII)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HIDDEN = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# Only what HTML knows: "Kabel <3 m>" and "Adapter <USB-C>" are names, not markup. Of these, some break a line and so a word.
_BREAK = re.compile(
    r"</?(?:br|center|div|h[1-6]|hr|li|ol|p|pre|table|tbody|td|th|tr|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|bdi|code|del|em|font|i|img|ins|kbd|label|mark|q|s|script|small|span|strike|strong|style|sub|sup"
    r"|svg|tt|u|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
# Neither a database nor an XML file may hold these, and a checkout form lets them in.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


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
    return _order(_object(body))


def parse_orders(body: bytes) -> tuple[Order, ...]:
    """Read a list of whole orders, without those that cannot be read: a list is for showing, not for issuing."""
    found = []
    for root in _list(body, Message("The shop's list of orders")):
        try:
            found.append(_order(root.values))
        except Rejected:
            continue
    return tuple(found)


def _order(root: dict[str, object]) -> Order:
    order = _Node(
        root, where="", label=Message("Order {order_id}", order_id=str(root["id"]) if _is_id(root.get("id")) else "?")
    )
    order_id, status = order.id("id"), order.text("status", needed=True)
    created_via = order.text("created_via")
    unescape = _unescape if created_via == "store-api" else _as_it_is
    meta = order.nodes("meta_data")
    created_at = order.instant("date_created_gmt")
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
        billing=_contact(order.node("billing"), unescape),
        shipping=_contact(order.node("shipping"), unescape),
        customer_note=order.text("customer_note"),
        customer_id=order.whole("customer_id"),
        lines=(
            *(_product_line(node) for node in order.nodes("line_items", needed=True)),
            *(_fee_line(node) for node in order.nodes("fee_lines")),
            *(_shipping_line(node) for node in order.nodes("shipping_lines")),
        ),
        tax_rates=tuple(_tax_rate(node) for node in order.nodes("tax_lines", needed=True)),
        refunds=tuple(_refund_summary(node) for node in order.nodes("refunds")),
        coupons=tuple(node.text("code") for node in order.nodes("coupon_lines")),
        vat_number_given=_vat_number(meta),
        vat_exempt=any(node.text("key") == "is_vat_exempt" and node.scalar("value") == "yes" for node in meta),
        language_hint=_language_hint(meta),
        pay_url=_web_address(order.text("payment_url")),
    )


def parse_refunds(body: bytes) -> tuple[Refund, ...]:
    """Read the refunds of one order, in the shop's order (newest first), their amounts turned positive."""
    return tuple(_refund(node) for node in _list(body, Message("The shop's list of refunds")))


def parse_order_list(body: bytes) -> tuple[ListedOrder, ...]:
    """Read one page of the list of orders, fetched with `LISTED_FIELDS`."""
    return tuple(_listed_order(node) for node in _list(body, Message("The shop's list of orders")))


def parse_refund_ids(body: bytes) -> dict[int, frozenset[int]]:
    """The refunds that each order of a list names, fetched with `REFUND_FIELDS`."""
    nodes = _list(body, Message("The shop's list of orders"))
    return {node.id("id"): frozenset(refund.id("id") for refund in node.nodes("refunds")) for node in nodes}


def parse_notes(body: bytes) -> tuple[OrderNote, ...]:
    return tuple(_order_note(node) for node in _list(body, Message("The shop's list of notes")))


def parse_webhooks(body: bytes) -> tuple[ListedWebhook, ...]:
    return tuple(_listed_webhook(node) for node in _list(body, Message("The shop's list of webhooks")))


def parse_created_id(body: bytes) -> int:
    """The id of what a POST has just made."""
    return _Node(_object(body), where="", label=Message("The shop's answer")).id("id")


def note_body(text: str, *, to_customer: bool) -> dict[str, object]:
    """What POST notes takes. To the customer means that WooCommerce mails it to the customer."""
    return {"note": text, "customer_note": to_customer}


def webhook_body(*, name: str, topic: str, delivery_url: str, secret: str) -> dict[str, object]:
    return {"name": name, "topic": topic, "delivery_url": delivery_url, "secret": secret, "status": "active"}


def peek(body: bytes) -> DeliveryPeek:
    """Read a delivery just enough to route it. Raises Rejected when it is no JSON object."""
    root = _parsed_object(body)
    order_id, status, code = root.get("id"), root.get("status"), root.get("code")
    modified = root.get("date_modified_gmt")
    return DeliveryPeek(
        order_id=order_id if _is_id(order_id) else None,
        status=status if isinstance(status, str) else "",
        error_code=code if isinstance(code, str) and not _is_id(order_id) else "",
        modified=modified if isinstance(modified, str) else "",
    )


def shop_error(body: bytes) -> str | None:
    """The code of an error body, signed or answered: `{"code": …, "message": …}`. None when it is anything else."""
    try:
        return peek(body).error_code or None
    except Rejected:
        return None


def shop_error_message(body: bytes) -> str:
    """What WooCommerce says of the error, in the shop's language, shortened; empty when it says nothing."""
    try:
        message = _parsed_object(body).get("message")
    except Rejected:
        return ""
    return _plain(message)[:200] if isinstance(message, str) else ""


def is_json(body: bytes) -> bool:
    try:
        _parsed(body)
    except Rejected:
        return False
    return True


class _Node:
    """One JSON object with the way that leads to it: every refusal can say which field of which order it was."""

    def __init__(self, values: dict[str, object], *, where: str, label: Message) -> None:
        self.values = values
        self.where = where
        self.label = label

    def text(self, name: str, *, needed: bool = False) -> str:
        """A string without what no document may hold; null and absent are empty. Numbers are taken as written."""
        value = self.values.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= BIGGEST_ID:
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, Message("a text"))
        if needed and not value:
            raise self.wrong(name, Message("a text"))
        return _clean(value or "")

    def plain(self, name: str) -> str:
        return _plain(self.text(name))

    def scalar(self, name: str) -> str:
        """Meta values may be anything; what is not a string or a number is none of our business."""
        value = self.values.get(name)
        if isinstance(value, str):
            return _clean(value)
        number = _amount(value)
        return "" if number is None else str(number)

    def amount(self, name: str) -> Decimal:
        amount = self.amount_or_none(name)
        if amount is None:
            raise self.wrong(name, Message("an amount"))
        return amount

    def amount_or_none(self, name: str) -> Decimal | None:
        """None when absent, null or "": WooCommerce's way to say that there is none."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        amount = _amount(value)
        if amount is None:
            raise self.wrong(name, Message("an amount"))
        return amount

    def whole(self, name: str) -> int:
        value = self.values.get(name)
        number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        if number == 0 and type(number) is int:
            return 0
        if not _is_id(number):
            raise self.wrong(name, Message("a whole number"))
        return number

    def id(self, name: str) -> int:
        value = self.whole(name)
        if value == 0:
            raise self.wrong(name, Message("an id"))
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name, Message("true or false"))
        return value

    def currency(self, name: str) -> str:
        value = self.text(name)
        if not re.fullmatch(r"[A-Z]{3}", value, re.ASCII):
            raise self.wrong(name, Message("a currency code like EUR"))
        return value

    def instant(self, name: str) -> datetime:
        instant = self.instant_or_none(name)
        if instant is None:
            raise self.wrong(name, Message("a moment"))
        return instant

    def instant_or_none(self, name: str) -> datetime | None:
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not _INSTANT.fullmatch(value):
            raise self.wrong(name, Message("a moment like 2026-11-22T10:39:04"))
        try:
            return datetime.fromisoformat(value[:19]).replace(tzinfo=UTC)
        except ValueError as error:
            raise self.wrong(name, Message("a moment like 2026-11-22T10:39:04")) from error

    def node(self, name: str) -> "_Node":
        value = self.values.get(name)
        if value == []:  # PHP's empty array does not know that it is an object
            value = {}
        if not isinstance(value, dict):
            raise self.wrong(name, Message("an object"))
        return _Node(value, where=self._path(name), label=self.label)

    def nodes(self, name: str, *, needed: bool = False) -> tuple["_Node", ...]:
        value = self.values.get(name)
        if value is None and not needed:
            return ()
        if isinstance(value, dict) and all(key.isdigit() for key in value):
            # A plugin that removes one element of a PHP array makes json_encode write {"0": …, "2": …}.
            value = list(value.values())
        if not isinstance(value, list):
            raise self.wrong(name, Message("a list"))
        return tuple(self._element(name, index, element) for index, element in enumerate(value))

    def wrong(self, name: str, wanted: Message) -> Rejected:
        path = self._path(name)
        if name not in self.values:
            found = Message("“{field}” is missing", field=path)
        else:
            found = Message(
                "“{field}” is {found}, not {wanted}",
                field=path,
                found=_describe_value(self.values[name]),
                wanted=wanted,
            )
        return Rejected("{label}: {found}. {remedy}", label=self.label, found=found, remedy=_REMEDY, code="bad_field")

    def _element(self, name: str, index: int, element: object) -> "_Node":
        where = f"{self._path(name)}[{index}]"
        if not isinstance(element, dict):
            found = Message(
                "“{field}” is {found}, not {wanted}",
                field=where,
                found=_describe_value(element),
                wanted=Message("an object"),
            )
            raise Rejected(
                "{label}: {found}. {remedy}",
                label=self.label,
                found=found,
                remedy=_REMEDY,
                code="bad_field",
            )
        return _Node(element, where=where, label=self.label)

    def _path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


_REMEDY = Message(
    "Correct the order in WooCommerce and save it again; if the field looks right there, a plugin changes what the shop "
    "sends"
)


def _contact(node: _Node, unescape: Callable[[str], str]) -> Contact:
    def text(name: str) -> str:
        return unescape(node.text(name)).strip()

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


def _product_line(node: _Node) -> OrderLine:
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
    )


def _fee_line(node: _Node) -> OrderLine:
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


def _shipping_line(node: _Node) -> OrderLine:
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


def _line_taxes(node: _Node) -> tuple[LineTax, ...]:
    """A rate without an amount ("") does not apply to the line; "0.00" does, at nought."""
    taxes = ((tax, tax.amount_or_none("total")) for tax in node.nodes("taxes"))
    return tuple(LineTax(tax.whole("id"), amount) for tax, amount in taxes if amount is not None)


def _product_name(node: _Node, options: tuple[tuple[str, str], ...]) -> str:
    """The parent's name where the options say the rest: “T-shirt”, not “T-shirt - M, Groen & geel”.

    Only while the line still begins with it: the parent's name is today's, the line's is what was bought, or what
    staff wrote over it.
    """
    name, parent = node.plain("name"), node.plain("parent_name")
    is_variation = bool(parent and options and node.whole("variation_id"))
    return parent if is_variation and name.startswith(parent) else name


def _options(node: _Node) -> tuple[tuple[str, str], ...]:
    pairs = (
        (_plain(meta.scalar("display_key") or meta.text("key")), _option_value(meta)) for meta in _visible_meta(node)
    )
    return tuple((key, value) for key, value in pairs if key and value)


def _option_value(meta: _Node) -> str:
    """`value` is as typed and `display_value` is escaped; but of a global attribute (pa_…) `value` is only the slug."""
    if meta.text("key").startswith("pa_"):
        return _plain(meta.scalar("display_value") or meta.scalar("value"))
    return _plain(meta.scalar("value"))


def _visible_meta(node: _Node) -> tuple[_Node, ...]:
    return tuple(meta for meta in node.nodes("meta_data") if not meta.text("key").startswith("_"))


def _tax_rate(node: _Node) -> TaxRate:
    charged = (node.amount_or_none("tax_total"), node.amount_or_none("shipping_tax_total"))
    return TaxRate(
        rate_id=node.whole("rate_id"),
        label=node.plain("label"),
        percent=node.amount("rate_percent"),
        compound=node.flag("compound"),
        charged=sum((amount for amount in charged if amount is not None), Decimal(0)),
    )


def _refund_summary(node: _Node) -> RefundSummary:
    return RefundSummary(refund_id=node.id("id"), amount=_negated(node.amount("total")), reason=node.plain("reason"))


def _refund(node: _Node) -> Refund:
    refund = _Node(node.values, where="", label=Message("Refund {refund_id}", refund_id=node.id("id")))
    return Refund(
        refund_id=refund.id("id"),
        amount=refund.amount("amount"),
        reason=refund.plain("reason"),
        created_at=refund.instant("date_created_gmt"),
        lines=(
            *(_refund_line(item, _product_line(item)) for item in refund.nodes("line_items", needed=True)),
            *(_refund_line(item, _fee_line(item)) for item in refund.nodes("fee_lines")),
            *(_refund_line(item, _shipping_line(item)) for item in refund.nodes("shipping_lines")),
        ),
    )


def _refund_line(node: _Node, line: OrderLine) -> OrderLine:
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


def _refunded_line_id(node: _Node) -> int:
    for meta in node.nodes("meta_data"):
        if meta.text("key") == "_refunded_item_id":
            return meta.id("value")
    raise node.wrong("_refunded_item_id", Message("an id"))


def _listed_order(node: _Node) -> ListedOrder:
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


def _order_note(node: _Node) -> OrderNote:
    return OrderNote(
        note_id=node.id("id"),
        text=node.text("note"),
        author=node.text("author"),
        to_customer=node.flag("customer_note"),
        created_at=node.instant("date_created_gmt"),
    )


def _listed_webhook(node: _Node) -> ListedWebhook:
    return ListedWebhook(
        webhook_id=node.id("id"),
        name=node.text("name"),
        status=node.text("status", needed=True),
        topic=node.text("topic"),
        delivery_url=node.text("delivery_url"),
    )


def _vat_number(meta: tuple[_Node, ...]) -> str:
    """What was typed as VAT number, as typed. Without a digit it is a plugin's yes or no, not a number."""
    found: dict[int, str] = {}
    for node in meta:
        value = node.scalar("value").strip()
        rank = _vat_rank(node.text("key"))
        if rank is not None and any(character.isdigit() for character in value):
            found.setdefault(rank, value)
    return found[min(found)] if found else ""


def _vat_rank(key: str) -> int | None:
    """How good a place for a VAT number this meta key is, best first; None when it is none."""
    group, *rest = key.split("/")
    if rest and group in CHECKOUT_FIELD_GROUPS and VAT_FIELD.search(rest[-1]):
        order = CHECKOUT_FIELD_GROUPS.index(group)
        return order if group != "_wc_shipping" else order + len(VAT_META_KEYS)
    name = re.sub(r"[\s-]+", "_", key.strip().lstrip("_")).lower()
    return VAT_META_KEYS.index(name) + 2 if name in VAT_META_KEYS else None


def _language_hint(meta: tuple[_Node, ...]) -> str:
    hints = {node.text("key"): node.scalar("value").strip() for node in meta}
    return next((hints[key] for key in LANGUAGE_META_KEYS if hints.get(key)), "")


def _web_address(text: str) -> str:
    return text if text.startswith(("https://", "http://")) else ""


def _plain(text: str) -> str:
    """A name as a person reads it: no markup, entities read once, one space between words.

    Product names are the shop's own HTML: the shop page shows “Bold & x” for “<b>Bold</b> &amp; x”, and so must the
    document. Tags go before entities, so that a name about HTML (“&lt;b&gt;”) keeps its text.
    """
    without_tags = _TAG.sub("", _BREAK.sub(" ", _HIDDEN.sub(" ", text[:LONGEST_NAME])))
    return " ".join(_clean(_unescape(without_tags)).split())


def _unescape(text: str) -> str:
    """Read entities once, and only complete ones: “R&D” and “&copy” without its semicolon are what somebody typed."""
    return _clean(_ENTITY.sub(lambda entity: html.unescape(entity[0]), text))


def _as_it_is(text: str) -> str:
    return text


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _negated(amount: Decimal) -> Decimal:
    return -amount if amount else amount.copy_abs()


def _amount(value: object) -> Decimal | None:
    """A number within what a shop can mean; None for everything else."""
    match value:
        case bool():
            return None
        case str() if _AMOUNT.fullmatch(value):
            amount = Decimal(value)
        case int() if abs(value) <= BIGGEST_ID:
            amount = Decimal(value)
        case Decimal() if value.is_finite():
            amount = value
        case _:
            return None
    if amount.adjusted() >= BIGGEST_EXPONENT or _exponent(amount) < SMALLEST_EXPONENT:
        return None
    return amount or amount.copy_abs()  # PHP writes -0.00; a document does not


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= BIGGEST_ID


def _describe_value(value: object) -> str | Message:
    """A wrong value for a message: short, and personal data only where it is in a field that is not for it."""
    match value:
        case None:
            return Message("empty")
        case str():
            return f"“{_clean(value)[:40]}”" if value else Message("empty")
        case bool():
            return str(value).lower()
        case int() if abs(value) > BIGGEST_ID:
            return Message("a number out of bounds")
        case list():
            return Message("a list")
        case dict():
            return Message("an object")
    return f"“{str(value)[:40]}”"


def _object(body: bytes) -> dict[str, object]:
    """The JSON object in *body*; an error that the shop sent in its place is Rejected under its own code."""
    root = _parsed_object(body)
    code = root.get("code")
    if isinstance(code, str) and code and "status" not in root:
        message = shop_error_message(body)
        raise Rejected(
            "The shop sent an error instead of an order: {reason}",
            reason=message or code,
            code=f"shop_error:{code}",
        )
    return root


def _list(body: bytes, label: Message) -> tuple[_Node, ...]:
    parsed = _parsed(body)
    if isinstance(parsed, dict) and isinstance(parsed.get("code"), str):
        _object(body)
    return _Node({"answer": parsed}, where="", label=label).nodes("answer", needed=True)


def _parsed_object(body: bytes) -> dict[str, object]:
    parsed = _parsed(body)
    if not isinstance(parsed, dict):
        raise Rejected(
            "The shop sent {found} where an order was expected",
            found=_describe_value(parsed),
            code="not_an_order",
        )
    return parsed


def _parsed(body: bytes) -> object:
    """Parse JSON as PHP writes it. Numbers stay exact; NaN comes through, to be refused where it stands."""
    try:
        parsed: object = json.loads(body, parse_float=_exact, parse_constant=Decimal, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        too_deep = isinstance(error, RecursionError)
        reason = Message("it is nested too deeply") if too_deep else Message("it is cut or not JSON")
        raise Rejected(
            "The shop's {count} bytes cannot be read as an order: {reason}",
            count=len(body),
            reason=reason,
            code="not_an_order",
        ) from error
    return parsed


def _exact(digits: str) -> Decimal:
    """Decimal gives up on exponents beyond its own with an ArithmeticError; such a number is merely out of bounds."""
    try:
        return Decimal(digits)
    except ArithmeticError:
        return Decimal("Infinity")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """WooCommerce never writes a field twice, and two readers that pick different ones would see different orders."""
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Rejected(
            "What the shop sent says “{field}” twice. {remedy}",
            field=_clean(twice)[:40],
            remedy=_REMEDY,
            code="bad_field",
        )
    return values
