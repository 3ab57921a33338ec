"""Use case: work that failed, or waits for too long, becomes an alarm, so that a person hears of it at once."""

from datetime import timedelta

from worker.services import Services
from worker.store import alerts
from worker.store.queries import shop_status
from worker.store.shops import ConnectedShop

FAILED, LATE = "work_failed", "work_late"
# What a mail server or a shop is usually away for is over by then, and nobody need have heard of it.
LATE_AFTER = timedelta(hours=2)
# What nobody has tried again for so long is known, and wanted so.
REMEMBERED = timedelta(days=7)
MOST_NAMED = 3


def alert_overdue_work(services: Services, connected: ConnectedShop) -> None:
    """Sound an alarm for each new failure and for what is late; quiet it when that is over."""
    alert_failures(services, connected)
    alert_late_work(services, connected)


def alert_failures(services: Services, connected: ConnectedShop) -> None:
    shop, now = connected.shop, services.now()
    with services.store.write() as connection:
        failed = shop_status.failures(connection, shop.shop_id, since=now - REMEMBERED)
        if not failed:
            alerts.close(connection, shop.shop_id, code=FAILED, now=now)
            return
        known = alerts.find(connection, shop.shop_id, FAILED)
        since = known.last_at + timedelta.resolution if known else now - REMEMBERED
        new = shop_status.failures(connection, shop.shop_id, since=since)
        if new:
            more = f" And {len(new) - MOST_NAMED} more." if len(new) > MOST_NAMED else ""
            message = f"{shop.name}: not tried again by itself: {' '.join(new[:MOST_NAMED])}{more}"
            alerts.raise_and_notify_again(connection, shop.shop_id, code=FAILED, message=message, now=now)


def alert_late_work(services: Services, connected: ConnectedShop) -> None:
    shop, now = connected.shop, services.now()
    with services.store.write() as connection:
        number, why = shop_status.overdue(connection, shop.shop_id, since=now - LATE_AFTER)
        if not number:
            alerts.close(connection, shop.shop_id, code=LATE, now=now)
        elif alerts.find(connection, shop.shop_id, LATE) is None:
            what = "1 thing has waited" if number == 1 else f"{number} things have waited"
            hours = LATE_AFTER // timedelta(hours=1)
            because = why or "No worker takes it; look at facturelay status."
            message = f"{shop.name}: {what} for more than {hours} hours. {because}"
            alerts.raise_alert(connection, shop.shop_id, code=LATE, message=message, now=now)
