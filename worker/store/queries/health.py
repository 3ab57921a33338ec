"""The state of each road, of one shop and of the installation. Pages, API, command line and /metrics tell the same, from here."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from redis.exceptions import RedisError
from sqlalchemy import Connection, func, select

from worker.domain.access_point import ELSEWHERE
from worker.domain.days import start_of_day
from worker.domain.health import HealthRoad, RoadHealth, RoadState
from worker.domain.shop import Shop
from worker.domain.step import MAIL, TRANSMIT
from worker.message import Message
from worker.queue import connect
from worker.settings import Settings
from worker.store import alerts, bank_files, leases, reports, roads, shops
from worker.store.alerts import Alert
from worker.store.database.encryption import Encryption
from worker.store.database.tables import deliveries as came_in
from worker.store.database.tables import jobs, plugins, signature_failures, transmissions
from worker.store.jobs import IS_PENDING, JobKind
from worker.store.roads import REST_AFTER, SHARED_MAIL, FailingRoad, Road, RoadKind

BACKUP_REPORT = "backup"
# What waits for so long is late, however few times it was tried.
LATE_AFTER = timedelta(minutes=15)
# A shop is asked every few minutes, and its plugin reports itself as often.
SILENT_AFTER = timedelta(hours=1)
MAILS_FROM = timedelta(days=30)
FALSE_SIGNATURES = 3  # of today, after the last good delivery
BACKUP_LATE, BACKUP_DOWN = timedelta(days=2), timedelta(days=7)
DISK_LATE, DISK_DOWN = 0.10, 0.02
PEPPOL_ALERTS = ("peppol_account",)
KEY_ALERTS = ("rest_key_refused", "shop_refuses")
ORDER_ALERTS = ("webhook_owner", "webhook_disabled", "shop_silent")


@dataclass(frozen=True)
class Seen:
    """What no row tells: whether the queue answers, the share of the disk that is free (None: unknown), and mail can leave."""

    queue: bool
    free: float | None
    has_mail_server: bool


def look(settings: Settings) -> Seen:
    """Look now; the queue is given half a second to answer."""
    connection = connect(settings.redis_url, timeout_s=0.5)
    try:
        queue = bool(connection.ping())
    except RedisError:
        queue = False
    finally:
        connection.close()
    return Seen(queue, free_share(settings.data), has_mail_server=bool(settings.smtp_url))


def free_share(path: Path) -> float | None:
    """How much of the disk under *path* is free, from 0 to 1."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    return usage.free / usage.total if usage.total else None


@dataclass(frozen=True)
class Facts:
    """What the roads of one shop are judged by."""

    connection: Connection
    shop: Shop
    seen: Seen
    has_own_mail_server: bool
    now: datetime

    @property
    def shop_id(self) -> str:
        return self.shop.shop_id

    def alert(self, codes: tuple[str, ...]) -> Alert | None:
        return next((one for one in alerts.open_alerts(self.connection, self.shop_id) if one.code in codes), None)

    def failing(self, *kinds: RoadKind) -> FailingRoad | None:
        """The road that fails for the longest."""
        found = [roads.find(self.connection, shared(self.shop_id, kind)) for kind in kinds]
        return min((one for one in found if one is not None), key=lambda one: one.failing_since, default=None)

    def heard(self, *kinds: RoadKind) -> datetime | None:
        return max(
            filter(None, (roads.heard_at(self.connection, shared(self.shop_id, kind)) for kind in kinds)), default=None
        )

    def waiting_since(self, name: str) -> datetime | None:
        """Since when the oldest step of this name waits that could have been done."""
        mine = (IS_PENDING, jobs.c.shop_id == self.shop_id, jobs.c.kind == JobKind.STEP, jobs.c.name == name)
        oldest = func.min(jobs.c.created_at, type_=jobs.c.created_at.type)
        waiting = select(oldest).where(*mine, jobs.c.state == "waiting", jobs.c.code != "waits_for_peppol")
        return self.connection.execute(waiting.where(jobs.c.created_at < self.now - LATE_AFTER)).scalar()


def shared(shop_id: str, kind: RoadKind) -> Road:
    return SHARED_MAIL if kind is RoadKind.SHARED_MAIL else Road(shop_id, kind)


def of_shops(
    connection: Connection, encryption: Encryption, some: Iterable[Shop], seen: Seen, *, now: datetime
) -> dict[str, tuple[RoadHealth, ...]]:
    """The roads of several shops, by their ids."""
    return {shop.shop_id: of_shop(facts_of(connection, encryption, shop, seen, now=now)) for shop in some}


def facts_of(connection: Connection, encryption: Encryption, shop: Shop, seen: Seen, *, now: datetime) -> Facts:
    secrets = shops.get_secrets(connection, encryption, shop.shop_id)
    return Facts(connection, shop, seen, bool(secrets.smtp_url), now)


def of_shop(facts: Facts) -> tuple[RoadHealth, ...]:
    """Each road of a shop. Peppol and the bank only where it uses them."""
    return tuple(filter(None, (orders(facts), answers(facts), mail(facts), peppol(facts), bank(facts), work(facts))))


def orders(facts: Facts) -> RoadHealth:
    road, shop_id = HealthRoad.ORDERS, facts.shop_id
    by_shop = select(came_in.c.received_at).where(
        came_in.c.shop_id == shop_id, came_in.c.source.in_(("webhook", "plugin"))
    )
    last = facts.connection.execute(by_shop.order_by(came_in.c.received_at.desc()).limit(1)).scalar()
    alert = facts.alert(ORDER_ALERTS)
    if alert is not None:
        return RoadHealth(road, RoadState.DOWN, alert.first_at, alert.message)
    false_at = false_signatures(facts, last)
    if false_at is not None:
        message = Message("The shop's reports are refused, for their secret is not ours: connect it again.")
        return RoadHealth(road, RoadState.DOWN, last or false_at, message)
    if last is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("The shop has not told of any order yet."))
    beat = facts.connection.execute(
        select(func.max(plugins.c.heartbeat_at, type_=plugins.c.heartbeat_at.type)).where(plugins.c.shop_id == shop_id)
    ).scalar()
    if beat is not None and beat < facts.now - SILENT_AFTER:
        return RoadHealth(road, RoadState.LATE, beat, Message("The plugin in the shop has not reported itself lately."))
    return RoadHealth(road, RoadState.WELL, last, Message("The shop tells of its orders."))


def false_signatures(facts: Facts, last: datetime | None) -> datetime | None:
    """When the last of several deliveries with a false signature came, where none came well since."""
    yesterday = facts.now.date() - timedelta(days=1)
    mine = (signature_failures.c.shop_id == facts.shop_id, signature_failures.c.day >= yesterday)
    row = facts.connection.execute(
        select(signature_failures).where(*mine).order_by(signature_failures.c.day.desc()).limit(1)
    ).one_or_none()
    if row is None or row.failures < FALSE_SIGNATURES or (last is not None and last >= row.last_at):
        return None
    at: datetime = row.last_at
    return at


def answers(facts: Facts) -> RoadHealth:
    kinds, road = (RoadKind.REST, RoadKind.PLUGIN), HealthRoad.SHOP
    alert = facts.alert(KEY_ALERTS)
    if alert is not None:
        return RoadHealth(road, RoadState.DOWN, alert.first_at, alert.message)
    failing = facts.failing(*kinds)
    if failing is not None:
        return of_failing(road, failing)
    heard = facts.heard(*kinds)
    if heard is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("The shop was not asked yet, or never answered."))
    if heard < facts.now - SILENT_AFTER and not facts.shop.suspended:
        return RoadHealth(road, RoadState.LATE, heard, Message("The shop was not asked for more than an hour."))
    return RoadHealth(road, RoadState.WELL, heard, Message("The shop answers when it is asked."))


def of_failing(road: HealthRoad, failing: FailingRoad) -> RoadHealth:
    state = RoadState.DOWN if failing.failures >= REST_AFTER else RoadState.LATE
    return RoadHealth(road, state, failing.failing_since, failing.message)


def mail(facts: Facts) -> RoadHealth:
    road = HealthRoad.MAIL
    if not facts.has_own_mail_server and not facts.seen.has_mail_server:
        return RoadHealth(road, RoadState.NEVER, None, Message("There is no mail server: no mail can leave."))
    failing = facts.failing(RoadKind.MAIL if facts.has_own_mail_server else RoadKind.SHARED_MAIL)
    if failing is not None:
        return of_failing(road, failing)
    waiting = facts.waiting_since(MAIL)
    if waiting is not None:
        return RoadHealth(road, RoadState.LATE, waiting, Message("Mails wait to leave."))
    mine = (jobs.c.shop_id == facts.shop_id, jobs.c.kind == JobKind.STEP, jobs.c.name == MAIL, jobs.c.state == "done")
    newest = select(jobs.c.done_at).where(*mine, jobs.c.done_at >= facts.now - MAILS_FROM)
    last = facts.connection.execute(newest.order_by(jobs.c.done_at.desc()).limit(1)).scalar()
    if last is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("No mail has left in the last 30 days."))
    return RoadHealth(road, RoadState.WELL, last, Message("Mails leave."))


def peppol(facts: Facts) -> RoadHealth | None:
    road = HealthRoad.PEPPOL
    if facts.shop.peppol.sender in ("", ELSEWHERE):
        return None
    alert = facts.alert(PEPPOL_ALERTS)
    if alert is not None:
        return RoadHealth(road, RoadState.DOWN, alert.first_at, alert.message)
    waiting = facts.waiting_since(TRANSMIT)
    if waiting is not None:
        return RoadHealth(road, RoadState.LATE, waiting, Message("E-invoices wait to leave."))
    newest = func.max(transmissions.c.sent_at, type_=transmissions.c.sent_at.type)
    last = facts.connection.execute(select(newest).where(transmissions.c.shop_id == facts.shop_id)).scalar()
    if last is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("No e-invoice was sent by Peppol yet."))
    return RoadHealth(road, RoadState.WELL, last, Message("The access point takes your e-invoices."))


def bank(facts: Facts) -> RoadHealth | None:
    road, today = HealthRoad.BANK, facts.now.astimezone(facts.shop.zoneinfo).date()
    day = bank_files.told_until(facts.connection, facts.shop_id)
    if day is None:
        return None
    since = start_of_day(day, facts.shop.zoneinfo)
    if bank_files.old_since(facts.connection, facts.shop_id, today=today) is not None:
        message = Message("The newest file of your bank is old: who paid since is not known here.")
        return RoadHealth(road, RoadState.LATE, since, message)
    return RoadHealth(road, RoadState.WELL, since, Message("The files of your bank are new enough."))


def work(facts: Facts) -> RoadHealth:
    """What an owner must know of the installation, in words of his."""
    troubles = [
        one
        for one in (broker(facts.connection, facts.seen), *machines(facts.connection, facts.now))
        if one.state is not RoadState.WELL
    ]
    if troubles:
        since = min((one.since for one in troubles if one.since), default=None)
        message = Message("The installation stands still: documents and mails wait until it goes on.")
        return RoadHealth(HealthRoad.WORK, RoadState.DOWN, since, message)
    return RoadHealth(HealthRoad.WORK, RoadState.WELL, facts.now, Message("Documents are made as orders come in."))


def of_house(connection: Connection, seen: Seen, *, now: datetime) -> tuple[RoadHealth, ...]:
    """Each road of the installation: for operators."""
    return (
        broker(connection, seen),
        *machines(connection, now),
        *shared_mail(connection, seen),
        disk(seen, now),
        backup(connection, now),
    )


def broker(connection: Connection, seen: Seen) -> RoadHealth:
    if seen.queue:
        return RoadHealth(HealthRoad.BROKER, RoadState.WELL, None, Message("Redis answers."))
    oldest = func.min(jobs.c.created_at, type_=jobs.c.created_at.type)
    since = connection.execute(select(oldest).where(IS_PENDING, jobs.c.state == "waiting")).scalar()
    message = Message("Redis does not answer; work waits in the database.")
    return RoadHealth(HealthRoad.BROKER, RoadState.DOWN, since, message)


def machines(connection: Connection, now: datetime) -> Iterator[RoadHealth]:
    """Workers and the scheduler."""
    until = leases.newest_worker(connection)
    if until is None:
        yield RoadHealth(HealthRoad.WORKERS, RoadState.NEVER, None, Message("No worker was seen yet."))
    elif until < now:
        yield RoadHealth(HealthRoad.WORKERS, RoadState.DOWN, until, Message("No worker runs."))
    else:
        yield RoadHealth(HealthRoad.WORKERS, RoadState.WELL, now, Message("Workers run."))
    until = leases.held_until(connection, leases.SCHEDULER)
    if until is None:
        yield RoadHealth(HealthRoad.SWEEP, RoadState.NEVER, None, Message("The scheduler was not seen yet."))
    elif until < now:
        yield RoadHealth(
            HealthRoad.SWEEP, RoadState.DOWN, until, Message("The scheduler does not run: nothing is tried again.")
        )
    else:
        yield RoadHealth(HealthRoad.SWEEP, RoadState.WELL, now, Message("The scheduler runs."))


def shared_mail(connection: Connection, seen: Seen) -> Iterator[RoadHealth]:
    road = HealthRoad.MAIL
    if not seen.has_mail_server:
        return
    failing, heard = roads.find(connection, SHARED_MAIL), roads.heard_at(connection, SHARED_MAIL)
    if failing is not None:
        yield of_failing(road, failing)
    elif heard is None:
        yield RoadHealth(road, RoadState.NEVER, None, Message("The installation's mail server has not answered yet."))
    else:
        yield RoadHealth(road, RoadState.WELL, heard, Message("The installation's mail server takes mails."))


def disk(seen: Seen, now: datetime) -> RoadHealth:
    if seen.free is None:
        return RoadHealth(HealthRoad.DISK, RoadState.NEVER, None, Message("How full the disk is cannot be seen."))
    share = round(seen.free * 100)
    state = RoadState.DOWN if seen.free < DISK_DOWN else RoadState.LATE if seen.free < DISK_LATE else RoadState.WELL
    return RoadHealth(HealthRoad.DISK, state, now, Message("{share} % of the disk is free.", share=share))


def backup(connection: Connection, now: datetime) -> RoadHealth:
    road, last = HealthRoad.BACKUP, reports.latest(connection, None, BACKUP_REPORT)
    if last is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("No backup was made with “facturelay backup” yet."))
    age = now - last.created_at
    state = RoadState.DOWN if age > BACKUP_DOWN else RoadState.LATE if age > BACKUP_LATE else RoadState.WELL
    return RoadHealth(road, state, last.created_at, Message("The last backup is of {at} UTC.", at=last.created_at))
