"""How it goes on each road of a shop, judged by what is known of it. Who reads that is `store/queries/health.py`."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from worker.domain.access_point import ELSEWHERE
from worker.domain.days import start_of_day
from worker.domain.health import Fault, HealthRoad, RoadHealth, RoadState
from worker.domain.shop import PeppolSettings, Shop
from worker.message import Message

# A shop is asked every few minutes, and its plugin reports itself as often.
SILENT_AFTER = timedelta(hours=1)
FALSE_SIGNATURES = 3  # of today, after the last good delivery
WELL = {
    HealthRoad.ORDERS: Message("The shop tells of its orders."),
    HealthRoad.SHOP: Message("The shop answers when it is asked."),
    HealthRoad.MAIL: Message("Mails leave."),
    HealthRoad.PEPPOL: Message("The access point takes your e-invoices."),
    HealthRoad.BANK: Message("The files of your bank are new enough."),
    HealthRoad.WORK: Message("Documents are made as orders come in."),
}


@dataclass(frozen=True)
class WatchedShop:
    """What a shop's settings say of its roads, where many shops are looked at; fields as in Shop."""

    shop_id: str
    zone: str = Shop.zone
    test: bool = Shop.test
    suspended: bool = Shop.suspended
    closed: bool = Shop.closed
    waits_for_bank_files: bool = Shop.waits_for_bank_files
    peppol: PeppolSettings = Shop.peppol


class ShopFacts(NamedTuple):
    """What the roads of one shop are judged by.

    *false_signatures* are those of a day, the last of them at *false_at*. *mails_wait_since*, *einvoices_wait_since*: the oldest that
    could have left. *bank_day* is the last that its bank files tell of. *stopped*: what of the installation does not run.
    """

    shop: Shop | WatchedShop
    now: datetime
    order_alert: Fault | None = None
    last_delivery: datetime | None = None
    false_signatures: int = 0
    false_at: datetime | None = None
    plugin_seen: datetime | None = None
    shop_fault: Fault | None = None
    shop_heard: datetime | None = None
    has_mail_server: bool = False
    mail_fault: Fault | None = None
    mails_paused_since: datetime | None = None
    mails_wait_since: datetime | None = None
    last_mail: datetime | None = None
    peppol_alert: Fault | None = None
    einvoices_wait_since: datetime | None = None
    last_einvoice: datetime | None = None
    bank_day: date | None = None
    is_bank_old: bool = False
    stopped: tuple[RoadHealth, ...] = ()
    work_paused_since: datetime | None = None


def shop_health(facts: ShopFacts) -> tuple[RoadHealth, ...]:
    """Each road of a shop. Peppol and the bank only where it uses them."""
    return tuple(filter(None, (orders(facts), answers(facts), mail(facts), peppol(facts), bank(facts), work(facts))))


def well(road: HealthRoad, since: datetime) -> RoadHealth:
    return RoadHealth(road, RoadState.WELL, since, WELL[road])


def orders(facts: ShopFacts) -> RoadHealth:
    road = HealthRoad.ORDERS
    if facts.order_alert is not None:
        return facts.order_alert.of(road)
    if is_refused(facts):
        message = Message("The shop's reports are refused, for their secret is another: connect it again.")
        return RoadHealth(road, RoadState.DOWN, facts.last_delivery or facts.false_at, message)
    if facts.last_delivery is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("The shop has not told of any order yet."))
    if facts.plugin_seen is not None and facts.plugin_seen < facts.now - SILENT_AFTER:
        message = Message("The plugin in the shop has not reported itself lately.")
        return RoadHealth(road, RoadState.LATE, facts.plugin_seen, message)
    return well(road, facts.last_delivery)


def is_refused(facts: ShopFacts) -> bool:
    """Whether several deliveries had a false signature, and none came well since."""
    if facts.false_signatures < FALSE_SIGNATURES or facts.false_at is None:
        return False
    return facts.last_delivery is None or facts.last_delivery < facts.false_at


def answers(facts: ShopFacts) -> RoadHealth:
    road = HealthRoad.SHOP
    if facts.shop_fault is not None:
        return facts.shop_fault.of(road)
    if facts.shop_heard is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("The shop was not asked yet, or never answered."))
    if facts.shop_heard < facts.now - SILENT_AFTER and not facts.shop.suspended:
        return RoadHealth(
            road, RoadState.LATE, facts.shop_heard, Message("The shop was not asked for more than an hour.")
        )
    return well(road, facts.shop_heard)


def mail(facts: ShopFacts) -> RoadHealth:
    road = HealthRoad.MAIL
    if not facts.has_mail_server:
        return RoadHealth(road, RoadState.UNSET, None, Message("There is no mail server: no mail can leave."))
    if facts.mail_fault is not None:
        return facts.mail_fault.of(road)
    if facts.mails_paused_since is not None:
        message = Message("Mails wait: whoever runs Facturelay has paused them.")
        return RoadHealth(road, RoadState.LATE, facts.mails_paused_since, message)
    if facts.mails_wait_since is not None:
        return RoadHealth(road, RoadState.LATE, facts.mails_wait_since, Message("Mails wait to leave."))
    if facts.last_mail is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("No mail has left in the last 30 days."))
    return well(road, facts.last_mail)


def peppol(facts: ShopFacts) -> RoadHealth | None:
    road = HealthRoad.PEPPOL
    if not sends_by_peppol(facts.shop):
        return None
    if facts.peppol_alert is not None:
        return facts.peppol_alert.of(road)
    if facts.einvoices_wait_since is not None:
        return RoadHealth(road, RoadState.LATE, facts.einvoices_wait_since, Message("E-invoices wait to leave."))
    if facts.last_einvoice is None:
        return RoadHealth(road, RoadState.NEVER, None, Message("No e-invoice was sent by Peppol yet."))
    return well(road, facts.last_einvoice)


def sends_by_peppol(shop: Shop | WatchedShop) -> bool:
    return shop.peppol.sender not in ("", ELSEWHERE)


def bank(facts: ShopFacts) -> RoadHealth | None:
    road = HealthRoad.BANK
    if facts.bank_day is None:
        return None
    since = start_of_day(facts.bank_day, ZoneInfo(facts.shop.zone))
    if facts.is_bank_old:
        message = Message("The newest file of your bank is old: who paid since is not known here.")
        return RoadHealth(road, RoadState.LATE, since, message)
    return well(road, since)


def work(facts: ShopFacts) -> RoadHealth:
    """What an owner must know of the installation, in words of his."""
    road = HealthRoad.WORK
    if facts.stopped:
        since = min((one.since for one in facts.stopped if one.since), default=None)
        message = Message("The installation stands still: documents and mails wait until it goes on.")
        return RoadHealth(road, RoadState.DOWN, since, message)
    if facts.work_paused_since is not None:
        message = Message("Part of the work waits: whoever runs Facturelay has paused it.")
        return RoadHealth(road, RoadState.LATE, facts.work_paused_since, message)
    return well(road, facts.now)
