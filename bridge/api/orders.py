"""Orders as last seen, and the whole story of one."""

from flask import Response, jsonify

from bridge.api.documents import with_link
from bridge.api.request import ApiRequest, not_found, page_response
from bridge.context import context
from worker import serializers
from worker.store import audit_trail, orders, steps
from worker.store.queries import api_documents, api_orders
from worker.store.queries.api_orders import ApiOrderFilter

# No order has more of either.
MOST_OF_ONE_ORDER = 200


def list_orders(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        found = api_orders.page(
            connection,
            api_request.shop_id,
            ApiOrderFilter(**api_request.filters),
            after=api_request.after,
            limit=api_request.limit + 1,
        )
    return page_response(api_request, "/orders", "orders", [serializers.of_order(seen) for seen in found], "order_id")


def get_order(api_request: ApiRequest, order_id: int) -> Response:
    with context().store.read() as connection:
        order = orders.find(connection, api_request.shop_id, order_id)
    if order is None:
        return not_found("order")
    return jsonify({**serializers.of_order(order), "rule_results": serializers.plain(order.rule_results)})


def get_trail(api_request: ApiRequest, order_id: int) -> Response:
    """What came in, what was decided and why, what was made, and what became of it."""
    shop_id = api_request.shop_id
    with context().store.read() as connection:
        order = orders.find(connection, shop_id, order_id)
        deliveries = api_orders.deliveries_of(connection, shop_id, order_id)
        wanted = api_documents.ApiDocumentFilter(order_id=order_id)
        summaries = api_documents.page(connection, shop_id, wanted, after=0, limit=MOST_OF_ONE_ORDER)
        drafts = api_documents.open_drafts(connection, shop_id, order_id=order_id, after=0, limit=MOST_OF_ONE_ORDER)
        done = steps.of_documents(connection, [summary.document_id for summary in summaries])
        events = audit_trail.of_order(connection, shop_id, order_id)
    if order is None and not deliveries:
        return not_found("order")
    return jsonify(
        order={**serializers.of_order(order), "rule_results": serializers.plain(order.rule_results)} if order else None,
        deliveries=[serializers.of_delivery(delivery) for delivery in deliveries],
        documents=[
            {
                **with_link(api_request, summary),
                "steps": serializers.of_steps(done.get(summary.document_id, {}).values()),
            }
            for summary in summaries
        ],
        drafts=[serializers.of_draft(one) for one in drafts],
        events=serializers.plain(events),
    )
