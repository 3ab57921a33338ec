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
from worker.domain.texts import Key, Part
from worker.errors import Rejected
from worker.i18n import Words, file_stem, title
from worker.i18n.formats import asks_payment, iban, structured_communication, vat_number, web_address
from worker.i18n.placeholders import facts
from worker.net.email_address import ADDRESS

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Sheet:
    """What every mail has: the shop it is from, and its language."""

    shop: Shop
    words: Words

    @property
    def accent(self) -> str:
        return self.shop.accent if _COLOUR.fullmatch(self.shop.accent) else Shop.accent

    @property
    def on_accent(self) -> str:
        """Black or white, whichever reads better on the button (relative luminance, WCAG 2)."""
        red, green, blue = (int(self.accent[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return "#000000" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.179 else "#ffffff"


@dataclass(frozen=True)
class Letter(Sheet):
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
            return self.words.gettext("Pay online"), self.pay_url
        return self.words.gettext("View it online"), self.link

    @property
    def link(self) -> str:
        return self.links[self.documents.index(self.main)]

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
    def facts(self) -> Mapping[str, str]:
        """What the placeholders of the shop's own words stand for, each on one line."""
        main = self.main
        known = facts(main.draft, number=main.number, issued_on=main.issued_on, shop=self.shop.name, words=self.words)
        return {name: one_line(value) for name, value in {**known, "documents": self.names, "link": self.link}.items()}

    @property
    def subject(self) -> str:
        test = "[TEST] " if self.main.draft.test else ""
        return one_line(test + texts.fill(texts.text_of(self.shop, self._key(Part.SUBJECT)), self.facts))

    @property
    def body_lines(self) -> tuple[str, ...]:
        """The shop's words, for the text part."""
        return tuple(texts.fill(line, self.facts) for line in self._body.split("\n"))

    @property
    def body_html(self) -> tuple[Markup, ...]:
        """The shop's words, a paragraph each; only the link is more than text."""
        return tuple(
            Markup("<br>").join(self._html(line) for line in paragraph.split("\n"))
            for paragraph in re.split(r"\n\s*\n", self._body)
        )

    @property
    def _body(self) -> str:
        key = self._key(Part.BODY)
        together = len(self.documents) > 1 and str(key) not in self.shop.texts
        return (texts.several(key.language) if together else texts.text_of(self.shop, key)).strip()

    def _key(self, part: Part) -> Key:
        draft = self.main.draft
        return Key(part, draft.kind, draft.is_paid, self.words.language)

    def _html(self, line: str) -> Markup:
        anchor = Markup('<a class="ink" href="{0}" style="color: #1a1f1e">{0}</a>')
        found = texts.pieces(line, self.facts)
        return Markup("").join(anchor.format(text) if name == "link" else escape(text) for name, text in found)


@dataclass(frozen=True)
class Note(Sheet):
    """A few sentences, and one button where there is something to press."""

    paragraphs: tuple[str, ...]
    button: tuple[str, str] | None = None


def compose(
    shop: Shop,
    documents: tuple[tuple[Document, bytes], ...],
    *,
    link: Callable[[Document], str],
    message_id: str,
    enclosed: tuple[tuple[str, bytes], ...] = (),
) -> EmailMessage:
    """Write one mail with all *documents* of an order attached, in the language of the first.

    *enclosed* are PDF files of the shop's own, by name. Raises `Rejected` where an address is missing or is none.
    """
    papers = tuple(document for document, _ in documents)
    words = Words(papers[0].draft.language)
    letter = Letter(shop, words, papers, tuple(link(document) for document in papers))
    draft = letter.main.draft
    message = _begun(shop, papers[0].draft.buyer, recipients(shop, papers[0])[0], message_id=message_id)
    copies = () if shop.test or papers[0].draft.test else _addresses(shop.mail_cc)
    if copies:
        message["Cc"] = tuple(_mailbox("", address) for address in copies)
    message["Subject"] = letter.subject
    shown = {"letter": letter, "draft": draft, "seller": draft.seller, "subject": letter.subject}
    message.set_content(_render("documents.txt", letter, shown))
    message.add_alternative(_render("documents.html", letter, shown), subtype="html")
    for document, pdf in documents:
        name = f"{file_stem(document.draft.kind, document.number, words)}.pdf"
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    for name, pdf in enclosed:
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=one_line(name))
    message["Content-Language"] = words.language  # last: adding parts moves every Content- header into the first
    return message


def compose_link(shop: Shop, document: Document, *, link: str, message_id: str) -> EmailMessage:
    """Write the mail that brings a new link to a document. It goes to the order's own address, and to no other."""
    words = Words(document.draft.language)
    name = f"{title(document.draft.kind, words)} {document.number}"
    note = Note(
        shop,
        words,
        paragraphs=(
            words.gettext("Hello {name},", name=one_line(document.draft.buyer.name))
            if document.draft.buyer.name
            else words.gettext("Hello,"),
            words.gettext("Here is the new link to {document} that you asked for.", document=name),
            words.gettext("Did you not ask for it? Then you need not do anything."),
        ),
        button=(words.gettext("View it online"), link),
    )
    subject = words.gettext("Your new link to {document} – {shop}", document=name, shop=shop.name)
    message = _begun(shop, document.draft.buyer, recipients(shop, document)[0], message_id=message_id)
    return _noted(message, note, subject, seller=document.draft.seller)


def compose_test(shop: Shop, *, to: str, message_id: str) -> EmailMessage:
    """Write the mail that only shows that mail arrives. It is for the shop's owner."""
    words = Words(shop.language)
    note = Note(
        shop,
        words,
        paragraphs=(
            words.gettext("This is a test mail of {shop}.", shop=shop.name),
            words.gettext("It arrived, so documents will leave in the same way."),
            words.gettext("Did it land in the spam folder? Then read what the test said about the sender's domain."),
        ),
    )
    message = _begun(shop, Buyer(""), to, message_id=message_id)
    return _noted(message, note, words.gettext("Test mail of {shop}", shop=shop.name), seller=shop.seller)


def recipients(shop: Shop, document: Document) -> tuple[str, ...]:
    """The envelope: first who the mail is for, then the copies. A test goes to the shop itself only."""
    if shop.test or document.draft.test:
        return (own_address(shop),)
    first = _buyer_address(document)
    copies = (*_addresses(shop.mail_cc), *_addresses(shop.mail_bcc))
    return (first, *(address for address in dict.fromkeys(copies) if address != first))


def own_address(shop: Shop) -> str:
    """The address that the shop writes from."""
    for candidate in (parseaddr(one_line(shop.mail_from))[1], one_line(shop.seller.email)):
        if ADDRESS.fullmatch(candidate):
            return candidate
    raise Rejected(
        f"{shop.name} has no mail address to send from. Fill in the sender's address.", code="mail_no_sender"
    )


def one_line(text: str) -> str:
    """Take line ends and other controls out: what would start another header, starts nothing."""
    return re.sub(" +", " ", _CONTROLS.sub(" ", text)).strip(" ")


def _begun(shop: Shop, buyer: Buyer, to: str, *, message_id: str) -> EmailMessage:
    """A mail with everything on its envelope."""
    sender = own_address(shop)
    message = EmailMessage()
    message["From"] = _mailbox(parseaddr(one_line(shop.mail_from))[0] or shop.name, sender)
    message["To"] = _mailbox(buyer.name or buyer.company, to)
    reply_to = one_line(shop.mail_reply_to or shop.seller.email)
    if ADDRESS.fullmatch(reply_to) and reply_to != sender:
        message["Reply-To"] = _mailbox("", reply_to)
    message["Message-ID"] = one_line(message_id)
    message["Auto-Submitted"] = "auto-generated"
    return message


def _noted(message: EmailMessage, note: Note, subject: str, *, seller: Seller) -> EmailMessage:
    message["Subject"] = one_line(subject)
    shown = {"note": note, "seller": seller, "subject": one_line(subject)}
    message.set_content(_render("note.txt", note, shown))
    message.add_alternative(_render("note.html", note, shown), subtype="html")
    message["Content-Language"] = note.words.language
    return message


def _addresses(text: str) -> tuple[str, ...]:
    """The addresses in a setting; what is none is left out."""
    return tuple(address for _, address in getaddresses([text]) if ADDRESS.fullmatch(address))


def _buyer_address(document: Document) -> str:
    draft = document.draft
    address = one_line(draft.buyer.email)
    if ADDRESS.fullmatch(address):
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


def _render(template: str, sheet: Sheet, shown: Mapping[str, object]) -> str:
    words = sheet.words
    return _environment().get_template(template).render(shop=sheet.shop, words=words, _=words.gettext, **shown)


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
