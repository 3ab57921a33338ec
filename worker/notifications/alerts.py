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
from worker.notifications import legal_term, overdue_work
from worker.services import Services
from worker.store import alerts, register, reports
from worker.store.queries import shop_status
from worker.store.shops import ConnectedShop

log = logging.getLogger(__name__)

DIGEST = "digest"
AT_HOUR = 7
# At most one mail of alerts in so long: further ones wait for the next.
QUIET = timedelta(minutes=15)


def notify_owner(services: Services, connected: ConnectedShop) -> None:
    """Mail the open alerts that were not mailed yet. Raises Rejected or Unavailable when the mail does not leave."""
    overdue_work.alert_overdue_work(services, connected)
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        last = alerts.last_notified_at(connection, shop.shop_id)
        unnotified = alerts.unnotified(connection, shop.shop_id)
    if not unnotified or (last is not None and now - last < QUIET) or not recipients(services, shop):
        return
    messages = tuple(alert.message for alert in unnotified.values())
    send(services, shop, lambda envelope: alert_mail.compose_alert(shop, messages, envelope=envelope))
    with services.store.write() as connection:
        alerts.mark_notified(connection, tuple(unnotified), now=now)


def digest_daily(services: Services, connected: ConnectedShop) -> None:
    """The morning's summary, once a day; none where nothing happened and nothing is open."""
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        due_at = reports.last_passed(AT_HOUR, shop, now)
        due = reports.is_due(connection, shop.shop_id, DIGEST, due_at=due_at, connected_at=connected.created_at)
    if not due or not recipients(services, shop):
        return
    digest = digest_of(services, connected)
    if (
        digest.issued
        or digest.waiting
        or digest.drafts
        or digest.failed
        or digest.alerts
        or digest.repaired
        or digest.term
    ):
        send(services, shop, lambda envelope: alert_mail.compose_digest(shop, digest, envelope=envelope))
    with services.store.write() as connection:
        content = {
            "head": digest.register_head,
            "issued": digest.issued,
            "waiting": digest.waiting,
            "failed": len(digest.failed),
        }
        reports.add(connection, shop.shop_id, DIGEST, content, now=now)


def digest_of(services: Services, connected: ConnectedShop) -> Digest:
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        last = reports.latest(connection, shop.shop_id, DIGEST)
        found = shop_status.of(connection, shop.shop_id, since=last.created_at if last else connected.created_at)
        open_alerts = alerts.open_alerts(connection, shop.shop_id)
        head = register.head(connection, shop.shop_id)
    return Digest(
        day=now.astimezone(shop.zoneinfo).date(),
        issued=found.issued,
        mailed=found.mailed,
        waiting=found.waiting,
        drafts=found.drafts,
        failed=found.failed,
        alerts=tuple(alert.message for alert in open_alerts),
        repaired=found.repaired,
        term=legal_term.for_digest(services, shop),
        register_head=str(head) if head.position else "",
    )


def recipients(services: Services, shop: Shop) -> tuple[str, ...]:
    """The recipients: the shop itself, and the operator. Empty where no mail can leave."""
    if not services.settings.smtp_url:
        return ()
    operator = parseaddr(services.settings.operator_mail)[1]
    return tuple(dict.fromkeys(address for address in (address_of(shop), operator) if address))


def address_of(shop: Shop) -> str:
    try:
        return customer_mail.sender_address(shop)
    except Rejected:
        return ""


def send(services: Services, shop: Shop, compose: Callable[[alert_mail.Envelope], EmailMessage]) -> None:
    """One mail to each recipient, under one Message-ID."""
    addresses = recipients(services, shop)
    # The operator's own, as far as there is one: a shop may have filled in somebody else's.
    sender = services.settings.mail_address or address_of(shop) or addresses[0]
    message_id = make_msgid(domain=urlsplit(services.settings.public_url).hostname or "localhost")
    failures: list[FacturelayError] = []
    for address in addresses:
        message = compose(alert_mail.Envelope(sender, address, message_id))
        try:
            smtp.send(message, smtp_url=services.settings.smtp_url, recipients=(address,))
        except FacturelayError as error:
            failures.append(error)
            log.warning(
                "nobody at %s could be told: %s",
                "the shop" if address == addresses[0] else "the operator",
                error.message,
            )
    # Whoever got it must not get it again each minute because another address is refused.
    if len(failures) == len(addresses):
        raise failures[0]
