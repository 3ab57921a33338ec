"""The shop's own last orders, to show what settings would make of them."""

from dataclasses import replace
from datetime import datetime

from worker.domain.order import Order
from worker.domain.order_payment import status_of
from worker.errors import FacturelayError, KeyRefused, Rejected
from worker.orders.fetch import fetch_from_shop, read_from_deliveries
from worker.orders.products import with_known_products
from worker.services import Services
from worker.store import deliveries
from worker.store.shops import ConnectedShop
from worker.woocommerce.payload import parse_order, parse_orders

# A checkout that merely began is listed like an order.
NOT_PLACED = ("checkout-draft", "auto-draft", "trash")
OPEN = ("pending", "on-hold", "processing")


def last_orders(services: Services, connected: ConnectedShop, *, limit: int) -> tuple[Order, ...]:
    """The newest orders, newest first: as the shop shows them, else as they were delivered in the last 90 days."""
    if connected.secrets.has_rest:
        try:
            found = parse_orders(
                services.client_of(connected).latest_orders(limit=limit), connected.shop.orders.own_fields
            )
            placed = tuple(order for order in found if order.status not in NOT_PLACED)
            return with_known_products(services, connected.shop.shop_id, placed)
        except FacturelayError:
            pass  # what was delivered serves as well: nothing is made of it
    return delivered_orders(services, connected, limit=limit)


def delivered_orders(services: Services, connected: ConnectedShop, *, limit: int) -> tuple[Order, ...]:
    with services.store.read() as connection:
        bodies = deliveries.latest_bodies(connection, connected.shop.shop_id, limit=limit)
    found = []
    for body in bodies:
        try:
            found.append(parse_order(body, connected.shop.orders.own_fields))
        except Rejected:
            continue
    newest = tuple(sorted(found, key=lambda order: order.created_at, reverse=True))
    return with_known_products(services, connected.shop.shop_id, newest)


def open_orders(services: Services, connected: ConnectedShop, *, limit: int) -> tuple[Order, ...]:
    """Orders that are under way in the shop: waiting, being paid, being packed. Raises as a call to the shop does."""
    if not connected.secrets.has_rest:
        orders = delivered_orders(services, connected, limit=limit)
        return tuple(order for order in orders if status_of(order, connected.shop) in OPEN)
    client = services.client_of(connected)
    custom = tuple(own for own, stands_for in connected.shop.orders.status_map.items() if stands_for in OPEN)
    try:
        found = parse_orders(
            client.latest_orders(limit=limit, statuses=(*OPEN, *custom)), connected.shop.orders.own_fields
        )
    except KeyRefused:
        raise
    except Rejected:
        if not custom:
            raise
        # A custom status whose plugin is gone.
        found = parse_orders(client.latest_orders(limit=limit, statuses=OPEN), connected.shop.orders.own_fields)
    return with_known_products(services, connected.shop.shop_id, found)


def find_order(services: Services, connected: ConnectedShop, order_id: int) -> Order:
    """One order of the shop's. Raises Rejected where it can neither be fetched nor is stored."""
    if connected.secrets.has_rest:
        return fetch_from_shop(services, connected, order_id).order
    with services.store.read() as connection:
        delivered = deliveries.of_order(connection, connected.shop.shop_id, order_id)
    fetched = read_from_deliveries(services, delivered)
    if fetched is None:
        raise Rejected(
            "Order {order_id} is no longer stored; choose another one.", order_id=order_id, code="order_unknown"
        )
    return fetched.order


def paid_or_not(order: Order, *, paid: bool | None, now: datetime) -> Order:
    """*order* as if it were paid, or not; None: as it is."""
    is_paid = order.paid_at is not None or order.status == "completed"
    if paid is None or paid is is_paid:
        return order
    if paid:
        return replace(order, paid_at=now, status="processing")
    return replace(order, paid_at=None, completed_at=None, status="on-hold")
