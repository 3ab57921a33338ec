"""Who is reminded next of which open invoice or unpaid order; one is passed over, all of a document are stopped and go on."""

from flask import Response, jsonify
from sqlalchemy import Connection

from bridge.api.request import ApiRequest, not_found, page_response
from bridge.api.webhooks import actor
from bridge.context import context
from worker import serializers
from worker.actions import reminders as actions
from worker.domain.document import ASKING, Kind
from worker.json_type import tell
from worker.store import documents, shops
from worker.store.queries import reminder_outlook


def list_reminders(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        shop = shops.get(connection, context().encryption, api_request.shop_id).shop
        found = reminder_outlook.open_of_shop(
            connection, shop, now=context().now(), after=api_request.after, limit=api_request.limit + 1
        )
    return page_response(
        api_request, "/reminders", "reminders", [tell(serializers.REMINDERS, one) for one in found], "document_id"
    )


def get_reminders(api_request: ApiRequest, document_id: int) -> Response:
    with context().store.read() as connection:
        asks_to_pay(connection, api_request.shop_id, document_id)
        return outlook(connection, api_request.shop_id, document_id)


def skip_reminder(api_request: ApiRequest, document_id: int) -> Response:
    shop_id, kind = api_request.shop_id, api_request.body["kind"]
    with context().store.write() as connection:
        asks_to_pay(connection, shop_id, document_id)
        actions.skip(connection, shop_id, document_id, kind, by=actor(api_request))
        return outlook(connection, shop_id, document_id)


def stop_reminders(api_request: ApiRequest, document_id: int) -> Response:
    with context().store.write() as connection:
        asks_to_pay(connection, api_request.shop_id, document_id)
        actions.stop(connection, api_request.shop_id, document_id, by=actor(api_request))
        return outlook(connection, api_request.shop_id, document_id)


def resume_reminders(api_request: ApiRequest, document_id: int) -> Response:
    with context().store.write() as connection:
        asks_to_pay(connection, api_request.shop_id, document_id)
        actions.resume(connection, api_request.shop_id, document_id, by=actor(api_request))
        return outlook(connection, api_request.shop_id, document_id)


def asks_to_pay(connection: Connection, shop_id: str, document_id: int) -> None:
    """Raises Refused (404) where this shop has no such document, or nobody is reminded of its kind."""
    found = documents.of_shop(connection, shop_id, document_id)
    if found is None or found.draft.kind not in (Kind.INVOICE, *ASKING):
        raise not_found("reminders")


def outlook(connection: Connection, shop_id: str, document_id: int) -> Response:
    """As it stands now."""
    shop = shops.get(connection, context().encryption, shop_id).shop
    found = reminder_outlook.of_documents(connection, shop, [document_id], now=context().now())
    return jsonify(tell(serializers.REMINDERS, found[document_id]))
