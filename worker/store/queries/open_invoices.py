"""What customers owe a shop: its invoices of which an amount is open, and how late they are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, case, func, select, type_coerce

from worker.domain.document import Kind
from worker.store.database.pagination import Page, PageRequest, RowOrder, read_page
from worker.store.database.rows import read_row
from worker.store.database.tables import daily_totals, documents, payment_shares, unpaid
from worker.store.database.text_columns import folded

VERY_LATE = timedelta(days=30)


@dataclass(frozen=True)
class OpenInvoice:
    """*open* of its *total*, in its currency; *due_on* is its own date where it names no other."""

    document_id: int
    number: str
    order_id: int
    order_number: str
    buyer: str
    issued_on: date
    due_on: date
    currency: str
    total: Decimal
    open: Decimal


@dataclass(frozen=True)
class OpenTotals:
    """What is open in one currency: in all, of it what is *late*, and of that what is *very_late*. *oldest*: day of the first invoice."""

    currency: str
    invoices: int
    open: Decimal
    late: Decimal
    very_late: Decimal
    oldest: date


DUE_ON = func.coalesce(documents.c.due_on, documents.c.issued_on, type_=documents.c.due_on.type)


@dataclass(frozen=True)
class OpenFilter:
    """Those dated from *since* to *until*, both included, sorted *by* a name of SORTS."""

    since: date | None = None
    until: date | None = None
    by: str = "due"


def page(
    connection: Connection, shop_id: str, page_request: PageRequest, wanted: OpenFilter | None = None
) -> Page[OpenInvoice]:
    """The one that is due first comes first, where no other order is asked for. (What is open of a shop is read for its totals anyway.)"""
    wanted = wanted or OpenFilter()
    names = ("document_id", "number", "order_id", "order_number", "buyer", "issued_on", "currency", "total")
    query = of_shop(
        shop_id, *(documents.c[name] for name in names), DUE_ON.label("due_on"), open_amount().label("open")
    )
    if wanted.since is not None:
        query = query.where(documents.c.issued_on >= wanted.since)
    if wanted.until is not None:
        query = query.where(documents.c.issued_on <= wanted.until)
    order = RowOrder((SORTS[wanted.by](), documents.c.document_id), rising=True)
    found = read_page(connection, query, order, page_request)
    return found.of([read_row(OpenInvoice, row) for row in found.rows])


def totals(connection: Connection, shop_id: str, *, today: date) -> tuple[OpenTotals, ...]:
    """One a currency, the largest first."""
    given = {"shop_id": shop_id, "today": today, "long_ago": today - VERY_LATE}
    return tuple(OpenTotals(*row) for row in connection.execute(totals_made_once(), given))


@cache
def totals_made_once() -> Select[Any]:
    every = of_shop(
        bindparam("shop_id"),
        documents.c.currency,
        documents.c.issued_on,
        DUE_ON.label("due_on"),
        open_amount().label("open"),
    ).subquery()
    amount, zero = every.c.open, 0
    late = case((every.c.due_on < bindparam("today"), amount), else_=zero)
    very_late = case((every.c.due_on < bindparam("long_ago"), amount), else_=zero)
    sums = [func.sum(one, type_=documents.c.total.type) for one in (amount, late, very_late)]
    oldest = func.min(every.c.issued_on, type_=documents.c.issued_on.type)
    query: Select[Any] = select(every.c.currency, func.count(), *sums, oldest).group_by(every.c.currency)
    return query.order_by(func.count().desc(), every.c.currency)


def invoiced_since(connection: Connection, shop_id: str, since: date) -> dict[str, Decimal]:
    """The total of a shop's invoices from a day on less its credit notes, by currency."""
    query = (
        select(daily_totals.c.currency, func.sum(daily_totals.c.total, type_=daily_totals.c.total.type).label("total"))
        .where(daily_totals.c.shop_id == shop_id, daily_totals.c.issued_on >= since)
        .group_by(daily_totals.c.currency)
        .order_by(daily_totals.c.currency)
    )
    return {row.currency: row.total for row in connection.execute(query)}


def of_shop(shop_id: str | BindParameter[str], *columns: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*columns)
        .select_from(unpaid)
        .join(documents, documents.c.document_id == unpaid.c.document_id)
        .where(unpaid.c.shop_id == shop_id, unpaid.c.kind == Kind.INVOICE)
    )


def open_amount() -> ColumnElement[Decimal]:
    """As `Balance.open`, for the database to add up."""
    credit_notes = documents.alias()
    amount = documents.c.total.type
    credited = (
        select(func.sum(credit_notes.c.total, type_=amount))
        .where(credit_notes.c.corrects == documents.c.document_id)
        .correlate(documents)
        .scalar_subquery()
    )
    paid = (
        select(func.sum(payment_shares.c.amount, type_=amount))
        .where(payment_shares.c.document_id == documents.c.document_id)
        .correlate(documents)
        .scalar_subquery()
    )
    nothing = Decimal(0)
    left = (
        documents.c.total - func.coalesce(credited, nothing, type_=amount) - func.coalesce(paid, nothing, type_=amount)
    )
    return type_coerce(left, amount)


SORTS: dict[str, Callable[[], ColumnElement[Any]]] = {
    "due": lambda: DUE_ON,
    "date": lambda: documents.c.issued_on,
    "number": lambda: documents.c.number,
    "buyer": lambda: folded(documents.c.buyer),
    "open": open_amount,
}
