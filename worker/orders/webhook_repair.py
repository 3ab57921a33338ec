"""Check and repair a shop's webhooks. WooCommerce switches one off after seven failures, without a warning."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise
from statistics import quantiles
from urllib.parse import urlsplit

from sqlalchemy import Connection

from worker.errors import FacturelayError, KeyRefused, Rejected, Unavailable
from worker.message import Message, by_count
from worker.orders.poll import alert_shop_refuses, can_fetch, poll
from worker.services import Services
from worker.store import alerts, audit_trail, backlogs, deliveries, plugins
from worker.store.audit_trail import AuditEntry
from worker.store.shops import ConnectedShop
from worker.woocommerce.client import ShopClient
from worker.woocommerce.list_payload import ListedWebhook

log = logging.getLogger(__name__)

# The two that a shop is set up with. More of ours (deleted, restored) are repaired where they are.
TOPICS = ("order.created", "order.updated")
DISABLED_ALERT, SILENT_ALERT = "webhook_disabled", "shop_silent"
OWNER_ALERT = "webhook_owner"  # opened when an order is processed: the webhooks deliver an error in place of an order
# A shop's own rhythm is read from so many days, when it delivered so often.
RHYTHM_FROM = timedelta(days=60)
FEWEST_GAPS = 10
SHORTEST_SILENCE = timedelta(days=1)
FAR_BEYOND = 3
DELIVERED_LATELY = timedelta(days=1)

SEEN_BY_PLUGIN = Message(
    "Whether the shop reports its orders can be seen and repaired only while its plugin is on. Activate it in WordPress, under Plugins."
)


@dataclass(frozen=True)
class WebhookFault:
    """Why a topic does not reach us: *why*, as it is told afterwards, and *now*, as long as it is so.

    *webhooks* are the broken ones; none where it is missing.
    """

    topic: str
    why: Message
    now: Message
    webhooks: tuple[ListedWebhook, ...] = ()


def check_and_repair(
    services: Services, connected: ConnectedShop, *, by: str = "scheduler", make_missing: bool = False
) -> tuple[WebhookFault, ...]:
    """Repair our webhooks where they are broken, then poll for what they missed. Returns what was repaired.

    *make_missing*: also where there never were any, on a person's request. Raises Rejected where the shop does not let
    us, and Unavailable where it is away.
    """
    check_silence(services, connected)
    if not can_fetch(connected):
        return ()
    client, shop_id = services.client_of(connected), connected.shop.shop_id
    try:
        webhooks = client.webhooks()
    except Rejected as error:
        if isinstance(error, KeyRefused) and plugin_is_off(services, client, shop_id):
            if make_missing:
                raise Rejected(SEEN_BY_PLUGIN, code="plugin_off") from error
            return ()
        alert_shop_refuses(services, connected.shop, error)
        raise
    with services.store.read() as connection:
        has_delivered = deliveries.has_delivered(connection, shop_id)
        delivered_ids = deliveries.active_webhook_ids(connection, shop_id, since=services.now() - DELIVERED_LATELY)
        is_kept_up_with = (
            deliveries.count_new(connection, shop_id, most=backlogs.MOST_WAITING) < backlogs.MOST_WAITING // 2
        )
        owner_lost_rights = any(alert.code == OWNER_ALERT for alert in alerts.open_alerts(connection, shop_id))
    url = delivery_url(services, connected)
    ours = tuple(readdressed(webhook, url) if webhook.webhook_id in delivered_ids else webhook for webhook in webhooks)
    faults = find_faults(ours, url, has_delivered=has_delivered or make_missing, owner_lost_rights=owner_lost_rights)
    for fault in faults:
        repair(services, connected, client, fault, by=by)
    with services.store.write() as connection:
        for code in (DISABLED_ALERT, OWNER_ALERT, *([backlogs.CODE] if is_kept_up_with else [])):
            alerts.close(connection, shop_id, code=code, now=services.now())
    if faults:
        fetch_missed(services, connected)
    return faults


def fetch_missed(services: Services, connected: ConnectedShop) -> None:
    """What the shop did not report. Where it does not answer now, the next round fetches it: the reports are made all the same."""
    try:
        poll(services, connected)
    except Unavailable as error:
        log.info("%s: the missed orders are fetched by the next round (%s)", connected.shop.shop_id, error.code)


# What a webhook of each topic tells, in words of people.
REPORTS = {
    "order.created": Message("the report of new orders"),
    "order.updated": Message("the report of changed orders"),
}


def report_of(topic: str) -> Message:
    return REPORTS.get(topic) or Message("the report “{topic}”", topic=topic)


def plugin_is_off(services: Services, client: ShopClient, shop_id: str) -> bool:
    """The key that the plugin made sees webhooks only while the plugin is on; without it it reads orders as before, and those matter."""
    with services.store.read() as connection:
        if plugins.of_shop(connection, services.encryption, shop_id) is None:
            return False
    try:
        client.check()
    except Rejected:
        return False
    return True


# What WooCommerce calls a webhook that does not deliver.
STATUS_TERMS = {"paused": Message("paused"), "disabled": Message("disabled")}


def delivery_url(services: Services, connected: ConnectedShop) -> str:
    return f"{services.settings.public_url}/webhooks/{connected.shop.shop_id}"


def find_faults(
    webhooks: Sequence[ListedWebhook], url: str, *, has_delivered: bool, owner_lost_rights: bool = False
) -> tuple[WebhookFault, ...]:
    """What is wrong with those of *webhooks* that are ours. Where none is, only a shop that once delivered is broken:
    another one is just being set up.

    *owner_lost_rights*: they deliver errors, as their owner lost his rights; recreated they belong to the key's owner.
    """
    ours = [webhook for webhook in webhooks if is_ours(webhook, url)]
    if not ours and not has_delivered:
        return ()
    topics = dict.fromkeys((*TOPICS, *(webhook.topic for webhook in ours)))
    found = (find_fault(topic, ours, url, owner_lost_rights=owner_lost_rights) for topic in topics)
    return tuple(fault for fault in found if fault is not None)


def readdressed(webhook: ListedWebhook, url: str) -> ListedWebhook:
    """*webhook* as if it named *url*: it delivered lately, so what it names leads here, perhaps by a proxy of the shop's."""
    return replace(webhook, delivery_url=url) if is_ours(webhook, url) else webhook


def is_ours(webhook: ListedWebhook, url: str) -> bool:
    """Ours whatever the host: the path carries the shop's id, which nobody can guess."""
    shop_id = url.rpartition("/")[2]
    return urlsplit(webhook.delivery_url).path.rstrip("/").endswith(f"/webhooks/{shop_id}")


def find_fault(topic: str, ours: Sequence[ListedWebhook], url: str, *, owner_lost_rights: bool) -> WebhookFault | None:
    of_topic = tuple(webhook for webhook in ours if webhook.topic == topic)
    if any(webhook.status == "active" and reaches_us(webhook, url) for webhook in of_topic):
        why, now = Message("could no longer read its orders"), Message("can no longer read its orders")
        return WebhookFault(topic, why, now, of_topic) if owner_lost_rights else None
    if not of_topic:
        return WebhookFault(topic, Message("was missing"), Message("is missing"))
    status = STATUS_TERMS.get(of_topic[0].status, of_topic[0].status)
    if status != "active":
        return WebhookFault(
            topic, Message("was {status}", status=status), Message("is {status}", status=status), of_topic
        )
    return WebhookFault(topic, Message("had another address"), Message("has another address"), of_topic)


def reaches_us(webhook: ListedWebhook, url: str) -> bool:
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


def repair(services: Services, connected: ConnectedShop, client: ShopClient, fault: WebhookFault, *, by: str) -> None:
    """Recreate the webhook, then delete the broken one: activating it would leave its failure count, and one failure more
    would switch it off again (docs/woocommerce-contract.md §3)."""
    shop, now = connected.shop, services.now()
    message = Message("{shop}: {report} {fault}", shop=shop.name, report=report_of(fault.topic), fault=fault.why)
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
        failed_message = Message(
            "{fault} and could not be repaired. {reason} Its orders are fetched meanwhile.",
            fault=message,
            reason=error.message,
        )
        with services.store.write() as connection:
            alerts.raise_alert(connection, shop.shop_id, code=DISABLED_ALERT, message=failed_message, now=now)
        raise
    with services.store.write() as connection:
        done_message = Message("{fault}; it was recreated, and missed orders are fetched.", fault=message)
        # Opened, and closed by the next check when all are well: the daily mail lists it.
        alerts.raise_alert(connection, shop.shop_id, code=DISABLED_ALERT, message=done_message, now=now)
        audit_trail.add(connection, AuditEntry(shop.shop_id, now, by, "webhook_repaired", done_message))


def check_silence(services: Services, connected: ConnectedShop) -> None:
    """Open an alert when a shop delivers nothing for far longer than usual."""
    now, shop = services.now(), connected.shop
    with services.store.read() as connection:
        arrivals = deliveries.arrivals(connection, shop.shop_id, since=now - RHYTHM_FROM)
    longest = usual_silence(arrivals)
    with services.store.write() as connection:
        if longest is None or now - arrivals[-1] <= longest:
            alerts.close(connection, shop.shop_id, code=SILENT_ALERT, now=now)
            return
        alert_silence(connection, connected, since=arrivals[-1], usual=longest / FAR_BEYOND, now=now)


def usual_silence(arrivals: Sequence[datetime]) -> timedelta | None:
    """How long a shop may deliver nothing: thrice what 19 of 20 of its own pauses stay under, and never under a day."""
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(arrivals)]
    if len(gaps) < FEWEST_GAPS:
        return None
    return max(SHORTEST_SILENCE, FAR_BEYOND * timedelta(seconds=quantiles(gaps, n=20)[-1]))


def alert_silence(
    connection: Connection, connected: ConnectedShop, *, since: datetime, usual: timedelta, now: datetime
) -> None:
    shop = connected.shop
    fallback = (
        Message("its orders are fetched all the same")
        if can_fetch(connected)
        else Message("without a key of the shop they cannot be fetched")
    )
    alerts.raise_alert(
        connection,
        shop.shop_id,
        code=SILENT_ALERT,
        message=(
            Message(
                "{shop} has reported nothing since {since}, and is seldom silent for more than {span}; "
                "{fallback}. See WooCommerce → Status → Scheduled actions, and whether anything there is past due.",
                shop=shop.name,
                since=since.astimezone(shop.zoneinfo),
                span=describe_span(usual),
                fallback=fallback,
            )
        ),
        now=now,
    )


def describe_span(span: timedelta) -> Message:
    hours = max(1, round(span.total_seconds() / 3600))
    if hours >= 48:
        days = round(hours / 24)
        return by_count(days, Message("1 day"), Message("{count} days", count=days))
    return by_count(hours, Message("1 hour"), Message("{count} hours", count=hours))
