"""Orders to be settled in their shop after money came in or went back: one job waits for an order, however many payments."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select, update

from worker.domain.order import OrderKey
from worker.message import NO_MESSAGE, Message
from worker.queue import QueueName
from worker.store import jobs as job_store
from worker.store.database.made_once import given, is_word, made_once
from worker.store.database.tables import jobs
from worker.store.jobs import IS_PASSING, IS_PENDING, Claim, JobEnd, JobKind, Leased, NewJob

# The name of the job, as people meet it.
SETTLE_ORDER = JobKind.SETTLE_ORDER.value
IS_SETTLEMENT = is_word(jobs.c.kind, JobKind.SETTLE_ORDER)


# Made once: a statement costs more to build than to run.
CLAIM = Claim(IS_SETTLEMENT, *given(jobs.c.job_id, prefix="of_"), one_at_a_time="group_id")
OF_ORDER = given(jobs.c.shop_id, jobs.c.order_id, prefix="of_")
CLOSE_FAILED = made_once(update(jobs).where(IS_SETTLEMENT, IS_PENDING, *OF_ORDER, is_word(jobs.c.state, "failed")))


@dataclass(frozen=True)
class LeasedSettlement(Leased):
    """An order to settle."""

    order: OrderKey


def group_of(order: OrderKey) -> str:
    """A name of the right length for one order."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{order.shop_id} {order.order_id} {order.order_key}"))


def plan(connection: Connection, order: OrderKey, *, now: datetime) -> None:
    """Have *order* settled once more. Call in the transaction that counts its money.

    What waits or failed begins anew. One that is being done may have counted before: it is followed by another.
    """
    group = group_of(order)
    waits = (IS_SETTLEMENT, jobs.c.group_id == group, jobs.c.state.in_(("waiting", "failed")))
    if not job_store.retry(connection, *waits, now=now, created_at=now, code="", message=NO_MESSAGE):
        new = NewJob(
            JobKind.SETTLE_ORDER, SETTLE_ORDER, QueueName.CALLS, order.shop_id, order.order_id, group, order.order_key
        )
        job_store.add(connection, new, now=now)


def take(connection: Connection, job_id: int, *, now: datetime, lease_for: timedelta) -> LeasedSettlement | None:
    """Lease an order; None when it is settled, put off, or in other hands."""
    for row in CLAIM.take(connection, now=now, lease_for=lease_for, of_job_id=job_id):
        order = OrderKey(row.shop_id, row.order_id, row.detail)
        return LeasedSettlement(row.lease, row.attempts, row.created_at, order)
    return None


def retry_order(
    connection: Connection, shop_id: str, order_id: int, *, now: datetime, of_many: bool = False
) -> tuple[int, ...]:
    """Let what failed for an order wait once more; the ids."""
    return job_store.retry(connection, *failed_of_order(shop_id, order_id), now=now, created_at=now, of_many=of_many)


def retry_failed(connection: Connection, shop_id: str, code: str, *, now: datetime) -> None:
    """Let what failed in a shop for *code* wait once more."""
    failed = (IS_SETTLEMENT, IS_PENDING, jobs.c.shop_id == shop_id, jobs.c.code == code, jobs.c.state == "failed")
    job_store.retry(connection, *failed, now=now, created_at=now)


def retry_now(
    connection: Connection, job_ids: Sequence[int], *, now: datetime, of_many: bool = False
) -> tuple[int, ...]:
    """Let those that failed, or wait for a later time, wait from *now* on; their ids. *of_many*: behind what is new."""
    mine = (IS_SETTLEMENT, jobs.c.job_id.in_(job_ids), jobs.c.state.in_(("waiting", "failed")))
    return job_store.retry(connection, *mine, now=now, created_at=now, of_many=of_many)


def close_failed(connection: Connection, shop_id: str, order_id: int, end: JobEnd, *, now: datetime) -> int:
    """End what failed for an order: it is answered in another way. Returns how many."""
    mine = {"of_shop_id": shop_id, "of_order_id": order_id}
    return job_store.end_jobs(connection, CLOSE_FAILED, mine, end=end, now=now)


def failed_of_order(shop_id: str, order_id: int) -> tuple[ColumnElement[bool], ...]:
    of_order = (jobs.c.shop_id == shop_id, jobs.c.order_id == order_id)
    return IS_SETTLEMENT, IS_PENDING, *of_order, jobs.c.state == "failed"


def failure_of(connection: Connection, shop_id: str, order_id: int) -> Message | None:
    """Why an order could not be settled; None where it could, or is still tried."""
    failed = select(jobs.c.message).where(*failed_of_order(shop_id, order_id)).order_by(jobs.c.job_id.desc())
    return connection.execute(failed.limit(1)).scalar()


def order_of(connection: Connection, shop_id: str, job_id: int) -> int | None:
    """The order that a job of this shop is about; None where there is no such job."""
    mine = (IS_SETTLEMENT, jobs.c.job_id == job_id, jobs.c.shop_id == shop_id)
    return connection.execute(select(jobs.c.order_id).where(*mine)).scalar()


def close_waiting(connection: Connection, shop_id: str, end: JobEnd, *, now: datetime) -> None:
    """Close what a shop that leaves still waits for."""
    waiting = (IS_SETTLEMENT, IS_PENDING, jobs.c.shop_id == shop_id)
    job_store.close(connection, *waiting, end=end, now=now)


def delete_done(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to *limit* that were done before *before*: what they did is on the trail. Returns how many."""
    done = (IS_PASSING, IS_SETTLEMENT, jobs.c.done_at < before, jobs.c.state != "failed")
    old = select(jobs.c.job_id).where(*done).order_by(jobs.c.job_id).limit(limit)
    return connection.execute(delete(jobs).where(jobs.c.job_id.in_(old.scalar_subquery()))).rowcount
