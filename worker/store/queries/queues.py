"""What waits in each queue, counted from the rows: Redis may have forgotten it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select

from worker.queue import QueueName
from worker.store import worker_share
from worker.store.database.tables import jobs
from worker.store.jobs import IS_PENDING
from worker.store.paused_queues import PausedQueue

THROUGHPUT_OF = timedelta(minutes=10)


@dataclass(frozen=True)
class QueueCount:
    """*waiting* could be done now, *later* waits for its time, *running* is being done. *slow_shops*: whose turn comes behind all others.

    *oldest_due_at*: since when the oldest of *waiting* could have been done. *done* is how many ended in the last ten minutes. *paused*: nothing of
    it is begun.
    """

    queue: QueueName
    waiting: int
    later: int
    running: int
    slow_shops: tuple[str, ...]
    oldest_due_at: datetime | None = None
    done: int = 0
    paused: PausedQueue | None = None


def queue_counts(
    connection: Connection, paused: Mapping[QueueName, PausedQueue], *, now: datetime
) -> tuple[QueueCount, ...]:
    """The queues of rows, the most urgent first."""
    state = case((jobs.c.state == "running", "running"), (jobs.c.next_at <= now, "waiting"), else_="later").label(
        "state"
    )
    since = func.min(jobs.c.next_at, type_=jobs.c.next_at.type).label("since")
    counted = select(jobs.c.queue, state, func.count().label("jobs"), since).where(IS_PENDING, jobs.c.state != "failed")
    rows = connection.execute(counted.group_by(jobs.c.queue, state)).all()
    found = {(row.queue, row.state): int(row.jobs) for row in rows}
    oldest = {row.queue: row.since for row in rows if row.state == "waiting"}
    ended = select(jobs.c.queue, func.count()).where(jobs.c.done_at >= now - THROUGHPUT_OF, jobs.c.state == "done")
    done = {queue: int(count) for queue, count in connection.execute(ended.group_by(jobs.c.queue))}
    slow = sorted(worker_share.slow(connection, now=now))
    return tuple(
        QueueCount(
            queue=queue,
            waiting=found.get((queue, "waiting"), 0),
            later=found.get((queue, "later"), 0),
            running=found.get((queue, "running"), 0),
            slow_shops=tuple(shop_id for shop_id, slow_queue in slow if slow_queue is queue),
            oldest_due_at=oldest.get(queue),
            done=done.get(queue, 0),
            paused=paused.get(queue),
        )
        for queue in QueueName
        if queue is not QueueName.SLOW
    )
