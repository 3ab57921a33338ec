"""The shop that a token is for."""

from flask import Response, jsonify

from bridge.api.request import ApiRequest
from bridge.context import context
from worker import serializers
from worker.json_type import tell
from worker.store import counters, shops
from worker.store.queries import attention, health


def get_shop(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        shop = shops.get_settings(connection, api_request.shop_id)
        now = context().now()
        needs = attention.needs(connection, (shop.shop_id,), now=now)
        seen = health.look(connection, context().settings)
        known = health.known_of(connection, context().encryption, (shop.shop_id,), seen, now=now)
        next_numbers = counters.next_numbers(connection, shop, today=context().today(shop))
    return jsonify(
        **tell(serializers.SHOP, shop),
        next_numbers=next_numbers,
        rested=[tell(serializers.RESTED_ROAD, road) for road in known.rested(shop.shop_id)],
        needs=tell(serializers.NEEDS, needs),
        roads=[tell(serializers.ROAD, road) for road in health.of_shops((shop,), known, now=now)[shop.shop_id]],
        token={"name": api_request.token.name, "scopes": list(api_request.token.scopes)},
    )
