"""Which reminder of an open invoice, or of an order that waits for a transfer, is due on a day. Pure; what may be asked besides is in
`late_costs`.

An order without an invoice is no debt that is due: its buyer is reminded kindly, never formally, and nothing is asked besides.

Consumers: Book XIX of the Code of Economic Law (law of 4-5-2023, in force since 1-9-2023; read 2026-11-28 in secondary
sources). Nothing may be asked besides the invoice before a first reminder, free and with a fixed content, and 14 whole
calendar days after it, which begin on the day after a mail (art. XIX.2).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from worker.domain.money import ZERO
from worker.message import Message

# Art. XIX.2 §1: the last of these days is the last on which the buyer pays the invoice and no more.
DAYS_TO_PAY = 14
# An order that nobody paid for so long after its day is given up: it is neither reminded of nor listed.
GIVEN_UP_AFTER = timedelta(days=60)
# Who is told that the order will be cancelled has so long to pay it; banks need one of these days.
BEFORE_CANCELLING = timedelta(days=2)


class ReminderKind(StrEnum):
    """In the order in which they leave. Each is also the name of the step that mails it."""

    BEFORE_DUE = "reminder_before_due"
    FRIENDLY = "reminder_friendly"
    FORMAL = "reminder_formal"  # the first in the sense of the law
    LAST = "reminder_last"  # once the days that the formal one gave are over


REMINDER_TERMS = {
    ReminderKind.BEFORE_DUE: Message("Reminder before the due date"),
    ReminderKind.FRIENDLY: Message("Friendly reminder"),
    ReminderKind.FORMAL: Message("Formal reminder"),
    ReminderKind.LAST: Message("Last reminder"),
}


# Those of an order without an invoice.
KIND_ONES = (ReminderKind.BEFORE_DUE, ReminderKind.FRIENDLY)


class Reminded(StrEnum):
    """Who is reminded of what is open."""

    NOBODY = "nobody"
    CONSUMERS = "consumers"
    BUSINESSES = "businesses"
    ALL = "all"


@dataclass(frozen=True)
class ReminderSettings:
    """When a shop reminds, and what it asks besides.

    *who* is reminded of what falls due from the day *since* on. *before_due*, *friendly* and *formal* are days before
    and after the due date, *last* days after the formal reminder; 0: none of that kind. *terms* is the clause of the shop's
    terms of sale on late payment, which holds for orders since *terms_since*: without both nothing is asked of a consumer,
    with them *consumer_costs* (in EUR) and *consumer_interest* (percent a year), within what the law allows. *business_costs*
    and *business_interest*: those of the law of 2-8-2002. *legal_interest*: the rate of a half-year by its first day, as the
    owner knows it.
    """

    who: Reminded = Reminded.NOBODY
    since: date | None = None
    before_due: int = 0
    friendly: int = 5
    formal: int = 14
    last: int = DAYS_TO_PAY + 1
    terms: str = ""
    terms_since: date | None = None
    consumer_costs: Decimal = ZERO
    consumer_interest: Decimal = ZERO
    business_costs: bool = False
    business_interest: bool = False
    legal_interest: dict[str, Decimal] = field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        return self.who is not Reminded.NOBODY

    def reminds(self, *, business: bool) -> bool:
        return self.who in (Reminded.ALL, Reminded.BUSINESSES if business else Reminded.CONSUMERS)

    def has_terms_on(self, day: date) -> bool:
        """Whether an order of that day was made under terms that speak of late payment."""
        return bool(self.terms) and self.terms_since is not None and self.terms_since <= day


@dataclass(frozen=True)
class OpenClaim:
    """An open invoice, or (*is_order*) an order that waits for a transfer without one.

    *tried*: the reminders that were planned or passed over, by kind, with the day each was sent; None: not. *cancelled_after*: the
    last day to pay an order that is then cancelled by itself.
    """

    due_on: date
    issued_on: date | None = None
    is_business: bool = False
    tried: Mapping[ReminderKind, date | None] = field(default_factory=dict)
    is_order: bool = False
    cancelled_after: date | None = None


@dataclass(frozen=True)
class NextReminder:
    """The reminder that comes next, and its day; one whose day has come is due."""

    kind: ReminderKind
    on: date


def next_reminder(settings: ReminderSettings, claim: OpenClaim, *, today: date) -> NextReminder | None:
    """What comes next for *claim*; None where nothing does: the rest is for a person.

    No kind comes twice, none before one that was tried, and none whose time is over: what comes after it is due.
    """
    if not settings.reminds(business=claim.is_business) or (settings.since and claim.due_on < settings.since):
        return None
    return next((one for one in _to_come(settings, claim) if not _is_over(settings, claim, one.kind, today)), None)


def _to_come(settings: ReminderSettings, claim: OpenClaim) -> Iterator[NextReminder]:
    kinds = list(KIND_ONES if claim.is_order else ReminderKind)
    begin = max((kinds.index(kind) + 1 for kind in claim.tried if kind in kinds), default=0)
    days = {kind: day_of(settings, claim, kind) for kind in kinds[begin:]}
    return (NextReminder(kind, on) for kind, on in days.items() if on is not None)


def day_of(settings: ReminderSettings, claim: OpenClaim, kind: ReminderKind) -> date | None:
    """The first day on which *kind* may leave; None where it may not.

    One that left late moves those after it: the buyer has as long in between as the owner meant.
    """
    due_on, friendly_on = claim.due_on, claim.tried.get(ReminderKind.FRIENDLY)
    match kind:
        case ReminderKind.BEFORE_DUE:
            return due_on - timedelta(days=settings.before_due) if settings.before_due else None
        case ReminderKind.FRIENDLY:
            planned = due_on + timedelta(days=settings.friendly)
            return in_time(claim, planned) if settings.friendly else None
        case ReminderKind.FORMAL:
            if not settings.formal or claim.is_order:
                return None
            between = timedelta(days=max(settings.formal - settings.friendly, 1))
            planned = due_on + timedelta(days=settings.formal)
            return max(planned, friendly_on + between) if friendly_on else planned
    formal_on = claim.tried.get(ReminderKind.FORMAL)
    if formal_on is None or not settings.last:
        return None
    return formal_on + timedelta(days=max(settings.last, DAYS_TO_PAY + 1))


def in_time(claim: OpenClaim, planned: date) -> date:
    """*planned*, or as much earlier as leaves the buyer the time to pay before the order is cancelled."""
    if claim.cancelled_after is None:
        return planned
    return min(planned, claim.cancelled_after - BEFORE_CANCELLING)


def _is_over(settings: ReminderSettings, claim: OpenClaim, kind: ReminderKind, today: date) -> bool:
    """Nobody is told that he must pay soon what is due or what he just got, nor kindly what is to be asked formally."""
    if claim.is_order and _is_no_use(settings, claim, kind, today):
        return True
    if kind is ReminderKind.BEFORE_DUE:
        return _is_new(settings, claim, kind) or today >= claim.due_on
    formal_on = day_of(settings, claim, ReminderKind.FORMAL)
    return kind is ReminderKind.FRIENDLY and formal_on is not None and today >= formal_on


def _is_new(settings: ReminderSettings, claim: OpenClaim, kind: ReminderKind) -> bool:
    """Whether its buyer got what he is to pay by on that very day."""
    begins = day_of(settings, claim, kind)
    return begins is not None and claim.issued_on is not None and begins <= claim.issued_on


def _is_no_use(settings: ReminderSettings, claim: OpenClaim, kind: ReminderKind, today: date) -> bool:
    """Whether the time of an order is over, or that of a second word before its day."""
    last = claim.cancelled_after or claim.due_on + GIVEN_UP_AFTER
    if today > last or _is_new(settings, claim, kind):
        return True
    begins = day_of(settings, claim, kind)
    is_second = kind is ReminderKind.FRIENDLY and ReminderKind.BEFORE_DUE in claim.tried
    return is_second and begins is not None and begins <= claim.due_on


def pay_by(sent_on: date) -> date:
    """The last of the 14 days, which begin on the day after the mail."""
    return sent_on + timedelta(days=DAYS_TO_PAY)
