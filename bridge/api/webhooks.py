"""Webhook endpoints of a shop, and the events that were sent to them."""

from http import HTTPStatus

from flask import Response, jsonify, make_response
from sqlalchemy import Connection

from bridge.api.fields import FieldError
from bridge.api.request import ApiRequest, not_found
from bridge.context import context
from worker.actions import api_access
from worker.domain.actor import Actor
from worker.domain.webhook import check_webhook_url
from worker.errors import InvalidValue
from worker.json_type import tell
from worker.serializers import WEBHOOK_ENDPOINT, WEBHOOK_EVENT
from worker.store import webhooks
from worker.store.webhooks import NewEndpoint, WebhookEndpoint

LAST_EVENTS = 100


def list_webhook_endpoints(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        found = webhooks.of_shop(connection, api_request.shop_id)
    return jsonify(webhook_endpoints=[tell(WEBHOOK_ENDPOINT, endpoint) for endpoint in found])


def add_webhook_endpoint(api_request: ApiRequest) -> Response:
    new = NewEndpoint(api_request.shop_id, read_url(api_request.body["url"]), api_request.body["events"])
    with context().store.write() as connection:
        endpoint, secret = api_access.add_endpoint(connection, context().encryption, new, by=actor(api_request))
    response = jsonify({**tell(WEBHOOK_ENDPOINT, endpoint), "secret": secret})
    response.status_code = HTTPStatus.CREATED
    response.headers["Location"] = f"{context().settings.public_url}/api/v1/webhook-endpoints/{endpoint.endpoint_id}"
    return response


def get_webhook_endpoint(api_request: ApiRequest, endpoint_id: int) -> Response:
    with context().store.read() as connection:
        endpoint = endpoint_of(connection, api_request, endpoint_id)
    return jsonify(tell(WEBHOOK_ENDPOINT, endpoint))


def change_webhook_endpoint(api_request: ApiRequest, endpoint_id: int) -> Response:
    url = read_url(api_request.body["url"]) if "url" in api_request.body else None
    active, by = api_request.body.get("active"), actor(api_request)
    with context().store.write() as connection:
        endpoint = endpoint_of(connection, api_request, endpoint_id)
        events = api_request.body.get("events", endpoint.events)
        api_access.change_endpoint(connection, endpoint, url=url or endpoint.url, events=events, by=by)
        if active is False:
            api_access.stop_endpoint(connection, endpoint, by=by)
        elif active:
            api_access.resume_endpoint(connection, endpoint, by=by)
        changed = endpoint_of(connection, api_request, endpoint_id)
    return jsonify(tell(WEBHOOK_ENDPOINT, changed))


def remove_webhook_endpoint(api_request: ApiRequest, endpoint_id: int) -> Response:
    with context().store.write() as connection:
        endpoint = endpoint_of(connection, api_request, endpoint_id)
        api_access.remove_endpoint(connection, endpoint, by=actor(api_request))
    return make_response(b"", HTTPStatus.NO_CONTENT)


def list_webhook_events(api_request: ApiRequest, endpoint_id: int) -> Response:
    with context().store.read() as connection:
        endpoint_of(connection, api_request, endpoint_id)
        found = webhooks.events_of(connection, endpoint_id, limit=LAST_EVENTS)
    return jsonify(events=[tell(WEBHOOK_EVENT, event) for event in found])


def endpoint_of(connection: Connection, api_request: ApiRequest, endpoint_id: int) -> WebhookEndpoint:
    found = webhooks.find(connection, api_request.shop_id, endpoint_id)
    if found is None:
        raise not_found("webhook_endpoint")
    return found


def read_url(text: str) -> str:
    try:
        return check_webhook_url(text, allow_private=context().settings.allow_private_shops)
    except InvalidValue as error:
        raise FieldError("url", error.message) from error


def actor(api_request: ApiRequest) -> Actor:
    """The token, as an actor in the audit trail."""
    return Actor(f"API ({api_request.token.name})", context().now())
