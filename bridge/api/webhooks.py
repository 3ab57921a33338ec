"""Webhook endpoints of a shop, and the events that were sent to them."""

from http import HTTPStatus

from flask import Response, jsonify, make_response
from sqlalchemy import Connection

from bridge.accounts.audit import record
from bridge.api.fields import FieldError
from bridge.api.request import ApiRequest, not_found
from bridge.context import context
from worker.domain.actor import Actor
from worker.domain.webhook import check_webhook_url
from worker.errors import InvalidValue
from worker.message import Message
from worker.serializers import Json, instant
from worker.store import alerts, counters, webhooks
from worker.store.webhooks import NewEndpoint, WebhookEndpoint, WebhookEvent

LAST_EVENTS = 100


def list_webhook_endpoints(api_request: ApiRequest) -> Response:
    with context().store.read() as connection:
        found = webhooks.of_shop(connection, api_request.shop_id)
    return jsonify(webhook_endpoints=[endpoint_as_json(endpoint) for endpoint in found])


def add_webhook_endpoint(api_request: ApiRequest) -> Response:
    url, now = read_url(api_request.body["url"]), context().now()
    with context().store.write() as connection:
        # So that two at once do not both find room for the last one.
        counters.lock(connection, api_request.shop_id)
        endpoint, secret = webhooks.add(
            connection,
            context().encryption,
            NewEndpoint(shop_id=api_request.shop_id, url=url, events=api_request.body["events"]),
            by=Actor(actor_name(api_request), now),
        )
        record(
            connection,
            "webhook_added",
            Message("A webhook to {url} was added: {event_names}.", url=url, event_names=", ".join(endpoint.events)),
            actor=actor_name(api_request),
            shop_id=api_request.shop_id,
        )
    response = jsonify({**endpoint_as_json(endpoint), "secret": secret})
    response.status_code = HTTPStatus.CREATED
    response.headers["Location"] = f"{context().settings.public_url}/api/v1/webhook-endpoints/{endpoint.endpoint_id}"
    return response


def get_webhook_endpoint(api_request: ApiRequest, endpoint_id: int) -> Response:
    with context().store.read() as connection:
        endpoint = webhooks.find(connection, api_request.shop_id, endpoint_id)
    if endpoint is None:
        raise not_found("webhook_endpoint")
    return jsonify(endpoint_as_json(endpoint))


def change_webhook_endpoint(api_request: ApiRequest, endpoint_id: int) -> Response:
    url = read_url(api_request.body["url"]) if "url" in api_request.body else None
    now, active = context().now(), api_request.body.get("active")
    with context().store.write() as connection:
        endpoint = webhooks.find(connection, api_request.shop_id, endpoint_id)
        if endpoint is None:
            raise not_found("webhook_endpoint")
        webhooks.change(
            connection, endpoint, url=url or endpoint.url, events=api_request.body.get("events", endpoint.events)
        )
        if active is False:
            webhooks.stop(connection, endpoint_id, message=webhooks.BY_A_PERSON, now=now)
        elif active:
            webhooks.resume(connection, endpoint_id, now=now)
        close_alert_when_recovered(connection, api_request)
        message = Message("The webhook to {url} was changed.", url=endpoint.url)
        record(connection, "webhook_changed", message, actor=actor_name(api_request), shop_id=api_request.shop_id)
        changed = webhooks.find(connection, api_request.shop_id, endpoint_id) or endpoint
    return jsonify(endpoint_as_json(changed))


def remove_webhook_endpoint(api_request: ApiRequest, endpoint_id: int) -> Response:
    with context().store.write() as connection:
        endpoint = webhooks.find(connection, api_request.shop_id, endpoint_id)
        if endpoint is None:
            raise not_found("webhook_endpoint")
        webhooks.remove(connection, endpoint)
        close_alert_when_recovered(connection, api_request)
        message = Message("The webhook to {url} was removed.", url=endpoint.url)
        record(connection, "webhook_removed", message, actor=actor_name(api_request), shop_id=api_request.shop_id)
    return make_response(b"", HTTPStatus.NO_CONTENT)


def list_webhook_events(api_request: ApiRequest, endpoint_id: int) -> Response:
    with context().store.read() as connection:
        endpoint = webhooks.find(connection, api_request.shop_id, endpoint_id)
        if endpoint is None:
            raise not_found("webhook_endpoint")
        found = webhooks.events_of(connection, endpoint_id, limit=LAST_EVENTS)
    return jsonify(events=[event_as_json(event) for event in found])


def read_url(text: str) -> str:
    try:
        return check_webhook_url(text, allow_private=context().settings.allow_private_shops)
    except InvalidValue as error:
        raise FieldError("url", error.message) from error


def close_alert_when_recovered(connection: Connection, api_request: ApiRequest) -> None:
    """Close the alert once no endpoint is stopped by itself any more."""
    if not webhooks.has_failed(connection, api_request.shop_id):
        alerts.close(connection, api_request.shop_id, code=webhooks.ALERT, now=context().now())


def actor_name(api_request: ApiRequest) -> str:
    """The token, as an actor in the audit trail."""
    return f"API ({api_request.token.name})"


def endpoint_as_json(endpoint: WebhookEndpoint) -> Json:
    return {
        "endpoint_id": endpoint.endpoint_id,
        "shop": endpoint.shop_id,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "active": endpoint.stopped_at is None,
        "created_at": instant(endpoint.created_at),
        "created_by": endpoint.created_by,
        "stopped_at": instant(endpoint.stopped_at),
        "stop_message": endpoint.stop_message,
    }


def event_as_json(event: WebhookEvent) -> Json:
    return {
        "id": event.event_id,
        "event": event.kind,
        "document_id": event.document_id,
        "state": event.state,
        "attempts": event.attempts,
        "created_at": instant(event.created_at),
        "next_at": instant(event.next_at) if event.state == "waiting" else None,
        "message": event.message,
        "done_at": instant(event.done_at),
    }
