"""Documents for orders older than the shop is with us: foreseen first, then made once."""

from datetime import timedelta

import pytest

from tests.support.system import START, System
from worker.demo.faults import ServerFault
from worker.demo.orders import Payload, a_refund, an_order
from worker.errors import Unavailable
from worker.invoicing import backfill
from worker.invoicing.backfill import OrderSelection, Preview

LAST_YEAR = START - timedelta(days=365)
WANTED = OrderSelection(since=LAST_YEAR - timedelta(days=1), until=LAST_YEAR + timedelta(days=30))


def preview(system: System, wanted: OrderSelection = WANTED) -> Preview:
    return backfill.preview(system.services, system.connected, wanted, pause_s=0)


def old(order_id: int, **facts: object) -> Payload:
    return an_order(id=order_id, created=LAST_YEAR + timedelta(minutes=order_id), **facts)  # type: ignore[arg-type]


def asked_for(system: System, order_id: int) -> int:
    return sum(1 for call in system.shop.calls if call.path.endswith(f"/orders/{order_id}"))


def test_a_preview_says_what_there_would_be_and_makes_nothing(system: System) -> None:
    system.shop.place(old(1))
    system.shop.place(old(2, status="on-hold", paid=False))
    found = preview(system)
    assert [(order.order_id, tuple(map(str, order.documents)), order.mails_to) for order in found.orders] == [
        (1, ("invoice 22.20 EUR",), "koper@klant.test"),
        (2, (), ""),
    ]
    assert "not paid" in str(found.orders[1].message)
    system.work()
    assert (system.numbers(), system.outcomes()) == ([], [])


def test_a_preview_says_which_orders_another_plugin_or_a_main_order_invoiced(system: System) -> None:
    system.shop.place(old(1, metas={"_wcpdf_invoice_number": "240"}))
    system.shop.place(old(2, parent_id=1, created_via="dokan"))
    found = preview(system)
    assert found.to_make == ()
    reasons = [str(order.message) for order in found.orders]
    assert ("as 240 by the plugin" in reasons[0], "part of order 1" in reasons[1]) == (True, True)


def test_a_backfilled_order_becomes_its_documents(system: System) -> None:
    order = old(1)
    system.shop.place(order)
    system.shop.refund(1, a_refund(order, id=11, amount="5.00"))
    found = preview(system)
    assert found.orders[0].credit_notes == 1
    assert len(backfill.start(system.services, system.connected, found, pause_s=0)) == 1
    system.work()
    assert system.numbers() == ["F2026-00001", "C2026-00001"]
    assert len(system.mailbox.messages()) == 1


def test_without_a_backfill_an_old_order_makes_nothing(system: System) -> None:
    assert system.arrives(old(1)) == ()
    assert system.outcomes() == [("done", "before_orders_since")]


def test_a_second_backfill_finds_nothing_to_do(system: System) -> None:
    system.shop.place(old(1))
    for _ in range(2):
        backfill.start(system.services, system.connected, preview(system), pause_s=0)
        system.work()
    assert system.numbers() == ["F2026-00001"]
    assert preview(system).to_make == ()


def test_a_preview_that_was_broken_off_goes_on_where_it_was(system: System) -> None:
    for number in range(1, 31):
        system.shop.place(old(number))
    system.shop.faults.next(ServerFault(status=500, path=r"/orders/25$"), times=5)
    with pytest.raises(Unavailable):
        preview(system)
    system.shop.faults.clear()
    assert len(preview(system).to_make) == 30
    assert (asked_for(system, 1), asked_for(system, 21)) == (1, 2)  # kept after every twenty


def test_orders_can_be_named_one_by_one(system: System) -> None:
    for number in (1, 2, 3):
        system.shop.place(old(number))
    assert [order.order_id for order in preview(system, OrderSelection(order_ids=(1, 3, 99))).orders] == [1, 3]


def test_many_old_orders_do_not_come_before_those_of_today(system: System) -> None:
    for number in range(1, 11):
        system.shop.place(old(number))
    backfill.start(system.services, system.connected, preview(system), pause_s=60)
    system.work()
    assert len(system.numbers()) == 1
    system.clock.move(minutes=3)
    system.work()
    assert len(system.numbers()) == 4


def test_an_old_order_that_is_backfilled_keeps_its_credit_notes_coming(system: System) -> None:
    order = old(1)
    system.shop.place(order)
    backfill.start(system.services, system.connected, preview(system), pause_s=0)
    system.work()
    system.shop.refund(1, a_refund(order, id=11, amount="5.00"))
    system.receive(system.shop.order(1) or {})
    system.work()
    assert system.numbers() == ["F2026-00001", "C2026-00001"]


def test_a_preview_asks_nothing_of_vies_and_counts_on_its_yes(system: System) -> None:
    line, number = ("Koffiemok", "MUG-1", 1, "12.40", None), {"_billing_vat_number": "NL123456782B90"}
    order = old(1, lines=(line,), shipping=None, country="NL", company="Bakker BV", metas=number)
    system.shop.place(order)
    (seen,) = preview(system).orders
    assert (seen.drafts, seen.mails_to, system.vies.questions) == (0, "koper@klant.test", [])
