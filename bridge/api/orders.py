"""Orders as last fetched, and the whole history of one."""

from functools import partial

from flask import Response, jsonify

from bridge.api.documents import link_of
from bridge.api.request import ApiRequest, not_found, page_response
from bridge.context import context
from worker import serializers
from worker.json_type import tell
from worker.store import orders
from worker.store.queries import api_orders, order_history
from worker.store.queries.api_orders import ApiOrderFilter


def list_orders(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        found = api_orders.page(
            connection,
            api_request.shop_id,
            ApiOrderFilter(**api_request.filters),
            after=api_request.after,
            limit=api_request.limit + 1,
        )
    return page_response(
        api_request, "/orders", "orders", [tell(serializers.ORDER, seen) for seen in found], "order_id"
    )


def get_order(api_request: ApiRequest, order_id: int) -> Response:
    with context().store.read() as connection:
        order = orders.find(connection, api_request.shop_id, order_id)
    if order is None:
        raise not_found("order")
    return jsonify(tell(serializers.WHOLE_ORDER, order))


def get_trail(api_request: ApiRequest, order_id: int) -> Response:
    """What came in, what was decided and why, what was made, and what became of it."""
    with context().store.read() as connection:
        found = order_history.find(connection, api_request.shop_id, order_id)
    if found is None:
        raise not_found("order")
    return jsonify(serializers.order_history(found, link_of=partial(link_of, api_request)))
