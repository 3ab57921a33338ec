"""What is asked for an order and what came in of it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Connection, select

from worker.domain.document import Document
from worker.domain.document_money import OrderMoney, Seen, invoices_among
from worker.domain.money import ZERO
from worker.domain.order import OrderKey
from worker.domain.payment import OrderBalance
from worker.domain.told_money import ToldMoney
from worker.store import document_balances, documents, payments, reminders, shops
from worker.store.database import json_codec
from worker.store.database.made_once import given, made_once
from worker.store.database.tables import orders
from worker.store.database.tables import shops as shop_rows
from worker.store.payments import Payment

SEEN = made_once(
    select(
        *(orders.c[name] for name in ("status", "total", "currency", "paid_at", "told", "fetched_at")),
        shop_rows.c.settings,
    )
    .join_from(orders, shop_rows, orders.c.shop_id == shop_rows.c.shop_id)
    .where(*given(orders.c.shop_id, orders.c.order_id, orders.c.order_key))
)


def of_order(connection: Connection, order: OrderKey) -> OrderBalance | None:
    """None for an order of which no document asks for money, and which does not wait for it in the shop either."""
    return of_documents(connection, order, documents.of_order(connection, order))


def of_documents(
    connection: Connection, order: OrderKey, made: Sequence[Document], *, seen: Seen | None = None
) -> OrderBalance | None:
    """The same, of an order of which these documents were made; *seen* as it is now where it is not stored yet."""
    money = read(connection, order, made, seen=seen)
    balance = money.balance
    if balance and balance.excess and money.invoices:
        besides = reminders.asked_besides(connection, [invoice.document_id for invoice in money.invoices])
        return replace(balance, excess=max(balance.excess - besides, ZERO))
    return balance


def read(connection: Connection, order: OrderKey, made: Sequence[Document], *, seen: Seen | None = None) -> OrderMoney:
    """All that says what is asked for an order, of which these documents were *made*."""
    counted = payments.of_order(connection, order)
    balances = document_balances.of_documents(connection, [one.document_id for one in invoices_among(made)])
    return OrderMoney(made, counted, balances, seen or seen_of(connection, order, counted))


def seen_of(connection: Connection, order: OrderKey, counted: Sequence[Payment]) -> Seen | None:
    row = connection.execute(SEEN, vars(order)).one_or_none()
    if row is None:
        return None
    told = json_codec.load(ToldMoney, row.told or "{}")
    return Seen(
        shops.as_shop(row.settings).orders.meaning_of(row.status),
        Decimal(row.total),
        row.currency,
        row.paid_at,
        to_count=told.left(counted),
        told_on=told.day if row.paid_at else None,
        unsaid_at=None if row.paid_at or told.amount else row.fetched_at,
        is_part_unknown=told.is_unknown,
    )
