"""What failed, or waits for a person or for too long, becomes an alert, so that a person is notified at once."""

from datetime import timedelta

from worker.message import Message, by_count
from worker.services import Services
from worker.store import alerts
from worker.store.alerts import DOCUMENTS_WAIT
from worker.store.queries import attention, shop_status
from worker.store.shops import ConnectedShop

FAILED, LATE = "work_failed", "work_late"
# A mail server or a shop that was away is usually back by then, and nobody need be notified.
LATE_AFTER = timedelta(hours=2)
# A failure that nobody has tried again for so long is known and accepted.
REMEMBERED = timedelta(days=7)
MOST_NAMED = 3


def alert_overdue_work(services: Services, connected: ConnectedShop) -> None:
    """Open an alert for each new failure, for documents that wait and for what is late; close it when that is over. Where it is as it was,
    nothing is written: writers of SQLite wait for one another, and this is asked of every shop each minute."""
    alert_failures(services, connected)
    alert_waiting_documents(services, connected)
    alert_late_work(services, connected)


def alert_failures(services: Services, connected: ConnectedShop) -> None:
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        failed = new = shop_status.failures(connection, shop.shop_id, since=now - REMEMBERED)
        known = alerts.find(connection, shop.shop_id, FAILED)
        if failed and known:
            new = shop_status.failures(connection, shop.shop_id, since=known.last_at + timedelta.resolution)
    if new:
        message = Message(
            "{shop}: not tried again by itself: {failures}",
            shop=shop.name,
            failures=(
                *new[:MOST_NAMED],
                *([Message("And {count} more.", count=len(new) - MOST_NAMED)] if len(new) > MOST_NAMED else ()),
            ),
        )
        with services.store.write() as connection:
            alerts.raise_and_notify_again(connection, shop.shop_id, code=FAILED, message=message, now=now)
    elif known and not failed:
        with services.store.write() as connection:
            alerts.close(connection, shop.shop_id, code=FAILED, now=now)


def alert_waiting_documents(services: Services, connected: ConnectedShop) -> None:
    """A customer has no document until a person mends it. What the shop's own rules keep as a draft is no news."""
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        count, last = attention.waiting_documents(connection, shop.shop_id, now=now)
        known = alerts.find(connection, shop.shop_id, DOCUMENTS_WAIT)
    if last is None and known:
        with services.store.write() as connection:
            alerts.close(connection, shop.shop_id, code=DOCUMENTS_WAIT, now=now)
    elif last and (known is None or last > known.last_at):
        message = Message("{shop}: documents wait for you: {count}.", shop=shop.name, count=count)
        with services.store.write() as connection:
            alerts.raise_and_notify_again(connection, shop.shop_id, code=DOCUMENTS_WAIT, message=message, now=now)


def alert_late_work(services: Services, connected: ConnectedShop) -> None:
    shop, now = connected.shop, services.now()
    with services.store.read() as connection:
        number, why = shop_status.overdue(connection, shop.shop_id, since=now - LATE_AFTER)
        known = alerts.find(connection, shop.shop_id, LATE)
    if known and not number:
        with services.store.write() as connection:
            alerts.close(connection, shop.shop_id, code=LATE, now=now)
    elif number and known is None:
        what = by_count(number, Message("1 thing has waited"), Message("{count} things have waited", count=number))
        message = Message(
            "{shop}: {what} for more than {hours} hours. {reason}",
            shop=shop.name,
            what=what,
            hours=LATE_AFTER // timedelta(hours=1),
            reason=why or Message("Nothing takes it up just now; whoever runs Facturelay can see why."),
        )
        with services.store.write() as connection:
            alerts.raise_alert(connection, shop.shop_id, code=LATE, message=message, now=now)
