"""What the audit trail says of changed settings."""

from dataclasses import replace
from datetime import UTC, datetime

from tests.support.factories import a_shop
from worker.domain.settings_diff import describe_changes


def test_an_instant_is_told_to_the_second() -> None:
    before = replace(a_shop(), test=True).with_orders_since(datetime(2026, 11, 27, 8, 50, 23, 864232, tzinfo=UTC))
    after = replace(before, test=False).with_orders_since(datetime(2026, 11, 27, 9, 0, 12, 588030, tzinfo=UTC))

    told = ("orders.since: 2026-11-27 08:50:23 UTC → 2026-11-27 09:00:12 UTC", "test: yes → no")
    assert sorted(map(str, describe_changes(before, after))) == sorted(told)
