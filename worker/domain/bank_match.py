"""Which orders a line of a bank statement pays. Only what is certain is counted; all else waits for a person."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from worker.domain.bank_line import BankLine, unbroken
from worker.domain.money import ZERO, total_of
from worker.domain.order import OrderKey
from worker.domain.payment import confirmed_by
from worker.message import Message


class Verdict(StrEnum):
    """What a line is to us. Those of COUNTED are payments; PROPOSED becomes one when a person says so."""

    PAID = "paid"  # what was open, to the cent; of several orders too
    PART = "part"
    OVER = "over"  # more than was open: the rest is to be given back
    AGAIN = "again"  # nothing was open any more
    CONFIRMED = "confirmed"  # what the shop or a person had said already
    LESS = "less"  # than the shop or a person had said, and this file brings no more of it
    PROPOSED = "proposed"  # an invoice or order is named and the amount is right, but no reference
    DIFFERENT = "different"  # several orders are named, and the amount is not their sum
    WRONG_REFERENCE = "wrong_reference"
    UNKNOWN = "unknown"
    OTHER_SHOP = "other_shop"  # of the same owner, which asked for it under that reference
    PAYOUT = "payout"  # of a payment provider, whose orders are paid already
    RETURNED = "returned"  # a payment of ours that came back
    GIVEN_BACK = "given_back"  # money out under a reference of ours, or a number with what came in too much
    MONEY_OUT = "money_out"
    PENDING = "pending"
    KNOWN = "known"  # a file of another kind told of it
    PERHAPS_KNOWN = (
        "perhaps_known"  # nothing was open, and a file of another kind told of such a payment on a day near it
    )


VERDICT_TERMS = {
    Verdict.PAID: Message("paid"),
    Verdict.PART: Message("paid in part"),
    Verdict.OVER: Message("paid too much"),
    Verdict.AGAIN: Message("paid once more"),
    Verdict.CONFIRMED: Message("paid, as was said before"),
    Verdict.LESS: Message("less than was said before"),
    Verdict.PROPOSED: Message("no reference, but number and amount fit"),
    Verdict.DIFFERENT: Message("names several orders, and is not their sum"),
    Verdict.WRONG_REFERENCE: Message("the reference has a typing error"),
    Verdict.UNKNOWN: Message("names no order"),
    Verdict.OTHER_SHOP: Message("for another shop of yours"),
    Verdict.PAYOUT: Message("payout of a payment provider: its orders are paid already"),
    Verdict.RETURNED: Message("a payment of yours that came back"),
    Verdict.GIVEN_BACK: Message("given back to a customer"),
    Verdict.MONEY_OUT: Message("money out"),
    Verdict.PENDING: Message("not booked by the bank yet"),
    Verdict.KNOWN: Message("the same as a line of another file"),
    Verdict.PERHAPS_KNOWN: Message("paid once more, or the same as a line of another file with another day"),
}
COUNTED = (Verdict.PAID, Verdict.PART, Verdict.OVER, Verdict.AGAIN, Verdict.CONFIRMED)
# What banks may take for a transfer, at most a twentieth of it: nobody asks a customer for that.
BANK_COSTS = Decimal("2.00")
# Over a long weekend, money that was sent on its first day is booked after it.
NEAR_DAYS = 4
# Nobody has to look at these.
SETTLED = (*COUNTED, Verdict.OTHER_SHOP, Verdict.PAYOUT, Verdict.MONEY_OUT, Verdict.PENDING, Verdict.KNOWN)
_PROVIDER = re.compile(
    r"\b(mollie|stripe|paypal|adyen|(equens)?worldline|multisafepay|sumup|klarna|viva ?wallet|ccv|buckaroo|pay\.nl)\b",
    re.IGNORECASE,
)
# What stands beside it in the name of the company; somebody may be called Klarna Peeters.
_OF_COMPANY = re.compile(
    r"ab|ag|bank|beheer|belgi[eë]|belgique|belgium|benelux|branch|bv|cie|client|custodian|custody|dac|derdengelden|et|eu|europe"
    r"|european|financial|funds|german|gmbh|group|inc|international|ireland|limited|llc|ltd|nederland|netherlands|nv|of|payments?"
    r"|payouts?|plc|pte|publ|s[aà]|s[aà]?rl|rl|sas|sca|se|services|solutions|stg|stichting|technology|the|uab|uitbetaling|uk",
    re.IGNORECASE,
)
_IN_NAME_OF = re.compile(r"\b(inzake|inz|obv)\b.*", re.IGNORECASE)  # the shop for which it pays out


@dataclass(frozen=True)
class Claim:
    """An order and what is *open* of it, below zero when too much came in.

    *references*: the structured communications of its documents, mostly one; *numbers*: its own and those of its documents.
    *heard*: amounts that the shop or a person said came in by transfer, and no bank yet. *excess*: what is to be given back.
    """

    order: OrderKey
    numbers: tuple[str, ...]
    references: tuple[str, ...]
    open: Decimal
    currency: str = "EUR"
    heard: tuple[Decimal, ...] = ()
    excess: Decimal = ZERO


@dataclass(frozen=True)
class Share:
    """What of a line belongs to one order."""

    order: OrderKey
    amount: Decimal


@dataclass(frozen=True)
class Match:
    """What a line is, whose money it is, and how much of it is too much or still missing (*rest*).

    *is_heard*: it brings what somebody had said of the one order that it is for.
    """

    line: BankLine
    verdict: Verdict
    shares: tuple[Share, ...] = ()
    rest: Decimal = ZERO
    is_heard: bool = False


@dataclass
class Ledger:
    """What is open of every claim while lines are matched one after the other."""

    claims: Sequence[Claim]
    came_in: dict[OrderKey, Decimal] = field(default_factory=dict)
    # By lines that name that order alone and were not matched yet.
    coming: dict[OrderKey, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.heard = {claim.order: list(claim.heard) for claim in self.claims}
        self.by_reference = defaultdict[str, list[Claim]](list)
        for claim in self.claims:
            for reference in claim.references:
                self.by_reference[reference].append(claim)

    def open_of(self, claim: Claim) -> Decimal:
        return claim.open - self.came_in.get(claim.order, ZERO)

    def heard_of(self, claim: Claim, amount: Decimal) -> tuple[Decimal, ...]:
        """What was said of the money that a line of *amount* brings, and what no line before this one brought."""
        return confirmed_by(amount, self.heard[claim.order], open_amount=self.open_of(claim))

    def expect(self, line: BankLine, amount: Decimal) -> None:
        """That *amount* more, or less, is still to be matched of lines like this."""
        named = self.named_by(line.references, line.currency)
        if len(named) == 1 and line.amount > 0 and not (line.is_pending or line.is_return):
            self.coming[named[0].order] = self.coming.get(named[0].order, ZERO) + amount

    def named_by(self, references: Iterable[str], currency: str) -> list[Claim]:
        """The orders of each reference, each order once."""
        named = (claim for reference in references for claim in self.by_reference.get(reference, ()))
        return [claim for claim in dict.fromkeys(named) if claim.currency == currency]

    def is_shared(self, claim: Claim) -> bool:
        """Whether another order has a reference of this one: its id came back."""
        return any(len(self.by_reference[reference]) > 1 for reference in claim.references)

    def count(self, match: Match) -> None:
        for share in match.shares:
            new = share.amount - self.confirm(share) if match.is_heard else share.amount
            self.came_in[share.order] = self.came_in.get(share.order, ZERO) + new

    def confirm(self, share: Share) -> Decimal:
        """How much of what was said a share brings; the rest of that is still to come."""
        heard = self.heard[share.order]
        brought = confirmed_by(share.amount, heard, open_amount=ZERO)
        for said in brought:
            heard.remove(said)
        left = total_of(brought) - share.amount
        heard += [left] if left > 0 else []
        return min(total_of(brought), share.amount)


def match_lines(lines: Iterable[BankLine], claims: Sequence[Claim]) -> tuple[Match, ...]:
    """What each line is; one that pays an order leaves less of it open for the next. The order of *lines* is kept."""
    lines, ledger, found = tuple(lines), Ledger(claims), []
    for line in lines:
        ledger.expect(line, line.amount)
    for line in lines:
        match = match_line(line, ledger)
        ledger.expect(line, -line.amount)
        if match.verdict in COUNTED:
            ledger.count(match)
        found.append(match)
    return tuple(found)


def match_line(line: BankLine, ledger: Ledger) -> Match:
    named = ledger.named_by(line.references, line.currency)
    if line.is_pending:
        return Match(line, Verdict.PENDING)
    if line.is_return:
        return Match(line, Verdict.RETURNED)
    if line.amount <= 0:
        named = named or given_back_in_words(line, ledger)
        shares = tuple(Share(claim.order, line.amount) for claim in named if len(named) == 1)
        return Match(line, Verdict.GIVEN_BACK if named else Verdict.MONEY_OUT, shares)
    if named:
        return match_named(line, named, ledger)
    match = match_by_words(line, ledger)
    return Match(line, Verdict.PAYOUT) if match.verdict is Verdict.UNKNOWN and is_provider(line.name) else match


def is_provider(name: str) -> bool:
    """Whether *name* is wholly that of a payment provider, as its payouts bear it."""
    rest, found = _PROVIDER.subn(" ", _IN_NAME_OF.sub("", name))
    words = re.findall(r"[^\W\d_]+", rest.replace(".", ""))
    return bool(found) and all(_OF_COMPANY.fullmatch(word) for word in words)


def match_named(line: BankLine, named: Sequence[Claim], ledger: Ledger) -> Match:
    """The references of a line say which orders are meant; the amount says how far they are paid."""
    heard = ledger.heard_of(named[0], line.amount) if len(named) == 1 else ()
    if heard:
        return match_heard(line, named[0], ledger, said=total_of(heard))
    owed = [claim for claim in named if ledger.open_of(claim) > 0]
    asked = total_of(ledger.open_of(claim) for claim in owed)
    if any(ledger.is_shared(claim) for claim in named):
        return match_shared(line, owed, ledger)
    if not owed and len(named) == 1:
        return Match(line, Verdict.AGAIN, (Share(named[-1].order, line.amount),), line.amount)
    if line.amount == asked:
        return Match(line, Verdict.PAID, tuple(Share(claim.order, ledger.open_of(claim)) for claim in owed))
    if len(named) > 1:  # also where one of them is paid already: this may be the money that was meant then
        return Match(line, Verdict.DIFFERENT, rest=line.amount - asked)
    share = (Share(owed[0].order, line.amount),)
    return Match(line, Verdict.PART if line.amount < asked else Verdict.OVER, share, abs(line.amount - asked))


def match_heard(line: BankLine, claim: Claim, ledger: Ledger, *, said: Decimal) -> Match:
    """A line brings what was *said* of the order or more; or less, which a person looks at where nothing else brings the rest.

    Otherwise nobody hears that an order which counts as paid was not: it stays so until he takes that back.
    """
    share, rest = (Share(claim.order, line.amount),), said - line.amount
    if rest < 0:
        return Match(line, Verdict.OVER, share, -rest, is_heard=True)
    missing = said - max(ledger.coming.get(claim.order, ZERO), line.amount)
    verdict = Verdict.CONFIRMED if missing <= min(BANK_COSTS, said / 20) else Verdict.LESS
    return Match(line, verdict, share, rest, is_heard=True)


def match_shared(line: BankLine, owed: Sequence[Claim], ledger: Ledger) -> Match:
    """Several orders have one reference: the amount says which is meant, or a person does."""
    exact = [claim for claim in owed if ledger.open_of(claim) == line.amount]
    if len(exact) == 1:
        return Match(line, Verdict.PAID, (Share(exact[0].order, line.amount),))
    return Match(line, Verdict.DIFFERENT)


def match_by_words(line: BankLine, ledger: Ledger) -> Match:
    """No reference of ours: a number of an invoice or order as a word of its own, with the exact amount, is a proposal; so are
    several with exactly what is open of all.
    """
    if line.has_wrong_reference:
        return Match(line, Verdict.WRONG_REFERENCE)
    named = [
        Share(claim.order, ledger.open_of(claim)) for claim in named_in_words(line, ledger) if ledger.open_of(claim) > 0
    ]
    exact = [share for share in named if share.amount == line.amount]
    if len(exact) == 1:
        return Match(line, Verdict.PROPOSED, tuple(exact))
    if len(named) > 1 and total_of(share.amount for share in named) == line.amount:
        return Match(line, Verdict.PROPOSED, tuple(named))
    return Match(line, Verdict.UNKNOWN)


def given_back_in_words(line: BankLine, ledger: Ledger) -> list[Claim]:
    """The one order that a line names by a number, and of which just that amount is to be given back."""
    found = [claim for claim in named_in_words(line, ledger) if claim.excess == -line.amount > 0]
    return found if len(found) == 1 else []


def named_in_words(line: BankLine, ledger: Ledger) -> list[Claim]:
    """The orders of which a number stands in a line as a word of its own."""
    words = {word.upper() for word in words_of(line)}
    return [
        claim
        for claim in ledger.claims
        if claim.currency == line.currency and {number.upper() for number in claim.numbers} & words
    ]


def words_of(line: BankLine) -> set[str]:
    """What stands in a line as a word of its own, as it was typed and in capitals: the number of an invoice, perhaps.

    A line may have ended in the middle of a word or between two. A number may have a slash in it, and banks set one behind it too.
    """
    told = f"{line.structured} {line.text}\n{unbroken(line.text)}"
    runs = set(re.findall(r"[0-9A-Za-z][0-9A-Za-z/_-]*", told))
    typed = runs | {word for run in runs for word in between_slashes(run)}
    return typed | {word.upper() for word in typed}


def between_slashes(run: str) -> Iterator[str]:
    parts = run.split("/")
    for start in range(len(parts)):
        for end in range(start + 1, min(start + 3, len(parts)) + 1):
            yield "/".join(parts[start:end])


class ToldTwice(NamedTuple):
    """The keys of lines that are one of another file, and of those that may be: it has the same reference, on a day *near*."""

    same: frozenset[str]
    near: frozenset[str]


def same_lines(lines: Sequence[BankLine], told: Iterable[BankLine]) -> ToldTwice:
    """Which of *lines* are one of *told*, of a file of another kind, each of these once.

    Kinds of files have no key in common. Day, amount and currency are the same, and either the account that the money came from
    or the reference; nothing else is written alike.
    """
    left, same, near = defaultdict[tuple[object, ...], list[BankLine]](list), set[str](), set[str]()
    for other in told:
        left[moved(other, other.booked_on)].append(other)
    for line in lines:
        alike = left[moved(line, line.booked_on)]
        twin = next((other for other in alike if is_same(line, other)), None)
        if twin is not None:
            alike.remove(twin)
            same.add(line.key)
    for line in lines:
        found = [] if line.key in same or not line.references else left_near(line, left)
        if found:
            left[moved(found[0], found[0].booked_on)].remove(found[0])
            near.add(line.key)
    return ToldTwice(frozenset(same), frozenset(near))


def left_near(line: BankLine, left: Mapping[tuple[object, ...], Sequence[BankLine]]) -> list[BankLine]:
    """Those that another kind of file dates otherwise: one tells when money was sent, and one when it was booked."""
    days = (line.booked_on + timedelta(days) for days in sorted(range(-NEAR_DAYS, NEAR_DAYS + 1), key=abs))
    alike = (other for day in days for other in left.get(moved(line, day), ()))
    return [other for other in alike if other.references == line.references]


def moved(line: BankLine, day: date) -> tuple[object, ...]:
    return line.account, day, line.amount, line.currency


def is_same(line: BankLine, other: BankLine) -> bool:
    """Of two lines that moved the same amount on the same day."""
    if line.references or other.references:
        return line.references == other.references
    if line.iban and other.iban:
        return line.iban == other.iban
    return line.name.casefold() == other.name.casefold()
