"""The mail that brings documents to a customer: subject, text, HTML and the PDF files."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from functools import lru_cache

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from worker.domain.document import Document, Kind
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.words import Words, file_stem, title
from worker.words.printed import asks_payment, iban, structured_communication, vat_number, web_address

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


@dataclass(frozen=True)
class Letter:
    """What the templates see: the documents of one order, and the one among them that is about money."""

    shop: Shop
    documents: tuple[Document, ...]
    links: tuple[str, ...]
    words: Words

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
    def accent(self) -> str:
        return self.shop.accent if _COLOUR.fullmatch(self.shop.accent) else Shop.accent

    @property
    def on_accent(self) -> str:
        """Black or white, whichever reads better on the button (relative luminance, WCAG 2)."""
        red, green, blue = (int(self.accent[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return "#000000" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.179 else "#ffffff"

    @property
    def button(self) -> tuple[str, str]:
        """What it says and where it leads: paying comes before reading."""
        if self.pay_url:
            return self.words.gettext("Pay online"), self.pay_url
        link = self.links[self.documents.index(self.main)]
        return self.words.gettext("View it online"), link

    @property
    def names(self) -> str:
        return ", ".join(self.name(document) for document in self.documents)

    def name(self, document: Document) -> str:
        return f"{self.title(document)} {document.number}"

    def title(self, document: Document) -> str:
        return title(document.draft.kind, self.words)

    def amount(self, document: Document) -> str:
        """A delivery note names no price."""
        draft = document.draft
        return "" if draft.kind is Kind.DELIVERY_NOTE else self.words.amount(draft.total, draft.currency)

    @property
    def introduction(self) -> str:
        _ = self.words.gettext
        order, shop = self.main.draft.order_number, self.shop.name
        if len(self.documents) > 1:
            return _("Here are the documents of your order {order} at {shop}.", order=order, shop=shop)
        match self.main.draft.kind:
            case Kind.ORDER_CONFIRMATION:
                return _(
                    "Thank you for your order {order} at {shop}. Here is its confirmation.", order=order, shop=shop
                )
            case Kind.DELIVERY_NOTE:
                return _("Here is the delivery note of your order {order} at {shop}.", order=order, shop=shop)
            case Kind.INVOICE:
                return _("Here is the invoice of your order {order} at {shop}.", order=order, shop=shop)
            case Kind.CREDIT_NOTE:
                return _("Here is a credit note for your order {order} at {shop}.", order=order, shop=shop)


def compose(
    shop: Shop,
    documents: tuple[tuple[Document, bytes], ...],
    *,
    link: Callable[[Document], str],
    message_id: str,
) -> EmailMessage:
    """Write one mail with all *documents* of an order attached, in the language of the first.

    Raises `Rejected` where an address is missing or is none.
    """
    papers = tuple(document for document, _ in documents)
    words = Words(papers[0].draft.language)
    letter = Letter(shop, papers, tuple(link(document) for document in papers), words)
    message = EmailMessage()
    _address(message, letter)
    message["Message-ID"] = one_line(message_id)
    message["Subject"] = one_line(_render("documents.subject.txt", letter))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_render("documents.txt", letter))
    message.add_alternative(_render("documents.html", letter), subtype="html")
    for document, pdf in documents:
        name = f"{file_stem(document.draft.kind, document.number, words)}.pdf"
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    message["Content-Language"] = words.language  # last: adding parts moves every Content- header into the first
    return message


def recipients(shop: Shop, document: Document) -> tuple[str, ...]:
    """The envelope: first who the mail is for, then the blind copies. A test goes to the shop itself only."""
    if shop.test or document.draft.test:
        return (own_address(shop),)
    copies = (address for _, address in getaddresses([shop.mail_bcc]))
    return (_buyer_address(document), *(address for address in copies if _ADDRESS.fullmatch(address)))


def own_address(shop: Shop) -> str:
    """The address that the shop writes from."""
    for candidate in (parseaddr(one_line(shop.mail_from))[1], one_line(shop.seller.email)):
        if _ADDRESS.fullmatch(candidate):
            return candidate
    raise Rejected(
        f"{shop.name} has no mail address to send from. Fill in the sender's address.", code="mail_no_sender"
    )


def one_line(text: str) -> str:
    """Take line ends and other controls out: what would start another header, starts nothing."""
    return re.sub(" +", " ", _CONTROLS.sub(" ", text)).strip(" ")


def _address(message: EmailMessage, letter: Letter) -> None:
    shop, document = letter.shop, letter.documents[0]
    sender = own_address(shop)
    name = parseaddr(one_line(shop.mail_from))[0] or shop.name
    to = recipients(shop, document)[0]
    message["From"] = _mailbox(name, sender)
    message["To"] = _mailbox(document.draft.buyer.name or document.draft.buyer.company, to)
    reply_to = one_line(shop.mail_reply_to or shop.seller.email)
    if _ADDRESS.fullmatch(reply_to) and reply_to != sender:
        message["Reply-To"] = _mailbox("", reply_to)


def _buyer_address(document: Document) -> str:
    draft = document.draft
    address = one_line(draft.buyer.email)
    if _ADDRESS.fullmatch(address):
        return address
    what = f"“{address}” is not a mail address" if address else "The customer left no mail address"
    raise Rejected(f"Order {draft.order_number}: {what}. Send the document to another address.", code="mail_no_address")


def _mailbox(name: str, address: str) -> Address:
    """An address for a header; a domain outside ASCII goes as its punycode form."""
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError as error:
        raise Rejected(f"“{address}” is not a mail address.", code="mail_no_address") from error
    return Address(one_line(name), local, ascii_domain)


def _render(template: str, letter: Letter) -> str:
    return (
        _environment()
        .get_template(template)
        .render(letter=letter, shop=letter.shop, words=letter.words, draft=letter.main.draft, _=letter.words.gettext)
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
    environment.filters |= {"iban": iban, "ogm": structured_communication, "vat_number": vat_number}
    return environment
