"""What is asked of who pays late: never more than the law allows."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.bridge_app import a_draft
from worker.domain.document import Draft, PaymentInstructions
from worker.domain.late_costs import (
    Announcement,
    LateCosts,
    LateInvoice,
    announcement,
    consumer_ceiling,
    late_costs,
    legal_interest,
    listed_interest,
)
from worker.domain.party import Address, Buyer, Seller
from worker.domain.reminder import ReminderKind, ReminderSettings

FORMAL, LAST = ReminderKind.FORMAL, ReminderKind.LAST
SENT = date(2026, 3, 2)
TERMS = ReminderSettings(
    terms="Bij laattijdige betaling …",
    terms_since=date(2026, 1, 1),
    consumer_costs=Decimal(2000),
    consumer_interest=Decimal(20),
)


def a_late(draft: Draft, opened: str = "100.00", before: Announcement | None = None) -> LateInvoice:
    return LateInvoice(draft, Decimal(opened), before)


def of_consumer(**changes: object) -> Draft:
    seller = Seller(name="Winkel", address=Address(country="BE"))
    buyer = Buyer("An Peeters", address=Address(country="BE"))
    return replace(
        a_draft(),
        **{
            "seller": seller,
            "buyer": buyer,
            "ordered_on": date(2026, 1, 15),
            "payment": PaymentInstructions(due_on=date(2026, 2, 15)),
            **changes,
        },  # type: ignore[arg-type]  # fields by name
    )


def of_business(**changes: object) -> Draft:
    return of_consumer(buyer=Buyer("Jan", "Zaak BV", Address(country="BE"), vat_number="BE0403170701"), **changes)


@pytest.mark.parametrize(
    ("balance", "most"),
    [
        ("0.00", "0.00"), ("0.01", "20.00"), ("150.00", "20.00"), ("150.01", "30.00"), ("200.00", "35.00"), ("500.00", "65.00"),
        ("500.01", "65.00"), ("1000.00", "90.00"), ("39200.00", "2000.00"), ("1000000.00", "2000.00"),
    ],
)  # fmt: skip
def test_the_ceilings_are_those_of_article_xix_4(balance: str, most: str) -> None:
    assert consumer_ceiling(Decimal(balance)) == Decimal(most)


def test_the_first_reminder_of_a_consumer_is_free() -> None:
    assert late_costs(TERMS, a_late(of_consumer()), FORMAL, today=SENT) == LateCosts()


def test_what_is_asked_later_is_told_first() -> None:
    told = announcement(TERMS, a_late(of_consumer()), today=SENT)
    assert told == Announcement(SENT, Decimal("20.00"), Decimal("10.5"))  # not the 20 % of the terms
    last_day = SENT + timedelta(days=14)
    assert late_costs(TERMS, a_late(of_consumer(), before=told), LAST, today=last_day) == LateCosts()
    # Ten days of 100.00 at 10.5 %: 0.2876 …
    asked = late_costs(TERMS, a_late(of_consumer(), before=told), LAST, today=last_day + timedelta(days=10))
    assert asked == LateCosts(Decimal("20.00"), Decimal("0.28"))


@pytest.mark.parametrize(
    ("chosen", "draft"),
    [
        (replace(TERMS, terms=""), of_consumer()),
        (replace(TERMS, terms_since=None), of_consumer()),
        (TERMS, of_consumer(ordered_on=date(2025, 12, 31))),  # ordered before the terms said so
        (TERMS, of_consumer(buyer=Buyer("Jean", address=Address(country="FR")))),
        (TERMS, of_consumer(seller=Seller(name="Winkel", address=Address(country="NL")))),
        (TERMS, of_consumer(currency="USD")),
        (ReminderSettings(), of_consumer()),
    ],
)
def test_a_consumer_is_asked_nothing_that_his_terms_and_his_law_do_not_say(
    chosen: ReminderSettings, draft: Draft
) -> None:
    told = Announcement(SENT, Decimal(20), Decimal(10))
    assert announcement(chosen, a_late(draft), today=SENT) == Announcement(SENT)
    assert late_costs(chosen, a_late(draft, before=told), LAST, today=SENT + timedelta(days=99)) == LateCosts()


def test_a_consumer_is_not_asked_what_he_was_not_told() -> None:
    before = Announcement(SENT)  # the terms were entered afterwards
    assert late_costs(TERMS, a_late(of_consumer(), before=before), LAST, today=SENT + timedelta(days=99)) == LateCosts()


def test_a_business_is_asked_only_what_the_owner_switched_on() -> None:
    draft, today = of_business(), date(2026, 3, 17)  # 30 days after it was due
    assert late_costs(TERMS, a_late(draft), FORMAL, today=today) == LateCosts()
    costs = replace(TERMS, business_costs=True)
    assert late_costs(costs, a_late(draft), FORMAL, today=today) == LateCosts(Decimal("40.00"))
    both = replace(costs, business_interest=True)
    assert late_costs(both, a_late(draft, "1000.00"), FORMAL, today=today) == LateCosts(Decimal(40), Decimal("8.63"))
    assert late_costs(both, a_late(draft), ReminderKind.FRIENDLY, today=today) == LateCosts()


def test_a_half_year_without_a_known_rate_bears_no_interest_until_the_owner_says_it() -> None:
    chosen = replace(TERMS, business_interest=True)
    late = a_late(of_business(payment=PaymentInstructions(due_on=date(2026, 7, 31))), "1000.00")
    assert legal_interest(chosen, date(2026, 8, 1)) is None
    assert late_costs(chosen, late, FORMAL, today=date(2026, 8, 30)).interest == 0
    said = replace(chosen, legal_interest={"2026-07-01": Decimal("10.5")})
    assert late_costs(said, late, FORMAL, today=date(2026, 8, 30)).interest == Decimal("8.63")


def test_each_listed_rate_begins_a_half_year() -> None:
    for day, percent in listed_interest().items():
        began = date.fromisoformat(day)
        assert (began.day, began.month % 6) == (1, 1)
        assert 8 < percent < 20
        assert percent * 2 == int(percent * 2)


CENTS = st.integers(1, 10_000_000).map(lambda cents: Decimal(cents).scaleb(-2))
PERCENTS = st.integers(0, 5_000).map(lambda number: Decimal(number).scaleb(-2))


@settings(max_examples=50)
@given(CENTS, CENTS, PERCENTS, st.integers(0, 400))
def test_no_consumer_is_asked_more_than_the_law_allows(
    opened: Decimal, costs: Decimal, percent: Decimal, days: int
) -> None:
    chosen = replace(TERMS, consumer_costs=costs, consumer_interest=percent)
    today = SENT + timedelta(days=days)
    told = announcement(chosen, LateInvoice(of_consumer(), opened), today=SENT)
    asked = late_costs(chosen, LateInvoice(of_consumer(), opened, told), LAST, today=today)
    if days <= 14:
        assert asked.total == 0
        return
    ceiling = 20 if opened <= 150 else 30 + (opened - 150) / 10 if opened <= 500 else 65 + (opened - 500) / 20
    assert asked.costs <= min(ceiling, costs, Decimal(2000))
    assert asked.costs >= min(ceiling, costs, Decimal(2000)) - Decimal("0.01")
    highest = Decimal("10.5")  # of the half-years in which these days lie
    assert 0 <= asked.interest <= opened * min(percent, highest) / 100 * (days - 14) / 365
