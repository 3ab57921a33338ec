"""What comes in a shop's name from another address than its own: told once for each address, and taken in where the shop moved there."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from worker.domain.shop import Shop
from worker.domain.shop_site import is_another_site, site_of
from worker.message import Message
from worker.store import alerts, deliveries
from worker.store.alerts import Alert

CODE = "other_site"
LONGEST_CODE = 60


def alert_code(site: str) -> str:
    """One for each site: a second copy is told of although the first was set aside."""
    return f"{CODE}:{'/'.join(site_of(site)).rstrip('/')}"[:LONGEST_CODE]


def tell(connection: Connection, shop: Shop, site: str, *, now: datetime) -> Message:
    """Tell the owner that *site* speaks in the name of *shop*, and of what to do. Returns what is told."""
    message = Message(
        "{site} reports orders in the name of {shop}, whose address is {url}. Nothing is made of them, and they are kept. If the "
        "shop moved there, say so under Settings → Connection; if it is a copy for tests, there is nothing to do.",
        site=site,
        shop=shop.name,
        url=shop.url,
    )
    alerts.raise_alert(connection, shop.shop_id, code=alert_code(site), message=message, now=now)
    return message


def sites_of(open_alerts: Iterable[Alert]) -> tuple[str, ...]:
    """The other addresses that speak in the name of a shop, as its alerts tell."""
    return tuple(str(alert.message.values["site"]) for alert in open_alerts if alert.code.startswith(f"{CODE}:"))


def take_in(connection: Connection, shop: Shop, *, now: datetime) -> None:
    """*shop* has another address now: what came from there counts, and nobody need be told of it any more. The scheduler enqueues."""
    for site in sites_of(alerts.open_alerts(connection, shop.shop_id)):
        if not is_another_site(site, shop.url):
            alerts.close(connection, shop.shop_id, code=alert_code(site), now=now)
    deliveries.take_in(connection, shop.shop_id, shop.url, now=now)
