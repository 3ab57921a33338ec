"""Use case: ring again for every row that waits, and do each shop's chores. One sweep acts at a time, however many run."""

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
from worker.maintenance import hourly_stats, retention
from worker.notifications import alerts
from worker.orders import poll as polling
from worker.orders import refund_check, webhook_repair
from worker.plugin import sync
from worker.queue import CALL_HOOK, DELIVER, LOOK_AT_ORDER, RUN_ERRAND, ring_again
from worker.services import Services
from worker.settings import Settings
from worker.store import deliveries, leases, shops, steps, tasks, webhooks
from worker.store.shops import Connected

log = logging.getLogger(__name__)

DUTY = "sweep"
MOST_AT_ONCE = 500
# While this many rings wait, workers have enough to do; ringing again would only repeat them.
FULL_QUEUE = 1000
# Asking shops waits for other people's servers: a few at a time, in threads of their own, so that ringing never waits.
MOST_CHORES = 8
# After a chore that could not be done, at most this long until it is tried again.
RETRY_AFTER = timedelta(minutes=5)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Swept:
    """How many orders and documents were rung for; *acted* is False where another sweep had the duty."""

    orders: int = 0
    documents: int = 0
    acted: bool = True


def sweep(services: Services, *, holder: str) -> Swept:
    """Ring once for everything that is due and free. Raises Unavailable when the database or Redis is away."""
    return ring(services) if on_duty(services, holder) else Swept(acted=False)


def on_duty(services: Services, holder: str) -> bool:
    """Take or keep the duty; False while another sweep has it."""
    with services.store.write() as connection:
        return leases.hold(connection, DUTY, holder, now=services.now(), lease_for=lease_for(services))


def ring(services: Services) -> Swept:
    now = services.now()
    every_s = min(60, services.settings.lease_seconds)
    with services.store.read() as connection:
        orders = deliveries.due_ids(connection, now=now, limit=MOST_AT_ONCE)
        documents = steps.due_documents(connection, now=now, limit=MOST_AT_ONCE)
        asked = tasks.due_ids(connection, now=now, limit=MOST_AT_ONCE)
        calls = webhooks.due_ids(connection, now=now, limit=MOST_AT_ONCE)
    try:
        if services.queue.count > FULL_QUEUE:
            return Swept()
        rung = {
            job: sum(ring_again(services.queue, job, row_id, now=now, every_s=every_s) for row_id in due)
            for job, due in ((LOOK_AT_ORDER, orders), (DELIVER, documents), (RUN_ERRAND, asked), (CALL_HOOK, calls))
        }
    except RedisError as error:
        raise Unavailable("Redis does not answer; what waits is rung for when it does.", code="redis_away") from error
    return Swept(rung[LOOK_AT_ORDER], rung[DELIVER])


def lease_for(services: Services) -> timedelta:
    return timedelta(seconds=3 * services.settings.sweep_seconds + 10)


def run(services: Services, stop: threading.Event) -> None:
    """Sweep until *stop* is set."""
    holder = f"{socket.gethostname()[:48]}:{os.getpid()}"
    chores = Chores(services)
    while not stop.is_set():
        try:
            if on_duty(services, holder):
                chores.start_due()
                swept = ring(services)
                if swept.orders or swept.documents:
                    log.info("rang for %d orders and %d documents", swept.orders, swept.documents)
        except Unavailable as error:
            log.warning("%s", error.sentence)
        stop.wait(services.settings.sweep_seconds)
    with services.store.write() as connection:
        leases.let_go(connection, DUTY, holder, now=services.now())


@dataclass(frozen=True)
class Chore:
    """Something done for each shop again and again. *do* may be called at any time and twice; it raises as use cases do."""

    name: str
    every: Callable[[Settings], timedelta]
    do: Callable[[Services, Connected], object]


def poll(services: Services, connected: Connected) -> None:
    """Ask what we missed. Where we missed something, the webhooks may be broken: they are looked after at once."""
    if polling.can_be_asked(connected) and polling.poll(services, connected).missed:
        webhook_repair.watch(services, connected)


CHORES = (
    Chore("poll", lambda settings: timedelta(seconds=settings.poll_seconds), poll),
    Chore("watch", lambda _settings: timedelta(hours=1), webhook_repair.watch),
    Chore("reread refunds", lambda _settings: timedelta(minutes=10), refund_check.reread_nightly),
    Chore("reconcile", lambda _settings: timedelta(minutes=10), reconcile.reconcile_nightly),
    Chore("tell", lambda _settings: timedelta(minutes=1), alerts.tell),
    Chore("tick", lambda _settings: timedelta(minutes=2), sync.tick),
    Chore("tally", lambda _settings: hourly_stats.EVERY, lambda services, _connected: hourly_stats.tally(services)),
    Chore("purge", lambda _settings: timedelta(hours=24), lambda services, _connected: retention.purge(services)),
    Chore("tidy", lambda _settings: timedelta(hours=1), lambda services, _connected: retention.tidy(services)),
    Chore("digest", lambda _settings: timedelta(minutes=10), alerts.digest_daily),
)


@dataclass
class Chores:
    """Which chore of which shop comes next. Kept in memory: after a start everything is due, and that harms nothing."""

    services: Services
    not_before: dict[tuple[str, str], datetime] = field(default_factory=dict)
    at_work: set[str] = field(default_factory=set)  # a shop's chores go one by one: one that is away delays only itself

    def start_due(self) -> None:
        """Start what is due, longest overdue first, as far as there is room."""
        with self.services.store.read() as connection:
            ids = [shop.shop_id for shop in shops.every(connection) if not shop.suspended]
        for chore, shop_id in self.due(ids, self.services.now()):
            if len(self.at_work) >= MOST_CHORES:
                return
            if shop_id not in self.at_work:
                self.start(chore, shop_id)

    def due(self, shop_ids: Sequence[str], now: datetime) -> list[tuple[Chore, str]]:
        found = [
            (self.not_before.get((chore.name, shop_id), NEVER), chore, shop_id)
            for chore in CHORES
            for shop_id in shop_ids
        ]
        return [(chore, shop_id) for at, chore, shop_id in sorted(found, key=lambda one: one[0]) if at <= now]

    def start(self, chore: Chore, shop_id: str) -> None:
        self.at_work.add(shop_id)
        # A daemon: a shop that does not answer must not hold up the end of the process.
        threading.Thread(target=self.run, args=(chore, shop_id), name=f"{chore.name} {shop_id}", daemon=True).start()

    def run(self, chore: Chore, shop_id: str) -> None:
        wait = chore.every(self.services.settings)
        try:
            with self.services.store.read() as connection:
                connected = shops.connected(connection, self.services.vault, shop_id)
            chore.do(self.services, connected)
        except Unavailable as error:
            wait = min(wait, max(RETRY_AFTER, timedelta(seconds=error.retry_after_s or 0)))
            log.info("%s of shop %s is tried again: %s", chore.name, shop_id, error.sentence)
        except Rejected as error:
            log.warning("%s of shop %s: %s", chore.name, shop_id, error.sentence)
        except Exception:
            # A bug that one shop brings out must not end the ringing for all.
            log.exception("%s of shop %s", chore.name, shop_id)
        finally:
            self.not_before[chore.name, shop_id] = self.services.now() + wait
            self.at_work.discard(shop_id)
