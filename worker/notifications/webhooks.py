"""Send webhook events about a shop's documents to its endpoints. Each event is a row first; here it is sent."""

import json
from datetime import datetime

from worker import serializers
from worker.domain.document import Document
from worker.domain.payment import Balance
from worker.domain.webhook import WebhookEventKind, signature_header
from worker.errors import Rejected, Unavailable
from worker.json_type import Json
from worker.message import Message
from worker.notifications import receiver
from worker.queue import SEND_WEBHOOK_EVENT
from worker.services import Services
from worker.store import alerts, documents, jobs, webhooks
from worker.store.database import json_codec
from worker.store.queries import order_history
from worker.store.roads import RoadKind
from worker.store.webhooks import LeasedWebhookEvent

MOST_ENQUEUED = 5


def enqueue_events(services: Services, shop_id: str) -> None:
    """Enqueue the events that a shop's endpoints are to be sent now; those left out here the scheduler enqueues."""
    with services.store.read() as connection:
        due = webhooks.due_ids(connection, now=services.now(), limit=MOST_ENQUEUED, shop_id=shop_id)
    for event_id in due:
        services.enqueue(SEND_WEBHOOK_EVENT, event_id)


def send_event(services: Services, leased: LeasedWebhookEvent) -> None:
    """Send one event. Raises Unavailable (NoAnswer where nobody answered), and Rejected where sending it again would change nothing."""
    body, endpoint = body_of(services, leased), leased.endpoint
    with services.over(endpoint.shop_id, RoadKind.WEBHOOKS, str(endpoint.endpoint_id), later=True):
        status = post_event(services, leased, body)
    if 200 <= status < 300:
        return
    if status == 410:
        raise Rejected("The receiver answered 410: it wants no more events.", code="endpoint_gone")
    if 300 <= status < 400:
        raise Unavailable(
            "The receiver answers with a redirect ({status}); give its final address.", status=status, code="redirect"
        )
    raise Unavailable("The receiver answered {status}.", status=status, code="receiver_refuses")


def post_event(services: Services, leased: LeasedWebhookEvent, body: bytes) -> int:
    """The status with which the receiver answers."""
    headers = {
        "Content-Type": "application/json",
        "X-Facturelay-Event": str(leased.event.kind),
        "X-Facturelay-Signature": signature_header(leased.secret, body, at=int(services.now().timestamp())),
    }
    return receiver.post(services, leased.endpoint.url, body, headers)


def body_of(services: Services, leased: LeasedWebhookEvent) -> bytes:
    """The request's body. The id is the same at each attempt, so that a receiver can recognise a repeat."""
    kind = leased.event.kind
    with services.store.read() as connection:
        issued = documents.get(connection, leased.event.document_id)
        corrects = issued.draft.corrects if kind is WebhookEventKind.CREDITED else None
        credited = (documents.get(connection, corrects.document_id),) if corrects else ()
        about, *original = order_history.details(connection, (issued, *credited))
    content: Json = {
        "id": leased.event.event_id,
        "event": kind,
        "occurred_at": serializers.instant(occurred_at(kind, issued, about.balance)),
        "shop": issued.shop_id,
        "document": serializers.document(original[0] if original else about),
        "credit_note": serializers.document(about) if original else None,
    }
    return json.dumps(json_codec.plain(content, str), ensure_ascii=False, separators=(",", ":")).encode()


def occurred_at(kind: WebhookEventKind, issued: Document, balance: Balance | None) -> datetime:
    paid_at = balance.paid_at if balance is not None and kind is WebhookEventKind.PAID else None
    return paid_at or issued.issued_at


def give_up(services: Services, leased: LeasedWebhookEvent, reason: Message) -> None:
    """Stop an endpoint that cannot be called, and open an alert."""
    now, endpoint = services.now(), leased.endpoint
    with services.store.write() as connection:
        jobs.retry_later(connection, leased.lease, code="", message=reason, next_at=now)
        webhooks.stop(connection, endpoint.endpoint_id, message=reason, now=now)
        message = Message(
            "{url} gets no more events. {reason} What it missed waits; put it right and resume it.",
            url=endpoint.url,
            reason=reason,
        )
        alerts.raise_alert(connection, endpoint.shop_id, code=webhooks.ALERT, message=message, now=now)
