"""Documents: what is written on them, and what becomes of them. Everything here is a snapshot: nothing refers back to an order."""

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain, count

from worker.domain.delivery import DeliveryWish
from worker.domain.money import ZERO
from worker.domain.order import OrderKey
from worker.domain.party import Address, Buyer, Seller
from worker.domain.payment import Prepayment
from worker.domain.payment_method import Means
from worker.domain.vat_check import VatCheck
from worker.message import NO_MESSAGE, Message, Money


class Kind(StrEnum):
    ORDER_CONFIRMATION = "order_confirmation"
    PAYMENT_REQUEST = "payment_request"  # a pro forma: what the buyer pays by before there is an invoice
    DELIVERY_NOTE = "delivery_note"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


# What asks for money before there is an invoice.
ASKING = (Kind.ORDER_CONFIRMATION, Kind.PAYMENT_REQUEST)
# What a person can have made of an order that no rule made.
BY_HAND = (Kind.INVOICE, Kind.PAYMENT_REQUEST, Kind.ORDER_CONFIRMATION, Kind.DELIVERY_NOTE)

# What a kind of document is called in the middle of a sentence.
KIND_TERMS = {
    Kind.ORDER_CONFIRMATION: Message("order confirmation"),
    Kind.PAYMENT_REQUEST: Message("payment request"),
    Kind.DELIVERY_NOTE: Message("delivery note"),
    Kind.INVOICE: Message("invoice"),
    Kind.CREDIT_NOTE: Message("credit note"),
}


class SendMode(StrEnum):
    SEND = "send"
    DRAFT = "draft"


class Category(StrEnum):
    """VAT categories of UNCL 5305, as EN 16931 uses them (BT-151)."""

    STANDARD = "S"
    ZERO_RATED = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_EU = "K"
    EXPORT = "G"
    OUTSIDE_SCOPE = "O"


@dataclass(frozen=True)
class Line:
    """One printed line. *unit_price* is net with up to six decimals; *net* is net x quantity, to the cent.

    *vat_country* is whose VAT it is, where it is not the seller's own; *mention* the key of the sentence that explains its VAT.
    *gross* is what was paid for it with VAT, on documents that show prices so; those of all lines are then the total together.
    *distance_sale*: it counts towards the 10,000 EUR a year up to which consumers abroad pay the seller's own VAT.
    """

    description: str
    quantity: Decimal
    unit_price: Decimal
    net: Decimal
    category: Category
    rate: Decimal
    sku: str = ""
    details: tuple[str, ...] = ()
    order_line_id: int | None = None
    is_product: bool = True
    vat_country: str = ""
    mention: str = ""
    distance_sale: bool = False
    gross: Decimal | None = None


@dataclass(frozen=True)
class Rounding:
    """The cents per rate between the sum of the rounded lines and the base of VAT: an allowance (negative) or a charge."""

    category: Category
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True)
class VatLine:
    """BG-23: one row of the VAT table. *charged* is net + tax as the shop charged it: the difference explains a cent.

    *vat_country* is whose VAT it is, where it is not the seller's own.
    """

    category: Category
    rate: Decimal
    base: Decimal
    vat: Decimal
    charged: Decimal
    vat_country: str = ""


@dataclass(frozen=True)
class Mention:
    """A legal mention as printed, with the key under which `mentions.toml` names its article and source.

    *second*: the same in the document's second language; empty where it has none.
    """

    key: str
    text: str
    second: str = ""


@dataclass(frozen=True)
class Reference:
    """An earlier document that this one corrects (art. 54 RD no. 1 names number and date), or goes on from."""

    document_id: int
    number: str
    issued_on: date


@dataclass(frozen=True)
class PaymentInstructions:
    """How to pay what is open. *reference* is the structured communication, 12 digits without separators, or `RF` and those.

    Account, reference and due date are there where the buyer owes the seller a transfer. *provider*: who mailed the buyer
    to which account, where that is not the seller's.
    """

    reference: str = ""
    iban: str = ""
    bic: str = ""
    beneficiary: str = ""
    due_on: date | None = None
    pay_url: str = ""  # there only where the shop takes the payment
    means: Means = Means.TRANSFER
    provider: str = ""


@dataclass(frozen=True)
class Captions:
    """The shop's own texts, as they were when the document was drafted: above the lines, below them, and its terms.

    Placeholders are still in them, since the number is known only when the document is issued; everything that fills
    them is in the document itself. *shop* is the shop's name at that time.
    """

    intro: str = ""
    closing: str = ""
    terms: str = ""
    shop: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a draft may not become a document by itself: a stable code and a message for the shop owner.

    One that *asks* holds the draft back until a person has looked; whoever issues it then has answered.
    """

    code: str
    message: Message
    asks: bool = False


@dataclass(frozen=True)
class Purpose:
    """What a document is made for (one *cause* gives one document of a *kind*), and whether it then goes out by itself."""

    kind: Kind
    cause: str
    send_mode: SendMode = SendMode.SEND


@dataclass(frozen=True)
class Draft:
    """Everything a document says, except its number and date.

    Amounts are positive on every kind (a credit note of 15.00 says 15.00), in *currency*, to the cent:
    sum of lines + roundings = *net* (BT-109), net + *vat* (BT-110) = BT-112, + *rounding* (BT-114) = *total*.
    *cause* makes it unique within the shop; while there are *problems* only a person can issue it.
    """

    cause: str
    kind: Kind
    send_mode: SendMode
    order_id: int
    order_key: str
    order_number: str
    ordered_on: date
    currency: str
    language: str
    seller: Seller
    buyer: Buyer
    lines: tuple[Line, ...]
    net: Decimal
    vat: Decimal
    total: Decimal
    rounding: Decimal = ZERO
    roundings: tuple[Rounding, ...] = ()
    vat_lines: tuple[VatLine, ...] = ()
    ship_to: Address | None = None
    ship_to_name: str = ""
    supplied_on: date | None = None  # the day of supply; None: not known, or not yet
    delivery: DeliveryWish = DeliveryWish()  # how the order says that it is to be delivered
    customer_note: str = ""
    purchase_order: str = ""  # the buyer's own number or reference for the order (BT-13)
    mentions: tuple[Mention, ...] = ()
    payment: PaymentInstructions | None = None
    payment_method: str = ""
    payment_title: str = ""
    paid_on: date | None = None
    prepaid: tuple[
        Prepayment, ...
    ] = ()  # by gift card, store credit, or before, or refunded: part of *total*, and not to be paid any more
    corrects: Reference | None = None
    deposit_invoices: tuple[
        Reference, ...
    ] = ()  # of the same sale, on the invoice of its balance (art. 5 §1 11° RD no. 1)
    reason: str = ""  # why a credit note exists, in the shop's words
    exchange_rate: Decimal | None = None  # units of *currency* for 1 EUR
    vat_eur: Decimal | None = None
    problems: tuple[Problem, ...] = ()
    test: bool = False
    customer_language: str = ""  # in which its mail is written; empty: in that of the document
    second_language: str = ""  # in which titles, heads and legal sentences stand a second time; empty: in none
    einvoice_obstacle: Message = NO_MESSAGE  # why this document can be a PDF only; empty when it can be an e-invoice
    captions: Captions = Captions()
    vat_check: VatCheck | None = None  # what VIES said of the buyer's number when this was drafted
    within_left: "Draft | None" = (
        None  # of a waiting credit note: the same within what its invoice has left at each rate
    )
    is_copy: bool = False  # of the e-invoice, which another system sends: the PDF says so

    @property
    def is_paid(self) -> bool:
        return self.paid_on is not None

    @property
    def asks_payment(self) -> bool:
        """Whether it asks for payment: an invoice, payment request or order confirmation that is not paid."""
        asks = self.kind in (Kind.INVOICE, *ASKING) and self.payment is not None
        return asks and not self.is_paid and self.to_pay > 0

    @property
    def says_paid(self) -> bool:
        """Whether it says that money came or went back: of nothing to pay there is nothing to say."""
        return self.is_paid and self.total != 0 and not self.refund_by_hand

    @property
    def refund_by_hand(self) -> bool:
        """Whether a person gives a credit note's money back (by transfer, in cash): the shop recorded the refund and knows no more.

        Only what a provider gave back names its method.
        """
        return self.kind is Kind.CREDIT_NOTE and self.is_paid and not self.payment_title

    @property
    def mail_language(self) -> str:
        """The customer's, where the law wants the document in another."""
        return self.customer_language or self.language

    @property
    def to_pay(self) -> Decimal:
        """What gift cards, a deposit, what had come in and what was refunded leave of the total."""
        return self.total - sum((one.amount for one in self.prepaid), ZERO)

    @property
    def paid_apart(self) -> tuple[Prepayment, ...]:
        """What gift cards and a deposit paid, without what had come in: of that the payments tell, which may have gone back since."""
        return tuple(one for one in self.prepaid if not (one.received or one.refunded))

    @property
    def refunded(self) -> Decimal:
        """What the shop had refunded of an order that waits for its money."""
        return sum((one.amount for one in self.prepaid if one.refunded), ZERO)

    @property
    def by_card(self) -> Decimal:
        """What gift cards and store credit paid of the total: the shop's own total is without it."""
        return sum((one.amount for one in self.prepaid if one.by_card), ZERO)

    @property
    def preceding(self) -> tuple[Reference, ...]:
        """BG-3: the invoice that this corrects, or those of the deposit that it goes on from."""
        return (self.corrects,) if self.corrects else self.deposit_invoices

    def vat_country_of(self, part: Line | VatLine) -> str:
        """Whose VAT *part* carries, or is exempt from."""
        return part.vat_country or self.seller.address.country

    def __post_init__(self) -> None:
        if self.net + self.vat + self.rounding != self.total:
            raise ValueError(f"{self.cause}: {self.net} + {self.vat} + {self.rounding} is not {self.total}")


@dataclass(frozen=True)
class Document:
    """An issued document: never altered. *issued_on* is its date in the seller's zone, *issued_at* aware UTC."""

    document_id: int
    shop_id: str
    series: str
    number: str
    sequence: int
    issued_on: date
    issued_at: datetime
    draft: Draft

    @property
    def order(self) -> OrderKey:
        return OrderKey(self.shop_id, self.draft.order_id, self.draft.order_key)

    def file_name(self, file_format: str) -> str:
        """The name under which its file is given: `F2026-00017.pdf`."""
        return f"{file_stem(self.number) or self.document_id}.{file_format}"


def file_stem(number: str) -> str:
    """A number as no file system and no header can take it amiss: WEB/2026/0001 becomes WEB-2026-0001."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", number).strip("-.")


def free_name(name: str, taken: Container[str]) -> str:
    """*name* of a file, or where it is taken `F-1 (2).pdf`, `F-1 (3).pdf` …: F/1 and F-1 are two numbers, and one name for a file."""
    stem, _, ending = name.rpartition(".")
    return next(one for one in chain([name], (f"{stem} ({n}).{ending}" for n in count(2))) if one not in taken)


def of_document(number: str, message: Message) -> Message:
    """*message* on the document of that number, which stands before it where the sentence does not say it."""
    return (
        message
        if number in message.values.values()
        else Message("{document}: {message}", document=number, message=message)
    )


def signed(kind: Kind, amount: Decimal) -> Decimal:
    """*amount* as books want it: what a credit note takes back goes off, so that a column adds up. Nothing is 0.00, never -0.00."""
    return ZERO - amount if kind is Kind.CREDIT_NOTE else ZERO + amount


@dataclass(frozen=True)
class StoredDraft:
    """A draft that waits for a person. *discarded* ones stay, so that their cause gives no new one by itself."""

    draft_id: int
    shop_id: str
    created_at: datetime
    draft: Draft
    discarded: bool = False


@dataclass(frozen=True)
class History:
    """What already exists for one order: all that `decide_documents` may know of the past."""

    documents: tuple[Document, ...] = ()
    drafts: tuple[StoredDraft, ...] = ()
    of_same_sale: tuple[Document, ...] = ()  # invoices that stand, of a marketplace's other orders of the same sale
    deposit_invoices: tuple[Document, ...] = ()  # that stand, of the order whose balance this order is
    parent_is_split: bool = False  # the order that this one hangs on is one that a marketplace plugin split
    # Of the statuses that rules wait for: those that the order was seen in, and by what the shop's other orders do, those that
    # come before its present one and after it.
    seen_statuses: frozenset[str] = frozenset()
    passed_statuses: frozenset[str] = frozenset()
    coming_statuses: frozenset[str] = frozenset()

    def has(self, cause: str) -> bool:
        return cause in {d.draft.cause for d in self.documents} | {d.draft.cause for d in self.drafts}

    def with_issued(self, document: Document) -> "History":
        """The same after *document* was made for this order: a draft of its cause waits no longer."""
        others = tuple(one for one in self.documents if one.document_id != document.document_id)
        waiting = tuple(one for one in self.drafts if one.draft.cause != document.draft.cause)
        return replace(self, documents=(*others, document), drafts=waiting)

    def credit_notes_of(self, invoice: Document) -> tuple[Document, ...]:
        """The credit notes issued against *invoice*, oldest first."""
        return tuple(
            d for d in self.documents if d.draft.corrects and d.draft.corrects.document_id == invoice.document_id
        )

    def is_kept(self, invoice: Document) -> bool:
        """Whether a person discarded the credit note of a cancelled order: its *invoice* stands."""
        return any(kept.discarded and kept.draft.cause == cause_of_cancellation(invoice) for kept in self.drafts)


OF_CANCELLATION = "cancel:"


def cause_of_cancellation(invoice: Document) -> str:
    """`cancel:F2026-00017`: of the credit note that takes all back that is left of *invoice*."""
    return f"{OF_CANCELLATION}{invoice.number}"


def is_of_cancellation(draft: Draft) -> bool:
    return draft.cause.startswith(OF_CANCELLATION)


def planned_document(draft: Draft) -> Message:
    """A document that would be made, as `credit note 12.40 EUR`; a delivery note states no amount."""
    if draft.kind is Kind.DELIVERY_NOTE:
        return KIND_TERMS[draft.kind]
    return Message("{kind} {total}", kind=KIND_TERMS[draft.kind], total=Money(draft.total, draft.currency))
