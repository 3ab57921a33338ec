"""What is asked for an order and what came in of it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from worker.domain.document import Document
from worker.domain.document_money import OrderMoney, Seen, invoices_among
from worker.domain.money import ZERO
from worker.domain.order import OrderKey
from worker.domain.payment import OrderBalance
from worker.domain.reported_money import ReportedMoney
from worker.store import document_balances, documents, payment_rows, reminders, shops
from worker.store.database import json_codec
from worker.store.database.made_once import made_once
from worker.store.database.tables import orders
from worker.store.database.tables import shops as shop_rows
from worker.store.payment_rows import Payment
from worker.store.payment_shares import keys_of, of_one, of_several

SAID: Select[Any] = select(
    *orders.c["shop_id", "order_id", "order_key", "status", "total", "currency", "paid_at", "reported", "fetched_at"],
    shop_rows.c.settings,
).join_from(orders, shop_rows, orders.c.shop_id == shop_rows.c.shop_id)
SEEN = made_once(SAID.where(*of_one(orders)))
SEEN_OF_ORDERS = made_once(SAID.where(*of_several(orders)))


def of_order(connection: Connection, order: OrderKey) -> OrderBalance | None:
    """None for an order of which no document asks for money, and which does not wait for it in the shop either."""
    return of_documents(connection, order, documents.of_order(connection, order))


def of_documents(
    connection: Connection, order: OrderKey, made: Sequence[Document], *, seen: Seen | None = None
) -> OrderBalance | None:
    """The same, of an order of which these documents were made; *seen* as it is now where it is not stored yet."""
    money = read(connection, order, made, seen=seen)
    balance = money.balance
    if balance is None or not money.invoices:
        return balance
    others = tuple(without_costs(connection, one, money.invoices) for one in balance.others)
    return replace(without_costs(connection, balance, money.invoices), others=others)


def without_costs(connection: Connection, balance: OrderBalance, invoices: Sequence[Document]) -> OrderBalance:
    """*balance*, of which what was paid for reminders is not given back."""
    if not balance.excess:
        return balance
    mine = [invoice.document_id for invoice in invoices if invoice.draft.currency == balance.currency]
    return replace(balance, excess=max(balance.excess - reminders.asked_besides(connection, mine), ZERO))


def read(connection: Connection, order: OrderKey, made: Sequence[Document], *, seen: Seen | None = None) -> OrderMoney:
    """All that says what is asked for an order, of which these documents were *made*."""
    counted = payment_rows.of_order(connection, order)
    balances = document_balances.of_documents(connection, [one.document_id for one in invoices_among(made)])
    return OrderMoney(made, counted, balances, seen or seen_of(connection, order, counted))


def read_all(connection: Connection, some: Sequence[OrderKey]) -> dict[OrderKey, OrderMoney]:
    """The same of several orders, of all documents that were made of them: in as many statements as of one."""
    if not some:
        return {}
    made, counted = documents.of_orders(connection, some), payment_rows.of_orders(connection, some)
    invoices = [one.document_id for of_one_order in made.values() for one in invoices_among(of_one_order)]
    balances = document_balances.of_documents(connection, invoices)
    rows = {
        OrderKey(row.shop_id, row.order_id, row.order_key): row
        for row in connection.execute(SEEN_OF_ORDERS, keys_of(some))
    }
    return {
        key: OrderMoney(
            made.get(key, ()),
            counted.get(key, ()),
            balances,
            as_seen(rows[key], counted.get(key, ())) if key in rows else None,
        )
        for key in some
    }


def seen_of(connection: Connection, order: OrderKey, counted: Sequence[Payment]) -> Seen | None:
    row = connection.execute(SEEN, vars(order)).one_or_none()
    return as_seen(row, counted) if row is not None else None


def as_seen(row: Row[Any], counted: Sequence[Payment]) -> Seen:
    reported = json_codec.load(ReportedMoney, row.reported or "{}")
    return Seen(
        shops.as_shop(row.settings).orders.meaning_of(row.status),
        Decimal(row.total),
        row.currency,
        row.paid_at,
        to_count=reported.left([one for one in counted if one.currency == row.currency]),
        reported_on=reported.day if row.paid_at else None,
        unsaid_at=None if row.paid_at or reported.amount else row.fetched_at,
        is_part_unknown=reported.is_unknown,
        said=reported,
    )
