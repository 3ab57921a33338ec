"""What its shop refused to let be done: it is told of by an alert, and tried again once that is over."""

from datetime import datetime

from sqlalchemy import Connection

from worker.errors import KeyRefused
from worker.store import alerts, deliveries, orders, settle_orders, steps
from worker.store.deliveries import NewDelivery

# Alert codes: the key does not do, or the shop says no for another reason.
ALERTS = (KeyRefused.code, "shop_refuses")
# The codes of a ConnectionRejected: work that ended for one of them can be done once the shop answers again.
CODES = (KeyRefused.code, "rest_not_found", "shop_redirects", "bad_address", "private_address")


def is_told(connection: Connection, shop_id: str) -> bool:
    return any(alert.code in ALERTS for alert in alerts.open_alerts(connection, shop_id))


def read_again(connection: Connection, shop_id: str, *, now: datetime) -> None:
    """Let what only reads of the shop wait once more: failed deliveries, and unread refunds."""
    for code in CODES:
        deliveries.retry_failed(connection, shop_id, code, now=now)
    waiting = deliveries.open_orders(connection, shop_id)
    for order_id in orders.flagged(connection, shop_id, "refunds_unread"):
        if order_id not in waiting:
            deliveries.add(connection, NewDelivery(shop_id, "poll", "order.updated", order_id), now=now)


def try_again(connection: Connection, shop_id: str, *, now: datetime) -> None:
    """Where the shop had refused anything: end the alert, and let deliveries, notes, payments and unread refunds wait once more."""
    closed = [alerts.close(connection, shop_id, code=code, now=now) for code in ALERTS]
    if not any(closed):
        return
    read_again(connection, shop_id, now=now)
    for code in CODES:
        for step in steps.failed(connection, shop_id, code=code):
            steps.retry(connection, step.document_id, step.name, now=now)
        settle_orders.retry_failed(connection, shop_id, code, now=now)
