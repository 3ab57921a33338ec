"""What was made for an order and for the other orders of its sale, where a marketplace plugin split one into several."""

from dataclasses import replace

from sqlalchemy import Connection, func, select

from worker.domain.document import Document, History, Kind
from worker.domain.order import Order, SalePart
from worker.domain.order_status import EARLY_STATUSES
from worker.domain.rules import Trigger
from worker.domain.sale_part import part_of
from worker.domain.shop import Shop
from worker.store import documents, orders
from worker.store.database.tables import documents as documents_table


def history(
    connection: Connection, shop: Shop, order: Order, *, told_statuses: frozenset[str] = frozenset()
) -> History:
    """Everything made for *order*, oldest first, and the invoices that stand of its sale's other orders; where a rule of the shop
    waits for a status, those it passed: seen in the order, or told by the shop (*told_statuses*).
    """
    shop_id = shop.shop_id
    own = documents.history(connection, shop_id, order.order_id, order.order_key)
    own = replace(
        own,
        parent_is_split=orders.is_split(connection, shop_id, order.parent_id),
        deposit_invoices=deposit_invoices(connection, shop_id, order),
    )
    awaited = frozenset(rule.status for rule in shop.rules if rule.trigger is Trigger.STATUS)
    if awaited:
        own = replace(own, seen_statuses=orders.seen_statuses(connection, shop_id, order) | told_statuses)
        own = with_usual_way(connection, shop_id, order, own, awaited - own.seen_statuses - {order.status})
    related = related_orders(connection, shop_id, order, own)
    return replace(own, of_same_sale=standing_invoices(connection, shop_id, related)) if related else own


def with_usual_way(
    connection: Connection, shop_id: str, order: Order, history: History, unseen: frozenset[str]
) -> History:
    """*history*, with which of the *unseen* statuses orders of this shop pass before, and which most come to after, the one it is
    in now.
    """
    if not unseen or order.status in EARLY_STATUSES:
        return history
    before = orders.usual_statuses(connection, shop_id, order.status)
    coming = (one for one in unseen if orders.comes_after(connection, shop_id, one, order.status))
    return replace(history, passed_statuses=unseen & before, coming_statuses=frozenset(coming))


def related_orders(connection: Connection, shop_id: str, order: Order, history: History) -> tuple[int, ...]:
    """The main order of a suborder; the suborders of any other. Two suborders are not related: each is a part of its own."""
    if part_of(order, parent_is_split=history.parent_is_split) is SalePart.SUBORDER:
        return (order.parent_id,)
    return orders.suborders(connection, shop_id, order.order_id)


def deposit_invoices(connection: Connection, shop_id: str, order: Order) -> tuple[Document, ...]:
    """What invoices the deposit, where *order* is its balance."""
    is_balance = order.sale_part is SalePart.BALANCE
    return standing_invoices(connection, shop_id, (order.parent_id,)) if is_balance else ()


def standing_invoices(connection: Connection, shop_id: str, order_ids: tuple[int, ...]) -> tuple[Document, ...]:
    """The invoices of *order_ids* that were not credited whole, oldest first."""
    credited = documents_table.alias()
    taken_back = (
        select(func.coalesce(func.sum(credited.c.total), 0))
        .where(credited.c.corrects == documents_table.c.document_id)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(documents_table)
        .where(documents_table.c.shop_id == shop_id, documents_table.c.order_id.in_(order_ids))
        .where(documents_table.c.kind == Kind.INVOICE, documents_table.c.total > taken_back)
        .order_by(documents_table.c.document_id)
    )
    return tuple(documents.as_document(row) for row in rows)
