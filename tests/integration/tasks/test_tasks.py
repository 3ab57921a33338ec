"""Tasks: each from its row to its answer, and what it leaves behind."""

import csv
import hashlib
import io
import json
import tempfile
import zipfile
from datetime import timedelta
from decimal import Decimal
from inspect import unwrap
from math import inf
from pathlib import Path
from typing import Any

import pytest

from tests.support.asked_statements import recorded
from tests.support.system import SECRET, START, System
from tests.support.task_requests import (
    BY,
    again,
    another_shop,
    answered,
    asked,
    content,
    english,
    events,
    invoiced,
    paid,
    refused,
    seen,
    written_down,
)
from worker.actions.shop_settings import ShopChanges, change_shop
from worker.cli import many as many_commands
from worker.demo.faults import ServerFault
from worker.demo.orders import an_order
from worker.domain.actor import Actor
from worker.domain.document import Kind, SendMode
from worker.domain.money import ZERO
from worker.domain.party import Address, Seller
from worker.domain.rules import Rule, Trigger
from worker.domain.step import MAIL
from worker.errors import DatabaseAway, Unavailable
from worker.jobs.task import do_task
from worker.maintenance.retention import delete_expired
from worker.message import Message
from worker.net.mollie_answer import MolliePayment, Status
from worker.net.mollie_key import Mode
from worker.orders import webhook_repair
from worker.queue.job_progress import last_progress
from worker.rendering.samples import a_logo
from worker.store import alerts, audit_trail, deliveries, order_statuses, payment_attempts, plugins, roads
from worker.store import tasks as task_store
from worker.store.database.tables import files
from worker.store.database.tables import tasks as errands_table
from worker.store.files import temporary
from worker.store.plugins import NewPlugin
from worker.store.queries import attention, order_history
from worker.store.queries.jobs import job_counts
from worker.store.roads import REST_AFTER, Failure, Road, RoadKind
from worker.store.shops import Secrets
from worker.tasks import documents as document_tasks

KEEP = (Rule(Kind.INVOICE, Trigger.PAID, SendMode.DRAFT),)


# Documents


def test_a_draft_is_issued_once_even_when_the_worker_dies_before_it_answers(system: System) -> None:
    system.change_shop(rules=KEEP)
    (draft,) = system.arrives(paid())
    assert draft.stored_draft is not None
    task = asked(system, "issue_draft", draft_id=draft.stored_draft.draft_id, send=True)
    assert [document["number"] for document in task.answer["documents"]] == ["F2026-00001"]
    assert again(system, task).answer == task.answer
    system.work()
    assert (system.numbers(), len(system.mailbox.messages())) == (["F2026-00001"], 1)
    assert (BY, "issued") in events(system)


def test_many_drafts_are_issued_once_each_and_the_one_that_cannot_be_is_named(system: System) -> None:
    system.change_shop(rules=KEEP)
    ids = [
        item.stored_draft.draft_id
        for order in (paid(), paid(239))
        for item in system.arrives(order)
        if item.stored_draft
    ]
    task = asked(system, "do_many", what="issue", ids=[ids[0], 9_999, ids[1]], send=True)
    answer = task.answer
    assert (answer["of"], answer["done"], answer["changed"], answer["left"]) == (3, 3, 2, 1)
    assert [one["id"] for one in answer["named"]] == [9_999]
    assert again(system, task).answer == answer
    system.work()
    assert (system.numbers(), len(system.mailbox.messages())) == (["F2026-00001", "F2026-00002"], 2)


def test_a_press_that_cannot_say_whether_the_rest_was_paid_issues_nothing_that_asks_it(system: System) -> None:
    """Of many at once, or on WooCommerce's order screen."""
    system.change_shop(rules=KEEP)
    by_card = {"payment_method": "stripe", "transaction_id": "pi_1"}
    system.arrives(paid() | by_card)
    dearer = [("Koffiemok blauw", "MUG-1", 2, "12.40", "21")]
    (draft,) = system.arrives(an_order(id=238, lines=dearer) | by_card)
    assert draft.stored_draft is not None
    draft_id = draft.stored_draft.draft_id
    many = asked(system, "do_many", what="issue", ids=[draft_id], send=True)
    assert (many.answer["left"], many.answer["named"][0]["code"]) == (1, "rest_charged")
    press = asked(system, "order_screen_issue", draft_id=draft_id, send=True)
    assert (press.state, press.answer["code"]) == ("failed", "rest_charged")
    assert system.numbers() == ["draft"]
    # As the command line and a program can; the answer concerns those that ask.
    (other,) = system.arrives(paid(239))
    assert other.stored_draft is not None
    issue = unwrap(many_commands.issue.callback or many_commands.issue)
    ids, before = (other.stored_draft.draft_id, draft_id), len(system.shop.calls)
    issue(system.services, system.shop_id, ids, every=False, as_json=True, send=False, rest_paid=True)
    asked_for = [call.path for call in system.shop.calls[before:] if call.path.endswith(("/238", "/239"))]
    assert len(asked_for) == len(ids)  # each order is read once
    assert system.numbers() == ["F2026-00001", "F2026-00002"]
    assert [system.documents(number)[0].is_paid for number in (238, 239)] == [True, True]


def test_in_a_test_too_many_at_once_are_issued_as_a_program_says_of_their_rest(system: System) -> None:
    """Though a test counts no money."""
    system.change_shop(rules=KEEP, test=True)
    by_card = {"payment_method": "stripe", "transaction_id": "pi_1"}
    system.arrives(paid() | by_card)
    (draft,) = system.arrives(an_order(id=238, lines=[("Koffiemok blauw", "MUG-1", 2, "12.40", "21")]) | by_card)
    assert draft.stored_draft is not None
    asked(system, "do_many", what="issue", ids=[draft.stored_draft.draft_id], send=False, rest_paid=True)
    (invoice,) = system.documents(238)
    assert (invoice.document is not None, invoice.is_paid, invoice.payments) == (True, True, ())


def test_of_many_orders_one_document_each_is_made_and_none_twice_where_a_worker_died(system: System) -> None:
    for order_id in (238, 239):
        system.arrives(paid(order_id))
    invoiced(system, paid(240))
    system.clock.now += timedelta(seconds=1)
    task = asked(system, "do_many", what="make", kind="delivery_note", ids=[238, 239], send=True)
    assert (task.answer["changed"], task.answer["left"]) == (2, 0)
    numbers = system.numbers()
    assert again(system, task).answer == task.answer
    assert system.numbers() == numbers
    later = asked(system, "do_many", what="make", kind="invoice", ids=[240])
    assert (later.answer["left"], later.answer["named"][0]["number"]) == (1, "240")


@pytest.mark.parametrize("fails_at", ["store", "answer"])
@pytest.mark.parametrize("what", ["issue", "make"])
def test_where_the_database_goes_away_none_of_many_is_skipped_and_what_was_made_counts_as_made(
    system: System, monkeypatch: pytest.MonkeyPatch, what: str, fails_at: str
) -> None:
    """Away after a document was committed and before that was counted, or in the moment of the commit itself."""
    system.change_shop(rules=KEEP)
    found = [system.arrives(paid(order_id))[0] for order_id in (238, 239, 240)]
    ids = [one.stored_draft.draft_id for one in found if one.stored_draft] if what == "issue" else [238, 239, 240]
    system.clock.now += timedelta(seconds=1)
    monkeypatch.setattr("worker.tasks.common.SLICE_S", 0.0)
    place, name = (task_store, "report_progress") if fails_at == "store" else (document_tasks, MAKES[what])
    works = getattr(place, name)

    def goes_away(*arguments: object) -> object:
        monkeypatch.setattr(place, name, works)
        if fails_at == "answer":
            works(*arguments)
        raise DatabaseAway("The database does not answer right now; it is tried again.")

    monkeypatch.setattr(place, name, goes_away)
    task = asked(system, "do_many", what=what, ids=ids, **({"kind": "delivery_note"} if what == "make" else {}))
    assert (task.state, task.answer.get("done", 0)) == ("waiting", 0)
    system.clock.now += timedelta(minutes=1)
    for _ in ids:
        do_task(system.services, task.task_id)
    answer = seen(system, task.task_id).answer
    assert (answer["of"], answer["done"], answer["changed"], answer["left"]) == (3, 3, 3, 0)
    assert [len(system.documents(order_id)) for order_id in (238, 239, 240)] == [1 if what == "issue" else 2] * 3


MAKES = {"issue": "issue_draft", "make": "make_document"}


def test_chosen_lines_are_credited_once_for_one_task(system: System) -> None:
    two = (("Koffiemok blauw", "MUG-1", 2, "12.40", "21"),)
    document_id = invoiced(system, paid(lines=two))
    task = asked(
        system, "credit", document_id=document_id, lines=[{"index": 0, "quantity": "1"}], reason="Kapot", send=True
    )
    assert [(made["number"], made["total"]) for made in task.answer["documents"]] == [("C2026-00001", "15.00")]
    assert again(system, task).answer == task.answer
    asked(system, "credit", document_id=document_id, lines=[{"index": 0, "quantity": "1"}])
    system.work()
    assert system.numbers() == ["F2026-00001", "C2026-00001", "C2026-00002"]
    assert len(system.mailbox.messages()) == 2  # the invoice, and the first credit note: the second was not to be sent
    code, message = refused(system, "credit", document_id=document_id, lines=[{"index": 0, "quantity": "1"}])
    assert (code, "0 of it is left" in message) == ("quantity_wrong", True)


@pytest.mark.parametrize("what", [{"amount": "5.00"}, {"lines": [{"index": 0, "quantity": "0.5"}]}, {}])
def test_a_credit_note_that_was_asked_for_by_two_presses_of_one_button_is_made_once(
    system: System, what: dict[str, Any]
) -> None:
    document_id = invoiced(system)
    made = [answered(system, "credit", document_id=document_id, once="k" * 22, send=True, **what) for _ in range(2)]

    system.work()

    assert made[0] == made[1]
    assert len(system.numbers(238)) == 2
    assert len(system.mailbox.messages()) == 2  # the invoice's and the credit note's


def test_an_amount_and_then_all_the_rest_is_credited(system: System) -> None:
    document_id = invoiced(system)
    first = answered(system, "credit", document_id=document_id, amount="5.00", send=True)
    rest = answered(system, "credit", document_id=document_id, send=True)
    assert [made["total"] for made in (*first["documents"], *rest["documents"])] == ["5.00", "17.20"]
    assert refused(system, "credit", document_id=document_id, amount="0.01")[0] == "more_than_remaining"
    assert refused(system, "credit", document_id=document_id, amount="veel")[0] == "credit_unclear"
    assert refused(system, "credit", document_id=document_id, amount="1", again=True)[0] == "credit_unclear"


def test_credit_and_issue_again_is_one_pair_whatever_happens(system: System) -> None:
    task = asked(system, "credit", document_id=invoiced(system), again=True, send=True)
    assert [made["number"] for made in task.answer["documents"]] == ["C2026-00001", "F2026-00002"]
    assert again(system, task).answer == task.answer
    assert system.numbers() == ["F2026-00001", "C2026-00001", "F2026-00002"]


def test_a_document_is_made_by_hand_once(system: System) -> None:
    system.change_shop(rules=())
    assert system.arrives(an_order(id=238, paid=False, status="on-hold")) == ()
    made = answered(system, "make_document", order_id=238, kind="invoice", send=True)
    assert [document["number"] for document in made["documents"]] == ["F2026-00001"]
    assert refused(system, "make_document", order_id=238, kind="invoice")[1] == (
        "Order 238 has its invoice. It exists: F2026-00001."
    )
    assert refused(system, "make_document", order_id=238, kind="credit_note")[0] == "not_by_hand"
    system.work()
    assert len(system.mailbox.messages()) == 1


def test_a_document_by_hand_is_refused_with_what_speaks_against_it(system: System) -> None:
    system.change_shop(rules=(), seller=Seller(name="Zonder adres"))
    system.arrives(paid())
    assert refused(system, "make_document", order_id=238, kind="invoice")[0] == "seller_incomplete"
    assert system.numbers() == []


def test_what_belongs_to_another_shop_is_unknown(system: System) -> None:
    document_id = invoiced(system)
    system.change_shop(rules=KEEP)
    draft = system.arrives(paid(239))[0].stored_draft
    assert draft is not None
    mine, system.shop_id = system.shop_id, another_shop(system)
    for kind, argument in (
        ("credit", {"document_id": document_id}),
        ("send_again", {"document_id": document_id, "to": "dief@elders.test"}),
        ("renew_link", {"document_id": document_id}),
        ("issue_draft", {"draft_id": draft.draft_id}),
    ):
        assert refused(system, kind, **argument)[0] in ("document_unknown", "draft_unknown"), kind
    file = temporary.put(
        system.services.archive, mine, "logo.png", a_logo(), until=system.clock.now + temporary.PREVIEW_LIFETIME
    )
    assert refused(system, "save_logo", file=file.as_json)[0] == "file_missing"
    assert refused(system, "save_logo", file={**file.as_json, "path": f"temporary/../{mine}/x"})[0] == "file_missing"
    system.shop_id = mine
    system.work()
    assert (system.numbers(), len(system.mailbox.messages())) == (["F2026-00001", "draft"], 1)


@pytest.mark.each_database
def test_a_document_goes_to_another_address_and_stays_as_it_is(system: System) -> None:
    document_id = invoiced(system)
    (before,) = system.documents(238)
    assert answered(system, "send_again", document_id=document_id, to="boekhouder@klant.test") == {
        "to": "boekhouder@klant.test"
    }
    first, second = system.mailbox.messages()
    assert (first.recipients, second.recipients) == (("koper@klant.test",), ("boekhouder@klant.test",))
    assert first.attachments[0].content == second.attachments[0].content
    (after,) = system.documents(238)
    assert (after.document, after.files) == (before.document, before.files)
    assert (BY, "sent_elsewhere") in events(system)
    answered(system, "send_again", document_id=document_id, to="vennoot@klant.test")
    mail = system.documents(238)[0].step(MAIL)
    assert mail
    # Where it can be erased; on the trail it could not.
    assert str(mail.message).endswith("too: boekhouder@klant.test, vennoot@klant.test.")
    with system.services.store.read() as connection:
        told = [str(entry.message) for entry in audit_trail.of_order(connection, system.shop_id, 238)]
    assert [one for one in told if "@" in one] == []
    assert refused(system, "send_again", document_id=document_id, to="niemand")[0] == "mail_no_address"


def test_a_mail_that_was_refused_and_left_for_another_address_has_not_failed_any_more(system: System) -> None:
    system.mailbox.faults.reject("koper@klant.test")
    document_id = invoiced(system)
    answered(system, "send_again", document_id=document_id, to="boekhouder@klant.test")
    mail = system.documents(238)[0].step(MAIL)
    assert mail is not None
    assert (mail.state, mail.mail_to) == ("done", "boekhouder@klant.test")
    with system.services.store.read() as connection:
        assert attention.needs(connection, (system.shop_id,), now=system.clock.now).total == 0
        assert not order_history.get(connection, system.shop_id, 238).has_failed


@pytest.mark.each_database
def test_a_slip_in_a_form_is_told_and_is_no_failed_work(system: System) -> None:
    document_id = invoiced(system)
    assert refused(system, "credit", document_id=document_id, amount="99999.00")[0]
    with system.services.store.read() as connection:
        assert job_counts(connection, (system.shop_id,))["failed"] == 0


# Many at once


def test_all_that_failed_for_one_reason_is_tried_again_and_the_rest_is_not(system: System) -> None:
    system.mailbox.faults.reject("koper@klant.test")
    for order_id in (1, 2, 3):
        system.arrives(paid(order_id))
    system.arrives(paid(4, email="geen adres"))
    system.mailbox.faults.clear()
    codes = {step.code for item in system.documents() for step in item.steps if step.state == "failed"}
    assert "mail_no_address" in codes
    (other,) = codes - {"mail_no_address"}
    assert answered(system, "retry_failed", what="mail", code=other) == {"retried": 3}
    system.work()
    assert len(system.mailbox.messages()) == 3
    assert events(system, 2).count((BY, "tried_again")) == 1
    assert events(system, 4).count((BY, "tried_again")) == 0
    assert answered(system, "retry_failed", what="mail", code=other) == {"retried": 0}
    assert refused(system, "retry_failed", what="laundry", code="x")[0] == "nothing_to_retry"


@pytest.mark.each_database
def test_what_fails_after_a_person_asked_is_left_alone(system: System) -> None:
    """Or what fails at once would be tried again for ever."""
    system.mailbox.faults.reject("koper@klant.test")
    system.arrives(paid(1))
    (code,) = {step.code for item in system.documents() for step in item.steps if step.state == "failed"}
    task_id = written_down(system, "retry_failed", what="mail", code=code)
    system.clock.move(seconds=1)
    system.arrives(paid(2))
    do_task(system.services, task_id)
    assert seen(system, task_id).answer == {"retried": 1}


@pytest.mark.each_database
def test_failed_deliveries_are_tried_again_too(system: System) -> None:
    for order_id in (1, 2):
        system.shop.place(paid(order_id))
        system.receive(paid(order_id), body=b"no order at all")
    system.change_secrets(Secrets((SECRET,)))
    system.work()
    failed = {code for state, code in system.outcomes() if state == "failed"}
    system.change_secrets(Secrets((SECRET,), system.shop.consumer_key, system.shop.consumer_secret))
    tried = [answered(system, "retry_failed", what="process_order", code=code)["retried"] for code in failed]
    system.work()
    assert (sum(tried), system.numbers()) == (2, ["F2026-00001", "F2026-00002"])


def test_old_orders_are_foreseen_and_then_made(system: System) -> None:
    old = START - timedelta(days=200)
    system.shop.place(an_order(id=1, created=old))
    system.shop.place(an_order(id=2, created=old, paid=False, status="on-hold"))
    period = {"since": f"{old:%Y-%m-%d}", "until": f"{old:%Y-%m-%d}"}
    foreseen = answered(system, "backfill", **period)
    assert [
        (order["order_id"], [english(planned) for planned in order["documents"]]) for order in foreseen["orders"]
    ] == [(1, ["invoice 22.20 EUR"])]
    assert {name: foreseen[name] for name in ("count", "to_make", "documents", "mails", "deliveries")} == {
        "count": 2, "to_make": 1, "documents": 1, "mails": 1, "deliveries": 0,
    }  # fmt: skip
    assert system.numbers() == []
    assert answered(system, "backfill", **period, make=True)["deliveries"] == 1
    with system.services.store.read() as connection:
        assert deliveries.count_waiting(connection, system.shop_id, source="backfill") == 1
    system.work()
    assert system.numbers() == ["F2026-00001"]
    assert refused(system, "backfill", since="gisteren", until="2026-01-01")[0] == "day_wrong"
    assert refused(system, "backfill", since="2026-02-01", until="2026-01-01")[0] == "day_wrong"


def test_a_long_task_lets_others_go_first_and_goes_on_where_it_was(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.tasks.common.SLICE_S", 0.0)
    monkeypatch.setattr("worker.invoicing.backfill.SAVED_EVERY", 2)
    for order_id in range(1, 6):
        system.shop.place(an_order(id=order_id, created=START - timedelta(days=200)))
    task = asked(system, "backfill", orders=[1, 2, 3, 4, 5])
    assert (task.state, task.answer) == ("waiting", {"done": 2, "of": 5})
    for _ in range(2):
        do_task(system.services, task.task_id)
    assert seen(system, task.task_id).answer["to_make"] == 5
    asked_for = [call.path for call in system.shop.calls if call.path.endswith("/orders/1")]
    assert len(asked_for) == 1


# Proofs


def test_a_month_is_proven(system: System) -> None:
    invoiced(system)
    found = answered(system, "reconcile", month="2026-11")
    assert (found["ok"], found["counts"]["complete"], found["orders"]) == (True, 1, [])
    assert refused(system, "reconcile", month="november")[0] == "month_wrong"


def test_documents_are_verified_and_a_changed_file_is_named(system: System) -> None:
    invoiced(system)
    assert answered(system, "verify")["intact"] is True
    with system.services.store.read() as connection:
        path = connection.execute(files.select()).mappings().one()["path"]
    (system.services.settings.archive / path).write_bytes(b"%PDF other")
    found = answered(system, "verify")
    assert (found["intact"], [damage["code"] for damage in found["damages"]]) == (False, ["file_altered"])


# The line to the shop


def test_a_whole_connection_is_all_good_and_a_broken_one_says_what_is_wrong(system: System) -> None:
    url = f"{system.services.settings.public_url}/webhooks/{system.shop_id}"
    for topic in ("order.created", "order.updated"):
        system.shop.add_webhook(topic, url, SECRET)
    invoiced(system)
    found = answered(system, "check_connection")
    named = {check["name"]: check["good"] for check in found["checks"]}
    # The pretend shop lives now, the test's clock in November.
    assert named == {
        "address": True,
        "rest_key": True,
        "webhooks": True,
        "clock": named["clock"],
        "last_delivery": True,
    }
    system.change_secrets(Secrets((SECRET,), "ck_wrong", "cs_wrong"))
    broken = {check["name"]: check for check in answered(system, "check_connection")["checks"]}
    assert (broken["rest_key"]["good"], "refuses the key of Facturelay" in english(broken["rest_key"]["message"])) == (
        False,
        True,
    )
    # One refusal is one line, however much was asked with that key.
    assert "webhooks" not in broken


@pytest.mark.parametrize(
    ("by_plugin", "told"), [(True, "only while its plugin is on"), (False, "stands before WooCommerce")]
)
def test_reports_that_only_the_plugin_shows_are_not_called_refused_where_it_is_off(
    system: System, by_plugin: bool, told: str
) -> None:
    if by_plugin:
        new = NewPlugin(shop_id=system.shop_id, secret="x" * 43, site=system.shop.url, version="0.1.0")
        with system.services.store.write() as connection:
            plugins.connect(connection, system.services.encryption, new, now=system.clock.now)
    system.shop.faults.next(ServerFault(status=403, path="/webhooks"), times=9)

    checks = {check["name"]: check for check in answered(system, "check_connection")["checks"]}

    assert (checks["webhooks"]["good"], told in english(checks["webhooks"]["message"])) == (False, True)


def test_missing_webhooks_are_made_when_a_person_asks(system: System) -> None:
    checks = {check["name"]: check["message"] for check in answered(system, "check_connection")["checks"]}
    assert "is missing" in english(checks["webhooks"])
    repaired = answered(system, "repair_webhooks")["repaired"]
    assert [(fault["topic"], english(fault["why"])) for fault in repaired] == [
        ("order.created", "was missing"),
        ("order.updated", "was missing"),
    ]
    assert answered(system, "repair_webhooks")["repaired"] == []
    with system.services.store.read() as connection:
        told = audit_trail.of_order(connection, system.shop_id, 0)
    assert told == ()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (None, None),
        (ServerFault(status=404, body=b"<html>", path="orders"), "does not answer as WooCommerce does"),
        (ServerFault(status=200, body=b"<html>", path="orders"), "answered with a web page instead of data"),
    ],
)
def test_before_there_is_a_key_the_address_is_looked_at(
    system: System, fault: ServerFault | None, told: str | None
) -> None:
    system.change_secrets(Secrets((SECRET,)))
    if fault:
        system.shop.faults.next(fault, times=5)
    found = answered(system, "look_at_address", url=system.shop.url)

    assert (found["good"], told in english(found["message"]) if told else None) == (
        told is None,
        True if told else None,
    )


def test_of_an_address_that_is_not_there_the_slip_is_told(system: System) -> None:
    system.change_shop(url="http://winkkel.invalid")
    found = answered(system, "look_at_address", url="http://winkkel.invalid")

    assert english(found["message"]).startswith("There is no server by the name winkkel.invalid.")


def test_a_key_that_was_given_sets_the_shop_up_to_report_at_once(system: System) -> None:
    found = answered(system, "set_up_connection")

    assert [fault["topic"] for fault in found["repaired"]] == ["order.created", "order.updated"]
    assert {check["name"]: check["good"] for check in found["checks"]}["webhooks"]
    # Asked once more, there is nothing left to make.
    assert answered(system, "set_up_connection")["repaired"] == []


def test_a_shop_that_is_connected_by_hand_tells_its_order_statuses_and_their_names(system: System) -> None:
    answered(system, "set_up_connection")

    with system.services.store.read() as connection:
        known = order_statuses.of_shop(connection, system.shop_id)
    assert (known["on-hold"], "checkout-draft" in known) == ("On hold", True)


def test_a_shop_that_is_connected_by_hand_fills_in_its_company(system: System) -> None:
    system.change_shop(seller=Seller(name="Janssens BV"), test=True)
    found = answered(system, "set_up_connection")

    seller = system.connected.shop.seller
    assert (seller.name, seller.address) == (
        "Janssens BV",
        Address("Kerkstraat 1", postcode="9000", city="Gent", country="BE"),
    )
    assert "seller.address.street" in found["taken"]
    assert answered(system, "set_up_connection")["taken"] == []


def test_nothing_is_filled_in_over_what_was_typed_nor_into_half_an_address(system: System) -> None:
    system.change_shop(seller=Seller(name="Janssens BV", address=Address(city="Aalst")), test=True)
    found = answered(system, "set_up_connection")

    seller = system.connected.shop.seller
    assert (seller.name, seller.address) == ("Janssens BV", Address(city="Aalst"))
    assert found["taken"] == ["seller.website"]


def test_a_live_shop_and_one_that_does_not_tell_its_settings_keep_theirs(system: System) -> None:
    system.change_shop(seller=Seller(name="Janssens BV"), test=False)
    assert answered(system, "set_up_connection")["taken"] == []
    system.change_shop(test=True)
    system.shop.faults.next(ServerFault(status=403, path="/settings"), times=9)
    found = answered(system, "set_up_connection")
    assert (found["taken"], len(found["repaired"])) == ([], 0)


def test_with_a_key_that_the_shop_refuses_nothing_is_made_and_one_line_says_so(system: System) -> None:
    system.change_secrets(Secrets((SECRET,), "ck_wrong", "cs_wrong"))
    found = answered(system, "set_up_connection")

    assert (found["good"], found["repaired"]) == (False, [])
    assert [check["name"] for check in found["checks"] if not check["good"]] == ["rest_key", "last_delivery"]
    with system.services.store.read() as connection:
        assert alerts.open_alerts(connection, system.shop_id) == ()


def test_why_the_shop_could_not_be_set_up_is_told_in_place_of_what_is_missing(system: System) -> None:
    refuses = ServerFault(
        body=b'{"code":"woocommerce_rest_cannot_create","message":"No."}', status=403, path="webhooks", method="POST"
    )
    system.shop.faults.next(refuses)
    found = answered(system, "set_up_connection")

    (told,) = (english(check["message"]) for check in found["checks"] if check["name"] == "webhooks")
    assert (found["good"], found["repaired"]) == (False, [])
    assert told.startswith("The shop could not be set up to report its orders. ")
    assert "Repair the reports" in told


def test_reports_that_were_made_are_told_though_the_shop_was_too_slow_to_list_its_orders_then(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_slow(*_: object) -> None:
        raise Unavailable("The list of orders came too late.", code="shop_slow")

    monkeypatch.setattr(webhook_repair, "poll", too_slow)
    found = answered(system, "set_up_connection")

    (told,) = (check for check in found["checks"] if check["name"] == "webhooks")
    assert (told["good"], english(told["message"])) == (True, "The shop reports new and changed orders here.")
    assert [fault["topic"] for fault in found["repaired"]] == ["order.created", "order.updated"]


def test_a_corrected_address_is_not_left_in_peace_for_the_slips_before_it(system: System) -> None:
    road, by = Road(system.shop_id, RoadKind.REST), Actor("Els", system.clock.now)
    with system.services.store.write() as connection:
        for _ in range(REST_AFTER):
            roads.record_failure(connection, road, Failure(system.clock.now, Message("Nobody answers.")))
    url = system.shop.url.replace("127.0.0.1", "localhost")
    change_shop(system.services, system.shop_id, ShopChanges(url=url), by=by)

    with system.services.store.read() as connection:
        assert roads.find(connection, road) is None


# Records


def test_a_period_is_one_zip_with_its_sums(system: System) -> None:
    document_id = invoiced(system)
    answered(system, "credit", document_id=document_id, amount="5.00")
    system.clock.move(days=40)
    invoiced(system, paid(239))
    with recorded() as recorder:
        answer = answered(system, "zip_period", since="2026-11-01", until="2026-11-30")
    # Of all documents at once.
    asked = [
        one for one in recorder.found.values() if one.caller.endswith(("payment_rows.of_documents", "files.files_of"))
    ]
    assert [one.times for one in asked] == [1, 1]
    assert (answer["documents"], answer["file"]["name"]) == (2, "2026-11-01_2026-11-30.zip")
    with zipfile.ZipFile(io.BytesIO(content(system, answer["file"]))) as records:
        assert sorted(records.namelist()) == [
            "customers.csv", "documents.csv", "files/C2026-00001.pdf", "files/F2026-00001.pdf", "payments.csv", "peppol.csv", "vat.csv", "vies.csv",
        ]  # fmt: skip
        rows = list(csv.DictReader(io.StringIO(records.read("documents.csv").decode())))
        rates = list(csv.DictReader(io.StringIO(records.read("vat.csv").decode())))
        assert records.read("files/F2026-00001.pdf").startswith(b"%PDF")
    assert [(row["number"], row["total"]) for row in rows] == [("F2026-00001", "22.20"), ("C2026-00001", "-5.00")]
    assert [(row["rate"], row["vat"]) for row in rates] == [("21", "3.85"), ("21", "-0.87")]
    # It was paid the day before it was invoiced.
    assert [row["tax_point"] for row in rates] == ["2026-11-22", rows[1]["date"]]
    assert {(row["vat_country"], row["reason"]) for row in rates} == {("BE", "")}
    assert refused(system, "zip_period", since="2026-01-01", until="2026-01-31")[0] == "nothing_found"


def test_a_period_has_what_each_business_bought_for_the_lists_of_the_vat_office(system: System) -> None:
    number = "_billing_vat_number"
    goods, dear = ("Koffiemok", "MUG-1", 1, "12.40", None), ("Molen", "M-1", 1, "300.00", "21")
    for order in (
        an_order(id=1, lines=[dear], shipping=None, company="Klant NV", metas={number: "BE0403170701"}),
        an_order(id=2, company="Klein BV", metas={number: "BE0477472701"}),
        an_order(id=3, lines=[goods], shipping=None, country="NL", company="B", metas={number: "NL123456782B90"}),
        an_order(id=4, lines=[dear], shipping=None),
    ):
        system.arrives(order)
    (first,) = system.documents(1)
    assert first.document is not None
    answered(system, "credit", document_id=first.document.document_id, amount="12.10")
    answer = answered(system, "zip_period", since="2026-11-01", until="2026-11-30")
    with zipfile.ZipFile(io.BytesIO(content(system, answer["file"]))) as records:
        rows = list(csv.DictReader(io.StringIO(records.read("customers.csv").decode())))
    assert [tuple(row.values()) for row in rows] == [
        ("customer_listing", "2026", "BE0403170701", "Klant NV", "290.00", "60.90"),
        ("customer_listing", "2026", "BE0477472701", "Klein BV", "18.35", "3.85"),
        ("intra_community_L", "2026-11", "NL123456782B90", "B", "12.40", "0.00"),
    ]  # fmt: skip


def test_no_list_for_the_vat_office_is_made_of_some_of_what_a_business_bought(system: System) -> None:
    document_id, period = invoiced(system), {"since": "2026-11-01", "until": "2026-11-30"}
    both = ["invoice", "credit_note"]
    made = [answered(system, "zip_period", **period, kinds=kinds) for kinds in (both, both[:1], [])]
    made.append(answered(system, "zip_documents", ids=[document_id]))
    has_list = []
    for answer in made:
        with zipfile.ZipFile(io.BytesIO(content(system, answer["file"]))) as records:
            has_list.append("customers.csv" in records.namelist())
            assert "payments.csv" in records.namelist()
    assert has_list == [True, False, True, False]


def test_what_was_sold_in_other_money_is_in_a_periods_tables_in_euro_too_and_adds_up_to_its_documents(
    system: System,
) -> None:
    system.change_shop(exchange_rates={"USD": Decimal("1.0831")})
    lines = (("Koffiemok", "MUG-1", 1, "12.40", "21"), ("Boek", "BOOK-1", 1, "23.54", "6"))
    system.arrives(an_order(id=238, lines=lines, currency="USD"))
    document_id = invoiced(system, paid(239))
    answered(system, "credit", document_id=document_id, amount="5.00")
    answer = answered(system, "zip_period", since="2026-11-01", until="2026-11-30")
    with zipfile.ZipFile(io.BytesIO(content(system, answer["file"]))) as records:
        sums, rates = (
            list(csv.DictReader(io.StringIO(records.read(name).decode()))) for name in ("documents.csv", "vat.csv")
        )
    for row in sums:
        mine = [rate for rate in rates if rate["number"] == row["number"]]
        assert sum(Decimal(rate["vat_eur"]) for rate in mine) == Decimal(row["vat_eur"] or row["vat"])
    assert [(row["currency"], row["rate"], row["base_eur"]) for row in rates] == [
        ("USD", "21", "16.94"), ("USD", "6", "21.73"), ("EUR", "21", "18.35"), ("EUR", "21", "-4.13"),
    ]  # fmt: skip


def test_all_tables_of_a_period_are_in_the_figures_of_whoever_asks_for_it(system: System) -> None:
    invoiced(system)
    answer = answered(system, "zip_period", since="2026-11-01", until="2026-11-30", decimal_comma=True)
    with zipfile.ZipFile(io.BytesIO(content(system, answer["file"]))) as records:
        tables = {name: records.read(name).decode() for name in records.namelist() if name.endswith(".csv")}
    assert len(tables) == 6
    assert all(text.startswith("\ufeff") and "," not in text.splitlines()[0] for text in tables.values())
    (row,) = csv.DictReader(io.StringIO(tables["documents.csv"].removeprefix("\ufeff")), delimiter=";")
    assert (row["net"], row["vat"], row["total"]) == ("18,35", "3,85", "22,20")


def test_a_period_says_when_a_test_was_paid_by_an_online_payment_that_is_none(system: System) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED, SendMode.DRAFT),), test=True)
    (draft,) = system.arrives(an_order(id=238, paid=False, status="on-hold"))
    assert draft.stored_draft is not None
    answered(system, "issue_draft", draft_id=draft.stored_draft.draft_id, send=False)
    (invoice,) = system.documents(238)
    assert invoice.document is not None
    total, now = invoice.draft.total, system.clock.now
    with system.services.store.write() as connection:
        attempt = payment_attempts.begin(connection, invoice.document, total, now=now)
        said = MolliePayment("tr_1", Status.PAID, total, "EUR", Mode.TEST, ZERO, ZERO)
        payment_attempts.save(connection, attempt.attempt_id, said, now=now)
    answer = answered(system, "zip_period", since="2026-11-01", until="2026-11-30", tests=True)
    with zipfile.ZipFile(io.BytesIO(content(system, answer["file"]))) as records:
        (row,) = csv.DictReader(io.StringIO(records.read("documents.csv").decode()))
    assert (row["test"], row["paid_on"]) == ("yes", now.date().isoformat())


def test_both_zips_hold_the_proof_of_a_vat_number(system: System) -> None:
    line = ("Koffiemok", "MUG-1", 1, "12.40", None)
    number = {"_billing_vat_number": "NL123456782B90"}
    (invoice,) = system.arrives(an_order(id=238, lines=(line,), shipping=None, country="NL", company="B", metas=number))
    assert invoice.draft.vat_check is not None
    proof = invoice.draft.vat_check.request_identifier
    answer = answered(system, "zip_period", since="2026-11-01", until="2026-11-30")
    with zipfile.ZipFile(io.BytesIO(content(system, answer["file"]))) as records:
        (row,) = csv.DictReader(io.StringIO(records.read("vies.csv").decode()))
    assert (row["number"], row["valid"], row["request_identifier"]) == ("F2026-00001", "yes", proof)
    assert hashlib.sha256(row["answer"].encode()).hexdigest() == row["answer_sha256"]
    everything = answered(system, "export_shop")
    with zipfile.ZipFile(io.BytesIO(content(system, everything["file"]))) as records:
        (kept,) = json.loads(records.read("vat-checks.json"))
    assert (kept["order_id"], kept["check"]["request_identifier"]) == (238, proof)


@pytest.mark.each_database
def test_a_shop_is_exported_and_closed(system: System) -> None:
    invoiced(system)
    last_progress.at = -inf
    answer = answered(system, "export_shop")
    assert last_progress.seconds_ago < inf
    with zipfile.ZipFile(io.BytesIO(content(system, answer["file"]))) as records:
        assert {"settings.json", "register.csv", "documents/F2026-00001.json", "files/F2026-00001.pdf"} <= set(
            records.namelist()
        )
        assert SECRET not in records.read("settings.json").decode()
    assert answer["documents"] == 1
    kept = answered(system, "close_shop")["kept"]
    assert kept == [{"year": 2026, "documents": 1, "until": "2036-12-31"}]


def test_whoever_writes_a_zip_may_be_killed_and_leaves_nothing(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no name in the folder for temporary files is gone with its process."""
    invoiced(system)
    folder, archive, named = tmp_path / "temporary-files", system.services.archive, list[list[Path]]()
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    get = archive.get

    def look_and_get(path: str, *, sha256: str) -> bytes:
        named.append(list(folder.iterdir()))
        return get(path, sha256=sha256)

    monkeypatch.setattr(archive, "get", look_and_get)
    answered(system, "zip_period", since="2026-11-01", until="2026-11-30")
    answered(system, "export_shop")
    assert named == [[], []]


def test_a_customer_is_erased_but_for_documents(system: System) -> None:
    invoiced(system)
    erased = answered(system, "erase_customer", email="koper@klant.test")
    assert (erased["orders"], [kept["number"] for kept in erased["kept"]]) == ([238], ["F2026-00001"])


# Tidying up


@pytest.mark.each_database
def test_tasks_and_their_files_vanish_after_their_time(system: System) -> None:
    invoiced(system)
    answer = answered(system, "zip_period", since="2026-11-01", until="2026-11-30")
    system.clock.move(days=2)
    assert delete_expired(system.services) == 0
    assert content(system, answer["file"])
    system.clock.move(days=2)
    assert (delete_expired(system.services), system.services.archive.names("temporary")) == (0, ())
    system.clock.move(days=4)
    assert delete_expired(system.services) == 1
    with system.services.store.read() as connection:
        assert connection.execute(errands_table.select()).all() == []
    # Stored documents are not touched.
    assert answered(system, "verify")["intact"] is True


def test_a_paused_shop_is_told_at_once(system: System) -> None:
    system.arrives(an_order(id=238, paid=False, status="on-hold"))
    system.change_shop(suspended=True)
    assert refused(system, "make_document", order_id=238, kind="invoice")[0] == "shop_suspended"


def test_a_shop_that_is_away_is_asked_again_for_an_hour(system: System) -> None:
    system.arrives(an_order(id=238, paid=False, status="on-hold"))
    system.shop.close()
    task = asked(system, "make_document", order_id=238, kind="invoice")
    assert task.state == "waiting"
    system.clock.move(minutes=61)
    do_task(system.services, task.task_id)
    assert seen(system, task.task_id).answer["code"] == "shop_unreachable"
