"""Use case: look after a shop's webhooks. WooCommerce switches one off after seven failures, and nobody is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise
from statistics import quantiles
from urllib.parse import urlsplit

from sqlalchemy import Connection

from worker.errors import FacturelayError, Rejected
from worker.orders.poll import can_be_asked, poll, sound
from worker.services import Services
from worker.store import alerts, audit_trail, deliveries
from worker.store.audit_trail import Event
from worker.store.shops import Connected
from worker.woocommerce.client import ShopClient
from worker.woocommerce.payload import Webhook

# The two that a shop is set up with. More of ours (deleted, restored) are kept alive where they are.
TOPICS = ("order.created", "order.updated")
ALARM, SILENT = "webhook_disabled", "shop_silent"
OWNER = "webhook_owner"  # sounded by a look: the webhooks ring with an error in place of an order
# A shop's own rhythm is read from so many days, when it rang so often.
RHYTHM_FROM = timedelta(days=60)
FEWEST_GAPS = 10
SHORTEST_SILENCE = timedelta(days=1)
FAR_BEYOND = 3
HEARD_LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Fault:
    """Why a topic does not reach us. *webhooks* are the broken ones; none where it is missing."""

    topic: str
    why: str
    webhooks: tuple[Webhook, ...] = ()


def watch(
    services: Services, connected: Connected, *, by: str = "sweep", make_missing: bool = False
) -> tuple[Fault, ...]:
    """Repair our webhooks where they are broken, then ask for what they missed. Returns what was repaired.

    *make_missing*: also where there never were any, as a person asks for it. Raises Rejected where the shop does not let
    us, and Unavailable where it is away.
    """
    listen(services, connected)
    if not can_be_asked(connected):
        return ()
    client, shop_id = services.client_of(connected), connected.shop.shop_id
    try:
        webhooks = client.webhooks()
    except Rejected as error:
        sound(services, connected, error)
        raise
    with services.store.read() as connection:
        has_rung = deliveries.has_rung(connection, shop_id)
        heard = deliveries.webhooks_heard(connection, shop_id, since=services.now() - HEARD_LATELY)
        is_mute = any(alarm.code == OWNER for alarm in alerts.open_alarms(connection, shop_id))
    url = delivery_url(services, connected)
    ours = tuple(readdressed(webhook, url) if webhook.webhook_id in heard else webhook for webhook in webhooks)
    faults = faults_of(ours, url, has_rung=has_rung or make_missing, is_mute=is_mute)
    for fault in faults:
        repair(services, connected, client, fault, by=by)
    with services.store.write() as connection:
        for code in (ALARM, OWNER):
            alerts.quiet(connection, shop_id, code=code, now=services.now())
    if faults:
        poll(services, connected)
    return faults


def delivery_url(services: Services, connected: Connected) -> str:
    return f"{services.settings.public_url}/webhooks/{connected.shop.shop_id}"


def faults_of(webhooks: Sequence[Webhook], url: str, *, has_rung: bool, is_mute: bool = False) -> tuple[Fault, ...]:
    """What is wrong with those of *webhooks* that are ours. Where none is, only a shop that once rang is broken:
    another one is just being set up.

    *is_mute*: they ring without saying anything, as who made them lost his rights; made anew they are the key's owner's.
    """
    ours = [webhook for webhook in webhooks if is_ours(webhook, url)]
    if not ours and not has_rung:
        return ()
    topics = dict.fromkeys((*TOPICS, *(webhook.topic for webhook in ours)))
    found = (fault_of(topic, ours, url, is_mute=is_mute) for topic in topics)
    return tuple(fault for fault in found if fault is not None)


def readdressed(webhook: Webhook, url: str) -> Webhook:
    """*webhook* as if it named *url*: we heard it lately, so what it names leads here, perhaps by a proxy of the shop's."""
    return replace(webhook, delivery_url=url) if is_ours(webhook, url) else webhook


def is_ours(webhook: Webhook, url: str) -> bool:
    """Ours whatever the host: the path carries the shop's id, which nobody can guess."""
    shop_id = url.rpartition("/")[2]
    return urlsplit(webhook.delivery_url).path.rstrip("/").endswith(f"/webhooks/{shop_id}")


def fault_of(topic: str, ours: Sequence[Webhook], url: str, *, is_mute: bool) -> Fault | None:
    mine = tuple(webhook for webhook in ours if webhook.topic == topic)
    if any(webhook.status == "active" and reaches_us(webhook, url) for webhook in mine):
        return Fault(topic, "could no longer read its orders", mine) if is_mute else None
    if not mine:
        return Fault(topic, "was missing")
    status = mine[0].status
    return Fault(topic, f"was {status}" if status != "active" else "had another address", mine)


def reaches_us(webhook: Webhook, url: str) -> bool:
    """Exactly our address: after a redirect WooCommerce believes that it delivered.

    Where we know ourselves by an address of this machine only, and the shop by a real one, the shop is right.
    """
    return webhook.delivery_url == url or (is_local(url) and not is_local(webhook.delivery_url))


def is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def repair(services: Services, connected: Connected, client: ShopClient, fault: Fault, *, by: str) -> None:
    """Make the webhook anew, then delete the broken one: waking it up would keep its count, and one failure more
    would switch it off again (contract section 3)."""
    shop, now = connected.shop, services.now()
    sentence = f"{shop.name}: the webhook for “{fault.topic}” {fault.why}"
    try:
        client.add_webhook(
            name=f"Facturelay: {fault.topic}",
            topic=fault.topic,
            delivery_url=delivery_url(services, connected),
            secret=connected.secrets.webhook_secrets[0],
        )
        for webhook in fault.webhooks:
            client.delete_webhook(webhook.webhook_id)
    except FacturelayError as error:
        help_ = f"{sentence} and could not be repaired ({error.sentence}). Its orders are asked for meanwhile."
        with services.store.write() as connection:
            alerts.sound(connection, shop.shop_id, code=ALARM, sentence=help_, now=now)
        raise
    with services.store.write() as connection:
        done = f"{sentence}; it was made anew, and the shop is asked for what it missed."
        # Opened, and closed by the watch when all are well: the daily digest tells of it.
        alerts.sound(connection, shop.shop_id, code=ALARM, sentence=done, now=now)
        audit_trail.add(connection, Event(shop.shop_id, now, by, "webhook_repaired", done))


def listen(services: Services, connected: Connected) -> None:
    """Sound an alarm when a shop is silent far beyond its usual rhythm."""
    now, shop = services.now(), connected.shop
    with services.store.write() as connection:
        arrivals = deliveries.arrivals(connection, shop.shop_id, since=now - RHYTHM_FROM)
        longest = usual_silence(arrivals)
        if longest is None or now - arrivals[-1] <= longest:
            alerts.quiet(connection, shop.shop_id, code=SILENT, now=now)
            return
        sound_silence(connection, connected, since=arrivals[-1], usual=longest / FAR_BEYOND, now=now)


def usual_silence(arrivals: Sequence[datetime]) -> timedelta | None:
    """How long a shop may be silent: thrice what 19 of 20 of its own pauses stay under, and never under a day."""
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(arrivals)]
    if len(gaps) < FEWEST_GAPS:
        return None
    return max(SHORTEST_SILENCE, FAR_BEYOND * timedelta(seconds=quantiles(gaps, n=20)[-1]))


def sound_silence(
    connection: Connection, connected: Connected, *, since: datetime, usual: timedelta, now: datetime
) -> None:
    shop = connected.shop
    asked = (
        "it is asked for its orders all the same"
        if can_be_asked(connected)
        else "without a REST key it cannot be asked"
    )
    alerts.sound(
        connection,
        shop.shop_id,
        code=SILENT,
        sentence=(
            f"{shop.name} has not rung since {since.astimezone(shop.zoneinfo):%d-%m-%Y %H:%M}, and is seldom silent for "
            f"more than {in_words(usual)}; {asked}. Look at WooCommerce → Status → Scheduled actions, and whether its "
            "cron runs."
        ),
        now=now,
    )


def in_words(span: timedelta) -> str:
    hours = max(1, round(span.total_seconds() / 3600))
    return f"{hours} hour{'s' if hours > 1 else ''}" if hours < 48 else f"{round(hours / 24)} days"
