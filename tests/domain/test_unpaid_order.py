"""Which orders are given up after the owner's days: those that a customer was to transfer, and of which nothing is known to have come."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.factories import PLACED_AT, SINCE, a_refund, a_shop, an_order
from worker.domain.order import SalePart
from worker.domain.payment import Deposit
from worker.domain.payment_method import PaymentTerms
from worker.domain.shop import OrderSettings
from worker.domain.unpaid_order import is_late, last_day

SHOP = a_shop(cancel_after_days=7)
LAST = PLACED_AT.date() + timedelta(days=7)
WAITING = an_order(status="on-hold")


@pytest.mark.parametrize(
    ("day", "late"),
    [(0, False), (1, True), (30, True), (31, False)],
    ids=["last day", "the day after", "a month", "more"],
)
def test_an_order_is_late_from_the_day_after_its_last_for_a_month(day: int, late: bool) -> None:
    assert is_late(WAITING, SHOP, LAST + timedelta(days=day)) == late


@pytest.mark.parametrize(
    "changes",
    [
        {"payment_method": "cod"},
        {"payment_method": "mollie_wc_gateway_banktransfer"},
        {"payment_method": "stripe", "status": "pending"},
        {"payment_method": "", "status": "pending"},  # made by staff, or the renewal of a subscription
        {"payment_method": "igfw_invoice_gateway"},
        {"status": "processing"},
        {"status": "completed"},
        {"status": "cancelled"},
        {"status": "failed"},
        {"status": "checkout-draft"},
        {"paid_at": PLACED_AT},  # its money was taken back
        {"status": "partially-paid"},
        {"deposit": Deposit(Decimal("0.00"))},
        {"sale_part": SalePart.MAIN},
        {"sale_part": SalePart.BALANCE},
        {"total": Decimal("0.00")},
        {"refunds": an_order(refunds=(a_refund("1.00"),)).refunds},
    ],
)
def test_only_what_a_customer_was_to_transfer_before_the_delivery_is_late(changes: dict[str, Any]) -> None:
    assert not is_late(replace(WAITING, **changes), SHOP, LAST + timedelta(days=1))


def test_nothing_is_late_where_the_owner_gives_no_days_or_longer_ones_or_began_later() -> None:
    after = LAST + timedelta(days=1)
    others = (
        replace(SHOP, cancel_after_days=0),
        replace(SHOP, payment_terms={"bacs": PaymentTerms(30)}),
        SHOP.with_orders_since(PLACED_AT + timedelta(hours=1)),
    )
    assert [is_late(WAITING, shop, after) for shop in others] == [False, False, False]
    assert [last_day(WAITING, shop) for shop in others[:2]] == [None, None]


def test_a_status_of_the_shops_own_waits_where_it_stands_for_one_that_does() -> None:
    shop = replace(SHOP, orders=OrderSettings(SINCE, {"wacht-op-geld": "on-hold"}))
    assert is_late(replace(WAITING, status="wacht-op-geld"), shop, LAST + timedelta(days=1))


def test_the_days_are_those_of_the_shops_calendar() -> None:
    order = replace(WAITING, created_at=PLACED_AT.replace(hour=23, minute=30))  # in Brussels it is the next day
    assert last_day(order, SHOP) == date(2026, 11, 30)
