"""Jobs: work that is leased. One row each, claimed by one worker at a time, tried again until it is done or given up."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Update,
    and_,
    bindparam,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from worker.message import NO_MESSAGE, Message
from worker.queue import QueueName
from worker.store import worker_share
from worker.store.database.made_once import NOW, given, is_word, made_once
from worker.store.database.tables import PASSING, PENDING, jobs


class JobKind(StrEnum):
    """What a job is about: an order of a shop (twice), a document, a row of `tasks`, a document and a webhook endpoint."""

    PROCESS_ORDER = "process_order"
    SETTLE_ORDER = "settle_order"
    STEP = "step"
    TASK = "task"
    WEBHOOK_EVENT = "webhook_event"


# What is named by its kind alone.
OF_ORDERS = (JobKind.PROCESS_ORDER, JobKind.SETTLE_ORDER)
# What is done for a shop's customers, and counts where its work is counted.
OF_SHOP = (*OF_ORDERS, JobKind.STEP)

OTHER = jobs.alias("other")  # once: to make its columns takes longer than to read a row


@dataclass(frozen=True)
class Leased:
    """One job, or several that are done together, in the hands of one worker until the lease runs out.

    *attempts* counts the one that begins now; *since* is when it was asked for.
    """

    lease: str
    attempts: int
    since: datetime


@dataclass(frozen=True)
class NewJob:
    """A job to be. *name* tells jobs of one kind apart: what a task is for."""

    kind: JobKind
    name: str
    queue: QueueName
    shop_id: str
    order_id: int | None = None
    group_id: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class JobEnd:
    """How a job ended: *state* is `done`, `skipped` or `failed`, the rest says why."""

    state: str = "done"
    code: str = ""
    message: Message = NO_MESSAGE


DONE = JobEnd()
# The clocks of several machines, by more than anybody would leave them.
CLOCKS_DIFFER = timedelta(minutes=10)
# Made once: a statement costs more to build than to run.
ADD = insert(jobs).returning(jobs.c.job_id, sort_by_parameter_order=True)
LEASED = made_once(update(jobs).where(*given(jobs.c.lease, prefix="of_")))
CODE_OF = made_once(select(jobs.c.code).where(*given(jobs.c.lease)).limit(1))
# In the words of the indexes. Open or failed: all but what is done with.
IS_PENDING: ColumnElement[bool] = literal_column("jobs." + PENDING)
# Of a kind that is deleted some time after it is done.
IS_PASSING: ColumnElement[bool] = literal_column("jobs." + PASSING)


def add(connection: Connection, job: NewJob, *, now: datetime) -> int:
    """A job that waits from *now* on; its id, which is also the id of the row that says more about it."""
    (job_id,) = add_all(connection, [(job, now)])
    return job_id


def add_all(connection: Connection, new: Sequence[tuple[NewJob, datetime]]) -> tuple[int, ...]:
    """Jobs with when each begins to wait; their ids, in that order."""
    rows = [{**vars(job), "state": "waiting", "created_at": since, "next_at": since} for job, since in new]
    return tuple(int(job_id) for job_id in connection.execute(ADD, rows).scalars())


class Claim:
    """Leases jobs of one kind: those of *which* that are free. What *which* leaves open is given at each claim, by names that are no
    column's. *one_at_a_time* names a column: nothing is leased while a job of this kind with the same value in it is in other hands.
    """

    def __init__(self, *which: ColumnElement[bool], one_at_a_time: str | None = None) -> None:
        mine = [*which, free(NOW)]
        self.first = made_once(select(jobs.c.shop_id, jobs.c.queue).where(*mine).limit(1))
        if one_at_a_time is not None:
            mine.append(~is_in_other_hands(one_at_a_time))
        leased = {"lease": bindparam("new_lease"), "lease_until": bindparam("until"), "attempts": jobs.c.attempts + 1}
        self.leased = made_once(update(jobs).where(*mine).values(state="running", **leased).returning(*jobs.c))

    def take(
        self, connection: Connection, *, now: datetime, lease_for: timedelta, **given_values: object
    ) -> Sequence[Row[Any]]:
        """The rows that are leased now, under one lease; none where there is none, or the shop holds its share of workers."""
        values = {"now": now, **given_values}
        load = worker_share.load_to_claim(connection, now=now, lease_for=lease_for)
        if load.is_shared:
            first = connection.execute(self.first, values).first()
            if first is None or not load.has_room(first.shop_id, QueueName(first.queue)):
                return ()
        return self.take_in_place(connection, now=now, lease_for=lease_for, **given_values)

    def take_in_place(
        self, connection: Connection, *, now: datetime, lease_for: timedelta, **given_values: object
    ) -> Sequence[Row[Any]]:
        """As `take`, in the place of what ends in the same transaction: what the shop holds of the workers stays as it is."""
        values = {"now": now, "new_lease": str(uuid.uuid4()), "until": now + lease_for, **given_values}
        return connection.execute(self.leased, values).all()


def is_in_other_hands(column: str) -> ColumnElement[bool]:
    same = (OTHER.c[column] == jobs.c[column], OTHER.c.kind == jobs.c.kind)
    # While it leases several jobs, SQLite sees those that it has leased just before.
    running = (is_word(OTHER.c.state, "running"), OTHER.c.lease_until >= NOW, OTHER.c.lease != bindparam("new_lease"))
    return select(OTHER.c.job_id).where(*same, *running).exists()


def renew(connection: Connection, lease: str, *, until: datetime) -> bool:
    """Keep the lease of a job that takes long. False when it was lost meanwhile."""
    return change_leased(connection, lease, {"lease_until": until})


def begin(connection: Connection, lease: str, *, code: str, detail: str) -> bool:
    """Write down what begins, before the world is told: whoever takes the jobs up after a crash finds *code* and *detail*.

    False when the lease was lost meanwhile: then another does it.
    """
    return change_leased(connection, lease, {"code": code, "detail": detail})


def change_leased(connection: Connection, lease: str, values: Mapping[str, object]) -> bool:
    """False when the lease was lost meanwhile."""
    return bool(connection.execute(LEASED, {**values, "of_lease": lease}).rowcount)


def code_of(connection: Connection, lease: str) -> str:
    """What the first of the leased jobs says; empty where the lease was lost."""
    return connection.execute(CODE_OF, {"lease": lease}).scalar() or ""


def finish(connection: Connection, lease: str, end: JobEnd = DONE, *, now: datetime, detail: str | None = None) -> bool:
    """Close the leased jobs, with what is to be remembered of them. False when the lease was lost meanwhile."""
    more = {} if detail is None else {"detail": detail}
    return bool(end_jobs(connection, LEASED, {"of_lease": lease, **more}, end=end, now=now))


def retry_later(connection: Connection, lease: str, *, code: str, message: Message, next_at: datetime) -> bool:
    """Let the leased jobs wait until *next_at*, keeping why. False when the lease was lost meanwhile."""
    values = {"state": "waiting", "lease": None, "lease_until": None, "next_at": next_at}
    return change_leased(connection, lease, {**values, "code": code, "message": message})


def put_back(connection: Connection, lease: str) -> bool:
    """Let the leased job wait for its next slice, as if it had not been tried: others go first."""
    values = {"state": "waiting", "lease": None, "lease_until": None, "attempts": 0}
    return change_leased(connection, lease, values)


def leave_for_later(connection: Connection, lease: str) -> None:
    """Let the leased jobs wait as before they were begun: whoever has more patience does them."""
    values = {"state": "waiting", "lease": None, "lease_until": None, "attempts": jobs.c.attempts - 1}
    connection.execute(update(jobs).where(jobs.c.lease == lease).values(**values))


def is_any_future(connection: Connection, *, now: datetime, lease_for: timedelta) -> bool:
    """Whether `end_future` would change anything: it takes the lock of SQLite, and there is hardly ever anything."""
    ahead = or_(asked_for_ahead(now), held_ahead(now, lease_for))
    return connection.execute(select(jobs.c.job_id).where(IS_PENDING, ahead).limit(1)).first() is not None


def end_future(connection: Connection, *, now: datetime, lease_for: timedelta) -> None:
    """Let what was asked for while a clock was ahead wait from *now* on, and hold no lease for longer than one is. Nobody would do it before
    that moment comes.
    """
    connection.execute(update(jobs).where(IS_PENDING, asked_for_ahead(now)).values(created_at=now, next_at=now))
    # Whoever has it may still be at it.
    connection.execute(update(jobs).where(IS_PENDING, held_ahead(now, lease_for)).values(lease_until=now + lease_for))


def asked_for_ahead(now: datetime) -> ColumnElement[bool]:
    return and_(jobs.c.state == "waiting", jobs.c.created_at > now + CLOCKS_DIFFER)


def held_ahead(now: datetime, lease_for: timedelta) -> ColumnElement[bool]:
    return and_(jobs.c.state == "running", jobs.c.lease_until > now + lease_for + CLOCKS_DIFFER)


def close(connection: Connection, *which: ColumnElement[bool], end: JobEnd, now: datetime, **changes: object) -> int:
    """End jobs, leased or not. Returns how many. *changes*: other columns."""
    return end_jobs(connection, update(jobs).where(*which), changes, end=end, now=now)


def end_jobs(connection: Connection, which: Update, values: Mapping[str, object], *, end: JobEnd, now: datetime) -> int:
    """As `close`, those of a statement that was made once, with the *values* that it is given."""
    ended = {"state": end.state, "code": end.code, "message": end.message, "done_at": now}
    return connection.execute(which, {**ended, "lease": None, "lease_until": None, **values}).rowcount


def retry(connection: Connection, *which: ColumnElement[bool], now: datetime, **changes: object) -> tuple[int, ...]:
    """Let jobs wait once more, from *now* on, as if they had not been tried; their ids. *changes*: other columns."""
    values = {"state": "waiting", "attempts": 0, "next_at": now, "done_at": None, "of_many": False} | changes
    again = update(jobs).where(*which).values(**values).returning(jobs.c.job_id)
    return tuple(int(job_id) for job_id in connection.execute(again).scalars())


def come_at_once(connection: Connection, whose: ColumnElement[bool], *, code: str, now: datetime) -> None:
    """Let jobs that wait because of *code* wait no longer: it is over."""
    waits = (whose, IS_PENDING, jobs.c.state == "waiting", jobs.c.code == code, jobs.c.next_at > now)
    connection.execute(update(jobs).where(*waits).values(next_at=now))


def put_behind(connection: Connection, job_id: int) -> None:
    """Let a job that waits be one of many: all else of its shop and queue goes first."""
    connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(of_many=True))


def due_ids(connection: Connection, *which: ColumnElement[bool], now: datetime, limit: int) -> tuple[int, ...]:
    """Those of *which* that can be done now, oldest first."""
    found = select(jobs.c.job_id).where(*which, IS_PENDING, free(now)).order_by(jobs.c.job_id).limit(limit)
    return tuple(int(job_id) for job_id in connection.execute(found).scalars())


def done_ids(connection: Connection, kind: JobKind, *, before: datetime, limit: int) -> tuple[int, ...]:
    """The oldest jobs of a kind that is not kept for ever which ended before then, whatever their end."""
    ended = (IS_PASSING, jobs.c.kind == kind, jobs.c.done_at < before)
    return tuple(connection.execute(select(jobs.c.job_id).where(*ended).order_by(jobs.c.job_id).limit(limit)).scalars())


def free(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Waiting and due, or leased to a worker that is gone."""
    return or_(
        and_(is_word(jobs.c.state, "waiting"), jobs.c.next_at <= now),
        and_(is_word(jobs.c.state, "running"), jobs.c.lease_until < now),
    )
