"""What a person decides about other software: its tokens, and the webhook endpoints that are told of events."""

from collections.abc import Collection

from sqlalchemy import Connection

from worker.domain.actor import Actor
from worker.domain.webhook import WebhookEventKind
from worker.errors import Rejected
from worker.message import Message
from worker.store import alerts, api_tokens, audit_trail, counters, webhooks
from worker.store.api_tokens import ApiToken, Scope
from worker.store.database.encryption import Encryption
from worker.store.webhooks import NewEndpoint, WebhookEndpoint


def create_token(
    connection: Connection, shop_id: str, name: str, scopes: Collection[Scope], *, by: Actor
) -> tuple[ApiToken, str]:
    """A new token, and its secret: shown once, stored nowhere. Raises Rejected for a wrong name or no scope."""
    made, secret = api_tokens.create(connection, shop_id=shop_id, name=name, scopes=scopes, by=by)
    message = Message("The API token “{name}” was made: {scopes}.", name=made.name, scopes=", ".join(made.scopes))
    audit_trail.note(connection, shop_id, "token_created", message, by=by)
    return made, secret


def revoke_token(connection: Connection, shop_id: str, token_id: int, *, by: Actor) -> None:
    """End a token for good, from the next request on. Raises Rejected where there is none that is still valid."""
    name = next((one.name for one in api_tokens.of_shop(connection, shop_id) if one.token_id == token_id), "")
    if not api_tokens.revoke(connection, shop_id, token_id, now=by.now):
        raise Rejected(
            "This shop has no token {token_id} that is still valid.", token_id=token_id, code="token_unknown"
        )
    audit_trail.note(
        connection, shop_id, "token_revoked", Message("The API token “{name}” was revoked.", name=name), by=by
    )


def add_endpoint(
    connection: Connection, encryption: Encryption, new: NewEndpoint, *, by: Actor
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint, and the secret that signs its events: shown once. Raises Rejected where there are too many."""
    counters.lock(connection, new.shop_id)  # so that two at once do not both find room for the last one
    endpoint, secret = webhooks.add(connection, encryption, new, by=by)
    message = Message(
        "A webhook to {url} was added: {event_names}.", url=endpoint.url, event_names=", ".join(endpoint.events)
    )
    audit_trail.note(connection, endpoint.shop_id, "webhook_added", message, by=by)
    return endpoint, secret


def change_endpoint(
    connection: Connection, endpoint: WebhookEndpoint, *, url: str, events: Collection[WebhookEventKind], by: Actor
) -> None:
    webhooks.change(connection, endpoint, url=url, events=events)
    if (url, set(events)) != (endpoint.url, set(endpoint.events)):
        message = Message("The webhook to {url} was changed.", url=endpoint.url)
        audit_trail.note(connection, endpoint.shop_id, "webhook_changed", message, by=by)


def stop_endpoint(connection: Connection, endpoint: WebhookEndpoint, *, by: Actor) -> None:
    webhooks.stop(connection, endpoint.endpoint_id, message=webhooks.BY_A_PERSON, now=by.now)
    message = Message("The webhook to {url} was stopped.", url=endpoint.url)
    audit_trail.note(connection, endpoint.shop_id, "webhook_stopped", message, by=by)
    close_alert(connection, endpoint, by=by)


def resume_endpoint(connection: Connection, endpoint: WebhookEndpoint, *, by: Actor) -> None:
    webhooks.resume(connection, endpoint.endpoint_id, now=by.now)
    message = Message("The webhook to {url} was resumed.", url=endpoint.url)
    audit_trail.note(connection, endpoint.shop_id, "webhook_resumed", message, by=by)
    close_alert(connection, endpoint, by=by)


def remove_endpoint(connection: Connection, endpoint: WebhookEndpoint, *, by: Actor) -> None:
    webhooks.remove(connection, endpoint)
    message = Message("The webhook to {url} was removed.", url=endpoint.url)
    audit_trail.note(connection, endpoint.shop_id, "webhook_removed", message, by=by)
    close_alert(connection, endpoint, by=by)


def close_alert(connection: Connection, endpoint: WebhookEndpoint, *, by: Actor) -> None:
    """Close the alert once no endpoint is stopped by itself any more."""
    if not webhooks.has_failed(connection, endpoint.shop_id):
        alerts.close(connection, endpoint.shop_id, code=webhooks.ALERT, now=by.now)
