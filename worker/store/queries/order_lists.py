"""The list of orders that the dashboard shows, a page at a time, and which of them need somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    FromClause,
    Select,
    and_,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    union,
)
from sqlalchemy.engine import Row

from worker.domain.document import Kind, Problem
from worker.message import Message
from worker.store import order_search, steps
from worker.store.database import json_codec
from worker.store.database.pagination import ALWAYS, FIRST_PAGE, Between, Keys, Page, PageRequest, RowOrder, read_page
from worker.store.database.plan import unindexed
from worker.store.database.shop_scope import Shops, is_one, of_orders, within
from worker.store.database.tables import FLAGGED, drafts, orders
from worker.store.database.tables import documents as made
from worker.store.database.tables import jobs as work
from worker.store.database.text_columns import folded
from worker.store.jobs import IS_PENDING, OF_ORDERS, JobKind
from worker.store.orders import columns
from worker.store.queries.document_lists import row_conditions


@dataclass(frozen=True)
class OrderFilter:
    """Which orders. *needs_attention*: flagged, or with a delivery, a step or a settlement that failed. *text* as for documents.
    *placed*: when.
    """

    status: str = ""
    needs_attention: bool = False
    text: str = ""
    placed: Between = ALWAYS


@dataclass(frozen=True)
class OrderDocument:
    """A document as an order's row names it."""

    document_id: int
    kind: Kind
    number: str
    test: bool


@dataclass(frozen=True)
class OrderFailure:
    """Work of an order that failed and is not done since. *work* is the job's name; *number* of the document that it is of."""

    work: str
    message: Message
    number: str = ""


@dataclass(frozen=True)
class OrderRow:
    """One order as last fetched. *total* is as the shop states it; *flags* are what a person must know."""

    shop_id: str
    order_id: int
    order_key: str
    order_number: str
    status: str
    buyer: str
    currency: str
    total: Decimal
    ordered_at: datetime
    paid_at: datetime | None
    flags: tuple[Problem, ...]
    documents: tuple[OrderDocument, ...] = ()
    open_drafts: int = 0
    failures: tuple[OrderFailure, ...] = ()


ORDER_COLUMNS = (
    "shop_id", "order_id", "order_key", "order_number", "status", "buyer", "currency", "total", "ordered_at", "paid_at",
    "flags",
)  # fmt: skip


ORDER_SORTS = {
    "number": orders.c.order_id,
    "buyer": folded(orders.c.buyer),
    "status": orders.c.status,
    "amount": cast(orders.c.total, Float),
}
# Of all orders of one shop.
INDEXED_ORDERS: dict[str, Keys] = {
    "number": (orders.c.order_id, orders.c.order_key),
    "status": (orders.c.status, orders.c.ordered_at, orders.c.order_id, orders.c.order_key),
}
ORDER_KEYS = (orders.c.ordered_at, orders.c.order_id, orders.c.shop_id, orders.c.order_key)


def orders_page(
    connection: Connection, shops: Shops, wanted: OrderFilter | None = None, page_request: PageRequest = FIRST_PAGE
) -> Page[OrderRow]:
    """Orders that were fetched, those placed last first. An order of which every delivery failed is among the jobs, not here."""
    wanted = wanted or OrderFilter()
    search = order_search.search(connection, shops, wanted.text)
    few = search.candidates if search is not None else None
    source: FromClause = orders
    if few is not None:
        source = few.join(orders, is_one_of(few))
    if wanted.needs_attention:
        # From the few that do: to try the orders one by one, the last ones first, is to read a past in which all is well.
        found = perhaps_in_need(shops)
        source = source.join(found, is_one_of(found))
    query = (
        select(*(one for one in columns() if one.name in ORDER_COLUMNS))
        .select_from(source)
        .where(*within(unindexed(orders.c.shop_id) if wanted.needs_attention else orders.c.shop_id, shops))
    )
    if search is not None and few is not None:
        query = query.where(*search.conditions(orders))
    if wanted.status:
        query = query.where(orders.c.status == wanted.status)
    query = query.where(*wanted.placed.conditions(orders.c.ordered_at))
    if wanted.needs_attention:
        query = query.where(needs_attention(shops))
    is_whole = wanted == OrderFilter() and is_one(shops)
    order = RowOrder(ORDER_KEYS, sorts=ORDER_SORTS, indexed=INDEXED_ORDERS if is_whole else {})
    page = read_page(connection, query, order, page_request, row_conditions=row_conditions(search))
    return page.of(order_rows(connection, page.rows))


def is_one_of(few: FromClause) -> ColumnElement[bool]:
    return and_(orders.c.shop_id == few.c.shop_id, orders.c.order_id == few.c.order_id)


def perhaps_in_need(shops: Shops) -> FromClause:
    """Shop and id of all orders that are flagged or of which something failed, found by the indexes of those alone."""
    flagged = shop_and_order(orders).where(literal_column("orders." + FLAGGED), *within(orders.c.shop_id, shops))
    return union(flagged, *failed_work(shops)).subquery("in_need")


def needs_attention(shops: Shops) -> ColumnElement[bool]:
    """That an order is flagged, or that a look at it, a step of its documents or setting it paid failed."""
    every = union(*failed_work(shops)).subquery("failed")
    failed = exists().where(every.c.shop_id == orders.c.shop_id, every.c.order_id == orders.c.order_id)
    return or_(literal_column("orders." + FLAGGED), failed)


def failed_work(shops: Shops) -> tuple[Select[Any], ...]:
    """Shop and order of looks, steps and settlements that failed."""
    failed_deliveries = shop_and_order(work).where(
        *failed_jobs(JobKind.PROCESS_ORDER, shops), work.c.order_id.is_not(None), unanswered()
    )
    failed_steps = (
        shop_and_order(made)
        .join_from(work, made, made.c.document_id == work.c.document_id)
        .where(*failed_jobs(JobKind.STEP, shops))
    )
    failed_settlements = shop_and_order(work).where(*failed_jobs(JobKind.SETTLE_ORDER, shops))
    return failed_deliveries, failed_steps, failed_settlements


def shop_and_order(table: FromClause) -> Select[Any]:
    """Unindexed, or SQLite (3.53) reads all rows of a shop in the order in which they are to be united, to be spared sorting the few."""
    return select(unindexed(table.c.shop_id).label("shop_id"), unindexed(table.c.order_id).label("order_id"))


def failed_jobs(kind: JobKind, shops: Shops) -> tuple[ColumnElement[bool], ...]:
    return IS_PENDING, work.c.kind == kind, work.c.state == "failed", *within(work.c.shop_id, shops)


def unanswered() -> ColumnElement[bool]:
    """That no later delivery of a failed one's order was processed: one that was has answered it."""
    later = and_(
        orders.c.shop_id == work.c.shop_id,
        orders.c.order_id == work.c.order_id,
        unindexed(orders.c.fetched_at) >= work.c.done_at,
    )
    return ~exists().where(later)


def order_rows(connection: Connection, rows: Sequence[Row[Any]]) -> list[OrderRow]:
    pairs = sorted({(row.shop_id, row.order_id) for row in rows})
    named, waiting = documents_of(connection, pairs), drafts_of(connection, pairs)
    failed, of_documents = failures_of_orders(connection, pairs), failures_of_documents(connection, named)
    found = [as_order_row(row) for row in rows]
    keys = [(row.shop_id, row.order_id, row.order_key) for row in found]
    return [
        replace(
            row,
            documents=named.get(key, ()),
            open_drafts=waiting.get(key, 0),
            failures=(*of_documents.get(key, ()), *failed.get(key[:2], ())),
        )
        for row, key in zip(found, keys, strict=True)
    ]


def as_order_row(row: Row[Any]) -> OrderRow:
    flags = json_codec.load(tuple[Problem, ...], row.flags) if row.flags != "[]" else ()
    values = {name: getattr(row, name) for name in ORDER_COLUMNS} | {"total": Decimal(row.total), "flags": flags}
    return OrderRow(**values)


OrderKey = tuple[str, int, str]


def documents_of(connection: Connection, pairs: Sequence[tuple[str, int]]) -> dict[OrderKey, tuple[OrderDocument, ...]]:
    """The documents of orders, given by shop and id."""
    found: dict[OrderKey, tuple[OrderDocument, ...]] = {}
    shown = (made.c.document_id, made.c.kind, made.c.number, made.c.test, made.c.shop_id, made.c.order_id)
    mine = select(*shown, made.c.order_key).where(of_orders(made, pairs))
    for row in connection.execute(mine.order_by(unindexed(made.c.document_id))):
        key = (row.shop_id, row.order_id, row.order_key)
        found[key] = (*found.get(key, ()), OrderDocument(row.document_id, Kind(row.kind), row.number, row.test))
    return found


def drafts_of(connection: Connection, pairs: Sequence[tuple[str, int]]) -> dict[OrderKey, int]:
    """How many drafts of orders, given by shop and id, are open."""
    whose = (drafts.c.shop_id, drafts.c.order_id, drafts.c.order_key)
    mine = (drafts.c.state == "open", of_orders(drafts, pairs))
    rows = connection.execute(select(*whose, func.count().label("open")).where(*mine).group_by(*whose))
    return {(row.shop_id, row.order_id, row.order_key): int(row.open) for row in rows}


def failures_of_orders(
    connection: Connection, pairs: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], tuple[OrderFailure, ...]]:
    """Looks at orders, given by shop and id, that failed and were not answered by a later one; and orders not set to paid."""
    mine = (IS_PENDING, work.c.state == "failed", work.c.kind.in_(OF_ORDERS))
    answered = and_(work.c.kind == JobKind.PROCESS_ORDER, ~unanswered())
    query = select(work.c.shop_id, work.c.order_id, work.c.name, work.c.message).where(
        *mine, work.c.order_id.is_not(None), of_orders(work, pairs), ~answered
    )
    found: dict[tuple[str, int], tuple[OrderFailure, ...]] = {}
    for row in connection.execute(query.order_by(work.c.job_id)):
        key = (row.shop_id, row.order_id)
        found[key] = (*found.get(key, ()), OrderFailure(row.name, row.message))
    return found


def failures_of_documents(
    connection: Connection, named: Mapping[OrderKey, tuple[OrderDocument, ...]]
) -> dict[OrderKey, tuple[OrderFailure, ...]]:
    """The steps that failed of the documents of orders."""
    todo = steps.of_documents(connection, [one.document_id for of_order in named.values() for one in of_order])
    return {
        key: tuple(
            OrderFailure(step.name, step.message, one.number)
            for one in of_order
            for step in todo.get(one.document_id, {}).values()
            if step.state == "failed"
        )
        for key, of_order in named.items()
    }
