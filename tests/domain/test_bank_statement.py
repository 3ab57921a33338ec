"""A statement that is missing between two is noticed by how they end and begin, whichever files tell of them."""

from datetime import date
from decimal import Decimal

import pytest

from worker.domain.bank_statement import BankStatement, gaps_in


def statement(opened: int, opening: int, closed: int, closing: int) -> BankStatement:
    """By days of November."""
    return BankStatement(
        "BE71096123456769", "EUR", Decimal(opening), date(2026, 11, opened), Decimal(closing), date(2026, 11, closed)
    )


FIRST, SECOND, THIRD = statement(1, 100, 2, 110), statement(2, 110, 3, 130), statement(3, 130, 6, 90)


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        ([], []),
        ([THIRD], []),
        ([FIRST, SECOND, THIRD], []),
        ([THIRD, FIRST, SECOND], []),
        ([FIRST, THIRD], [(2, 3)]),
        ([FIRST, statement(5, 110, 6, 90)], []),  # nothing moved between
        ([FIRST, SECOND, statement(1, 100, 30, 70)], []),  # a month, beside its days
        ([FIRST, THIRD, statement(1, 100, 8, 80)], []),  # the week in which the missing one is
        ([FIRST, THIRD, statement(1, 100, 8, 80), statement(9, 70, 9, 70)], [(8, 9)]),
        ([FIRST, statement(2, 105, 6, 90)], []),  # from a day within the first on
        ([FIRST, statement(2, 110, 2, 115), statement(3, 110, 6, 90)], []),  # two of one day
        (
            [FIRST, statement(3, 120, 3, 130), statement(3, 110, 3, 120), THIRD],
            [],
        ),  # the second of a day before the first
        ([FIRST, THIRD, statement(9, 80, 9, 80)], [(2, 3), (6, 9)]),
    ],
)
def test_what_is_missing_lies_between_one_that_ends_and_one_that_begins_elsewhere(
    statements: list[BankStatement], missing: list[tuple[int, int]]
) -> None:
    assert [(gap.after.closed_on.day, gap.next.opened_on.day) for gap in gaps_in(statements)] == missing
