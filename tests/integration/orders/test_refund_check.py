"""Refunds are read again at night: WooCommerce tells nobody that one was deleted."""

from datetime import timedelta

from tests.support.system import SECRET, System
from worker.demo.orders import Payload, a_refund, an_order
from worker.domain.document import SendMode
from worker.domain.shop import PeppolSettings
from worker.orders import refund_check
from worker.orders.refund_check import RefundCheck
from worker.store.shops import Secrets


def reread(system: System) -> RefundCheck:
    return refund_check.check_refunds(system.services, system.connected, pause_s=0)


def credited(system: System, order_id: int = 7) -> None:
    """An order with one refund and its credit note."""
    order = an_order(id=order_id)
    system.shop.place(order)
    system.shop.refund(order_id, a_refund(order, id=order_id * 10, amount="5.00"))
    system.receive(system.shop.order(order_id) or {})
    system.work()
    assert len(system.numbers(order_id)) == 2


def flags(system: System, order_id: int = 7) -> list[str]:
    seen = system.trail(order_id).order
    return [flag.code for flag in seen.flags] if seen else []


def test_a_deleted_refund_is_found_and_flagged(system: System) -> None:
    credited(system)
    system.shop.forget_refund(7, 70)
    assert reread(system) == RefundCheck(orders=1, changed=(7,))
    system.work()
    assert flags(system) == ["refund_deleted"]
    assert len(system.numbers(7)) == 2  # nothing is undone by itself


def refunded_as_draft(system: System) -> Payload:
    """The order 7, the credit note of whose refund 70 waits for its owner."""
    system.change_shop(credit_notes=SendMode.DRAFT)
    order = an_order(id=7)
    system.shop.place(order)
    system.shop.refund(7, a_refund(order, id=70, amount="5.00"))
    system.receive(system.shop.order(7) or {})
    system.work()
    return order


def test_a_draft_of_a_deleted_refund_is_discarded(system: System) -> None:
    """It said to credit the goods by hand, which nobody had given back."""
    order = refunded_as_draft(system)
    (before,) = (item.stored_draft for item in system.trail(7).items if item.stored_draft)

    system.shop.forget_refund(7, 70)
    reread(system)
    system.work()

    trail = system.trail(7)
    assert before.draft.cause == "refund:70"
    assert [item.document.number for item in trail.items if item.document] == ["F2026-00001"]
    assert [item for item in trail.items if item.stored_draft] == []
    assert [str(entry.message) for entry in trail.audit_entries if entry.code == "discarded"] == [
        "Refund 70 was deleted in the shop: the draft of its credit note is discarded."
    ]

    system.shop.refund(7, a_refund(order, id=70, amount="5.00"))  # a look that missed it, or it was put back
    reread(system)
    system.work()
    (again,) = (item.stored_draft for item in system.trail(7).items if item.stored_draft)
    assert again.draft == before.draft


def test_a_draft_that_waited_for_a_person_waits_again_once_its_refund_is_there_again(system: System) -> None:
    order = refunded_as_draft(system)
    system.shop.forget_refund(7, 70)
    reread(system)
    system.work()
    system.change_shop(credit_notes=SendMode.SEND)  # by itself it would leave now
    system.shop.refund(7, a_refund(order, id=70, amount="5.00"))
    for _ in range(2):
        reread(system)
        system.work()
    assert [item.draft.cause for item in system.documents(7) if item.stored_draft] == ["refund:70"]


def test_a_credit_note_that_waited_for_an_access_point_alone_leaves_though_its_refund_was_missed_once(
    system: System,
) -> None:
    order = an_order(id=7, company="Bakkerij BV", metas={"_billing_vat": "BE0445566134"})
    system.arrives(order)
    system.change_shop(peppol=PeppolSettings())
    for is_there in (True, False, True):
        system.shop.refund(7, a_refund(order, id=70, amount="5.00")) if is_there else system.shop.forget_refund(7, 70)
        reread(system)
        system.work()
    assert system.numbers(7) == ["F2026-00001", "draft"]
    system.connect("recommand")
    system.receive(system.shop.order(7) or {})
    system.work()
    assert system.numbers(7) == ["F2026-00001", "C2026-00001"]


def test_a_draft_waits_while_its_refund_is_in_the_bin_with_the_order(system: System) -> None:
    refunded_as_draft(system)
    system.shop.forget_refund(7, 70)
    system.shop.trash(7)
    system.receive({"id": 7}, topic="order.deleted")
    system.work()
    assert [item.draft.cause for item in system.documents(7)] == ["order:7:invoice:1", "refund:70"]


def test_what_is_flagged_is_not_found_again_every_night(system: System) -> None:
    credited(system)
    system.shop.forget_refund(7, 70)
    reread(system)
    system.work()
    assert reread(system) == RefundCheck(orders=1, changed=())


def test_refunds_that_are_there_make_no_work(system: System) -> None:
    credited(system)
    assert reread(system) == RefundCheck(orders=1, changed=())
    assert all(state == "done" for state, _ in system.outcomes())


def test_a_refund_that_nobody_told_of_is_found_and_credited(system: System) -> None:
    system.arrives(an_order(id=7))
    system.shop.refund(7, a_refund(system.shop.order(7) or {}, id=70, amount="5.00"))
    assert reread(system) == RefundCheck(orders=1, changed=(7,))
    system.work()
    assert system.numbers(7) == ["F2026-00001", "C2026-00001"]
    assert reread(system) == RefundCheck(orders=1, changed=())


def test_a_refund_whose_credit_note_waits_for_a_person_is_not_found_again_every_night(system: System) -> None:
    system.change_shop(credit_notes=SendMode.DRAFT)
    system.arrives(an_order(id=7))
    system.shop.refund(7, a_refund(system.shop.order(7) or {}, id=70, amount="5.00"))
    system.receive(system.shop.order(7) or {})
    system.work()
    assert system.numbers(7) == ["F2026-00001", "draft"]
    assert reread(system) == RefundCheck(orders=1, changed=())


def test_orders_invoiced_long_ago_are_not_asked_for(system: System) -> None:
    credited(system)
    system.clock.move(days=91)
    assert reread(system) == RefundCheck(orders=0, changed=())


def test_many_orders_are_asked_for_in_few_calls(system: System) -> None:
    for order_id in range(1, 4):
        system.arrives(an_order(id=order_id))
    before = len(system.shop.calls)
    assert reread(system) == RefundCheck(orders=3, changed=())
    assert len(system.shop.calls) == before + 1


def test_an_erased_order_is_passed_over(system: System) -> None:
    credited(system)
    system.shop.forget(7)
    assert reread(system) == RefundCheck(orders=1, changed=())


def test_it_is_done_once_a_night(system: System) -> None:
    credited(system)
    system.clock.now += timedelta(days=1)
    before = len(system.shop.calls)
    for _ in range(3):
        refund_check.check_refunds_nightly(system.services, system.connected)
        system.clock.move(minutes=10)
    assert len(system.shop.calls) == before + 1


def test_a_deleted_refund_stays_told_where_refunds_can_no_longer_be_read(system: System) -> None:
    credited(system)
    system.shop.forget_refund(7, 70)
    for secrets in (system.connected.secrets, Secrets((SECRET,))):
        system.change_secrets(secrets)
        system.clock.move(hours=1)
        system.receive(system.shop.order(7) or {})
        system.work()
        assert flags(system) == ["refund_deleted"]
