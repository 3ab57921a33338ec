"""Which orders a line of a bank statement pays. Only what is certain is counted; all else waits for a person."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from worker.domain.bank_line import BankLine
from worker.domain.money import ZERO, total_of


class Verdict(StrEnum):
    """What a line is to us. Those of COUNTED are payments; PROPOSED becomes one when a person says so."""

    PAID = "paid"  # what was open, to the cent; of several orders too
    PART = "part"
    OVER = "over"  # more than was open: the rest is to be given back
    AGAIN = "again"  # nothing was open any more
    PROPOSED = "proposed"  # an invoice or order is named and the amount is right, but no reference
    DIFFERENT = "different"  # several orders are named, and the amount is not their sum
    WRONG_REFERENCE = "wrong_reference"
    UNKNOWN = "unknown"
    PAYOUT = "payout"  # of a payment provider, whose orders are paid already
    RETURNED = "returned"  # a payment of ours that came back
    GIVEN_BACK = "given_back"  # money out under a reference of ours
    MONEY_OUT = "money_out"
    PENDING = "pending"


COUNTED = (Verdict.PAID, Verdict.PART, Verdict.OVER, Verdict.AGAIN)
# Nobody has to look at these.
SETTLED = (*COUNTED, Verdict.PAYOUT, Verdict.MONEY_OUT, Verdict.PENDING)
_PROVIDERS = re.compile(
    r"\b(mollie|stripe|paypal|adyen|worldline|multisafepay|sumup|klarna|viva ?wallet|ccv|buckaroo|pay\.nl)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Claim:
    """An order and what is *open* of it, below zero when too much came in.

    *reference*: the structured communication that all its documents share; *numbers*: its own and those of its documents.
    """

    order_id: int
    numbers: tuple[str, ...]
    reference: str
    open: Decimal
    currency: str = "EUR"


@dataclass(frozen=True)
class Share:
    """What of a line belongs to one order."""

    order_id: int
    amount: Decimal


@dataclass(frozen=True)
class Match:
    """What a line is, whose money it is, and how much of it is too much or still missing (*rest*)."""

    line: BankLine
    verdict: Verdict
    shares: tuple[Share, ...] = ()
    rest: Decimal = ZERO


@dataclass
class Ledger:
    """What is open of every claim while lines are matched one after the other."""

    claims: Sequence[Claim]
    came_in: dict[int, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_reference = {claim.reference: claim for claim in self.claims}

    def open_of(self, claim: Claim) -> Decimal:
        return claim.open - self.came_in.get(claim.order_id, ZERO)

    def named_by(self, references: Iterable[str], currency: str) -> list[Claim]:
        named = (self.by_reference.get(reference) for reference in references)
        return [claim for claim in named if claim is not None and claim.currency == currency]

    def count(self, shares: Iterable[Share]) -> None:
        for share in shares:
            self.came_in[share.order_id] = self.came_in.get(share.order_id, ZERO) + share.amount


def match_lines(lines: Iterable[BankLine], claims: Sequence[Claim]) -> tuple[Match, ...]:
    """What each line is; one that pays an order leaves less of it open for the next. The order of *lines* is kept."""
    ledger, found = Ledger(claims), []
    for line in lines:
        match = match_line(line, ledger)
        if match.verdict in COUNTED:
            ledger.count(match.shares)
        found.append(match)
    return tuple(found)


def match_line(line: BankLine, ledger: Ledger) -> Match:
    named = ledger.named_by(line.references, line.currency)
    if line.is_pending:
        return Match(line, Verdict.PENDING)
    if line.is_return:
        return Match(line, Verdict.RETURNED)
    if line.amount <= 0:
        return Match(line, Verdict.GIVEN_BACK if named else Verdict.MONEY_OUT)
    if named:
        return match_named(line, named, ledger)
    if _PROVIDERS.search(line.name):
        return Match(line, Verdict.PAYOUT)
    return match_by_words(line, ledger)


def match_named(line: BankLine, named: Sequence[Claim], ledger: Ledger) -> Match:
    """The references of a line say which orders are meant; the amount says how far they are paid."""
    owed = [claim for claim in named if ledger.open_of(claim) > 0]
    asked = total_of(ledger.open_of(claim) for claim in owed)
    if not owed:
        return Match(line, Verdict.AGAIN, (Share(named[-1].order_id, line.amount),), line.amount)
    if line.amount == asked:
        return Match(line, Verdict.PAID, tuple(Share(claim.order_id, ledger.open_of(claim)) for claim in owed))
    if len(owed) > 1:
        return Match(line, Verdict.DIFFERENT, rest=line.amount - asked)
    share = (Share(owed[0].order_id, line.amount),)
    return Match(line, Verdict.PART if line.amount < asked else Verdict.OVER, share, abs(line.amount - asked))


def match_by_words(line: BankLine, ledger: Ledger) -> Match:
    """No reference of ours: a number of an invoice or order as a word of its own, with the exact amount, is a proposal."""
    if line.has_wrong_reference:
        return Match(line, Verdict.WRONG_REFERENCE)
    words = set(re.findall(r"[0-9A-Za-z][0-9A-Za-z/_-]*", f"{line.structured} {line.text}".upper()))
    fitting = [
        claim
        for claim in ledger.claims
        if claim.currency == line.currency
        and ledger.open_of(claim) == line.amount
        and {number.upper() for number in claim.numbers} & words
    ]
    if len(fitting) == 1:
        return Match(line, Verdict.PROPOSED, (Share(fitting[0].order_id, line.amount),))
    return Match(line, Verdict.UNKNOWN)
