"""Webhooks out: whom a shop wants to be told, and each call that is owed: a row, planned in the transaction of what it tells."""

import secrets as random
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from worker.domain.webhook import HookEvent
from worker.errors import Rejected
from worker.store.database.encryption import Vault
from worker.store.database.tables import documents, hook_calls, hooks

MOST_HOOKS = 10
SECRET_PREFIX = "fh_"  # noqa: S105  # how a secret begins, not one
ALARM = "hook_stopped"  # sounds while one of a shop's hooks stands still by itself
BY_A_PERSON = "Stopped by a person."


@dataclass(frozen=True)
class Hook:
    """An address that is told of *events*. While it is stopped nothing new is planned for it, and what waited is kept."""

    hook_id: int
    shop_id: str
    url: str
    events: tuple[HookEvent, ...]
    made_at: datetime
    made_by: str
    stopped_at: datetime | None
    stopped_because: str


@dataclass(frozen=True)
class Call:
    """One thing that one address is told. *document_id* is the credit note's for `document.credited`.

    *made_at* is when it happened; for what waited while the hook was stopped, when that went on again.
    """

    call_id: int
    hook_id: int
    event: HookEvent
    document_id: int
    state: str
    attempts: int
    made_at: datetime
    next_at: datetime
    reason: str
    done_at: datetime | None


@dataclass(frozen=True)
class Leased:
    """A call that belongs to the caller until the lease runs out."""

    lease: str
    call: Call
    hook: Hook
    secret: str


def add(
    connection: Connection,
    vault: Vault,
    *,
    shop_id: str,
    url: str,
    events: Collection[HookEvent],
    by: str,
    now: datetime,
) -> tuple[Hook, str]:
    """A new hook, and the secret that its calls are signed with: shown once. *url* is checked (domain.hook). Raises Rejected."""
    if len(of_shop(connection, shop_id)) >= MOST_HOOKS:
        raise Rejected(f"A shop has at most {MOST_HOOKS} webhooks; remove one first.", code="hooks_many")
    secret = SECRET_PREFIX + random.token_hex(32)
    new = insert(hooks).values(
        shop_id=shop_id, url=url, secret=vault.lock(secret), events=written(events), made_at=now, made_by=by
    )
    return as_hook(connection.execute(new.returning(*COLUMNS)).one()), secret


def of_shop(connection: Connection, shop_id: str) -> tuple[Hook, ...]:
    """All hooks of a shop, oldest first."""
    rows = connection.execute(select(*COLUMNS).where(hooks.c.shop_id == shop_id).order_by(hooks.c.hook_id))
    return tuple(as_hook(row) for row in rows)


def find(connection: Connection, shop_id: str, hook_id: int) -> Hook | None:
    found = select(*COLUMNS).where(hooks.c.shop_id == shop_id, hooks.c.hook_id == hook_id)
    row = connection.execute(found).one_or_none()
    return as_hook(row) if row else None


def change(connection: Connection, hook: Hook, *, url: str, events: Collection[HookEvent]) -> None:
    connection.execute(update(hooks).where(hooks.c.hook_id == hook.hook_id).values(url=url, events=written(events)))


def remove(connection: Connection, hook: Hook) -> None:
    """Forget a hook with all its calls, told or not."""
    # Locked first, so that no call is planned between the two deletions.
    connection.execute(select(hooks.c.hook_id).where(hooks.c.hook_id == hook.hook_id).with_for_update())
    connection.execute(delete(hook_calls).where(hook_calls.c.hook_id == hook.hook_id))
    connection.execute(delete(hooks).where(hooks.c.hook_id == hook.hook_id))


def stop(connection: Connection, hook_id: int, *, because: str, now: datetime) -> None:
    """Call it no more. What waits for it is marked failed, and goes out when the hook goes on."""
    still = (hooks.c.hook_id == hook_id, hooks.c.stopped_at.is_(None))
    connection.execute(update(hooks).where(*still).values(stopped_at=now, stopped_because=because))
    owed = (hook_calls.c.hook_id == hook_id, hook_calls.c.state.in_(("waiting", "running")))
    values = {"state": "failed", "lease": None, "lease_until": None}
    connection.execute(update(hook_calls).where(*owed).values(**values))


def stop_all(connection: Connection, shop_id: str, *, because: str, now: datetime) -> None:
    """Stop the hooks of a shop that leaves."""
    for hook in of_shop(connection, shop_id):
        stop(connection, hook.hook_id, because=because, now=now)


def go_on(connection: Connection, hook_id: int, *, now: datetime) -> None:
    """Call it again, first of all with what was not told before it stopped."""
    connection.execute(update(hooks).where(hooks.c.hook_id == hook_id).values(stopped_at=None, stopped_because=""))
    failed = (hook_calls.c.hook_id == hook_id, hook_calls.c.state == "failed")
    values = {"state": "waiting", "attempts": 0, "made_at": now, "next_at": now}
    connection.execute(update(hook_calls).where(*failed).values(**values))


def has_failed(connection: Connection, shop_id: str) -> bool:
    """Whether a hook of the shop stopped by itself and stands still."""
    by_itself = (hooks.c.shop_id == shop_id, hooks.c.stopped_at.is_not(None), hooks.c.stopped_because != BY_A_PERSON)
    return connection.execute(select(hooks.c.hook_id).where(*by_itself).limit(1)).first() is not None


def plan(connection: Connection, event: HookEvent, document_id: int, *, now: datetime) -> None:
    """Owe a call to each hook that wants *event*. Call in the transaction of what happened: so none is lost, and none is owed twice."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    wanting = (
        select(
            hooks.c.hook_id,
            literal(event.value),
            documents.c.document_id,
            literal("waiting"),
            literal(now, hook_calls.c.made_at.type),
            literal(now, hook_calls.c.next_at.type),
        )
        .join(documents, documents.c.shop_id == hooks.c.shop_id)
        .where(documents.c.document_id == document_id, hooks.c.stopped_at.is_(None))
        .where((" " + hooks.c.events + " ").contains(f" {event} ", autoescape=True))
        # A hook that is being removed is waited for and then gone; without the lock its foreign key would end the issuing.
        .with_for_update(read=True, key_share=True, of=hooks)
    )
    columns = ["hook_id", "event", "document_id", "state", "made_at", "next_at"]
    connection.execute(dialect.insert(hook_calls).from_select(columns, wanting).on_conflict_do_nothing())


def due_ids(connection: Connection, *, now: datetime, limit: int, shop_id: str | None = None) -> tuple[int, ...]:
    """Calls that can be made now, oldest first."""
    found = select(hook_calls.c.call_id).where(free(now)).order_by(hook_calls.c.call_id).limit(limit)
    if shop_id is not None:
        found = found.join(hooks, hooks.c.hook_id == hook_calls.c.hook_id).where(hooks.c.shop_id == shop_id)
    return tuple(int(call_id) for call_id in connection.execute(found).scalars())


def next_of(connection: Connection, hook_id: int, *, now: datetime) -> int | None:
    """The oldest call of a hook that can be made now."""
    found = select(func.min(hook_calls.c.call_id)).where(hook_calls.c.hook_id == hook_id, free(now))
    return connection.execute(found).scalar()


def take(connection: Connection, vault: Vault, call_id: int, *, now: datetime, lease_for: timedelta) -> Leased | None:
    """Lease a call; None when it is done, waits for later, or another call of the same hook is being made.

    One at a time for each hook: a receiver that does not answer holds one worker, not all of them.
    """
    other = hook_calls.alias()
    busy = select(other.c.call_id).where(
        other.c.hook_id == hook_calls.c.hook_id, other.c.state == "running", other.c.lease_until >= now
    )
    lease = str(uuid.uuid4())
    taken = connection.execute(
        update(hook_calls)
        .where(hook_calls.c.call_id == call_id, free(now), ~busy.exists())
        .values(state="running", lease=lease, lease_until=now + lease_for, attempts=hook_calls.c.attempts + 1)
    )
    if not taken.rowcount:
        return None
    call = as_call(connection.execute(select(*CALL_COLUMNS).where(hook_calls.c.lease == lease)).one())
    row = connection.execute(select(hooks).where(hooks.c.hook_id == call.hook_id)).one()
    return Leased(lease, call, as_hook(row), vault.unlock(row.secret))


def finish(connection: Connection, lease: str, *, now: datetime) -> None:
    """The receiver took it."""
    values = {"state": "done", "lease": None, "lease_until": None, "reason": "", "done_at": now}
    connection.execute(update(hook_calls).where(hook_calls.c.lease == lease).values(**values))


def put_back(connection: Connection, lease: str, *, reason: str, next_at: datetime) -> bool:
    """Let the leased call wait. False when the lease was lost, or the hook was stopped meanwhile."""
    values = {"state": "waiting", "lease": None, "lease_until": None, "reason": reason, "next_at": next_at}
    return bool(connection.execute(update(hook_calls).where(hook_calls.c.lease == lease).values(**values)).rowcount)


def put_off(connection: Connection, hook_id: int, *, until: datetime) -> None:
    """Let all calls of a hook wait: nobody answers there, and each try would cost as long as the first."""
    sooner = (hook_calls.c.hook_id == hook_id, hook_calls.c.state == "waiting", hook_calls.c.next_at < until)
    connection.execute(update(hook_calls).where(*sooner).values(next_at=until))


def calls_of(connection: Connection, hook_id: int, *, limit: int) -> tuple[Call, ...]:
    """The last calls of a hook, newest first."""
    found = select(*CALL_COLUMNS).where(hook_calls.c.hook_id == hook_id).order_by(hook_calls.c.call_id.desc())
    return tuple(as_call(row) for row in connection.execute(found.limit(limit)))


def forget_told(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to *limit* calls that were taken before *before*. Returns how many."""
    old = (hook_calls.c.state == "done", hook_calls.c.done_at < before)
    some = select(hook_calls.c.call_id).where(*old).order_by(hook_calls.c.call_id).limit(limit)
    return connection.execute(delete(hook_calls).where(hook_calls.c.call_id.in_(some.scalar_subquery()))).rowcount


def free(now: datetime) -> ColumnElement[bool]:
    """Waiting and due, or leased to a worker that is gone."""
    return or_(
        and_(hook_calls.c.state == "waiting", hook_calls.c.next_at <= now),
        and_(hook_calls.c.state == "running", hook_calls.c.lease_until < now),
    )


def written(events: Collection[HookEvent]) -> str:
    return " ".join(event for event in HookEvent if event in events)


COLUMNS = tuple(hooks.c[name] for name in Hook.__dataclass_fields__)
CALL_COLUMNS = tuple(hook_calls.c[name] for name in Call.__dataclass_fields__)


def as_hook(row: Row[Any]) -> Hook:
    return Hook(
        hook_id=row.hook_id,
        shop_id=row.shop_id,
        url=row.url,
        events=tuple(HookEvent(event) for event in row.events.split()),
        made_at=row.made_at,
        made_by=row.made_by,
        stopped_at=row.stopped_at,
        stopped_because=row.stopped_because,
    )


def as_call(row: Row[Any]) -> Call:
    return Call(
        call_id=row.call_id,
        hook_id=row.hook_id,
        event=HookEvent(row.event),
        document_id=row.document_id,
        state=row.state,
        attempts=row.attempts,
        made_at=row.made_at,
        next_at=row.next_at,
        reason=row.reason,
        done_at=row.done_at,
    )
