"""Rates with the days on which they are levied: one standard rate a country and day, and every change with its source."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories import PLACED_AT, a_line, a_shop, an_order
from worker.domain.assessment import assess
from worker.domain.place_of_supply import EU
from worker.domain.rates import RateKind, all_rates, changes, is_known, known_rates, listed_since, rates_of
from worker.domain.shop import VatSettings

D = Decimal
ANY_DAY = st.dates(date(2024, 1, 1), date(2030, 12, 31))


@given(ANY_DAY)
def test_every_country_has_one_standard_rate_on_every_day_and_no_rate_twice(on: date) -> None:
    assert set(all_rates()) == EU | {"XI", "CH", "GB", "IS", "NO"}
    for country, rates in all_rates().items():
        valid = Counter(rate.percent for rate in rates if rate.is_valid(on))
        standard = [rate for rate in rates if rate.is_valid(on) and rate.kind is RateKind.STANDARD]
        assert len(standard) == 1, (country, on)
        assert max(valid.values()) == 1, (country, on)
        assert standard[0].percent == max(valid), (country, on)


def test_every_change_has_a_source_and_ends_after_it_began() -> None:
    for rate in (rate for rates in all_rates().values() for rate in rates):
        if rate.since or rate.until:
            assert rate.source, rate
            assert (rate.since or listed_since()) <= (rate.until or date.max), rate
            assert (rate.since or rate.until or listed_since()) >= listed_since(), rate


@pytest.mark.parametrize(
    ("country", "on", "rates"),
    [
        ("BE", date(2026, 11, 28), {21, 12, 6}),
        ("NL", date(2026, 11, 28), {21, 9}),
        ("AT", date(2026, 6, 30), {20, 19, 13, 10}),
        ("AT", date(2026, 7, 1), {20, 19, 13, 10, D("4.9")}),
        ("FI", date(2024, 8, 31), {24, 14, 10}),
        ("FI", date(2025, 12, 31), {D("25.5"), 14, 10}),
        ("FI", date(2026, 1, 1), {D("25.5"), D("13.5"), 10}),
        ("LT", date(2025, 12, 31), {21, 9, 5}),
        ("LT", date(2026, 1, 1), {21, 12, 5}),
        ("EE", date(2025, 6, 30), {22, 13, 9}),
        ("EE", date(2025, 7, 1), {24, 13, 9}),
        ("RO", date(2025, 7, 31), {19, 9, 5}),
        ("RO", date(2025, 8, 1), {21, 11}),
        ("SK", date(2024, 12, 31), {20, 10, 5}),
        ("SK", date(2025, 1, 1), {23, 19, 5}),
        ("MC", date(2026, 11, 28), {20, 10, D("5.5"), D("2.1"), 13, D("0.9")}),
        ("XI", date(2026, 11, 28), {20, 5}),
        ("NO", date(2026, 11, 28), {25, 15, 12, D("11.11")}),
        ("LI", date(2026, 11, 28), {D("8.1"), D("3.8"), D("2.6")}),
        ("US", date(2026, 11, 28), set()),
    ],
)
def test_a_rate_counts_from_its_first_day_to_its_last(country: str, on: date, rates: set[Decimal]) -> None:
    assert known_rates(country, on) == rates


@pytest.mark.parametrize(
    ("country", "rate", "known"),
    [("BE", "21.0000", True), ("BE", "0", True), ("BE", "19", False), ("FR", "5.5", True), ("US", "8.875", True)],
)
def test_a_rate_is_known_or_not(country: str, rate: str, known: bool) -> None:
    assert is_known(country, Decimal(rate), date(2026, 11, 28)) is known


def test_a_change_is_listed_once_where_a_rate_ends_and_once_where_one_begins() -> None:
    found = [
        (change.day, change.rate.percent, change.ended) for change in changes(rates_of("FI"), since=date(2025, 1, 1))
    ]
    assert found == [(date(2026, 1, 1), 14, True), (date(2026, 1, 1), D("13.5"), False)]


@pytest.mark.parametrize(("paid", "problems"), [(PLACED_AT.replace(year=2025), []), (PLACED_AT, ["rate_unknown"])])
def test_a_rate_is_judged_by_the_day_of_payment(paid: object, problems: list[str]) -> None:
    order = an_order(a_line("100.00", "14"), country="FI", paid_at=paid)
    shop = a_shop(vat=VatSettings(oss=True))
    assert [problem.code for problem in assess(order, shop).problems] == problems


def test_a_rate_of_monaco_and_of_northern_ireland_is_known() -> None:
    monaco = an_order(a_line("100.00", "20"), country="MC", postcode="98000")
    belfast = an_order(a_line("100.00", "20"), country="GB", postcode="BT1 5GS")
    shop = a_shop(vat=VatSettings(oss=True))
    assert [assess(order, shop).problems for order in (monaco, belfast)] == [(), ()]
