"""Orders as last seen, and the whole story of one."""

from flask import Response, jsonify

from bridge.api.asking import Asking, page, unknown
from bridge.api.documents import with_link
from bridge.parts import parts
from worker import shapes
from worker.store import api_documents, api_orders, orders, steps, trail
from worker.store.api_orders import Wanted

# No order has more of either.
MOST_OF_ONE_ORDER = 200


def list_orders(asking: Asking) -> Response:
    with parts().store.read() as connection:
        found = api_orders.page(
            connection, asking.shop_id, Wanted(**asking.filters), after=asking.after, limit=asking.limit + 1
        )
    return page(asking, "/orders", "orders", [shapes.of_order(seen) for seen in found], "order_id")


def get_order(asking: Asking, order_id: int) -> Response:
    with parts().store.read() as connection:
        seen = orders.find(connection, asking.shop_id, order_id)
    if seen is None:
        return unknown("order")
    return jsonify({**shapes.of_order(seen), "findings": shapes.plain(seen.findings)})


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
        events = trail.of_order(connection, shop_id, order_id)
    if seen is None and not came_in:
        return unknown("order")
    return jsonify(
        order={**shapes.of_order(seen), "findings": shapes.plain(seen.findings)} if seen else None,
        deliveries=[shapes.of_delivery(delivery) for delivery in came_in],
        documents=[
            {**with_link(asking, summary), "steps": shapes.of_steps(done.get(summary.document_id, {}).values())}
            for summary in made
        ],
        drafts=[shapes.of_draft(one) for one in kept],
        events=shapes.plain(events),
    )
