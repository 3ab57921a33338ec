"""Use case: the errands that pages ask for. Each takes its row and gives what the page will show."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from worker import handling, links, trying
from worker.delivering import hand_over, shop_of, writing
from worker.errors import Rejected
from worker.handling import Person
from worker.mail import mails
from worker.services import Services
from worker.store import documents, trail
from worker.store.errands import Errand
from worker.store.trail import Event


def renew_link(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Mail a new link to the order's own address: who asks gets nothing that the order's customer would not."""
    with services.store.read() as connection:
        document = documents.get(connection, int(errand.argument["document_id"]))
        marks = documents.marks_of(connection, [document.document_id])
    if "revoked" in marks.get(document.document_id, {}):
        return {"mailed": False}
    connected = shop_of(services, document)
    shop = writing(services, connected.shop)
    settings = services.settings
    link = links.url(settings.public_url, settings.secret_keys, document.document_id, now=services.now())
    message = mails.compose_link(shop, document, link=link, message_id=message_id_of(services, errand))
    hand_over(services, connected, message, recipients=mails.recipients(shop, document)[:1])
    sentence = f"The customer asked for a new link to {document.number}; it was mailed to the order's address."
    event = Event(
        document.shop_id,
        services.now(),
        "worker",
        "link_renewed",
        sentence,
        order_id=document.draft.order_id,
        document_id=document.document_id,
    )
    with services.store.write() as connection:
        trail.add(connection, event)
    return {"mailed": True}


def try_mail(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Send a test mail and keep what came of it. The argument may name an address in "to"."""
    tried = trying.try_mail(services, errand.shop_id, to=str(errand.argument.get("to", "")))
    return {"taken": tried.taken, "code": tried.code, "sentence": tried.sentence, "hints": list(tried.hints)}


def send_document(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Mail a document of the shop once more."""
    document_id = int(errand.argument["document_id"])
    with services.store.read() as connection:
        document = documents.find(connection, document_id)
    if document is None or document.shop_id != errand.shop_id:
        raise Rejected("This document is not of this shop.", code="document_unknown")
    handling.send(services, document_id, by=Person(errand.asked_by))
    return {"code": "sent", "sentence": f"{document.number} is on its way to the customer."}


def issue_draft(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Issue a draft of the shop; `send` in the argument mails it as well."""
    draft_id = int(errand.argument["draft_id"])
    with services.store.read() as connection:
        kept = documents.get_draft(connection, draft_id)
    if kept.shop_id != errand.shop_id:
        raise Rejected("This draft is not of this shop.", code="draft_unknown")
    by = Person(errand.asked_by)
    document = handling.issue_kept(services, draft_id, send=bool(errand.argument.get("send")), by=by)
    return {"code": "issued", "sentence": f"{document.number} was issued."}


def retry_order(services: Services, errand: Errand) -> Mapping[str, Any]:
    """Try again what failed for an order of the shop."""
    order_id = int(errand.argument["order_id"])
    count = handling.try_again(services, errand.shop_id, order_id, by=Person(errand.asked_by))
    if count == 0:
        return {"code": "nothing_failed", "sentence": "Nothing of this order waits to be tried again."}
    return {"code": "tried_again", "sentence": "What failed is tried again."}


ERRANDS: dict[str, Callable[[Services, Errand], Mapping[str, Any]]] = {
    "renew_link": renew_link,
    "test_mail": try_mail,
    "order_screen_send": send_document,
    "order_screen_issue": issue_draft,
    "order_screen_retry": retry_order,
}


def message_id_of(services: Services, errand: Errand) -> str:
    """The same for every try, so that a mail which left before a crash is known again."""
    host = urlsplit(services.settings.public_url).hostname or "localhost"
    return f"<errand-{errand.errand_id}.{int(errand.asked_at.timestamp())}@{host}>"
