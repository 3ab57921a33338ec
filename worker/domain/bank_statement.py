"""A statement of a bank: with how much it begins and ends, so that it shows when one between two is missing."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from worker.message import Message, Money


@dataclass(frozen=True)
class BankStatement:
    """*opening* is the balance of *account* (IBAN) on the day *opened_on*, *closing* that on *closed_on*, in *currency*."""

    account: str
    currency: str
    opening: Decimal
    opened_on: date
    closing: Decimal
    closed_on: date

    def __post_init__(self) -> None:
        for balance in (self.opening, self.closing):
            if not balance.is_finite() or abs(balance) >= 10**12:
                raise ValueError(f"{str(balance)[:40]} is no balance")
        object.__setattr__(self, "opening", round(self.opening, 2))
        object.__setattr__(self, "closing", round(self.closing, 2))


@dataclass(frozen=True)
class Gap:
    """Between two statements something is missing: *after* one, the next does not begin where that ended."""

    after: BankStatement
    next: BankStatement


def gaps_in(statements: Iterable[BankStatement]) -> list[Gap]:
    """What is missing of one account in one currency. Statements may overlap, and come from files of several kinds."""
    statements = tuple(statements)
    opened = defaultdict[date, set[Decimal]](set)
    for one in statements:
        opened[one.opened_on].add(one.opening)
    gaps, last = list[Gap](), list[BankStatement]()
    for one in sorted(statements, key=lambda one: (one.opened_on, one.closed_on)):
        # Of a day there may be several, in whichever order.
        if last and one.opened_on > last[0].closed_on and opened[one.opened_on].isdisjoint(end.closing for end in last):
            gaps.append(Gap(last[-1], one))
        # A week or month reaches over the days that begin in it.
        if not last or one.closed_on > last[0].closed_on:
            last = [one]
        elif one.closed_on == last[0].closed_on:
            last = [*last, one]
    return gaps


@dataclass(frozen=True)
class Missing:
    """A gap that nobody said is well, by the id of the statement after it: the one before *ended_on* a day with *ends*."""

    statement_id: int
    currency: str
    ends: Decimal
    ended_on: date
    opening: Decimal
    opened_on: date

    @property
    def message(self) -> Message:
        return Message(
            "A statement of your bank is missing between {day} and {next}: the one before it ended with {ends}, the one after it begins "
            "with {opening}. Nobody is reminded, and no order is cancelled, until you read it in or say that nothing is missing.",
            day=self.ended_on,
            next=self.opened_on,
            ends=Money(self.ends, self.currency),
            opening=Money(self.opening, self.currency),
        )
