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

from worker.domain.webhook import WebhookEventKind
from worker.errors import Rejected
from worker.store.database.encryption import Encryption
from worker.store.database.tables import documents, webhook_endpoints, webhook_events

MOST_ENDPOINTS = 10
SECRET_PREFIX = "fh_"  # noqa: S105  # how a secret begins, not one
ALERT = "webhook_stopped"  # sounds while one of a shop's hooks stands still by itself
BY_A_PERSON = "Stopped by a person."


@dataclass(frozen=True)
class WebhookEndpoint:
    """An address that is told of *events*. While it is stopped nothing new is planned for it, and what waited is kept."""

    endpoint_id: int
    shop_id: str
    url: str
    events: tuple[WebhookEventKind, ...]
    created_at: datetime
    created_by: str
    stopped_at: datetime | None
    stop_message: str


@dataclass(frozen=True)
class WebhookEvent:
    """One thing that one address is told. *document_id* is the credit note's for `document.credited`.

    *made_at* is when it happened; for what waited while the hook was stopped, when that went on again.
    """

    event_id: int
    endpoint_id: int
    kind: WebhookEventKind
    document_id: int
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    message: str
    done_at: datetime | None


@dataclass(frozen=True)
class LeasedWebhookEvent:
    """A call that belongs to the caller until the lease runs out."""

    lease: str
    event: WebhookEvent
    endpoint: WebhookEndpoint
    secret: str


def add(
    connection: Connection,
    encryption: Encryption,
    *,
    shop_id: str,
    url: str,
    events: Collection[WebhookEventKind],
    by: str,
    now: datetime,
) -> tuple[WebhookEndpoint, str]:
    """A new hook, and the secret that its calls are signed with: shown once. *url* is checked (domain.hook). Raises Rejected."""
    if len(of_shop(connection, shop_id)) >= MOST_ENDPOINTS:
        raise Rejected(
            f"A shop has at most {MOST_ENDPOINTS} webhooks; remove one first.", code="webhook_endpoints_many"
        )
    secret = SECRET_PREFIX + random.token_hex(32)
    new = insert(webhook_endpoints).values(
        shop_id=shop_id,
        url=url,
        secret=encryption.encrypt(secret),
        events=join_kinds(events),
        created_at=now,
        created_by=by,
    )
    return as_endpoint(connection.execute(new.returning(*ENDPOINT_COLUMNS)).one()), secret


def of_shop(connection: Connection, shop_id: str) -> tuple[WebhookEndpoint, ...]:
    """All hooks of a shop, oldest first."""
    rows = connection.execute(
        select(*ENDPOINT_COLUMNS)
        .where(webhook_endpoints.c.shop_id == shop_id)
        .order_by(webhook_endpoints.c.endpoint_id)
    )
    return tuple(as_endpoint(row) for row in rows)


def find(connection: Connection, shop_id: str, endpoint_id: int) -> WebhookEndpoint | None:
    found = select(*ENDPOINT_COLUMNS).where(
        webhook_endpoints.c.shop_id == shop_id, webhook_endpoints.c.endpoint_id == endpoint_id
    )
    row = connection.execute(found).one_or_none()
    return as_endpoint(row) if row else None


def change(
    connection: Connection, endpoint: WebhookEndpoint, *, url: str, events: Collection[WebhookEventKind]
) -> None:
    connection.execute(
        update(webhook_endpoints)
        .where(webhook_endpoints.c.endpoint_id == endpoint.endpoint_id)
        .values(url=url, events=join_kinds(events))
    )


def remove(connection: Connection, endpoint: WebhookEndpoint) -> None:
    """Forget a hook with all its calls, told or not."""
    # Locked first, so that no call is planned between the two deletions.
    connection.execute(
        select(webhook_endpoints.c.endpoint_id)
        .where(webhook_endpoints.c.endpoint_id == endpoint.endpoint_id)
        .with_for_update()
    )
    connection.execute(delete(webhook_events).where(webhook_events.c.endpoint_id == endpoint.endpoint_id))
    connection.execute(delete(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == endpoint.endpoint_id))


def stop(connection: Connection, endpoint_id: int, *, message: str, now: datetime) -> None:
    """Call it no more. What waits for it is marked failed, and goes out when the hook goes on."""
    still = (webhook_endpoints.c.endpoint_id == endpoint_id, webhook_endpoints.c.stopped_at.is_(None))
    connection.execute(update(webhook_endpoints).where(*still).values(stopped_at=now, stop_message=message))
    owed = (webhook_events.c.endpoint_id == endpoint_id, webhook_events.c.state.in_(("waiting", "running")))
    values = {"state": "failed", "lease": None, "lease_until": None}
    connection.execute(update(webhook_events).where(*owed).values(**values))


def stop_all(connection: Connection, shop_id: str, *, message: str, now: datetime) -> None:
    """Stop the hooks of a shop that leaves."""
    for endpoint in of_shop(connection, shop_id):
        stop(connection, endpoint.endpoint_id, message=message, now=now)


def resume(connection: Connection, endpoint_id: int, *, now: datetime) -> None:
    """Call it again, first of all with what was not told before it stopped."""
    connection.execute(
        update(webhook_endpoints)
        .where(webhook_endpoints.c.endpoint_id == endpoint_id)
        .values(stopped_at=None, stop_message="")
    )
    failed = (webhook_events.c.endpoint_id == endpoint_id, webhook_events.c.state == "failed")
    values = {"state": "waiting", "attempts": 0, "created_at": now, "next_at": now}
    connection.execute(update(webhook_events).where(*failed).values(**values))


def has_failed(connection: Connection, shop_id: str) -> bool:
    """Whether a hook of the shop stopped by itself and stands still."""
    by_itself = (
        webhook_endpoints.c.shop_id == shop_id,
        webhook_endpoints.c.stopped_at.is_not(None),
        webhook_endpoints.c.stop_message != BY_A_PERSON,
    )
    return connection.execute(select(webhook_endpoints.c.endpoint_id).where(*by_itself).limit(1)).first() is not None


def plan(connection: Connection, kind: WebhookEventKind, document_id: int, *, now: datetime) -> None:
    """Owe a call to each hook that wants *event*. Call in the transaction of what happened: so none is lost, and none is owed twice."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    wanting = (
        select(
            webhook_endpoints.c.endpoint_id,
            literal(kind.value),
            documents.c.document_id,
            literal("waiting"),
            literal(now, webhook_events.c.created_at.type),
            literal(now, webhook_events.c.next_at.type),
        )
        .join(documents, documents.c.shop_id == webhook_endpoints.c.shop_id)
        .where(documents.c.document_id == document_id, webhook_endpoints.c.stopped_at.is_(None))
        .where((" " + webhook_endpoints.c.events + " ").contains(f" {kind} ", autoescape=True))
        # A hook that is being removed is waited for and then gone; without the lock its foreign key would end the issuing.
        .with_for_update(read=True, key_share=True, of=webhook_endpoints)
    )
    columns = ["endpoint_id", "kind", "document_id", "state", "created_at", "next_at"]
    connection.execute(dialect.insert(webhook_events).from_select(columns, wanting).on_conflict_do_nothing())


def due_ids(connection: Connection, *, now: datetime, limit: int, shop_id: str | None = None) -> tuple[int, ...]:
    """Calls that can be made now, oldest first."""
    found = select(webhook_events.c.event_id).where(free(now)).order_by(webhook_events.c.event_id).limit(limit)
    if shop_id is not None:
        found = found.join(webhook_endpoints, webhook_endpoints.c.endpoint_id == webhook_events.c.endpoint_id).where(
            webhook_endpoints.c.shop_id == shop_id
        )
    return tuple(int(event_id) for event_id in connection.execute(found).scalars())


def next_event_of(connection: Connection, endpoint_id: int, *, now: datetime) -> int | None:
    """The oldest call of a hook that can be made now."""
    found = select(func.min(webhook_events.c.event_id)).where(webhook_events.c.endpoint_id == endpoint_id, free(now))
    return connection.execute(found).scalar()


def take(
    connection: Connection, encryption: Encryption, event_id: int, *, now: datetime, lease_for: timedelta
) -> LeasedWebhookEvent | None:
    """Lease a call; None when it is done, waits for later, or another call of the same hook is being made.

    One at a time for each hook: a receiver that does not answer holds one worker, not all of them.
    """
    other = webhook_events.alias()
    busy = select(other.c.event_id).where(
        other.c.endpoint_id == webhook_events.c.endpoint_id, other.c.state == "running", other.c.lease_until >= now
    )
    lease = str(uuid.uuid4())
    taken = connection.execute(
        update(webhook_events)
        .where(webhook_events.c.event_id == event_id, free(now), ~busy.exists())
        .values(state="running", lease=lease, lease_until=now + lease_for, attempts=webhook_events.c.attempts + 1)
    )
    if not taken.rowcount:
        return None
    event = as_event(connection.execute(select(*EVENT_COLUMNS).where(webhook_events.c.lease == lease)).one())
    row = connection.execute(
        select(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == event.endpoint_id)
    ).one()
    return LeasedWebhookEvent(lease, event, as_endpoint(row), encryption.decrypt(row.secret))


def finish(connection: Connection, lease: str, *, now: datetime) -> None:
    """The receiver took it."""
    values = {"state": "done", "lease": None, "lease_until": None, "message": "", "done_at": now}
    connection.execute(update(webhook_events).where(webhook_events.c.lease == lease).values(**values))


def retry_later(connection: Connection, lease: str, *, message: str, next_at: datetime) -> bool:
    """Let the leased call wait. False when the lease was lost, or the hook was stopped meanwhile."""
    values = {"state": "waiting", "lease": None, "lease_until": None, "message": message, "next_at": next_at}
    return bool(
        connection.execute(update(webhook_events).where(webhook_events.c.lease == lease).values(**values)).rowcount
    )


def postpone(connection: Connection, endpoint_id: int, *, until: datetime) -> None:
    """Let all calls of a hook wait: nobody answers there, and each try would cost as long as the first."""
    sooner = (
        webhook_events.c.endpoint_id == endpoint_id,
        webhook_events.c.state == "waiting",
        webhook_events.c.next_at < until,
    )
    connection.execute(update(webhook_events).where(*sooner).values(next_at=until))


def events_of(connection: Connection, endpoint_id: int, *, limit: int) -> tuple[WebhookEvent, ...]:
    """The last calls of a hook, newest first."""
    found = (
        select(*EVENT_COLUMNS)
        .where(webhook_events.c.endpoint_id == endpoint_id)
        .order_by(webhook_events.c.event_id.desc())
    )
    return tuple(as_event(row) for row in connection.execute(found.limit(limit)))


def delete_sent(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to *limit* calls that were taken before *before*. Returns how many."""
    old = (webhook_events.c.state == "done", webhook_events.c.done_at < before)
    some = select(webhook_events.c.event_id).where(*old).order_by(webhook_events.c.event_id).limit(limit)
    return connection.execute(
        delete(webhook_events).where(webhook_events.c.event_id.in_(some.scalar_subquery()))
    ).rowcount


def free(now: datetime) -> ColumnElement[bool]:
    """Waiting and due, or leased to a worker that is gone."""
    return or_(
        and_(webhook_events.c.state == "waiting", webhook_events.c.next_at <= now),
        and_(webhook_events.c.state == "running", webhook_events.c.lease_until < now),
    )


def join_kinds(events: Collection[WebhookEventKind]) -> str:
    return " ".join(event for event in WebhookEventKind if event in events)


ENDPOINT_COLUMNS = tuple(webhook_endpoints.c[name] for name in WebhookEndpoint.__dataclass_fields__)
EVENT_COLUMNS = tuple(webhook_events.c[name] for name in WebhookEvent.__dataclass_fields__)


def as_endpoint(row: Row[Any]) -> WebhookEndpoint:
    return WebhookEndpoint(
        endpoint_id=row.endpoint_id,
        shop_id=row.shop_id,
        url=row.url,
        events=tuple(WebhookEventKind(event) for event in row.events.split()),
        created_at=row.created_at,
        created_by=row.created_by,
        stopped_at=row.stopped_at,
        stop_message=row.stop_message,
    )


def as_event(row: Row[Any]) -> WebhookEvent:
    return WebhookEvent(
        event_id=row.event_id,
        endpoint_id=row.endpoint_id,
        kind=WebhookEventKind(row.kind),
        document_id=row.document_id,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        next_at=row.next_at,
        message=row.message,
        done_at=row.done_at,
    )
