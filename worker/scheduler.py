"""Enqueue every row that waits, and run the periodic jobs of each shop and of all. One scheduler acts at a time, however many run."""

import logging
import os
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from redis.exceptions import RedisError
from sqlalchemy import Connection

from worker.accounting import reconcile
from worker.errors import Rejected, Unavailable
from worker.invoicing import vat_checks
from worker.maintenance import hourly_stats, retention, whole_counts
from worker.notifications import (
    account_mails,
    alerts,
    channels,
    distance_sales,
    legal_term,
    old_bank_files,
    other_invoices,
    vies_silence,
)
from worker.orders import poll as order_poll
from worker.orders import refund_check, webhook_repair
from worker.payments import bank_folder, reminders, unpaid_orders
from worker.payments import mollie as online_payments
from worker.plugin import sync
from worker.queue import QUEUE_OF, QueueName, enqueue_again, open_queue
from worker.sending import peppol_status
from worker.services import Services
from worker.settings import Settings
from worker.store import jobs, leases, shops, turns, worker_share
from worker.store.jobs import JobKind
from worker.store.shops import ConnectedShop
from worker.store.turns import DueJob
from worker.store.worker_share import Load

log = logging.getLogger(__name__)

# Of what waits so much is enqueued at each look, shared out among the shops: workers do it before the next one. Each shop gets at least a few.
AT_ONCE, FEWEST_OF_A_SHOP = 100, 5
# While this many jobs are queued in one queue, workers have enough to do; more would only repeat them.
FULL_QUEUE = 1000
# A job whose shop held its share of workers is dropped, and its row is enqueued again.
AGAIN_AFTER_S = 10
# Periodic jobs wait for other people's servers: a few at a time, in threads of their own, so that enqueueing never waits.
MOST_PERIODIC_JOBS = 8
# Of these, so many may be of shops that were slow the last time: eight servers that hang must not stop the others.
MOST_SLOW_SHOPS = 4
SLOW_AFTER_S = 5.0
# After a periodic job that failed, at most this long until it is tried again.
RETRY_AFTER = timedelta(minutes=5)
# What a periodic job returns that did a step of its work; the next step comes soon.
MORE, MORE_AFTER = "more", timedelta(seconds=30)
# There is a job of each shop that comes as often.
SOON = timedelta(minutes=1)
NEVER, LATER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Enqueued:
    """How many orders and documents were enqueued; *acted* is False where another scheduler has the lease."""

    orders: int = 0
    documents: int = 0
    acted: bool = True


def run_once(services: Services, *, holder: str) -> Enqueued:
    """Enqueue once everything that is due and free. Raises Unavailable when the database or Redis is away."""
    return enqueue_waiting(services) if take_lease(services, holder) else Enqueued(acted=False)


def take_lease(services: Services, holder: str) -> bool:
    """Take or extend the lease; False while another scheduler has it."""
    with services.store.write() as connection:
        return leases.acquire(
            connection, leases.SCHEDULER, holder, now=services.now(), lease_for=services.settings.scheduler_lease
        )


def enqueue_waiting(services: Services) -> Enqueued:
    """Enqueue what waits in each queue, the shops in turn: a shop with thousands of orders is before nobody."""
    now = services.now()
    with services.store.read() as connection:
        load = worker_share.load(connection, now=now, lease_for=timedelta(seconds=services.settings.lease_seconds))
        waiting = [
            due for queue in turns.QUEUES if queue not in load.paused for due in in_turn(connection, queue, now=now)
        ]
    try:
        room = room_for(services, waiting, load)
        enqueued = [due for due in waiting if enqueue_due(services, due, load, room)]
    except RedisError as error:
        raise Unavailable("Redis does not answer; what waits is enqueued when it does.", code="redis_away") from error
    orders = sum(1 for due in enqueued if due.kind is JobKind.PROCESS_ORDER)
    return Enqueued(orders, len({due.document_id for due in enqueued if due.kind is JobKind.STEP}))


def room_for(services: Services, waiting: Sequence[DueJob], load: Load) -> dict[QueueName, int]:
    """How many jobs each queue of Redis can take: any of them is good for any row, so no more than rows are waiting. Raises RedisError."""
    wanted = Counter(QUEUE_OF[due.job_in(load)[0]] for due in waiting)
    return {
        name: min(FULL_QUEUE, wanted[name]) - (open_queue(services.redis, name).count if wanted[name] else 0)
        for name in QueueName
    }


def in_turn(connection: Connection, queue: QueueName, *, now: datetime) -> list[DueJob]:
    """The first job of each shop, then the second of each. The longest waiting shops come first, in case there is no room for all."""
    first = turns.first_of_each_shop(connection, queue, now=now)
    most = max(FEWEST_OF_A_SHOP, AT_ONCE // max(1, len(first)))
    of_shops = [turns.due_of_shop(connection, shop_id, queue, now=now, limit=most) for shop_id in first]
    of_shops.sort(key=lambda due: due[0].next_at if due else now)
    return [due for number in range(most) for due in (shop[number] for shop in of_shops if number < len(shop))]


def enqueue_due(services: Services, due: DueJob, load: Load, room: dict[QueueName, int]) -> bool:
    """Raises RedisError."""
    name, row_id = due.job_in(load)
    if room[QUEUE_OF[name]] <= 0:
        return False
    every_s = min(AGAIN_AFTER_S, services.settings.lease_seconds)
    is_new = enqueue_again(services.redis, name, row_id, now=services.now(), every_s=every_s)
    room[QUEUE_OF[name]] -= is_new
    return is_new


def forget_workers(services: Services) -> None:
    """Drop the heartbeats of workers that are gone."""
    with services.store.write() as connection:
        leases.delete_expired(connection, before=services.now() - timedelta(days=1))


def end_future(services: Services) -> None:
    """A clock that was ahead and was put right must not stop the work for as long as it was ahead."""
    lease_for = timedelta(seconds=services.settings.lease_seconds)
    with services.store.read() as connection:
        is_any = jobs.is_any_future(connection, now=services.now(), lease_for=lease_for)
    if is_any:
        with services.store.write() as connection:
            jobs.end_future(connection, now=services.now(), lease_for=lease_for)


def run(services: Services, stop: threading.Event) -> None:
    """Enqueue again and again until *stop* is set."""
    holder = f"{socket.gethostname()[:48]}:{os.getpid()}"
    periodic_jobs = PeriodicJobRunner(services)
    while not stop.is_set():
        try:
            if take_lease(services, holder):
                periodic_jobs.start_due()
                enqueued = enqueue_waiting(services)
                if enqueued.orders or enqueued.documents:
                    log.info("enqueued %d orders and %d documents", enqueued.orders, enqueued.documents)
        except Unavailable as error:
            log.warning("%s", error.for_log)
        stop.wait(services.settings.scheduler_seconds)
    with services.store.write() as connection:
        leases.release(connection, leases.SCHEDULER, holder, now=services.now())


@dataclass(frozen=True)
class PeriodicJob:
    """Something done again and again, *every* so often, which a setting may say. *do* may be called at any time and twice; it raises as
    use cases do."""

    name: str
    every: timedelta | Callable[[Settings], timedelta]

    def wait(self, settings: Settings) -> timedelta:
        return self.every if isinstance(self.every, timedelta) else self.every(settings)


@dataclass(frozen=True)
class ShopJob(PeriodicJob):
    """For each shop that is not paused."""

    do: Callable[[Services, ConnectedShop], object]


@dataclass(frozen=True)
class GlobalJob(PeriodicJob):
    """For the whole installation, once, and also while every shop is paused."""

    do: Callable[[Services], object]


def poll(services: Services, connected: ConnectedShop) -> object:
    """Find missed changes. Where there are any, the webhooks may be broken: they are checked at once."""
    if not order_poll.can_fetch(connected):
        return None
    polled = order_poll.poll(services, connected)
    if polled.missed:
        webhook_repair.check_and_repair(services, connected)
    return MORE if polled.more else None


SHOP_JOBS = (
    ShopJob("poll_orders", lambda settings: timedelta(seconds=settings.poll_seconds), poll),
    ShopJob("repair_webhooks", timedelta(hours=1), webhook_repair.check_and_repair),
    ShopJob("check_refunds", timedelta(minutes=10), refund_check.check_refunds_nightly),
    ShopJob("reconcile", timedelta(minutes=10), reconcile.reconcile_nightly),
    ShopJob("ask_vies_again", timedelta(minutes=1), vat_checks.ask_again),
    ShopJob("vies_silence", timedelta(minutes=10), vies_silence.alert_vies_silence),
    ShopJob("follow_peppol", timedelta(minutes=1), peppol_status.follow),
    ShopJob("notify_owner", timedelta(minutes=1), alerts.notify_owner),
    ShopJob("tell_channels", timedelta(minutes=1), channels.tell_channels),
    ShopJob("sync_plugin", timedelta(minutes=2), sync.sync_plugin),
    ShopJob("invoice_term", timedelta(hours=6), legal_term.alert_uninvoiced),
    ShopJob("online_payments", timedelta(hours=1), online_payments.sweep),
    ShopJob("bank_folder", timedelta(minutes=1), bank_folder.read_folder),
    ShopJob("bank_files_age", timedelta(minutes=10), old_bank_files.alert_old_files),
    ShopJob("bank_statements", timedelta(minutes=10), old_bank_files.alert_missing_statement),
    ShopJob("unpaid_orders", timedelta(minutes=10), unpaid_orders.cancel_daily),
    ShopJob("other_invoices", timedelta(minutes=10), other_invoices.alert_other_invoices),
    ShopJob("distance_sales", timedelta(hours=6), distance_sales.watch_distance_sales),
    ShopJob("daily_digest", timedelta(minutes=10), alerts.digest_daily),
)
GLOBAL_JOBS = (
    GlobalJob("hourly_stats", hourly_stats.EVERY, hourly_stats.update_hourly_stats),
    GlobalJob("whole_counts", whole_counts.EVERY, whole_counts.count_whole),
    GlobalJob("delete_old_bodies", timedelta(hours=24), retention.purge),
    GlobalJob("end_future", timedelta(minutes=5), end_future),
    GlobalJob("forget_workers", timedelta(hours=6), forget_workers),
    GlobalJob(
        "account_mails", lambda settings: timedelta(seconds=settings.scheduler_seconds), account_mails.send_waiting
    ),
    GlobalJob("reminders", timedelta(minutes=5), reminders.plan_due),
    GlobalJob("delete_expired", timedelta(hours=1), retention.delete_expired),
)
# In the place of a shop's id, for what is done once for all.
ALL_SHOPS = "all shops"


@dataclass
class PeriodicJobRunner:
    """Which periodic jobs of which shop come next. In memory only: after a start everything is due, and that harms nothing.

    Whoever is done with a shop goes on with the next one that waits, so a round takes as long as the jobs, however many shops there are.
    """

    services: Services
    not_before: dict[tuple[str, str], datetime] = field(default_factory=dict)
    # By shop, the first of them: it is looked at every few seconds, of thousands of shops.
    soonest: dict[str, datetime] = field(default_factory=dict)
    # A shop's periodic jobs run one by one: one that is away delays only itself.
    busy_shops: set[str] = field(default_factory=set)
    slow_shops: set[str] = field(default_factory=set)
    waiting: deque[str] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start_due(self) -> None:
        """Start what is due, the shop that waits for longest first; what there is no room for follows by itself."""
        with self.services.store.read() as connection:
            ids = shops.ids_at_work(connection)
        now = self.services.now()
        overdue = {shop_id: at for shop_id in (ALL_SHOPS, *ids) if (at := self.due_since(shop_id, now)) <= now}
        with self.lock:
            self.waiting = deque(sorted(overdue, key=lambda shop_id: overdue[shop_id]))
        while (shop_id := self.take()) is not None:
            # A daemon: a shop that does not answer must not hold up the end of the process.
            threading.Thread(target=self.run, args=(shop_id,), name=f"periodic jobs of {shop_id}", daemon=True).start()

    def due_since(self, shop_id: str, now: datetime) -> datetime:
        soonest = self.soonest.get(shop_id, NEVER)
        if soonest <= now + SOON:
            return soonest
        # Nothing of a shop is that far away, unless the clock was ahead.
        return min((self.next_at(job, shop_id) for job in jobs_of(shop_id)), default=LATER)

    def next_at(self, job: ShopJob | GlobalJob, shop_id: str) -> datetime:
        at = self.not_before.get((job.name, shop_id), NEVER)
        # A clock that was ahead and was put right must not stop the work for as long as it was ahead.
        return at if at <= self.services.now() + job.wait(self.services.settings) else NEVER

    def take(self) -> str | None:
        """The next shop that waits and may begin; it is busy from now on."""
        with self.lock:
            if len(self.busy_shops) >= MOST_PERIODIC_JOBS:
                return None
            for _ in range(len(self.waiting)):
                shop_id = self.waiting.popleft()
                if shop_id not in self.busy_shops and self.has_room(shop_id):
                    self.busy_shops.add(shop_id)
                    return shop_id
        return None

    def has_room(self, shop_id: str) -> bool:
        return shop_id not in self.slow_shops or len(self.busy_shops & self.slow_shops) < MOST_SLOW_SHOPS

    def run(self, shop_id: str | None) -> None:
        """Do what is due of a shop, then of the next ones."""
        while shop_id is not None:
            began = time.monotonic()
            try:
                self.run_jobs(shop_id)
            finally:
                is_slow = time.monotonic() - began >= SLOW_AFTER_S and shop_id != ALL_SHOPS
                with self.lock:
                    (self.slow_shops.add if is_slow else self.slow_shops.discard)(shop_id)
                    self.busy_shops.discard(shop_id)
            shop_id = self.take()

    def run_jobs(self, shop_id: str) -> None:
        """All that is due of a shop, which is read once for it; where one job took long, the rest waits for the shop's next turn."""
        connected = cache(lambda: self.services.connected(shop_id))
        now, began = self.services.now(), time.monotonic()
        due = [job for job in jobs_of(shop_id) if self.next_at(job, shop_id) <= now]
        for job in sorted(due, key=lambda job: self.next_at(job, shop_id)):
            self.run_job(job, shop_id, connected)
            if time.monotonic() - began >= SLOW_AFTER_S:
                break
        self.soonest[shop_id] = min((self.next_at(job, shop_id) for job in jobs_of(shop_id)), default=LATER)

    def run_job(self, job: ShopJob | GlobalJob, shop_id: str, connected: Callable[[], ConnectedShop]) -> None:
        wait = job.wait(self.services.settings)
        try:
            if isinstance(job, GlobalJob):
                job.do(self.services)
            elif job.do(self.services, connected()) is MORE:
                wait = min(wait, MORE_AFTER)
        except Unavailable as error:
            wait = min(wait, max(RETRY_AFTER, timedelta(seconds=error.retry_after_s or 0)))
            log.info("%s of %s is tried again: %s", job.name, shop_id, error.for_log)
        except Rejected as error:
            log.warning("%s of %s: %s", job.name, shop_id, error.for_log)
        except Exception:
            # A bug that one shop brings out must not end it for all.
            log.exception("%s of %s", job.name, shop_id)
        finally:
            self.not_before[job.name, shop_id] = self.services.now() + wait


def jobs_of(shop_id: str) -> Sequence[ShopJob | GlobalJob]:
    return GLOBAL_JOBS if shop_id == ALL_SHOPS else SHOP_JOBS
