"""What is known of each road, of one shop and of the installation. Pages, API, command line and /metrics tell the same, from here."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    bindparam,
    func,
    select,
)

from worker.domain.health import Fault, RoadHealth, RoadState
from worker.domain.installation_health import (
    InstallationFacts,
    MachineFacts,
    PausedWork,
    installation_health,
    machine_health,
)
from worker.domain.shop import Shop
from worker.domain.shop_health import ShopFacts, WatchedShop, shop_health
from worker.domain.step import MAIL, TRANSMIT
from worker.queue import QueueName, redis_answers
from worker.settings import Settings
from worker.store import alerts, bank_files, leases, paused_queues, reports, roads, shops
from worker.store.alerts import Alert
from worker.store.database.encryption import Encryption
from worker.store.database.shop_scope import HowMany, Shops, given_shops, how_many, within, within_given
from worker.store.database.tables import bank_files as bank_files_table
from worker.store.database.tables import deliveries as came_in
from worker.store.database.tables import jobs, plugins, signature_failures, transmissions
from worker.store.database.tables import shops as shops_table
from worker.store.deliveries import FROM_THE_SHOP
from worker.store.jobs import IS_PENDING, JobKind
from worker.store.paused_queues import QUEUE_LABELS, PausedQueue
from worker.store.roads import REST_AFTER, SHARED_MAIL, FailingRoad, Road, RoadKind

BACKUP_REPORT = "backup"
# What waits for so long is late, however few times it was tried.
LATE_AFTER = timedelta(minutes=15)
# What waits for the way by Peppol, and for a no that an access point must say twice, is not late.
WAIT_BY_PLAN = ("waits_for_peppol", "peppol_in_doubt")
MAILS_FROM = timedelta(days=30)
PEPPOL_ALERTS = ("peppol_account",)
KEY_ALERTS = ("rest_key_refused", "shop_refuses")
ORDER_ALERTS = ("webhook_owner", "webhook_disabled", "shop_silent")


@dataclass(frozen=True)
class Seen:
    """How it goes in the installation, for all that is told of it and of its shops: what runs, what is paused, the share of the disk that is
    free (None: unknown), and whether mail can leave."""

    machines: MachineFacts
    paused: Mapping[QueueName, PausedQueue]
    free: float | None
    has_mail_server: bool


def look(connection: Connection, settings: Settings) -> Seen:
    """Look now; the queue is given half a second to answer."""
    machines = machines_of(connection, queue=redis_answers(settings.redis_url))
    paused = paused_queues.every(connection)
    return Seen(machines, paused, free_share(settings.data), has_mail_server=bool(settings.smtp_url))


def machines_of(connection: Connection, *, queue: bool) -> MachineFacts:
    oldest = func.min(jobs.c.created_at, type_=jobs.c.created_at.type)
    waiting = select(oldest).where(IS_PENDING, jobs.c.state == "waiting")
    since = None if queue else connection.execute(waiting).scalar()
    return MachineFacts(queue, since, *leases.last_held(connection))


def free_share(path: Path) -> float | None:
    """How much of the disk under *path* is free, from 0 to 1."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    return usage.free / usage.total if usage.total else None


def of_shops(some: Iterable[Shop | WatchedShop], known: "Known", *, now: datetime) -> dict[str, tuple[RoadHealth, ...]]:
    """The roads of several shops, by their ids."""
    return {shop.shop_id: shop_health(facts_of(shop, known, now=now)) for shop in some}


def of_installation(
    connection: Connection, seen: Seen, *, now: datetime, known: "Known | None" = None
) -> tuple[RoadHealth, ...]:
    """The roads of the installation: for operators. *known*: what was read of shops, and with it of the mail server that they share."""
    failing = known.failing if known else failing_of(connection, ())
    heard = known.heard if known else roads.every_heard(connection, ())
    backup, paused = reports.latest(connection, None, BACKUP_REPORT), seen.paused.values()
    return installation_health(
        InstallationFacts(
            now=now,
            machines=seen.machines,
            paused=tuple(PausedWork(QUEUE_LABELS[one.queue], one.since, one.paused_by) for one in paused),
            has_mail_server=seen.has_mail_server,
            mail_fault=fault(failing[SHARED_MAIL]) if SHARED_MAIL in failing else None,
            mail_heard=heard.get(SHARED_MAIL),
            free=seen.free,
            backup_at=backup.created_at if backup else None,
        )
    )


@dataclass(frozen=True)
class Known:
    """What the rows tell of several shops, read for all of them at once: by the id of the shop, or by the road.

    *newest*: what is the newest of its kind. *waiting*: by shop and step, since when the oldest waits that could have been done. *plugins*:
    the version and the last heartbeat of each. *stopped*: what of the installation does not run.
    """

    has_shared_mail: bool
    own_mail_servers: frozenset[str]
    alerts: Mapping[str, Sequence[Alert]]
    failing: Mapping[Road, FailingRoad]
    heard: Mapping[Road, datetime]
    waiting: Mapping[tuple[str, str], datetime]
    newest: Mapping[str, Row[Any]]
    false_signatures: Mapping[str, tuple[int, datetime]]
    plugins: Mapping[str, Row[str, str, datetime | None]]
    stopped: tuple[RoadHealth, ...]
    mails_paused_since: datetime | None
    work_paused_since: datetime | None

    def alert(self, shop_id: str, codes: tuple[str, ...]) -> Fault | None:
        if shop_id not in self.alerts:
            return None
        found = next((one for one in self.alerts[shop_id] if one.code in codes), None)
        return Fault(found.first_at, found.message, alert=found.code) if found else None

    def fault(self, *some: Road) -> Fault | None:
        """Of the road that fails for the longest."""
        found = [self.failing[road] for road in some if road in self.failing] if self.failing else ()
        return fault(min(found, key=lambda one: one.failing_since)) if found else None

    def rested(self, shop_id: str) -> tuple[FailingRoad, ...]:
        """The roads of a shop that failed often enough to be left in peace, longest failing first; also the mail server that it shares."""
        mine = (shop_id,) if shop_id in self.own_mail_servers else (shop_id, SHARED_MAIL.shop_id)
        return tuple(one for one in self.failing.values() if one.road.shop_id in mine and one.rested_until is not None)


def paused_since(paused: Mapping[QueueName, PausedQueue], *, mail: bool) -> datetime | None:
    """Since when nothing is begun of the mails, or else of any other queue."""
    return next((one.since for queue, one in paused.items() if (queue is QueueName.MAIL) is mail), None)


def fault(failing: FailingRoad) -> Fault:
    is_rested = failing.rested_until is not None
    return Fault(failing.failing_since, failing.message, is_down=failing.failures >= REST_AFTER, is_rested=is_rested)


def known_of(connection: Connection, encryption: Encryption, shop_ids: Shops, seen: Seen, *, now: datetime) -> Known:
    """A few queries, however many shops they are."""
    yesterday = now.date() - timedelta(days=1)
    signatures = select(
        signature_failures.c.shop_id, signature_failures.c.failures, signature_failures.c.last_at
    ).where(signature_failures.c.day >= yesterday, *within(signature_failures.c.shop_id, shop_ids))
    connected = select(plugins.c.shop_id, plugins.c.version, plugins.c.heartbeat_at)
    connected = connected.where(*within(plugins.c.shop_id, shop_ids))
    return Known(
        has_shared_mail=seen.has_mail_server,
        own_mail_servers=shops.with_own_mail_server(connection, encryption, shop_ids),
        alerts=alerts_of(connection, shop_ids),
        failing=failing_of(connection, shop_ids),
        heard=roads.every_heard(connection, shop_ids),
        waiting=waiting_of(connection, shop_ids, now=now),
        newest=newest_of(connection, shop_ids, now=now),
        # The last day stands.
        false_signatures={
            row.shop_id: (row.failures, row.last_at)
            for row in connection.execute(signatures.order_by(signature_failures.c.day))
        },
        plugins={row.shop_id: row for row in connection.execute(connected)},
        stopped=tuple(one for one in machine_health(seen.machines, now) if one.state is not RoadState.WELL),
        mails_paused_since=paused_since(seen.paused, mail=True),
        work_paused_since=paused_since(seen.paused, mail=False),
    )


def failing_of(connection: Connection, shop_ids: Shops) -> dict[Road, FailingRoad]:
    return {one.road: one for one in roads.every_failing(connection, shop_ids)}


def alerts_of(connection: Connection, shop_ids: Shops) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = defaultdict(list)
    for one in alerts.open_alerts(connection, next(iter(shop_ids)) if shop_ids and len(shop_ids) == 1 else None):
        found[one.shop_id].append(one)
    return found


def waiting_of(connection: Connection, shop_ids: Shops, *, now: datetime) -> dict[tuple[str, str], datetime]:
    given = {"before": now - LATE_AFTER, **given_shops(shop_ids)}
    return {(shop_id, name): at for shop_id, name, at in connection.execute(oldest_waiting(how_many(shop_ids)), given)}


@cache
def oldest_waiting(shops: HowMany) -> Select[str, str, datetime]:
    oldest = func.min(jobs.c.created_at, type_=jobs.c.created_at.type)
    before: BindParameter[Any] = bindparam("before", type_=jobs.c.created_at.type)
    late = (jobs.c.state == "waiting", jobs.c.code.not_in(WAIT_BY_PLAN), jobs.c.created_at < before)
    query = select(jobs.c.shop_id, jobs.c.name, oldest).where(
        IS_PENDING, jobs.c.kind == JobKind.STEP, jobs.c.name.in_((MAIL, TRANSMIT)), *late
    )
    return query.where(*within_given(jobs.c.shop_id, shops)).group_by(jobs.c.shop_id, jobs.c.name)


def newest_at(at: Column[Any], *which: ColumnElement[bool]) -> ScalarSelect[Any]:
    """The latest *at* among *which* rows of a shop."""
    mine = select(at).where(at.table.c.shop_id == shops_table.c.shop_id, *which)
    return mine.order_by(at.desc()).limit(1).scalar_subquery()


def newest_of(connection: Connection, shop_ids: Shops, *, now: datetime) -> dict[str, Row[Any]]:
    """What is found at the end of each shop's own indexes."""
    given = {"mails_from": now - MAILS_FROM, **given_shops(shop_ids)}
    return {row.shop_id: row for row in connection.execute(newest(how_many(shop_ids)), given)}


@cache
def newest(shops: HowMany) -> Select[Any]:
    mails_from: BindParameter[Any] = bindparam("mails_from", type_=jobs.c.done_at.type)
    is_mailed = (jobs.c.kind == JobKind.STEP, jobs.c.name == MAIL, jobs.c.state == "done", jobs.c.done_at >= mails_from)
    sent_at, last_day = transmissions.c.sent_at, bank_files_table.c.last_day
    query: Select[Any] = select(
        shops_table.c.shop_id,
        *(newest_at(came_in.c.received_at, came_in.c.source == source).label(source) for source in FROM_THE_SHOP),
        newest_at(jobs.c.done_at, *is_mailed).label("mail"),
        newest_at(sent_at, sent_at.is_not(None)).label("einvoice"),
        newest_at(last_day, last_day.is_not(None)).label("bank_day"),
    )
    return query.where(*within_given(shops_table.c.shop_id, shops))


def facts_of(shop: Shop | WatchedShop, known: Known, *, now: datetime) -> ShopFacts:
    shop_id, newest = shop.shop_id, known.newest[shop.shop_id]
    asked = (Road(shop_id, RoadKind.REST), Road(shop_id, RoadKind.PLUGIN))
    has_own_server = shop_id in known.own_mail_servers
    false_signatures, false_at = known.false_signatures.get(shop_id, (0, None))
    plugin = known.plugins.get(shop_id)
    return ShopFacts(
        shop=shop,
        now=now,
        order_alert=known.alert(shop_id, ORDER_ALERTS),
        last_delivery=max((at for at in (newest.webhook, newest.plugin) if at is not None), default=None),
        false_signatures=false_signatures,
        false_at=false_at,
        plugin_seen=plugin.heartbeat_at if plugin else None,
        shop_fault=known.alert(shop_id, KEY_ALERTS) or known.fault(*asked),
        shop_heard=max((known.heard[road] for road in asked if road in known.heard), default=None),
        has_mail_server=has_own_server or known.has_shared_mail,
        mail_fault=known.fault(Road(shop_id, RoadKind.MAIL) if has_own_server else SHARED_MAIL),
        mails_paused_since=known.mails_paused_since,
        mails_wait_since=known.waiting.get((shop_id, MAIL)),
        last_mail=newest.mail,
        peppol_alert=known.alert(shop_id, PEPPOL_ALERTS),
        einvoices_wait_since=known.waiting.get((shop_id, TRANSMIT)),
        last_einvoice=newest.einvoice,
        bank_day=newest.bank_day,
        is_bank_old=newest.bank_day is not None
        and shop.waits_for_bank_files
        and bank_files.is_old(newest.bank_day, today=now.astimezone(ZoneInfo(shop.zone)).date()),
        stopped=known.stopped,
        work_paused_since=known.work_paused_since,
    )
