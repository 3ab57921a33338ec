"""Bytes from the shop → `Order`. With its kin (`*_payload`, `order_meta`, `buyer_fields` …) it alone knows WooCommerce's field names.

Signed or fetched makes no difference here: both are the same JSON. Nothing is guessed; what is missing or odd is `Rejected` by name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from worker.domain.order import Contact, Order, TaxRate
from worker.domain.own_field import Holds
from worker.domain.party import Address
from worker.domain.text_limits import within_limits
from worker.errors import Rejected
from worker.message import Message
from worker.woocommerce.buyer_fields import (
    fields_of,
    peppol_address_of,
    purchase_order_of,
    vat_number_of,
    without_no_company,
)
from worker.woocommerce.delivery_meta import delivery_wish_of, shipments_of
from worker.woocommerce.deposits import deposit_of
from worker.woocommerce.gift_cards import gift_cards_of
from worker.woocommerce.json_reader import read_any_object, read_list, read_object
from worker.woocommerce.line_payload import fee_line, id_or_none, product_line, shipping_line
from worker.woocommerce.node import Node, is_id
from worker.woocommerce.order_meta import (
    is_renewal,
    language_hint_of,
    sale_part_of,
    sells_tickets,
    vat_number_verdict_of,
)
from worker.woocommerce.other_invoice import other_invoice_of
from worker.woocommerce.own_fields import holds_nothing, own_values, unread_numbers_of, with_own_values
from worker.woocommerce.refund_payload import refund_summary
from worker.woocommerce.shop_text import unescape

# “NL-BTW-1”: country, state, name and priority of a rate, those that it has. A name may be two letters too.
_RATE_CODE = re.compile(r"(?P<country>[A-Z]{2})-.+-\d+$")
_PERCENT = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,4})?)\s?%", re.ASCII)


@dataclass(frozen=True)
class DeliveryPeek:
    """What routing needs of a delivery. A deletion says no status, an error no order. *modified* sorts as the instants do."""

    order_id: int | None
    status: str
    error_code: str
    modified: str = ""
    order_key: str = ""


NO_FIELDS: Mapping[str, Holds] = {}


def parse_order(body: bytes, own_fields: Mapping[str, Holds] = NO_FIELDS) -> Order:
    """Read an order from a delivery or a REST answer. Raises Rejected with the order and the field named.

    *own_fields* are fields of the shop's checkout, and what its owner says that each holds.
    """
    return within_limits(_order(read_object(body), own_fields))


def parse_orders(body: bytes, own_fields: Mapping[str, Holds] = NO_FIELDS) -> tuple[Order, ...]:
    """Read a list of whole orders, without those that cannot be read: a list is for showing, not for issuing."""
    found = []
    for root in read_list(body, Message("The shop's list of orders")):
        try:
            found.append(within_limits(_order(root.values, own_fields)))
        except Rejected:
            continue
    return tuple(found)


def _order(root: dict[str, object], own_fields: Mapping[str, Holds]) -> Order:
    order = Node(
        root, where="", label=Message("Order {order_id}", order_id=given if is_id(given := root.get("id")) else "?")
    )
    order_id, status = order.id("id"), order.text("status", needed=True)
    created_via = order.text("created_via")
    read = unescape if created_via == "store-api" else _as_it_is
    meta = order.nodes("meta_data")
    told = tuple(node for node in meta if not holds_nothing(node.text("key"), own_fields))
    fields = tuple(field for field in fields_of(told) if not holds_nothing(field.key, own_fields))
    billing, shipping = _contact(order.node("billing"), read), _contact(order.node("shipping"), read)
    own = own_values(fields, own_fields)
    vat_number_given = own.get(Holds.VAT_NUMBER) or vat_number_of(fields, without_no_company(billing, ""))
    billing, shipping = (without_no_company(one, vat_number_given) for one in (billing, shipping))
    created_at = order.instant("date_created_gmt")
    parent_id = id_or_none(order, "parent_id")
    needs_payment = order.values.get("needs_payment") is True
    products = tuple(product_line(node) for node in order.nodes("line_items", needed=True))
    return Order(
        order_id=order_id,
        order_key=order.text("order_key"),
        number=order.text("number") or str(order_id),
        status=status,
        currency=order.currency("currency"),
        total=order.amount("total"),
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
        shipping=shipping,
        customer_note=order.text("customer_note"),
        lines=(
            *products,
            *(fee_line(node) for node in order.nodes("fee_lines")),
            *(shipping_line(node) for node in order.nodes("shipping_lines")),
        ),
        tax_rates=tuple(
            _tax_rate(node, percent)
            for node in order.nodes("tax_lines", needed=True)
            # A rate without a percentage is left out, as if the order named none: the draft then says so.
            if (percent := _percent_of(node)) is not None
        ),
        refunds=tuple(refund_summary(node) for node in order.nodes("refunds")),
        coupons=tuple(node.text("code") for node in order.nodes("coupon_lines")),
        vat_number_given=vat_number_given,
        unread_numbers=unread_numbers_of(fields, billing, own_fields),
        peppol_address_given=own.get(Holds.PEPPOL_ADDRESS) or peppol_address_of(fields),
        purchase_order=own.get(Holds.PURCHASE_ORDER) or purchase_order_of(fields),
        sells_tickets=sells_tickets(meta),
        vat_number_shop_says=vat_number_verdict_of(meta),
        vat_exempt=any(node.text("key") == "is_vat_exempt" and node.scalar("value") == "yes" for node in meta),
        language_hint=language_hint_of(meta),
        needs_payment=needs_payment,
        # WooCommerce gives the address for every order, and there refuses all but those that need payment.
        pay_url=_web_address(order.text("payment_url")) if needs_payment else "",
        needs_processing=flag if isinstance(flag := order.values.get("needs_processing"), bool) else None,
        gift_cards=gift_cards_of(order, meta),
        parent_id=parent_id,
        is_renewal=is_renewal(created_via, meta),
        sale_part=sale_part_of(order, meta, parent_id=parent_id),
        other_invoice=other_invoice_of(meta),
        delivery=with_own_values(delivery_wish_of(told), own),
        shipments=shipments_of(order, meta, products),
        deposit=deposit_of(order, meta),
    )


def peek(body: bytes) -> DeliveryPeek:
    """Read a delivery just enough to route it. Raises Rejected when it is no JSON object."""
    root = read_any_object(body)
    order_id, status, code = root.get("id"), root.get("status"), root.get("code")
    modified, order_key = root.get("date_modified_gmt"), root.get("order_key")
    return DeliveryPeek(
        order_id=order_id if is_id(order_id) else None,
        status=status if isinstance(status, str) else "",
        error_code=code if isinstance(code, str) and not is_id(order_id) else "",
        modified=modified if isinstance(modified, str) else "",
        order_key=order_key if isinstance(order_key, str) else "",
    )


def modified_at(body: bytes) -> datetime | None:
    """When the order of a delivery had changed last; None where it does not say. To read all of it takes ten times as long.

    Raises Rejected where it is no JSON object, or says no moment.
    """
    node = Node(read_any_object(body), where="", label=Message("Order {order_id}", order_id="?"))
    return node.instant_or_none("date_modified_gmt")


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
        country=code["country"] if (code := _RATE_CODE.match(node.scalar("rate_code"))) else "",
        charged=sum((amount for amount in charged if amount is not None), Decimal(0)),
    )


def _web_address(text: str) -> str:
    return text if text.startswith(("https://", "http://")) else ""


def _as_it_is(text: str) -> str:
    return text
