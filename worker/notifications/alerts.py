"""Use case: what a person must know reaches that person: at once by mail, and all of it every morning."""

import logging
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from urllib.parse import urlsplit

from worker.domain.shop import Shop
from worker.errors import FacturelayError, Rejected
from worker.mail import alert_mail, customer_mail, smtp
from worker.mail.alert_mail import Digest
from worker.notifications import overdue_work
from worker.services import Services
from worker.store import alerts, register, reports
from worker.store.queries import shop_status
from worker.store.shops import Connected

log = logging.getLogger(__name__)

DIGEST = "digest"
AT_HOUR = 7
# At most one mail of alarms in so long: what comes on top waits for the next.
QUIET = timedelta(minutes=15)
SMTP_TIMEOUT_S = 30.0


def tell(services: Services, connected: Connected) -> None:
    """Mail the open alarms that nobody was told of. Raises Rejected or Unavailable when the mail does not leave."""
    overdue_work.watch_work(services, connected)
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        last = alerts.last_told(connection, shop.shop_id)
        untold = alerts.untold(connection, shop.shop_id)
    if not untold or (last is not None and now - last < QUIET) or not people(services, shop):
        return
    sentences = tuple(alarm.sentence for alarm in untold.values())
    send(services, shop, lambda **mail: alert_mail.alarm_mail(shop, sentences, **mail))
    with services.store.write() as connection:
        alerts.told(connection, tuple(untold), now=now)


def digest_daily(services: Services, connected: Connected) -> None:
    """The morning's summary, once a day; none where nothing happened and nothing is open."""
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        due = reports.is_due(connection, shop, DIGEST, hour=AT_HOUR, connected_at=connected.created_at, now=now)
    if not due or not people(services, shop):
        return
    digest = digest_of(services, connected)
    if digest.issued or digest.waiting or digest.drafts or digest.failed or digest.alarms or digest.repaired:
        send(services, shop, lambda **mail: alert_mail.digest_mail(shop, digest, **mail))
    with services.store.write() as connection:
        content = {
            "head": digest.head,
            "issued": digest.issued,
            "waiting": digest.waiting,
            "failed": len(digest.failed),
        }
        reports.keep(connection, shop.shop_id, DIGEST, content, now=now)


def digest_of(services: Services, connected: Connected) -> Digest:
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        last = reports.latest(connection, shop.shop_id, DIGEST)
        found = shop_status.of(connection, shop.shop_id, since=last.made_at if last else connected.created_at)
        is_open = alerts.open_alarms(connection, shop.shop_id)
        head = register.head(connection, shop.shop_id)
    return Digest(
        day=now.astimezone(shop.zoneinfo).date(),
        issued=found.issued,
        mailed=found.mailed,
        waiting=found.waiting,
        drafts=found.drafts,
        failed=found.failed,
        alarms=tuple(alarm.sentence for alarm in is_open),
        repaired=found.repaired,
        head=str(head) if head.position else "",
    )


def people(services: Services, shop: Shop) -> tuple[str, ...]:
    """Who is told: the shop itself, and whoever runs the server. Empty where no mail can leave."""
    if not services.settings.smtp_url:
        return ()
    operator = parseaddr(services.settings.operator_mail)[1]
    return tuple(dict.fromkeys(address for address in (address_of(shop), operator) if address))


def address_of(shop: Shop) -> str:
    try:
        return customer_mail.own_address(shop)
    except Rejected:
        return ""


def send(services: Services, shop: Shop, compose: Callable[..., EmailMessage]) -> None:
    """One mail to each of those who are told, under one id."""
    told = people(services, shop)
    sender = address_of(shop) or parseaddr(services.settings.mail_from)[1] or told[0]
    message_id = make_msgid(domain=urlsplit(services.settings.public_url).hostname or "localhost")
    failures: list[FacturelayError] = []
    for address in told:
        message = compose(sender=sender, to=address, message_id=message_id)
        try:
            smtp.send(message, smtp_url=services.settings.smtp_url, recipients=(address,), timeout_s=SMTP_TIMEOUT_S)
        except FacturelayError as error:
            failures.append(error)
            log.warning(
                "nobody at %s could be told: %s", "the shop" if address == told[0] else "the operator", error.sentence
            )
    # Whoever got it must not get it again each minute because another address is refused.
    if len(failures) == len(told):
        raise failures[0]
