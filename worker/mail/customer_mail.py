"""What mails say: the one that brings documents to a customer, the one with a new link, and the test."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from functools import lru_cache

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from worker.domain import texts
from worker.domain.document import Document, Kind
from worker.domain.party import Buyer, Seller
from worker.domain.shop import Shop
from worker.domain.texts import TextKey, TextPart
from worker.errors import Rejected
from worker.i18n import Translator, title, titled_file_stem
from worker.i18n.formats import (
    asks_payment,
    format_iban,
    format_reference,
    format_vat_number,
    prepaid_by,
    web_address,
)
from worker.i18n.placeholders import placeholder_values
from worker.message import Message
from worker.net.email_address import EMAIL_ADDRESS

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class MailView:
    """What every mail has: the shop it is from, and its language."""

    shop: Shop
    translator: Translator

    @property
    def accent(self) -> str:
        return self.shop.branding.accent if _COLOUR.fullmatch(self.shop.branding.accent) else Shop.branding.accent

    @property
    def on_accent(self) -> str:
        """Black or white, whichever reads better on the button (relative luminance, WCAG 2)."""
        red, green, blue = (int(self.accent[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return "#000000" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.179 else "#ffffff"


@dataclass(frozen=True)
class DocumentMail(MailView):
    """What the templates see: the documents of one order, and the one among them that is about money."""

    documents: tuple[Document, ...]
    links: tuple[str, ...]

    @property
    def main(self) -> Document:
        """What is to be paid goes before what is paid, and both before what says nothing of money."""
        asking = [d for d in self.documents if asks_payment(d.draft)]
        priced = [d for d in self.documents if d.draft.kind is not Kind.DELIVERY_NOTE]
        return (asking or priced or list(self.documents))[0]

    @property
    def asks_payment(self) -> bool:
        return asks_payment(self.main.draft)

    @property
    def pay_url(self) -> str:
        payment = self.main.draft.payment
        return web_address(payment.pay_url) if payment and self.asks_payment else ""

    @property
    def button(self) -> tuple[str, str]:
        """What it says and where it leads: paying comes before reading."""
        if self.pay_url:
            return self.translator.gettext("Pay online"), self.pay_url
        return self.translator.gettext("View it online"), self.link

    @property
    def link(self) -> str:
        return self.links[self.documents.index(self.main)]

    @property
    def names(self) -> str:
        return ", ".join(self.name(document) for document in self.documents)

    def name(self, document: Document) -> str:
        return f"{self.title(document)} {document.number}"

    def title(self, document: Document) -> str:
        return title(document.draft.kind, self.translator)

    def amount(self, document: Document) -> str:
        """A delivery note names no price."""
        draft = document.draft
        return "" if draft.kind is Kind.DELIVERY_NOTE else self.translator.amount(draft.total, draft.currency)

    @property
    def placeholder_values(self) -> Mapping[str, str]:
        """The values of the placeholders of the shop's own texts, each on one line."""
        main = self.main
        known = placeholder_values(
            main.draft, number=main.number, issued_on=main.issued_on, shop=self.shop.name, translator=self.translator
        )
        return {name: one_line(value) for name, value in {**known, "documents": self.names, "link": self.link}.items()}

    @property
    def subject(self) -> str:
        test = "[TEST] " if self.main.draft.test else ""
        return one_line(
            test + texts.fill(texts.text_of(self.shop, self._key(TextPart.SUBJECT)), self.placeholder_values)
        )

    @property
    def body_lines(self) -> tuple[str, ...]:
        """The shop's words, for the text part."""
        return tuple(texts.fill(line, self.placeholder_values) for line in self._body.split("\n"))

    @property
    def body_html(self) -> tuple[Markup, ...]:
        """The shop's words, a paragraph each; only the link is more than text."""
        return tuple(
            Markup("<br>").join(self._html(line) for line in paragraph.split("\n"))
            for paragraph in re.split(r"\n\s*\n", self._body)
        )

    @property
    def _body(self) -> str:
        key = self._key(TextPart.BODY)
        several = len(self.documents) > 1 and str(key) not in self.shop.texts
        return (texts.default_body_for_several(key.language) if several else texts.text_of(self.shop, key)).strip()

    def _key(self, part: TextPart) -> TextKey:
        draft = self.main.draft
        return TextKey(part, draft.kind, draft.is_paid, self.translator.language)

    def _html(self, line: str) -> Markup:
        anchor = Markup('<a class="ink" href="{0}" style="color: #1a1f1e">{0}</a>')
        found = texts.pieces(line, self.placeholder_values)
        return Markup("").join(anchor.format(text) if name == "link" else escape(text) for name, text in found)


@dataclass(frozen=True)
class SimpleMail(MailView):
    """A few paragraphs, and one button."""

    paragraphs: tuple[str, ...]
    button: tuple[str, str] | None = None


def compose(
    shop: Shop,
    documents: tuple[tuple[Document, bytes], ...],
    *,
    link: Callable[[Document], str],
    message_id: str,
    attachments: tuple[tuple[str, bytes], ...] = (),
) -> EmailMessage:
    """Write one mail with all *documents* of an order attached, in the language of its customer.

    *attachments* are PDF files of the shop's own, by name. Raises `Rejected` where an address is missing or invalid.
    """
    issued = tuple(document for document, _ in documents)
    translator = Translator(issued[0].draft.mail_language)
    mail = DocumentMail(shop, translator, issued, tuple(link(document) for document in issued))
    draft = mail.main.draft
    message = _new_message(shop, issued[0].draft.buyer, recipients(shop, issued[0])[0], message_id=message_id)
    copies = () if shop.test or issued[0].draft.test else _addresses(shop.mail.cc)
    if copies:
        message["Cc"] = tuple(_mailbox("", address) for address in copies)
    message["Subject"] = mail.subject
    context = {"mail": mail, "draft": draft, "seller": draft.seller, "subject": mail.subject}
    message.set_content(_render("documents.txt", mail, context))
    message.add_alternative(_render("documents.html", mail, context), subtype="html")
    for document, pdf in documents:
        words = Translator(document.draft.language)
        name = f"{titled_file_stem(document.draft.kind, document.number, words)}.pdf"
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    for name, pdf in attachments:
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=one_line(name))
    message["Content-Language"] = translator.language  # last: adding parts moves every Content- header into the first
    return message


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
    message = _new_message(shop, document.draft.buyer, recipients(shop, document)[0], message_id=message_id)
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
    message = _new_message(shop, Buyer(""), to, message_id=message_id)
    return _fill_simple(message, mail, translator.gettext("Test mail of {shop}", shop=shop.name), seller=shop.seller)


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
        "{name} has no mail address to send from. Fill in the sender's address.", name=shop.name, code="mail_no_sender"
    )


def one_line(text: str) -> str:
    """Take line ends and other controls out: what would start another header, starts nothing."""
    return re.sub(" +", " ", _CONTROLS.sub(" ", text)).strip(" ")


def _new_message(shop: Shop, buyer: Buyer, to: str, *, message_id: str) -> EmailMessage:
    """A mail with everything on its envelope."""
    sender = sender_address(shop)
    message = EmailMessage()
    message["From"] = _mailbox(parseaddr(one_line(shop.mail.sender))[0] or shop.name, sender)
    message["To"] = _mailbox(buyer.name or buyer.company, to)
    reply_to = one_line(shop.mail.reply_to or shop.seller.email)
    if EMAIL_ADDRESS.fullmatch(reply_to) and reply_to != sender:
        message["Reply-To"] = _mailbox("", reply_to)
    message["Message-ID"] = one_line(message_id)
    message["Auto-Submitted"] = "auto-generated"
    return message


def _fill_simple(message: EmailMessage, mail: SimpleMail, subject: str, *, seller: Seller) -> EmailMessage:
    message["Subject"] = one_line(subject)
    context = {"mail": mail, "seller": seller, "subject": one_line(subject)}
    message.set_content(_render("simple.txt", mail, context))
    message.add_alternative(_render("simple.html", mail, context), subtype="html")
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
    return Address(one_line(name), local, ascii_domain)


def _render(template: str, mail: MailView, context: Mapping[str, object]) -> str:
    translator = mail.translator
    return (
        _environment()
        .get_template(template)
        .render(shop=mail.shop, translator=translator, _=translator.gettext, **context)
    )


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=PackageLoader("worker.mail"),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: one_line(value) if type(value) is str else value,
    )
    environment.filters |= {
        "iban": format_iban,
        "reference": format_reference,
        "prepaid": prepaid_by,
        "vat_number": format_vat_number,
    }
    return environment
