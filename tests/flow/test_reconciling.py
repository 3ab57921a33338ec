"""The proof of completeness: each order of a month beside what was made of it, and nothing slips through."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.flow.conftest import START, House
from worker.accounting import reconcile as reconciling
from worker.accounting.reconcile import Reconciliation, Total
from worker.demo.orders import Payload, a_refund, an_order
from worker.domain.document import Kind, SendMode
from worker.domain.shop import Moment, Rule
from worker.errors import Rejected
from worker.store import alerts, reports, shops
from worker.store.shops import Connected

MONTH = "2026-11"


def connected(house: House) -> Connected:
    with house.services.store.read() as connection:
        return shops.connected(connection, house.services.vault, house.shop_id)


def reconcile(house: House, month: str = MONTH) -> Reconciliation:
    return reconciling.reconcile(house.services, connected(house), month, pause_s=0)


def states(found: Reconciliation) -> dict[int, str]:
    return {row.order_id: str(row.state) for row in found.rows}


def sold(order_id: int, **facts: object) -> Payload:
    return an_order(id=order_id, created=START - timedelta(minutes=30), **facts)  # type: ignore[arg-type]  # its fields


def test_an_order_with_its_document_mail_and_note_is_complete(house: House) -> None:
    house.arrives(sold(7))
    found = reconcile(house)
    assert (states(found), found.is_complete) == ({7: "complete"}, True)
    assert found.totals == (Total("EUR", Decimal("22.20"), Decimal("22.20"), Decimal("0.00")),)


def test_an_order_that_nobody_told_us_of_is_missing(house: House) -> None:
    house.shop.place(sold(7))
    found = reconcile(house)
    assert (states(found), found.is_complete) == ({7: "missing"}, False)
    assert "order:7:invoice:1" in found.rows[0].sentence


def test_an_order_of_which_nothing_is_due_says_why(house: House) -> None:
    house.arrives(sold(7, status="on-hold", paid=False))
    house.shop.place(sold(8, status="on-hold", paid=False))  # never looked at; nothing is due all the same
    found = reconcile(house)
    assert states(found) == {7: "nothing_due", 8: "nothing_due"}
    assert all("not paid" in row.sentence for row in found.rows)


def test_a_mail_that_failed_is_missing_and_one_that_waits_is_not(house: House) -> None:
    house.mailbox.faults.reject("koper@klant.test")
    house.arrives(sold(7))
    assert (states(reconcile(house)), reconcile(house).rows[0].sentence[:11]) == ({7: "missing"}, "F2026-00001")
    house.mailbox.faults.clear()
    house.mailbox.faults.greylist(1)
    house.arrives(sold(8))
    assert states(reconcile(house))[8] == "waits"


def test_a_draft_waits_and_a_discarded_one_is_not_missed(house: House) -> None:
    house.change_shop(rules=(Rule(Kind.INVOICE, Moment.PAID, SendMode.DRAFT),))
    house.arrives(sold(7))
    assert states(reconcile(house)) == {7: "waits"}


def test_an_order_changed_since_our_last_look_is_judged_anew(house: House) -> None:
    house.arrives(sold(7, status="on-hold", paid=False))
    house.clock.move(minutes=10)
    house.shop.place(an_order(id=7, paid=True, created=house.clock.now))
    assert states(reconcile(house)) == {7: "missing"}


def test_refunds_and_edits_show_in_the_totals(house: House) -> None:
    order = sold(7)
    house.shop.place(order)
    house.shop.refund(7, a_refund(order, id=71, amount="10.00"))
    house.ring(house.shop.order(7) or {})
    house.work()
    (total,) = reconcile(house).totals
    assert (total.ordered, total.invoiced, total.credited) == (Decimal("22.20"), Decimal("22.20"), Decimal("10.00"))


def test_documents_of_an_order_that_was_erased_are_shown(house: House) -> None:
    house.arrives(sold(7))
    house.shop.forget(7)
    assert states(reconcile(house)) == {7: "gone"}


def test_only_the_month_in_the_shops_zone_counts(house: House) -> None:
    last_second = START.replace(month=10, day=31, hour=22, minute=59, second=59)  # 23:59:59 in Brussels
    house.shop.place(an_order(id=1, created=last_second))
    house.shop.place(an_order(id=2, created=last_second + timedelta(seconds=1)))
    assert states(reconcile(house, "2026-10")).keys() == {1}
    assert states(reconcile(house, "2026-11")).keys() == {2}
    with pytest.raises(Rejected, match="2026-13"):
        reconcile(house, "2026-13")


def test_many_orders_are_read_page_by_page(house: House) -> None:
    for number in range(1, 131):
        house.shop.place(sold(number, status="on-hold", paid=False))
    assert len(reconcile(house).rows) == 130


def test_one_order_that_cannot_be_read_hides_none_of_the_others(house: House) -> None:
    house.shop.place(sold(7, currency="nonsense"))
    house.arrives(sold(8))
    assert states(reconcile(house)) == {7: "missing", 8: "complete"}


def test_every_night_the_result_is_kept_and_what_is_missing_is_looked_at(house: House) -> None:
    nightly(house)
    assert report(house) is None  # connected today: the first night is still to come
    house.shop.place(sold(7))
    house.clock.move(hours=24)
    nightly(house)
    nightly(house)
    assert report(house)["counts"]["missing"] == 1
    assert open_alarms(house) == ["reconcile_missing"]
    house.work()
    assert house.numbers() == ["F2026-00001"]
    house.clock.move(hours=24)
    nightly(house)
    assert (report(house)["ok"], open_alarms(house)) == (True, [])


def nightly(house: House) -> None:
    reconciling.reconcile_nightly(house.services, connected(house))


def report(house: House) -> Any:
    with house.services.store.read() as connection:
        found = reports.latest(connection, house.shop_id, f"reconcile:{MONTH}")
    return found.content if found else None


def open_alarms(house: House) -> list[str]:
    with house.services.store.read() as connection:
        return [alarm.code for alarm in alerts.open_alarms(connection)]
