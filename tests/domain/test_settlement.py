"""What sets an order paid in the shop, by what it is there (docs/woocommerce-contract.md §7)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.factories import SINCE, a_shop
from worker.demo.orders import an_order, php_json
from worker.domain.order import Order
from worker.domain.settlement import Move, move_of
from worker.domain.shop import OrderSettings
from worker.errors import Rejected
from worker.woocommerce.payload import parse_order


def unpaid(status: str, **more: Any) -> Order:
    return parse_order(php_json(an_order(status=status, **{"paid": False, "payment_method": "bacs", **more})))


@pytest.mark.parametrize(
    ("order", "move"),
    [
        (unpaid("pending"), Move.SET_PAID),
        (unpaid("failed"), Move.SET_PAID),
        (unpaid("pending", needs_payment=False), Move.PROCESS),  # a plugin of the shop says so
        (unpaid("on-hold"), Move.PROCESS),
        (unpaid("on-hold", needs_processing=False), Move.COMPLETE),
        (unpaid("processing", needs_processing=False), Move.COMPLETE),
        (unpaid("processing", payment_method="cod"), Move.DATE),
        (unpaid("processing", paid=True), Move.NONE),
        (unpaid("completed", paid=True), Move.NONE),
        (unpaid("completed"), Move.NONE),
        (unpaid("cancelled", paid=True), Move.NONE),
        (unpaid("await-transfer"), Move.PROCESS),
    ],
)
def test_each_status_has_its_way(order: Order, move: Move) -> None:
    shop = a_shop()
    assert move_of(order, replace(shop, orders=replace(shop.orders, status_map={"await-transfer": "on-hold"}))) is move


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (unpaid("cancelled"), "paid_but_cancelled"),
        (unpaid("called-off"), "paid_but_cancelled"),
        (unpaid("refunded"), "paid_but_refunded"),
        (unpaid("trash"), "paid_but_in_bin"),
        (unpaid("await-transfer"), "paid_but_status_unknown"),
        (unpaid("partially-paid"), "paid_in_parts"),
        (unpaid("on-hold", paid=True), "money_was_taken_back"),
    ],
)
def test_what_is_over_or_not_known_is_a_persons(order: Order, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        move_of(order, a_shop(orders=OrderSettings(SINCE, {"called-off": "cancelled"})))
    assert refused.value.code == code
