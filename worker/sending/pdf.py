"""Step: the PDF of a document, made once and stored in the archive."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from worker import branding
from worker.domain.actor import Actor
from worker.domain.document import Document
from worker.domain.online_payment import is_offered
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.message import NO_MESSAGE, Message
from worker.rendering import Brand, Printed, Way, finished_pdf
from worker.sending import Done, factur_x
from worker.sending.customer_link import link_of
from worker.services import Services
from worker.store import alerts, audit_trail, document_files, documents, shops
from worker.store.document_files import StoredFile
from worker.store.steps import LeasedSteps


def render(services: Services, leased: LeasedSteps) -> Done:
    """Make the PDF, once. It is stored where the step ends; what to remember is the SHA-256 of its bytes."""
    document_id = leased.steps[0].document_id
    with services.store.read() as connection:
        document = documents.get(connection, document_id)
        stored = document_files.file_of(connection, document_id, "pdf")
        shop = shops.get_settings(connection, document.shop_id)
    keep = make_pdf(services, shop, document) if stored is None else lambda _connection: stored
    return Done(lambda connection: keep(connection).sha256)


def document_with_pdf(services: Services, document_id: int) -> tuple[Document, bytes]:
    """A document with its stored PDF; made first where it is not there yet."""
    with services.store.read() as connection:
        document = documents.get(connection, document_id)
        stored = document_files.file_of(connection, document_id, "pdf")
    return document, pdf_of(services, document, stored)


def pdf_of(services: Services, document: Document, stored: StoredFile | None) -> bytes:
    """The bytes of the PDF of *document*: those *stored*; made first where there are none yet."""
    stored = stored or store_pdf(services, document)
    return services.archive.get(stored.path, sha256=stored.sha256)


def store_pdf(services: Services, document: Document) -> StoredFile:
    """Make the PDF of *document*, which has none yet; where another was quicker, his counts."""
    with services.store.read() as connection:
        shop = shops.get_settings(connection, document.shop_id)
    keep = make_pdf(services, shop, document)
    with services.store.write() as connection:
        return keep(connection)


def make_pdf(services: Services, shop: Shop, document: Document) -> Callable[[Connection], StoredFile]:
    """Print *document* into the archive. What is returned writes that down: until then nobody knows of the bytes."""
    document_id = document.document_id
    page = printed(services, shop, with_pay_link(services, shop, document))
    content = factur_x.with_figures(services, shop, document, page.pdf)
    # The name is new at each try: bytes that a row names are never written over.
    path = f"{document.shop_id}/{document.issued_on:%Y}/{document_id}-{secrets.token_hex(4)}.pdf"
    sha256 = services.archive.put(path, content)
    stored = StoredFile(document_id, "pdf", sha256, len(content), path, services.now())

    def keep(connection: Connection) -> StoredFile:
        tell_if_plain(connection, services, document, page.why)
        tell_way(connection, services, document, page.way)
        return document_files.add_file(connection, stored)

    return keep


def with_pay_link(services: Services, shop: Shop, document: Document) -> Document:
    """*document* as it is printed where its own page takes the payment: it leads there. What was issued stays as it is."""
    draft = document.draft
    if draft.payment is None or draft.test or not draft.asks_payment or not is_offered(draft, shop):
        return document
    with services.store.read() as connection:
        payment = replace(draft.payment, pay_url=link_of(connection, services, document))
    return replace(document, draft=replace(draft, payment=payment))


def printed(services: Services, shop: Shop, document: Document) -> Printed:
    """The PDF of *document*: what has its number is printed, even without logo or templates."""
    try:
        brand, why = branding.brand_of(services, shop), NO_MESSAGE
    except Rejected as error:
        plain = Brand(accent=shop.branding.accent, layout=shop.branding.layout)
        brand, why = plain, error.message
    made = finished_pdf(document, brand=brand)
    return replace(made, why=why or made.why)


def tell_if_plain(connection: Connection, services: Services, document: Document, why: Message) -> None:
    """Write on the trail that a document looks other than it should, and why; an alert until the next one looks right."""
    shop_id, code, now = document.shop_id, "printed_plainly", services.now()
    if not why:
        alerts.close(connection, shop_id, code=code, now=now)
        return
    message = Message(
        "{number} was printed without the shop's logo or template, for it could not be printed with them: {reason}",
        number=document.number,
        reason=why,
    )
    alerts.raise_alert(connection, shop_id, code=code, message=message, now=now)
    audit_trail.note_of(connection, document, code, message, by=Actor("worker", now))


def tell_way(connection: Connection, services: Services, document: Document, way: Way) -> None:
    """Write on the trail how a document was printed. Of the quickest way nothing is said: it is the rule."""
    if way is Way.ONCE:
        message = Message(
            "The page of {number} has something that the quick way of printing cannot make; it was printed as well, in more time.",
            number=document.number,
        )
    elif way is Way.PLAIN:
        message = Message(
            "The page of {number} has something that is only known at its end, like how many pages there are in the text; it was "
            "laid out twice, in more time.",
            number=document.number,
        )
    else:
        return
    audit_trail.note_of(connection, document, f"printed_{way}", message, by=services.actor("worker"))
