"""Find the orders that no webhook delivered, by polling the shop: a webhook is sent once and never again."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from worker.actions import refused_work
from worker.domain.shop import Shop
from worker.errors import FacturelayError, KeyRefused, Rejected
from worker.message import Message
from worker.services import Services
from worker.store import alerts, shops
from worker.store import deliveries as delivery_store
from worker.store.deliveries import Delivery, NewDelivery
from worker.store.shops import ConnectedShop, ListPlace
from worker.woocommerce.client import MAX_PER_PAGE, ShopClient
from worker.woocommerce.list_payload import ListedOrder
from worker.woocommerce.payload import modified_at

SOURCE = "poll"
TOPIC = "order.updated"
# A change can take a while to be seen, and the first question is on our clock, not the shop's.
OVERLAP = timedelta(minutes=10)
# The shop's times are in whole seconds. What was fetched within the second of a change may be from before it.
GRAIN = timedelta(seconds=1)
# On a delivery of our own, in place of a body: which change it stands for.
MODIFIED = "Modified"
# An open checkout is listed like an order, and nothing is ever made of it.
NOT_PLACED = ("checkout-draft", "auto-draft")
# One poll reads so many pages of a hundred, or for so long; the next one goes on there. A list may have no end.
ENOUGH_PAGES = 10
MOST_PAGES = 50  # where one second fills pages: among these, places shift while they are read
LONGEST_S = 120.0
# While more than these wait to be processed, a poll that is not over reads no further.
MOST_WAITING = 1_000


@dataclass(frozen=True)
class Polled:
    """How many changed orders the shop listed, and how many of those changes no webhook had delivered.

    *more*: the list goes on, and so does the next poll.
    """

    listed: int = 0
    missed: int = 0
    more: bool = False


def can_fetch(connected: ConnectedShop) -> bool:
    return connected.secrets.has_rest and not connected.shop.suspended


def poll(services: Services, connected: ConnectedShop) -> Polled:
    """Add a delivery for every change that did not reach us; the scheduler enqueues them. Raises Rejected or Unavailable.

    Each page is stored together with how far we are: a poll that breaks off continues from there.
    """
    shop_id, place = connected.shop.shop_id, connected.poll_place
    if place is not None and has_enough_waiting(services, shop_id):
        return Polled(more=True)
    polled, began = Polled(), time.monotonic()
    try:
        begin = place or ListPlace(polled_until(connected) - OVERLAP)
        for number, (page, then) in enumerate(changed_since(services.client_of(connected), begin), start=1):
            missed = add_missed_deliveries(services, shop_id, page, then)
            polled = Polled(polled.listed + len(page), polled.missed + missed, more=then is not None)
            if is_enough(number, then, since=began):
                break
    except Rejected as error:
        alert_shop_refuses(services, connected.shop, error)
        raise
    retry_after_refusal(services, connected)
    return polled


def is_enough(pages: int, then: ListPlace | None, *, since: float) -> bool:
    between_seconds = then is None or then.page == 1
    return (pages >= ENOUGH_PAGES and between_seconds) or pages >= MOST_PAGES or time.monotonic() - since > LONGEST_S


def has_enough_waiting(services: Services, shop_id: str) -> bool:
    """Whether what earlier polls found is still being processed: a list without end must not become rows without end."""
    with services.store.read() as connection:
        return delivery_store.count_waiting(connection, shop_id, source=SOURCE) > MOST_WAITING


def retry_after_refusal(services: Services, connected: ConnectedShop) -> None:
    """The shop lets its orders be read. If it had refused us, what could not be read meanwhile is read now; notes and payments wait until
    it lets them be written on too."""
    shop_id = connected.shop.shop_id
    with services.store.read() as connection:
        is_told = refused_work.is_told(connection, shop_id)
    if not is_told:
        return
    again = refused_work.try_again if may_write(services, connected) else refused_work.read_again
    with services.store.write() as connection:
        again(connection, shop_id, now=services.now())


def may_write(services: Services, connected: ConnectedShop) -> bool:
    """Whether the key does more than read: asked where the shop refused something only."""
    try:
        return services.client_of(connected).check().can_write
    except FacturelayError:
        return False


def polled_until(connected: ConnectedShop) -> datetime:
    """The first question begins where the shop was connected."""
    return connected.polled_until or connected.created_at


def changed_since(client: ShopClient, begin: ListPlace) -> Iterator[tuple[tuple[ListedOrder, ...], ListPlace | None]]:
    """Pages of the orders that changed after an instant, oldest change first, each with the place of the next one.

    An order that changes while we read moves to the end, and all behind it move up by one: page 2 would begin one too
    far. So each page begins where the last one ended; pages are counted only where one second fills a page.
    """
    place: ListPlace | None = begin
    while place is not None:
        listed = client.orders(modified_after=place.after, page=place.page).orders
        place = place_after(listed, place)
        yield listed, place


def place_after(listed: Sequence[ListedOrder], place: ListPlace) -> ListPlace | None:
    if len(listed) < MAX_PER_PAGE:
        return None
    reached = listed[-1].modified_at - GRAIN
    return ListPlace(reached) if reached > place.after else ListPlace(place.after, place.page + 1)


def add_missed_deliveries(services: Services, shop_id: str, page: Sequence[ListedOrder], then: ListPlace | None) -> int:
    """Add a delivery for each order of *page* whose change is not known; how many there were. The list goes on at *then*."""
    now = services.now()
    with services.store.write() as connection:
        known = delivery_store.of_orders(connection, shop_id, [order.order_id for order in page])
        missed = [order for order in page if not is_known(order, known.get(order.order_id, ()))]
        for order in missed:
            add_delivery(connection, shop_id, order, now=now)
        # The newest change is on the shop's clock, so a clock that is behind hides nothing from the next question. No
        # further than ours, though: one order from the future would hide all that come before it.
        until = min(page[-1].modified_at, now) if page else None
        # Among the newest changes some are seen late: there the next poll begins with the overlap, as any other does.
        then = then if then is not None and then.after < now - OVERLAP else None
        shops.set_polled_until(connection, shop_id, until, then=then)
    return len(missed)


def add_delivery(connection: Connection, shop_id: str, order: ListedOrder, *, now: datetime) -> None:
    """A delivery of our own: it says which order changed and when; the order itself is fetched when it is processed."""
    delivery_store.add(
        connection,
        NewDelivery(
            shop_id=shop_id,
            source=SOURCE,
            topic=TOPIC,
            order_id=order.order_id,
            body=b"",
            headers=[(MODIFIED, order.modified_at.isoformat())],
        ),
        now=now,
    )


def is_known(order: ListedOrder, deliveries: Sequence[Delivery]) -> bool:
    """Whether nothing needs to be done: a delivery still waits, or one was processed after this change.

    A failed one counts too: it was processed, and a person must act.
    """
    if order.status in NOT_PLACED:
        return True
    own = [delivery for delivery in deliveries if not delivery.is_from_another_site]
    return any(delivery.state == "waiting" or covers_change(delivery, order.modified_at) for delivery in own)


def covers_change(delivery: Delivery, modified_at: datetime) -> bool:
    """Whether *delivery* was made after the change, by the shop's own clock; within one second that is not sure."""
    known_modified_at = delivered_modified_at(delivery)
    if known_modified_at is None or known_modified_at < modified_at:
        return False
    return known_modified_at > modified_at or delivery.received_at >= modified_at + GRAIN


def delivered_modified_at(delivery: Delivery) -> datetime | None:
    """When the order had changed last, as the delivery has it; None where it does not say."""
    for name, value in delivery.headers:
        if name == MODIFIED:
            return datetime.fromisoformat(value)
    try:
        return modified_at(delivery.told) if delivery.told else None
    except Rejected:
        return None


def alert_shop_refuses(services: Services, shop: Shop, error: Rejected) -> None:
    """A shop that refuses to be asked must be told to its owner: what it does not deliver is lost meanwhile."""
    code = error.code if isinstance(error, KeyRefused) else "shop_refuses"
    message = Message("{shop}: {message}", shop=shop.name, message=error.message)
    with services.store.write() as connection:
        alerts.raise_alert(connection, shop.shop_id, code=code, message=message, now=services.now())
