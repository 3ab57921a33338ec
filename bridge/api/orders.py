"""Orders as last seen, and the whole story of one."""

from flask import Response, jsonify

from bridge.api.documents import with_link
from bridge.api.request import Asking, page, unknown
from bridge.context import parts
from worker import serializers
from worker.store import audit_trail, orders, steps
from worker.store.queries import api_documents, api_orders
from worker.store.queries.api_orders import Wanted

# No order has more of either.
MOST_OF_ONE_ORDER = 200


def list_orders(asking: Asking) -> Response:
    with parts().store.read() as connection:
        found = api_orders.page(
            connection, asking.shop_id, Wanted(**asking.filters), after=asking.after, limit=asking.limit + 1
        )
    return page(asking, "/orders", "orders", [serializers.of_order(seen) for seen in found], "order_id")


def get_order(asking: Asking, order_id: int) -> Response:
    with parts().store.read() as connection:
        seen = orders.find(connection, asking.shop_id, order_id)
    if seen is None:
        return unknown("order")
    return jsonify({**serializers.of_order(seen), "findings": serializers.plain(seen.findings)})


def get_trail(asking: Asking, order_id: int) -> Response:
    """What came in, what was decided and why, what was made, and what became of it."""
    shop_id = asking.shop_id
    with parts().store.read() as connection:
        seen = orders.find(connection, shop_id, order_id)
        came_in = api_orders.deliveries_of(connection, shop_id, order_id)
        wanted = api_documents.Wanted(order_id=order_id)
        made = api_documents.page(connection, shop_id, wanted, after=0, limit=MOST_OF_ONE_ORDER)
        kept = api_documents.open_drafts(connection, shop_id, order_id=order_id, after=0, limit=MOST_OF_ONE_ORDER)
        done = steps.of_documents(connection, [summary.document_id for summary in made])
        events = audit_trail.of_order(connection, shop_id, order_id)
    if seen is None and not came_in:
        return unknown("order")
    return jsonify(
        order={**serializers.of_order(seen), "findings": serializers.plain(seen.findings)} if seen else None,
        deliveries=[serializers.of_delivery(delivery) for delivery in came_in],
        documents=[
            {**with_link(asking, summary), "steps": serializers.of_steps(done.get(summary.document_id, {}).values())}
            for summary in made
        ],
        drafts=[serializers.of_draft(one) for one in kept],
        events=serializers.plain(events),
    )
