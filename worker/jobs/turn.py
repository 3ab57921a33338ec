"""A job in Redis says that something waits in its queue. Which piece of work is done is decided when a worker comes, from the rows:
that of the shop whose turn it is, of those that do not hold their share of the workers."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from redis.exceptions import RedisError
from sqlalchemy import Connection

from worker.jobs.job_type import lease_time
from worker.jobs.order import process_delivery
from worker.jobs.settlement import settle_order
from worker.jobs.step import run_steps
from worker.jobs.task import do_task
from worker.jobs.webhook_event import send_waiting_events
from worker.queue import QUEUE_OF, RUN_SLOW_TASK, SEND_DOCUMENT, QueueName, enqueue_again
from worker.services import Services
from worker.store import turns, worker_share
from worker.store.jobs import JobKind
from worker.store.turns import DueJob
from worker.store.worker_share import Load

# What takes less is not slow but on a busy machine.
LEAST_SLOW_S = 2.0
# When two workers choose the same, one looks once more.
MOST_TRIES = 3

DO: dict[JobKind, Callable[[Services, DueJob], bool]] = {
    JobKind.PROCESS_ORDER: lambda services, due: process_delivery(services, due.job_id),
    JobKind.SETTLE_ORDER: lambda services, due: settle_order(services, due.job_id),
    JobKind.STEP: lambda services, due: run_steps(services, due.row_id, queue=due.queue),
    JobKind.TASK: lambda services, due: do_task(services, due.job_id),
    JobKind.WEBHOOK_EVENT: lambda services, due: send_waiting_events(services, due.job_id),
}
# The shop that this process served last, by queue.
_served_last: dict[QueueName, str] = {}


def serve(services: Services, name: str, row_id: int) -> None:
    """Do one piece of work of the queue that the job *name* is in. *row_id* is what the job was enqueued for: it is taken care of too."""
    for _ in range(MOST_TRIES):
        now = services.now()
        with services.store.read() as connection:
            load = worker_share.load(connection, now=now, lease_for=lease_time(services))
            meant = turns.find_due(connection, name, row_id, now=now)
            if meant is None or not is_elsewhere(meant, name, load):
                due = next_due(connection, name, load, now=now)
        if meant is not None and is_elsewhere(meant, name, load):
            enqueue_due(services, meant, load)
            return
        if due is None:
            return  # whoever frees a share enqueues what waited for it
        _served_last[QUEUE_OF[name]] = due.shop_id
        if perform(services, due, load):
            enqueue_if_due(services, name, row_id)
            return


def is_elsewhere(due: DueJob, name: str, load: Load) -> bool:
    """Whether it waits in another queue than the job *name*: what was slow lately is behind all others."""
    is_slow, queue = load.is_slow(due.shop_id, due.queue), QUEUE_OF[name]
    return not is_slow if queue is QueueName.SLOW else is_slow or due.queue is not queue


def next_due(connection: Connection, name: str, load: Load, *, now: datetime) -> DueJob | None:
    """What is to be done next in the queue of the job *name*: of the shop after the one that was served last."""
    queue = QUEUE_OF[name]
    is_slow_queue = queue is QueueName.SLOW
    if is_slow_queue:
        first = turns.first_slow(connection, load, tasks=name == RUN_SLOW_TASK, now=now)
    else:
        first = turns.first_of_each_shop(connection, queue, now=now)
    last = _served_last.get(queue, "")
    for shop_id in sorted(first, key=lambda shop_id: (shop_id <= last, shop_id)):
        if is_slow_queue or not load.is_slow(shop_id, queue):
            due = turns.get(connection, first[shop_id])
            if load.has_room(shop_id, due.queue):
                return due
    return None


def perform(services: Services, due: DueJob, load: Load) -> bool:
    """Do it, remember whether it held this worker for long, and enqueue what follows. False when somebody else has it."""
    began, is_begun = time.monotonic(), True
    try:
        is_begun = DO[due.kind](services, due)
    finally:
        if is_begun:
            is_slow = remember_pace(services, due, load, seconds=time.monotonic() - began)
            enqueue_following(services, due, load.with_pace(due.shop_id, due.queue, is_slow=is_slow))
    return is_begun


def remember_pace(services: Services, due: DueJob, load: Load, *, seconds: float) -> bool:
    """Long work of a shop, such as waiting for a server that hangs, goes behind that of all others until it is quick again.

    Whether it was long. Of bulk work that is no news.
    """
    is_slow = seconds >= max(LEAST_SLOW_S, services.settings.shop_timeout_seconds / 3)
    was_slow = load.is_slow(due.shop_id, due.queue)
    if due.queue is QueueName.BULK or not (is_slow or was_slow):
        return False
    with services.store.write() as connection:
        if is_slow:
            worker_share.mark_slow(connection, due.shop_id, due.queue, now=services.now())
        else:
            worker_share.mark_quick(connection, due.shop_id, due.queue)
    return is_slow


def enqueue_following(services: Services, done: DueJob, load: Load) -> None:
    """Enqueue what the same document needs next, and what could not be begun while the shop, or long work, held its share."""
    now = services.now()
    with services.store.read() as connection:
        found = list(turns.due_of_shop(connection, done.shop_id, done.queue, now=now, limit=load.most_of_shop))
        if done.kind is JobKind.STEP and (step := turns.find_due(connection, SEND_DOCUMENT, done.row_id, now=now)):
            found.append(step)
        if load.is_long(done.shop_id, done.queue):
            found += others_of_long_work(connection, load, now=now)
    for due in {one.job_id: one for one in found}.values():
        enqueue_due(services, due, load)


def others_of_long_work(connection: Connection, load: Load, *, now: datetime) -> list[DueJob]:
    """What may be begun now that one piece of long work less is at hand."""
    bulk = turns.first_of_each_shop(connection, QueueName.BULK, now=now)
    slow = turns.first_slow(connection, load, tasks=False, now=now)
    return [turns.get(connection, job_id) for job_id in [*slow.values(), *bulk.values()][: 2 * load.half]]


def enqueue_due(services: Services, due: DueJob, load: Load) -> None:
    name, row_id = due.slow_job if load.is_slow(due.shop_id, due.queue) else due.job
    services.enqueue(name, row_id)


def enqueue_if_due(services: Services, name: str, row_id: int) -> None:
    """What the job that is ending was for may wait still: it was another's turn. Its own id is taken until the end."""
    with services.store.read() as connection:
        due = turns.find_due(connection, name, row_id, now=services.now())
    if due is not None:
        with suppress(RedisError):
            enqueue_again(services.redis, name, row_id, now=services.now(), every_s=1)
