"""Days as people write them."""

from datetime import UTC, date, datetime

import pytest

from tests.support.factories import a_shop
from worker.domain.days import read_day
from worker.domain.setting_readers import read_instant
from worker.domain.settings_form import apply_settings
from worker.errors import InvalidValue


@pytest.mark.parametrize(
    "text", ["3-12-2026", "03/12/2026", "3.12.2026", "03-12-26", "03122026", "2026-12-03", "2026/12/3", " 3-12-2026 "]
)
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert read_day(text) == date(2026, 12, 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "31-6-2026",
        "12/31/2026",
        "3-12",
        "3-12-026",
        "20261203",
        "26-12-03",
        "1-1-99",
        "1-1-47",
        "3-12-2026 10:00",
        "٣-١٢-٢٠٢٦",
        "0-1-2026",
        "31-12-1969",
        "0001-01-01",
        "1-1-10000",
    ],
)
def test_what_is_no_day_is_refused_with_what_was_typed(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_day(text)
    assert str(refused.value) == f"“{text}” is not a day; write it like 22/11/2026."


@pytest.mark.parametrize(
    "text",
    [
        "3-12-2026 06:30", "2026-12-03T06:30", "2026-12-03T05:30:00+00:00", "03/12/2026 06:30", "3-12-2026 6:30", "3-12-2026   06u30",
        "3-12-26 6h30", "3.12.2026 6.30", "3.12.2026 6.30 Uhr", "3-12-2026 6 h 30", "3-12-2026 6U30",
    ],
)  # fmt: skip
def test_an_instant_is_a_day_and_a_time(text: str) -> None:
    assert read_instant(text, zone="Europe/Brussels") == datetime(2026, 12, 3, 5, 30, tzinfo=UTC)


def test_a_whole_hour_needs_no_minutes() -> None:
    assert read_instant("3-12-2026 6u", zone="Europe/Brussels") == datetime(2026, 12, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize("clock", ["25:00", "6:3", "6:75", "soon", "6:30 6:30"])
def test_what_is_no_hour_is_told_with_the_day(clock: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_instant(f"3-12-2026 {clock}", zone="Europe/Brussels")
    assert str(refused.value) == f"“3-12-2026 {clock}” is not a day and an hour; write them like 22/11/2026 06:30."


def test_the_begin_that_a_page_shows_in_the_readers_figures_comes_back_unchanged() -> None:
    shop = a_shop()
    moved = apply_settings(shop, {"orders.since": "2-11-2026 06:00"})
    since = moved.orders.since.replace(second=5)
    kept = apply_settings(moved, {"orders.since": since.isoformat()})
    assert kept.orders.since == since
    assert apply_settings(kept, {"orders.since": "02/11/2026 06:00"}) == kept
