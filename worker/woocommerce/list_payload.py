"""Rows of the shop's lists: orders, refunds, products, notes, webhooks. Enough of each to decide whether more is fetched."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from worker.domain.product import Product
from worker.message import Message
from worker.woocommerce.json_reader import read_list, read_object
from worker.woocommerce.node import Node

ORDER_LIST_FIELDS = "id,number,status,order_key,date_created_gmt,date_modified_gmt"
REFUND_FIELDS = "id,refunds"
SUBORDER_FIELDS = "id,parent_id,total"
MOST_STATUSES = 60  # shops have a dozen
PRODUCT_FIELDS = "id,virtual,downloadable,categories"


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
    created_at: datetime


@dataclass(frozen=True)
class ListedWebhook:
    """A webhook as the shop lists it; its secret is never listed. *status* is active, paused or disabled."""

    webhook_id: int
    name: str
    status: str
    topic: str
    delivery_url: str


def parse_order_list(body: bytes) -> tuple[ListedOrder, ...]:
    """Read one page of the list of orders, fetched with `ORDER_LIST_FIELDS`."""
    return tuple(_listed_order(node) for node in read_list(body, Message("The shop's list of orders")))


def parse_refund_ids(body: bytes) -> dict[int, frozenset[int]]:
    """The refunds that each order of a list names, fetched with `REFUND_FIELDS`."""
    nodes = read_list(body, Message("The shop's list of orders"))
    return {node.id("id"): frozenset(refund.id("id") for refund in node.nodes("refunds")) for node in nodes}


def parse_suborder_totals(body: bytes, parent_id: int) -> tuple[Decimal, ...]:
    """The total of each order that hangs on *parent_id*, from a list fetched with `SUBORDER_FIELDS`."""
    nodes = read_list(body, Message("The shop's list of orders"))
    return tuple(node.amount("total") for node in nodes if node.values.get("parent_id") == parent_id)


def parse_products(body: bytes) -> tuple[Product, ...]:
    """Read products, or the variations of one, fetched with `PRODUCT_FIELDS`."""
    return tuple(_product(node) for node in read_list(body, Message("The shop's list of products")))


def parse_notes(body: bytes) -> tuple[OrderNote, ...]:
    return tuple(_order_note(node) for node in read_list(body, Message("The shop's list of notes")))


def parse_statuses(body: bytes) -> dict[str, str]:
    """Read the report of how many orders are in each status: the name of each, by its slug."""
    nodes = read_list(body, Message("The shop's list of order statuses"))
    names = ((node.text("slug"), " ".join(node.text("name").split())) for node in nodes[:MOST_STATUSES])
    return {slug: name or slug for slug, name in names if slug}


def parse_settings(body: bytes) -> dict[str, str]:
    """Read a group of settings: what is a text, by its id."""
    nodes = read_list(body, Message("The shop's settings"))
    values = {node.text("id"): node.values.get("value") for node in nodes}
    return {name: value for name, value in values.items() if isinstance(value, str)}


def parse_webhooks(body: bytes) -> tuple[ListedWebhook, ...]:
    return tuple(_listed_webhook(node) for node in read_list(body, Message("What the shop reports, and to whom")))


def parse_created_id(body: bytes) -> int:
    """The id of what a POST has just made."""
    return Node(read_object(body), where="", label=Message("The shop's answer")).id("id")


def note_body(text: str, *, to_customer: bool) -> dict[str, object]:
    """What POST notes takes. To the customer means that WooCommerce mails it to the customer."""
    return {"note": text, "customer_note": to_customer}


def webhook_body(*, name: str, topic: str, delivery_url: str, secret: str) -> dict[str, object]:
    return {"name": name, "topic": topic, "delivery_url": delivery_url, "secret": secret, "status": "active"}


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
