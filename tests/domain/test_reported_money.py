"""What the shop reports of an order's money and what others bring of it are the same money once."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from worker.domain.payment import PaymentSource
from worker.domain.reported_money import ReportedMoney

REPORTED = ReportedMoney(Decimal("22.20"), rest=Decimal("15.01"), day=date(2026, 11, 22))
BEFORE, AFTER = date(2026, 11, 22), date(2026, 11, 24)


@dataclass(frozen=True)
class Row:
    """A payment that the bank brought."""

    payment_id: int
    amount: Decimal
    paid_on: date
    source: str = PaymentSource.BANK
    method: str = "bacs"
    currency: str = "EUR"
    reverses: int | None = None


@pytest.mark.parametrize(
    ("came", "left"),
    [
        ([], "22.20"),
        ([("22.20", AFTER)], "0.00"),  # as it was reported
        ([("10.00", AFTER), ("12.20", AFTER)], "0.00"),  # in two transfers
        ([("10.00", BEFORE)], "12.20"),
        ([("15.01", BEFORE)], "22.20"),  # exactly the rest
        ([("10.00", AFTER)], "22.20"),  # a part of the rest
        ([("10.00", AFTER), ("5.01", AFTER)], "22.20"),
        ([("10.00", BEFORE), ("5.00", AFTER)], "12.20"),
        ([("22.20", AFTER), ("5.00", AFTER)], "0.00"),
        ([("37.21", AFTER)], "0.00"),  # all of it at once
        ([("40.00", AFTER)], "0.00"),
        ([("25.00", AFTER)], "22.20"),  # the rest, and too much
        ([("15.01", AFTER), ("10.00", AFTER)], "22.20"),
        ([("25.00", BEFORE)], "0.00"),
        ([("20.00", AFTER)], "22.20"),
        ([("20.00", AFTER), ("2.20", AFTER)], "0.00"),  # in two transfers after all
    ],
)
def test_what_a_bank_brings_is_what_was_reported_or_the_rest(came: list[tuple[str, date]], left: str) -> None:
    rows = [Row(number, Decimal(amount), day) for number, (amount, day) in enumerate(came)]
    assert REPORTED.left(rows) == Decimal(left)


def test_a_part_of_the_rest_that_went_back_pays_none_of_it() -> None:
    part = Row(1, Decimal("10.00"), AFTER)
    back = Row(2, Decimal("-10.00"), AFTER, reverses=1)
    assert REPORTED.left([part, back]) == REPORTED.amount


def test_a_shop_that_reports_nothing_is_not_said_to_make_up_for_more_that_went_back_than_came() -> None:
    counted = [
        Row(1, Decimal("12.11"), BEFORE),
        Row(2, Decimal("-0.01"), BEFORE),
        Row(3, Decimal("-12.11"), AFTER, reverses=1),
    ]
    assert ReportedMoney(rest=Decimal("12.10")).left(counted) == 0
