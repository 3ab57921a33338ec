"""Fetch an order from the shop; where that is not possible, read it from what was delivered."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from worker.domain.order import Order, Refund
from worker.domain.shop import Shop
from worker.errors import ConnectionRejected, KeyRefused, OrderGone, Rejected, StaleAnswer, Unavailable
from worker.message import NO_MESSAGE, Message
from worker.orders.poll import alert_shop_refuses, delivered_modified_at
from worker.orders.products import with_known_products, with_learnt_products
from worker.orders.sale_sum import with_sale_sum
from worker.services import Services
from worker.store import order_treatments
from worker.store.deliveries import MOST_OF_ORDER, Delivery, forget_oldest, of_order
from worker.store.shops import ConnectedShop
from worker.woocommerce.client import TOO_MANY_REFUNDS
from worker.woocommerce.payload import DeliveryPeek, parse_order, peek

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class FetchedOrder:
    """The order as the shop shows it. *refunds* is None where they cannot be read: then no credit note is made.

    What changed after *as_of* may not be in it. *fetch_error* is why the shop could not be reached, when it should have been;
    *unread* is why some of the refunds, or all, could not be read though the order was.
    *told_statuses* are those of all its kept deliveries: the order may have gone on since.
    *notice* is what the trail says of a shop that answered with an older state first.
    """

    order: Order
    refunds: tuple[Refund, ...] | None
    as_of: datetime
    fetch_error: Unavailable | None = None
    notice: Message = NO_MESSAGE
    unread: tuple[Rejected, ...] = ()
    told_statuses: frozenset[str] = frozenset()


def fetch(services: Services, connected: ConnectedShop, deliveries: Sequence[Delivery]) -> FetchedOrder | None:
    """The order of *deliveries*; None when the shop no longer has it. Raises Rejected or Unavailable."""
    kept = kept_deliveries(services, connected.shop.shop_id, deliveries[0].order_id)
    if len(kept) > 2 * MOST_OF_ORDER:
        # What they told of the order's statuses was kept with it when they were processed.
        with services.store.write() as connection:
            forget_oldest(connection, kept)
    found = fetch_or_read(services, connected, deliveries, kept)
    return found and with_told_statuses(found, kept)


def kept_deliveries(services: Services, shop_id: str, order_id: int | None) -> tuple[Delivery, ...]:
    """All that are kept of an order's id."""
    if order_id is None:
        return ()
    with services.store.read() as connection:
        return of_order(connection, shop_id, order_id)


def with_told_statuses(fetched: FetchedOrder, kept: Sequence[Delivery]) -> FetchedOrder:
    """*fetched*, with the statuses that all *kept* deliveries of it tell, those too that nobody could process."""
    told = (shown.status for _, shown in those_of(fetched.order, kept))
    return replace(fetched, told_statuses=frozenset(filter(None, told)))


def those_of(order: Order, kept: Sequence[Delivery]) -> tuple[tuple[Delivery, DeliveryPeek], ...]:
    """The *kept* deliveries that show *order*, with what each tells: none of another that had its id, in a shop that was put back from a backup."""
    known = [(one, shown_by(one)) for one in kept]
    return tuple((one, shown) for one, shown in known if shown and shown.order_key == order.order_key)


def shown_by(delivery: Delivery) -> DeliveryPeek | None:
    """What a delivery tells; None where its body is not kept, is unreadable, or counts for nothing."""
    try:
        return peek(delivery.told) if delivery.told else None
    except Rejected:
        return None


def read_latest(services: Services, shop: Shop, order: Order) -> FetchedOrder:
    """The newest kept state of *order*, of which at least one is. Of a shop without a REST key."""
    kept = kept_deliveries(services, shop.shop_id, order.order_id)
    latest = read_from_deliveries(services, [one for one, _ in those_of(order, kept)])
    if latest is None:
        raise ValueError(f"no delivery of order {order.order_id} is kept")
    return with_told_statuses(latest, kept)


def fetch_or_read(
    services: Services, connected: ConnectedShop, deliveries: Sequence[Delivery], kept: Sequence[Delivery]
) -> FetchedOrder | None:
    if not connected.secrets.has_rest:
        return read_from_deliveries(services, deliveries)
    order_id = deliveries[0].order_id
    if order_id is None:
        raise ValueError("a delivery without an order cannot be fetched")
    try:
        fetched = fetch_newer(services, connected, order_id, told=newest_change(kept))
    except OrderGone:
        return None
    except ConnectionRejected as error:
        alert_shop_refuses(services, connected.shop, error)
        if not any(delivery.told for delivery in deliveries):
            # A delivery of our own: without an answer nothing is known of the order, least of all that it is gone.
            raise Unavailable(error.message, code=error.code) from error
        return read_from_deliveries(services, deliveries)
    except StaleAnswer:
        # Not by what was delivered: a copy of the shop that has its address too delivers what the shop itself never says.
        raise
    except Unavailable as error:
        fallback = read_from_deliveries(services, deliveries)
        if fallback is None or fallback.order.modified_at < newest_change(kept):
            raise
        return replace(fallback, fetch_error=error)
    return fetched


def fetch_from_shop(
    services: Services, connected: ConnectedShop, order_id: int, *, listed_change: datetime = NEVER
) -> FetchedOrder:
    """The order and its refunds as REST shows them now. Raises Rejected or Unavailable.

    StaleAnswer where that is older than *listed_change* of the shop's list, or than what the shop delivered.
    """
    told = max(listed_change, told_change(services, connected, order_id))
    return fetch_newer(services, connected, order_id, told=told)


def fetch_newer(services: Services, connected: ConnectedShop, order_id: int, *, told: datetime) -> FetchedOrder:
    """The same; StaleAnswer where it is older than *told*."""
    client, as_of = services.client_of(connected), services.now()
    own_fields = connected.shop.orders.own_fields
    found, notice = parse_order(client.order(order_id), own_fields), NO_MESSAGE
    if found.modified_at < told:
        found, notice = parse_order(client.order(order_id), own_fields), asked_again_message(connected.shop, found)
    if found.modified_at < told:
        raise StaleAnswer(stale_message(connected.shop, found, told))
    found = with_sale_sum(client, connected.shop, found)
    order = with_treatment(services, connected.shop.shop_id, with_learnt_products(services, connected, (found,))[0])
    if not order.refunds:
        return FetchedOrder(order, (), as_of, notice=notice)
    try:
        refunds, unread = client.readable_refunds(order_id)
    except (KeyRefused, OrderGone):
        raise
    except Rejected as error:  # a plugin, a firewall, or more of them than can be read: the order itself was read
        later = Unavailable(error.message, code=error.code) if error.code != TOO_MANY_REFUNDS else None
        return FetchedOrder(order, None, as_of, fetch_error=later, notice=notice, unread=(error,))
    return FetchedOrder(order, refunds, as_of, notice=notice, unread=unread)


def told_change(services: Services, connected: ConnectedShop, order_id: int) -> datetime:
    """The newest change of the order that the shop told us of, by a delivery or in its list."""
    return newest_change(kept_deliveries(services, connected.shop.shop_id, order_id))


def newest_change(kept: Sequence[Delivery]) -> datetime:
    return max((at for at in map(delivered_modified_at, kept) if at), default=NEVER)


def asked_again_message(shop: Shop, order: Order) -> Message:
    return Message(
        "{shop} first answered with an older state of order {number}; asked again, it sent the present one. A cache in "
        "front of the shop must leave /wp-json/ alone.",
        shop=shop.name,
        number=order.number,
    )


def stale_message(shop: Shop, order: Order, told: datetime) -> Message:
    """A cache, or a clock that was ahead when it changed: the two look alike, so the sentence says what to do of either."""
    return Message(
        "{shop} answers with order {number} as it was at {found}, though it changed at {told}. It is asked again later; a "
        "cache in front of the shop must leave /wp-json/ alone. Was the shop’s clock ahead and set back since, save the order there "
        "again after that time.",
        shop=shop.name,
        number=order.number,
        found=order.modified_at,
        told=told,
    )


def read_from_deliveries(services: Services, deliveries: Sequence[Delivery]) -> FetchedOrder | None:
    """The newest state of the order among the delivered bodies, in whatever order they came; a deletion carries an id only."""
    whole = [(peek(one.told), one) for one in deliveries if one.told]
    newest = max(
        (found for found in whole if found[0].status),
        key=lambda found: (found[0].modified, found[1].delivery_id),
        default=None,
    )
    if newest is None:
        return None
    body, received_at = newest[1].told or b"", newest[1].received_at
    shop_id = newest[1].shop_id
    read = parse_order(body, services.connected(shop_id).shop.orders.own_fields)
    order = with_treatment(services, shop_id, with_known_products(services, shop_id, (read,))[0])
    # The shop's clock may be ahead of ours.
    return FetchedOrder(order, refunds=None, as_of=min(order.modified_at, received_at))


def with_treatment(services: Services, shop_id: str, order: Order) -> Order:
    """*order* with what a person said of its VAT."""
    with services.store.read() as connection:
        return replace(order, treatment=order_treatments.find(connection, shop_id, order.order_id))


@contextmanager
def refusal_is_told(services: Services, shop: Shop) -> Iterator[None]:
    """Tell the owner when the shop refuses our key, or its REST interface is not at its address; the refusal goes on."""
    try:
        yield
    except ConnectionRejected as error:
        alert_shop_refuses(services, shop, error)
        raise


def delivered_error_code(deliveries: Sequence[Delivery]) -> str:
    """The error code in a signed body that is not an order: its owner lost his rights, or the order is gone. Empty when none."""
    return next((peek(delivery.told).error_code for delivery in deliveries if delivery.told), "")
