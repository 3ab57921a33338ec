"""Use case: the errands that pages ask for. Each takes its row and gives what the page will show."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from worker import links, trying
from worker.delivering import hand_over, shop_of, writing
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


ERRANDS: dict[str, Callable[[Services, Errand], Mapping[str, Any]]] = {
    "renew_link": renew_link,
    "test_mail": try_mail,
}


def message_id_of(services: Services, errand: Errand) -> str:
    """The same for every try, so that a mail which left before a crash is known again."""
    host = urlsplit(services.settings.public_url).hostname or "localhost"
    return f"<errand-{errand.errand_id}.{int(errand.asked_at.timestamp())}@{host}>"
