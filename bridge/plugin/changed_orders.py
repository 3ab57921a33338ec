"""What the shop's plugin says at once: these orders changed. WooCommerce's own deliveries follow, and are enough without it."""

from flask import Blueprint, Response, jsonify

from bridge.context import context
from bridge.plugin.signed_request import PluginRequest, signed, unreadable
from bridge.webhooks.woocommerce import flood
from worker import queue
from worker.store import deliveries
from worker.store.deliveries import NewDelivery

blueprint = Blueprint("plugin_changed_orders", __name__)

SOURCE, TOPIC = "plugin", "order.updated"
MOST_ORDERS = 50


@blueprint.post("/plugin/changed")
@signed
def changed(plugin_request: PluginRequest) -> Response:
    """Look at each of `orders` again. `kept`: how many of them nothing waited for yet."""
    order_ids = plugin_request.ids("orders")
    if len(order_ids) > MOST_ORDERS:
        raise unreadable()
    shop_id = plugin_request.plugin.shop_id
    if context().backlogs.is_full(shop_id, now=context().now()):
        # No answer that it was taken: of an order deleted for good the plugin tells until then, and nobody else ever does.
        raise flood()
    added = add_deliveries(shop_id, [order_id for order_id in order_ids if order_id])
    for delivery_id in added:
        context().enqueuer.enqueue(queue.PROCESS_ORDER, delivery_id)
    return jsonify(kept=len(added))


def add_deliveries(shop_id: str, order_ids: list[int]) -> list[int]:
    """One for each order, but where one waits already: what is fetched then is newer than this change."""
    now = context().now()
    with context().store.write() as connection:
        waiting = deliveries.waiting_orders(connection, shop_id, order_ids, now=now)
        return [
            deliveries.add(connection, NewDelivery(shop_id, SOURCE, TOPIC, order_id), now=now)
            for order_id in order_ids
            if order_id not in waiting
        ]
