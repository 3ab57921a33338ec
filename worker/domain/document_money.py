"""What is asked of a document now, and what became of its money: reckoned here alone, of what was read. Its mail, its link and every page
only word it; its PDF stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from worker.domain.document import ASKING, Document, Draft, Kind, PaymentInstructions
from worker.domain.money import ZERO, total_of
from worker.domain.online_payment import CLOSED_STATUSES
from worker.domain.order_payment import OPEN_STATUSES, rest_by_transfer
from worker.domain.payment import GIFT_CARD, Balance, Credited, OrderBalance, Prepayment, day_paid
from worker.domain.payment_method import is_transfer
from worker.domain.reported_money import CountedMoney, ReportedMoney, went_back


class DatedMoney(CountedMoney, Protocol):
    @property
    def created_at(self) -> datetime: ...


@dataclass(frozen=True)
class DocumentMoney:
    """What is *open* of a document; below zero, what is to be given back. *credited*: what credit notes took off what it asked;
    *refunded*: what the shop did, of an order without an invoice.

    *paid_on*: the day, where nothing is asked since all of it came. *went_back*: money was taken back, so that it asks for more than it
    says. *is_other*: something else is asked, by a newer document or in parts that nobody here knows; *is_off*: its order was given up.

    An invoice of € 121 of which € 50 came and € 10 was credited: *open* and `to_pay` 61, *credited* 10, `received` and `gone` 50.
    """

    document: Document
    open: Decimal = ZERO
    credited: Decimal = ZERO
    refunded: Decimal = ZERO
    paid_on: date | None = None
    went_back: bool = False
    is_other: bool = False
    is_off: bool = False

    @property
    def is_owed(self) -> bool:
        """Whether its buyer is asked to pay."""
        asks = self.document.draft.asks_payment or self.went_back
        return asks and self.open > 0 and not (self.is_other or self.is_off)

    @property
    def to_pay(self) -> Decimal:
        """What its buyer is asked for."""
        return self.open if self.is_owed else ZERO

    @property
    def is_as_printed(self) -> bool:
        """Whether all that it says of its money is still so."""
        draft = self.document.draft
        is_same = not self.credited and self.refunded == draft.refunded
        return is_same and self.to_pay == (draft.to_pay if draft.asks_payment else ZERO)

    @property
    def received(self) -> Decimal:
        """What came beside gift cards and a deposit, where a rest of it is asked."""
        return max(self.gone - total_of(one.amount for one in self.apart), ZERO) if self.is_owed else ZERO

    @property
    def gone(self) -> Decimal:
        """What of its total is neither asked, nor credited, nor refunded."""
        return self.document.draft.total - self.credited - self.refunded - self.to_pay

    @property
    def apart(self) -> tuple[Prepayment, ...]:
        """The gift cards and the deposit that it says; where a rest is asked, without those of which the money went back."""
        said = self.document.draft.paid_apart
        still = (said, tuple(one for one in said if one.by_card))
        fits = (some for some in still if not self.is_owed or total_of(one.amount for one in some) <= self.gone)
        return next(fits, ())

    @property
    def prepaid(self) -> tuple[Prepayment, ...]:
        """What it says was paid, without what had come in where that is told as it is now: by `received`, or by the day."""
        if self.is_owed or not self.is_as_printed:
            return self.apart
        return tuple(one for one in self.document.draft.prepaid if not one.refunded)

    @property
    def payment(self) -> PaymentInstructions | None:
        """How what is asked is paid."""
        is_rest = self.is_owed and not self.is_as_printed
        return rest_by_transfer(self.document) if is_rest else self.document.draft.payment

    @property
    def now(self) -> Document:
        """The document, which says what is so now."""
        if self.is_as_printed:
            return self.document
        draft = self.document.draft
        since = (
            Prepayment(self.received, received=True),
            Credited(self.credited),
            Prepayment(self.refunded, refunded=True),
        )
        is_known = draft.is_paid or is_transfer(draft.payment_method)  # the way in which it was paid
        said = replace(
            draft,
            prepaid=(*self.prepaid, *(one for one in since if one.amount)),
            payment=self.payment if self.is_owed else None,
            paid_on=self.paid_on,
            payment_title=draft.payment_title if is_known else "",
        )
        return replace(self.document, draft=said)


def of_invoice(invoice: Document, balance: Balance, *, went_back: bool = False, is_off: bool = False) -> DocumentMoney:
    """Of one of which nothing was counted, what it says itself is true; and one that says paid asks only for money that *went_back*.
    Of one whose order *is_off* nothing is asked, though it is open until its credit note is there."""
    draft, credited = invoice.draft, balance.credited or ZERO
    said = ZERO if draft.is_paid else draft.to_pay - credited
    left = said if balance.paid is None else balance.open
    paid_on = day_paid(draft.paid_on, balance)
    return DocumentMoney(
        invoice, left, credited, paid_on=paid_on, went_back=went_back, is_off=is_off and paid_on is None
    )


def of_test(
    test: Document, balance: Balance, came: tuple[Decimal, date] | None, *, is_off: bool = False
) -> DocumentMoney:
    """By what became of itself: none of its money is among the payments. What *came* of it, and on which day the last;
    *is_off*: its order was given up."""
    draft, credited = test.draft, balance.credited or ZERO
    paid, last_on = came or (ZERO, None)
    left = ZERO if draft.is_paid else max(draft.to_pay - credited - paid, ZERO)
    paid_on = draft.paid_on or (last_on if left <= 0 < paid else None)
    return DocumentMoney(test, left, credited, draft.refunded, paid_on, is_off=is_off and paid_on is None)


@dataclass(frozen=True)
class Seen:
    """What the shop says of an order; *status* as built in."""

    status: str
    total: Decimal
    currency: str
    paid_at: datetime | None
    to_count: Decimal = ZERO  # what it says came in, and is not among the payments
    reported_on: date | None = None  # since when it says so
    unsaid_at: datetime | None = None  # when it was looked at and said of none of its money that it came
    is_part_unknown: bool = False  # a part came in, and it does not say how much
    said: ReportedMoney = ReportedMoney()

    @property
    def is_over(self) -> bool:
        """Whether it waits for no money any more, though none is invoiced. One that was refunded says itself that it was given back."""
        return self.status in ("cancelled", "trash", "deleted")


@dataclass(frozen=True)
class OrderMoney:
    """What was read of an order: the documents *made* of it and *all_counted*, oldest first, the *balances* of its invoices,
    and what its shop said (None: nothing is known of it). Nothing of another `currency` is added to what is asked now. With an invoice of € 121, a credit note of € 10 and € 50 that came: `asked` 111,
    `paid` 50, `balance.open` 61; in *balances* *total* 121, *credited* 10, *paid* 50."""

    made: Sequence[Document]
    all_counted: Sequence[DatedMoney]
    balances: Mapping[int, Balance]
    seen: Seen | None

    @property
    def invoices(self) -> list[Document]:
        return invoices_among(self.made)

    @cached_property
    def newest(self) -> Document | None:
        """The newest document that asks for the order's money; None once there is an invoice."""
        if self.invoices:
            return None
        return next((one for one in reversed(self.made) if one.draft.kind in ASKING and not one.draft.test), None)

    @cached_property
    def currency(self) -> str:
        """In which it asks now: that of its newest invoice, of what asks before there is one, or of itself."""
        last = self.invoices[-1] if self.invoices else self.newest
        return last.draft.currency if last else self.seen.currency if self.seen else ""

    @cached_property
    def counted(self) -> list[DatedMoney]:
        return [one for one in self.all_counted if one.currency == self.currency]

    @cached_property
    def paid(self) -> Decimal:
        return total_of(one.amount for one in self.counted)

    @property
    def told(self) -> Seen | None:
        """What its shop says, where that is of the same money."""
        return self.seen if self.seen and self.seen.currency == self.currency else None

    @property
    def by_card(self) -> Decimal:
        """What of it was no money: gift cards and credit."""
        return by_card(self.counted)

    @property
    def reported(self) -> Decimal:
        """What the shop says came in beside it, by which less is asked before there is an invoice."""
        return max(self.told.to_count, ZERO) if self.told and self.newest else ZERO

    @property
    def said(self) -> ReportedMoney:
        """What the shop says of the order's money; nothing once there is an invoice, of which credit notes say what was refunded."""
        return self.told.said if self.told and not self.invoices else ReportedMoney()

    @property
    def is_paid_by_shop(self) -> bool:
        """Whether the shop says that all came, and it reported it, or it was counted since."""
        seen = self.told
        return (
            seen is not None
            and seen.paid_at is not None
            and (self.reported > 0 or self.paid >= seen.total - self.said.lowered)
        )

    @property
    def last_on(self) -> date | None:
        """When the last of it came."""
        reported_on = self.seen.reported_on if self.seen and self.reported else None
        gone = {one.reverses for one in self.counted}
        days = [
            one.paid_on for one in self.counted if one.amount > 0 and one.payment_id not in gone and not one.reverses
        ]
        return max([*days, *([reported_on] if reported_on else [])], default=None)

    @cached_property
    def asked(self) -> Decimal | None:
        """In all; None where no document asks for it, and the shop does not wait for it either. Of invoices not what they say was paid before
        they were made and is not among the payments; of an order without one, what its shop reported only where its newest document says so.
        """
        if self.invoices:
            return self.asked_by_invoices(self.currency)
        if self.newest is None:
            return self.asked_by_shop
        draft = self.newest.draft
        if draft.is_paid and not any(one.received for one in draft.prepaid) and not self.is_unsaid(self.newest):
            return self.paid
        return self.paid + self.open_by(self.newest, reported=min(said_of(draft), self.reported))

    @property
    def asked_by_shop(self) -> Decimal | None:
        """Of an order without documents that its shop waits to be paid, as most shops invoice only then; or of which money came in before
        it was over."""
        seen = self.seen
        if seen is None:
            return None
        waits = seen.status in OPEN_STATUSES and seen.paid_at is None
        if not waits and not (seen.is_over and self.paid):
            return None
        return self.paid + self.said.less_refunded(seen.total - self.paid)

    @property
    def balance(self) -> OrderBalance | None:
        """None where nothing is `asked`. What a card or credit paid of an invoice is the shop's plugin's to restore."""
        if self.asked is None:
            return None
        excess = max(self.paid - self.asked, ZERO)
        if self.invoices and excess:
            excess = min(excess, self.paid - self.by_card)
        elif not self.invoices and self.gives_back:
            excess = self.paid
        return OrderBalance(self.asked, self.paid, self.currency, excess, self.others)

    def asked_by_invoices(self, currency: str) -> Decimal:
        return total_of(
            balance.total - (balance.credited or ZERO)
            for invoice in self.invoices
            for balance in (self.balances[invoice.document_id],)
            if invoice.draft.currency == currency and (balance.paid is not None or not invoice.draft.is_paid)
        )

    @property
    def others(self) -> tuple[OrderBalance, ...]:
        known = dict.fromkeys(
            [one.draft.currency for one in self.invoices] + [one.currency for one in self.all_counted]
        )
        return tuple(self.in_another(currency) for currency in known if currency != self.currency)

    def in_another(self, currency: str) -> OrderBalance:
        came = [one for one in self.all_counted if one.currency == currency]
        asked, paid = self.asked_by_invoices(currency), total_of(one.amount for one in came)
        excess = max(min(paid - asked, paid - by_card(came)), ZERO)
        return OrderBalance(asked, paid, currency, excess)

    @property
    def gives_back(self) -> bool:
        """Whether all that came of an order that is over without an invoice is to be given back. Where that is all of its money and came
        afterwards, a person is asked whether it is delivered all the same (`settlement.over`)."""
        is_over = self.seen is not None and self.seen.is_over and self.paid > 0
        return is_over and (
            self.paid < (self.asked or ZERO) or (self.seen is not None and self.seen.paid_at is not None)
        )

    @property
    def is_part_unknown(self) -> bool:
        """Whether a part of its money came, and nobody here knows how much: as the shop says now, or its invoice by asking nothing."""
        if not self.invoices:
            return self.seen is not None and self.seen.is_part_unknown
        draft = self.invoices[-1].draft
        return draft.payment is None and not draft.is_paid and draft.to_pay > 0

    def is_unsaid(self, document: Document) -> bool:
        """Whether its shop says no more, since the document was made, that any of its money came: it waits for it again."""
        unsaid_at = self.seen.unsaid_at if self.seen and not self.invoices else None
        return unsaid_at is not None and unsaid_at > document.issued_at

    def open_by(self, document: Document, *, reported: Decimal) -> Decimal:
        is_unsaid = self.is_unsaid(document)
        left = open_before_invoice(
            document.draft, document.issued_at, self.counted, reported=reported, is_unsaid=is_unsaid
        )
        return self.said.less_refunded(left)

    def of_document(self, document: Document) -> DocumentMoney:
        """Of a confirmation or a payment request of the order: no more than it asked itself, and nothing once the order was given up."""
        draft, deposits = document.draft, total_of(one.amount for one in document.draft.prepaid if one.deposit)
        if draft.currency != self.currency:
            return DocumentMoney(document, draft.to_pay, paid_on=draft.paid_on, is_other=True)
        notes = (one.draft for one in self.made if one.draft.kind is Kind.CREDIT_NOTE and not one.draft.test)
        credited = total_of(note.total for note in notes if note.currency == draft.currency)
        own = self.open_by(document, reported=self.reported)
        if self.is_paid_by_shop:  # of an order that costs less since, too
            own = min(own, ZERO)
        left = max((self.asked or ZERO) - self.paid, ZERO)
        if self.asked and self.asks_beside_invoices(document):
            left = max(left, own - credited)
        is_other = left > 0 and (left < own - credited or self.is_part_unknown)
        left = max(min(left, own), ZERO)
        is_more = left > (ZERO if draft.is_paid else draft.to_pay)
        is_back = is_more and (went_back(self.counted) or self.is_unsaid(document))
        came = max(self.paid + self.reported - min(self.by_card, draft.by_card) - deposits, ZERO)
        uncame = max(draft.total - total_of(one.amount for one in draft.paid_apart) - left - came, ZERO)
        credited = min(uncame, credited)
        paid_on = None if is_back else draft.paid_on or (self.last_on if left <= 0 else None)
        return DocumentMoney(
            document,
            open=left,
            credited=credited,
            refunded=min(uncame - credited, self.said.lowered + self.said.perhaps_lowered),
            paid_on=paid_on,
            went_back=is_back,
            is_other=is_other,
            is_off=self.seen is not None and self.seen.status in CLOSED_STATUSES and paid_on is None,
        )

    def asks_beside_invoices(self, document: Document) -> bool:
        """Whether it was made after the order's invoices and asks for money, which may be more than they ask: of an upsell."""
        asks = document.draft.payment is not None and not document.draft.is_paid
        return asks and bool(self.invoices) and document.document_id > self.invoices[-1].document_id


def invoices_among(made: Sequence[Document]) -> list[Document]:
    return [one for one in made if one.draft.kind is Kind.INVOICE and not one.draft.test]


def open_before_invoice(
    draft: Draft, issued_at: datetime, counted: Sequence[DatedMoney], *, reported: Decimal, is_unsaid: bool = False
) -> Decimal:
    """What is open of an order by the document that asks for it before there is an invoice: less all that was *counted*, and what the shop
    *reported* besides, but for what it says itself that came before, and for its gift cards, which are counted with an invoice; below zero
    where more came. *is_unsaid*: of what the shop had reported nothing came. What was refunded is still in it (`ReportedMoney.less_refunded`)."""
    said = said_of(draft)
    came = total_of(one.amount for one in counted) - min(draft.by_card, by_card(counted))
    money = (one for one in counted if one.method != GIFT_CARD)
    # What went back in the very moment in which it was made went back since: it says itself what had come.
    by_then = total_of(
        one.amount for one in money if one.created_at < issued_at or (one.created_at == issued_at and one.amount > 0)
    )
    # What the shop reported then may have been counted since.
    stays = said if is_unsaid or not said else min(said, max(by_then, came + reported))
    return draft.to_pay + draft.refunded + stays - came - reported


def said_of(draft: Draft) -> Decimal:
    """What it says that came before it was made: a deposit too, which the shop tells of and which is counted with an invoice."""
    return total_of(one.amount for one in draft.prepaid if one.deposit or one.received)


def by_card(counted: Sequence[CountedMoney]) -> Decimal:
    return total_of(one.amount for one in counted if one.method == GIFT_CARD)
