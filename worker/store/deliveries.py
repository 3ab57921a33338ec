"""Deliveries: every reason to look at an order, kept before anything is done with it."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update
from sqlalchemy.engine import Row

from worker.store.database.tables import deliveries


@dataclass(frozen=True)
class Delivery:
    """One kept delivery. *body* is the raw bytes, None once purged; *order_id* is None where the body names no order."""

    delivery_id: int
    shop_id: str
    source: str
    topic: str
    order_id: int | None
    received_at: datetime
    body: bytes | None
    body_sha256: str
    headers: tuple[tuple[str, str], ...]
    state: str
    attempts: int
    code: str
    message: str
    finished_at: datetime | None


@dataclass(frozen=True)
class LeasedDeliveries:
    """All waiting deliveries of one order, leased to one worker until `lease_until`."""

    lease: str
    deliveries: tuple[Delivery, ...]


def add(
    connection: Connection,
    *,
    shop_id: str,
    source: str,
    topic: str,
    order_id: int | None,
    body: bytes,
    headers: Sequence[tuple[str, str]] = (),
    now: datetime,
) -> int:
    """Store one delivery and return its id; it waits from *now* on."""
    result = connection.execute(
        insert(deliveries)
        .values(
            shop_id=shop_id,
            source=source,
            topic=topic,
            order_id=order_id,
            received_at=now,
            body=body,
            body_sha256=hashlib.sha256(body).hexdigest(),
            headers=json.dumps(list(headers)),
            state="waiting",
            next_at=now,
        )
        .returning(deliveries.c.delivery_id)
    )
    return int(result.scalar_one())


def take(connection: Connection, delivery_id: int, *, now: datetime, lease_for: timedelta) -> LeasedDeliveries | None:
    """Lease every free delivery of the same order to the caller. None when nothing waits: someone else has it, or it is done."""
    one = connection.execute(
        select(deliveries.c.shop_id, deliveries.c.order_id).where(deliveries.c.delivery_id == delivery_id)
    ).one_or_none()
    if one is None:
        return None
    same = deliveries.c.delivery_id == delivery_id
    if one.order_id is not None:
        same = and_(deliveries.c.shop_id == one.shop_id, deliveries.c.order_id == one.order_id)
    lease = str(uuid.uuid4())
    result = connection.execute(
        update(deliveries)
        .where(same, free(now))
        .values(state="running", lease=lease, lease_until=now + lease_for, attempts=deliveries.c.attempts + 1)
    )
    if not result.rowcount:
        return None
    rows = connection.execute(select(deliveries).where(deliveries.c.lease == lease).order_by(deliveries.c.delivery_id))
    return LeasedDeliveries(lease, tuple(as_delivery(row) for row in rows))


def finish(connection: Connection, lease: str, *, code: str, message: str, now: datetime, state: str = "done") -> bool:
    """Close all deliveries of *lease*. False when the lease was lost meanwhile."""
    values = {
        "state": state,
        "lease": None,
        "lease_until": None,
        "code": code,
        "message": message,
        "finished_at": now,
    }
    return bool(connection.execute(update(deliveries).where(deliveries.c.lease == lease).values(**values)).rowcount)


def retry_later(connection: Connection, lease: str, *, code: str, message: str, next_at: datetime) -> bool:
    """Let the deliveries of *lease* wait until *next_at*, keeping why."""
    values = {
        "state": "waiting",
        "lease": None,
        "lease_until": None,
        "code": code,
        "message": message,
        "next_at": next_at,
    }
    return bool(connection.execute(update(deliveries).where(deliveries.c.lease == lease).values(**values)).rowcount)


def retry_failed(
    connection: Connection, shop_id: str, *, order_id: int | None = None, code: str | None = None, now: datetime
) -> tuple[int, ...]:
    """Let failed deliveries wait once more, from *now* on: those of an order, or those that failed for *code*; their ids."""
    failed = [deliveries.c.shop_id == shop_id, deliveries.c.state == "failed"]
    if order_id is not None:
        failed.append(deliveries.c.order_id == order_id)
    if code is not None:
        failed.append(deliveries.c.code == code)
    again = {"state": "waiting", "attempts": 0, "next_at": now, "finished_at": None}
    rows = connection.execute(update(deliveries).where(*failed).values(**again).returning(deliveries.c.delivery_id))
    return tuple(int(delivery_id) for delivery_id in rows.scalars())


def retry_now(connection: Connection, delivery_ids: Sequence[int], *, now: datetime) -> int:
    """Let deliveries that failed, or wait for a later time, wait from *now* on. Returns how many."""
    mine = (deliveries.c.delivery_id.in_(delivery_ids), deliveries.c.state.in_(("waiting", "failed")))
    again = {"state": "waiting", "attempts": 0, "next_at": now, "finished_at": None}
    return connection.execute(update(deliveries).where(*mine).values(**again)).rowcount


def close_failed(connection: Connection, shop_id: str, order_id: int, *, code: str, message: str, now: datetime) -> int:
    """End the failed deliveries of an order: a person says that there is nothing to do. Returns how many."""
    mine = (deliveries.c.shop_id == shop_id, deliveries.c.order_id == order_id, deliveries.c.state == "failed")
    values = {"state": "done", "code": code, "message": message, "finished_at": now}
    return connection.execute(update(deliveries).where(*mine).values(**values)).rowcount


def due_ids(connection: Connection, *, now: datetime, limit: int) -> tuple[int, ...]:
    """One delivery id for each order that has something to do now, oldest first."""
    first = func.min(deliveries.c.delivery_id)
    nobody = select(first).where(deliveries.c.order_id.is_(None), free(now)).group_by(deliveries.c.delivery_id)
    orders = (
        select(first)
        .where(deliveries.c.order_id.is_not(None), free(now))
        .group_by(deliveries.c.shop_id, deliveries.c.order_id)
    )
    found = connection.execute(nobody.union_all(orders).limit(limit)).scalars()
    return tuple(sorted(int(delivery_id) for delivery_id in found))


def find(connection: Connection, delivery_id: int) -> Delivery | None:
    row = connection.execute(select(deliveries).where(deliveries.c.delivery_id == delivery_id)).one_or_none()
    return as_delivery(row) if row is not None else None


def of_order(connection: Connection, shop_id: str, order_id: int) -> tuple[Delivery, ...]:
    rows = connection.execute(
        select(deliveries)
        .where(deliveries.c.shop_id == shop_id, deliveries.c.order_id == order_id)
        .order_by(deliveries.c.delivery_id)
    )
    return tuple(as_delivery(row) for row in rows)


def open_orders(connection: Connection, shop_id: str) -> tuple[int, ...]:
    """The orders for which something is still to be looked at, or failed."""
    found = connection.execute(
        select(deliveries.c.order_id)
        .where(deliveries.c.shop_id == shop_id, deliveries.c.order_id.is_not(None), deliveries.c.state != "done")
        .distinct()
    )
    return tuple(int(order_id) for order_id in found.scalars())


def of_orders(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> dict[int, tuple[Delivery, ...]]:
    """The deliveries of several orders at once, oldest first."""
    found: dict[int, tuple[Delivery, ...]] = {}
    rows = connection.execute(
        select(deliveries)
        .where(deliveries.c.shop_id == shop_id, deliveries.c.order_id.in_(order_ids))
        .order_by(deliveries.c.delivery_id)
    )
    for row in rows:
        found[row.order_id] = (*found.get(row.order_id, ()), as_delivery(row))
    return found


def postpone(connection: Connection, delivery_id: int, *, until: datetime) -> None:
    """Let a delivery that waits wait longer, so that many at once do not come before those of today."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.delivery_id == delivery_id, deliveries.c.state == "waiting")
        .values(next_at=until)
    )


def count_waiting(connection: Connection, shop_id: str, *, source: str) -> int:
    """How many deliveries of one source are still to be looked at: how far a backfill is."""
    mine = (
        deliveries.c.shop_id == shop_id,
        deliveries.c.source == source,
        deliveries.c.state.in_(("waiting", "running")),
    )
    return int(connection.execute(select(func.count()).select_from(deliveries).where(*mine)).scalar_one())


def latest_bodies(connection: Connection, shop_id: str, *, limit: int) -> tuple[bytes, ...]:
    """The newest kept body of each of the last orders that came in, newest first."""
    newest = (
        select(func.max(deliveries.c.delivery_id))
        .where(deliveries.c.shop_id == shop_id, deliveries.c.order_id.is_not(None), func.length(deliveries.c.body) > 0)
        .group_by(deliveries.c.order_id)
        .order_by(func.max(deliveries.c.delivery_id).desc())
        .limit(limit)
    )
    rows = connection.execute(
        select(deliveries.c.body)
        .where(deliveries.c.delivery_id.in_(newest.scalar_subquery()))
        .order_by(deliveries.c.delivery_id.desc())
    )
    return tuple(bytes(body) for body in rows.scalars())


def arrivals(connection: Connection, shop_id: str, *, since: datetime) -> tuple[datetime, ...]:
    """When the shop rang, oldest first."""
    found = connection.execute(
        select(deliveries.c.received_at)
        .where(deliveries.c.shop_id == shop_id, deliveries.c.source == "webhook", deliveries.c.received_at >= since)
        .order_by(deliveries.c.received_at)
    )
    return tuple(found.scalars())


def last_delivered_at(connection: Connection, shop_id: str) -> datetime | None:
    """When the shop rang last; None before the first time."""
    newest = (
        select(deliveries.c.received_at)
        .where(deliveries.c.shop_id == shop_id, deliveries.c.source == "webhook")
        .order_by(deliveries.c.delivery_id.desc())
        .limit(1)
    )
    return connection.execute(newest).scalar()


def has_delivered(connection: Connection, shop_id: str) -> bool:
    """Whether the shop ever delivered anything by itself."""
    one = select(deliveries.c.delivery_id).where(deliveries.c.shop_id == shop_id, deliveries.c.source == "webhook")
    return connection.execute(one.limit(1)).first() is not None


def active_webhook_ids(connection: Connection, shop_id: str, *, since: datetime, limit: int = 500) -> frozenset[int]:
    """The ids of the shop's webhooks that reached us since then, as their deliveries name them."""
    rows = connection.execute(
        select(deliveries.c.headers)
        .where(deliveries.c.shop_id == shop_id, deliveries.c.source == "webhook", deliveries.c.received_at >= since)
        .order_by(deliveries.c.delivery_id.desc())
        .limit(limit)
    ).scalars()
    named = (dict(json.loads(headers)).get("X-WC-Webhook-ID", "") for headers in rows)
    return frozenset(int(webhook_id) for webhook_id in named if webhook_id.isdigit())


def states_of(connection: Connection, delivery_ids: Sequence[int]) -> dict[int, str]:
    rows = connection.execute(
        select(deliveries.c.delivery_id, deliveries.c.state).where(deliveries.c.delivery_id.in_(delivery_ids))
    )
    return {row.delivery_id: row.state for row in rows}


def counts(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state))
    return {state: int(number) for state, number in rows}


def free(now: datetime) -> ColumnElement[bool]:
    """Waiting and due, or leased to a worker that is gone."""
    return or_(
        and_(deliveries.c.state == "waiting", deliveries.c.next_at <= now),
        and_(deliveries.c.state == "running", deliveries.c.lease_until < now),
    )


def as_delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        delivery_id=row.delivery_id,
        shop_id=row.shop_id,
        source=row.source,
        topic=row.topic,
        order_id=row.order_id,
        received_at=row.received_at,
        body=bytes(row.body) if row.body is not None else None,
        body_sha256=row.body_sha256,
        headers=tuple((name, value) for name, value in json.loads(row.headers)),
        state=row.state,
        attempts=row.attempts,
        code=row.code,
        message=row.message,
        finished_at=row.finished_at,
    )
