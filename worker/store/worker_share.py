"""How many workers one shop, and long work of all shops, may hold at any moment: decided on the rows, whatever Redis holds."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, literal_column, null, select, text, union_all

from worker.queue import QueueName
from worker.store.database.made_once import is_word, made_once
from worker.store.database.rows import insert_into
from worker.store.database.tables import PENDING, jobs, leases, paused_queues, shops, slow_work
from worker.store.leases import count_workers

# A shop whose work of one queue held a worker for long waits behind all others with it, for so long after the last time.
SLOW_FOR = timedelta(minutes=10)
# What is held for so long already counts as long work before it ends.
LONG = timedelta(seconds=5)
# A number of our own for PostgreSQL's lock; SQLite lets one write at a time anyway.
CLAIMING = 0x_FAC7
IS_PENDING: ColumnElement[bool] = literal_column("jobs." + PENDING)  # in the words of the index


@dataclass(frozen=True)
class Running:
    """What one worker holds, and since when."""

    shop_id: str
    queue: QueueName
    held_for: timedelta = timedelta()


@dataclass(frozen=True)
class Load:
    """How many workers there are, and what they hold. *slow*: whose work of which queue held one for long lately.

    *long_workers* take long work alone; where there are some, the others need not. *paused*: of which queues nothing is begun.
    """

    workers: int
    is_single_shop: bool
    running: tuple[Running, ...]
    slow: frozenset[tuple[str, QueueName]]
    long_workers: int = 0
    paused: frozenset[QueueName] = frozenset()

    @property
    def half(self) -> int:
        """As many as a shop may hold, and long work of all shops together; one worker is shared by turns alone."""
        return max(1, self.workers // 2)

    @property
    def most_of_shop(self) -> int:
        return self.share_of(self.workers)

    def may_refuse(self, shop_id: str, queue: QueueName) -> bool:
        """Whether others of the shop may have been refused while it held a worker with *queue*: `has_room` knows no other reason."""
        return self.is_long(shop_id, queue) or (self.workers > 1 and not self.is_single_shop)

    @property
    def is_shared(self) -> bool:
        """Whether there are several workers, of whom nobody may hold too many; one alone is shared by turns, whoever holds it."""
        return max(self.workers, self.long_workers) > 1

    def share_of(self, workers: int) -> int:
        return max(1, workers if self.is_single_shop else workers // 2)

    def is_slow(self, shop_id: str, queue: QueueName) -> bool:
        return (shop_id, queue) in self.slow

    def is_long(self, shop_id: str, queue: QueueName) -> bool:
        return queue is QueueName.BULK or self.is_slow(shop_id, queue)

    def has_room(self, shop_id: str, queue: QueueName) -> bool:
        """Whether one more job of the shop and queue may be begun now.

        A shop holds half of the workers at most, and one more with bulk work: an export must not keep its orders waiting.
        Workers for long work are shared in the same way, by themselves.
        """
        if queue in self.paused:
            return False
        is_long, of_shop = self.is_long(shop_id, queue), [one for one in self.running if one.shop_id == shop_id]
        workers = self.workers
        if self.long_workers:
            workers = self.long_workers if is_long else self.workers
            of_shop = [one for one in of_shop if self.is_long(one.shop_id, one.queue) is is_long]
        if workers <= 1:
            return True
        if is_long and not self.long_workers and self.long_ones >= self.half:
            return False
        bulk = sum(1 for one in of_shop if one.queue is QueueName.BULK)
        return bulk < 1 if queue is QueueName.BULK else len(of_shop) - bulk < self.share_of(workers)

    def with_pace(self, shop_id: str, queue: QueueName, *, is_slow: bool) -> "Load":
        """The same after a job of the shop and queue was slow, or quick."""
        this = frozenset([(shop_id, queue)])
        return replace(self, slow=self.slow | this if is_slow else self.slow - this)

    @property
    def long_ones(self) -> int:
        return sum(1 for one in self.running if one.held_for >= LONG or self.is_long(one.shop_id, one.queue))


# Made once: a statement costs more to build than to run.
SLOW = select(slow_work.c.shop_id, slow_work.c.queue).where(slow_work.c.until > bindparam("now"))
SLOW_NOW = made_once(SLOW)
HELD = (
    select(*(func.min(column).label(column.name) for column in (jobs.c.shop_id, jobs.c.queue, jobs.c.lease_until)))
    .where(IS_PENDING, is_word(jobs.c.state, "running"), jobs.c.lease_until >= bindparam("now"))
    .group_by(jobs.c.lease)
)
TWO_SHOPS = select(shops.c.shop_id).limit(2).subquery()
# All that a load is made of, asked at once: what is held, of which alone the time is told, comes first.
LOAD = made_once(
    union_all(
        HELD.add_columns(literal_column("'held'").label("what")),
        SLOW.add_columns(null(), literal_column("'slow'")),
        select(null(), paused_queues.c.queue, null(), literal_column("'paused'")),
        select(TWO_SHOPS.c.shop_id, null(), null(), literal_column("'shop'")),
        select(leases.c.name, null(), null(), literal_column("'worker'")).where(leases.c.until >= bindparam("now")),
    )
)


def slow(connection: Connection, *, now: datetime) -> frozenset[tuple[str, QueueName]]:
    """Whose work of which queue held a worker for long lately."""
    return frozenset((row.shop_id, QueueName(row.queue)) for row in connection.execute(SLOW_NOW, {"now": now}))


def load(connection: Connection, *, now: datetime, lease_for: timedelta) -> Load:
    """What there is at this moment. *lease_for*: how long leases are, which tells since when one is held."""
    found = defaultdict[str, list[Any]](list)
    for row in connection.execute(LOAD, {"now": now}):
        found[row.what].append(row)
    workers, long_workers = count_workers([row.shop_id for row in found["worker"]])
    return Load(
        workers=workers,
        is_single_shop=len(found["shop"]) == 1,
        running=tuple(
            Running(row.shop_id, QueueName(row.queue), now - (row.lease_until - lease_for)) for row in found["held"]
        ),
        slow=frozenset((row.shop_id, QueueName(row.queue)) for row in found["slow"]),
        long_workers=long_workers,
        paused=frozenset(QueueName(row.queue) for row in found["paused"]),
    )


def load_to_claim(connection: Connection, *, now: datetime, lease_for: timedelta) -> Load:
    """The same in the transaction that leases a job: where workers are shared, nobody else decides until its end."""
    found = load(connection, now=now, lease_for=lease_for)
    if not found.is_shared or connection.dialect.name != "postgresql":
        return found
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CLAIMING})
    return load(connection, now=now, lease_for=lease_for)


def mark_slow(connection: Connection, shop_id: str, queue: QueueName, *, now: datetime) -> None:
    until = now + SLOW_FOR
    row = insert_into(connection, slow_work).values(shop_id=shop_id, queue=queue, until=until)
    connection.execute(row.on_conflict_do_update(index_elements=("shop_id", "queue"), set_={"until": until}))


def mark_quick(connection: Connection, shop_id: str, queue: QueueName) -> None:
    connection.execute(delete(slow_work).where(slow_work.c.shop_id == shop_id, slow_work.c.queue == queue))
