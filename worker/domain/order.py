"""An order and its refunds as the shop states them. Amounts are exactly the shop's, unrounded, excluding tax per line."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from worker.domain.delivery import DeliveryWish, Shipment
from worker.domain.order_treatment import OrderTreatment
from worker.domain.party import Address
from worker.domain.payment import Deposit, Prepayment
from worker.domain.reported_money import ReportedMoney
from worker.domain.vat_check import VatCheck


class LineKind(StrEnum):
    PRODUCT = "product"
    SHIPPING = "shipping"
    FEE = "fee"


class SalePart(StrEnum):
    """What an order is of the sale that it belongs to."""

    WHOLE = "whole"  # as almost all are
    MAIN = "main"  # a marketplace plugin made one more order of it for each vendor
    SUBORDER = "suborder"  # one of those
    BALANCE = "balance"  # the rest of a sale of which a deposit plugin charged a part before
    CHILD = "child"  # it hangs on another order, and nothing says why


@dataclass(frozen=True)
class OrderKey:
    """Which order of which shop: ids come back after a shop is restored from a backup, the key does not."""

    shop_id: str
    order_id: int
    order_key: str


@dataclass(frozen=True)
class SaleSum:
    """What a sale comes to that a marketplace plugin split: the main order's total, and those of its suborders."""

    number: str  # the main order's
    total: Decimal
    suborders: tuple[Decimal, ...]

    @property
    def difference(self) -> Decimal:
        """What of the sale no suborder holds; below nothing: what several hold."""
        return self.total - sum(self.suborders, Decimal(0))


@dataclass(frozen=True)
class OtherInvoice:
    """The invoice that another plugin of the shop made of the order."""

    plugin: str
    number: str


@dataclass(frozen=True)
class UnreadNumber:
    """A valid VAT number of the buyer's country, in a *field* of the order of which nothing says what it holds."""

    field: str
    vat_number: str


@dataclass(frozen=True)
class Contact:
    """Billing or shipping details as the shop stores them, unescaped to plain text."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    address: Address = Address()
    email: str = ""
    phone: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class TaxRate:
    """One of the order's `tax_lines`. *percent* 21 means 21 %. *charged* is what the shop charged under this rate in all."""

    rate_id: int | str  # a text where a tax service keeps the rates
    label: str
    percent: Decimal
    compound: bool
    charged: Decimal
    country: str = ""  # of which the shop says that this is the VAT; empty where it does not


@dataclass(frozen=True)
class LineTax:
    rate_id: int | str  # a text where a tax service keeps the rates
    amount: Decimal


@dataclass(frozen=True)
class OrderLine:
    """A product, shipping or fee line. *subtotal* is before coupons and *total* after, both excluding tax; fees may be negative."""

    line_id: int
    kind: LineKind
    name: str
    quantity: Decimal
    subtotal: Decimal
    total: Decimal
    taxes: tuple[LineTax, ...] = ()
    sku: str = ""
    options: tuple[tuple[str, str], ...] = ()  # ("Kleur", "Groen & geel")
    tax_class: str = ""
    tax_status: str = ""
    product_id: int = 0  # 0: a product that is gone, or no product
    variation_id: int = 0  # which variation of the product; 0: it has none
    virtual: bool | None = None  # nothing is sent; None: not known, as the order itself does not say
    downloadable: bool | None = None  # it has files to download: with *virtual* an electronic service
    categories: tuple[str, ...] | None = None  # the product's, by name; None: not known
    method: str = ""  # of a shipping line: “flat_rate”, or with its zone's number “flat_rate:3”

    @property
    def tax(self) -> Decimal:
        return sum((tax.amount for tax in self.taxes), Decimal(0))


@dataclass(frozen=True)
class RefundSummary:
    """A refund as the order lists it: its id and its (positive) amount. Its lines are in the refund itself."""

    refund_id: int
    amount: Decimal
    reason: str


@dataclass(frozen=True)
class Order:
    """An order as fetched. Instants are aware UTC; *number* is what the shop prints, *order_id* its key there."""

    order_id: int
    order_key: str
    number: str
    status: str
    currency: str
    total: Decimal
    prices_include_tax: bool
    created_at: datetime
    modified_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    created_via: str
    payment_method: str
    payment_title: str
    transaction_id: str
    billing: Contact
    shipping: Contact
    customer_note: str
    lines: tuple[OrderLine, ...]
    tax_rates: tuple[TaxRate, ...]
    refunds: tuple[RefundSummary, ...] = ()
    coupons: tuple[str, ...] = ()
    vat_number_given: str = ""
    unread_numbers: tuple[UnreadNumber, ...] = ()
    purchase_order: str = ""  # the buyer's own number or reference for it
    peppol_address_given: str = ""  # where the buyer wants e-invoices, as typed
    vat_exempt: bool = False
    language_hint: str = ""  # what a translation plugin wrote on the order: "nl", "fr_BE"
    needs_payment: bool = False  # the shop's own page still takes a payment for it
    pay_url: str = ""  # that page; empty where it takes none
    needs_processing: bool | None = (
        None  # something of it is to be sent: its payment does not complete it; None: not said
    )
    gift_cards: tuple[Prepayment, ...] = ()  # what plugins wrote that it was paid with
    parent_id: int = 0  # the order that it hangs on; 0: none
    is_renewal: bool = False  # of a subscription: much of it is copied from the order that began it
    sale_part: SalePart = SalePart.WHOLE
    sale_sum: SaleSum | None = None  # of a split sale, where the shop documents suborders
    other_invoice: OtherInvoice | None = None  # another plugin invoiced it
    delivery: DeliveryWish = DeliveryWish()  # as the buyer chose it, or the shop promised
    shipments: tuple[Shipment, ...] = ()  # parcels that left, where a plugin says what is in them
    deposit: Deposit | None = None  # a part of the money, by a deposit plugin; None once all of it came
    treatment: OrderTreatment | None = None  # what a person said of its VAT; not the shop's
    sells_tickets: bool = False  # to an event, as a plugin of the shop wrote
    vat_number_shop_says: str = ""  # "valid" or "invalid", where a plugin of the shop noted it
    cut: tuple[str, ...] = ()  # what was too long for a document and was cut, by the keys of `text_limits.WHAT`
    vat_check: VatCheck | None = None  # what VIES said of the number; asked before anything is decided
    # What is known here of its money (`store.order_money`): what its total was when the shop first said that it is paid (None: as
    # it is now), what came in but by gift card, and when the last of that did.
    paid_total: Decimal | None = None
    came_in: Decimal = Decimal("0.00")
    came_on: date | None = None
    # Of that, what the shop says and was not counted here yet; below zero: what was counted and it says no longer. And all that it says.
    to_count: Decimal = Decimal("0.00")
    reported: ReportedMoney = ReportedMoney()
    # A person said that its money is there, though the shop put it back to a status in which it waits for it.
    keeps_money: bool = False
    # What was refunded before the shop said that it is paid, or credited by hand where its buyer was asked for less by that: it lowered
    # what was to be paid, and was never money that came.
    credited_before: Decimal = Decimal("0.00")

    @property
    def is_business(self) -> bool:
        """Who gives a company or a VAT number; “none” or “-” in the field of the number is neither."""
        return bool(self.billing.company) or any(sign.isdigit() for sign in self.vat_number_given)

    @property
    def taxable_at(self) -> datetime | None:
        """When VAT fell due: the earlier of payment and completion (art. 63 and 65 of the VAT directive); None while neither was."""
        return min((at for at in (self.paid_at, self.completed_at) if at), default=None)

    @property
    def as_told(self) -> "Order":
        """As the shop tells it, without what is known here of its money."""
        return replace(
            self,
            paid_total=None,
            came_in=Decimal("0.00"),
            came_on=None,
            to_count=Decimal("0.00"),
            reported=ReportedMoney(),
            keeps_money=False,
            credited_before=Decimal("0.00"),
        )


@dataclass(frozen=True)
class Refund:
    """A refund with its lines, all amounts positive. Amount-only and status refunds have no lines and say nothing of VAT.

    *by_provider*: the shop had the payment provider give the money back; else a person does that, in whatever way.
    """

    refund_id: int
    amount: Decimal
    reason: str
    created_at: datetime
    lines: tuple[OrderLine, ...] = ()  # line_id is the id of the ORDER line it takes back
    by_provider: bool = False
