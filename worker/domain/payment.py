"""What of a document or an order is still to be paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from worker.domain.money import ZERO, total_of


class PaymentSource(StrEnum):
    """Who says that money came in: WooCommerce, of the whole order, a person, the bank's own file, or Mollie."""

    ORDER = "order"
    PERSON = "person"
    BANK = "bank"
    MOLLIE = "mollie"


# The methods of what is among the payments and is no money that came in for the order: a card or credit that was spent, and what
# the shop gave back.
GIFT_CARD = "gift_card"
REFUND = "refund"


# Who only passes it on; what the bank says of the same money afterwards is put in its place.
UNCONFIRMED = (PaymentSource.ORDER, PaymentSource.PERSON)


def confirmed_by(amount: Decimal, heard: Sequence[Decimal], *, open_amount: Decimal) -> tuple[Decimal, ...]:
    """Which of what was *heard* of an order the bank's *amount* brings: all of one, or where nothing else is open a part of one, or
    else the oldest that it reaches.

    A customer may transfer in parts what the shop reported as one, as one what it reported in parts, or too much; and banks
    take their costs.
    """
    if amount in heard:
        return (amount,)
    if open_amount > 0:
        return ()
    larger = next((said for said in heard if said > amount), None)
    if larger is not None:
        return (larger,)
    reached = list[Decimal]()
    for said in heard:
        if total_of(reached) < amount:
            reached.append(said)
    return tuple(reached)


@dataclass(frozen=True)
class Receipt:
    """How money came in: the day in the seller's zone, the *method* and the *reference* it came under, and *by* whose word.

    *outside_ref* is what whoever moved it calls it, by which it is known when it is told of again; empty where nobody does.
    *replaces*: the payment that somebody had only reported, of the same money. *currency*: what it came in; empty: that of the
    order's newest document.
    """

    paid_on: date
    source: PaymentSource
    by: str
    method: str = ""
    reference: str = ""
    outside_ref: str = ""
    replaces: int | None = None
    currency: str = ""


@dataclass(frozen=True)
class Prepayment:
    """What a gift card or store credit paid of an order: the shop's *name* for it, or the end of the card's *code*; or a *deposit*;
    or what was *received* of its money before its invoice was made; or what the shop *refunded* of it before it was paid.
    """

    amount: Decimal
    name: str = ""
    code: str = ""
    deposit: bool = False
    received: bool = False
    refunded: bool = False

    @property
    def by_card(self) -> bool:
        return not (self.deposit or self.received or self.refunded)


@dataclass(frozen=True)
class Credited(Prepayment):
    """What credit notes took off since: a mail says it beside what was paid, and no document does."""


@dataclass(frozen=True)
class Deposit:
    """What a deposit plugin says of an order. *came_in* of the order's total; None: the plugin does not say how much.

    Or the order itself is the deposit: *line_ids* are its lines that are, which cost *full_price* with VAT in all (None: not
    said), and another order follows for the balance.
    """

    came_in: Decimal | None = None
    line_ids: tuple[int, ...] = ()
    full_price: Decimal | None = None

    @property
    def is_order(self) -> bool:
        return bool(self.line_ids)


def open_amount(total: Decimal, *, credited: Decimal, paid: Decimal) -> Decimal:
    """What is still to be paid of a document; below zero: what is to be given back."""
    return total - credited - paid


@dataclass(frozen=True)
class Balance:
    """A document's total, what its credit notes took back and what was paid, in its own currency.

    *credited* is None where there is no credit note, *paid* where there is no payment; *came* of what was *paid* is without what
    went back to the buyer. *last_paid_on* is the day of the newest payment, *last_paid_at* when it was stored.
    """

    total: Decimal
    credited: Decimal | None = None
    paid: Decimal | None = None
    last_paid_on: date | None = None
    last_paid_at: datetime | None = None
    came: Decimal | None = None
    currency: str = ""

    @property
    def open(self) -> Decimal:
        return open_amount(self.total, credited=self.credited or ZERO, paid=self.paid or ZERO)

    @property
    def is_paid(self) -> bool:
        """Whether money came in for it and nothing more is asked. What credit notes took back wholly, or whose money pays the
        invoice in its place, was not paid; what was given back was."""
        return self.came is not None and self.open <= 0 and (self.came > 0 or not self.total)

    @property
    def paid_on(self) -> date | None:
        return self.last_paid_on if self.is_paid else None

    @property
    def paid_at(self) -> datetime | None:
        return self.last_paid_at if self.is_paid else None

    @property
    def status(self) -> str:
        """What became of a number, as the register tells it."""
        if self.credited is not None:
            return "credited" if self.credited >= self.total else "partly credited"
        return "paid" if self.is_paid else "issued"


def day_paid(said: date | None, balance: Balance) -> date | None:
    """The day on which a document was paid: by its payments, and only where there are none by what it *said* of itself."""
    return said if balance.paid is None else balance.paid_on


@dataclass(frozen=True)
class OrderBalance:
    """What is *asked* for an order in *currency*, and what was *paid* of it.

    Asked is the total of its invoices less that of their credit notes; before there is one, what its newest document asks.
    *excess* is what came in beyond that, and did not go back: to be given back. *others*: the same in each currency in which it asked
    before, or money came: that pays nothing of this.
    """

    asked: Decimal
    paid: Decimal
    currency: str
    excess: Decimal = ZERO
    others: tuple["OrderBalance", ...] = ()

    def in_currency(self, currency: str) -> "OrderBalance":
        """What is asked and was paid in *currency*; where that is none of its own, this."""
        return next((one for one in self.others if one.currency == currency), self)

    @property
    def open(self) -> Decimal:
        return max(self.asked - self.paid, ZERO)
