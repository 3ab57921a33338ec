"""What the holder of a document's link may see of it: the document, what became of it, and how what is open now can be paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import segno
from sqlalchemy import Connection

from bridge.i18n.translate import CATALOG_PACKAGE
from worker.domain.document import ASKING, Document, History, Kind
from worker.domain.document_money import DocumentMoney
from worker.domain.online_payment import is_offered
from worker.domain.shop import Shop
from worker.domain.step import RENDER
from worker.domain.transfer_code import bancontact_code, transfer_code
from worker.i18n import Translator
from worker.i18n.formats import web_address
from worker.net.document_link import DocumentLink
from worker.store import document_files, document_links, documents, orders, payment_attempts, shops, steps
from worker.store.document_files import StoredFile
from worker.store.document_links import LinkRevocation
from worker.store.payment_attempts import PaymentAttempt
from worker.store.queries import document_money

# A delivery note says what is in the parcel, not what it costs; a credit note is not paid by whoever reads it.
PAYABLE = (Kind.INVOICE, *ASKING)
# In all others the shop's pay page refuses, whatever it did when the document was made (docs/woocommerce-contract.md §4).
PAYABLE_STATUSES = ("pending", "failed")


@dataclass(frozen=True)
class PaymentCode:
    """A QR code to pay with: for which app, and its picture as a data URI."""

    label: str
    picture: str


@dataclass(frozen=True)
class LinkedDocument:
    """What a valid link gives: the document, what became of it, and its files by format."""

    link: DocumentLink
    document: Document
    revocation: LinkRevocation | None
    money: DocumentMoney
    credited_with: tuple[Document, ...]
    files: Mapping[str, StoredFile]
    is_being_made: bool
    shop: Shop
    order_status: str = ""  # as the order was seen last
    attempt: PaymentAttempt | None = None  # the last one to pay it online
    of_order: tuple[Document, ...] = ()  # all that the customer may see of the order, the newest first

    @property
    def words(self) -> Translator:
        return Translator(self.document.draft.mail_language, package=CATALOG_PACKAGE)

    @property
    def seller(self) -> str:
        return self.document.draft.seller.name

    @property
    def may_pay_here(self) -> bool:
        """Whether this page takes the payment itself."""
        return self.money.is_owed and is_offered(self.document.draft, self.shop)

    @property
    def shop_pay_url(self) -> str:
        """The shop's own page to pay on, as far as it still takes the payment and this one does not. It asks for the whole order, so
        there is none once a part came in or was credited.
        """
        payment = self.document.draft.payment
        still_takes = self.order_status in ("", *PAYABLE_STATUSES) and self.money.is_as_printed
        is_owed = self.money.is_owed and not self.may_pay_here
        return web_address(payment.pay_url) if payment and is_owed and still_takes else ""

    @property
    def payment_codes(self) -> tuple[PaymentCode, ...]:
        """The codes that ask for what is open now."""
        draft, amount = replace(self.document.draft, payment=self.money.payment), self.money.to_pay
        if not amount:
            return ()
        texts = (transfer_code(draft, amount), bancontact_code(draft, amount, profile=self.shop.bancontact_profile))
        labels = (self.words.gettext("Banking app"), "Bancontact Pay")
        return tuple(PaymentCode(label, picture_of(text)) for label, text in zip(labels, texts, strict=True) if text)


def picture_of(text: str) -> str:
    """A QR code as an SVG data URI, black on white in both themes, at the error level of the guideline (EPC069-12)."""
    return segno.make_qr(text, error="m", boost_error=False).svg_data_uri(scale=4, border=4, light="#fff")


def load_linked_document(connection: Connection, link: DocumentLink, *, now: datetime) -> LinkedDocument | None:
    document = documents.find(connection, link.document_id)
    if document is None or link.is_older_than(document.issued_at):
        return None
    made = documents.of_order(connection, document.order)
    (money,) = document_money.of_documents(connection, [document], made=made)
    revocations = document_links.of_documents(connection, [one.document_id for one in made])
    files = document_files.files_of(connection, [document.document_id])
    order = orders.find(connection, document.shop_id, document.draft.order_id)
    render = steps.of_document(connection, document.document_id).get(RENDER)
    shop = shops.settings_of(connection, document.shop_id)
    if shop is None:
        return None
    return LinkedDocument(
        link=link,
        document=document,
        revocation=revocations.get(document.document_id),
        money=money,
        credited_with=History(made).credit_notes_of(document),
        files={stored.format: stored for stored in files.get(document.document_id, ())},
        is_being_made=render is not None and render.state in ("waiting", "running"),
        shop=shop,
        order_status=order.status if order else "",
        attempt=payment_attempts.latest(connection, document.document_id),
        of_order=visible_among(made, revocations, now=now),
    )


def visible_documents(connection: Connection, shop_id: str, order_id: int, *, now: datetime) -> tuple[Document, ...]:
    """What a customer may see of an order's documents, the newest first: no tests, and none whose links were withdrawn."""
    made, _ = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    revocations = document_links.of_documents(connection, [document.document_id for document in made])
    return visible_among(made, revocations, now=now)


def visible_among(
    made: Sequence[Document], revocations: Mapping[int, LinkRevocation], *, now: datetime
) -> tuple[Document, ...]:
    return tuple(
        document
        for document in reversed(made)
        if not document.draft.test and document_links.is_valid(revocations.get(document.document_id), signed_at=now)
    )
