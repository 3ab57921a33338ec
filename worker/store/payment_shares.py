"""Which invoices of its order a payment pays: of its own currency. What came before there was an invoice pays the ones that follow."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select

from worker.domain import document_money
from worker.domain.document import Draft, Kind
from worker.domain.money import ZERO, total_of
from worker.domain.order import OrderKey
from worker.domain.payment import Balance
from worker.domain.reported_money import ReportedMoney
from worker.store import document_balances
from worker.store.database import json_codec
from worker.store.database.made_once import among, given, made_once
from worker.store.database.tables import documents, orders, payment_shares, payments
from worker.store.document_balances import STANDS


def of_one(table: Any) -> tuple[ColumnElement[bool], ...]:
    """As `is_of_order`, of an order that is given when the statement is run, by the names of its key."""
    return given(table.c.shop_id, table.c.order_id, table.c.order_key)


def of_several(table: Any) -> tuple[ColumnElement[bool], ...]:
    """As `of_one`, of several, and of no more than have their ids: by `keys_of`."""
    return among(table.c.shop_id, "shop_ids"), among(table.c.order_id, "order_ids")


def keys_of(orders: Iterable[OrderKey]) -> dict[str, list[Any]]:
    """What is given to `of_several`."""
    keys = set(orders)
    return {"shop_ids": list({key.shop_id for key in keys}), "order_ids": list({key.order_id for key in keys})}


# Made once: a statement costs more to build than to run.
KEY = (payment_shares.c.payment_id, payment_shares.c.document_id)
SHARES = (
    select(*KEY, func.sum(payment_shares.c.amount, type_=payment_shares.c.amount.type))
    .join_from(payment_shares, payments, payment_shares.c.payment_id == payments.c.payment_id)
    .group_by(*KEY)
    .order_by(*KEY)
)
STANDING_SHARES = made_once(SHARES.where(*of_one(payments), STANDS))
# Each payment that stands, and how much of it pays invoices.
STANDING = made_once(
    select(
        payments.c.payment_id,
        payments.c.currency,
        payments.c.amount,
        func.sum(payment_shares.c.amount, type_=payment_shares.c.amount.type),
    )
    .outerjoin(payment_shares, payment_shares.c.payment_id == payments.c.payment_id)
    .where(*of_one(payments), STANDS)
    .group_by(payments.c.payment_id)
    .order_by(payments.c.payment_id)
)
ADD = made_once(insert(payment_shares))
INVOICES = made_once(
    select(documents.c.document_id)
    .where(*of_one(documents), documents.c.kind == Kind.INVOICE, documents.c.test.is_(False))
    .order_by(documents.c.document_id)
)
PAID = made_once(
    select(func.sum(payments.c.amount, type_=payments.c.amount.type))
    .where(*of_one(payments))
    .group_by(payments.c.currency)
)
REPORTED = made_once(select(orders.c.reported).where(*given(orders.c.shop_id, orders.c.order_id, orders.c.order_key)))
ROWS = made_once(select(payments).where(*of_one(payments)).order_by(payments.c.payment_id))


def share_out(connection: Connection, order: OrderKey, invoices: Sequence[int], *, now: datetime) -> list[int]:
    """Let what pays none of the *invoices* of *order* yet pay those that are open, oldest first; then what a credited one has too much of.
    The ids of those that became paid so.
    """
    before = document_balances.of_documents(connection, invoices)
    open_of = {document_id: balance.open for document_id, balance in before.items()}
    became_paid: list[int] = []
    # Where nothing waits for money it is not asked how much of it lies there.
    asked_in = {balance.currency for balance in before.values() if balance.open > 0}
    pools = {currency: pool_of(connection, order, before, currency) for currency in asked_in}
    for document_id in invoices:
        pool = pools.get(before[document_id].currency, [])
        for place, (payment_id, taken_from, amount) in enumerate(pool):
            share = min(amount, open_of[document_id])
            if share > 0 and taken_from != document_id:
                moved = [(payment_id, document_id, share)]
                moved += [(payment_id, taken_from, -share)] if taken_from is not None else []
                add_shares(connection, moved, now=now)
                open_of[document_id] -= share
                pool[place] = (payment_id, taken_from, amount - share)
        after = document_balances.update_unpaid(connection, document_id)
        if after.is_paid and not before[document_id].is_paid:
            became_paid.append(document_id)
    return became_paid


def pool_of(
    connection: Connection, order: OrderKey, balances: Mapping[int, Balance], currency: str
) -> list[tuple[int, int | None, Decimal]]:
    """The money of one currency that may pay invoices of it: the payment's id, the invoice's whose it is now (None: of none), and the amount."""
    open_of = {document_id: one.open for document_id, one in balances.items() if one.currency == currency}
    return unshared(connection, order, currency) + overpaid(connection, order, open_of)


def unshared(connection: Connection, order: OrderKey, currency: str) -> list[tuple[int, int | None, Decimal]]:
    """What no invoice was paid with of each payment of a *currency* that stands: its id, None and the amount."""
    rows = connection.execute(STANDING, vars(order))
    left = [(payment_id, amount - (spent or ZERO)) for payment_id, its, amount, spent in rows if its == currency]
    # What went back of what pays no invoice: of what came last.
    gone = -total_of(amount for _, amount in left if amount < 0)
    found: list[tuple[int, int | None, Decimal]] = []
    for payment_id, amount in reversed(left):
        still = max(amount - gone, ZERO)
        gone -= max(amount, ZERO) - still
        if still:
            found.insert(0, (payment_id, None, still))
    return found


def overpaid(
    connection: Connection, order: OrderKey, open_of: dict[int, Decimal]
) -> list[tuple[int, int | None, Decimal]]:
    """What invoices were paid with beyond what their credit notes left of them: the payment's id, the invoice's, and the amount."""
    found: list[tuple[int, int | None, Decimal]] = []
    too_much = {document_id: -amount for document_id, amount in open_of.items() if amount < 0}
    if not too_much:
        return found
    # Not of one that was reversed: what it paid is taken back already, and would be twice.
    for payment_id, document_id, amount in read_shares(connection, STANDING_SHARES, vars(order)):
        movable = min(amount, too_much.get(document_id, ZERO))
        if movable > 0:
            found.append((payment_id, document_id, movable))
            too_much[document_id] -= movable
    return found


def shares_of(connection: Connection, *which: ColumnElement[bool]) -> list[tuple[int, int, Decimal]]:
    """Of the payments that are meant, in their order: payment, document, and how much of the one pays the other now."""
    return read_shares(connection, SHARES.where(*which), {})


def read_shares(
    connection: Connection, query: Select[Any], values: Mapping[str, object]
) -> list[tuple[int, int, Decimal]]:
    rows = connection.execute(query, values)
    return [(payment_id, document_id, share) for payment_id, document_id, share in rows if share]


def add_shares(connection: Connection, new: Iterable[tuple[int, int, Decimal]], *, now: datetime) -> None:
    rows = [
        {"payment_id": payment_id, "document_id": document_id, "amount": amount, "created_at": now}
        for payment_id, document_id, amount in new
    ]
    if rows:
        connection.execute(ADD, rows)


def invoices_of(connection: Connection, order: OrderKey) -> tuple[int, ...]:
    """The ids of an order's invoices, oldest first, without those of a test."""
    return tuple(connection.execute(INVOICES, vars(order)).scalars())


def is_any_there(connection: Connection, order: OrderKey) -> bool:
    """Whether money that came in for an order is there, in whatever currency."""
    return any(amount > 0 for amount in connection.execute(PAID, vars(order)).scalars())


def open_before_invoice(connection: Connection, order: OrderKey, draft: Draft, *, issued_at: datetime) -> Decimal:
    """What is open of an order by the document that asks for it before there is an invoice: less all that was counted, and what the shop
    reported besides, as far as the document says so, and what it refunded."""
    counted: Any = [one for one in connection.execute(ROWS, vars(order)) if one.currency == draft.currency]
    said = document_money.said_of(draft)
    by_shop = reported_of(connection, order)
    reported = min(said, by_shop.left(counted)) if said else ZERO
    return by_shop.less_refunded(document_money.open_before_invoice(draft, issued_at, counted, reported=reported))


def reported_of(connection: Connection, order: OrderKey) -> ReportedMoney:
    return json_codec.load(ReportedMoney, connection.execute(REPORTED, vars(order)).scalar() or "{}")
