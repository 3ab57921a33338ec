"""Deliveries: every reason to look at an order, kept before anything is done with it."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update
from sqlalchemy.engine import Row

from worker.domain.shop_site import is_another_site
from worker.message import Message
from worker.queue import QueueName
from worker.store import jobs as job_store
from worker.store.database.any_of import any_of
from worker.store.database.made_once import given, is_word, made_once
from worker.store.database.rows import read_row
from worker.store.database.tables import deliveries, jobs
from worker.store.jobs import IS_PENDING, Claim, JobEnd, JobKind, Leased, NewJob


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
    message: Message
    finished_at: datetime | None

    @property
    def is_from_another_site(self) -> bool:
        """Whether a copy of the shop may have sent it: it says that an order is to be looked at, and counts for nothing else."""
        return self.source == OTHER_SITE

    @property
    def told(self) -> bytes | None:
        """What the shop itself tells of the order; None where nothing is kept of that."""
        return None if self.is_from_another_site else self.body

    @property
    def site(self) -> str:
        """Where it says that it comes from; empty where it does not say."""
        return dict(self.headers).get(SITE, "")


@dataclass(frozen=True)
class LeasedDeliveries(Leased):
    """All waiting deliveries of one order, leased to one worker until `lease_until`."""

    deliveries: tuple[Delivery, ...]


# The source of deliveries for orders from before the shop was connected: they wait behind today's.
BACKFILL = "backfill"
# The source of deliveries that are signed as the shop's own and come from another address (domain/shop_site.py).
OTHER_SITE = "other_site"
# Of one order so many are kept that were processed: what is delivered every second for days must not be read whole each time.
MOST_OF_ORDER = 100
# How often an order is delivered while it runs its course, at most as is looked for.
TOLD_OF_ORDER = 20
# The sources by which the shop itself tells of an order: WooCommerce's webhooks, and the plugin, which comes first.
FROM_THE_SHOP = ("webhook", "plugin")
# The header in which WooCommerce says where a delivery comes from: the shop's home, with a slash at the end. It is not signed.
SITE = "X-WC-Webhook-Source"
# The name of the job that a delivery is.
PROCESS_ORDER = JobKind.PROCESS_ORDER.value
IS_DELIVERY = is_word(jobs.c.kind, JobKind.PROCESS_ORDER)
COLUMNS: dict[str, ColumnElement[Any]] = {
    name: deliveries.c[name] if name in deliveries.c else jobs.c[name]
    for name in Delivery.__dataclass_fields__
    if name != "finished_at"
} | {"finished_at": jobs.c.done_at.label("finished_at")}


# Made once: a statement costs more to build than to run.
ADD = made_once(insert(deliveries))
ORDER_OF = made_once(select(jobs.c.shop_id, jobs.c.order_id).where(*given(jobs.c.job_id), IS_DELIVERY))
ONE = Claim(*given(jobs.c.job_id, prefix="of_"))
OF_ORDER = Claim(IS_DELIVERY, *given(jobs.c.shop_id, jobs.c.order_id, prefix="of_"))


@dataclass(frozen=True)
class NewDelivery:
    """A delivery as it comes in: a webhook's *body* and *headers*, or another reason to process an order.

    *of_many*: it is one of very many at once, and waits behind what is new.
    """

    shop_id: str
    source: str
    topic: str
    order_id: int | None
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    of_many: bool = False


def add(connection: Connection, new: NewDelivery, *, now: datetime) -> int:
    """Store one delivery and return its id; it waits from *now* on."""
    (delivery_id,) = add_all(connection, [(new, now)])
    return delivery_id


def add_all(connection: Connection, new: Sequence[tuple[NewDelivery, datetime]]) -> tuple[int, ...]:
    """Store deliveries with when each came; their ids, in that order."""
    ids = job_store.add_all(connection, [(job_of(one), now) for one, now in new])
    rows = [row_of(one, now, delivery_id) for (one, now), delivery_id in zip(new, ids, strict=True)]
    connection.execute(ADD, rows)
    return ids


def job_of(new: NewDelivery) -> NewJob:
    queue = QueueName.BULK if new.of_many or new.source == BACKFILL else QueueName.ORDERS
    return NewJob(JobKind.PROCESS_ORDER, PROCESS_ORDER, queue, new.shop_id, new.order_id)


def row_of(new: NewDelivery, now: datetime, delivery_id: int) -> dict[str, object]:
    return {
        "delivery_id": delivery_id,
        "shop_id": new.shop_id,
        "source": new.source,
        "topic": new.topic,
        "order_id": new.order_id,
        "received_at": now,
        "body": new.body,
        "body_sha256": hashlib.sha256(new.body).hexdigest(),
        "headers": json.dumps(list(new.headers)),
    }


def take(connection: Connection, delivery_id: int, *, now: datetime, lease_for: timedelta) -> LeasedDeliveries | None:
    """Lease every free delivery of the same order to the caller. None when nothing waits: someone else has it, or it is done."""
    one = connection.execute(ORDER_OF, {"job_id": delivery_id}).one_or_none()
    if one is None:
        return None
    if one.order_id is None:
        rows = ONE.take(connection, now=now, lease_for=lease_for, of_job_id=delivery_id)
    else:
        rows = OF_ORDER.take(connection, now=now, lease_for=lease_for, of_shop_id=one.shop_id, of_order_id=one.order_id)
    if not rows:
        return None
    lease = rows[0].lease
    found = tuple(as_delivery(row) for row in connection.execute(LEASED, {"lease": lease}))
    return LeasedDeliveries(lease, found[0].attempts, found[0].received_at, found)


def retry_failed(connection: Connection, shop_id: str, code: str, *, now: datetime) -> None:
    """Let the deliveries that failed for *code* wait once more, from *now* on."""
    failed = (IS_DELIVERY, IS_PENDING, jobs.c.shop_id == shop_id, jobs.c.code == code, jobs.c.state == "failed")
    job_store.retry(connection, *failed, now=now)


def retry_order(
    connection: Connection, shop_id: str, order_id: int, *, now: datetime, of_many: bool = False
) -> tuple[int, ...]:
    """Let the failed deliveries of an order wait once more, from *now* on; their ids."""
    failed = (IS_DELIVERY, IS_PENDING, jobs.c.shop_id == shop_id, jobs.c.order_id == order_id, jobs.c.state == "failed")
    return job_store.retry(connection, *failed, now=now, **queue_of(of_many=of_many))


def queue_of(*, of_many: bool) -> dict[str, object]:
    """What is one of many waits in the queue of bulk work from then on; what a person asks for alone, with what is new."""
    return {"queue": QueueName.BULK if of_many else QueueName.ORDERS}


def retry_now(connection: Connection, delivery_ids: Sequence[int], *, now: datetime, of_many: bool = False) -> int:
    """Let deliveries that failed, or wait for a later time, wait from *now* on. Returns how many.

    *of_many*: they wait behind what is new.
    """
    mine = (IS_DELIVERY, jobs.c.job_id.in_(delivery_ids), jobs.c.state.in_(("waiting", "failed")))
    return len(job_store.retry(connection, *mine, now=now, **queue_of(of_many=of_many)))


def take_in(connection: Connection, shop_id: str, url: str, *, now: datetime) -> None:
    """Let what came from *url*, as it is the shop's own address now, count as all else that the shop tells; it waits from *now* on."""
    kept = select(deliveries.c.delivery_id, deliveries.c.headers)
    rows = connection.execute(kept.where(deliveries.c.shop_id == shop_id, deliveries.c.source == OTHER_SITE)).all()
    mine = [row.delivery_id for row in rows if not is_another_site(dict(json.loads(row.headers)).get(SITE, ""), url)]
    connection.execute(update(deliveries).where(any_of(deliveries.c.delivery_id, mine)).values(source="webhook"))
    job_store.retry(connection, IS_DELIVERY, any_of(jobs.c.job_id, mine), now=now)


def close_failed(connection: Connection, shop_id: str, order_id: int, end: JobEnd, *, now: datetime) -> int:
    """End the failed deliveries of an order: a person says that there is nothing to do. Returns how many."""
    mine = (IS_DELIVERY, jobs.c.shop_id == shop_id, jobs.c.order_id == order_id, jobs.c.state == "failed")
    return job_store.close(connection, *mine, end=end, now=now)


def close_waiting(connection: Connection, shop_id: str, end: JobEnd, *, now: datetime) -> int:
    """Close what a shop that leaves still waits for. Returns how much that was."""
    waiting = (IS_DELIVERY, IS_PENDING, jobs.c.shop_id == shop_id, jobs.c.state.in_(("waiting", "running")))
    return job_store.close(connection, *waiting, end=end, now=now)


def forget_oldest(connection: Connection, kept: Sequence[Delivery], *, limit: int = 500) -> None:
    """Drop the oldest of *kept*, all of one order, that were processed, where it has many; no more than *limit* at once."""
    old = [one.delivery_id for one in kept[:-MOST_OF_ORDER] if one.state == "done"][:limit]
    if old:
        connection.execute(delete(deliveries).where(any_of(deliveries.c.delivery_id, old)))
        connection.execute(delete(jobs).where(any_of(jobs.c.job_id, old)))


def find(connection: Connection, delivery_id: int) -> Delivery | None:
    return next(iter(read(connection, deliveries.c.delivery_id == delivery_id)), None)


def of_order(connection: Connection, shop_id: str, order_id: int) -> tuple[Delivery, ...]:
    rows = connection.execute(OF_ONE_ORDER, {"shop_id": shop_id, "order_id": order_id})
    return tuple(as_delivery(row) for row in rows)


def read(connection: Connection, *which: ColumnElement[bool]) -> tuple[Delivery, ...]:
    """Deliveries with what became of them, oldest first."""
    rows = connection.execute(query().where(*which).order_by(deliveries.c.delivery_id))
    return tuple(as_delivery(row) for row in rows)


def query(*, without: Sequence[str] = ()) -> Select[Any]:
    """The columns of `Delivery`, but for some."""
    shown = [column for name, column in COLUMNS.items() if name not in without]
    return select(*shown).join_from(deliveries, jobs, jobs.c.job_id == deliveries.c.delivery_id)


LEASED = made_once(query().where(*given(jobs.c.lease)).order_by(deliveries.c.delivery_id))
OF_ONE_ORDER = made_once(
    query().where(*given(deliveries.c.shop_id, deliveries.c.order_id)).order_by(deliveries.c.delivery_id)
)


def open_orders(connection: Connection, shop_id: str) -> tuple[int, ...]:
    """The orders for which something is still to be looked at, or failed."""
    found = connection.execute(
        select(jobs.c.order_id)
        .where(IS_DELIVERY, IS_PENDING, jobs.c.shop_id == shop_id, jobs.c.order_id.is_not(None))
        .distinct()
    )
    return tuple(int(order_id) for order_id in found.scalars())


def waiting_orders(
    connection: Connection, shop_id: str, order_ids: Collection[int], *, now: datetime
) -> frozenset[int]:
    """Those of *order_ids* for which a delivery waits that no worker has taken yet."""
    waits = (IS_DELIVERY, IS_PENDING, jobs.c.state == "waiting", jobs.c.next_at <= now)
    found = select(jobs.c.order_id).where(*waits, jobs.c.shop_id == shop_id, jobs.c.order_id.in_(order_ids))
    return frozenset(connection.execute(found).scalars())


def of_orders(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> dict[int, tuple[Delivery, ...]]:
    """The deliveries of several orders at once, oldest first."""
    found: dict[int, tuple[Delivery, ...]] = {}
    for delivery in read(connection, deliveries.c.shop_id == shop_id, deliveries.c.order_id.in_(order_ids)):
        if delivery.order_id is not None:
            found[delivery.order_id] = (*found.get(delivery.order_id, ()), delivery)
    return found


def postpone(connection: Connection, delivery_id: int, *, until: datetime) -> None:
    """Let a delivery that waits wait longer, so that many at once do not come before those of today."""
    connection.execute(
        update(jobs).where(IS_DELIVERY, jobs.c.job_id == delivery_id, jobs.c.state == "waiting").values(next_at=until)
    )


def count_waiting(connection: Connection, shop_id: str, *, source: str) -> int:
    """How many deliveries of one source are still to be looked at: how far a backfill is."""
    counted = (
        select(func.count())
        .join_from(jobs, deliveries, deliveries.c.delivery_id == jobs.c.job_id)
        .where(IS_DELIVERY, IS_PENDING, jobs.c.shop_id == shop_id, jobs.c.state.in_(("waiting", "running")))
        .where(deliveries.c.source == source)
    )
    return int(connection.execute(counted).scalar_one())


def count_new(connection: Connection, shop_id: str, *, most: int) -> int:
    """How many deliveries of a shop wait among what is new, counted up to *most*."""
    some = select(jobs.c.job_id).where(IS_PENDING, IS_DELIVERY, jobs.c.shop_id == shop_id)
    some = some.where(is_word(jobs.c.queue, QueueName.ORDERS), jobs.c.state == "waiting").limit(most)
    return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def latest_bodies(connection: Connection, shop_id: str, *, limit: int) -> tuple[bytes, ...]:
    """The newest kept body of each of the last orders that the shop delivered, newest first."""
    # Not of all that the shop ever delivered: while that is read nothing else is, and of the last ones alone a body is kept.
    told = (deliveries.c.shop_id == shop_id, deliveries.c.source == "webhook")
    last = select(deliveries.c.delivery_id).where(*told)
    last = last.order_by(deliveries.c.received_at.desc(), deliveries.c.delivery_id.desc()).limit(limit * TOLD_OF_ORDER)
    newest = (
        select(func.max(deliveries.c.delivery_id))
        .where(deliveries.c.delivery_id.in_(last.scalar_subquery()))
        .where(deliveries.c.order_id.is_not(None), func.length(deliveries.c.body) > 0)
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
    """When the shop delivered, oldest first."""
    found = connection.execute(
        select(deliveries.c.received_at)
        .where(deliveries.c.shop_id == shop_id, deliveries.c.source == "webhook", deliveries.c.received_at >= since)
        .order_by(deliveries.c.received_at)
    )
    return tuple(found.scalars())


def last_delivered_at(connection: Connection, shop_id: str) -> datetime | None:
    """When the shop last told of an order, by a webhook or by its plugin, which is first; None before the first time."""
    newest = select(func.max(deliveries.c.received_at)).where(deliveries.c.shop_id == shop_id)
    # Each by itself: asked for both at once, no index has them in the order of time.
    each = [connection.execute(newest.where(deliveries.c.source == source)).scalar() for source in FROM_THE_SHOP]
    return max((at for at in each if at is not None), default=None)


def has_delivered(connection: Connection, shop_id: str) -> bool:
    """Whether the shop ever delivered anything by webhook."""
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
    rows = connection.execute(select(jobs.c.job_id, jobs.c.state).where(IS_DELIVERY, jobs.c.job_id.in_(delivery_ids)))
    return {row.job_id: row.state for row in rows}


def as_delivery(row: Row[Any]) -> Delivery:
    return read_row(
        Delivery,
        row,
        body=bytes(row.body) if row.body is not None else None,
        headers=tuple((name, value) for name, value in json.loads(row.headers)),
    )
