"""Use case: tell the addresses that a shop chose what became of its documents. Each call is a row first; here it is made."""

import json
from contextlib import closing
from datetime import datetime

import requests
import urllib3

from worker import serializers
from worker.domain.webhook import WebhookEventKind, signature_header
from worker.errors import Rejected, Unavailable
from worker.net.guarded_http import guarded_session
from worker.queue import SEND_WEBHOOK_EVENT
from worker.serializers import Json
from worker.services import Services
from worker.store import alerts, webhooks
from worker.store.queries import api_documents
from worker.store.queries.api_documents import DocumentSummary
from worker.store.webhooks import LeasedWebhookEvent

# Whoever is told should write it down and answer; what takes longer holds up a worker.
TIMEOUT_S = (4.0, 8.0)
MOST_ENQUEUED = 5


class NoAnswer(Unavailable):
    """Nobody answered at all: other calls to the same address would wait as long for nothing."""


def enqueue_events(services: Services, shop_id: str) -> None:
    """Ring for what a shop's addresses are to be told now; what is not rung for here, the sweep rings for."""
    with services.store.read() as connection:
        due = webhooks.due_ids(connection, now=services.now(), limit=MOST_ENQUEUED, shop_id=shop_id)
    for event_id in due:
        services.enqueue(SEND_WEBHOOK_EVENT, event_id)


def send_event(services: Services, leased: LeasedWebhookEvent) -> None:
    """Make one call. Raises Unavailable (Silent where nobody answered), and Rejected where calling again would change nothing."""
    status = post_event(services, leased, body_of(services, leased))
    if 200 <= status < 300:
        return
    if status == 410:
        raise Rejected("The receiver answered 410: it wants no more calls.", code="endpoint_gone")
    if 300 <= status < 400:
        raise Unavailable(f"The receiver answers with a redirect ({status}); give its final address.", code="redirect")
    raise Unavailable(f"The receiver answered {status}.", code="receiver_refuses")


def post_event(services: Services, leased: LeasedWebhookEvent, body: bytes) -> int:
    """The status with which the receiver answers; what else it says is not read."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Facturelay",
        "X-Facturelay-Event": str(leased.event.kind),
        "X-Facturelay-Signature": signature_header(leased.secret, body, at=int(services.now().timestamp())),
    }
    session = guarded_session(allow_private=services.settings.allow_private_shops, pool=1)
    with closing(session):
        try:
            with session.post(
                leased.endpoint.url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
            ) as response:
                return response.status_code
        except requests.exceptions.SSLError as error:
            raise NoAnswer("The receiver's certificate is not valid.", code="certificate_wrong") from error
        except (requests.exceptions.Timeout, TimeoutError) as error:
            message = f"The receiver did not answer within {TIMEOUT_S[1]:.0f} seconds."
            raise NoAnswer(message, code="receiver_slow") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            raise NoAnswer("The receiver cannot be reached.", code="receiver_away") from error


def body_of(services: Services, leased: LeasedWebhookEvent) -> bytes:
    """What is told. The id is the same at each try, so that a receiver knows again what it has had."""
    kind = leased.event.kind
    with services.store.read() as connection:
        (about,) = api_documents.summaries(connection, [leased.event.document_id])
        original = about.corrects_id if kind is WebhookEventKind.CREDITED else None
        credited = api_documents.find(connection, about.shop_id, original) if original is not None else None
    content: Json = {
        "id": leased.event.event_id,
        "event": kind,
        "occurred_at": serializers.instant(occurred_at(kind, about)),
        "shop": about.shop_id,
        "document": serializers.of_document(credited or about),
        "credit_note": serializers.of_document(about) if credited else None,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def occurred_at(kind: WebhookEventKind, about: DocumentSummary) -> datetime:
    paid_at = about.paid_at if kind is WebhookEventKind.PAID else None
    return paid_at or about.issued_at


def give_up(services: Services, leased: LeasedWebhookEvent, reason: str) -> None:
    """Stop a hook that cannot be called, and let a person know."""
    now, endpoint = services.now(), leased.endpoint
    with services.store.write() as connection:
        webhooks.retry_later(connection, leased.lease, message=reason, next_at=now)
        webhooks.stop(connection, endpoint.endpoint_id, message=reason, now=now)
        message = f"{endpoint.url} is told of documents no more. {reason} What it missed waits; put it right and let it go on."
        alerts.raise_alert(connection, endpoint.shop_id, code=webhooks.ALERT, message=message, now=now)
