"""A task that says which fields the shop's own orders have, for the owner to say what they hold."""

from collections.abc import Iterator, Mapping
from typing import Any

from worker.errors import FacturelayError
from worker.services import Services
from worker.store import deliveries
from worker.store.tasks import Task
from worker.woocommerce.own_fields import parse_seen_fields

MOST_ORDERS = 50
MOST_FIELDS = 200
LONGEST_EXAMPLE = 60


def seen_fields(services: Services, task: Task) -> Mapping[str, Any]:
    """The fields of the last 50 orders, the likeliest first.

    Argument: `{}`. Answer: `{"fields": [{"field": "_billing_btw_bis", "example": "BE0123…", "orders": 12, "usual": "vat_number"|""}]}`; the
    orders are fetched from the shop, or, where that fails, read from what it delivered.
    """
    found = parse_seen_fields(bodies(services, task.shop_id))[:MOST_FIELDS]
    return {
        "fields": [
            {
                "field": one.field,
                "example": one.example[:LONGEST_EXAMPLE],
                "orders": one.orders,
                "usual": one.usual or "",
            }
            for one in found
        ]
    }


def bodies(services: Services, shop_id: str) -> Iterator[bytes]:
    """Lists of orders as the shop writes them."""
    connected = services.connected(shop_id)
    if connected.secrets.has_rest:
        try:
            yield services.client_of(connected).latest_orders(limit=MOST_ORDERS)
        except FacturelayError:
            pass  # what was delivered serves as well
        else:
            return
    with services.store.read() as connection:
        delivered = deliveries.latest_bodies(connection, shop_id, limit=MOST_ORDERS)
    yield from (b"[" + body + b"]" for body in delivered)
