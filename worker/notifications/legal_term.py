"""The legal term of invoices is watched: what still has none is in the digest from the 10th, and an alert from the 13th."""

from collections.abc import Sequence
from datetime import date, timedelta

from worker.domain.days import start_of_day
from worker.domain.legal_term import last_day
from worker.domain.shop import Shop
from worker.message import NO_MESSAGE, Message
from worker.services import Services
from worker.store import alerts
from worker.store.queries.uninvoiced import UninvoicedOrder, uninvoiced
from worker.store.shops import ConnectedShop

CODE = "invoice_term"
DIGEST_FROM, ALERT_FROM = 10, 13  # days of the month, in the shop's zone
MONTHS_BACK = 3  # what is older is known, and no longer helped by a mail
MOST_NAMED = 5


def alert_uninvoiced(services: Services, connected: ConnectedShop) -> None:
    """Open an alert when the term of orders without an invoice is near or over; close it when none is left."""
    shop, now = connected.shop, services.now()
    found = orders_near_term(services, shop, from_day=ALERT_FROM)
    with services.store.write() as connection:
        if not found:
            alerts.close(connection, shop.shop_id, code=CODE, now=now)
            return
        message = message_of(shop, found)
        known = alerts.find(connection, shop.shop_id, CODE)
        if known is None or known.message != message:
            alerts.raise_and_notify_again(connection, shop.shop_id, code=CODE, message=message, now=now)


def for_digest(services: Services, shop: Shop) -> tuple[Message, ...]:
    """What the morning's summary says of the term: from the 10th of the month, until the alert takes over."""
    if services.today(shop).day >= ALERT_FROM:
        return ()
    found = orders_near_term(services, shop, from_day=DIGEST_FROM)
    return (message_of(shop, found),) if found else ()


def orders_near_term(services: Services, shop: Shop, *, from_day: int) -> tuple[UninvoicedOrder, ...]:
    """Orders without an invoice whose VAT fell due in an earlier month; of last month only from *from_day* of this one."""
    today = services.today(shop)
    if shop.test or last_day(today, shop.seller.address.country) is None:
        return ()
    month = today.replace(day=1)
    before = month if today.day >= from_day else months_back(month, 1)
    with services.store.read() as connection:
        return uninvoiced(
            connection,
            shop.shop_id,
            since=start_of_day(months_back(month, MONTHS_BACK), shop.zoneinfo),
            before=start_of_day(before, shop.zoneinfo),
        )


def message_of(shop: Shop, found: Sequence[UninvoicedOrder]) -> Message:
    oldest, newest = (shop.day_of(one.taxable_at) for one in (found[0], found[-1]))
    named = ", ".join(one.number for one in found[:MOST_NAMED]) + (" …" if len(found) > MOST_NAMED else "")
    return Message(
        "{shop}: paid or delivered from {oldest} to {newest}, and without an invoice: {count} ({named}). The last day the law "
        "gives for the oldest is {last_day}. Look at their drafts, or issue them by hand.",
        shop=shop.name,
        count=len(found),
        oldest=oldest,
        newest=newest,
        named=named,
        last_day=last_day(oldest, shop.seller.address.country) or NO_MESSAGE,
    )


def months_back(month: date, count: int) -> date:
    """The first day of the month *count* months before *month*."""
    for _ in range(count):
        month = (month - timedelta(days=1)).replace(day=1)
    return month
