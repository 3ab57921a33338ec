"""A job in Redis says that something waits in its queue. Which piece of work is done is decided when a worker comes, from the rows:
that of the shop whose turn it is, of those that do not hold their share of the workers."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from redis.exceptions import RedisError
from sqlalchemy import Connection

from worker.domain.step import WRITE_BACK
from worker.errors import TakesLong, Unavailable
from worker.jobs.job_type import lease_time
from worker.jobs.next_step import OF_AN_ORDER, NextStep, NothingNext
from worker.jobs.order import process_delivery
from worker.jobs.settlement import settle_order
from worker.jobs.step import do_leased, run_step, run_steps
from worker.jobs.task import do_task
from worker.jobs.webhook_event import send_waiting_events
from worker.net.talk import in_haste
from worker.queue import LONG_QUEUES, QUEUE_OF, RUN_SLOW_TASK, QueueName, enqueue_again
from worker.services import Services
from worker.store import documents, paused_queues, turns, worker_share
from worker.store.jobs import JobKind
from worker.store.turns import DueJob
from worker.store.worker_share import Load

# A job that holds a worker for so long is slow, and so are the next ones until one takes less than the second.
SLOW_S, LEAST_SLOW_S = 10.0, 2.0
# So long urgent work waits for the servers of a shop, in all. A WooCommerce that needs more is waited for where nobody else waits.
PATIENCE_S = 3.0
# For so long a worker goes on with one order; what is left then waits for its next turn.
FOLLOWED_S = 5.0
# Where shop and mail server have answered within so long, the note is written too: to come back for it would take longer.
QUICK_S = 0.2
# When two workers choose the same, one looks once more.
MOST_TRIES = 3

# From an order to its mail. A turn is for all three, or a thousand mails of one shop would keep the orders of all others waiting.
ORDER_TO_MAIL = (QueueName.MAIL, QueueName.PDF, QueueName.ORDERS)

# The shop that this process served last, by the queues that were looked at.
_served_last: dict[tuple[QueueName, ...], str] = {}
# What this process takes; none are named where it takes all.
_taken: list[QueueName] = []


def take_only(queues: Collection[QueueName]) -> None:
    """Called once, before jobs are taken."""
    _taken[:] = queues


def serve(services: Services, name: str, row_id: int) -> None:
    """Do one piece of work of the queue that the job *name* is in. *row_id* is what the job was enqueued for: it is taken care of too."""
    for _ in range(MOST_TRIES):
        now = services.now()
        with services.store.read() as connection:
            load = worker_share.load(connection, now=now, lease_for=lease_time(services))
            meant = turns.find_due(connection, name, row_id, now=now)
            if meant is None or not is_elsewhere(meant, name, load):
                due = next_due(connection, name, load, meant=meant, now=now)
        if meant is not None and is_elsewhere(meant, name, load):
            enqueue_due(services, meant, load)
            return
        if due is None:
            return  # whoever frees a share enqueues what waited for it
        serve_next(name, due.shop_id)
        after = perform_and_follow(services, due, load, served=(name, row_id))
        if after is None:
            continue
        # Of an order and its steps nothing is left to be done at once, but where a server kept it waiting.
        if due != meant or due.kind not in OF_AN_ORDER or after.is_slow(due.shop_id, due.queue):
            enqueue_if_due(services, name, row_id)
        return


def is_elsewhere(due: DueJob, name: str, load: Load) -> bool:
    """Whether it waits in another queue than the job *name*: what was slow lately is behind all others."""
    is_slow, queue = load.is_slow(due.shop_id, due.queue), QUEUE_OF[name]
    return not is_slow if queue is QueueName.SLOW else is_slow or due.queue is not queue


def next_due(
    connection: Connection, name: str, load: Load, *, now: datetime, meant: DueJob | None = None
) -> DueJob | None:
    """What is to be done next in the queues of the job *name*: of the shop after the one that was served last, the most urgent.

    *meant*: what the job stands for, which is known already.
    """
    queues, first = looked_at(name), defaultdict[str, list[int]](list)
    if queues == (QueueName.SLOW,):
        slow = turns.first_slow(connection, load, tasks=name == RUN_SLOW_TASK, now=now)
        first |= {shop_id: [job_id] for shop_id, job_id in slow.items()}
    else:
        for queue, of_shops in turns.first_of_queues(connection, queues, now=now).items():
            for shop_id, job_id in of_shops.items():
                if not load.is_slow(shop_id, queue):
                    first[shop_id].append(job_id)
    last = _served_last.get(looked_at(name), "")
    for shop_id in sorted(first, key=lambda shop_id: (shop_id <= last, shop_id)):
        for job_id in first[shop_id]:
            due = meant if meant is not None and meant.job_id == job_id else turns.get(connection, job_id)
            if load.has_room(shop_id, due.queue):
                return due
    return None


def serve_next(name: str, shop_id: str) -> None:
    """It is the turn of *shop_id*: the next one is that of the shop after it."""
    _served_last[looked_at(name)] = shop_id


def looked_at(name: str) -> tuple[QueueName, ...]:
    """The queues that the job *name* is good for, in this process."""
    queue = QUEUE_OF[name]
    together = ORDER_TO_MAIL if queue in ORDER_TO_MAIL else (queue,)
    return tuple(one for one in together if one is queue or is_taken(one))


def is_taken(queue: QueueName) -> bool:
    """Whether this process takes what waits in *queue*."""
    return not _taken or queue in _taken


def do_order(services: Services, due: DueJob, next_step: NothingNext) -> bool:
    """Process it. What a backfill makes is finished here: it waits in no queue of fresh orders."""
    is_begun = process_delivery(services, due.job_id, next_step)
    if is_begun and due.queue is QueueName.BULK and due.order_id is not None:
        with services.store.read() as connection:
            made, _ = documents.listing(connection, shop_id=due.shop_id, order_id=due.order_id)
            paused = paused_queues.names(connection)
        for queue in (one for one in (QueueName.PDF, QueueName.MAIL, QueueName.CALLS) if one not in paused):
            for document in made:
                run_steps(services, document.document_id, queue=queue)
    return is_begun


DO: dict[JobKind, Callable[[Services, DueJob, NothingNext], bool]] = {
    JobKind.PROCESS_ORDER: do_order,
    JobKind.SETTLE_ORDER: lambda services, due, _: settle_order(services, due.job_id),
    JobKind.STEP: lambda services, due, next_step: run_step(services, due.row_id, due.name, next_step),
    JobKind.TASK: lambda services, due, _: do_task(services, due.job_id),
    JobKind.WEBHOOK_EVENT: lambda services, due, _: send_waiting_events(services, due.job_id),
}


def perform_and_follow(services: Services, due: DueJob, load: Load, *, served: tuple[str, int]) -> Load | None:
    """Do it, and at once what the same order needs next until its mail has left, and the note on it where nobody kept it waiting; the rest
    is enqueued. None when somebody else has it.

    To go by Redis for each step would cost more than the step. *served*: name and row of the job in Redis that is ending.
    """
    is_urgent = QUEUE_OF[served[0]] not in LONG_QUEUES
    began, after = time.monotonic(), load

    def may_go_on(step: DueJob) -> bool:
        return is_urgent and may_follow(step, after, since_s=time.monotonic() - began)

    next_step = NextStep(services, due, may_go_on)
    try:
        begun = perform(services, due, load, partial(DO[due.kind], services, due, next_step), is_urgent=is_urgent)
        if begun is None:
            return None
        after = begun
        while (claimed := next_step.take()) is not None:
            step, leased = claimed
            do = partial(do_leased, services, leased, next_step)
            after = perform(services, step, after, do, is_urgent=True) or after
    except BaseException:
        with suppress(Unavailable):
            next_step.put_back()
            next_step.look()
        raise
    finally:
        for left in {one.job: one for one in next_step.due}.values():
            if left.job == served and not after.is_slow(left.shop_id, left.queue):
                enqueue_once_more(services, *served)
            else:
                enqueue_due(services, left, after)
    return after


def may_follow(step: DueJob, load: Load, *, since_s: float) -> bool:
    """Whether it may be done in the turn of the order that it is of, which began so many seconds ago."""
    within_s = FOLLOWED_S if step.queue in ORDER_TO_MAIL else QUICK_S if step.name == WRITE_BACK else 0.0
    return since_s < within_s and is_taken(step.queue) and not load.is_slow(step.shop_id, step.queue)


def perform(services: Services, due: DueJob, load: Load, do: Callable[[], bool], *, is_urgent: bool) -> Load | None:
    """*do* it, remember whether it held this worker for long, and enqueue what that kept waiting. None when somebody else has it.

    *is_urgent*: with no patience for servers that are slow.
    """
    began, is_begun, takes_long, after = time.monotonic(), True, False, load
    try:
        with in_haste(PATIENCE_S) if is_urgent else nullcontext():
            is_begun = do()
    except TakesLong:
        takes_long = True
    finally:
        if is_begun:
            pace = Pace(time.monotonic() - began, takes_long=takes_long)
            is_slow = remember_pace(services, due, load, pace)
            after = load.with_pace(due.shop_id, due.queue, is_slow=is_slow)
            enqueue_refused(services, due, after)
    return after if is_begun else None


@dataclass(frozen=True)
class Pace:
    """How long a job held its worker; *takes_long*: it was not waited for until its end."""

    seconds: float
    takes_long: bool = False


def remember_pace(services: Services, due: DueJob, load: Load, pace: Pace) -> bool:
    """Long work of a shop, such as waiting for a server that hangs, goes behind that of all others until it is quick again.

    Whether it is long now. Of bulk work that is no news.
    """
    was_slow = load.is_slow(due.shop_id, due.queue)
    if due.queue is QueueName.BULK or not (was_slow or pace.takes_long or pace.seconds >= SLOW_S):
        return False
    is_slow = pace.takes_long or pace.seconds >= (LEAST_SLOW_S if was_slow else SLOW_S)
    with services.store.write() as connection:
        if is_slow:
            worker_share.mark_slow(connection, due.shop_id, due.queue, now=services.now())
        else:
            worker_share.mark_quick(connection, due.shop_id, due.queue)
    return is_slow


def enqueue_refused(services: Services, done: DueJob, load: Load) -> None:
    """Enqueue what could not be begun while the shop, or long work, held its share."""
    if not load.may_refuse(done.shop_id, done.queue):
        return
    now = services.now()
    with services.store.read() as connection:
        found = list(turns.due_of_shop(connection, done.shop_id, done.queue, now=now, limit=load.most_of_shop))
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
    services.enqueue(*due.job_in(load))


def enqueue_if_due(services: Services, name: str, row_id: int) -> None:
    """What the job that is ending was for may wait still: it was another's turn."""
    with services.store.read() as connection:
        due = turns.find_due(connection, name, row_id, now=services.now())
    if due is not None:
        enqueue_once_more(services, name, row_id)


def enqueue_once_more(services: Services, name: str, row_id: int) -> None:
    """Enqueue what the job that is ending stands for: its own id is taken until the end."""
    with suppress(RedisError):
        enqueue_again(services.redis, name, row_id, now=services.now(), every_s=1)
