"""The shop that a token is for."""

from flask import Response, jsonify

from bridge.api.request import Asking
from bridge.context import parts
from worker.store import counters as numbering
from worker.store import shops


def get_shop(asking: Asking) -> Response:
    with parts().store.read() as connection:
        shop = shops.connected(connection, parts().vault, asking.shop_id).shop
        counters = {one.series: one for one in numbering.counters(connection, shop.shop_id)}
    today = parts().now().astimezone(shop.zoneinfo).date()
    coming = {kind: numbering.upcoming(one, counters.get(one.name), today=today) for kind, one in shop.series.items()}
    return jsonify(
        shop=shop.shop_id,
        name=shop.name,
        url=shop.url,
        test=shop.test,
        suspended=shop.suspended,
        language=shop.language,
        zone=shop.zone,
        next_numbers={kind: taken.number for kind, taken in coming.items()},
        token={"name": asking.token.name, "scopes": list(asking.token.scopes)},
    )
