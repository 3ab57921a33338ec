"""Figures for the machines that watch: how much of what there is, and how long it waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from worker.domain.document import Kind
from worker.domain.step import STEPS
from worker.errors import Unavailable
from worker.queue import QueueName
from worker.store import leases, whole_counts
from worker.store.database.engine import Store
from worker.store.database.tables import alerts, drafts, jobs, roads, shops, signature_failures
from worker.store.jobs import IS_PENDING, OF_SHOP, JobKind
from worker.store.paused_queues import PausedQueue
from worker.store.queries.queues import queue_counts
from worker.store.roads import RoadKind

# Counted as 0 where there are none: a graph of failures must not begin with the first failure.
DELIVERY_STATES = [("waiting",), ("running",), ("done",), ("failed",)]
STEP_STATES = [(name, state) for name in STEPS for state in ("waiting", "running", "done", "failed", "skipped")]
DOCUMENT_KINDS = [(kind,) for kind in Kind]


@dataclass(frozen=True)
class Metrics:
    """Counts by label: `("waiting",)`, `("mail", "failed")`. *oldest_waiting_at* is None when nothing waits."""

    shops: int
    deliveries: dict[tuple[str, ...], int]
    steps: dict[tuple[str, ...], int]
    documents: dict[tuple[str, ...], int]
    drafts_open: int
    alerts: dict[tuple[str, ...], int]
    signature_failures: int
    oldest_waiting_at: datetime | None
    queues: dict[tuple[str, ...], int]
    slow_work: int
    workers: int
    resting_roads: dict[tuple[str, ...], int]


OLDEST = func.min(jobs.c.created_at, type_=jobs.c.created_at.type)
WAITING = (IS_PENDING, jobs.c.state == "waiting", jobs.c.kind.in_(OF_SHOP))
# One row, made once. *oldest_waiting_at*: since when the oldest delivery or step waits.
TOTALS = select(
    select(func.count()).select_from(shops).scalar_subquery().label("shops"),
    select(func.count()).select_from(drafts).where(drafts.c.state == "open").scalar_subquery().label("drafts_open"),
    select(func.sum(signature_failures.c.failures)).scalar_subquery().label("signature_failures"),
    select(OLDEST).where(*WAITING).scalar_subquery().label("oldest_waiting_at"),
)


def collect(connection: Connection, paused: Mapping[QueueName, PausedQueue], *, now: datetime) -> Metrics:
    """All metrics at one instant. *queues* counts by queue and state (waiting, later, running), *slow_work* shops and their queues."""
    queues = queue_counts(connection, paused, now=now)
    work = whole_counts.jobs_by_state(connection)
    totals = connection.execute(TOTALS).one()
    return Metrics(
        shops=totals.shops,
        deliveries=zeros(DELIVERY_STATES)
        | {(state,): count for (kind, _, state), count in work.items() if kind == JobKind.PROCESS_ORDER},
        steps=zeros(STEP_STATES)
        | {(name, state): count for (kind, name, state), count in work.items() if kind == JobKind.STEP},
        documents=zeros(DOCUMENT_KINDS)
        | {(kind,): count for kind, count in whole_counts.documents_by_kind(connection).items()},
        drafts_open=totals.drafts_open,
        alerts=counted(connection, alerts.c.code, where=alerts.c.closed_at.is_(None)),
        signature_failures=int(totals.signature_failures or 0),
        oldest_waiting_at=totals.oldest_waiting_at,
        queues={(one.queue, name): getattr(one, name) for one in queues for name in ("waiting", "later", "running")},
        slow_work=sum(len(one.slow_shops) for one in queues),
        workers=leases.workers_there(connection, now=now)[0],
        resting_roads=zeros([(kind,) for kind in RoadKind])
        | counted(connection, roads.c.kind, where=roads.c.rested_until > now),
    )


def can_be_read(store: Store) -> bool:
    """Whether the database answers and has its tables."""
    try:
        with store.read() as connection:
            connection.execute(select(shops.c.shop_id).limit(1))
    except (Unavailable, SQLAlchemyError):
        return False
    return True


def zeros(labels: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    return {tuple(map(str, label)): 0 for label in labels}


def counted(connection: Connection, label: Column[str], *, where: ColumnElement[bool]) -> dict[tuple[str, ...], int]:
    """Count rows for each value of *label*."""
    query = select(label, func.count()).where(where).group_by(label)
    return {(str(value),): int(count) for value, count in connection.execute(query)}
