"""What the holder of a signed link sees: a small page, and the stored bytes. Looking changes nothing, however often a scanner does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy import Connection

from bridge.context import base_path, context
from bridge.errors import message_page, phrases_of_visitor
from bridge.i18n.phrases import HARD_SPACE, Phrases
from worker.domain.document import Document, Kind
from worker.domain.money import total_of
from worker.net import document_link
from worker.net.document_link import DocumentLink
from worker.queue import RUN_TASK
from worker.store import documents, steps, tasks
from worker.store.documents import Mark, StoredFile
from worker.store.steps import StepName

blueprint = Blueprint("customer_document", __name__)

REFRESH_S = 4
MEDIA_TYPES = {"pdf": "application/pdf", "xml": "application/xml"}
# Browsers show a PDF through a plugin of their own, which default-src 'none' alone would forbid.
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The expired page alone has a form, which posts to where it came from.
RENEWAL_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
# Who holds an old link may have one mail sent in this time, and it goes to the order's own address.
RENEWAL_INTERVAL = timedelta(hours=1)
# A delivery note says what is in the parcel, not what it costs; a credit note is not paid by whoever reads it.
PAYABLE = (Kind.INVOICE, Kind.ORDER_CONFIRMATION)


@dataclass(frozen=True)
class DocumentStatus:
    """What became of a document. *paid_on* is None where it is not paid, or paid on a day that nobody wrote down."""

    paid: bool
    paid_on: date | None
    credited_with: tuple[Document, ...]
    credited: Decimal
    open: Decimal


@dataclass(frozen=True)
class LinkedDocument:
    """What a valid link gives: the document, what became of it, and its files by format."""

    link: DocumentLink
    document: Document
    marks: Mapping[str, Mark]
    status: DocumentStatus
    files: Mapping[str, StoredFile]
    is_being_made: bool

    @property
    def phrases(self) -> Phrases:
        return Phrases(self.document.draft.language)

    @property
    def is_owed(self) -> bool:
        """Whether there is something to pay on it."""
        return self.document.draft.kind in PAYABLE and self.status.open > 0


@blueprint.get("/d/<token>")
def page(token: str) -> Response:
    """The page of one document."""
    linked = open_link(token)
    if isinstance(linked, Response):
        return linked
    is_pending = "pdf" not in linked.files and linked.is_being_made
    address = f"{base_path()}/d/{token}"
    content = render_template(
        "customer/document.html",
        phrases=linked.phrases,
        document=linked.document,
        draft=linked.document.draft,
        title=linked.phrases.title(linked.document.draft.kind),
        standing=linked.status,
        payable=linked.document.draft.kind in PAYABLE,
        owed=linked.is_owed,
        priced=linked.document.draft.kind is not Kind.DELIVERY_NOTE,
        pay_url=safe_pay_url(linked.document) if linked.is_owed else "",
        iban=iban(linked.document),
        reference=reference(linked.document),
        downloads=[
            (name, f"{address}/{name}", file_name(linked.document, name))
            for name in MEDIA_TYPES
            if name in linked.files
        ],
        waits=is_pending,
        refresh_s=REFRESH_S if is_pending else 0,
        base=base_path(),
    )
    return make_response(content)


@blueprint.get("/d/<token>/<any(pdf, xml):file_format>")
def stored_file(token: str, file_format: str) -> Response:
    """The bytes as stored."""
    linked = open_link(token)
    if isinstance(linked, Response):
        return linked
    stored = linked.files.get(file_format)
    if stored is None:
        return missing_file_page(linked, file_format)
    content = context().archive.get(stored.path, sha256=stored.sha256)
    response = make_response(content)
    response.content_type = MEDIA_TYPES[file_format]
    disposition = "inline" if file_format == "pdf" else "attachment"
    response.headers["Content-Disposition"] = f'{disposition}; filename="{file_name(linked.document, file_format)}"'
    response.headers["Content-Security-Policy"] = PDF_POLICY
    response.set_etag(stored.sha256)
    response.make_conditional(request)
    return response


@blueprint.post("/d/<token>/renew")
def renew(token: str) -> Response:
    """Have a new link mailed to the order's own address. The answer is the same whether that can be done or not."""
    linked = read_link(token)
    if isinstance(linked, Response):
        return linked
    with context().store.write() as connection:
        task_id = tasks.request_once(
            connection,
            shop_id=linked.document.shop_id,
            kind="renew_link",
            argument={"document_id": linked.document.document_id},
            requested_by="customer",
            now=context().now(),
            within=RENEWAL_INTERVAL,
        )
    if task_id is not None:
        context().enqueuer.enqueue(RUN_TASK, task_id)
    return message_page(HTTPStatus.OK, linked.phrases, "renewed", seller=linked.document.draft.seller.name)


def open_link(token: str) -> LinkedDocument | Response:
    """What *token* gives, or the page that says why it gives nothing."""
    linked = read_link(token)
    if isinstance(linked, LinkedDocument) and linked.link.has_expired(context().now()):
        return expired_page(linked, token)
    return linked


def expired_page(linked: LinkedDocument, token: str) -> Response:
    content = render_template(
        "customer/expired.html",
        phrases=linked.phrases,
        seller=linked.document.draft.seller.name,
        date=linked.phrases.date(linked.link.expires_at.date()),
        renew=f"{base_path()}/d/{token}/renew",
        base=base_path(),
    )
    response = make_response(content, HTTPStatus.GONE)
    response.headers["Content-Security-Policy"] = RENEWAL_POLICY
    return response


def read_link(token: str) -> LinkedDocument | Response:
    """What *token* speaks of, even after it expired."""
    link = document_link.read(context().settings.secret_keys, token)
    if link is None:
        return message_page(HTTPStatus.NOT_FOUND, phrases_of_visitor(), "unknown")
    with context().store.read() as connection:
        linked = load_linked_document(connection, link)
    if linked is None:
        return message_page(HTTPStatus.NOT_FOUND, phrases_of_visitor(), "unknown")
    seller = linked.document.draft.seller.name
    if not documents.link_is_valid(linked.marks, signed_at=link.signed_at):
        return message_page(HTTPStatus.FORBIDDEN, linked.phrases, "revoked", seller=seller)
    return linked


def load_linked_document(connection: Connection, link: DocumentLink) -> LinkedDocument | None:
    document = documents.find(connection, link.document_id)
    if document is None or link.is_older_than(document.issued_at):
        return None
    draft = document.draft
    history = documents.history(connection, document.shop_id, draft.order_id, draft.order_key)
    marks = documents.marks_of(connection, [made.document_id for made in history.documents])
    files = documents.files_of(connection, [document.document_id])
    render = steps.of_document(connection, document.document_id).get(StepName.RENDER)
    return LinkedDocument(
        link=link,
        document=document,
        marks=marks.get(document.document_id, {}),
        status=status_of(document, history.credit_notes_of(document), paid_marks(document, history.documents, marks)),
        files={stored.format: stored for stored in files.get(document.document_id, ())},
        is_being_made=render is not None and render.state in ("waiting", "running"),
    )


def paid_marks(
    document: Document, order_documents: tuple[Document, ...], marks: Mapping[int, Mapping[str, Mark]]
) -> tuple[Mark, ...]:
    """The marks that say *document* is paid: its own, and for a confirmation that of the order's invoice."""
    document_ids = {document.document_id}
    if document.draft.kind is Kind.ORDER_CONFIRMATION:
        document_ids |= {other.document_id for other in order_documents if other.draft.kind is Kind.INVOICE}
    return tuple(marks[which]["paid"] for which in sorted(document_ids) if "paid" in marks.get(which, {}))


def status_of(document: Document, credited_with: tuple[Document, ...], paid: tuple[Mark, ...]) -> DocumentStatus:
    draft = document.draft
    credited = total_of(credit_note.draft.total for credit_note in credited_with)
    is_paid = draft.is_paid or bool(paid)
    return DocumentStatus(
        paid=is_paid,
        paid_on=draft.paid_on or next((mark.on_date for mark in paid), None),
        credited_with=credited_with,
        credited=credited,
        open=total_of(()) if is_paid else draft.total - credited,
    )


def missing_file_page(linked: LinkedDocument, file_format: str) -> Response:
    """404: the PDF is on its way, or this document has no such file."""
    if file_format == "pdf" and linked.is_being_made:
        response = message_page(HTTPStatus.NOT_FOUND, linked.phrases, "being_made", refresh_s=REFRESH_S)
        response.headers["Retry-After"] = str(REFRESH_S)
        return response
    return message_page(HTTPStatus.NOT_FOUND, linked.phrases, "unknown")


def file_name(document: Document, file_format: str) -> str:
    """A name that no file system and no header can take amiss: a number may hold a slash."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", document.number).strip("-.")
    return f"{stem or document.document_id}.{file_format}"


def safe_pay_url(document: Document) -> str:
    """Where to pay online. The address came with the order: anything but a web address is left out."""
    address = document.draft.payment.pay_url if document.draft.payment else ""
    return address if urlsplit(address).scheme in ("http", "https") else ""


def iban(document: Document) -> str:
    """The account in groups of four, as banks print it."""
    number = "".join(document.draft.payment.iban.split()) if document.draft.payment else ""
    return HARD_SPACE.join(number[i : i + 4] for i in range(0, len(number), 4))


def reference(document: Document) -> str:
    """The structured communication as banks print it: +++123/4567/89012+++."""
    digits = document.draft.payment.reference if document.draft.payment else ""
    return f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++" if re.fullmatch(r"[0-9]{12}", digits) else digits
