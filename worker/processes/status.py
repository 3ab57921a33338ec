"""The status of everything: counts from our rows, and which processes are alive."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from redis.exceptions import RedisError
from sqlalchemy import Connection

from worker.domain.health import ROAD_LABELS, RoadHealth
from worker.domain.needs import Needs, merged
from worker.errors import Unavailable
from worker.processes.bridge import answers
from worker.queue.status import count_queued
from worker.services import Services
from worker.store import leases, paused_queues, roads, shops, whole_counts
from worker.store.jobs import OF_SHOP
from worker.store.queries import attention, health
from worker.store.queries.queues import QueueCount, queue_counts
from worker.store.roads import FailingRoad
from worker.terminal import at_utc


@dataclass(frozen=True)
class Health:
    """Counts of work by state, deliveries and steps together; *queued* counts jobs in Redis (None: Redis does not answer), *workers* and *long_workers* those whose heartbeat is a row."""

    healthy: bool
    waiting: int
    running: int
    failed: int
    done: int
    database: bool
    redis_reason: str  # why Redis does not answer; empty where it does
    queued: int | None
    workers: int
    long_workers: int
    scheduler: bool
    queues: tuple[QueueCount, ...]
    # Servers of shops that are left in peace because they do not answer: a sentence each.
    rested: tuple[str, ...] = ()

    @property
    def redis(self) -> bool:
        return not self.redis_reason

    @property
    def is_idle(self) -> bool:
        return self.database and self.waiting == 0 and self.running == 0

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "redis": self.redis}


def check(services: Services) -> Health:
    """Check once. Never raises for a process that is away: the result says so."""
    redis_reason, queued = check_redis(services)
    workers = long_workers = 0
    try:
        with services.store.read() as connection:
            states = by_state(connection)
            lease_until = leases.held_until(connection, leases.SCHEDULER)
            rested = tuple(describe_road(connection, road) for road in roads.failing(connection, None))
            workers, long_workers = leases.workers_there(connection, now=services.now())
            queues = queue_counts(connection, paused_queues.every(connection), now=services.now())
    except Unavailable:
        return Health(
            healthy=False, waiting=0, running=0, failed=0, done=0, database=False, redis_reason=redis_reason, queued=queued,
            workers=workers, long_workers=long_workers, scheduler=False, queues=(),
        )  # fmt: skip
    scheduler_runs = leases.is_held(lease_until, now=services.now(), lease_for=services.settings.scheduler_lease)
    return Health(
        healthy=not redis_reason and workers > 0 and scheduler_runs,
        database=True,
        redis_reason=redis_reason,
        queued=queued,
        workers=workers,
        long_workers=long_workers,
        scheduler=scheduler_runs,
        rested=rested,
        queues=queues,
        **states,
    )


@dataclass(frozen=True)
class Report:
    """What needs a person in each shop, and how it goes on each road: the same as pages and API tell, in English.

    *needs* counts; *alerts* are its sentences. A road's *shop* is empty where it is the installation's. *troubles* are the roads of
    which neither *alerts* nor `Health.rested` tell, a sentence for all shops of which the same is so.
    """

    needs: int = 0
    kept_drafts: int = 0
    alerts: tuple[str, ...] = ()
    roads: tuple[dict[str, str | None], ...] = ()
    troubles: tuple[str, ...] = ()


def report(services: Services) -> Report:
    """Ask once what needs a person, and how it goes. Empty while the database does not answer."""
    now = services.now()
    try:
        with services.store.read() as connection:
            seen = health.look(connection, services.settings)
            every = {shop.shop_id: shop for shop in shops.every(connection)}
            needs = attention.by_shop(connection, None, now=now)
            known = health.known_of(connection, services.encryption, None, seen, now=now)
            roads_of = health.of_shops(every.values(), known, now=now)
            installation = health.of_installation(connection, seen, now=now, known=known)
    except Unavailable:
        return Report()
    whole = merged(needs.values())
    return Report(
        needs=whole.total,
        kept_drafts=whole.kept,
        alerts=tuple(
            f"{every[shop_id].name}: {group.count} × {group.reason.sentence} (since {at_utc(group.since)})"
            for shop_id, of_one in sorted(needs.items())
            for group in of_one.groups
        ),
        roads=(
            *(road_as_json("", road) for road in installation),
            *(road_as_json(every[shop_id].name, road) for shop_id, some in roads_of.items() for road in some),
        ),
        troubles=troubles(
            {"Installation": installation}
            | {every[shop_id].name: needs.get(shop_id, Needs()).untold(some) for shop_id, some in roads_of.items()}
        ),
    )


def troubles(by_name: Mapping[str, Iterable[RoadHealth]]) -> tuple[str, ...]:
    """What does not go and is not rested, with whose it is; *by_name*: the roads of each shop."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, some in by_name.items():
        for road in some:
            if road.is_trouble and not road.is_rested:
                since = f" since {at_utc(road.since)}" if road.since else ""
                told = (f"{ROAD_LABELS[road.road]}: {road.state}{since}.", str(road.message))
                found.setdefault(told, []).append(name)
    return tuple(f"{', '.join(names)}: {' '.join(told)}" for told, names in found.items())


def road_as_json(shop: str, road: RoadHealth) -> dict[str, str | None]:
    return {
        "shop": shop,
        "road": road.road,
        "label": str(ROAD_LABELS[road.road]),
        "state": road.state,
        "since": road.since.isoformat(timespec="seconds") if road.since else None,
        "message": str(road.message),
    }


def describe_road(connection: Connection, found: FailingRoad) -> str:
    shop = shops.settings_of(connection, found.road.shop_id)
    whose = shop.name if shop else found.road.shop_id or "All shops without a mail server of their own"
    next_try = f", next try {found.rested_until:%H:%M}" if found.rested_until else ""
    return (
        f"{whose}: {found.label} has not answered since "
        f"{at_utc(found.failing_since)} (tried in a row: {found.failures}{next_try}): {found.message}"
    )


def check_redis(services: Services) -> tuple[str, int | None]:
    """Why Redis does not answer (empty where it does), and how many jobs are queued in it."""
    try:
        return "", count_queued(services.redis)
    except RedisError as error:
        return str(error) or type(error).__name__, None


def wait_until_idle(services: Services, *, seconds: float) -> Health:
    """Check until nothing waits or runs, at most *seconds*; return the last result either way."""
    until = time.monotonic() + seconds
    while True:
        is_over = time.monotonic() >= until
        # One question as long as there is work, all others once there seems to be none: who waits takes no time from who works.
        if is_over or not is_busy(services):
            health = check(services)
            if health.is_idle or is_over:
                return health
        time.sleep(0.03)


def is_busy(services: Services) -> bool:
    """Whether something waits or runs, or nobody knows."""
    try:
        with services.store.read() as connection:
            states = by_state(connection)
    except Unavailable:
        return True
    return states["waiting"] > 0 or states["running"] > 0


def by_state(connection: Connection) -> dict[str, int]:
    """How much work of all shops is in each state."""
    work = whole_counts.jobs_by_state(connection)
    return {
        state: sum(number for (kind, _, found), number in work.items() if found == state and kind in OF_SHOP)
        for state in ("waiting", "running", "failed", "done")
    }


def wait_until_healthy(services: Services, ready_url: str, *, seconds: float) -> bool:
    """Wait until every part is there and the bridge answers at *ready_url*."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check(services).healthy and answers(ready_url):
            return True
        time.sleep(0.05)
    return False
