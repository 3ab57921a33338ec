"""Documents for orders older than the shop is with us: foreseen first, then made once."""

from datetime import timedelta

import pytest

from tests.flow.conftest import START, House
from worker.demo.orders import Payload, a_refund, an_order
from worker.errors import Unavailable
from worker.invoicing import backfill
from worker.invoicing.backfill import Preview, Wanted
from worker.store import shops
from worker.store.shops import Connected

LAST_YEAR = START - timedelta(days=365)
WANTED = Wanted(since=LAST_YEAR - timedelta(days=1), until=LAST_YEAR + timedelta(days=30))


def connected(house: House) -> Connected:
    with house.services.store.read() as connection:
        return shops.connected(connection, house.services.vault, house.shop_id)


def preview(house: House, wanted: Wanted = WANTED) -> Preview:
    return backfill.preview(house.services, connected(house), wanted, pause_s=0)


def old(order_id: int, **facts: object) -> Payload:
    return an_order(id=order_id, created=LAST_YEAR + timedelta(minutes=order_id), **facts)  # type: ignore[arg-type]


def asked_for(house: House, order_id: int) -> int:
    return sum(1 for call in house.shop.calls if call.path.endswith(f"/orders/{order_id}"))


def test_a_preview_says_what_there_would_be_and_makes_nothing(house: House) -> None:
    house.shop.place(old(1))
    house.shop.place(old(2, status="on-hold", paid=False))
    found = preview(house)
    assert [(order.order_id, order.due, order.mails_to) for order in found.orders] == [
        (1, ("invoice 22.20 EUR",), "koper@klant.test"),
        (2, (), ""),
    ]
    assert "not paid" in found.orders[1].sentence
    house.work()
    assert (house.numbers(), house.outcomes()) == ([], [])


def test_a_backfilled_order_becomes_its_documents(house: House) -> None:
    order = old(1)
    house.shop.place(order)
    house.shop.refund(1, a_refund(order, id=11, amount="5.00"))
    found = preview(house)
    assert found.orders[0].credit_notes == 1
    assert len(backfill.start(house.services, connected(house), found, pause_s=0)) == 1
    house.work()
    assert house.numbers() == ["F2026-00001", "C2026-00001"]
    assert len(house.mailbox.messages()) == 1


def test_without_a_backfill_an_old_order_makes_nothing(house: House) -> None:
    assert house.arrives(old(1)) == ()
    assert house.outcomes() == [("done", "before_orders_since")]


def test_a_second_backfill_finds_nothing_to_do(house: House) -> None:
    house.shop.place(old(1))
    for _ in range(2):
        backfill.start(house.services, connected(house), preview(house), pause_s=0)
        house.work()
    assert house.numbers() == ["F2026-00001"]
    assert preview(house).to_make == ()


def test_a_preview_that_was_broken_off_goes_on_where_it_was(house: House) -> None:
    for number in range(1, 31):
        house.shop.place(old(number))
    house.shop.faults.next(status=500, path=r"/orders/25$", times=5)
    with pytest.raises(Unavailable):
        preview(house)
    house.shop.faults.clear()
    assert len(preview(house).to_make) == 30
    assert (asked_for(house, 1), asked_for(house, 21)) == (1, 2)  # kept after every twenty


def test_orders_can_be_named_one_by_one(house: House) -> None:
    for number in (1, 2, 3):
        house.shop.place(old(number))
    assert [order.order_id for order in preview(house, Wanted(order_ids=(1, 3, 99))).orders] == [1, 3]


def test_many_old_orders_do_not_come_before_those_of_today(house: House) -> None:
    for number in range(1, 11):
        house.shop.place(old(number))
    backfill.start(house.services, connected(house), preview(house), pause_s=60)
    house.work()
    assert len(house.numbers()) == 1
    house.clock.move(minutes=3)
    house.work()
    assert len(house.numbers()) == 4


def test_an_old_order_that_is_backfilled_keeps_its_credit_notes_coming(house: House) -> None:
    order = old(1)
    house.shop.place(order)
    backfill.start(house.services, connected(house), preview(house), pause_s=0)
    house.work()
    house.shop.refund(1, a_refund(order, id=11, amount="5.00"))
    house.ring(house.shop.order(1) or {})
    house.work()
    assert house.numbers() == ["F2026-00001", "C2026-00001"]
