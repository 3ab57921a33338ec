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
from worker.store.database.pagination import START, Page, Place
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import deliveries, documents, errands, hook_calls, hooks, steps


class JobKind(StrEnum):
    """What a job is a row of, in the order in which jobs of one instant are listed."""

    LOOK = "look"
    STEP = "step"
    ERRAND = "errand"
    HOOK_CALL = "hook_call"


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
    reason: str
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
    reason: str


@dataclass(frozen=True)
class Leg:
    """One table as jobs: its columns under the names of `Job`."""

    kind: JobKind
    query: Select[Any]
    job_id: ColumnElement[int]
    shop_id: ColumnElement[str]
    name: ColumnElement[str]
    state: ColumnElement[str]
    since: ColumnElement[datetime]
    code: ColumnElement[str]
    reason: ColumnElement[str]


NOTHING = literal("")
LEGS = (
    Leg(
        JobKind.LOOK,
        select(deliveries.c.order_id, deliveries.c.next_at, deliveries.c.attempts),
        deliveries.c.delivery_id, deliveries.c.shop_id, literal("look"), deliveries.c.state, deliveries.c.received_at,
        deliveries.c.outcome_code, deliveries.c.outcome,
    ),
    Leg(
        JobKind.STEP,
        select(steps.c.document_id, steps.c.next_at, steps.c.attempts),
        steps.c.step_id, steps.c.shop_id, steps.c.name, steps.c.state, steps.c.created_at,
        steps.c.reason_code, steps.c.reason,
    ),
    Leg(
        JobKind.ERRAND,
        select(errands.c.lease_until.label("next_at")),
        errands.c.errand_id, errands.c.shop_id, errands.c.kind, errands.c.state, errands.c.asked_at,
        NOTHING, errands.c.answer,
    ),
    Leg(
        JobKind.HOOK_CALL,
        select(hook_calls.c.document_id, hook_calls.c.next_at, hook_calls.c.attempts)
        .join_from(hook_calls, hooks, hooks.c.hook_id == hook_calls.c.hook_id),
        hook_calls.c.call_id, hooks.c.shop_id, hook_calls.c.event, hook_calls.c.state, hook_calls.c.made_at,
        NOTHING, hook_calls.c.reason,
    ),
)  # fmt: skip


def jobs_page(connection: Connection, shops: Shops, wanted: JobFilter | None = None, place: Place = START) -> Page[Job]:
    """Jobs of all kinds, the oldest first."""
    wanted = wanted or JobFilter()
    forwards = not place.backwards
    begin = pagination.values_as(place.cursor, (datetime, int, int)) if place.cursor else None
    found: list[Job] = []
    for rank, leg in legs_of(wanted):
        query = leg_query(leg, shops, wanted)
        if begin is not None:
            query = query.where(beyond(leg, rank, begin, forwards=forwards))
        keys = (leg.since, leg.job_id)
        query = query.order_by(*(key.asc() if forwards else key.desc() for key in keys)).limit(place.at_once + 1)
        found += [as_job(leg, row) for row in connection.execute(query).mappings()]
    found.sort(key=place_of, reverse=not forwards)
    more, rows = len(found) > place.at_once, with_documents(connection, found[: place.at_once])
    onwards = cursor_of(rows[-1]) if more else ""
    back = cursor_of(rows[0]) if place.cursor and rows else ""
    if place.backwards:
        return Page(tuple(reversed(rows)), next=back, previous=onwards)
    return Page(tuple(rows), next=onwards, previous=back)


def job_groups(connection: Connection, shops: Shops, state: str = "failed") -> tuple[JobGroup, ...]:
    """The jobs of one state by kind, name and code, the largest group first."""
    found = []
    for leg in LEGS:
        labels = (leg.name.label("name"), leg.code.label("code"))
        figures = (func.count().label("jobs"), func.min(leg.since).label("since"), func.min(leg.job_id).label("first"))
        query = select(*labels, *figures)
        if leg.kind is JobKind.HOOK_CALL:
            query = query.join_from(hook_calls, hooks, hooks.c.hook_id == hook_calls.c.hook_id)
        query = query.where(leg.state == state, *within(leg.shop_id, shops)).group_by("name", "code")
        rows = connection.execute(query).all()
        firsts = [row.first for row in rows]
        reasons = {} if not firsts else reasons_of(connection, leg, firsts)
        found += [
            JobGroup(leg.kind, row.name, row.code, int(row.jobs), row.since, reasons.get(row.first, "")) for row in rows
        ]
    return tuple(sorted(found, key=lambda group: (-group.count, group.kind, group.name, group.code)))


def job_ids(
    connection: Connection, shops: Shops, wanted: JobFilter, *, above: int = 0, limit: int = 500
) -> tuple[int, ...]:
    """Ids of jobs of one kind (which *wanted* must name) above an id, lowest first: to do something with all of a group."""
    ((_, leg),) = legs_of(wanted)
    query = leg_query(leg, shops, wanted).with_only_columns(leg.job_id).where(leg.job_id > above)
    return tuple(connection.execute(query.order_by(leg.job_id).limit(limit)).scalars())


def job_counts(connection: Connection, shops: Shops) -> dict[str, int]:
    """How many jobs wait, run and have failed, of all kinds together."""
    counted = dict.fromkeys(("waiting", "running", "failed"), 0)
    for leg in LEGS:
        for state in counted:
            query = (
                select(func.count()).select_from(leg_table(leg)).where(leg.state == state, *within(leg.shop_id, shops))
            )
            counted[state] += int(connection.execute(query).scalar_one())
    return counted


def leg_table(leg: Leg) -> Any:
    if leg.kind is JobKind.HOOK_CALL:
        return hook_calls.join(hooks, hooks.c.hook_id == hook_calls.c.hook_id)
    return leg.job_id.table


def legs_of(wanted: JobFilter) -> Sequence[tuple[int, Leg]]:
    return [(rank, leg) for rank, leg in enumerate(LEGS) if wanted.kind in (None, leg.kind)]


def leg_query(leg: Leg, shops: Shops, wanted: JobFilter) -> Select[Any]:
    shown: dict[str, ColumnElement[Any]] = {
        "job_id": leg.job_id, "shop_id": leg.shop_id, "name": leg.name, "state": leg.state, "since": leg.since,
        "code": leg.code, "reason": leg.reason,
    }  # fmt: skip
    query = leg.query.add_columns(*(column.label(label) for label, column in shown.items()))
    query = query.where(leg.state == wanted.state, *within(leg.shop_id, shops))
    if wanted.name is not None:
        query = query.where(leg.name == wanted.name)
    return query.where(leg.code == wanted.code) if wanted.code is not None else query


def beyond(leg: Leg, rank: int, begin: Sequence[Any], *, forwards: bool) -> ColumnElement[bool]:
    """That a job of *leg* comes after (or before) the one at *begin*: instant, rank of its kind, id."""
    since, at_rank, job_id = begin
    at = literal(since, deliveries.c.received_at.type)
    if rank == at_rank:
        here, there = tuple_(leg.since, leg.job_id), tuple_(at, literal(job_id, leg.job_id.type))
        return here > there if forwards else here < there
    if forwards:
        return leg.since >= at if rank > at_rank else leg.since > at
    return leg.since <= at if rank < at_rank else leg.since < at


def place_of(job: Job) -> tuple[datetime, int, int]:
    return job.since, list(JobKind).index(job.kind), job.job_id


def cursor_of(job: Job) -> str:
    return pagination.written(place_of(job))


def reasons_of(connection: Connection, leg: Leg, job_ids: Sequence[int]) -> dict[int, str]:
    rows = connection.execute(
        select(leg.job_id.label("job_id"), leg.reason.label("reason")).where(leg.job_id.in_(job_ids))
    )
    return {row.job_id: said(leg, row.reason) for row in rows}


def as_job(leg: Leg, row: RowMapping) -> Job:
    return Job(
        kind=leg.kind,
        job_id=row["job_id"],
        shop_id=row["shop_id"],
        name=row["name"],
        state=row["state"],
        since=row["since"],
        next_at=row["next_at"],
        attempts=row.get("attempts", 0),
        code=row["code"],
        reason=said(leg, row["reason"]),
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


def said(leg: Leg, reason: str) -> str:
    """An errand's reason is inside its answer."""
    if leg.kind is not JobKind.ERRAND:
        return reason
    return str(json.loads(reason or "{}").get("sentence", ""))


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
    outcome_code: str
    outcome: str
    finished_at: datetime | None


DELIVERED = (
    "delivery_id", "shop_id", "source", "topic", "order_id", "received_at", "state", "attempts", "next_at", "outcome_code",
    "outcome", "finished_at",
)  # fmt: skip


def deliveries_page(
    connection: Connection, shops: Shops, wanted: DeliveryFilter | None = None, place: Place = START
) -> Page[DeliveryRow]:
    """What came in, the newest first."""
    query = select(*(deliveries.c[name] for name in DELIVERED)).where(*within(deliveries.c.shop_id, shops))
    if wanted is not None and wanted.state:
        query = query.where(deliveries.c.state == wanted.state)
    page = pagination.paged(connection, query, (deliveries.c.received_at, deliveries.c.delivery_id), place)
    return page.of([DeliveryRow(**{name: getattr(row, name) for name in DELIVERED}) for row in page.rows])
