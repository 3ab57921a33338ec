"""What is open of a document, whatever credit notes and payments came."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from worker.domain.money import ZERO, total_of
from worker.domain.payment import Balance, open_amount

DAY = date(2026, 11, 24)
amounts = st.decimals(min_value=-10_000, max_value=10_000, places=2)
some = st.lists(amounts, max_size=6)


@given(amounts, some, some)
def test_what_is_open_is_the_total_less_each_credit_note_and_each_payment(
    total: Decimal, credited: list[Decimal], paid: list[Decimal]
) -> None:
    left = total
    for amount in (*credited, *paid):
        left -= amount
    assert open_amount(total, credited=total_of(credited), paid=total_of(paid)) == left


@given(amounts, st.none() | amounts, st.none() | amounts)
def test_paid_is_where_money_came_and_nothing_is_open(
    total: Decimal, credited: Decimal | None, paid: Decimal | None
) -> None:
    balance = Balance(total, credited, paid, last_paid_on=None if paid is None else DAY, came=paid)
    assert balance.is_paid == (paid is not None and balance.open <= 0 and (paid > 0 or not total))
    assert (balance.paid_on is not None) == balance.is_paid
    assert (balance.status in ("credited", "partly credited")) == (credited is not None)


@given(st.decimals(min_value=0, max_value=10_000, places=2), st.decimals(min_value=0, max_value=1, places=2))
def test_paying_what_is_open_leaves_nothing_open(total: Decimal, part: Decimal) -> None:
    credited = (total * part).quantize(Decimal("0.01"))
    before = Balance(total, credited)
    after = Balance(total, credited, before.open, DAY, came=before.open)
    assert (before.is_paid, after.is_paid, after.open) == (False, before.open > 0 or not total, ZERO)


def test_what_was_taken_back_wholly_was_not_paid() -> None:
    balance = Balance(Decimal("22.20"), credited=Decimal("22.20"))
    assert (balance.open, balance.is_paid, balance.paid_on, balance.status) == (ZERO, False, None, "credited")
