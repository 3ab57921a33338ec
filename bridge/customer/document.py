"""What the holder of a signed link sees: a small page, and the stored bytes. A GET changes nothing, however often a scanner sends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from http import HTTPStatus

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy import Connection

from bridge.context import base_path, context
from bridge.errors import Notice, RefusalPage, Refused, customer_message_page, link_unknown
from bridge.i18n.translate import CATALOG_PACKAGE
from worker.domain.document import Document, History, Kind
from worker.domain.money import ZERO
from worker.domain.payment import Balance
from worker.domain.step import RENDER
from worker.i18n import Translator, title
from worker.i18n.formats import format_iban, format_reference, web_address
from worker.net import document_link
from worker.net.document_link import DocumentLink
from worker.queue import RUN_TASK
from worker.store import document_balances, document_files, document_links, documents, orders, steps, tasks
from worker.store.document_files import StoredFile
from worker.store.document_links import LinkRevocation
from worker.store.tasks import TaskRequest

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
# In all others the shop's pay page refuses, whatever it did when the document was made (docs/woocommerce-contract.md §4).
PAYABLE_STATUSES = ("pending", "failed")


@dataclass(frozen=True)
class DocumentStatus:
    """What became of a document. *paid_on* is None where it is not paid."""

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
    revocation: LinkRevocation | None
    status: DocumentStatus
    files: Mapping[str, StoredFile]
    is_being_made: bool
    may_pay_online: bool = True  # as far as the order was seen last, the shop still takes its payment

    @property
    def words(self) -> Translator:
        return Translator(self.document.draft.mail_language, package=CATALOG_PACKAGE)

    @property
    def seller(self) -> str:
        return self.document.draft.seller.name

    @property
    def is_owed(self) -> bool:
        """Whether there is something to pay on it."""
        return self.document.draft.kind in PAYABLE and self.status.open > 0


@blueprint.get("/d/<token>")
def page(token: str) -> Response:
    """The page of one document."""
    linked = open_link(token)
    is_pending = "pdf" not in linked.files and linked.is_being_made
    address = f"{base_path()}/d/{token}"
    draft = linked.document.draft
    content = render_template(
        "customer/document.html",
        _=linked.words.gettext,
        words=linked.words,
        document=linked.document,
        draft=draft,
        title=title(draft.kind, Translator(draft.mail_language)),
        standing=linked.status,
        payable=draft.kind in PAYABLE,
        owed=linked.is_owed,
        priced=draft.kind is not Kind.DELIVERY_NOTE,
        means=draft.payment.means if draft.payment else None,
        pay_url=web_address(draft.payment.pay_url)
        if draft.payment and linked.is_owed and linked.may_pay_online
        else "",
        iban=format_iban(draft.payment.iban) if draft.payment else "",
        reference=format_reference(draft.payment.reference) if draft.payment else "",
        downloads=[
            (name, f"{address}/{name}", linked.document.file_name(name)) for name in MEDIA_TYPES if name in linked.files
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
    stored = linked.files.get(file_format)
    if stored is None:
        raise missing_file(linked, file_format)
    content = context().archive.get(stored.path, sha256=stored.sha256)
    response = make_response(content)
    response.content_type = MEDIA_TYPES[file_format]
    disposition = "inline" if file_format == "pdf" else "attachment"
    response.headers["Content-Disposition"] = f'{disposition}; filename="{linked.document.file_name(file_format)}"'
    response.headers["Content-Security-Policy"] = PDF_POLICY
    response.set_etag(stored.sha256)
    response.make_conditional(request)
    return response


@blueprint.post("/d/<token>/renew")
def renew(token: str) -> Response:
    """Have a new link mailed to the order's own address. The answer is the same whether that can be done or not."""
    linked = read_link(token)
    with context().store.write() as connection:
        task_id = tasks.request_once(
            connection,
            TaskRequest(
                shop_id=linked.document.shop_id,
                kind="renew_link",
                argument={"document_id": linked.document.document_id},
                requested_by="customer",
            ),
            now=context().now(),
            within=RENEWAL_INTERVAL,
        )
    if task_id is not None:
        context().enqueuer.enqueue(RUN_TASK, task_id)
    words = linked.words
    message = words.gettext(
        "If the order has a mail address, a new link is on its way there. If nothing comes, ask {seller} for one.",
        seller=linked.seller,
    )
    return customer_message_page(HTTPStatus.OK, words, Notice(words.gettext("Look in your mailbox"), message))


class LinkExpired(Exception):
    """The link of *linked* was good once; its page offers a new one."""

    def __init__(self, linked: LinkedDocument) -> None:
        super().__init__("this link has expired")
        self.linked = linked


@blueprint.errorhandler(LinkExpired)
def expired_page(error: LinkExpired) -> Response:
    linked = error.linked
    content = render_template(
        "customer/expired.html",
        _=linked.words.gettext,
        words=linked.words,
        seller=linked.seller,
        date=linked.words.date(linked.link.expires_at.date()),
        renew=f"{base_path()}/d/{(request.view_args or {})['token']}/renew",
        base=base_path(),
        refresh_s=0,
    )
    response = make_response(content, HTTPStatus.GONE)
    response.headers["Content-Security-Policy"] = RENEWAL_POLICY
    return response


def open_link(token: str) -> LinkedDocument:
    """What *token* gives. Raises LinkExpired, or Refused with why it gives nothing."""
    linked = read_link(token)
    if linked.link.has_expired(context().now()):
        raise LinkExpired(linked)
    return linked


def read_link(token: str) -> LinkedDocument:
    """What *token* speaks of, even after it expired."""
    link = document_link.read(context().settings.secret_keys, token)
    if link is None:
        raise link_unknown()
    with context().store.read() as connection:
        linked = load_linked_document(connection, link)
    if linked is None:
        raise link_unknown()
    if not document_links.is_valid(linked.revocation, signed_at=link.signed_at):
        raise link_revoked(linked)
    return linked


def link_revoked(linked: LinkedDocument) -> Refused:
    words = linked.words
    return Refused(
        HTTPStatus.FORBIDDEN,
        "link_revoked",
        words.gettext(
            "The document can no longer be seen through this link. Ask {seller} for it.", seller=linked.seller
        ),
        page=RefusalPage(title=words.gettext("This link was withdrawn"), language=words.language),
    )


def load_linked_document(connection: Connection, link: DocumentLink) -> LinkedDocument | None:
    document = documents.find(connection, link.document_id)
    if document is None or link.is_older_than(document.issued_at):
        return None
    draft = document.draft
    history = documents.history(connection, document.shop_id, draft.order_id, draft.order_key)
    balances = document_balances.of_documents(connection, [made.document_id for made in history.documents])
    revocations = document_links.of_documents(connection, [document.document_id])
    files = document_files.files_of(connection, [document.document_id])
    order = orders.find(connection, document.shop_id, draft.order_id)
    render = steps.of_document(connection, document.document_id).get(RENDER)
    return LinkedDocument(
        link=link,
        document=document,
        revocation=revocations.get(document.document_id),
        status=status_of(document, history, balances),
        files={stored.format: stored for stored in files.get(document.document_id, ())},
        is_being_made=render is not None and render.state in ("waiting", "running"),
        may_pay_online=order is None or order.status in PAYABLE_STATUSES,
    )


def status_of(document: Document, history: History, balances: Mapping[int, Balance]) -> DocumentStatus:
    """What became of *document*; a confirmation is paid when the order's invoice is."""
    draft, own = document.draft, balances[document.document_id]
    others = history.documents if draft.kind is Kind.ORDER_CONFIRMATION else ()
    invoices = [balances[other.document_id] for other in others if other.draft.kind is Kind.INVOICE]
    # Of an invoice it is among the payments; a confirmation has none.
    by_card = draft.total - draft.to_pay if draft.kind is Kind.ORDER_CONFIRMATION else ZERO
    paid_on = draft.paid_on or next((balance.paid_on for balance in (own, *invoices) if balance.is_paid), None)
    return DocumentStatus(
        paid=paid_on is not None,
        paid_on=paid_on,
        credited_with=history.credit_notes_of(document),
        credited=own.credited or ZERO,
        open=ZERO if paid_on is not None else own.open - by_card,
    )


def missing_file(linked: LinkedDocument, file_format: str) -> Refused:
    """404: the PDF is on its way, or this document has no such file."""
    words = linked.words
    if file_format == "pdf" and linked.is_being_made:
        return Refused(
            HTTPStatus.NOT_FOUND,
            "file_being_made",
            words.gettext("This usually takes only a few seconds. This page looks again by itself."),
            headers={"Retry-After": str(REFRESH_S)},
            page=RefusalPage(title=words.gettext("The PDF is being made"), language=words.language),
        )
    return link_unknown(words)
