"""Use case: what a person must know reaches that person: at once by mail, and all of it every morning."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from urllib.parse import urlsplit

from sqlalchemy import Connection

from worker.domain.attention import Harm, Source
from worker.domain.attention_reasons import reason_of
from worker.domain.needs import Needs
from worker.domain.shop import Shop
from worker.errors import FacturelayError, KeyRefused, Rejected
from worker.mail import alert_mail, customer_mail, notice_mail, smtp
from worker.mail.alert_mail import Digest
from worker.mail.notice_mail import NoticeLine
from worker.message import Message
from worker.notifications import legal_term, overdue_work
from worker.services import Services
from worker.store import alerts, register, reports, shops, users
from worker.store.alerts import DOCUMENTS_WAIT, Alert
from worker.store.queries import attention, shop_status
from worker.store.shops import ConnectedShop

log = logging.getLogger(__name__)

DIGEST = "digest"
AT_HOUR = 7
# At most one mail of alerts in so long: further ones wait for the next.
QUIET = timedelta(minutes=15)
# The plugin of a shop that moved asks every five minutes, and then makes another key; WordPress may be a little late.
KEY_COMES_WITHIN = timedelta(minutes=10)


def notify_owner(services: Services, connected: ConnectedShop) -> None:
    """Mail the open alerts that were not mailed yet. Raises Rejected or Unavailable when the mail does not leave."""
    overdue_work.alert_overdue_work(services, connected)
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        last = alerts.last_notified_at(connection, shop.shop_id)
        unnotified = to_tell(connection, services, alerts.unnotified(connection, shop.shop_id))
    if not unnotified or (last is not None and now - last < QUIET) or not recipients(services, shop):
        return
    lines = lines_of(services, shop, tuple(unnotified.values()))
    # What waits for the owner is no work of the operator's.
    of_others = tuple(alert for alert in unnotified.values() if alert.code != DOCUMENTS_WAIT)
    others, owner = lines_of(services, shop, of_others), recipients(services, shop)[0]

    def compose(envelope: alert_mail.Envelope) -> EmailMessage | None:
        mine = lines if envelope.to == owner else others
        return alert_mail.compose_alert(shop, mine, envelope=envelope) if mine else None

    send(services, shop, compose)
    with services.store.write() as connection:
        alerts.mark_notified(connection, tuple(unnotified), now=now)


def to_tell(connection: Connection, services: Services, new: dict[int, Alert]) -> dict[int, Alert]:
    """Those of the *new* alerts of one shop that are told now: not that it lacks the key that the plugin of a shop that moved gives by itself."""
    on_its_way = {
        alert_id
        for alert_id, alert in new.items()
        if alert.code == KeyRefused.code
        and services.now() - alert.first_at < KEY_COMES_WITHIN
        and shops.get_secrets(connection, services.encryption, alert.shop_id).rest_key_withheld
    }
    return {alert_id: alert for alert_id, alert in new.items() if alert_id not in on_its_way}


def digest_daily(services: Services, connected: ConnectedShop) -> None:
    """The morning's summary, once a day; none where nothing happened and nothing is open."""
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        due_at = reports.last_passed(AT_HOUR, shop, now)
        due = reports.is_due(connection, shop.shop_id, DIGEST, due_at=due_at, connected_at=connected.created_at)
    if not due or not recipients(services, shop):
        return
    digest = digest_of(services, connected)
    if not digest.is_empty:
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
        needs = attention.needs(connection, (shop.shop_id,), now=now)
        head = register.head(connection, shop.shop_id)
    return Digest(
        day=shop.day_of(now),
        issued=found.issued,
        mailed=found.mailed,
        waiting=found.waiting,
        drafts=found.drafts,
        needs=in_order(needs, open_alerts, home=home_of(services, shop)),
        failed=found.failed,
        repaired=found.repaired,
        term=legal_term.for_digest(services, shop),
        register_head=str(head) if head.position else "",
    )


def lines_of(services: Services, shop: Shop, untold: tuple[Alert, ...]) -> tuple[NoticeLine, ...]:
    """A line for each alert; what failed by its reasons, with some of what is new. The worst first."""
    return tuple(line for _, line in rated_lines(services, shop, untold))


def rated_lines(services: Services, shop: Shop, untold: tuple[Alert, ...]) -> list[tuple[Harm, NoticeLine]]:
    """The same lines, each with its harm."""
    home = home_of(services, shop)
    with services.store.read() as connection:
        needs = attention.needs(connection, (shop.shop_id,), now=services.now())
    lines = [line for alert in untold for line in lines_for(alert, needs, home=home)]
    return sorted(lines, key=lambda one: one[0])


def lines_for(alert: Alert, needs: Needs, *, home: str) -> list[tuple[Harm, NoticeLine]]:
    """The alert's own sentence, or one for each reason of what it stands for."""
    groups = [one for one in needs.groups if one.reason.source is attention.STANDS_FOR.get(alert.code)]
    if not groups:
        return [(reason_of(Source.ALERT, alert.code).harm, notice_mail.of_alert(alert, home=home))]
    lines = notice_mail.of_groups(groups, home=home)
    if len(lines) == 1:  # Of several reasons nobody could say which of them the examples are of.
        lines = (replace(lines[0], examples=examples_of(alert)),)
    return list(zip((group.reason.harm for group in groups), lines, strict=True))


def examples_of(alert: Alert) -> tuple[Message, ...]:
    found = alert.message.values.get("failures", ())
    return found if isinstance(found, tuple) else ()


def in_order(needs: Needs, open_alerts: tuple[Alert, ...], *, home: str) -> tuple[NoticeLine, ...]:
    """All that is counted on the page, the worst first; alerts by their own sentences."""
    lines: list[NoticeLine] = []
    for group in needs.groups:
        mine = [one for one in open_alerts if group.reason.source is Source.ALERT and group.reason.names(one.code)]
        lines += [notice_mail.of_alert(one, home=home) for one in mine] or notice_mail.of_groups([group], home=home)
    return tuple(lines)


def home_of(services: Services, shop: Shop) -> str:
    return f"{services.settings.public_url}/s/{shop.shop_id}"


def recipients(services: Services, shop: Shop) -> tuple[str, ...]:
    """The recipients: the shop itself, else its owner, and the operator. Empty where no mail can leave."""
    if not services.settings.smtp_url:
        return ()
    operator = parseaddr(services.settings.operator_mail)[1]
    return tuple(dict.fromkeys(address for address in (address_of(services, shop), operator) if address))


def address_of(services: Services, shop: Shop) -> str:
    """That of the shop; of one whose company has none yet, that with which its owner signs in."""
    try:
        return customer_mail.sender_address(shop)
    except Rejected:
        with services.store.read() as connection:
            return users.owner(connection, shop.shop_id)


def send(services: Services, shop: Shop, compose: Callable[[alert_mail.Envelope], EmailMessage | None]) -> None:
    """One mail to each recipient for whom there is one, under one Message-ID."""
    addresses = recipients(services, shop)
    # The operator's own, as far as there is one: a shop may have filled in somebody else's.
    sender = services.settings.mail_address or addresses[0]
    message_id = make_msgid(domain=urlsplit(services.settings.public_url).hostname or "localhost")
    failures, tried = list[FacturelayError](), 0
    with services.store.read() as connection:
        languages = {address: users.language_of(connection, address) or shop.language for address in addresses}
    for address in addresses:
        message = compose(alert_mail.Envelope(sender, address, message_id, languages[address]))
        if message is None:
            continue
        tried += 1
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
    if failures and len(failures) == tried:
        raise failures[0]
