"""Use case: work that failed, or waits for too long, becomes an alarm, so that a person hears of it at once."""

from datetime import timedelta

from worker.services import Services
from worker.store import alerts
from worker.store.queries import shop_status
from worker.store.shops import Connected

FAILED, LATE = "work_failed", "work_late"
# What a mail server or a shop is usually away for is over by then, and nobody need have heard of it.
PATIENCE = timedelta(hours=2)
# What nobody has tried again for so long is known, and wanted so.
REMEMBERED = timedelta(days=7)
MOST_NAMED = 3


def watch_work(services: Services, connected: Connected) -> None:
    """Sound an alarm for each new failure and for what is late; quiet it when that is over."""
    look_for_failures(services, connected)
    look_for_late(services, connected)


def look_for_failures(services: Services, connected: Connected) -> None:
    shop, now = connected.shop, services.now()
    with services.store.write() as connection:
        failed = shop_status.failures(connection, shop.shop_id, since=now - REMEMBERED)
        if not failed:
            alerts.quiet(connection, shop.shop_id, code=FAILED, now=now)
            return
        known = alerts.find(connection, shop.shop_id, FAILED)
        since = known.last_at + timedelta.resolution if known else now - REMEMBERED
        new = shop_status.failures(connection, shop.shop_id, since=since)
        if new:
            more = f" And {len(new) - MOST_NAMED} more." if len(new) > MOST_NAMED else ""
            sentence = f"{shop.name}: not tried again by itself: {' '.join(new[:MOST_NAMED])}{more}"
            alerts.sound_anew(connection, shop.shop_id, code=FAILED, sentence=sentence, now=now)


def look_for_late(services: Services, connected: Connected) -> None:
    shop, now = connected.shop, services.now()
    with services.store.write() as connection:
        number, why = shop_status.overdue(connection, shop.shop_id, since=now - PATIENCE)
        if not number:
            alerts.quiet(connection, shop.shop_id, code=LATE, now=now)
        elif alerts.find(connection, shop.shop_id, LATE) is None:
            what = "1 thing has waited" if number == 1 else f"{number} things have waited"
            hours = PATIENCE // timedelta(hours=1)
            because = why or "No worker takes it; look at facturelay status."
            sentence = f"{shop.name}: {what} for more than {hours} hours. {because}"
            alerts.sound(connection, shop.shop_id, code=LATE, sentence=sentence, now=now)
