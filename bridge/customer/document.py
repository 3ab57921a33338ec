"""What the holder of a signed link sees: a small page, and the stored bytes. A GET changes nothing, however often a scanner sends it."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request

from bridge.accounts.access_log import note_reader
from bridge.context import base_path, context
from bridge.customer.linked_document import PAYABLE, LinkedDocument, load_linked_document
from bridge.errors import Notice, RefusalPage, Refused, customer_message_page, link_unknown
from bridge.page_picture import picture
from worker.domain.consumer_prices import stated_amounts
from worker.domain.document import Document, Kind
from worker.domain.shop import BrandingSettings
from worker.i18n import Translator, title
from worker.i18n.formats import format_iban, format_reference
from worker.net import document_link
from worker.queue import RUN_TASK
from worker.store import document_links, tasks
from worker.store.document_files import StoredFile
from worker.store.tasks import TaskRequest

blueprint = Blueprint("customer_document", __name__)

REFRESH_S = 4
LOOKS_LIFETIME = "private, max-age=600"
MEDIA_TYPES = {"pdf": "application/pdf", "xml": "application/xml"}
# Browsers show a PDF through a plugin of their own, which default-src 'none' alone would forbid.
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The expired page alone has a form, which posts to where it came from.
RENEWAL_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
# Who holds an old link may have one mail sent in this time, and it goes to the order's own address.
RENEWAL_INTERVAL = timedelta(hours=1)
PAGE_POLICY = (
    "default-src 'none'; style-src 'self';{more} base-uri 'none'; form-action {form_action}; frame-ancestors 'none'"
)
# Of a longer document the page shows the first lines; the PDF has them all.
MOST_LINES = 20
LOGO_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"}


@dataclass(frozen=True)
class PageNotice:
    """What the page says above all else. *is_waiting*: a payment is being made, so no other is offered; *looks_again* by itself."""

    text: str
    is_waiting: bool = False
    looks_again: bool = False


@blueprint.get("/d/<token>")
def page(token: str) -> Response:
    """The page of one document."""
    return show(open_link(token), token)


def show(linked: LinkedDocument, token: str, notice: PageNotice | None = None) -> Response:
    """The page, perhaps with a *notice* of what became of a payment."""
    notice = notice or notice_of(linked)
    is_pending = "pdf" not in linked.files and linked.is_being_made
    address = f"{base_path()}/d/{token}"
    draft, money, payment = linked.document.draft, linked.money, linked.money.payment
    content = render_template(
        "customer/document.html",
        _=linked.words.gettext,
        words=linked.words,
        document=linked.document,
        draft=draft,
        title=title(draft.kind, Translator(draft.mail_language)),
        money=money,
        credited_with=linked.credited_with,
        payable=draft.kind in PAYABLE,
        is_request=draft.kind is Kind.PAYMENT_REQUEST,
        owed=money.is_owed,
        priced=draft.kind is not Kind.DELIVERY_NOTE,
        stated=stated_amounts(draft),
        most_lines=MOST_LINES,
        payment=payment,
        notice=notice,
        pay_here=f"{address}/pay" if linked.may_pay_here and not (notice and notice.is_waiting) else "",
        pay_url=linked.shop_pay_url,
        codes=linked.payment_codes,
        iban=format_iban(payment.iban) if payment else "",
        reference=format_reference(payment.reference) if payment else "",
        of_order=linked.of_order,
        addresses=addresses_of(linked),
        names={
            other.document_id: f"{title(other.draft.kind, Translator(draft.mail_language))} {other.number}"
            for other in linked.of_order
        },
        downloads=[
            (name, f"{address}/{name}", linked.document.file_name(name)) for name in MEDIA_TYPES if name in linked.files
        ],
        logo=f"{address}/logo" if linked.shop.branding.logo else "",
        colour=f"{address}/colour.css" if linked.shop.branding.accent != BrandingSettings.accent else "",
        pdf=f"{address}/pdf",
        picture=f"{address}/page.webp" if "pdf" in linked.files else "",
        waits=is_pending,
        refresh_s=REFRESH_S if is_pending or (notice and notice.looks_again) else 0,
        base=base_path(),
    )
    response = make_response(content)
    response.headers["Content-Security-Policy"] = page_policy(linked)
    return response


def addresses_of(linked: LinkedDocument) -> dict[int, str]:
    """The pages of all documents of the order, by id, for as long as this link lives. Of a test, none: it knows no others."""
    if linked.document.draft.test:
        return {}
    now, keys = context().now(), context().settings.secret_keys
    lifetime = linked.link.expires_at - now
    return {
        other.document_id: f"{base_path()}/d/{document_link.sign(keys, other.document_id, now=now, lifetime=lifetime)}"
        for other in linked.of_order
    }


def page_policy(linked: LinkedDocument) -> str:
    """What the page may load: the shop's logo, its own picture, and where it asks for money its codes, which lie in it, and the script that copies.

    A browser drops the way to Mollie without a word where `form-action` does not name it; it leads on to the buyer's bank.
    """
    pictures = [
        *(["'self'"] if linked.shop.branding.logo or "pdf" in linked.files else []),
        *(["data:"] if linked.money.is_owed else []),
    ]
    more = " script-src 'self';" if linked.money.is_owed else ""
    more += f" img-src {' '.join(pictures)};" if pictures else ""
    pretended = urlsplit(context().settings.mollie_url)
    others = f" {pretended.scheme}://{pretended.netloc}" if pretended.scheme == "http" else ""
    return PAGE_POLICY.format(more=more, form_action=f"'self' https:{others}" if linked.may_pay_here else "'none'")


def notice_of(linked: LinkedDocument) -> PageNotice | None:
    """That a payment is under way, as far as Mollie has said."""
    if linked.may_pay_here and linked.attempt and linked.attempt.is_under_way:
        return PageNotice(linked.words.gettext("Your payment is under way: nothing is left to do."), is_waiting=True)
    return None


@blueprint.get("/d/<token>/<any(pdf, xml):file_format>")
def stored_file(token: str, file_format: str) -> Response:
    """The bytes as stored."""
    linked = open_link(token)
    stored = linked.files.get(file_format)
    if stored is None:
        raise missing_file(linked, file_format)
    response = file_response(linked.document, stored, inline=file_format == "pdf")
    response.headers["Content-Security-Policy"] = PDF_POLICY
    return response


def file_response(document: Document, stored: StoredFile, *, inline: bool) -> Response:
    """The bytes as stored. They never change: who has them already is told so (304), and they are not read again."""
    is_known = request.if_none_match.contains_weak(stored.sha256)
    content = b"" if is_known else context().archive.get(stored.path, sha256=stored.sha256)
    response = make_response(content, HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK)
    response.content_type = MEDIA_TYPES[stored.format]
    disposition = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = f'{disposition}; filename="{document.file_name(stored.format)}"'
    response.set_etag(stored.sha256)
    return response


@blueprint.get("/d/<token>/page.webp")
def first_page(token: str) -> Response:
    """The first page of the PDF as a picture."""
    linked = open_link(token)
    if "pdf" not in linked.files:
        raise missing_file(linked, "pdf")
    return picture(linked.files["pdf"], "page")


@blueprint.get("/d/<token>/logo")
def logo(token: str) -> Response:
    """The shop's logo."""
    linked = open_link(token)
    stored = linked.shop.branding.logo
    if stored is None:
        raise link_unknown(linked.words)
    response = make_response(context().archive.get(stored.path, sha256=stored.sha256))
    response.content_type = LOGO_TYPES[stored.path.rpartition(".")[2]]
    response.headers["Cache-Control"] = LOOKS_LIFETIME
    return response


@blueprint.get("/d/<token>/colour.css")
def colour(token: str) -> Response:
    """The shop's colour on the first button, with letters that can be read on it; what else can be pressed has none beside it."""
    branding = open_link(token).shop.branding
    response = make_response(
        ":root { --accent: var(--ink); }\n"
        f".button {{ background: {branding.accent}; border-color: {branding.accent}; color: {branding.on_accent}; }}\n"
    )
    response.content_type = "text/css; charset=utf-8"
    response.headers["Cache-Control"] = LOOKS_LIFETIME
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
    note_reader("who holds its link", document=linked.document.document_id)
    return linked


def read_link(token: str) -> LinkedDocument:
    """What *token* speaks of, even after it expired."""
    link = document_link.read(context().settings.secret_keys, token)
    if link is None:
        raise link_unknown()
    with context().store.read() as connection:
        linked = load_linked_document(connection, link, now=context().now())
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
