"""While VIES is silent for hours, the owner is told since when and which orders wait for it; it is over by itself."""

from datetime import timedelta

from worker.message import Message
from worker.services import Services
from worker.store import alerts, orders, vat_checks
from worker.store.shops import ConnectedShop
from worker.store.vat_checks import Wait

CODE = "vies_silent"
# A register that is away for an hour by day is nothing new, and nobody need be told.
SILENT_AFTER = timedelta(hours=2)
MOST_NAMED = 10


def alert_vies_silence(services: Services, connected: ConnectedShop) -> None:
    """Open an alert when an order has waited for VIES for two hours; close it when none waits any more."""
    shop, now = connected.shop, services.now()
    with services.store.write() as connection:
        waiting = vat_checks.waits(connection, shop.shop_id)
        if not waiting:
            alerts.close(connection, shop.shop_id, code=CODE, now=now)
            return
        known = alerts.find(connection, shop.shop_id, CODE)
        if known is None and now - waiting[0].since < SILENT_AFTER:
            return
        named = [
            _number(orders.find(connection, shop.shop_id, one.order.order_id), one) for one in waiting[:MOST_NAMED]
        ]
        message = Message(
            "{shop}: VIES has not answered since {since}. The invoices that wait for it, by order ({count}): {orders}. It is asked again "
            "by itself; what it has not answered by {until} becomes a draft. You need do nothing, unless you trust a number: then make "
            "the invoice on the order's page.",
            shop=shop.name,
            since=waiting[0].since,
            count=len(waiting),
            orders=", ".join(named) + (" …" if len(waiting) > MOST_NAMED else ""),
            until=waiting[0].until,
        )
        if known is None or known.message != message:
            alerts.raise_alert(connection, shop.shop_id, code=CODE, message=message, now=now)


def _number(order: orders.StoredOrder | None, waiting: Wait) -> str:
    return order.order_number if order is not None else str(waiting.order.order_id)
