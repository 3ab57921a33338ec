"""What mails say: the one that brings documents to a customer, the one with a new link, and the test."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from worker.domain.document import Document, free_name
from worker.domain.party import Buyer, Seller
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.i18n import Translator, title, titled_file_stem
from worker.i18n.address import local_lines
from worker.i18n.formats import format_iban, format_reference, format_vat_number, prepaid_by
from worker.mail.mail_views import ByPeppol, DocumentMail, MailView, SimpleMail, one_line
from worker.mail.mime import new_mail
from worker.message import Message
from worker.net.email_address import EMAIL_ADDRESS


@dataclass(frozen=True)
class Ways:
    """How the documents of a mail can be had besides: each by its *link*, and those in *by_peppol* (by id) that way."""

    link: Callable[[Document], str]
    by_peppol: Mapping[int, ByPeppol] = field(default_factory=dict)


def compose(
    shop: Shop,
    documents: tuple[tuple[Document, bytes], ...],
    *,
    ways: Ways,
    message_id: str,
    attachments: tuple[tuple[str, bytes], ...] = (),
) -> EmailMessage:
    """Write one mail with all *documents* of an order attached, in the language of its customer.

    *attachments* are PDF files of the shop's own, by name. Raises `Rejected` where an address is missing or invalid.
    """
    issued = tuple(document for document, _ in documents)
    translator = Translator(issued[0].draft.mail_language)
    mail = DocumentMail(shop, translator, issued, tuple(map(ways.link, issued)), ways.by_peppol)
    draft = mail.main.draft
    message = new_message(shop, issued[0].draft.buyer, recipients(shop, issued[0])[0], message_id=message_id)
    put_copies(message, shop, issued[0])
    message["Subject"] = mail.subject
    context = {"mail": mail, "draft": draft, "seller": draft.seller, "subject": mail.subject}
    message.set_content(render("documents.txt", mail, context))
    message.add_alternative(render("documents.html", mail, context), subtype="html")
    attach_pdfs(message, documents, attachments)
    message["Content-Language"] = translator.language  # last: adding parts moves every Content- header into the first
    return message


def attach_pdfs(
    message: EmailMessage, documents: Iterable[tuple[Document, bytes]], others: Iterable[tuple[str, bytes]] = ()
) -> None:
    """Attach each of *documents* under a name that says what it is, then *others* under theirs; saved into one folder, none replaces another."""
    named = [(titled_file_name(document), pdf) for document, pdf in documents]
    taken = set[str]()
    for wanted, pdf in (*named, *others):
        name = free_name(one_line(wanted), taken)
        taken.add(name)
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)


def titled_file_name(document: Document) -> str:
    stem = titled_file_stem(document.draft.kind, document.number, Translator(document.draft.language))
    return f"{stem}.pdf"


def compose_new_link(shop: Shop, document: Document, *, link: str, message_id: str) -> EmailMessage:
    """Write the mail that brings a new link to a document. It goes to the order's own address, and to no other."""
    translator = Translator(document.draft.mail_language)
    name = f"{title(document.draft.kind, translator)} {document.number}"
    mail = SimpleMail(
        shop,
        translator,
        paragraphs=(
            translator.gettext("Hello {name},", name=one_line(document.draft.buyer.name))
            if document.draft.buyer.name
            else translator.gettext("Hello,"),
            translator.gettext("Here is the new link to {document} that you asked for.", document=name),
            translator.gettext("Did you not ask for it? Then you need not do anything."),
        ),
        button=(translator.gettext("View it online"), link),
    )
    subject = translator.gettext("Your new link to {document} – {shop}", document=name, shop=shop.name)
    message = new_message(shop, document.draft.buyer, recipients(shop, document)[0], message_id=message_id)
    return _fill_simple(message, mail, subject, seller=document.draft.seller)


def compose_test(shop: Shop, *, to: str, message_id: str) -> EmailMessage:
    """Write the mail that only shows that mail arrives. It is for the shop's owner."""
    translator = Translator(shop.language)
    mail = SimpleMail(
        shop,
        translator,
        paragraphs=(
            translator.gettext("This is a test mail of {shop}.", shop=shop.name),
            translator.gettext("It arrived, so documents will leave in the same way."),
            translator.gettext(
                "Did it land in the spam folder? Then read what the test said about the sender's domain."
            ),
        ),
    )
    message = new_message(shop, Buyer(""), to, message_id=message_id)
    return _fill_simple(message, mail, translator.gettext("Test mail of {shop}", shop=shop.name), seller=shop.seller)


def put_copies(message: EmailMessage, shop: Shop, document: Document) -> None:
    """Name who gets a copy that everybody may see; a test goes to nobody else."""
    copies = () if shop.test or document.draft.test else _addresses(shop.mail.cc)
    if copies:
        message["Cc"] = tuple(_mailbox("", address) for address in copies)


def recipients(shop: Shop, document: Document) -> tuple[str, ...]:
    """The envelope: first who the mail is for, then the copies. A test goes to the shop itself only."""
    if shop.test or document.draft.test:
        return (sender_address(shop),)
    first = _buyer_address(document)
    copies = (*_addresses(shop.mail.cc), *_addresses(shop.mail.bcc))
    return (first, *(address for address in dict.fromkeys(copies) if address != first))


def sender_address(shop: Shop) -> str:
    """The address that the shop writes from."""
    for candidate in (parseaddr(one_line(shop.mail.sender))[1], one_line(shop.seller.email)):
        if EMAIL_ADDRESS.fullmatch(candidate):
            return candidate
    raise Rejected(
        "{name} has no mail address to send from. Fill in the sender, or the mail address of your company.",
        name=shop.name,
        code="mail_no_sender",
    )


def from_mailbox(shop: Shop) -> Address:
    """What its mails say of whom they are from."""
    return _mailbox(parseaddr(one_line(shop.mail.sender))[0] or shop.name, sender_address(shop))


def new_message(shop: Shop, buyer: Buyer, to: str, *, message_id: str) -> EmailMessage:
    """A mail with everything on its envelope."""
    message = new_mail()
    message["From"] = str(from_mailbox(shop))
    message["To"] = _mailbox(buyer.name or buyer.company, to)
    name, reply_to = parseaddr(one_line(shop.mail.reply_to or shop.seller.email))
    if EMAIL_ADDRESS.fullmatch(reply_to) and reply_to != sender_address(shop):
        message["Reply-To"] = str(_mailbox(name, reply_to))
    message["Message-ID"] = one_line(message_id)
    message["Auto-Submitted"] = "auto-generated"
    return message


def _fill_simple(message: EmailMessage, mail: SimpleMail, subject: str, *, seller: Seller) -> EmailMessage:
    message["Subject"] = one_line(subject)
    context = {"mail": mail, "seller": seller, "subject": one_line(subject)}
    message.set_content(render("simple.txt", mail, context))
    message.add_alternative(render("simple.html", mail, context), subtype="html")
    message["Content-Language"] = mail.translator.language
    return message


def _addresses(text: str) -> tuple[str, ...]:
    """The addresses in a setting; what is none is left out."""
    return tuple(address for _, address in getaddresses([text]) if EMAIL_ADDRESS.fullmatch(address))


def _buyer_address(document: Document) -> str:
    draft = document.draft
    address = one_line(draft.buyer.email)
    if EMAIL_ADDRESS.fullmatch(address):
        return address
    reason = (
        Message("“{address}” is not a mail address", address=address)
        if address
        else Message("the customer left no mail address")
    )
    raise Rejected(
        "Order {order_number}: {reason}. Send the document to another address.",
        order_number=draft.order_number,
        reason=reason,
        code="mail_no_address",
    )


def _mailbox(name: str, address: str) -> Address:
    """An address for a header; a domain outside ASCII goes as its punycode form."""
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError as error:
        raise Rejected("“{address}” is not a mail address.", address=address, code="mail_no_address") from error
    # Where it stands in a header so, it would be read as encoded: another address, or a line end that no mail may have.
    return Address(one_line(name).replace("=?", "= ?"), local, ascii_domain)


def render(template: str, mail: MailView, context: Mapping[str, object]) -> str:
    translator = mail.translator
    return (
        _environment()
        .get_template(template)
        .render(shop=mail.shop, translator=translator, _=translator.gettext, **context)
    )


def preload() -> None:
    """Make the code of each template before the first mail is waited for."""
    environment = _environment()
    for name in environment.list_templates():
        environment.get_template(name)


def keeping(sentence: str, part: str) -> Markup:
    """*sentence* as HTML in which *part* stays on one line: after the dots of a card's code a browser begins a new one."""
    kept = Markup('<span style="white-space: nowrap">{}</span>').format(part)
    return Markup(str(escape(sentence)).replace(str(escape(part)), kept)) if part else escape(sentence)  # noqa: S704  # both are escaped


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("worker.mail"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: one_line(value) if type(value) is str else value,
    )
    environment.filters |= {
        "iban": format_iban,
        "local_lines": local_lines,
        "reference": format_reference,
        "prepaid": prepaid_by,
        "keeping": keeping,
        "vat_number": format_vat_number,
    }
    return environment
