"""The whole walk: a delivery becomes a document, a mail and a note; once, whatever happens on the way."""

import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from tests.flow.conftest import SECRET, SELLER, House
from worker import jobs
from worker.demo.orders import a_refund, an_order
from worker.domain.document import Kind, SendMode
from worker.domain.party import Seller
from worker.domain.shop import Moment, Rule
from worker.store import alerts, deliveries
from worker.store.shops import Secrets
from worker.store.steps import StepName


def paid(order_id: int = 238, **overrides: object) -> dict[str, object]:
    return an_order(id=order_id, paid=True, **overrides)  # type: ignore[arg-type]  # overrides are the order's fields


def test_a_paid_order_becomes_an_invoice_a_mail_and_a_note(house: House) -> None:
    (invoice,) = house.arrives(paid())
    assert invoice.document is not None
    assert (invoice.document.number, invoice.draft.kind, f"{invoice.draft.total}") == (
        "F2026-00001",
        Kind.INVOICE,
        "22.20",
    )
    (mail,) = house.mailbox.messages()
    (attached,) = mail.attachments
    assert mail.recipients == ("koper@klant.test",)
    assert hashlib.sha256(attached.content).hexdigest() == invoice.files[0].sha256
    (note,) = house.notes(238)
    assert "F2026-00001" in note
    assert invoice.link in note


def test_the_second_delivery_of_an_order_makes_nothing(house: House) -> None:
    house.arrives(paid(), topic="order.updated")
    house.arrives(paid(), topic="order.created")
    assert house.numbers() == ["F2026-00001"]
    assert len(house.mailbox.messages()) == 1
    assert len(house.notes(238)) == 1


def test_one_look_serves_all_waiting_deliveries_of_an_order(house: House) -> None:
    house.shop.place(paid())
    for _ in range(5):
        house.ring(paid())
    house.work()
    looks = [call for call in house.shop.calls if call.path.endswith("/orders/238")]
    assert len(looks) == 1
    assert house.outcomes() == [("done", "issued")] * 5


def test_fifty_deliveries_at_once_on_eight_workers_make_one_document(house: House) -> None:
    house.shop.place(paid())
    ids = [house.ring(paid()) for _ in range(50)]
    run_in_threads([partial(jobs.run_look, house.services, i) for i in ids], workers=8)
    run_in_threads([partial(jobs.run_steps, house.services, 1) for _ in range(8)], workers=8)
    house.work()
    assert house.numbers() == ["F2026-00001"]
    assert len(house.mailbox.messages()) == 1
    assert len(house.notes(238)) == 1


def test_what_we_write_into_the_shop_does_not_ring_us_back(house: House) -> None:
    house.arrives(paid())
    assert [call.method for call in house.shop.writes] == ["POST"]
    assert house.shop.flush_echoes() == []


def test_an_unpaid_order_makes_nothing_and_says_why(house: House) -> None:
    assert house.arrives(an_order(id=7, status="on-hold", paid=False)) == ()
    trail = house.trail(7)
    assert trail.seen is not None
    assert "not_paid" in {finding.code for finding in trail.seen.findings}
    assert house.outcomes() == [("done", "not_paid")]


def test_numbers_follow_each_other_over_orders(house: House) -> None:
    for order_id in (1, 2, 3):
        house.arrives(paid(order_id))
    assert house.numbers() == ["F2026-00001", "F2026-00002", "F2026-00003"]


def test_without_the_sellers_number_a_draft_waits_and_no_number_is_taken(house: House) -> None:
    house.change_shop(seller=Seller(name="Zonder nummer", address=SELLER.address, email="x@winkel.test"))
    (draft,) = house.arrives(paid(1))
    assert (draft.document, draft.draft.problems[0].code) == (None, "seller_incomplete")
    house.change_shop(seller=SELLER)
    house.arrives(paid(2))
    assert house.numbers(2) == ["F2026-00001"]


def test_refunds_become_credit_notes_in_the_same_look(house: House) -> None:
    order = paid(5)
    house.shop.place(order)
    house.shop.refund(5, a_refund(order, id=51, amount="10.00"))
    house.ring(house.shop.order(5) or {})
    house.work()
    kinds = [(item.draft.kind, f"{item.draft.total}") for item in house.documents(5)]
    assert kinds == [(Kind.INVOICE, "22.20"), (Kind.CREDIT_NOTE, "10.00")]
    (mail,) = house.mailbox.messages()  # documents due in the same look ride in one mail
    assert len(mail.attachments) == 2


def test_two_rules_make_two_documents_in_one_mail(house: House) -> None:
    house.change_shop(rules=(Rule(Kind.ORDER_CONFIRMATION, Moment.CREATED), Rule(Kind.INVOICE, Moment.PAID)))
    house.arrives(paid())
    (mail,) = house.mailbox.messages()
    assert {attachment.name.split("-")[0] for attachment in mail.attachments} == {"orderbevestiging", "factuur"}


def test_a_rule_that_keeps_drafts_takes_no_number(house: House) -> None:
    house.change_shop(rules=(Rule(Kind.INVOICE, Moment.PAID, SendMode.DRAFT),))
    assert house.arrives(paid())[0].document is None
    assert house.mailbox.messages() == ()


def test_the_delivered_body_serves_while_the_shop_does_not_answer(house: House) -> None:
    house.shop.place(paid())
    house.shop.faults.next(status=503, times=50)
    house.ring(paid())
    house.work()
    assert house.numbers() == ["F2026-00001"]
    house.shop.faults.clear()
    house.clock.move(hours=2)
    house.work()
    assert len(house.notes(238)) == 1


def test_the_delivered_body_serves_where_there_is_no_key(house: House) -> None:
    house.change_secrets(Secrets((SECRET,)))
    (invoice,) = house.arrives(paid())
    states = {step.name: step.state for step in invoice.steps}
    assert states == {StepName.RENDER: "done", StepName.MAIL: "done", StepName.WRITE_BACK: "skipped"}


def test_a_refused_key_sounds_an_alarm_and_the_invoice_is_made_all_the_same(house: House) -> None:
    house.change_secrets(Secrets((SECRET,), "ck_wrong", "cs_wrong"))
    house.arrives(paid())
    with house.services.store.read() as connection:
        assert [alarm.code for alarm in alerts.open_alarms(connection)] == ["rest_key_refused"]
    assert house.numbers() == ["F2026-00001"]


def test_a_signed_error_body_sounds_an_alarm(house: House) -> None:
    order = {"id": None}
    house.ring(order, body=b'{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":401}}')
    house.work()
    with house.services.store.read() as connection:
        assert [alarm.code for alarm in alerts.open_alarms(connection)] == ["webhook_owner"]


def test_an_order_that_was_erased_makes_nothing(house: House) -> None:
    house.shop.place(paid())
    house.ring(paid())
    house.shop.forget(238)
    house.work()
    assert house.outcomes() == [("done", "order_gone")]


def test_a_mail_server_that_is_busy_gets_the_mail_later(house: House) -> None:
    house.mailbox.faults.greylist(1)
    house.arrives(paid())
    assert house.mailbox.messages() == ()
    house.clock.move(minutes=5)
    house.work()
    assert len(house.mailbox.messages()) == 1


def test_a_refused_recipient_is_shown_and_stops_nothing_else(house: House) -> None:
    house.mailbox.faults.reject("koper@klant.test")
    (invoice,) = house.arrives(paid())
    states = {step.name: step.state for step in invoice.steps}
    assert states == {StepName.RENDER: "done", StepName.MAIL: "failed", StepName.WRITE_BACK: "done"}
    assert "koper@klant.test" in next(step.reason for step in invoice.steps if step.name is StepName.MAIL)


def test_a_mail_cut_after_its_data_is_sent_again_under_the_same_id(house: House) -> None:
    house.mailbox.faults.cut_after_data(1)
    house.arrives(paid())
    house.clock.move(minutes=5)
    house.work()
    first, second = house.mailbox.messages()
    assert first.message_id == second.message_id


def test_a_note_whose_answer_was_lost_is_not_written_twice(house: House) -> None:
    house.shop.faults.next(cut=True, method="POST", path="notes")
    house.arrives(paid())
    house.clock.move(minutes=5)
    (invoice,) = house.arrives(paid())
    assert len(house.notes(238)) == 1
    assert invoice.done_at(StepName.WRITE_BACK) is not None


def test_work_of_a_worker_that_died_is_taken_up_when_its_lease_runs_out(house: House) -> None:
    house.shop.place(paid())
    delivery_id = house.ring(paid())
    with house.services.store.write() as connection:
        deliveries.take(connection, delivery_id, now=house.clock.now, lease_for=jobs.lease_time(house.services))
    house.work()
    assert house.numbers() == []
    house.clock.move(seconds=house.services.settings.lease_seconds + 1)
    house.work()
    assert house.numbers() == ["F2026-00001"]


def test_work_that_fails_for_a_day_is_given_up_visibly(house: House) -> None:
    house.mailbox.faults.refuse(1000)
    house.arrives(paid())
    for _ in range(60):
        house.clock.move(hours=1)
        house.work()
    (invoice,) = house.documents()
    mail = next(step for step in invoice.steps if step.name is StepName.MAIL)
    assert mail.state == "failed"
    assert "tried for a day" in mail.reason


def test_a_paused_shop_keeps_its_orders_waiting(house: House) -> None:
    house.change_shop(suspended=True)
    assert house.arrives(paid()) == ()
    for _ in range(30):
        house.clock.move(hours=2)
        house.work()
    house.change_shop(suspended=False)
    house.clock.move(hours=2)
    house.work()
    assert house.numbers() == ["F2026-00001"]


def test_an_invoice_is_paid_when_its_order_is(house: House) -> None:
    house.change_shop(rules=(Rule(Kind.INVOICE, Moment.CREATED),))
    (invoice,) = house.arrives(an_order(id=9, status="on-hold", paid=False))
    assert invoice.marks == ()
    (invoice,) = house.arrives(an_order(id=9, status="processing", paid=True))
    assert [mark.mark for mark in invoice.marks] == ["paid"]


def test_an_order_id_that_comes_back_after_a_restore_is_another_order(house: House) -> None:
    house.arrives(paid(order_key="wc_order_first"))
    house.arrives(paid(order_key="wc_order_second"))
    assert house.numbers() == ["F2026-00001", "F2026-00002"]


def test_orders_placed_before_the_shop_was_connected_make_nothing(house: House) -> None:
    house.change_shop(orders_since=house.clock.now + timedelta(days=1))
    assert house.arrives(paid(created=house.clock.now)) == ()
    assert house.outcomes() == [("done", "before_orders_since")]


@pytest.mark.parametrize("note", ["<b>vet</b> & <script>alert(1)</script>", "regel 1\nregel 2 🎂", "עברית ελληνικά"])
def test_what_a_customer_writes_never_stops_a_document(house: House, note: str) -> None:
    (invoice,) = house.arrives(paid(note=note))
    assert invoice.files[0].size > 1000


def run_in_threads(calls: list[Callable[[], None]], *, workers: int) -> None:
    def run(mine: list[Callable[[], None]]) -> None:
        for call in mine:
            call()

    threads = [threading.Thread(target=run, args=(calls[i::workers],)) for i in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
