"""Webhooks out: whom a shop wants to be told, and each call that is owed: a row, planned in the transaction of what it tells."""

import secrets as random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, bindparam, delete, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from worker.domain.actor import Actor
from worker.domain.webhook import WebhookEventKind
from worker.errors import Rejected
from worker.message import NO_MESSAGE, Message
from worker.queue import QueueName
from worker.store import jobs as job_store
from worker.store.database.encryption import Encryption
from worker.store.database.made_once import NOW, given, is_word, made_once
from worker.store.database.rows import read_row
from worker.store.database.tables import documents, jobs, webhook_endpoints
from worker.store.jobs import IS_PENDING, Claim, JobKind, Leased

MOST_ENDPOINTS = 10
SECRET_PREFIX = "fh_"  # noqa: S105  # how a secret begins, not one
ALERT = "webhook_stopped"  # open while one of a shop's webhooks is stopped, other than by a person
BY_A_PERSON = Message("Stopped by a person.")
IS_EVENT = is_word(jobs.c.kind, JobKind.WEBHOOK_EVENT)
CLAIM = Claim(IS_EVENT, *given(jobs.c.job_id, prefix="of_"), one_at_a_time="endpoint_id")


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
    stop_message: Message


@dataclass(frozen=True)
class WebhookEvent:
    """One thing that one address is told. *document_id* is the credit note's for `document.credited`.

    *made_at* is when it happened; for what waited while the endpoint was stopped, when that went on again.
    """

    event_id: int
    endpoint_id: int
    kind: WebhookEventKind
    document_id: int
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    message: Message
    done_at: datetime | None


@dataclass(frozen=True)
class LeasedWebhookEvent(Leased):
    """A call that belongs to the caller until the lease runs out."""

    event: WebhookEvent
    endpoint: WebhookEndpoint
    secret: str


@dataclass(frozen=True)
class NewEndpoint:
    """An address that wants to be told of *events*; *url* is checked (`domain.webhook`)."""

    shop_id: str
    url: str
    events: Collection[WebhookEventKind]


def new_secret() -> str:
    return SECRET_PREFIX + random.token_hex(32)


def add(connection: Connection, encryption: Encryption, new: NewEndpoint, *, by: Actor) -> tuple[WebhookEndpoint, str]:
    """A new endpoint, and the secret that its calls are signed with: shown once. Raises Rejected."""
    if len(of_shop(connection, new.shop_id)) >= MOST_ENDPOINTS:
        raise Rejected(
            "A shop has at most {most} webhooks; remove one first.", most=MOST_ENDPOINTS, code="webhook_endpoints_many"
        )
    secret = new_secret()
    row = insert(webhook_endpoints).values(
        shop_id=new.shop_id,
        url=new.url,
        secret=encryption.encrypt(secret),
        events=join_kinds(new.events),
        created_at=by.now,
        created_by=by.name,
    )
    return as_endpoint(connection.execute(row.returning(*ENDPOINT_COLUMNS)).one()), secret


def of_shop(connection: Connection, shop_id: str) -> tuple[WebhookEndpoint, ...]:
    """All webhook endpoints of a shop, oldest first."""
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
    """Forget an endpoint with all its calls, told or not."""
    # Locked first, so that no call is planned between the two deletions.
    connection.execute(
        select(webhook_endpoints.c.endpoint_id)
        .where(webhook_endpoints.c.endpoint_id == endpoint.endpoint_id)
        .with_for_update()
    )
    connection.execute(delete(jobs).where(IS_EVENT, jobs.c.endpoint_id == endpoint.endpoint_id))
    connection.execute(delete(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == endpoint.endpoint_id))


def stop(connection: Connection, endpoint_id: int, *, message: Message, now: datetime) -> None:
    """Call it no more. What waits for it is marked failed, and goes out when the endpoint goes on."""
    still = (webhook_endpoints.c.endpoint_id == endpoint_id, webhook_endpoints.c.stopped_at.is_(None))
    connection.execute(update(webhook_endpoints).where(*still).values(stopped_at=now, stop_message=message))
    owed = (IS_EVENT, jobs.c.endpoint_id == endpoint_id, jobs.c.state.in_(("waiting", "running")))
    connection.execute(update(jobs).where(*owed).values(state="failed", lease=None, lease_until=None))


def stop_all(connection: Connection, shop_id: str, *, message: Message, now: datetime) -> None:
    """Stop the webhooks of a shop that leaves."""
    for endpoint in of_shop(connection, shop_id):
        stop(connection, endpoint.endpoint_id, message=message, now=now)


def resume(connection: Connection, endpoint_id: int, *, now: datetime) -> None:
    """Call it again, first of all with what was not told before it stopped."""
    connection.execute(
        update(webhook_endpoints)
        .where(webhook_endpoints.c.endpoint_id == endpoint_id)
        .values(stopped_at=None, stop_message=NO_MESSAGE)
    )
    failed = (IS_EVENT, jobs.c.endpoint_id == endpoint_id, jobs.c.state == "failed")
    job_store.retry(connection, *failed, now=now, created_at=now)


def has_failed(connection: Connection, shop_id: str) -> bool:
    """Whether an endpoint of the shop stopped by itself and stands still."""
    stopped = (endpoint for endpoint in of_shop(connection, shop_id) if endpoint.stopped_at is not None)
    return any(endpoint.stop_message != BY_A_PERSON for endpoint in stopped)


def plan(connection: Connection, kind: WebhookEventKind, document_id: int, *, now: datetime) -> None:
    """Owe a call to each endpoint that wants *kind*. Call in the transaction of what happened: so none is lost, and none is owed twice."""
    connection.execute(planning(connection.dialect.name, kind), {"document": document_id, "now": now})


@cache
def planning(dialect_name: str, kind: WebhookEventKind) -> Insert:
    """Made once for each: a statement costs more to build than to run."""
    values = {
        "kind": literal(JobKind.WEBHOOK_EVENT.value),
        "name": literal(kind.value),
        "queue": literal(QueueName.CALLS.value),
        "shop_id": webhook_endpoints.c.shop_id,
        "document_id": documents.c.document_id,
        "endpoint_id": webhook_endpoints.c.endpoint_id,
        "state": literal("waiting"),
        "created_at": NOW,
        "next_at": NOW,
    }
    wanting = (
        select(*values.values())
        .select_from(webhook_endpoints)
        .join(documents, documents.c.shop_id == webhook_endpoints.c.shop_id)
        .where(documents.c.document_id == bindparam("document"), webhook_endpoints.c.stopped_at.is_(None))
        .where((" " + webhook_endpoints.c.events + " ").contains(f" {kind} ", autoescape=True))
        # An endpoint that is being removed is waited for and then gone; without the lock its foreign key would end the issuing.
        .with_for_update(read=True, key_share=True, of=webhook_endpoints)
    )
    dialect = sqlite if dialect_name == "sqlite" else postgresql
    planned: Insert = dialect.insert(jobs).from_select(list(values), wanting).on_conflict_do_nothing()
    return made_once(planned)


DUE_OF_SHOP = made_once(
    select(jobs.c.job_id)
    .where(IS_EVENT, *given(jobs.c.shop_id), IS_PENDING, job_store.free(NOW))
    .order_by(jobs.c.job_id)
    .limit(bindparam("most"))
)


def due_ids(connection: Connection, *, now: datetime, limit: int, shop_id: str | None = None) -> tuple[int, ...]:
    """Calls that can be made now, oldest first."""
    if shop_id is None:
        return job_store.due_ids(connection, IS_EVENT, now=now, limit=limit)
    return tuple(connection.execute(DUE_OF_SHOP, {"shop_id": shop_id, "now": now, "most": limit}).scalars())


def next_event_of(connection: Connection, endpoint_id: int, *, now: datetime) -> int | None:
    """The oldest call of an endpoint that can be made now."""
    found = select(func.min(jobs.c.job_id)).where(IS_EVENT, jobs.c.endpoint_id == endpoint_id, job_store.free(now))
    return connection.execute(found).scalar()


def take(
    connection: Connection, encryption: Encryption, event_id: int, *, now: datetime, lease_for: timedelta
) -> LeasedWebhookEvent | None:
    """Lease a call; None when it is done, waits for later, or another call of the same endpoint is being made.

    One at a time for each endpoint: a receiver that does not answer holds one worker, not all of them.
    """
    leased = CLAIM.take(connection, now=now, lease_for=lease_for, of_job_id=event_id)
    if not leased:
        return None
    event = as_event(leased[0])
    row = connection.execute(
        select(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == event.endpoint_id)
    ).one()
    secret = encryption.decrypt(row.secret)
    return LeasedWebhookEvent(leased[0].lease, event.attempts, event.created_at, event, as_endpoint(row), secret)


def postpone(connection: Connection, endpoint_id: int, *, until: datetime) -> None:
    """Let all calls of an endpoint wait: nobody answers there, and each try would cost as long as the first."""
    sooner = (IS_EVENT, jobs.c.endpoint_id == endpoint_id, jobs.c.state == "waiting", jobs.c.next_at < until)
    connection.execute(update(jobs).where(*sooner).values(next_at=until))


def events_of(connection: Connection, endpoint_id: int, *, limit: int) -> tuple[WebhookEvent, ...]:
    """The last calls of an endpoint, newest first."""
    found = select(jobs).where(IS_EVENT, jobs.c.endpoint_id == endpoint_id).order_by(jobs.c.job_id.desc())
    return tuple(as_event(row) for row in connection.execute(found.limit(limit)))


def delete_sent(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to *limit* events that were sent before *before*. Returns how many."""
    old = job_store.done_ids(connection, JobKind.WEBHOOK_EVENT, before=before, limit=limit)
    return connection.execute(delete(jobs).where(jobs.c.job_id.in_(old))).rowcount


def join_kinds(events: Collection[WebhookEventKind]) -> str:
    return " ".join(event for event in WebhookEventKind if event in events)


ENDPOINT_COLUMNS = tuple(webhook_endpoints.c[name] for name in WebhookEndpoint.__dataclass_fields__)


def as_endpoint(row: Row[Any]) -> WebhookEndpoint:
    return read_row(WebhookEndpoint, row, events=tuple(WebhookEventKind(event) for event in row.events.split()))


def as_event(row: Row[Any]) -> WebhookEvent:
    return read_row(WebhookEvent, row, event_id=row.job_id, kind=WebhookEventKind(row.name))
