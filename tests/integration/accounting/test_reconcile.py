"""The proof of completeness: each order of a month beside what was made of it, and nothing slips through."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.alive import most_alive
from tests.support.system import START, System
from worker.accounting import reconcile as reconciling
from worker.accounting import reconciliation
from worker.accounting.reconciliation import ReconciledOrder, Reconciliation, Total
from worker.demo.orders import Payload, a_refund, an_order
from worker.domain.document import Kind, SendMode
from worker.domain.rules import Rule, Trigger
from worker.errors import Rejected
from worker.store import deliveries, reports
from worker.store.queries import order_history

MONTH = "2026-11"


def reconcile(system: System, month: str = MONTH) -> Reconciliation:
    return reconciling.reconcile(system.services, system.connected, month, pause_s=0)


def every_row(system: System, month: str = MONTH) -> tuple[ReconciledOrder, ...]:
    return tuple(reconciling.compared(system.services, system.connected, month, pause_s=0))


def states(system: System, month: str = MONTH) -> dict[int, str]:
    return {row.order_id: str(row.state) for row in every_row(system, month)}


def sold(order_id: int, **facts: object) -> Payload:
    return an_order(id=order_id, created=START - timedelta(minutes=30), **facts)  # type: ignore[arg-type]  # its fields


def test_an_order_with_its_document_mail_and_note_is_complete(system: System) -> None:
    system.arrives(sold(7))
    found = reconcile(system)
    assert (states(system), found.is_complete) == ({7: "complete"}, True)
    assert found.totals == (Total("EUR", Decimal("22.20"), Decimal("22.20"), Decimal("0.00")),)


def test_an_order_that_nobody_told_us_of_is_missing(system: System) -> None:
    system.shop.place(sold(7))
    found = reconcile(system)
    assert (states(system), found.is_complete) == ({7: "missing"}, False)
    assert "order:7:invoice:1" in str(found.rows[0].message)


def test_an_order_of_which_nothing_is_due_says_why(system: System) -> None:
    system.arrives(sold(7, status="on-hold", paid=False))
    system.shop.place(sold(8, status="on-hold", paid=False))  # never looked at; nothing is due all the same
    assert states(system) == {7: "nothing_due", 8: "nothing_due"}
    assert all("not paid" in str(row.message) for row in every_row(system))


def test_of_a_mail_that_failed_no_document_is_said_to_be_missing_and_of_one_that_waits_nothing(system: System) -> None:
    system.mailbox.faults.reject("koper@klant.test")
    system.arrives(sold(7))
    assert (states(system), str(every_row(system)[0].message)[:11]) == ({7: "failed"}, "F2026-00001")
    assert not reconcile(system).is_complete
    system.clock.move(hours=24)
    nightly(system)
    assert "reconcile_missing" not in system.alert_codes()
    system.mailbox.faults.clear()
    system.mailbox.faults.greylist(1)
    system.arrives(sold(8))
    assert states(system)[8] == "waits"


def test_a_draft_waits_and_a_discarded_one_is_not_missed(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),))
    system.arrives(sold(7))
    assert states(system) == {7: "kept"}


def test_an_order_changed_since_our_last_fetch_is_assessed_again(system: System) -> None:
    system.arrives(sold(7, status="on-hold", paid=False))
    system.clock.move(minutes=10)
    system.shop.place(an_order(id=7, paid=True, created=system.clock.now))
    assert states(system) == {7: "missing"}


def test_an_order_of_which_not_all_came_is_judged_as_when_it_is_processed(system: System) -> None:
    system.change_shop(rules=(Rule.parse("invoice:completed:send"),))
    system.arrives(sold(7))
    system.change_shop(rules=(Rule.parse("invoice:paid:send"),))
    system.clock.move(minutes=10)
    system.shop.place(sold(7, status="cancelled", paid=True, shipping="50.00"))
    before = states(system)
    system.receive(system.shop.order(7) or {})
    system.work()
    assert (before, system.documents(7)) == (states(system), ())


def test_refunds_and_edits_show_in_the_totals(system: System) -> None:
    order = sold(7)
    system.shop.place(order)
    system.shop.refund(7, a_refund(order, id=71, amount="10.00"))
    system.receive(system.shop.order(7) or {})
    system.work()
    (total,) = reconcile(system).totals
    assert (total.ordered, total.invoiced, total.credited) == (Decimal("22.20"), Decimal("22.20"), Decimal("10.00"))


def test_what_was_invoiced_in_another_currency_than_an_order_has_now_is_not_added_to_it(system: System) -> None:
    system.arrives(sold(7))
    system.change_shop(exchange_rates={"USD": Decimal("1.10")})
    system.arrives(sold(7, currency="USD"))
    assert reconcile(system).totals == (Total("USD", Decimal("22.20"), Decimal("0.00"), Decimal("0.00")),)


def test_documents_of_an_order_that_was_erased_are_shown(system: System) -> None:
    system.arrives(sold(7))
    system.shop.forget(7)
    assert states(system) == {7: "gone"}


def test_only_the_month_in_the_shops_zone_counts(system: System) -> None:
    last_second = START.replace(month=10, day=31, hour=22, minute=59, second=59)  # 23:59:59 in Brussels
    system.shop.place(an_order(id=1, created=last_second))
    system.shop.place(an_order(id=2, created=last_second + timedelta(seconds=1)))
    assert states(system, "2026-10").keys() == {1}
    assert states(system).keys() == {2}
    with pytest.raises(Rejected, match="2026-13"):
        reconcile(system, "2026-13")


@pytest.mark.usefixtures("pages_of_ten")
def test_many_orders_are_read_page_by_page(system: System) -> None:
    for number in range(1, 14):
        system.shop.place(sold(number, status="on-hold", paid=False))
    assert reconcile(system).orders == 13


def meanwhile(system: System, order_id: int, happens: Callable[[], object]) -> list[tuple[int, str]]:
    """Each order and its state, where something happens in the shop once that order was looked at."""
    rows = []
    for row in reconciling.compared(system.services, system.connected, MONTH, pause_s=0):
        rows.append((row.order_id, str(row.state)))
        if row.order_id == order_id:
            happens()
    return rows


@pytest.mark.usefixtures("pages_of_ten")
def test_an_order_deleted_while_the_list_is_read_hides_none_behind_it(system: System) -> None:
    for number in range(1, 13):
        system.shop.place(sold(number))
    found = meanwhile(system, 5, lambda: system.shop.forget(3))
    assert found == [(number, "missing") for number in range(1, 13)]


@pytest.mark.usefixtures("pages_of_ten")
@pytest.mark.each_database
def test_an_order_dated_back_while_the_list_is_read_doubles_none(system: System) -> None:
    for number in range(1, 13):
        at = START - timedelta(minutes=30) + timedelta(seconds=number // 3)
        system.shop.place(an_order(id=number, created=at, status="on-hold", paid=False))
    late = an_order(id=900, created=START - timedelta(days=2), status="on-hold", paid=False)
    found = meanwhile(system, 5, lambda: system.shop.place(late))
    assert [order_id for order_id, _state in found] == [*range(1, 13)]


def test_an_order_that_came_in_while_the_list_was_read_is_not_gone(system: System) -> None:
    system.arrives(sold(7))
    assert meanwhile(system, 7, lambda: system.arrives(sold(8))) == [(7, "complete"), (8, "complete")]
    system.clock.move(hours=1)
    placed_now = an_order(id=9, created=system.clock.now + timedelta(minutes=1))

    def sells() -> None:
        system.clock.move(minutes=2)
        system.arrives(placed_now)

    assert meanwhile(system, 7, sells) == [(7, "complete"), (8, "complete")]


def test_an_order_whose_day_was_moved_to_another_month_is_looked_at_there_only(system: System) -> None:
    system.arrives(sold(7))
    system.shop.place(an_order(id=7, created=START - timedelta(days=31)))
    assert (states(system), [*states(system, "2026-10")]) == ({}, [7])


def test_what_is_held_is_one_order_whatever_the_month_holds(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 6):
        system.arrives(sold(number))
    system.shop.forget(4)
    system.shop.forget(5)
    held = most_alive(monkeypatch, order_history, "DocumentDetails")
    assert len(states(system)) == 5
    assert (len(held), max(held)) == (5, 1)


def test_of_many_orders_that_lack_something_the_first_are_told_and_all_are_processed(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "MOST_ROWS", 2)
    monkeypatch.setattr(reconciling, "AT_ONCE", 2)
    for number in range(1, 6):
        system.shop.place(sold(number))
    found = reconcile(system)
    assert (found.missing, [row.order_id for row in found.rows], found.unmade) == (5, [1, 2], (1, 2, 3, 4, 5))
    reconciling.save_result(system.services, system.connected, found)
    assert (report(system)["counts"]["missing"], len(report(system)["orders"])) == (5, 2)
    system.work()
    assert states(system) == dict.fromkeys(range(1, 6), "complete")


def test_a_night_that_breaks_off_before_all_is_asked_for_is_done_anew(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.shop.place(sold(7))
    system.clock.move(hours=24)
    with monkeypatch.context() as broken:
        broken.setattr(deliveries, "add", lambda *_args, **_named: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            nightly(system)
    assert (report(system), system.alert_codes()) == (None, [])
    nightly(system)
    system.work()
    assert system.numbers() == ["F2026-00001"]


def test_one_order_that_cannot_be_read_hides_none_of_the_others(system: System) -> None:
    system.shop.place(sold(7, currency="nonsense"))
    system.arrives(sold(8))
    assert states(system) == {7: "missing", 8: "complete"}


def test_every_night_the_result_is_stored_and_what_is_missing_is_processed(system: System) -> None:
    nightly(system)
    assert report(system) is None  # connected today: the first night is still to come
    system.shop.place(sold(7))
    system.clock.move(hours=24)
    nightly(system)
    nightly(system)
    assert report(system)["counts"]["missing"] == 1
    assert system.alert_codes() == ["reconcile_missing"]
    system.work()
    assert system.numbers() == ["F2026-00001"]
    system.clock.move(hours=24)
    nightly(system)
    assert (report(system)["ok"], system.alert_codes()) == (True, [])


def nightly(system: System) -> None:
    reconciling.reconcile_nightly(system.services, system.connected)


def report(system: System) -> Any:
    with system.services.store.read() as connection:
        found = reports.latest(connection, system.shop_id, f"reconcile:{MONTH}")
    return found.content if found else None
