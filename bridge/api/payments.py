"""What came in, as other software says it."""

from datetime import date

from flask import Response, jsonify

from bridge.api.fields import FieldError
from bridge.api.request import ApiRequest
from bridge.api.webhooks import actor
from bridge.context import context
from worker.actions import documents
from worker.actions.documents import MarkedPaid
from worker.json_type import Json
from worker.message import Message
from worker.store import shops


def mark_documents_paid(api_request: ApiRequest) -> Response:
    """What became of each, in the order in which they were named; one that cannot be marked holds up no other."""
    shop_id, by = api_request.shop_id, actor(api_request)
    with context().store.write() as connection:
        shop = shops.get(connection, context().encryption, shop_id).shop
        today = shop.day_of(by.now)
        on: date = api_request.body.get("paid_on", today)
        if on > today:
            raise FieldError("paid_on", Message("That day is still to come."))
        found = documents.mark_many_paid(connection, shop_id, api_request.body["documents"], on=on, by=by)
    return jsonify(documents=[as_json(one) for one in found])


def mark_documents_not_paid(api_request: ApiRequest) -> Response:
    """The same, of what a person or other software had marked paid by mistake."""
    shop_id, by = api_request.shop_id, actor(api_request)
    with context().store.write() as connection:
        today = shops.get(connection, context().encryption, shop_id).shop.day_of(by.now)
        found = documents.mark_many_not_paid(connection, shop_id, api_request.body["documents"], on=today, by=by)
    return jsonify(documents=[as_json(one) for one in found])


def as_json(one: MarkedPaid) -> Json:
    return {"document_id": one.document_id, "marked": one.changed, "code": one.code, "message": one.message}
