"""Enqueue every row that waits, and run the periodic jobs of each shop and of all. One scheduler acts at a time, however many run."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError

from worker.accounting import reconcile
from worker.errors import Rejected, Unavailable
from worker.invoicing import vat_checks
from worker.maintenance import hourly_stats, retention
from worker.notifications import alerts, distance_sales, legal_term
from worker.orders import poll as order_poll
from worker.orders import refund_check, webhook_repair
from worker.plugin import sync
from worker.queue import PROCESS_ORDER, RUN_TASK, SEND_DOCUMENT, SEND_WEBHOOK_EVENT, enqueue_again
from worker.services import Services
from worker.settings import Settings
from worker.store import deliveries, leases, shops, steps, tasks, webhooks
from worker.store.shops import ConnectedShop

log = logging.getLogger(__name__)

LEASE = "scheduler"
MOST_AT_ONCE = 500
# While this many jobs are queued, workers have enough to do; more would only repeat them.
FULL_QUEUE = 1000
# Periodic jobs wait for other people's servers: a few at a time, in threads of their own, so that enqueueing never waits.
MOST_PERIODIC_JOBS = 8
# After a periodic job that failed, at most this long until it is tried again.
RETRY_AFTER = timedelta(minutes=5)
# What a periodic job returns that did a step of its work; the next step comes soon.
MORE, MORE_AFTER = "more", timedelta(seconds=30)
NEVER = datetime.min.replace(tzinfo=UTC)


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
        return leases.acquire(connection, LEASE, holder, now=services.now(), lease_for=lease_for(services))


def enqueue_waiting(services: Services) -> Enqueued:
    now = services.now()
    every_s = min(60, services.settings.lease_seconds)
    with services.store.read() as connection:
        orders = deliveries.due_ids(connection, now=now, limit=MOST_AT_ONCE)
        documents = steps.due_documents(connection, now=now, limit=MOST_AT_ONCE)
        task_ids = tasks.due_ids(connection, now=now, limit=MOST_AT_ONCE)
        event_ids = webhooks.due_ids(connection, now=now, limit=MOST_AT_ONCE)
    try:
        if services.queue.count > FULL_QUEUE:
            return Enqueued()
        enqueued = {
            job: sum(enqueue_again(services.queue, job, row_id, now=now, every_s=every_s) for row_id in due)
            for job, due in (
                (PROCESS_ORDER, orders),
                (SEND_DOCUMENT, documents),
                (RUN_TASK, task_ids),
                (SEND_WEBHOOK_EVENT, event_ids),
            )
        }
    except RedisError as error:
        raise Unavailable("Redis does not answer; what waits is enqueued when it does.", code="redis_away") from error
    return Enqueued(enqueued[PROCESS_ORDER], enqueued[SEND_DOCUMENT])


def lease_for(services: Services) -> timedelta:
    return timedelta(seconds=3 * services.settings.scheduler_seconds + 10)


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
            log.warning("%s", error.message)
        stop.wait(services.settings.scheduler_seconds)
    with services.store.write() as connection:
        leases.release(connection, LEASE, holder, now=services.now())


@dataclass(frozen=True)
class ShopJob:
    """Something done again and again for each shop that is not paused. *do* may be called at any time and twice; it raises as use cases do."""

    name: str
    every: Callable[[Settings], timedelta]
    do: Callable[[Services, ConnectedShop], object]


@dataclass(frozen=True)
class GlobalJob:
    """Something done again and again for the whole installation, once, and also while every shop is paused. *do* as that of a `ShopJob`."""

    name: str
    every: Callable[[Settings], timedelta]
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
    ShopJob("repair_webhooks", lambda _settings: timedelta(hours=1), webhook_repair.check_and_repair),
    ShopJob("check_refunds", lambda _settings: timedelta(minutes=10), refund_check.check_refunds_nightly),
    ShopJob("reconcile", lambda _settings: timedelta(minutes=10), reconcile.reconcile_nightly),
    ShopJob("ask_vies_again", lambda _settings: timedelta(minutes=1), vat_checks.ask_again),
    ShopJob("notify_owner", lambda _settings: timedelta(minutes=1), alerts.notify_owner),
    ShopJob("sync_plugin", lambda _settings: timedelta(minutes=2), sync.sync_plugin),
    ShopJob("invoice_term", lambda _settings: timedelta(hours=6), legal_term.alert_uninvoiced),
    ShopJob("distance_sales", lambda _settings: timedelta(hours=6), distance_sales.watch_distance_sales),
    ShopJob("daily_digest", lambda _settings: timedelta(minutes=10), alerts.digest_daily),
)
GLOBAL_JOBS = (
    GlobalJob("hourly_stats", lambda _settings: hourly_stats.EVERY, hourly_stats.update_hourly_stats),
    GlobalJob("delete_old_bodies", lambda _settings: timedelta(hours=24), retention.purge),
    GlobalJob("delete_expired", lambda _settings: timedelta(hours=1), retention.delete_expired),
)
# In the place of a shop's id, for what is done once for all.
ALL_SHOPS = "all shops"


@dataclass
class PeriodicJobRunner:
    """Which periodic job of which shop comes next. In memory only: after a start everything is due, and that harms nothing."""

    services: Services
    not_before: dict[tuple[str, str], datetime] = field(default_factory=dict)
    # A shop's periodic jobs run one by one: one that is away delays only itself.
    busy_shops: set[str] = field(default_factory=set)

    def start_due(self) -> None:
        """Start what is due, longest overdue first, as far as there is room."""
        with self.services.store.read() as connection:
            ids = [shop.shop_id for shop in shops.every(connection) if not shop.suspended]
        for job, shop_id in self.due(ids, self.services.now()):
            if len(self.busy_shops) >= MOST_PERIODIC_JOBS:
                return
            if shop_id not in self.busy_shops:
                self.start(job, shop_id)

    def due(self, shop_ids: Sequence[str], now: datetime) -> list[tuple[ShopJob | GlobalJob, str]]:
        every_job: list[tuple[ShopJob | GlobalJob, str]] = [(job, ALL_SHOPS) for job in GLOBAL_JOBS]
        every_job += [(job, shop_id) for job in SHOP_JOBS for shop_id in shop_ids]
        found = [(self.not_before.get((job.name, shop_id), NEVER), job, shop_id) for job, shop_id in every_job]
        return [(job, shop_id) for at, job, shop_id in sorted(found, key=lambda one: one[0]) if at <= now]

    def start(self, job: ShopJob | GlobalJob, shop_id: str) -> None:
        self.busy_shops.add(shop_id)
        # A daemon: a shop that does not answer must not hold up the end of the process.
        threading.Thread(target=self.run, args=(job, shop_id), name=f"{job.name} {shop_id}", daemon=True).start()

    def run(self, job: ShopJob | GlobalJob, shop_id: str) -> None:
        wait = job.every(self.services.settings)
        try:
            if isinstance(job, GlobalJob):
                job.do(self.services)
            elif job.do(self.services, self.services.connected(shop_id)) is MORE:
                wait = min(wait, MORE_AFTER)
        except Unavailable as error:
            wait = min(wait, max(RETRY_AFTER, timedelta(seconds=error.retry_after_s or 0)))
            log.info("%s of %s is tried again: %s", job.name, shop_id, error.message)
        except Rejected as error:
            log.warning("%s of %s: %s", job.name, shop_id, error.message)
        except Exception:
            # A bug that one shop brings out must not end it for all.
            log.exception("%s of %s", job.name, shop_id)
        finally:
            self.not_before[job.name, shop_id] = self.services.now() + wait
            self.busy_shops.discard(shop_id)
