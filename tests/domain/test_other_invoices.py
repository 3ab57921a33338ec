"""What a shop's plugin tells of other invoice plugins is taken as far as it can be read, and never more."""

import pytest

from worker.domain.other_invoices import OtherInvoices, OtherMaker, OtherNumbers, from_report, printed_next
from worker.domain.shop import Series

WPO = {"name": "WPO", "active": True, "makes": True, "known": True, "where": "WooCommerce > PDF", "numbers": None}


def test_a_report_is_read() -> None:
    told = {
        "found": [{**WPO, "numbers": {"next": 4, "pattern": "{year}-{number:04d}", "yearly": True}}],
        "beside": True,
    }

    numbers = OtherNumbers(4, "{year}-{number:04d}", yearly=True)
    maker = OtherMaker("WPO", makes=True, known=True, where="WooCommerce > PDF", numbers=numbers)
    assert from_report(told) == OtherInvoices((maker,), beside=True)


@pytest.mark.parametrize(
    "told", [None, 7, {}, {"found": 7}, {"found": [7]}, {"found": [{}]}, {"found": [{"name": 7}], "beside": "yes"}]
)
def test_what_cannot_be_read_counts_as_not_said(told: object) -> None:
    assert from_report(told) == OtherInvoices()


@pytest.mark.parametrize("numbers", [None, 7, {}, {"next": "4"}, {"next": True}, {"next": 0}, {"next": 10**9}])
def test_a_number_that_is_none_is_not_taken(numbers: object) -> None:
    (maker,) = from_report({"found": [{**WPO, "numbers": numbers}]}).makers

    assert maker.numbers is None


@pytest.mark.parametrize(
    ("pattern", "yearly"),
    [("{number.__class__}", False), ("no number", False), ("{number}", True), ("F" * 40 + "{number}", False)],
)
def test_a_pattern_that_ours_cannot_have_leaves_the_number_alone(pattern: str, yearly: bool) -> None:
    numbers = {"next": 4, "pattern": pattern, "yearly": yearly}
    (maker,) = from_report({"found": [{**WPO, "numbers": numbers}]}).makers

    assert maker.numbers is not None
    assert (maker.numbers.next, maker.numbers.pattern) == (4, "")
    assert printed_next(maker.numbers, Series("invoice", "F{year}-{number:05d}"), year=2026) == "F2026-00004"


def test_the_numbers_of_who_still_makes_invoices_come_first() -> None:
    old = {**WPO, "name": "old", "makes": False, "numbers": {"next": 4}}
    working = {**WPO, "name": "at work", "numbers": {"next": 90}}

    found = from_report({"found": [old, working]})

    assert found.with_numbers is not None
    assert found.with_numbers.name == "at work"
    assert [maker.name for maker in found.making] == ["at work"]
