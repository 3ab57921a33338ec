"""The state of each road, of one shop and of the installation. Pages, API, command line and /metrics tell the same, from here."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import Connection, ScalarSelect, func, select

from worker.domain.access_point import ELSEWHERE
from worker.domain.days import start_of_day
from worker.domain.health import HealthRoad, RoadHealth, RoadState
from worker.domain.shop import Shop
from worker.domain.step import MAIL, TRANSMIT
from worker.message import Message
from worker.queue import QueueName, connect
from worker.settings import Settings
from worker.store import alerts, bank_files, leases, paused_queues, reports, roads, shops
from worker.store.alerts import Alert
from worker.store.database.encryption import Encryption
from worker.store.database.shop_scope import within
from worker.store.database.tables import bank_files as bank_files_table
from worker.store.database.tables import deliveries as came_in
from worker.store.database.tables import jobs, plugins, signature_failures, transmissions
from worker.store.database.tables import shops as shops_table
from worker.store.jobs import IS_PENDING, JobKind
from worker.store.paused_queues import QUEUE_LABELS, PausedQueue
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
class Known:
    """What the rows tell of several shops, read for all of them at once: by the id of the shop, or by the road.

    *waiting*: by shop and step, since when the oldest waits that could have been done. *house*: of the installation. *paused*: its
    queues of which nothing is begun.
    """

    own_mail_servers: frozenset[str]
    alerts: Mapping[str, Sequence[Alert]]
    failing: Mapping[Road, FailingRoad]
    heard: Mapping[Road, datetime]
    waiting: Mapping[tuple[str, str], datetime]
    deliveries: Mapping[str, datetime | None]
    false_signatures: Mapping[str, tuple[int, datetime]]
    beats: Mapping[str, datetime | None]
    mails: Mapping[str, datetime | None]
    bank_days: Mapping[str, date]
    house: tuple[RoadHealth, ...]
    paused: Mapping[QueueName, PausedQueue]


@dataclass(frozen=True)
class Facts:
    """What the roads of one shop are judged by."""

    connection: Connection
    shop: Shop
    seen: Seen
    known: Known
    now: datetime

    @property
    def shop_id(self) -> str:
        return self.shop.shop_id

    @property
    def has_own_mail_server(self) -> bool:
        return self.shop_id in self.known.own_mail_servers

    def alert(self, codes: tuple[str, ...]) -> Alert | None:
        return next((one for one in self.known.alerts.get(self.shop_id, ()) if one.code in codes), None)

    def failing(self, *kinds: RoadKind) -> FailingRoad | None:
        """The road that fails for the longest."""
        found = [self.known.failing.get(shared(self.shop_id, kind)) for kind in kinds]
        return min((one for one in found if one is not None), key=lambda one: one.failing_since, default=None)

    def heard(self, *kinds: RoadKind) -> datetime | None:
        return max(filter(None, (self.known.heard.get(shared(self.shop_id, kind)) for kind in kinds)), default=None)

    def waiting_since(self, name: str) -> datetime | None:
        """Since when the oldest step of this name waits that could have been done."""
        return self.known.waiting.get((self.shop_id, name))


def shared(shop_id: str, kind: RoadKind) -> Road:
    return SHARED_MAIL if kind is RoadKind.SHARED_MAIL else Road(shop_id, kind)


def of_shops(
    connection: Connection, encryption: Encryption, some: Iterable[Shop], seen: Seen, *, now: datetime
) -> dict[str, tuple[RoadHealth, ...]]:
    """The roads of several shops, by their ids: a few queries, however many shops there are."""
    every = tuple(some)
    known = known_of(connection, encryption, tuple(shop.shop_id for shop in every), seen, now=now)
    return {shop.shop_id: of_shop(Facts(connection, shop, seen, known, now)) for shop in every}


def facts_of(connection: Connection, encryption: Encryption, shop: Shop, seen: Seen, *, now: datetime) -> Facts:
    return Facts(connection, shop, seen, known_of(connection, encryption, (shop.shop_id,), seen, now=now), now)


def known_of(
    connection: Connection, encryption: Encryption, shop_ids: Sequence[str], seen: Seen, *, now: datetime
) -> Known:
    yesterday = now.date() - timedelta(days=1)
    signatures = select(
        signature_failures.c.shop_id, signature_failures.c.failures, signature_failures.c.last_at
    ).where(signature_failures.c.day >= yesterday, *within(signature_failures.c.shop_id, shop_ids))
    newest_file = func.max(bank_files_table.c.last_day, type_=bank_files_table.c.last_day.type)
    bank_days = select(bank_files_table.c.shop_id, newest_file).where(*within(bank_files_table.c.shop_id, shop_ids))
    beats = select(plugins.c.shop_id, plugins.c.heartbeat_at).where(*within(plugins.c.shop_id, shop_ids))
    return Known(
        own_mail_servers=shops.with_own_mail_server(connection, encryption, shop_ids),
        alerts=alerts_of(connection, shop_ids),
        failing={one.road: one for one in roads.every_failing(connection, shop_ids)},
        heard=roads.every_heard(connection, shop_ids),
        waiting=waiting_of(connection, shop_ids, now=now),
        deliveries=newest_of(connection, shop_ids, newest_delivery()),
        # The last day stands.
        false_signatures={
            row.shop_id: (row.failures, row.last_at)
            for row in connection.execute(signatures.order_by(signature_failures.c.day))
        },
        beats=dict(connection.execute(beats).all()),
        mails=newest_of(connection, shop_ids, newest_mail(now - MAILS_FROM)),
        bank_days={
            shop_id: day for shop_id, day in connection.execute(bank_days.group_by(bank_files_table.c.shop_id)) if day
        },
        house=(broker(connection, seen), *machines(connection, now)),
        paused=paused_queues.every(connection),
    )


def alerts_of(connection: Connection, shop_ids: Sequence[str]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = defaultdict(list)
    for one in alerts.open_alerts(connection, shop_ids[0] if len(shop_ids) == 1 else None):
        found[one.shop_id].append(one)
    return found


def waiting_of(connection: Connection, shop_ids: Sequence[str], *, now: datetime) -> dict[tuple[str, str], datetime]:
    oldest = func.min(jobs.c.created_at, type_=jobs.c.created_at.type)
    late = (jobs.c.state == "waiting", jobs.c.code != "waits_for_peppol", jobs.c.created_at < now - LATE_AFTER)
    query = select(jobs.c.shop_id, jobs.c.name, oldest).where(
        IS_PENDING, jobs.c.kind == JobKind.STEP, jobs.c.name.in_((MAIL, TRANSMIT)), *late
    )
    mine = query.where(*within(jobs.c.shop_id, shop_ids)).group_by(jobs.c.shop_id, jobs.c.name)
    return {(shop_id, name): at for shop_id, name, at in connection.execute(mine)}


def newest_delivery() -> ScalarSelect[datetime]:
    """When the shop itself last told of an order."""
    by_shop = select(came_in.c.received_at).where(
        came_in.c.shop_id == shops_table.c.shop_id, came_in.c.source.in_(("webhook", "plugin"))
    )
    return by_shop.order_by(came_in.c.received_at.desc()).limit(1).scalar_subquery()


def newest_mail(since: datetime) -> ScalarSelect[datetime | None]:
    mine = (jobs.c.shop_id == shops_table.c.shop_id, jobs.c.kind == JobKind.STEP, jobs.c.name == MAIL)
    newest = select(jobs.c.done_at).where(*mine, jobs.c.state == "done", jobs.c.done_at >= since)
    return newest.order_by(jobs.c.done_at.desc()).limit(1).scalar_subquery()


def newest_of(connection: Connection, shop_ids: Sequence[str], newest: ScalarSelect[Any]) -> dict[str, datetime | None]:
    """What is found at the end of each shop's own index."""
    query = select(shops_table.c.shop_id, newest).where(*within(shops_table.c.shop_id, shop_ids))
    return dict(connection.execute(query).all())


def of_shop(facts: Facts) -> tuple[RoadHealth, ...]:
    """Each road of a shop. Peppol and the bank only where it uses them."""
    return tuple(filter(None, (orders(facts), answers(facts), mail(facts), peppol(facts), bank(facts), work(facts))))


def orders(facts: Facts) -> RoadHealth:
    road, shop_id = HealthRoad.ORDERS, facts.shop_id
    last = facts.known.deliveries.get(shop_id)
    alert = facts.alert(ORDER_ALERTS)
    if alert is not None:
        return RoadHealth(road, RoadState.DOWN, alert.first_at, alert.message)
    false_at = false_signatures(facts, last)
    if false_at is not None:
        message = Message("The shop's reports are refused, for their secret is not ours: connect it again.")
        return RoadHealth(road, RoadState.DOWN, last or false_at, message)
    if last is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("The shop has not told of any order yet."))
    beat = facts.known.beats.get(shop_id)
    if beat is not None and beat < facts.now - SILENT_AFTER:
        return RoadHealth(road, RoadState.LATE, beat, Message("The plugin in the shop has not reported itself lately."))
    return RoadHealth(road, RoadState.WELL, last, Message("The shop tells of its orders."))


def false_signatures(facts: Facts, last: datetime | None) -> datetime | None:
    """When the last of several deliveries with a false signature came, where none came well since."""
    failures, at = facts.known.false_signatures.get(facts.shop_id, (0, facts.now))
    return None if failures < FALSE_SIGNATURES or (last is not None and last >= at) else at


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
    paused = facts.known.paused.get(QueueName.MAIL)
    if paused is not None:
        message = Message("Mails wait: whoever runs Facturelay has paused them.")
        return RoadHealth(road, RoadState.LATE, paused.since, message)
    waiting = facts.waiting_since(MAIL)
    if waiting is not None:
        return RoadHealth(road, RoadState.LATE, waiting, Message("Mails wait to leave."))
    last = facts.known.mails.get(facts.shop_id)
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
    road, today = HealthRoad.BANK, facts.shop.day_of(facts.now)
    day = facts.known.bank_days.get(facts.shop_id)
    if day is None:
        return None
    since = start_of_day(day, facts.shop.zoneinfo)
    if bank_files.old_since(facts.connection, facts.shop_id, today=today) is not None:
        message = Message("The newest file of your bank is old: who paid since is not known here.")
        return RoadHealth(road, RoadState.LATE, since, message)
    return RoadHealth(road, RoadState.WELL, since, Message("The files of your bank are new enough."))


def work(facts: Facts) -> RoadHealth:
    """What an owner must know of the installation, in words of his."""
    troubles = [one for one in facts.known.house if one.state is not RoadState.WELL]
    if troubles:
        since = min((one.since for one in troubles if one.since), default=None)
        message = Message("The installation stands still: documents and mails wait until it goes on.")
        return RoadHealth(HealthRoad.WORK, RoadState.DOWN, since, message)
    paused = next((one for queue, one in facts.known.paused.items() if queue is not QueueName.MAIL), None)
    if paused is not None:
        message = Message("Part of the work waits: whoever runs Facturelay has paused it.")
        return RoadHealth(HealthRoad.WORK, RoadState.LATE, paused.since, message)
    return RoadHealth(HealthRoad.WORK, RoadState.WELL, facts.now, Message("Documents are made as orders come in."))


def of_house(connection: Connection, seen: Seen, *, now: datetime) -> tuple[RoadHealth, ...]:
    """Each road of the installation: for operators."""
    return (
        broker(connection, seen),
        *machines(connection, now),
        *paused_work(connection),
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


def paused_work(connection: Connection) -> Iterator[RoadHealth]:
    for one in paused_queues.every(connection).values():
        message = Message(
            "{queue}: paused by {who}, nothing of it is begun until it is resumed.",
            queue=QUEUE_LABELS[one.queue],
            who=one.paused_by,
        )
        yield RoadHealth(HealthRoad.PAUSED, RoadState.LATE, one.since, message)


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
