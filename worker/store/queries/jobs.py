"""Work that waits, runs or failed, whatever it is: looks at orders, steps of documents, tasks, webhook events; and what came in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select
from sqlalchemy.engine import Row

from worker.message import NO_MESSAGE, Message
from worker.store import deliveries as delivery_store
from worker.store.database import pagination
from worker.store.database.pagination import ALWAYS, FIRST_PAGE, Between, Page, PageRequest
from worker.store.database.rows import read_row
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import deliveries, documents, jobs
from worker.store.database.tables import shops as shops_table
from worker.store.database.text_columns import folded
from worker.store.jobs import IS_PENDING, JobKind
from worker.store.queries import text_search
from worker.store.queries.text_search import NOTHING_TYPED, Typed


@dataclass(frozen=True)
class Job:
    """One piece of work.

    *name* says what is done: `process_order`, the step's name, the task's kind, the webhook's event. *since* is when it was
    asked for; *next_at* when it is tried next. *code* and *message* say why it failed or still waits; empty where it never
    ran. *order_id* and *number* are also those of the document that it is about.
    """

    kind: JobKind
    job_id: int
    shop_id: str
    name: str
    state: str
    since: datetime
    next_at: datetime
    attempts: int
    code: str
    message: Message
    order_id: int | None
    document_id: int | None
    number: str


@dataclass(frozen=True)
class JobFilter:
    """*state* is waiting, running or failed. A group's kind, name and code (see `job_groups`) narrow it down; None: any."""

    state: str = "failed"
    kind: JobKind | None = None
    name: str | None = None
    code: str | None = None
    kinds: Sequence[JobKind] = ()  # empty: any
    done_before: datetime | None = None  # ended then at the latest
    asked: Between = ALWAYS  # when it was asked for
    typed: Typed = NOTHING_TYPED


@dataclass(frozen=True)
class JobGroup:
    """How many jobs have the same trouble. *message* is that of the first of them, *since* when the oldest was asked for."""

    kind: JobKind
    name: str
    code: str
    count: int
    since: datetime
    message: Message


JOB_COLUMNS = (
    jobs.c.kind, jobs.c.job_id, jobs.c.shop_id, jobs.c.name, jobs.c.state, jobs.c.created_at.label("since"), jobs.c.next_at,
    jobs.c.attempts, jobs.c.code, jobs.c.message, func.coalesce(jobs.c.order_id, documents.c.order_id).label("order_id"),
    jobs.c.document_id, func.coalesce(documents.c.number, "").label("number"),
)  # fmt: skip
SELECT_JOBS: Select[Any] = select(*JOB_COLUMNS).select_from(
    jobs.outerjoin(documents, documents.c.document_id == jobs.c.document_id)
)


def shop_name() -> ColumnElement[str]:
    found = select(shops_table.c.name).where(shops_table.c.shop_id == jobs.c.shop_id).correlate(jobs).scalar_subquery()
    return folded(found)


JOB_SORTS = {"work": jobs.c.name, "why": jobs.c.code, "shop": shop_name(), "attempts": jobs.c.attempts}


def jobs_page(
    connection: Connection, shops: Shops, wanted: JobFilter | None = None, page_request: PageRequest = FIRST_PAGE
) -> Page[Job]:
    """Jobs of all kinds, the oldest first."""
    wanted = wanted or JobFilter()
    query = SELECT_JOBS.where(*conditions(shops, wanted))
    said = text_search.row_conditions(wanted.typed, "number", "name", "code")
    order = pagination.RowOrder((jobs.c.created_at, jobs.c.job_id), rising=True, sorts=JOB_SORTS)
    page = pagination.read_page(connection, query, order, page_request, row_conditions=said)
    return page.of([as_job(row) for row in page.rows])


def of_ids(connection: Connection, ids: Sequence[int]) -> list[Job]:
    """The jobs with these ids, the lowest first."""
    return [
        as_job(row) for row in connection.execute(SELECT_JOBS.where(jobs.c.job_id.in_(ids)).order_by(jobs.c.job_id))
    ]


def as_job(row: Row[Any]) -> Job:
    return read_row(Job, row, kind=JobKind(row.kind))


def job_groups(connection: Connection, shops: Shops, state: str = "failed") -> tuple[JobGroup, ...]:
    """The jobs of one state by kind, name and code, the largest group first."""
    labels = (jobs.c.kind, jobs.c.name, jobs.c.code)
    since, first = func.min(jobs.c.created_at).label("since"), func.min(jobs.c.job_id).label("first")
    query = select(*labels, func.count().label("jobs"), since, first).where(*conditions(shops, JobFilter(state)))
    rows = connection.execute(query.group_by(*labels)).all()
    named = select(jobs.c.job_id, jobs.c.message).where(jobs.c.job_id.in_([row.first for row in rows]))
    messages = {row.job_id: row.message for row in connection.execute(named)}
    groups = [
        JobGroup(JobKind(row.kind), row.name, row.code, row.jobs, row.since, messages.get(row.first, NO_MESSAGE))
        for row in rows
    ]
    return tuple(sorted(groups, key=lambda group: (-group.count, group.kind, group.name, group.code)))


def job_ids(
    connection: Connection, shops: Shops, wanted: JobFilter, *, above: int = 0, limit: int = 500
) -> tuple[int, ...]:
    """Ids of jobs above an id, lowest first: to do something with all of a group."""
    query = select(jobs.c.job_id).where(*conditions(shops, wanted), jobs.c.job_id > above)
    return tuple(connection.execute(query.order_by(jobs.c.job_id).limit(limit)).scalars())


def job_counts(connection: Connection, shops: Shops) -> dict[str, int]:
    """How many jobs wait, run and have failed, of all kinds together."""
    counted = select(jobs.c.state, func.count()).where(IS_PENDING, *within(jobs.c.shop_id, shops))
    found = {state: int(count) for state, count in connection.execute(counted.group_by(jobs.c.state))}
    return dict.fromkeys(("waiting", "running", "failed"), 0) | found


def conditions(shops: Shops, wanted: JobFilter) -> list[ColumnElement[bool]]:
    found = [IS_PENDING, jobs.c.state == wanted.state, *within(jobs.c.shop_id, shops)]
    if wanted.done_before is not None:
        found.append(jobs.c.done_at <= wanted.done_before)
    if wanted.kinds:
        found.append(jobs.c.kind.in_(wanted.kinds))
    found += wanted.asked.conditions(jobs.c.created_at)
    named = {jobs.c.kind: wanted.kind, jobs.c.name: wanted.name, jobs.c.code: wanted.code}
    return found + [column == value for column, value in named.items() if value is not None]


# Deliveries


@dataclass(frozen=True)
class DeliveryFilter:
    """*state* is waiting, running, done or failed; empty: any. *came*: when it came in."""

    state: str = ""
    came: Between = ALWAYS
    typed: Typed = NOTHING_TYPED


@dataclass(frozen=True)
class DeliveryRow:
    """One delivery as lists show it, without its body and headers."""

    delivery_id: int
    shop_id: str
    source: str
    topic: str
    order_id: int | None
    received_at: datetime
    state: str
    message: Message


def deliveries_page(
    connection: Connection, shops: Shops, wanted: DeliveryFilter | None = None, page_request: PageRequest = FIRST_PAGE
) -> Page[DeliveryRow]:
    """What came in, the newest first."""
    wanted = wanted or DeliveryFilter()
    state = wanted.state
    query = delivery_store.query(without=("body", "headers", "body_sha256"))
    keys: tuple[ColumnElement[Any], ColumnElement[Any]] = (deliveries.c.received_at, deliveries.c.delivery_id)
    if state:
        query = query.where(jobs.c.state == state)
    if state in ("waiting", "running", "failed"):
        # Few among many: found by their jobs. Those that are done are nearly all.
        keys = (jobs.c.created_at, jobs.c.job_id)
        query = query.where(IS_PENDING, delivery_store.IS_DELIVERY)
    query = query.where(*wanted.came.conditions(keys[0]))
    orders = text_search.few_orders(connection, shops, wanted.typed)
    if orders is not None:
        search, few = orders
        is_one = and_(deliveries.c.shop_id == few.c.shop_id, deliveries.c.order_id == few.c.order_id)
        query = query.join(few, is_one).where(*search.conditions(deliveries))
    said = None if orders else text_search.row_conditions(wanted.typed, "topic")
    owner: ColumnElement[str] = keys[0].table.c.shop_id
    query = query.where(*within(owner, shops))
    page = pagination.read_page(connection, query, pagination.RowOrder(keys), page_request, row_conditions=said)
    return page.of([read_row(DeliveryRow, row) for row in page.rows])
