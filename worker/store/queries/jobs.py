"""Work that waits, runs or failed, whatever table it is a row of: looks at orders, steps of documents, errands, webhooks out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, tuple_
from sqlalchemy.engine import RowMapping

from worker.store.database import pagination
from worker.store.database.pagination import FIRST_PAGE, Page, PageRequest
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import deliveries, documents, steps, tasks, webhook_endpoints, webhook_events


class JobKind(StrEnum):
    """What a job is a row of, in the order in which jobs of one instant are listed."""

    PROCESS_ORDER = "process_order"
    STEP = "step"
    TASK = "task"
    WEBHOOK_EVENT = "webhook_event"


@dataclass(frozen=True)
class Job:
    """One piece of work. *job_id* is the id of its row (delivery, step, errand or call).

    *name* says what is done: `look`, the step's name, the errand's kind, the webhook's event. *since* is when it was asked
    for; *next_at* when it is tried next. *code* and *reason* say why it failed or still waits; empty where it never ran.
    """

    kind: JobKind
    job_id: int
    shop_id: str
    name: str
    state: str
    since: datetime
    next_at: datetime | None
    attempts: int
    code: str
    message: str
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


@dataclass(frozen=True)
class JobGroup:
    """How many jobs have the same trouble. *reason* is the sentence of one of them, *since* when the oldest was asked for."""

    kind: JobKind
    name: str
    code: str
    count: int
    since: datetime
    message: str


@dataclass(frozen=True)
class JobSource:
    """One table as jobs: its columns under the names of `Job`."""

    kind: JobKind
    query: Select[Any]
    job_id: ColumnElement[int]
    shop_id: ColumnElement[str]
    name: ColumnElement[str]
    state: ColumnElement[str]
    since: ColumnElement[datetime]
    code: ColumnElement[str]
    message: ColumnElement[str]


EMPTY = literal("")
JOB_SOURCES = (
    JobSource(
        JobKind.PROCESS_ORDER,
        select(deliveries.c.order_id, deliveries.c.next_at, deliveries.c.attempts),
        deliveries.c.delivery_id, deliveries.c.shop_id, literal("process_order"), deliveries.c.state, deliveries.c.received_at,
        deliveries.c.code, deliveries.c.message,
    ),
    JobSource(
        JobKind.STEP,
        select(steps.c.document_id, steps.c.next_at, steps.c.attempts),
        steps.c.step_id, steps.c.shop_id, steps.c.name, steps.c.state, steps.c.created_at,
        steps.c.code, steps.c.message,
    ),
    JobSource(
        JobKind.TASK,
        select(tasks.c.lease_until.label("next_at")),
        tasks.c.task_id, tasks.c.shop_id, tasks.c.kind, tasks.c.state, tasks.c.requested_at,
        EMPTY, tasks.c.answer,
    ),
    JobSource(
        JobKind.WEBHOOK_EVENT,
        select(webhook_events.c.document_id, webhook_events.c.next_at, webhook_events.c.attempts)
        .join_from(webhook_events, webhook_endpoints, webhook_endpoints.c.endpoint_id == webhook_events.c.endpoint_id),
        webhook_events.c.event_id, webhook_endpoints.c.shop_id, webhook_events.c.kind, webhook_events.c.state, webhook_events.c.created_at,
        EMPTY, webhook_events.c.message,
    ),
)  # fmt: skip


def jobs_page(
    connection: Connection, shops: Shops, wanted: JobFilter | None = None, page_request: PageRequest = FIRST_PAGE
) -> Page[Job]:
    """Jobs of all kinds, the oldest first."""
    wanted = wanted or JobFilter()
    forwards = not page_request.backwards
    begin = pagination.decode_cursor_as(page_request.cursor, (datetime, int, int)) if page_request.cursor else None
    found: list[Job] = []
    for rank, source in sources_of(wanted):
        query = source_query(source, shops, wanted)
        if begin is not None:
            query = query.where(beyond(source, rank, begin, forwards=forwards))
        keys = (source.since, source.job_id)
        query = query.order_by(*(key.asc() if forwards else key.desc() for key in keys)).limit(page_request.size + 1)
        found += [as_job(source, row) for row in connection.execute(query).mappings()]
    found.sort(key=position_of, reverse=not forwards)
    more, rows = len(found) > page_request.size, with_documents(connection, found[: page_request.size])
    onwards = cursor_of(rows[-1]) if more else ""
    back = cursor_of(rows[0]) if page_request.cursor and rows else ""
    if page_request.backwards:
        return Page(tuple(reversed(rows)), next=back, previous=onwards)
    return Page(tuple(rows), next=onwards, previous=back)


def job_groups(connection: Connection, shops: Shops, state: str = "failed") -> tuple[JobGroup, ...]:
    """The jobs of one state by kind, name and code, the largest group first."""
    found = []
    for source in JOB_SOURCES:
        labels = (source.name.label("name"), source.code.label("code"))
        aggregates = (
            func.count().label("jobs"),
            func.min(source.since).label("since"),
            func.min(source.job_id).label("first"),
        )
        query = select(*labels, *aggregates)
        if source.kind is JobKind.WEBHOOK_EVENT:
            query = query.join_from(
                webhook_events, webhook_endpoints, webhook_endpoints.c.endpoint_id == webhook_events.c.endpoint_id
            )
        query = query.where(source.state == state, *within(source.shop_id, shops)).group_by("name", "code")
        rows = connection.execute(query).all()
        firsts = [row.first for row in rows]
        messages = {} if not firsts else messages_of(connection, source, firsts)
        found += [
            JobGroup(source.kind, row.name, row.code, int(row.jobs), row.since, messages.get(row.first, ""))
            for row in rows
        ]
    return tuple(sorted(found, key=lambda group: (-group.count, group.kind, group.name, group.code)))


def job_ids(
    connection: Connection, shops: Shops, wanted: JobFilter, *, above: int = 0, limit: int = 500
) -> tuple[int, ...]:
    """Ids of jobs of one kind (which *wanted* must name) above an id, lowest first: to do something with all of a group."""
    ((_, source),) = sources_of(wanted)
    query = source_query(source, shops, wanted).with_only_columns(source.job_id).where(source.job_id > above)
    return tuple(connection.execute(query.order_by(source.job_id).limit(limit)).scalars())


def job_counts(connection: Connection, shops: Shops) -> dict[str, int]:
    """How many jobs wait, run and have failed, of all kinds together."""
    counted = dict.fromkeys(("waiting", "running", "failed"), 0)
    for source in JOB_SOURCES:
        for state in counted:
            query = (
                select(func.count())
                .select_from(source_table(source))
                .where(source.state == state, *within(source.shop_id, shops))
            )
            counted[state] += int(connection.execute(query).scalar_one())
    return counted


def source_table(source: JobSource) -> Any:
    if source.kind is JobKind.WEBHOOK_EVENT:
        return webhook_events.join(webhook_endpoints, webhook_endpoints.c.endpoint_id == webhook_events.c.endpoint_id)
    return source.job_id.table


def sources_of(wanted: JobFilter) -> Sequence[tuple[int, JobSource]]:
    return [(rank, source) for rank, source in enumerate(JOB_SOURCES) if wanted.kind in (None, source.kind)]


def source_query(source: JobSource, shops: Shops, wanted: JobFilter) -> Select[Any]:
    shown: dict[str, ColumnElement[Any]] = {
        "job_id": source.job_id, "shop_id": source.shop_id, "name": source.name, "state": source.state, "since": source.since,
        "code": source.code, "message": source.message,
    }  # fmt: skip
    query = source.query.add_columns(*(column.label(label) for label, column in shown.items()))
    query = query.where(source.state == wanted.state, *within(source.shop_id, shops))
    if wanted.name is not None:
        query = query.where(source.name == wanted.name)
    return query.where(source.code == wanted.code) if wanted.code is not None else query


def beyond(source: JobSource, rank: int, begin: Sequence[Any], *, forwards: bool) -> ColumnElement[bool]:
    """That a job of *leg* comes after (or before) the one at *begin*: instant, rank of its kind, id."""
    since, at_rank, job_id = begin
    at = literal(since, deliveries.c.received_at.type)
    if rank == at_rank:
        here, there = tuple_(source.since, source.job_id), tuple_(at, literal(job_id, source.job_id.type))
        return here > there if forwards else here < there
    if forwards:
        return source.since >= at if rank > at_rank else source.since > at
    return source.since <= at if rank < at_rank else source.since < at


def position_of(job: Job) -> tuple[datetime, int, int]:
    return job.since, list(JobKind).index(job.kind), job.job_id


def cursor_of(job: Job) -> str:
    return pagination.encode_cursor(position_of(job))


def messages_of(connection: Connection, source: JobSource, job_ids: Sequence[int]) -> dict[int, str]:
    rows = connection.execute(
        select(source.job_id.label("job_id"), source.message.label("message")).where(source.job_id.in_(job_ids))
    )
    return {row.job_id: message_of(source, row.message) for row in rows}


def as_job(source: JobSource, row: RowMapping) -> Job:
    return Job(
        kind=source.kind,
        job_id=row["job_id"],
        shop_id=row["shop_id"],
        name=row["name"],
        state=row["state"],
        since=row["since"],
        next_at=row["next_at"],
        attempts=row.get("attempts", 0),
        code=row["code"],
        message=message_of(source, row["message"]),
        order_id=row.get("order_id"),
        document_id=row.get("document_id"),
        number="",
    )


def with_documents(connection: Connection, jobs: Sequence[Job]) -> list[Job]:
    """*jobs* with number and order of the documents that they are about."""
    ids = {job.document_id for job in jobs if job.document_id is not None}
    shown = (documents.c.document_id, documents.c.order_id, documents.c.number)
    rows = connection.execute(select(*shown).where(documents.c.document_id.in_(ids)))
    named = {row.document_id: {"order_id": row.order_id, "number": row.number} for row in rows}
    return [replace(job, **named.get(job.document_id, {})) for job in jobs]


def message_of(source: JobSource, stored: str) -> str:
    """An errand's reason is inside its answer."""
    if source.kind is not JobKind.TASK:
        return stored
    return str(json.loads(stored or "{}").get("message", ""))


# Deliveries


@dataclass(frozen=True)
class DeliveryFilter:
    """*state* is waiting, running, done or failed; empty: any."""

    state: str = ""


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
    attempts: int
    next_at: datetime
    code: str
    message: str
    finished_at: datetime | None


DELIVERY_COLUMNS = (
    "delivery_id", "shop_id", "source", "topic", "order_id", "received_at", "state", "attempts", "next_at", "code",
    "message", "finished_at",
)  # fmt: skip


def deliveries_page(
    connection: Connection, shops: Shops, wanted: DeliveryFilter | None = None, page_request: PageRequest = FIRST_PAGE
) -> Page[DeliveryRow]:
    """What came in, the newest first."""
    query = select(*(deliveries.c[name] for name in DELIVERY_COLUMNS)).where(*within(deliveries.c.shop_id, shops))
    if wanted is not None and wanted.state:
        query = query.where(deliveries.c.state == wanted.state)
    page = pagination.read_page(connection, query, (deliveries.c.received_at, deliveries.c.delivery_id), page_request)
    return page.of([DeliveryRow(**{name: getattr(row, name) for name in DELIVERY_COLUMNS}) for row in page.rows])
