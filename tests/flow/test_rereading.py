"""Refunds are read again at night: WooCommerce tells nobody that one was deleted."""

from datetime import timedelta

from tests.flow.conftest import House
from worker.demo.orders import a_refund, an_order
from worker.domain.document import SendMode
from worker.orders import refund_check
from worker.orders.refund_check import Reread
from worker.store import shops
from worker.store.shops import Connected


def connected(house: House) -> Connected:
    with house.services.store.read() as connection:
        return shops.connected(connection, house.services.vault, house.shop_id)


def reread(house: House) -> Reread:
    return refund_check.reread(house.services, connected(house), pause_s=0)


def credited(house: House, order_id: int = 7) -> None:
    """An order with one refund and its credit note."""
    order = an_order(id=order_id)
    house.shop.place(order)
    house.shop.refund(order_id, a_refund(order, id=order_id * 10, amount="5.00"))
    house.ring(house.shop.order(order_id) or {})
    house.work()
    assert len(house.numbers(order_id)) == 2


def flags(house: House, order_id: int = 7) -> list[str]:
    seen = house.trail(order_id).seen
    return [flag.code for flag in seen.flags] if seen else []


def test_a_deleted_refund_is_found_and_flagged(house: House) -> None:
    credited(house)
    house.shop.forget_refund(7, 70)
    assert reread(house) == Reread(orders=1, changed=(7,))
    house.work()
    assert flags(house) == ["refund_deleted"]
    assert len(house.numbers(7)) == 2  # nothing is undone by itself


def test_what_is_flagged_is_not_found_again_every_night(house: House) -> None:
    credited(house)
    house.shop.forget_refund(7, 70)
    reread(house)
    house.work()
    assert reread(house) == Reread(orders=1, changed=())


def test_refunds_that_are_there_make_no_work(house: House) -> None:
    credited(house)
    assert reread(house) == Reread(orders=1, changed=())
    assert all(state == "done" for state, _ in house.outcomes())


def test_a_refund_that_nobody_told_of_is_found_and_credited(house: House) -> None:
    house.arrives(an_order(id=7))
    house.shop.refund(7, a_refund(house.shop.order(7) or {}, id=70, amount="5.00"))
    assert reread(house) == Reread(orders=1, changed=(7,))
    house.work()
    assert house.numbers(7) == ["F2026-00001", "C2026-00001"]
    assert reread(house) == Reread(orders=1, changed=())


def test_a_refund_whose_credit_note_waits_for_a_person_is_not_found_again_every_night(house: House) -> None:
    house.change_shop(credit_notes=SendMode.DRAFT)
    house.arrives(an_order(id=7))
    house.shop.refund(7, a_refund(house.shop.order(7) or {}, id=70, amount="5.00"))
    house.ring(house.shop.order(7) or {})
    house.work()
    assert house.numbers(7) == ["F2026-00001", "draft"]
    assert reread(house) == Reread(orders=1, changed=())


def test_orders_invoiced_long_ago_are_not_asked_for(house: House) -> None:
    credited(house)
    house.clock.move(days=91)
    assert reread(house) == Reread(orders=0, changed=())


def test_many_orders_are_asked_for_in_few_calls(house: House) -> None:
    for order_id in range(1, 4):
        house.arrives(an_order(id=order_id))
    before = len(house.shop.calls)
    assert reread(house) == Reread(orders=3, changed=())
    assert len(house.shop.calls) == before + 1


def test_an_erased_order_is_passed_over(house: House) -> None:
    credited(house)
    house.shop.forget(7)
    assert reread(house) == Reread(orders=1, changed=())


def test_it_is_done_once_a_night(house: House) -> None:
    credited(house)
    house.clock.now += timedelta(days=1)
    before = len(house.shop.calls)
    for _ in range(3):
        refund_check.reread_nightly(house.services, connected(house))
        house.clock.move(minutes=10)
    assert len(house.shop.calls) == before + 1
