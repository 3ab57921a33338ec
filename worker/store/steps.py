"""What must still be done with an issued document: one row a step, each leased, each repeatable."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update
from sqlalchemy.engine import Row

from worker.store.database.tables import steps


class StepName(StrEnum):
    """In the order in which one document walks through them."""

    RENDER = "render"
    MAIL = "mail"
    WRITE_BACK = "write_back"


@dataclass(frozen=True)
class Step:
    """One step of one document. *reason* is a sentence for the owner when it waits again or failed."""

    step_id: int
    shop_id: str
    document_id: int
    name: StepName
    mail_group: str
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    code: str
    message: str
    detail: str
    done_at: datetime | None


@dataclass(frozen=True)
class LeasedSteps:
    """Steps that belong to the caller until the lease runs out."""

    lease: str
    steps: tuple[Step, ...]


def plan(
    connection: Connection, *, shop_id: str, document_id: int, names: Sequence[StepName], mail_group: str, now: datetime
) -> None:
    """Write down what must be done with a new document. Call in the transaction that stores it."""
    rows = [
        {
            "shop_id": shop_id,
            "document_id": document_id,
            "name": name,
            "mail_group": mail_group,
            "state": "waiting",
            "created_at": now,
            "next_at": now,
        }
        for name in names
    ]
    connection.execute(insert(steps), rows)


def of_documents(connection: Connection, document_ids: Sequence[int]) -> dict[int, dict[StepName, Step]]:
    found: dict[int, dict[StepName, Step]] = {}
    for row in connection.execute(select(steps).where(steps.c.document_id.in_(document_ids))):
        step = as_step(row)
        found.setdefault(step.document_id, {})[step.name] = step
    return found


def of_document(connection: Connection, document_id: int) -> dict[StepName, Step]:
    return of_documents(connection, [document_id]).get(document_id, {})


def take(
    connection: Connection, name: StepName, *, mail_group: str, now: datetime, lease_for: timedelta
) -> LeasedSteps | None:
    """Lease the steps *name* of all documents that go *together*; None when none is free.

    All or nothing: while one of them is in other hands, nobody else mails the rest.
    """
    lease = str(uuid.uuid4())
    mine = (steps.c.mail_group == mail_group, steps.c.name == name)
    busy = connection.execute(
        select(steps.c.step_id).where(*mine, steps.c.state == "running", steps.c.lease_until >= now)
    )
    if busy.first() is not None:
        return None
    return lease_free(connection, mine, lease, now=now, lease_for=lease_for)


def take_one(
    connection: Connection, name: StepName, *, document_id: int, now: datetime, lease_for: timedelta
) -> LeasedSteps | None:
    """Lease one document's step *name*; None when it is done, waits for later, or is in other hands."""
    mine = (steps.c.document_id == document_id, steps.c.name == name)
    return lease_free(connection, mine, str(uuid.uuid4()), now=now, lease_for=lease_for)


def lease_free(
    connection: Connection, mine: tuple[ColumnElement[bool], ...], lease: str, *, now: datetime, lease_for: timedelta
) -> LeasedSteps | None:
    result = connection.execute(
        update(steps)
        .where(*mine, free(now))
        .values(state="running", lease=lease, lease_until=now + lease_for, attempts=steps.c.attempts + 1)
    )
    if not result.rowcount:
        return None
    rows = connection.execute(select(steps).where(steps.c.lease == lease).order_by(steps.c.document_id))
    return LeasedSteps(lease, tuple(as_step(row) for row in rows))


def save_detail(connection: Connection, lease: str, detail: str) -> None:
    """Keep *detail* on the leased steps before the world is told: a Message-ID, so that a repeat carries the same one."""
    connection.execute(update(steps).where(steps.c.lease == lease).values(detail=detail))


def finish(
    connection: Connection, lease: str, *, now: datetime, state: str = "done", code: str = "", message: str = ""
) -> bool:
    """Close the leased steps as `done`, `skipped` or `failed`. False when the lease was lost meanwhile."""
    values = {
        "state": state,
        "lease": None,
        "lease_until": None,
        "done_at": now,
        "code": code,
        "message": message,
    }
    return bool(connection.execute(update(steps).where(steps.c.lease == lease).values(**values)).rowcount)


def retry_later(connection: Connection, lease: str, *, code: str, message: str, next_at: datetime) -> bool:
    values = {
        "state": "waiting",
        "lease": None,
        "lease_until": None,
        "code": code,
        "message": message,
        "next_at": next_at,
    }
    return bool(connection.execute(update(steps).where(steps.c.lease == lease).values(**values)).rowcount)


def retry(connection: Connection, document_id: int, name: StepName, *, now: datetime) -> bool:
    """Let a step be done once more, and now. False while it is being done.

    What was noted of the last time goes: a mail that is sent again is a new mail, or mailboxes drop it as known. That it
    was tried stays: a note is looked for before it is written again.
    """
    mine = (steps.c.document_id == document_id, steps.c.name == name, steps.c.state != "running")
    return bool(connection.execute(update(steps).where(*mine).values(**reset_values(now))).rowcount)


def retry_all(connection: Connection, step_ids: Sequence[int], *, now: datetime) -> tuple[int, ...]:
    """As `again`, for many steps that failed; the documents that they are of."""
    result = connection.execute(
        update(steps)
        .where(steps.c.step_id.in_(step_ids), steps.c.state == "failed")
        .values(**reset_values(now))
        .returning(steps.c.document_id)
    )
    return tuple(sorted(set(result.scalars())))


def reset_values(now: datetime) -> dict[str, Any]:
    return {
        "state": "waiting",
        "attempts": 1,
        "created_at": now,
        "next_at": now,
        "code": "",
        "message": "",
        "detail": "",
        "done_at": None,
    }


def close(connection: Connection, step_ids: Sequence[int], *, code: str, message: str, now: datetime) -> int:
    """End steps that a person takes care of; those at work are left alone. Returns how many were ended."""
    values = {"state": "skipped", "code": code, "message": message, "done_at": now}
    mine = (steps.c.step_id.in_(step_ids), steps.c.state.in_(("waiting", "failed")))
    return connection.execute(update(steps).where(*mine).values(**values)).rowcount


def mark_as_tried(connection: Connection) -> None:
    """Let every open step count as tried: after a restored backup, what waited then may have been done since."""
    still_open = steps.c.state.in_(("waiting", "running"))
    connection.execute(update(steps).where(still_open, steps.c.attempts == 0).values(attempts=1))


def failed(connection: Connection, shop_id: str, *, code: str) -> tuple[Step, ...]:
    """The steps of a shop that ended for the reason *code*."""
    rows = connection.execute(
        select(steps)
        .where(steps.c.shop_id == shop_id, steps.c.state == "failed", steps.c.code == code)
        .order_by(steps.c.step_id)
    )
    return tuple(as_step(row) for row in rows)


def due_documents(connection: Connection, *, now: datetime, limit: int) -> tuple[int, ...]:
    """Documents with a step that can be done now, oldest first."""
    found = connection.execute(
        select(steps.c.document_id).where(free(now)).distinct().order_by(steps.c.document_id).limit(limit)
    )
    return tuple(int(document_id) for document_id in found.scalars())


def counts(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(steps.c.state, func.count()).group_by(steps.c.state))
    return {state: int(number) for state, number in rows}


def free(now: datetime) -> ColumnElement[bool]:
    """Waiting and due, or leased to a worker that is gone."""
    return or_(
        and_(steps.c.state == "waiting", steps.c.next_at <= now),
        and_(steps.c.state == "running", steps.c.lease_until < now),
    )


def as_step(row: Row[Any]) -> Step:
    return Step(
        step_id=row.step_id,
        shop_id=row.shop_id,
        document_id=row.document_id,
        name=StepName(row.name),
        mail_group=row.mail_group,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        next_at=row.next_at,
        code=row.code,
        message=row.message,
        detail=row.detail,
        done_at=row.done_at,
    )
