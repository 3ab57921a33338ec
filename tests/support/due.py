"""What can be done now, by its rows: for tests that do all of it themselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from worker.store.database.made_once import NOW, given, made_once
from worker.store.database.tables import jobs
from worker.store.jobs import IS_PENDING, JobKind, free

# Made once: tests ask it after each thing that they do.
DUE = made_once(
    select(jobs.c.job_id, jobs.c.shop_id, jobs.c.order_id, jobs.c.document_id)
    .where(*given(jobs.c.kind), IS_PENDING, free(NOW))
    .order_by(jobs.c.job_id)
)


def orders(connection: Connection, *, now: datetime) -> tuple[int, ...]:
    """One delivery of each order that has something to do now, oldest first."""
    found: dict[object, int] = {}
    for row in rows(connection, JobKind.PROCESS_ORDER, now=now):
        found.setdefault((row.shop_id, row.order_id or -row.job_id), row.job_id)
    return tuple(found.values())


def documents(connection: Connection, *, now: datetime) -> tuple[int, ...]:
    """Documents with a step that can be done now, oldest first."""
    return tuple(sorted({row.document_id for row in rows(connection, JobKind.STEP, now=now)}))


def settlements(connection: Connection, *, now: datetime) -> tuple[int, ...]:
    """Orders to settle in the shop now, oldest first."""
    return tuple(row.job_id for row in rows(connection, JobKind.SETTLE_ORDER, now=now))


def task_ids(connection: Connection, *, now: datetime) -> tuple[int, ...]:
    return tuple(row.job_id for row in rows(connection, JobKind.TASK, now=now))


def rows(connection: Connection, kind: JobKind, *, now: datetime) -> Sequence[Any]:
    return connection.execute(DUE, {"kind": kind, "now": now}).all()
