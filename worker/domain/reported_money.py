"""What the shop reports of an order's money, beside what was counted of it by others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Protocol

from worker.domain.money import ZERO, total_of
from worker.domain.payment import GIFT_CARD, REFUND, PaymentSource


class CountedMoney(Protocol):
    """A payment, or the row that reverses one."""

    @property
    def payment_id(self) -> int: ...

    @property
    def amount(self) -> Decimal: ...

    @property
    def currency(self) -> str: ...

    @property
    def paid_on(self) -> date: ...

    @property
    def source(self) -> str: ...

    @property
    def method(self) -> str: ...

    @property
    def reverses(self) -> int | None: ...


@dataclass(frozen=True)
class ReportedMoney:
    """What the shop reported of an order's money when it was looked at: *amount* came in, since *day* in the seller's zone, and a *rest*
    did not; it *refunded* so much of it. *is_unknown*: a part of it came, and nobody here knows how much.

    *lowered*: what it refunded before the money came, which lowered what was to be paid; *perhaps_lowered*: what it refunded of a sale on
    account since some of its money came, which gave back what was too much and lowered what was not.

    *is_apart*: it came in a transaction of the shop's own provider, so it is other money than what was counted here. *is_said_anew*: it
    was said since that what was counted here went back. *is_part*: a deposit plugin tells of it; we set none but whole orders paid.
    """

    amount: Decimal = ZERO
    rest: Decimal = ZERO
    day: date = date.min
    refunded: Decimal = ZERO
    lowered: Decimal = ZERO
    perhaps_lowered: Decimal = ZERO
    is_apart: bool = False
    is_said_anew: bool = False
    is_unknown: bool = False
    is_part: bool = False

    def less_refunded(self, open_amount: Decimal) -> Decimal:
        """What is open of the order before it has an invoice, of *open_amount*."""
        left = open_amount - self.lowered - self.perhaps_lowered
        return left if left >= 0 else min(left + self.perhaps_lowered, ZERO)

    def left(self, counted: Sequence[CountedMoney]) -> Decimal:
        """What of it was not *counted*: all rows of the order, oldest first."""
        if not self.amount:
            return ZERO  # though less than nothing is counted
        reported = total_of(one.amount for one in counted if is_reported(one))
        if self.is_apart:
            by_person = total_of(one.amount for one in counted if one.source == PaymentSource.PERSON)
            return max(self.amount - reported - by_person, ZERO)
        if self.is_echo(counted) and not self.is_said_anew:
            return ZERO
        ours = [one for one in counted if is_ours(one)]
        rest = ZERO if reported else self.paid_of_rest(ours)
        return max(self.amount + rest - reported - total_of(one.amount for one in ours) - self.went_back(ours), ZERO)

    def paid_of_rest(self, ours: Sequence[CountedMoney]) -> Decimal:
        """What came by another word for the rest: exactly that, or since the shop reported what came before, or by Mollie on our page, none
        of which is brought as it was reported. What is more than the rest, and less than all, is the rest and too much, as it is once there is an invoice."""
        came, days = total_of(one.amount for one in ours), {one.payment_id: one.paid_on for one in ours}
        if ZERO < came == self.rest != self.amount:
            return came
        later = [
            one.amount
            for one in ours
            if one.source == PaymentSource.MOLLIE or days[one.reverses or one.payment_id] > self.day
        ]
        since = total_of(later)
        unbrought = self.amount - (came - since)
        if unbrought <= 0 or unbrought in (*later, *accumulate(later)) or not self.rest:
            return ZERO
        return since if ZERO < since < self.rest + unbrought else ZERO

    def is_echo(self, counted: Sequence[CountedMoney]) -> bool:
        """Whether the shop may say so only because we did: all of it had come by what was counted here, and more of it went back since than
        the shop itself refunded.
        """
        if not self.amount or self.is_apart or self.is_part:
            return False
        ours = [one for one in counted if is_ours(one)]
        came, most = came_and_most(ours)
        known = came + total_of(one.amount for one in counted if is_reported(one)) + self.went_back(ours)
        return most >= self.amount > known

    def went_back(self, ours: Sequence[CountedMoney]) -> Decimal:
        """What the shop refunded of money that went back by another word too, where all that it reported had come so."""
        came, most = came_and_most(ours)
        return min(most - came, self.refunded) if most >= self.amount else ZERO


def is_reported(payment: CountedMoney) -> bool:
    """Whether it is what the shop said came in; a gift card that was spent and what the shop gave back are not."""
    return payment.source == PaymentSource.ORDER and payment.method not in (GIFT_CARD, REFUND)


def is_ours(payment: CountedMoney) -> bool:
    """Whether it was counted here by another word than the shop's."""
    return payment.source != PaymentSource.ORDER


def went_back(counted: Sequence[CountedMoney]) -> bool:
    """Whether money that was *counted* was taken back; what the bank confirmed was reversed too, and came all the same."""
    came, most = came_and_most(counted)
    return came < most and any(one.reverses for one in counted)


def came_and_most(some: Iterable[CountedMoney]) -> tuple[Decimal, Decimal]:
    """What came by *some* payments, and the most that ever had."""
    came = most = ZERO
    for one in some:
        came += one.amount
        most = max(most, came)
    return came, most
