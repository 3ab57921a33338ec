"""Errands: what a person asked for on a page and only the worker can do. A row, a ring, an answer on the row."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update
from sqlalchemy.engine import Row

from worker.store.database.tables import errands, shops


@dataclass(frozen=True)
class Errand:
    """*state* is waiting, running, done or failed; *answer* is what came of it; until then how far it is, or empty."""

    errand_id: int
    shop_id: str
    kind: str
    argument: Mapping[str, Any]
    asked_by: str
    asked_at: datetime
    state: str
    answer: Mapping[str, Any]
    finished_at: datetime | None


@dataclass(frozen=True)
class Leased:
    """An errand that belongs to the caller until the lease runs out."""

    lease: str
    errand: Errand


def ask(
    connection: Connection, *, shop_id: str, kind: str, argument: Mapping[str, Any], asked_by: str, now: datetime
) -> int:
    """Write down what is asked for and return the errand's id, to ring for and to look at again."""
    new = insert(errands).values(
        shop_id=shop_id, kind=kind, argument=_text(argument), asked_by=asked_by, asked_at=now, state="waiting"
    )
    return int(connection.execute(new.returning(errands.c.errand_id)).scalar_one())


def ask_once(
    connection: Connection,
    *,
    shop_id: str,
    kind: str,
    argument: Mapping[str, Any],
    asked_by: str,
    now: datetime,
    within: timedelta,
) -> int | None:
    """As `ask`, but None where the same was asked for *within* this time: the row is the limit."""
    # The shop's row is locked, so that two who press at the same moment do not both find nothing.
    connection.execute(select(shops.c.shop_id).where(shops.c.shop_id == shop_id).with_for_update(key_share=True))
    asked = connection.execute(
        select(errands.c.errand_id)
        .where(
            errands.c.shop_id == shop_id,
            errands.c.kind == kind,
            errands.c.argument == _text(argument),
            errands.c.asked_at > now - within,
        )
        .limit(1)
    )
    if asked.first() is not None:
        return None
    return ask(connection, shop_id=shop_id, kind=kind, argument=argument, asked_by=asked_by, now=now)


def get(connection: Connection, errand_id: int) -> Errand | None:
    row = connection.execute(select(errands).where(errands.c.errand_id == errand_id)).one_or_none()
    return as_errand(row) if row else None


def take(connection: Connection, errand_id: int, *, now: datetime, lease_for: timedelta) -> Leased | None:
    """Lease an errand; None when it is finished, put off, or in other hands."""
    lease = str(uuid.uuid4())
    result = connection.execute(
        update(errands)
        .where(errands.c.errand_id == errand_id, free(now))
        .values(state="running", lease=lease, lease_until=now + lease_for)
    )
    if not result.rowcount:
        return None
    row = connection.execute(select(errands).where(errands.c.errand_id == errand_id)).one()
    return Leased(lease, as_errand(row))


def finish(
    connection: Connection, lease: str, *, now: datetime, answer: Mapping[str, Any], failed: bool = False
) -> bool:
    """Close the leased errand with its answer. False when the lease was lost meanwhile."""
    values = {
        "state": "failed" if failed else "done",
        "lease": None,
        "lease_until": None,
        "answer": _text(answer),
        "finished_at": now,
    }
    return bool(connection.execute(update(errands).where(errands.c.lease == lease).values(**values)).rowcount)


def put_off(connection: Connection, lease: str, *, until: datetime) -> bool:
    """Let the leased errand wait: what it needs is away."""
    values = {"state": "waiting", "lease": None, "lease_until": until}
    return bool(connection.execute(update(errands).where(errands.c.lease == lease).values(**values)).rowcount)


def tell(connection: Connection, errand_id: int, so_far: Mapping[str, Any]) -> None:
    """Keep how far a running errand is, for the page that waits for it."""
    mine = (errands.c.errand_id == errand_id, errands.c.state == "running")
    connection.execute(update(errands).where(*mine).values(answer=_text(so_far)))


def hold(connection: Connection, lease: str, *, until: datetime) -> bool:
    """Keep the lease of an errand that takes long. False when it was lost meanwhile."""
    return bool(connection.execute(update(errands).where(errands.c.lease == lease).values(lease_until=until)).rowcount)


def go_on_later(connection: Connection, lease: str, *, so_far: Mapping[str, Any]) -> bool:
    """Let the leased errand wait for its next slice: others go first."""
    values = {"state": "waiting", "lease": None, "lease_until": None, "answer": _text(so_far)}
    return bool(connection.execute(update(errands).where(errands.c.lease == lease).values(**values)).rowcount)


def of_shop(connection: Connection, shop_id: str, errand_id: int) -> Errand | None:
    """An errand of this shop; None when there is none, or it is another shop's."""
    found = get(connection, errand_id)
    return found if found is not None and found.shop_id == shop_id else None


def forget(connection: Connection, *, finished_before: datetime, limit: int) -> int:
    """Delete up to *limit* errands that were finished before then; what they did is on the trail. Returns how many."""
    old = select(errands.c.errand_id).where(errands.c.finished_at < finished_before).order_by(errands.c.errand_id)
    some = old.limit(limit).scalar_subquery()
    return connection.execute(delete(errands).where(errands.c.errand_id.in_(some))).rowcount


def due_ids(connection: Connection, *, now: datetime, limit: int) -> tuple[int, ...]:
    """Errands that can be done now, oldest first."""
    found = connection.execute(select(errands.c.errand_id).where(free(now)).order_by(errands.c.errand_id).limit(limit))
    return tuple(int(errand_id) for errand_id in found.scalars())


def free(now: datetime) -> ColumnElement[bool]:
    """Waiting and not put off, or leased to a worker that is gone."""
    return or_(
        and_(errands.c.state == "waiting", or_(errands.c.lease_until.is_(None), errands.c.lease_until <= now)),
        and_(errands.c.state == "running", errands.c.lease_until < now),
    )


def as_errand(row: Row[Any]) -> Errand:
    return Errand(
        errand_id=row.errand_id,
        shop_id=row.shop_id,
        kind=row.kind,
        argument=json.loads(row.argument),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        state=row.state,
        answer=json.loads(row.answer or "{}"),
        finished_at=row.finished_at,
    )


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
