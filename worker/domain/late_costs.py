"""What may be asked of who pays late, besides the invoice: never more than the law allows, nor than the owner's own terms say. Pure.

Consumers: art. XIX.4 of the Code of Economic Law. Businesses: art. 5 and 6 of the law of 2-8-2002. Read 2026-11-28 in secondary
sources; amounts in EUR.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from functools import cache

from worker.domain.data_file import read_data
from worker.domain.document import Draft
from worker.domain.money import CENT, ZERO
from worker.domain.reminder import ReminderKind, ReminderSettings, pay_by

BUSINESS_COSTS = Decimal("40.00")  # art. 6 of the law of 2-8-2002
MOST_CONSUMER_COSTS = Decimal("2000.00")
DAYS_OF_YEAR = 365
BELGIUM = "BE"


@dataclass(frozen=True)
class LateCosts:
    """*costs* once, and *interest* up to the day of the reminder; both may be 0.00."""

    costs: Decimal = ZERO
    interest: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.costs + self.interest


NO_COSTS = LateCosts()


@dataclass(frozen=True)
class Announcement:
    """What a formal reminder of the day *sent_on* said that a consumer pays besides once its days are over."""

    sent_on: date
    costs: Decimal = ZERO
    percent: Decimal = ZERO


@dataclass(frozen=True)
class LateInvoice:
    """What is *open* of the invoice that *draft* became, and what its buyer was told *before* (None: no formal reminder left)."""

    draft: Draft
    open: Decimal
    before: Announcement | None = None

    @property
    def is_business(self) -> bool:
        return is_business(self.draft)

    @property
    def due_on(self) -> date | None:
        return self.draft.payment.due_on if self.draft.payment else None


def is_business(draft: Draft) -> bool:
    """Whether its buyer gave a VAT number that holds. Whoever only wrote a company's name is reminded as a consumer: that asks less."""
    return bool(draft.buyer.vat_number)


def announcement(settings: ReminderSettings, late: LateInvoice, *, today: date) -> Announcement:
    """What a formal reminder of *today* tells a consumer: art. XIX.2 §3 1° wants it told before it is asked."""
    if late.is_business or not _may_cost_consumer(settings, late.draft):
        return Announcement(today)
    percent = min(settings.consumer_interest, legal_interest(settings, today) or ZERO)
    return Announcement(today, min(settings.consumer_costs, consumer_ceiling(late.open)), percent)


def late_costs(settings: ReminderSettings, late: LateInvoice, kind: ReminderKind, *, today: date) -> LateCosts:
    """What the reminder *kind* of *today* asks besides the invoice."""
    if kind not in (ReminderKind.FORMAL, ReminderKind.LAST) or not _is_belgian(late.draft):
        return NO_COSTS
    if late.is_business:
        return _of_business(settings, late, today)
    if kind is ReminderKind.FORMAL or late.before is None or today <= pay_by(late.before.sent_on):
        return NO_COSTS
    return _of_consumer(settings, late, late.before, today)


def _of_consumer(settings: ReminderSettings, late: LateInvoice, before: Announcement, today: date) -> LateCosts:
    """What he was told of, where the terms still say so and the law still allows it for what is open now."""
    if not _may_cost_consumer(settings, late.draft):
        return NO_COSTS
    costs = min(before.costs, settings.consumer_costs, consumer_ceiling(late.open))
    days = days_from(pay_by(before.sent_on) + timedelta(days=1), today)
    return LateCosts(costs, interest(settings, late.open, days, most=min(before.percent, settings.consumer_interest)))


def _of_business(settings: ReminderSettings, late: LateInvoice, today: date) -> LateCosts:
    costs = BUSINESS_COSTS if settings.business_costs else ZERO
    if not settings.business_interest or late.due_on is None:
        return LateCosts(costs)
    return LateCosts(costs, interest(settings, late.open, days_from(late.due_on + timedelta(days=1), today)))


def _may_cost_consumer(settings: ReminderSettings, draft: Draft) -> bool:
    """Only what the terms say that the order was made under, and of who lives here: another country's consumers have the
    protection of its own law, which this does not know."""
    lives_here = draft.buyer.address.country in ("", BELGIUM)
    return _is_belgian(draft) and lives_here and settings.has_terms_on(draft.ordered_on)


def _is_belgian(draft: Draft) -> bool:
    return draft.seller.address.country == BELGIUM and draft.currency == "EUR"


def consumer_ceiling(balance: Decimal) -> Decimal:
    """Art. XIX.4 2°: the most that is asked once of a consumer who owes *balance*."""
    if balance <= 0:
        return ZERO
    if balance <= 150:
        most = Decimal(20)
    elif balance <= 500:
        most = 30 + (balance - 150) * Decimal("0.10")
    else:
        most = min(65 + (balance - 500) * Decimal("0.05"), MOST_CONSUMER_COSTS)
    return _down(most)


def interest(
    settings: ReminderSettings, balance: Decimal, days: Iterator[date], *, most: Decimal | None = None
) -> Decimal:
    """Of *balance* for some *days*, at the legal rate of each or at *most* percent where that is less; a day without a known rate counts nothing."""
    percents = (legal_interest(settings, day) for day in days)
    total = sum(
        ((percent if most is None else min(percent, most)) for percent in percents if percent is not None), ZERO
    )
    return _down(balance * total / 100 / DAYS_OF_YEAR)


def legal_interest(settings: ReminderSettings, day: date) -> Decimal | None:
    """The legal rate on *day*, in percent a year; None where it is not known. What the owner says goes first."""
    half_year = half_year_of(day).isoformat()
    return settings.legal_interest.get(half_year, listed_interest().get(half_year))


def half_year_of(day: date) -> date:
    """Its first day."""
    return date(day.year, 1 if day.month < 7 else 7, 1)


def latest_rates(settings: ReminderSettings, today: date, *, count: int) -> dict[date, Decimal | None]:
    """The legal rates of the *count* half-years up to *today*, by their first days, the oldest first; None where one is not known."""
    days = [half_year_of(today)]
    while len(days) < count:
        days.insert(0, half_year_of(days[0] - timedelta(days=1)))
    return {day: legal_interest(settings, day) for day in days}


@cache
def listed_interest() -> dict[str, Decimal]:
    percents: dict[str, Decimal] = read_data("interest")["percent"]
    return percents


def days_from(first: date, last: date) -> Iterator[date]:
    """From *first* to *last*, both counted."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _down(amount: Decimal) -> Decimal:
    """Never a cent too much."""
    return amount.quantize(CENT, rounding=ROUND_FLOOR)
