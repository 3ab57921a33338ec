"""The whole walk: a delivery becomes a document, a mail and a note; once, whatever happens on the way."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from tests.support.at_once import at_once
from tests.support.system import SECRET, SELLER, System
from worker.actions import shop_settings
from worker.actions.shop_settings import ShopChanges
from worker.demo.faults import ServerFault
from worker.demo.orders import a_refund, an_order
from worker.domain.document import Kind, SendMode
from worker.domain.party import Seller
from worker.domain.rules import Rule, Trigger
from worker.domain.shop import OrderSettings
from worker.domain.step import MAIL, RENDER, WRITE_BACK
from worker.jobs.job_type import lease_time
from worker.jobs.order import process_delivery
from worker.jobs.step import run_steps
from worker.services import Services
from worker.store import alerts, deliveries, payment_rows
from worker.store.payment_rows import Payment
from worker.store.queries.order_history import DocumentDetails
from worker.store.shops import Secrets


def paid(order_id: int = 238, **overrides: object) -> dict[str, object]:
    return an_order(id=order_id, paid=True, **overrides)  # type: ignore[arg-type]  # overrides are the order's fields


def test_a_paid_order_becomes_an_invoice_a_mail_and_a_note(system: System) -> None:
    (invoice,) = system.arrives(paid())
    assert invoice.document is not None
    assert (invoice.document.number, invoice.draft.kind, f"{invoice.draft.total}") == (
        "F2026-00001",
        Kind.INVOICE,
        "22.20",
    )
    (mail,) = system.mailbox.messages()
    (attached,) = mail.attachments
    assert mail.recipients == ("koper@klant.test",)
    assert hashlib.sha256(attached.content).hexdigest() == invoice.files[0].sha256
    (note,) = system.notes(238)
    assert "F2026-00001" in note
    assert str(system.services.link_of(invoice.document)) in note


def test_mail_and_document_are_in_the_language_in_which_wpml_says_the_order_was_placed(system: System) -> None:
    """Codes of WPML's: a language, or one that the owner added for a region; the buyer lives where Dutch is spoken."""
    for order_id, code in ((1, "fr"), (2, "fr-be"), (3, "de"), (4, "nl")):
        system.arrives(paid(order_id, meta_data=[{"id": 1, "key": "wpml_language", "value": code}]))

    said = [mail.attachments[0].name.partition("-")[0] for mail in system.mailbox.messages()]
    assert said == ["facture", "facture", "rechnung", "factuur"]


def test_a_draft_that_waits_through_several_rounds_is_told_once(system: System) -> None:
    rules = (Rule(Kind.INVOICE, Trigger.PAID, SendMode.SEND), Rule(Kind.DELIVERY_NOTE, Trigger.PAID, SendMode.DRAFT))
    system.change_shop(rules=rules)
    system.arrives(paid())
    (delivery, *_) = system.trail(238).deliveries
    assert str(delivery.message).count("A draft waits") == 1


def test_a_test_goes_to_the_companys_own_address_whatever_the_operators_sender_is(system: System) -> None:
    system.change_shop(test=True)
    services = Services(replace(system.services.settings, mail_from="documents@host.example"), now=system.clock)
    replace(system, services=services).arrives(paid())
    services.store.close()
    (mail,) = system.mailbox.messages()
    assert mail.recipients == (SELLER.email,)


def test_the_second_delivery_of_an_order_makes_nothing(system: System) -> None:
    system.arrives(paid(), topic="order.updated")
    system.arrives(paid(), topic="order.created")
    assert system.numbers() == ["F2026-00001"]
    assert len(system.mailbox.messages()) == 1
    assert len(system.notes(238)) == 1


def test_one_run_serves_all_waiting_deliveries_of_an_order(system: System) -> None:
    order = paid()
    system.shop.place(order)
    for _ in range(5):
        system.receive(order)
    system.work()
    looks = [call for call in system.shop.calls if call.path.endswith("/orders/238")]
    assert len(looks) == 1
    assert system.outcomes() == [("done", "issued")] * 5


@pytest.mark.each_database
def test_fifty_deliveries_at_once_on_eight_workers_make_one_document(system: System) -> None:
    order = paid()  # one: fifty would have changed in several seconds
    system.shop.place(order)
    ids = [system.receive(order) for _ in range(50)]
    at_once(partial(process_delivery, system.services, i) for i in ids)
    at_once(partial(run_steps, system.services, 1) for _ in range(8))
    system.work()
    assert system.numbers() == ["F2026-00001"]
    assert len(system.mailbox.messages()) == 1
    assert len(system.notes(238)) == 1


def test_what_we_write_into_the_shop_comes_back_as_no_delivery(system: System) -> None:
    system.arrives(paid())
    assert [call.method for call in system.shop.writes] == ["POST"]
    assert system.shop.flush_echoes() == []


def test_an_unpaid_order_makes_nothing_and_says_why(system: System) -> None:
    assert system.arrives(an_order(id=7, status="on-hold", paid=False)) == ()
    trail = system.trail(7)
    assert trail.order is not None
    assert "not_paid" in {finding.code for finding in trail.order.rule_results}
    assert system.outcomes() == [("done", "not_paid")]


def test_numbers_follow_each_other_over_orders(system: System) -> None:
    for order_id in (1, 2, 3):
        system.arrives(paid(order_id))
    assert system.numbers() == ["F2026-00001", "F2026-00002", "F2026-00003"]


def test_without_the_sellers_number_a_draft_waits_and_no_number_is_taken(system: System) -> None:
    system.change_shop(seller=Seller(name="Zonder nummer", address=SELLER.address, email="x@winkel.test"))
    (draft,) = system.arrives(paid(1))
    assert (draft.document, draft.draft.problems[0].code) == (None, "seller_incomplete")
    system.change_shop(seller=SELLER)
    system.arrives(paid(2))
    assert system.numbers(2) == ["F2026-00001"]


def test_refunds_become_credit_notes_in_one_run(system: System) -> None:
    order = paid(5)
    system.shop.place(order)
    system.shop.refund(5, a_refund(order, id=51, amount="10.00"))
    system.receive(system.shop.order(5) or {})
    system.work()
    kinds = [(item.draft.kind, f"{item.draft.total}") for item in system.documents(5)]
    assert kinds == [(Kind.INVOICE, "22.20"), (Kind.CREDIT_NOTE, "10.00")]
    (mail,) = system.mailbox.messages()  # documents issued together go out in one mail
    assert len(mail.attachments) == 2


def test_two_rules_make_two_documents_in_one_mail(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED), Rule(Kind.INVOICE, Trigger.PAID)))
    system.arrives(paid())
    (mail,) = system.mailbox.messages()
    assert {attachment.name.split("-")[0] for attachment in mail.attachments} == {"orderbevestiging", "factuur"}


def test_a_rule_that_keeps_drafts_takes_no_number(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),))
    assert system.arrives(paid())[0].document is None
    assert system.mailbox.messages() == ()


def test_the_delivered_body_serves_while_the_shop_does_not_answer(system: System) -> None:
    system.shop.place(paid())
    system.shop.faults.next(ServerFault(status=503), times=50)
    system.receive(paid())
    system.work()
    assert system.numbers() == ["F2026-00001"]
    system.shop.faults.clear()
    system.clock.move(hours=2)
    system.work()
    assert len(system.notes(238)) == 1


def test_the_delivered_body_serves_where_there_is_no_key(system: System) -> None:
    system.change_secrets(Secrets((SECRET,)))
    (invoice,) = system.arrives(paid())
    states = {step.name: step.state for step in invoice.steps}
    assert states == {RENDER: "done", MAIL: "done", WRITE_BACK: "skipped"}


def test_a_refused_key_opens_an_alert_and_the_invoice_is_made_all_the_same(system: System) -> None:
    system.change_secrets(Secrets((SECRET,), "ck_wrong", "cs_wrong"))
    system.arrives(paid())
    with system.services.store.read() as connection:
        assert [alert.code for alert in alerts.open_alerts(connection)] == ["rest_key_refused"]
    assert system.numbers() == ["F2026-00001"]


def test_a_signed_error_body_opens_an_alert(system: System) -> None:
    order = {"id": None}
    system.receive(order, body=b'{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":401}}')
    system.work()
    with system.services.store.read() as connection:
        assert [alert.code for alert in alerts.open_alerts(connection)] == ["webhook_owner"]


def test_an_order_that_was_erased_makes_nothing(system: System) -> None:
    system.shop.place(paid())
    system.receive(paid())
    system.shop.forget(238)
    system.work()
    assert system.outcomes() == [("done", "order_gone")]


def test_a_mail_server_that_is_busy_gets_the_mail_later(system: System) -> None:
    system.mailbox.faults.greylist(1)
    system.arrives(paid())
    assert system.mailbox.messages() == ()
    system.clock.move(minutes=5)
    system.work()
    assert len(system.mailbox.messages()) == 1


def test_a_refused_recipient_is_shown_and_stops_nothing_else(system: System) -> None:
    system.mailbox.faults.reject("koper@klant.test")
    (invoice,) = system.arrives(paid())
    states = {step.name: step.state for step in invoice.steps}
    assert states == {RENDER: "done", MAIL: "failed", WRITE_BACK: "done"}
    assert "koper@klant.test" in next(str(step.message) for step in invoice.steps if step.name == MAIL)


def test_a_mail_cut_after_its_data_is_sent_again_under_the_same_id(system: System) -> None:
    system.mailbox.faults.cut_after_data(1)
    system.arrives(paid())
    system.clock.move(minutes=5)
    system.work()
    first, second = system.mailbox.messages()
    assert first.message_id == second.message_id


def test_a_note_whose_answer_was_lost_is_not_written_twice(system: System) -> None:
    system.shop.faults.next(ServerFault(cut=True, method="POST", path="notes"))
    system.arrives(paid())
    system.clock.move(minutes=5)
    (invoice,) = system.arrives(paid())
    assert len(system.notes(238)) == 1
    assert invoice.done_at(WRITE_BACK) is not None


def test_work_of_a_worker_that_died_is_taken_up_when_its_lease_runs_out(system: System) -> None:
    order = paid()
    system.shop.place(order)
    delivery_id = system.receive(order)
    with system.services.store.write() as connection:
        deliveries.take(connection, delivery_id, now=system.clock.now, lease_for=lease_time(system.services))
    system.work()
    assert system.numbers() == []
    system.clock.move(seconds=system.services.settings.lease_seconds + 1)
    system.work()
    assert system.numbers() == ["F2026-00001"]


def test_work_that_fails_for_a_day_is_given_up_visibly(system: System) -> None:
    system.mailbox.faults.refuse(1000)
    system.arrives(paid())
    for _ in range(60):
        system.clock.move(hours=1)
        system.work()
    (invoice,) = system.documents()
    mail = next(step for step in invoice.steps if step.name == MAIL)
    assert mail.state == "failed"
    assert "tried for a day" in str(mail.message)


def test_a_paused_shop_keeps_its_orders_waiting(system: System) -> None:
    system.change_shop(suspended=True)
    assert system.arrives(paid()) == ()
    for _ in range(30):
        system.clock.move(hours=2)
        system.work()
    system.change_shop(suspended=False)
    system.clock.move(hours=2)
    system.work()
    assert system.numbers() == ["F2026-00001"]


@pytest.mark.each_database
def test_what_waits_of_a_paused_shop_goes_on_the_moment_the_pause_ends(system: System) -> None:
    shop_settings.change_shop(
        system.services, system.shop_id, ShopChanges(suspended=True), by=system.services.actor("host")
    )
    assert system.arrives(paid()) == ()
    shop_settings.change_shop(
        system.services, system.shop_id, ShopChanges(suspended=False), by=system.services.actor("host")
    )
    system.work()
    assert system.numbers() == ["F2026-00001"]


def payments_of(system: System, invoice: DocumentDetails) -> tuple[Payment, ...]:
    assert invoice.document is not None
    document_id = invoice.document.document_id
    with system.services.store.read() as connection:
        return payment_rows.of_documents(connection, [document_id]).get(document_id, ())


def test_an_invoice_is_paid_when_its_order_is(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED),))
    (invoice,) = system.arrives(an_order(id=9, status="on-hold", paid=False))
    assert payments_of(system, invoice) == ()
    (invoice,) = system.arrives(an_order(id=9, status="processing", paid=True))
    (payment,) = payments_of(system, invoice)
    assert (payment.amount, payment.currency) == (invoice.draft.total, invoice.draft.currency)
    assert (payment.source, payment.created_by, payment.method) == ("order", "order", "bacs")


def test_an_order_id_that_comes_back_after_a_restore_is_another_order(system: System) -> None:
    system.arrives(paid(order_key="wc_order_first"))
    system.arrives(paid(order_key="wc_order_second"))
    assert system.numbers() == ["F2026-00001", "F2026-00002"]


def test_orders_placed_before_the_shop_was_connected_make_nothing(system: System) -> None:
    system.change_shop(orders=OrderSettings(system.clock.now + timedelta(days=1)))
    assert system.arrives(paid(created=system.clock.now)) == ()
    assert system.outcomes() == [("done", "before_orders_since")]


@pytest.mark.parametrize("note", ["<b>vet</b> & <script>alert(1)</script>", "regel 1\nregel 2 🎂", "עברית ελληνικά"])
def test_what_a_customer_writes_never_stops_a_document(system: System, note: str) -> None:
    (invoice,) = system.arrives(paid(note=note))
    assert invoice.files[0].size > 1000
