"""Numbers and dates: rising together, by the calendar of the shop, and never the same number twice."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories import a_shop
from tests.support.issued import a_draft, issue, opened, pay
from worker.domain.document import Document, Kind, Reference
from worker.domain.numbering import can_print_the_same, check_pattern, first_repeated_number
from worker.domain.shop import NumberingSettings, Series, Shop
from worker.errors import Rejected
from worker.store import counters, documents, register
from worker.store.counters import Counter
from worker.store.database.engine import Store


@dataclass
class Records:
    store: Store
    shop: Shop

    def issue(self, order_id: int, *, at: datetime, kind: Kind = Kind.INVOICE) -> Document:
        return issue(self.store, self.shop, a_draft(order_id, kind=kind), now=at)


@pytest.fixture
def records(database_url: str) -> Iterator[Records]:
    store, shop = opened(database_url)
    yield Records(store, shop)
    store.close()


def at(year: int, month: int, day: int, hour: int = 9) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_the_year_changes_at_midnight_in_the_shops_zone(records: Records) -> None:
    moments = (at(2026, 12, 31, 22), at(2026, 12, 31, 23), at(2027, 1, 1, 9))
    made = [records.issue(order_id, at=moment) for order_id, moment in enumerate(moments)]
    assert [(document.number, document.issued_on) for document in made] == [
        ("F2026-00001", date(2026, 12, 31)),
        ("F2027-00001", date(2027, 1, 1)),
        ("F2027-00002", date(2027, 1, 1)),
    ]


def test_a_clock_that_goes_back_does_not_turn_dates_back(records: Records) -> None:
    moments = (at(2027, 1, 2), at(2026, 12, 30), at(2027, 1, 3))
    made = [records.issue(order_id, at=moment) for order_id, moment in enumerate(moments)]
    assert [(document.number, document.issued_on) for document in made] == [
        ("F2027-00001", date(2027, 1, 2)),
        ("F2027-00002", date(2027, 1, 2)),
        ("F2027-00003", date(2027, 1, 3)),
    ]


def test_each_series_has_its_own_dates(records: Records) -> None:
    records.issue(1, at=at(2027, 1, 2))
    note = records.issue(1, at=at(2026, 12, 30), kind=Kind.DELIVERY_NOTE)
    assert (note.number, note.issued_on) == ("L2026-00001", date(2026, 12, 30))


def test_a_number_that_exists_is_not_given_again_and_nothing_is_issued(records: Records) -> None:
    records.issue(1, at=at(2026, 11, 23))
    with records.store.write() as connection:
        counters.write(connection, records.shop.shop_id, Counter("sales", 2026, 0, None))
    series = {**records.shop.numbering.series, Kind.INVOICE: Series("sales", "F{year}-{number:05d}")}
    records.shop = replace(records.shop, numbering=NumberingSettings(series))
    with pytest.raises(Rejected) as refused:
        records.issue(2, at=at(2026, 11, 23))
    assert refused.value.code == "number_exists"
    assert str(refused.value.message).startswith("F2026-00001 would be given a second time, so nothing was issued.")
    with records.store.read() as connection:
        counter = counters.counter_of(connection, records.shop.shop_id, "sales")
        assert len(documents.listing(connection, shop_id=None, order_id=None)[0]) == 1
    assert counter == Counter("sales", 2026, 0, None)


def test_what_takes_back_a_test_is_a_test(records: Records) -> None:
    invoice = issue(records.store, records.shop, a_draft(1, test=True), now=at(2026, 11, 23))
    taken_back = replace(
        a_draft(1, kind=Kind.ORDER_CONFIRMATION),
        kind=Kind.CREDIT_NOTE,
        cause="refund:5",
        corrects=Reference(invoice.document_id, invoice.number, invoice.issued_on),
    )
    credit_note = issue(records.store, records.shop, taken_back, now=at(2026, 11, 24))
    assert (credit_note.number, credit_note.draft.test) == ("TEST-00002", True)
    with records.store.read() as connection:
        assert register.head(connection, records.shop.shop_id) == register.EMPTY_HEAD


def test_a_draft_of_a_shop_in_test_is_a_test_whatever_it_says(records: Records) -> None:
    records.shop = replace(records.shop, test=True)
    assert records.issue(1, at=at(2026, 11, 23)).number == "TEST-00001"


def test_the_register_tells_what_became_of_each_number(records: Records) -> None:
    first, second, third = (records.issue(order_id, at=at(2026, 11, 23)) for order_id in (1, 2, 3))
    with records.store.write() as connection:
        for document in (first, second):
            pay(connection, document.document_id, now=at(2026, 11, 24))
    reference = Reference(second.document_id, second.number, second.issued_on)
    credit_note = replace(a_draft(2), kind=Kind.CREDIT_NOTE, cause="refund:9", corrects=reference)
    issue(records.store, records.shop, credit_note, now=at(2026, 11, 25))
    with records.store.read() as connection:
        fates = tuple(register.every_number(connection, records.shop.shop_id))
    assert [(fate.position, fate.number, fate.status, fate.corrects) for fate in fates] == [
        (1, first.number, "paid", ""),
        (2, second.number, "credited", ""),
        (3, third.number, "issued", ""),
        (4, "C2026-00001", "issued", second.number),
    ]


# Patterns

PIECES = st.lists(st.sampled_from(["A", "a", "1", "2026", "0", "-", "/", "F"]), max_size=3).map("".join)
WIDTHS = st.sampled_from(["", ":d", ":02d", ":03", ":05d"])
patterns = st.builds(
    lambda start, year, middle, width, end: f"{start}{year}{middle}{{number{width}}}{end}",
    PIECES, st.sampled_from(["", "{year}"]), PIECES, WIDTHS, PIECES,
)  # fmt: skip
numbers = st.integers(1, 20_300_000)
years = st.integers(2020, 2035)


@given(patterns, patterns, st.lists(st.tuples(years, numbers), min_size=1, max_size=20), st.tuples(years, numbers))
def test_patterns_that_cannot_clash_never_do(
    one: str, two: str, ours: list[tuple[int, int]], last: tuple[int, int]
) -> None:
    if can_print_the_same(one, two):
        return
    for (year, number), (other_year, other) in product(ours, [*ours, last]):
        printed, also = one.format(year=year, number=number), two.format(year=other_year, number=other)
        assert printed.casefold() != also.casefold()


@pytest.mark.parametrize(
    ("one", "two", "clash"),
    [
        ("F{year}-{number:05d}", "C{year}-{number:05d}", False),
        ("F{year}-{number:05d}", "F{year}-{number:05d}", True),
        ("F{year}-{number:05d}", "f{year}-{number}", True),
        ("F{year}-{number:05d}", "F{year}{number:05d}", False),
        ("F{number}", "F{year}{number:04d}", True),
        ("{number}-A", "{number}-B", False),
        ("1{number}", "{number}", True),
        ("{number:05d}/{year}", "{number:05d}-{year}", False),
    ],
)
def test_whether_two_patterns_can_clash(one: str, two: str, *, clash: bool) -> None:
    assert can_print_the_same(one, two) is clash
    assert can_print_the_same(two, one) is clash


@given(patterns, years, st.integers(1, 99_999), st.integers(0, 3), st.booleans())
def test_a_printed_number_that_would_come_again_is_found(
    pattern: str, year: int, number: int, ahead: int, yearly: bool
) -> None:
    series = Series("s", pattern, yearly=yearly and "{year}" in pattern)
    printed = pattern.format(year=year, number=number + ahead)
    assert first_repeated_number(series, [printed], year=year, number=number) == printed
    passed = pattern.format(year=year, number=number)
    assert first_repeated_number(series, [passed], year=year, number=number + 1) is None


def test_a_width_without_its_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a width"):
        check_pattern("F{year}-{number:5d}")


def test_a_shop_of_the_factories_shares_no_numbers() -> None:
    series = list(a_shop().numbering.series.values())
    assert [
        (a.name, b.name) for a, b in product(series, series) if a != b and can_print_the_same(a.pattern, b.pattern)
    ] == []
