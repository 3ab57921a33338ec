"""Who is reminded next of which open invoice or unpaid order."""

from flask import Response

from bridge.api.request import ApiRequest, page_response
from bridge.context import context
from worker import serializers
from worker.store import shops
from worker.store.queries import reminder_outlook


def list_reminders(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        shop = shops.get(connection, context().encryption, api_request.shop_id).shop
        found = reminder_outlook.open_of_shop(
            connection, shop, now=context().now(), after=api_request.after, limit=api_request.limit + 1
        )
    return page_response(api_request, "/reminders", "reminders", [*map(serializers.reminders, found)], "document_id")
