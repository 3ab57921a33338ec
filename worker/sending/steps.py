"""Use case: one step of one issued document: render, mail, write back. Each may be repeated; none touches the document."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import urlsplit

from worker.domain.document import Document
from worker.domain.shop import Shop
from worker.errors import FacturelayError, KeyRefused, Rejected
from worker.i18n import Translator, title
from worker.mail import customer_mail, server_choice, smtp
from worker.mail.server_choice import ChosenServer
from worker.net import document_link
from worker.orders import fetch
from worker.plugin import sync
from worker.rendering import render_pdf
from worker.services import Services
from worker.shops import branding
from worker.store import document_links, documents, jobs, shops
from worker.store.documents import StoredFile
from worker.store.steps import LeasedSteps, StepName
from worker.woocommerce import notes

SMTP_TIMEOUT_S = 30.0


class NotNeeded(FacturelayError):
    """The step has nothing to do; the message says why. Ends it as "skipped"."""


def render(services: Services, leased: LeasedSteps) -> str:
    """Make the PDF and store its bytes, once. Returns their SHA-256."""
    return stored_pdf(services, leased.steps[0].document_id).sha256


def mail(services: Services, leased: LeasedSteps) -> str:
    """Mail the documents of one mail group together. Returns the Message-ID, which a repeat carries again."""
    documents_with_pdfs = tuple(document_with_pdf(services, step.document_id) for step in leased.steps)
    connected = shop_of(services, documents_with_pdfs[0][0])
    shop = with_sender(services, connected.shop)
    message_id = leased.steps[0].detail or new_message_id(services.settings.public_url)
    with services.store.write() as connection:
        # Before the server hears of it: after a crash the same mail goes out under the same id.
        jobs.save_detail(connection, leased.lease, message_id)
    message = customer_mail.compose(
        shop,
        documents_with_pdfs,
        link=lambda document: link_of(services, document),
        message_id=message_id,
        attachments=branding.attachments_of(services, shop),
    )
    mailed_documents = [document for document, _ in documents_with_pdfs]
    shop_mailed_first = sync.take_over_mail(services, leased, mailed_documents)
    if shop_mailed_first:
        raise NotNeeded(shop_mailed_first)
    try:
        send_mail(services, connected, message, recipients=customer_mail.recipients(shop, documents_with_pdfs[0][0]))
    except Rejected:
        sync.report_mail_sent(services, leased, mailed_documents, mailed=False)
        raise
    sync.report_mail_sent(services, leased, mailed_documents, mailed=True)
    return message_id


def with_sender(services: Services, shop: Shop) -> Shop:
    """*shop* as it writes: from its own address, else from the operator's."""
    return replace(shop, mail=replace(shop.mail, sender=shop.mail.sender or services.settings.mail_from))


def send_mail(
    services: Services, connected: shops.ConnectedShop, message: EmailMessage, *, recipients: Sequence[str]
) -> ChosenServer:
    """Give *message* to the shop's own mail server, else to the operator's. Returns the way it went."""
    way = server_choice.choose_server(
        connected.secrets.smtp_url, services.settings.smtp_url, allow_private=services.settings.allow_private_shops
    )
    smtp.send(
        message, smtp_url=way.smtp_url, recipients=recipients, timeout_s=SMTP_TIMEOUT_S, connect_to=way.connect_to
    )
    return way


def write_back(services: Services, leased: LeasedSteps) -> str:
    """Put one private note with number and link on the order. Returns the note's id."""
    step = leased.steps[0]
    with services.store.read() as connection:
        document = documents.get(connection, step.document_id)
    connected = shop_of(services, document)
    if not connected.secrets.has_rest:
        raise NotNeeded("The shop gave no REST key, so no note is written on the order.")
    try:
        return str(ensure_note(services, connected, document, may_exist=step.attempts > 1))
    except KeyRefused as error:
        fetch.alert_key_refused(services, connected.shop, error)
        raise


def ensure_note(services: Services, connected: shops.ConnectedShop, document: Document, *, may_exist: bool) -> int:
    """The id of the one note about *document*. *may_exist*: an earlier attempt may have reached the shop before it failed for us."""
    client, order_id = services.client_of(connected), document.draft.order_id
    found = notes.find_note(client.notes(order_id), notes.marker(document.number)) if may_exist else None
    return client.add_note(order_id, note_of(services, connected.shop, document)) if found is None else found


def note_of(services: Services, shop: Shop, document: Document) -> str:
    """The note is for the shop's staff, so it is in the shop's language."""
    words = Translator(shop.language)
    return notes.note_html(
        kind=title(document.draft.kind, words),
        number=document.number,
        total=words.amount(document.draft.total, document.draft.currency),
        url=link_of(services, document),
        language=shop.language,
    )


STEPS: dict[StepName, Callable[[Services, LeasedSteps], str]] = {
    StepName.RENDER: render,
    StepName.MAIL: mail,
    StepName.WRITE_BACK: write_back,
}


def document_with_pdf(services: Services, document_id: int) -> tuple[Document, bytes]:
    """A document with its stored PDF; made first where it is not there yet."""
    stored = stored_pdf(services, document_id)
    with services.store.read() as connection:
        document = documents.get(connection, document_id)
    return document, services.archive.get(stored.path, sha256=stored.sha256)


def stored_pdf(services: Services, document_id: int) -> StoredFile:
    with services.store.read() as connection:
        document = documents.get(connection, document_id)
        stored = documents.file_of(connection, document_id, "pdf")
    if stored is not None:
        return stored
    brand = branding.brand_of(services, shop_of(services, document).shop)
    content = render_pdf(document, brand=brand)
    # The name is new at each try: bytes that a row names are never written over.
    path = f"{document.shop_id}/{document.issued_on:%Y}/{document_id}-{secrets.token_hex(4)}.pdf"
    sha256 = services.archive.put(path, content)
    with services.store.write() as connection:
        return documents.add_file(
            connection, StoredFile(document_id, "pdf", sha256, len(content), path, services.now())
        )


def shop_of(services: Services, document: Document) -> shops.ConnectedShop:
    with services.store.read() as connection:
        return shops.get(connection, services.encryption, document.shop_id)


def link_of(services: Services, document: Document) -> str:
    """The customer's link, valid from the day it is sent. The same all day, so that a repeated mail is identical."""
    with services.store.read() as connection:
        revocation = document_links.of_documents(connection, [document.document_id]).get(document.document_id)
    renewed_at = revocation.renewed_at if revocation else None
    begun = max(document.issued_at, renewed_at) if renewed_at else document.issued_at
    start = max(begun, services.now().replace(hour=0, minute=0, second=0, microsecond=0))
    return document_link.url(
        services.settings.public_url, services.settings.secret_keys, document.document_id, now=start
    )


def new_message_id(public_url: str) -> str:
    return make_msgid(domain=urlsplit(public_url).hostname or "localhost")
