"""Counts of today and of each hour: written once by the scheduler, read by plots."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.history import History
from worker.domain.days import start_of_day
from worker.domain.document import Kind
from worker.domain.step import MAIL
from worker.maintenance import hourly_stats
from worker.maintenance.hourly_stats import update_hourly_stats
from worker.services import Services
from worker.settings import Settings
from worker.store import hourly_stats as hours
from worker.store.hourly_stats import DailyStats, HourlyStats
from worker.store.queries import today
from worker.store.queries.today import NextNumber, Today

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
BRUSSELS = ZoneInfo("Europe/Brussels")


@pytest.fixture
def services(history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setattr(hourly_stats, "AT_FIRST", timedelta(days=2))
    url = history.store.url.render_as_string(hide_password=False)
    settings = Settings(tmp_path, "https://documents.test", url, "unix:///nobody", ("k" * 32,))
    made = Services(settings, now=lambda: history.now)
    yield made
    made.store.close()


def sells(history: History, order_id: int, *, shop_id: str = "a", takes_s: int) -> None:
    """An order comes in, and its invoice is mailed that much later."""
    delivery_id = history.delivery(order_id, shop_id=shop_id, state="waiting")
    history.seen(order_id, shop_id=shop_id)
    history.later(seconds=takes_s - 1)
    document = history.issued(order_id, shop_id=shop_id)
    history.later(seconds=1)
    history.step(document, MAIL, "done")
    history.finish(delivery_id)


def plot(history: History, shops: tuple[str, ...] | None, *, count: int = 3) -> tuple[HourlyStats, ...]:
    with history.store.read() as connection:
        return hours.by_hour(connection, shops, since=NINE, until=NINE + timedelta(hours=count - 1))


def test_each_hour_is_counted_for_each_shop_and_for_all(history: History, services: Services) -> None:
    history.now = NINE - hours.HOUR
    history.delivery(1)  # answered long before the invoice: it waited for nothing
    history.now = NINE
    for order_id, takes_s in ((1, 2), (2, 8), (3, 4)):
        sells(history, order_id, takes_s=takes_s)
    sells(history, 4, shop_id="b", takes_s=20)
    history.delivery(5, state="failed")
    history.now = NINE + timedelta(hours=1, minutes=10)
    failed = history.issued(6)
    history.step(failed, MAIL, "failed")
    by_hand = history.issued(7)  # nothing came in that led to it
    history.step(by_hand, MAIL, "done")
    assert update_hourly_stats(services) == 2 * 24 + 1
    second = NINE + hours.HOUR
    assert plot(history, ("a",)) == (
        HourlyStats(NINE, 3, 3, 1, 4000),
        HourlyStats(second, 2, 1, 1, None),
        HourlyStats(second + hours.HOUR),
    )
    assert plot(history, ("b",), count=1) == (HourlyStats(NINE, 1, 1, 0, 20000),)
    assert plot(history, None, count=2) == (HourlyStats(NINE, 4, 4, 1, 4000), HourlyStats(second, 2, 1, 1, None))
    assert plot(history, ("a", "b"), count=1) == (HourlyStats(NINE, 4, 4, 1, 4000),)
    assert plot(history, (), count=1) == (HourlyStats(NINE),)


def test_counting_again_adds_what_came_late_and_doubles_nothing(history: History, services: Services) -> None:
    sells(history, 1, takes_s=2)
    update_hourly_stats(services)
    assert update_hourly_stats(services) == 0  # another scheduler
    late = history.issued(2)
    history.step(late, MAIL, "done")  # noted down after the count
    history.later(hours=1, minutes=30)
    assert update_hourly_stats(services) == 6 + 2
    assert plot(history, ("a",), count=1) == (HourlyStats(NINE, 2, 2, 0, 2000),)


def test_after_a_long_rest_all_that_was_missed_is_counted(history: History, services: Services) -> None:
    update_hourly_stats(services)
    history.later(days=1)
    assert update_hourly_stats(services) == 24 + 6 + 1
    history.later(days=100)
    assert update_hourly_stats(services) == 2 * 24 + 1


def test_a_day_adds_up_its_hours_in_the_zone_and_what_is_counted_live(history: History) -> None:
    at = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)  # 23:30 in Brussels, 4:00 in Calcutta
    first = hours.whole_hour(at)
    with history.store.write() as connection:
        for shop_id, number, failures in (("a", 0, 1), ("a", 1, 0), ("a", 2, 3), ("b", 1, 0)):
            hours.write(connection, {shop_id: HourlyStats(first + hours.HOUR * number, 2, 2, failures, 9000)})
    live = (HourlyStats(first + hours.HOUR * 2, 5, 5, 0, None),)
    with history.store.read() as connection:
        days = (at, at + timedelta(days=1))
        found = hours.by_day(connection, ("a",), days, zone=BRUSSELS)
        together = hours.by_day(connection, ("a", "b"), days, zone=BRUSSELS, live=live)
        half_off = hours.by_day(connection, ("a",), (at - timedelta(hours=6), at), zone=ZoneInfo("Asia/Calcutta"))
    sunday, monday = date(2026, 11, 22), date(2026, 11, 23)
    assert found == (DailyStats(sunday, 2, 1), DailyStats(monday, 4, 3))
    assert together == (DailyStats(sunday, 2, 1), DailyStats(monday, 9, 0))
    assert half_off == (DailyStats(sunday), DailyStats(monday, 2, 1))


def test_today_counts_since_midnight_and_what_is_open_now(history: History) -> None:
    history.now = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    sells(history, 1, takes_s=2)  # yesterday, in Brussels
    history.now = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    sells(history, 2, takes_s=2)
    history.delivery(3, state="waiting")
    history.delivery(3, shop_id="b", state="waiting")
    history.delivery(4, state="failed")
    since = start_of_day(history.now.astimezone(BRUSSELS).date(), BRUSSELS)
    assert since == datetime(2026, 11, 22, 23, tzinfo=UTC)
    with history.store.read() as connection:
        found = today.by_shop(connection, None, since=since)
        whole = today.add_up(today.by_shop(connection, ("a", "b"), since=since).values())
        assert today.by_shop(connection, ("a",), since=since) == {"a": found["a"]}
        assert today.by_shop(connection, (), since=since) == {}
    # Of each document the PDF and the note in the shop wait.
    assert found == {"a": Today(orders=1, documents=1, mails=1, waiting=5, failed=1), "b": Today(waiting=1)}
    assert whole == Today(orders=1, documents=1, mails=1, waiting=6, failed=1)


def test_the_next_number_of_each_series_is_told(history: History) -> None:
    history.issued(1)
    with history.store.read() as connection:
        found = {
            next_.series: next_ for next_ in today.next_numbers(connection, history.shops["a"], day=date(2026, 11, 24))
        }
        new_year = today.next_numbers(connection, history.shops["a"], day=date(2027, 1, 1))
    assert found["invoice"] == NextNumber("invoice", (Kind.INVOICE,), "F2026-00002")
    assert set(found) == {series.name for series in history.shops["a"].numbering.series.values()}
    assert "F2027-00001" in {next_.number for next_ in new_year}
