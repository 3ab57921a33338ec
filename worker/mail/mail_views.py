"""What the templates of customers' mails see."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from markupsafe import Markup, escape

from worker.domain import texts
from worker.domain.document import Document, Kind
from worker.domain.online_payment import is_offered
from worker.domain.shop import Shop
from worker.domain.texts import TextKey, TextPart
from worker.i18n import Translator, title
from worker.i18n.formats import web_address
from worker.i18n.placeholders import placeholder_values

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
        return replace(self.shop.branding, accent=self.accent).on_accent


# Which of several documents a mail is about.
MAIN_FIRST = (Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PAYMENT_REQUEST, Kind.ORDER_CONFIRMATION, Kind.DELIVERY_NOTE)


@dataclass(frozen=True)
class ByPeppol:
    """How a document went by Peppol to *address*: it is there or on its way, or *is_lost* though a mail said that it went."""

    address: str
    is_lost: bool = False


@dataclass(frozen=True)
class DocumentMail(MailView):
    """What the templates see: the documents of one order, and the one among them that is about money."""

    documents: tuple[Document, ...]
    links: tuple[str, ...]
    by_peppol: Mapping[int, ByPeppol] = field(default_factory=dict)

    @property
    def main(self) -> Document:
        """What is to be paid goes before what is paid, an invoice or credit note before what announces it, and what asks before what confirms."""
        return min(self.documents, key=lambda d: (not d.draft.asks_payment, MAIN_FIRST.index(d.draft.kind)))

    @property
    def peppol_notes(self) -> tuple[str, ...]:
        """Of each document that went by Peppol that it did, or did not after all: nobody shall book it twice, or wait for it."""
        return tuple(note for note in map(self.peppol_note, self.documents) if note)

    def peppol_note(self, document: Document) -> str:
        way = self.by_peppol.get(document.document_id)
        if way and way.is_lost:
            return self.translator.gettext(
                "We wrote that {document} was sent to you by Peppol, but it did not arrive there. Here it is as a PDF: the same document, "
                "with the same number and amounts. Should it still reach you by Peppol, book it once.",
                document=self.name(document),
            )
        if way:
            return self.translator.gettext(
                "{document} was sent to you by Peppol ({address}). The PDF with this mail is a copy.",
                document=self.name(document),
                address=way.address,
            )
        if document.draft.is_copy:
            return self.translator.gettext(
                "{document} reaches you by Peppol. The PDF with this mail is a copy.", document=self.name(document)
            )
        return ""

    @property
    def asks_payment(self) -> bool:
        return self.main.draft.asks_payment

    @property
    def pay_url(self) -> str:
        """Our own page where it takes the payment: it knows what is open then. Else the shop's."""
        payment = self.main.draft.payment
        if self.asks_payment and not self.main.draft.test and is_offered(self.main.draft, self.shop):
            return self.link
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

    @cached_property
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
        key, draft = self._key(TextPart.BODY), self.main.draft
        is_replaced = draft.kind is Kind.PAYMENT_REQUEST and not (key.paid or self.asks_payment)
        if len(self.documents) > 1 and (is_replaced or str(key) not in self.shop.texts):
            return texts.default_body_for_several(key.language).strip()
        if is_replaced:
            return texts.default_body_of_replaced(key.language).strip()
        return texts.text_of(self.shop, key).strip()

    def _key(self, part: TextPart) -> TextKey:
        draft = self.main.draft
        paid = draft.is_paid and not draft.refund_by_hand
        return TextKey(part, draft.kind, paid, self.translator.language)

    def _html(self, line: str) -> Markup:
        anchor = Markup('<a class="ink" href="{0}" style="color: #1a1f1e">{0}</a>')
        found = texts.pieces(line, self.placeholder_values)
        return Markup("").join(anchor.format(text) if name == "link" else escape(text) for name, text in found)


@dataclass(frozen=True)
class SimpleMail(MailView):
    """A few paragraphs, and one button."""

    paragraphs: tuple[str, ...]
    button: tuple[str, str] | None = None


def one_line(text: str) -> str:
    """Take line ends and other controls out: what would start another header, starts nothing."""
    if not text.isprintable() or "  " in text:
        text = re.sub(" +", " ", _CONTROLS.sub(" ", text))
    return text.strip(" ")
