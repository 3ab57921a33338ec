"""Errands: what a person asked for on a page and only the worker can do. A row, a ring, an answer on the row."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update
from sqlalchemy.engine import Row

from worker.store.database.tables import shops, tasks


@dataclass(frozen=True)
class Task:
    """*state* is waiting, running, done or failed; *answer* is what came of it; until then how far it is, or empty."""

    task_id: int
    shop_id: str
    kind: str
    argument: Mapping[str, Any]
    requested_by: str
    requested_at: datetime
    state: str
    answer: Mapping[str, Any]
    finished_at: datetime | None


@dataclass(frozen=True)
class LeasedTask:
    """An errand that belongs to the caller until the lease runs out."""

    lease: str
    task: Task


def request(
    connection: Connection, *, shop_id: str, kind: str, argument: Mapping[str, Any], requested_by: str, now: datetime
) -> int:
    """Write down what is asked for and return the errand's id, to ring for and to look at again."""
    new = insert(tasks).values(
        shop_id=shop_id,
        kind=kind,
        argument=_as_json(argument),
        requested_by=requested_by,
        requested_at=now,
        state="waiting",
    )
    return int(connection.execute(new.returning(tasks.c.task_id)).scalar_one())


def request_once(
    connection: Connection,
    *,
    shop_id: str,
    kind: str,
    argument: Mapping[str, Any],
    requested_by: str,
    now: datetime,
    within: timedelta,
) -> int | None:
    """As `ask`, but None where the same was asked for *within* this time: the row is the limit."""
    # The shop's row is locked, so that two who press at the same moment do not both find nothing.
    connection.execute(select(shops.c.shop_id).where(shops.c.shop_id == shop_id).with_for_update(key_share=True))
    earlier = connection.execute(
        select(tasks.c.task_id)
        .where(
            tasks.c.shop_id == shop_id,
            tasks.c.kind == kind,
            tasks.c.argument == _as_json(argument),
            tasks.c.requested_at > now - within,
        )
        .limit(1)
    )
    if earlier.first() is not None:
        return None
    return request(connection, shop_id=shop_id, kind=kind, argument=argument, requested_by=requested_by, now=now)


def find(connection: Connection, task_id: int) -> Task | None:
    row = connection.execute(select(tasks).where(tasks.c.task_id == task_id)).one_or_none()
    return as_task(row) if row else None


def take(connection: Connection, task_id: int, *, now: datetime, lease_for: timedelta) -> LeasedTask | None:
    """Lease an errand; None when it is finished, put off, or in other hands."""
    lease = str(uuid.uuid4())
    result = connection.execute(
        update(tasks)
        .where(tasks.c.task_id == task_id, free(now))
        .values(state="running", lease=lease, lease_until=now + lease_for)
    )
    if not result.rowcount:
        return None
    row = connection.execute(select(tasks).where(tasks.c.task_id == task_id)).one()
    return LeasedTask(lease, as_task(row))


def finish(
    connection: Connection, lease: str, *, now: datetime, answer: Mapping[str, Any], failed: bool = False
) -> bool:
    """Close the leased errand with its answer. False when the lease was lost meanwhile."""
    values = {
        "state": "failed" if failed else "done",
        "lease": None,
        "lease_until": None,
        "answer": _as_json(answer),
        "finished_at": now,
    }
    return bool(connection.execute(update(tasks).where(tasks.c.lease == lease).values(**values)).rowcount)


def postpone(connection: Connection, lease: str, *, until: datetime) -> bool:
    """Let the leased errand wait: what it needs is away."""
    values = {"state": "waiting", "lease": None, "lease_until": until}
    return bool(connection.execute(update(tasks).where(tasks.c.lease == lease).values(**values)).rowcount)


def report_progress(connection: Connection, task_id: int, progress: Mapping[str, Any]) -> None:
    """Keep how far a running errand is, for the page that waits for it."""
    mine = (tasks.c.task_id == task_id, tasks.c.state == "running")
    connection.execute(update(tasks).where(*mine).values(answer=_as_json(progress)))


def extend_lease(connection: Connection, lease: str, *, until: datetime) -> bool:
    """Keep the lease of an errand that takes long. False when it was lost meanwhile."""
    return bool(connection.execute(update(tasks).where(tasks.c.lease == lease).values(lease_until=until)).rowcount)


def continue_later(connection: Connection, lease: str, *, progress: Mapping[str, Any]) -> bool:
    """Let the leased errand wait for its next slice: others go first."""
    values = {"state": "waiting", "lease": None, "lease_until": None, "answer": _as_json(progress)}
    return bool(connection.execute(update(tasks).where(tasks.c.lease == lease).values(**values)).rowcount)


def of_shop(connection: Connection, shop_id: str, task_id: int) -> Task | None:
    """An errand of this shop; None when there is none, or it is another shop's."""
    found = find(connection, task_id)
    return found if found is not None and found.shop_id == shop_id else None


def delete_finished(connection: Connection, *, finished_before: datetime, limit: int) -> int:
    """Delete up to *limit* errands that were finished before then; what they did is on the trail. Returns how many."""
    old = select(tasks.c.task_id).where(tasks.c.finished_at < finished_before).order_by(tasks.c.task_id)
    some = old.limit(limit).scalar_subquery()
    return connection.execute(delete(tasks).where(tasks.c.task_id.in_(some))).rowcount


def due_ids(connection: Connection, *, now: datetime, limit: int) -> tuple[int, ...]:
    """Errands that can be done now, oldest first."""
    found = connection.execute(select(tasks.c.task_id).where(free(now)).order_by(tasks.c.task_id).limit(limit))
    return tuple(int(task_id) for task_id in found.scalars())


def free(now: datetime) -> ColumnElement[bool]:
    """Waiting and not put off, or leased to a worker that is gone."""
    return or_(
        and_(tasks.c.state == "waiting", or_(tasks.c.lease_until.is_(None), tasks.c.lease_until <= now)),
        and_(tasks.c.state == "running", tasks.c.lease_until < now),
    )


def as_task(row: Row[Any]) -> Task:
    return Task(
        task_id=row.task_id,
        shop_id=row.shop_id,
        kind=row.kind,
        argument=json.loads(row.argument),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        state=row.state,
        answer=json.loads(row.answer or "{}"),
        finished_at=row.finished_at,
    )


def _as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
