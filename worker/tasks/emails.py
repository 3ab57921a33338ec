"""Tasks that send a mail: a document to another address, a new link, a test."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection

from worker import branding
from worker.actions import documents as document_actions
from worker.domain.actor import Actor
from worker.domain.document import Document
from worker.domain.step import MAIL, SENT_ELSEWHERE
from worker.errors import DatabaseAway, FacturelayError, Rejected
from worker.invoicing.manual import fetch_now
from worker.mail import customer_mail
from worker.message import Message
from worker.net import document_link
from worker.net.email_address import EMAIL_ADDRESS
from worker.sending import test_email
from worker.sending.customer_link import link_of
from worker.sending.email import addressed_to, outbox_of, send_mail
from worker.sending.pdf import document_with_pdf
from worker.sending.peppol_mail import said_of
from worker.services import Services
from worker.store import audit_trail, document_links, shops, steps, transmissions
from worker.store.jobs import JobEnd
from worker.store.queries import document_money
from worker.store.tasks import Task
from worker.tasks.common import actor_of


def renew_link(services: Services, task: Task) -> Mapping[str, Any]:
    """Mail a new link to the order's own address, whoever requests it.

    Argument: `{"document_id"}`. Answer: `{"mailed"}`, false where the links were revoked.
    """
    with services.store.read() as connection:
        document = document_actions.document_of(connection, task.shop_id, int(task.argument["document_id"]))
        revocation = document_links.of_documents(connection, [document.document_id]).get(document.document_id)
        if not document_links.is_valid(revocation, signed_at=services.now()):
            return {"mailed": False}
        outbox = outbox_of(connection, services, shops.get(connection, services.encryption, document.shop_id))
    message = customer_mail.compose_new_link(
        outbox.shop,
        document,
        link=new_link(services, document),
        message_id=message_id_of(services, task, document.document_id),
    )
    send_mail(services, outbox, message, recipients=customer_mail.recipients(outbox.shop, document)[:1])
    event_message = Message(
        "The customer asked for a new link to {number}; it was mailed to the order's address.", number=document.number
    )
    with services.store.write() as connection:
        audit_trail.note_of(connection, document, "link_renewed", event_message, by=services.actor("worker"))
    return {"mailed": True}


def send_again(services: Services, task: Task) -> Mapping[str, Any]:
    """Mail an issued document to another address; the document itself stays as it is.

    Argument: `{"document_id", "to"}`. To the customer's own address `actions.documents.send_again` does it without a task.
    Answer: `{"to"}`. A test document goes to the shop's own address, whatever "to" says.
    """
    to = str(task.argument.get("to", "")).strip()
    if not EMAIL_ADDRESS.fullmatch(to):
        raise Rejected("“{to}” is not a mail address.", to=to, code="mail_no_address")
    mailed = mail_elsewhere(services, task, int(task.argument["document_id"]), to)
    services.act(partial(mailed.store, by=actor_of(services, task)))
    return {"to": mailed.to}


@dataclass(frozen=True)
class MailedElsewhere:
    document: Document
    to: str

    def store(self, connection: Connection, *, by: Actor) -> None:
        """Its own mail, where that failed, needs nobody any more. On that the address is kept until its customer is erased, also where it
        left; what is on the trail stays."""
        message = Message("{number} was mailed to another address.", number=self.document.number)
        audit_trail.note_of(connection, self.document, SENT_ELSEWHERE, message, by=by)
        end = JobEnd(code=SENT_ELSEWHERE, message=message)
        mail = steps.of_document(connection, self.document.document_id).get(MAIL)
        if mail and mail.state == "done":
            steps.say(connection, mail.step_id, self.told_with(mail.message))
        steps.close_failed_mail(connection, self.document.document_id, end, mail_to=self.to, now=by.now)

    def told_with(self, before: Message) -> Message:
        """Where it was mailed to as well, this time and *before*."""
        addresses = ", ".join(filter(None, (str(before.values.get("addresses", "")), self.to)))
        return Message(
            "{number} was mailed to another address too: {addresses}.", number=self.document.number, addresses=addresses
        )


def corrected_address(services: Services, document: Document) -> str:
    """The customer's mail address as its order has it now, as who presses in WooCommerce corrects it there; empty where it is the
    document's own, the order cannot be read, or is another one; and of a test, which goes to the shop itself.
    """
    if document.draft.test:
        return ""
    try:
        order = fetch_now(services, services.connected(document.shop_id), document.draft.order_id).order
    except DatabaseAway:
        raise
    except FacturelayError:
        return ""
    is_same = order.order_key == document.draft.order_key
    return order.billing.email if is_same and order.billing.email != document.draft.buyer.email else ""


def mail_elsewhere(services: Services, task: Task, document_id: int, to: str) -> MailedElsewhere:
    with services.store.read() as connection:
        document_actions.document_of(connection, task.shop_id, document_id)
        by_peppol = said_of(transmissions.of_documents(connection, [document_id]))
    document, pdf = document_with_pdf(services, document_id)
    with services.store.read() as connection:
        (money,) = document_money.of_documents(connection, [document])
        link = link_of(connection, services, document)
        outbox = outbox_of(connection, services, shops.get(connection, services.encryption, document.shop_id))
    elsewhere, shop = addressed_to(money.now, to), outbox.shop
    message = customer_mail.compose(
        shop,
        ((elsewhere, pdf),),
        ways=customer_mail.Ways(lambda _: link, by_peppol),
        message_id=message_id_of(services, task, document_id),
        attachments=branding.attachments_of(services, shop),
    )
    reached = customer_mail.recipients(shop, elsewhere)
    send_mail(services, outbox, message, recipients=reached)
    return MailedElsewhere(document, reached[0])


def send_test_email(services: Services, task: Task) -> Mapping[str, Any]:
    """Send a test mail and say what came of it.

    Argument: `{"to": "…"}`; without it the mail goes to the shop's own address.
    Answer: `{"accepted", "code", "message", "hints": ["…"], "operator_hints": ["…"]}`; *accepted*: a server took it.
    """
    result = test_email.send_test_email(services, task.shop_id, to=str(task.argument.get("to", "")))
    return vars(result)


def new_link(services: Services, document: Document) -> str:
    settings = services.settings
    return document_link.url(settings.public_url, settings.secret_keys, document.document_id, now=services.now())


def message_id_of(services: Services, task: Task, document_id: int) -> str:
    """The same for every try, so that a mail which left before a crash is known again; of many documents each has its own."""
    host = urlsplit(services.settings.public_url).hostname or "localhost"
    return f"<task-{task.task_id}.{document_id}.{int(task.requested_at.timestamp())}@{host}>"
