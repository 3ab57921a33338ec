"""What the holder of a document's link may see of it: the document, what became of it, and how what is open now can be paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import segno
from sqlalchemy import Connection

from bridge.i18n.translate import CATALOG_PACKAGE
from worker.domain.document import Document, History, Kind, PaymentInstructions
from worker.domain.money import ZERO, total_of
from worker.domain.online_payment import CLOSED_STATUSES, is_offered
from worker.domain.order_payment import rest_by_transfer
from worker.domain.payment import Balance, Prepayment, day_paid
from worker.domain.shop import Shop
from worker.domain.step import RENDER
from worker.domain.transfer_code import bancontact_code, transfer_code
from worker.i18n import Translator
from worker.i18n.formats import asks_payment, web_address
from worker.net.document_link import DocumentLink
from worker.store import (
    document_balances,
    document_files,
    document_links,
    documents,
    order_money,
    orders,
    payment_attempts,
    shops,
    steps,
)
from worker.store.document_files import StoredFile
from worker.store.document_links import LinkRevocation
from worker.store.payment_attempts import PaymentAttempt
from worker.store.queries import order_balance
from worker.store.queries.order_balance import OrderMoney

# A delivery note says what is in the parcel, not what it costs; a credit note is not paid by whoever reads it.
PAYABLE = (Kind.INVOICE, Kind.ORDER_CONFIRMATION, Kind.PAYMENT_REQUEST)
# In all others the shop's pay page refuses, whatever it did when the document was made (docs/woocommerce-contract.md §4).
PAYABLE_STATUSES = ("pending", "failed")


@dataclass(frozen=True)
class PaymentCode:
    """A QR code to pay with: for which app, and its picture as a data URI."""

    label: str
    picture: str


@dataclass(frozen=True)
class DocumentStatus:
    """What became of a document. *paid_on* is None where it is not paid. *received*: what came in beside gift cards and a deposit."""

    paid: bool
    paid_on: date | None
    credited_with: tuple[Document, ...]
    credited: Decimal
    open: Decimal
    received: Decimal = ZERO


@dataclass(frozen=True)
class LinkedDocument:
    """What a valid link gives: the document, what became of it, and its files by format."""

    link: DocumentLink
    document: Document
    revocation: LinkRevocation | None
    status: DocumentStatus
    files: Mapping[str, StoredFile]
    is_being_made: bool
    shop: Shop
    order_status: str = ""  # as the order was seen last
    attempt: PaymentAttempt | None = None  # the last one to pay it online
    went_back: bool = False  # money that was counted, so that it is asked for also where the document says paid
    of_order: tuple[Document, ...] = ()  # all that the customer may see of the order, the newest first

    @property
    def words(self) -> Translator:
        return Translator(self.document.draft.mail_language, package=CATALOG_PACKAGE)

    @property
    def seller(self) -> str:
        return self.document.draft.seller.name

    @property
    def is_owed(self) -> bool:
        """Whether there is something to pay on it, as its mail says."""
        asks = asks_payment(self.document.draft) or self.went_back
        return asks and self.status.open > 0 and not self.is_off

    @property
    def prepaid(self) -> tuple[Prepayment, ...]:
        """What it says was paid; where something is open, what came is told as it is now."""
        draft = self.document.draft
        return draft.paid_apart if self.is_owed or self.went_back else draft.prepaid

    @property
    def payment(self) -> PaymentInstructions | None:
        """How what is open now is paid."""
        draft = self.document.draft
        is_rest = self.is_owed and (draft.payment is None or self.status.open != draft.to_pay)
        return rest_by_transfer(self.document) if is_rest else draft.payment

    @property
    def is_off(self) -> bool:
        """Whether nothing follows from it any more: an order that was cancelled before it had an invoice owes nothing."""
        kind, is_over = self.document.draft.kind, self.order_status in CLOSED_STATUSES
        return is_over and kind in PAYABLE and kind is not Kind.INVOICE and not self.status.paid

    @property
    def may_pay_here(self) -> bool:
        """Whether this page takes the payment itself."""
        return self.is_owed and is_offered(self.document.draft, self.shop, order_status=self.order_status)

    @property
    def shop_pay_url(self) -> str:
        """The shop's own page to pay on, as far as it still takes the payment and this one does not. It asks for the whole order, so
        there is none once a part came in or was credited.
        """
        payment = self.document.draft.payment
        still_takes = self.order_status in ("", *PAYABLE_STATUSES) and self.status.open == self.document.draft.to_pay
        return (
            web_address(payment.pay_url) if payment and self.is_owed and still_takes and not self.may_pay_here else ""
        )

    @property
    def payment_codes(self) -> tuple[PaymentCode, ...]:
        """The codes that ask for what is open now."""
        draft, amount = replace(self.document.draft, payment=self.payment), self.status.open
        if not self.is_owed:
            return ()
        texts = (
            transfer_code(draft, amount),
            bancontact_code(draft, amount, profile=self.shop.bancontact_profile),
        )
        labels = (self.words.gettext("Banking app"), "Bancontact Pay")
        return tuple(PaymentCode(label, picture_of(text)) for label, text in zip(labels, texts, strict=True) if text)


def picture_of(text: str) -> str:
    """A QR code as an SVG data URI, black on white in both themes, at the error level of the guideline (EPC069-12)."""
    return segno.make_qr(text, error="m", boost_error=False).svg_data_uri(scale=4, border=4, light="#fff")


def load_linked_document(connection: Connection, link: DocumentLink, *, now: datetime) -> LinkedDocument | None:
    document = documents.find(connection, link.document_id)
    if document is None or link.is_older_than(document.issued_at):
        return None
    draft = document.draft
    history = documents.history(connection, document.shop_id, draft.order_id, draft.order_key)
    balances = document_balances.of_documents(connection, [made.document_id for made in history.documents])
    revocations = document_links.of_documents(connection, list(balances))
    files = document_files.files_of(connection, [document.document_id])
    money = order_balance.money_by_documents(connection, document, history.documents, balances=balances)
    order = orders.find(connection, document.shop_id, draft.order_id)
    render = steps.of_document(connection, document.document_id).get(RENDER)
    shop = shops.settings_of(connection, document.shop_id)
    if shop is None:
        return None
    return LinkedDocument(
        link=link,
        document=document,
        revocation=revocations.get(document.document_id),
        status=status_of(document, history, balances, money),
        files={stored.format: stored for stored in files.get(document.document_id, ())},
        is_being_made=render is not None and render.state in ("waiting", "running"),
        shop=shop,
        order_status=order.status if order else "",
        went_back=money.went_back or (draft.kind is Kind.INVOICE and order_money.went_back(connection, document)),
        attempt=payment_attempts.latest(connection, document.document_id),
        of_order=visible_among(history.documents, revocations, now=now),
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


def status_of(
    document: Document, history: History, balances: Mapping[int, Balance], money: OrderMoney
) -> DocumentStatus:
    """What became of *document*. A confirmation or payment request is paid when its order is, or what it asked came: payments are of invoices,
    or of the order alone. Where something else is asked since, it asks for nothing."""
    draft, own = document.draft, balances[document.document_id]
    others = history.documents if draft.kind in PAYABLE and draft.kind is not Kind.INVOICE else ()
    invoices = [balances[other.document_id] for other in others if other.draft.kind is Kind.INVOICE]
    paid_on = day_paid(draft.paid_on, own)
    apart = total_of(one.amount for one in draft.paid_apart)
    open_now, received = own.open, (own.paid or ZERO) - apart
    if draft.test or draft.kind is not Kind.INVOICE:
        # Neither has payments of its own.
        open_now = own.open - (draft.total - draft.to_pay) - money.came_in if money.open is None else money.open
        received = min(money.came_in, draft.total - apart - open_now)
        by_invoice = next((balance.paid_on for balance in invoices if balance.is_paid), None)
        paid_on = None if money.went_back else paid_on or ((by_invoice or money.last_on) if open_now <= 0 else None)
    return DocumentStatus(
        paid=paid_on is not None,
        paid_on=paid_on,
        credited_with=history.credit_notes_of(document),
        credited=own.credited or ZERO,
        open=ZERO if paid_on is not None or money.is_other else open_now,
        received=max(received, ZERO),
    )
