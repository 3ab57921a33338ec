"""The orders that wait for their money, and what speaks against giving one up."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, exists, select

from worker.domain.bank_line import BankLine
from worker.domain.bank_match import words_of
from worker.domain.document import Document, Kind, Problem
from worker.domain.order import Order, OrderKey
from worker.domain.shop import Shop
from worker.domain.unpaid_order import is_late, late_flags
from worker.store import bank_lines, document_balances, documents, orders, payment_attempts
from worker.store.database.shop_scope import is_of_order
from worker.store.database.tables import audit_trail
from worker.store.database.tables import orders as order_rows
from worker.store.database.tables import payments as payment_rows
from worker.store.order_money import key_of
from worker.store.orders import StoredOrder
from worker.store.queries.bank_claims import is_proposed, named_by, numbers_of

_FEW_DIGITS = re.compile("[0-9]{1,5}")
# What the trail says of an order that was cancelled for want of its money.
CANCELLED = "cancelled_unpaid"


@dataclass(frozen=True)
class WaitingLines:
    """The *lines* of the bank that wait for a person, and the *orders* that they name, each by its references among them."""

    lines: tuple[BankLine, ...] = ()
    orders: Mapping[OrderKey, tuple[str, ...]] = field(default_factory=dict)

    def may_pay(self, order: StoredOrder) -> bool:
        """Whether one names the order, or is of its very amount."""
        amounts = {(line.amount, line.currency) for line in self.lines}
        return order.key in self.orders or (order.total, order.currency) in amounts


def placed_between(
    connection: Connection, shop_id: str, statuses: Collection[str], *, since: datetime, before: datetime
) -> tuple[StoredOrder, ...]:
    """The unpaid orders of some *statuses*, oldest first, without those that were cancelled for it once."""
    row = order_rows.c
    cancelled = exists().where(
        audit_trail.c.shop_id == row.shop_id, audit_trail.c.order_id == row.order_id, audit_trail.c.code == CANCELLED
    )
    mine = (row.shop_id == shop_id, row.status.in_(tuple(statuses)), row.ordered_at >= since, row.ordered_at < before)
    query = select(*orders.columns()).where(*mine, row.paid_at.is_(None), ~cancelled)
    return tuple(map(orders.as_order, connection.execute(query.order_by(row.ordered_at, row.order_id))))


def waiting_lines(connection: Connection, shop_id: str) -> WaitingLines:
    stored = bank_lines.waiting(connection, shop_id)
    return waiting_lines_among(connection, shop_id, [one.line for one in stored if one.line.amount > 0])


def waiting_lines_among(connection: Connection, shop_id: str, lines: Iterable[BankLine]) -> WaitingLines:
    """*lines*, and the orders that they name."""
    some = tuple(lines)
    return WaitingLines(some, named_by(connection, shop_id, some))


def is_for_person(connection: Connection, document: Document, open_amount: Decimal, waiting: WaitingLines) -> bool:
    """Whether one of the lines that wait may pay *document*, of which *open_amount* is open."""
    return any(lines_naming(connection, document, open_amount, waiting))


def lines_naming(
    connection: Connection, document: Document, open_amount: Decimal, waiting: WaitingLines
) -> Iterator[BankLine]:
    """The lines that wait and may pay *document*, of which *open_amount* is open.

    Such a line names a reference or number of the order, not before that was placed. A number of a few digits may be a day or a customer's,
    and is the order's where the amount is too.
    """
    order, references = document.order, set(waiting.orders.get(document.order, ()))
    if order not in waiting.orders:
        return
    numbers = {number.upper() for number in numbers_of(connection, order)}
    in_full = {number for number in numbers if not _FEW_DIGITS.fullmatch(number)}
    for line in waiting.lines:
        if line.booked_on < document.draft.ordered_on:
            continue
        words = words_of(line)
        is_its_own = bool(references.intersection(line.references) or words & in_full)
        if is_its_own or (words & numbers and (line.amount == open_amount or is_proposed(connection, order, line))):
            yield line


def may_be_paid(connection: Connection, order: OrderKey) -> bool:
    """Whether money came for it, also where that was taken back, or is on its way; or its goods have left."""
    if connection.execute(select(payment_rows.c.payment_id).where(*is_of_order(payment_rows, order)).limit(1)).first():
        return True
    made = documents.history(connection, order.shop_id, order.order_id, order.order_key).documents
    attempts = (payment_attempts.latest(connection, document.document_id) for document in made)
    is_sent = any(document.draft.kind is Kind.DELIVERY_NOTE for document in made)
    return is_sent or any(attempt is not None and attempt.may_change for attempt in attempts)


def flags_of(connection: Connection, shop: Shop, order: Order, today: date) -> tuple[Problem, ...]:
    """What a person must decide of an order that is late: whether to take its invoice back."""
    key = key_of(shop, order)
    if not is_late(order, shop, today) or may_be_paid(connection, key):
        return ()
    invoice = standing_invoice(connection, key)
    return late_flags(order.number, invoice, shop) if invoice else ()


def standing_invoice(connection: Connection, order: OrderKey) -> str:
    """The number of its newest invoice of which a credit note leaves something; empty where there is none."""
    made = documents.history(connection, order.shop_id, order.order_id, order.order_key).documents
    invoices = [one for one in made if one.draft.kind is Kind.INVOICE and not one.draft.test]
    balances = document_balances.of_documents(connection, [one.document_id for one in invoices])
    stand = [one.number for one in invoices if balances[one.document_id].status != "credited"]
    return stand[-1] if stand else ""
