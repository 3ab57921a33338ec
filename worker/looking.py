"""Looking at an order: ask the shop what it is now, and fall back on what was delivered where the shop cannot be asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.domain.order import Order, Refund
from worker.domain.shop import Shop
from worker.errors import Rejected, Unavailable
from worker.services import Services
from worker.store import alarms
from worker.store.inbox import Delivery
from worker.store.shops import Connected
from worker.woocommerce.payload import parse_order, parse_refunds, peek


@dataclass(frozen=True)
class Look:
    """The order as the shop shows it. *refunds* is None where they cannot be read: then no credit note is made.

    *missed* is why the shop could not be asked, when it should have been.
    """

    order: Order
    refunds: tuple[Refund, ...] | None
    missed: Unavailable | None = None


def fetch(services: Services, connected: Connected, deliveries: Sequence[Delivery]) -> Look | None:
    """The order that *deliveries* ring for; None when the shop no longer has it. Raises Rejected or Unavailable."""
    if not connected.secrets.has_rest:
        return delivered(deliveries)
    order_id = deliveries[0].order_id
    if order_id is None:
        raise ValueError("a delivery without an order cannot be looked at")
    try:
        look = asked(services, connected, order_id)
    except Rejected as error:
        if error.code == "order_gone":
            return None
        if error.code != "rest_key_refused":
            raise
        sound_key_refused(services, connected.shop, error)
        if not any(delivery.body for delivery in deliveries):
            # Rung for by ourselves: without the key nothing is known of the order, least of all that it is gone.
            raise Unavailable(error.sentence, code=error.code) from error
        return delivered(deliveries)
    except Unavailable as error:
        fallback = delivered(deliveries)
        if fallback is None:
            raise
        return Look(fallback.order, None, missed=error)
    return look


def asked(services: Services, connected: Connected, order_id: int) -> Look:
    """The order and its refunds as REST shows them now. Raises Rejected or Unavailable."""
    client = services.client_of(connected)
    order = parse_order(client.order(order_id))
    refunds = parse_refunds(client.refunds(order_id)) if order.refunds else ()
    return Look(order, refunds)


def delivered(deliveries: Sequence[Delivery]) -> Look | None:
    """The newest whole order among the delivered bodies; a deletion carries an id only."""
    for delivery in reversed(deliveries):
        if delivery.body and peek(delivery.body).status:
            return Look(parse_order(delivery.body), refunds=None)
    return None


def sound_key_refused(services: Services, shop: Shop, error: Rejected) -> None:
    sentence = f"{shop.name}: {error.sentence}"
    with services.store.write() as connection:
        alarms.sound(connection, shop.shop_id, code="rest_key_refused", sentence=sentence, now=services.now())


def complaint(deliveries: Sequence[Delivery]) -> str:
    """The error code in a signed body that is not an order: its owner lost his rights, or the order is gone. Empty when none."""
    return next((peek(delivery.body).error_code for delivery in deliveries if delivery.body), "")
