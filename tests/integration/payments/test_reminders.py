"""Reminders leave on their day, once, and never to who need not be reminded."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.system import START, System
from worker.actions import bank_lines as line_actions
from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.actions import reminders as actions
from worker.actions.shop_settings import ShopChanges, change_shop
from worker.demo.orders import a_refund, an_order
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Match, Verdict
from worker.domain.document import Document, Kind
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.reminder import GIVEN_UP_AFTER, Reminded, ReminderKind, ReminderSettings
from worker.domain.rules import Rule
from worker.i18n.formats import format_reference
from worker.maintenance import retention
from worker.net.mollie_answer import MolliePayment, Status
from worker.net.mollie_key import Mode
from worker.payments import reminders
from worker.store import bank_files, bank_lines, payment_attempts, payment_rows, payments, steps
from worker.store import reminders as reminder_rows
from worker.store.bank_files import NewFile
from worker.store.bank_lines import LineState
from worker.store.database.pagination import FIRST_PAGE
from worker.store.queries import order_balance, reminder_outlook

DUE = date(2026, 12, 3)
BEFORE, FRIENDLY, FORMAL, LAST = ReminderKind
ON = ReminderSettings(
    who=Reminded.ALL,
    before_due=3,
    friendly=5,
    formal=14,
    last=15,
    terms="Bij laattijdige betaling vragen wij 20 euro.",
    terms_since=date(2026, 1, 1),
    consumer_costs=Decimal(20),
)


# The same rows on the other kind of database are read and written by the first test.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def reminding(system: System) -> None:
    system.change_shop(rules=(Rule.parse("invoice:created:send"),), payment_days=10, reminders=ON)


def invoiced(system: System, **order: Any) -> Document:
    """The unpaid invoice of an order of 22.20, due on the 3rd of December."""
    placed = {"id": 238, "status": "on-hold", "paid": False, "payment_method": "bacs", **order}
    document = system.arrives(an_order(**placed))[-1].document
    assert document is not None
    system.mailbox.clear()
    return document


def comes(system: System, day: date, hour: int = 9) -> None:
    """It becomes *day*: what is due is planned and done."""
    system.clock.now = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    reminders.plan_due(system.services)
    system.work()


def days_after_due(number: int) -> date:
    return DUE + timedelta(days=number)


def subjects(system: System) -> list[str]:
    return [mail.subject for mail in system.mailbox.messages()]


def text_of(system: System) -> str:
    return system.mailbox.messages()[-1].text.replace("\xa0", " ").replace("\u202f", " ")


def states(system: System) -> dict[str, tuple[str, str]]:
    return {one.name: (one.state, one.code) for one in system.documents(238)[0].steps if one.name in list(ReminderKind)}


def test_each_reminder_leaves_once_on_its_day(system: System) -> None:
    document = invoiced(system)
    for number in (-10, -3, -2, 0, 5, 6, 13, 14, 15, 28, 29, 30, 60):
        comes(system, days_after_due(number))
        comes(system, days_after_due(number), hour=15)

    with system.services.store.read() as connection:
        sent = reminder_rows.of_documents(connection, [document.document_id])[document.document_id]
    assert {kind: (one.sent_on - DUE).days for kind, one in sent.items()} == {
        BEFORE: -3,
        FRIENDLY: 5,
        FORMAL: 14,
        LAST: 29,
    }
    assert [(sent[kind].open, sent[kind].costs.total) for kind in ReminderKind] == [
        (Decimal("22.20"), Decimal(asked)) for asked in ("0.00", "0.00", "0.00", "20.00")
    ]
    assert len(subjects(system)) == 4
    assert set(states(system).values()) == {("done", "")}
    assert [one.code for one in system.trail(238).audit_entries].count("reminded") == 4


@on_sqlite
def test_nothing_leaves_in_the_night(system: System) -> None:
    invoiced(system)
    comes(system, days_after_due(-3), hour=3)
    assert subjects(system) == []
    comes(system, days_after_due(-3), hour=8)
    assert len(subjects(system)) == 1


@on_sqlite
def test_a_formal_reminder_of_a_consumer_says_what_the_law_wants(system: System) -> None:
    document = invoiced(system)
    comes(system, days_after_due(14))

    said = text_of(system)
    for wanted in ("22,20", document.number, "3 december 2026", "14 kalenderdagen", "31 december 2026", "gratis", "0445.566.134", "De Gouden Koffiepot BV", "20,00"):  # fmt: skip
        assert wanted in said
    assert document.draft.lines[0].description in said


@on_sqlite
def test_a_reminder_asks_what_is_open_now(system: System) -> None:
    document = invoiced(system)
    with system.services.store.write() as connection:
        receipt = Receipt(DUE, PaymentSource.BANK, "bank", outside_ref="B1")
        payments.receive(connection, document.order, Decimal("12.20"), receipt, now=system.clock.now)
    comes(system, days_after_due(5))

    assert "10,00" in text_of(system)
    attached = [(one.name, one.type, one.content_id) for one in system.mailbox.messages()[-1].attachments]
    assert sorted(attached) == [("", "image/png", "transfer"), ("factuur-F2026-00001.pdf", "application/pdf", None)]


@on_sqlite
def test_who_pays_the_costs_too_is_owed_none_of_them_back(system: System) -> None:
    document = invoiced(system)
    for number in (14, 29):
        comes(system, days_after_due(number))
    assert "42,20" in text_of(system)
    with system.services.store.write() as connection:
        receipt = Receipt(DUE, PaymentSource.BANK, "bank", outside_ref="B1")
        payments.receive(connection, document.order, Decimal("45.00"), receipt, now=system.clock.now)
        balance = order_balance.of_order(connection, document.order)
    assert balance is not None
    assert (balance.open, balance.excess) == (Decimal(0), Decimal("2.80"))


def cancelled_in_shop(system: System, document: Document) -> None:
    system.shop.change(document.draft.order_id, status="cancelled")


def paid_in_shop(system: System, document: Document) -> None:
    system.shop.change(
        document.draft.order_id,
        status="processing",
        date_paid="2026-12-04T10:00:00",
        date_paid_gmt="2026-12-04T09:00:00",
    )


def gone_from_shop(system: System, document: Document) -> None:
    system.shop.forget(document.draft.order_id)


def marked_paid(system: System, document: Document) -> None:
    system.act(document_actions.mark_paid, document.document_id, on=system.clock.now.date())


def stopped(system: System, document: Document) -> None:
    system.act(actions.stop, document.document_id)


def paying_online(system: System, document: Document) -> None:
    with system.services.store.write() as connection:
        attempt = payment_attempts.begin(connection, document, Decimal("22.20"), now=system.clock.now)
        said = MolliePayment("tr_1", Status.PENDING, Decimal("22.20"), "EUR", Mode.LIVE, Decimal(0), Decimal(0))
        payment_attempts.save(connection, attempt.attempt_id, said, now=system.clock.now)


HAPPENS = (cancelled_in_shop, paid_in_shop, marked_paid, stopped, paying_online)


@on_sqlite
def test_nobody_is_reminded_who_need_not_be(system: System) -> None:
    for order_id, happens in enumerate(HAPPENS, start=300):
        happens(system, invoiced(system, id=order_id))
    invoiced(system, id=299)
    comes(system, days_after_due(5))
    assert [mail.subject for mail in system.mailbox.messages()] == ["Is factuur F2026-00006 nog te betalen?"]


@on_sqlite
def test_who_paid_is_not_reminded_while_the_shop_has_his_order_on_hold_until_a_person_says_where_the_money_is(
    system: System,
) -> None:
    paid_in_shop(system, document := invoiced(system))
    for status in ("processing", "on-hold"):
        system.arrives(system.shop.order(238) | {"status": status})  # type: ignore[operator]
        comes(system, days_after_due(5))
    with system.services.store.read() as connection:
        shop = system.connected.shop
        (outlook,) = reminder_outlook.open_of_shop(connection, shop, now=system.clock.now)
    assert outlook.obstacle is not None
    assert (outlook.document, outlook.obstacle.passes, subjects(system)) == (document, True, [])
    system.act(order_actions.ignore_order, 238)
    comes(system, days_after_due(6))
    assert subjects(system) == []


@on_sqlite
@pytest.mark.parametrize("changes", [{"test": True}, {"reminders": ReminderSettings()}, {"suspended": True}])
def test_a_shop_in_test_or_paused_or_without_reminders_reminds_nobody(system: System, changes: dict[str, Any]) -> None:
    invoiced(system)
    system.change_shop(**changes)
    comes(system, days_after_due(5))
    assert subjects(system) == []


@on_sqlite
def test_a_reminder_that_was_planned_waits_as_long_as_its_shop_is_paused(system: System) -> None:
    invoiced(system)
    system.clock.now = datetime(2026, 12, 8, 9, tzinfo=UTC)
    reminders.plan_due(system.services)
    system.change_shop(suspended=True)
    for _day in range(3):
        system.work()
        system.clock.move(days=1)
    assert states(system) == {FRIENDLY: ("waiting", "shop_suspended")}

    system.change_shop(suspended=False)
    system.work()
    assert len(subjects(system)) == 1


@on_sqlite
def test_a_reminder_of_a_shop_that_was_closed_waits_for_nothing(system: System) -> None:
    invoiced(system)
    system.clock.now = datetime(2026, 12, 8, 9, tzinfo=UTC)
    reminders.plan_due(system.services)
    retention.close_shop(system.services, system.shop_id, by="eva")
    system.work()
    assert (states(system), subjects(system)) == ({FRIENDLY: ("skipped", "not_needed")}, [])


# Orders without an invoice

ASKS = (Rule.parse("payment_request:created:send"), Rule.parse("invoice:paid:send"))


def requested(system: System, **order: Any) -> Document:
    """The payment request of an order of 22.20, to be paid by the 3rd of December."""
    system.change_shop(rules=ASKS)
    document = invoiced(system, **order)
    assert document.draft.kind is Kind.PAYMENT_REQUEST
    return document


def test_the_buyer_of_an_order_is_reminded_kindly_and_never_formally(system: System) -> None:
    document = requested(system)
    for number in (-10, -3, -2, 0, 5, 6, 14, 29, 60, 90):
        comes(system, days_after_due(number))
    assert subjects(system) == [
        "Bestelling 238 is te betalen tegen 3 december 2026",
        "Is bestelling 238 nog te betalen?",
    ]
    assert states(system) == {BEFORE: ("done", ""), FRIENDLY: ("done", "")}
    said = text_of(system)
    assert document.number in said
    assert "22,20" in said
    for word in ("gratis", "schadevergoeding", "20 euro", "geannuleerd", "actuur"):
        assert word not in said


@on_sqlite
def test_who_is_about_to_lose_the_order_is_told_when(system: System) -> None:
    system.change_shop(cancel_after_days=14)
    requested(system, created=START)
    # Placed on the 23rd of November: it can be paid until the 7th of December.
    told = []
    for number in (-3, 1, 2, 5):
        comes(system, days_after_due(number))
        told.append("als bestelling 238 niet voor 8 december 2026 betaald is" in text_of(system).lower())
    assert (len(subjects(system)), told) == (2, [True] * 4)


@on_sqlite
def test_an_order_of_which_something_came_in_is_not_said_to_be_cancelled(system: System) -> None:
    system.change_shop(cancel_after_days=14)
    document = requested(system, created=START)
    with system.services.store.write() as connection:
        receipt = Receipt(DUE, PaymentSource.BANK, "bank", outside_ref="B1")
        payments.receive(connection, document.order, Decimal("12.20"), receipt, now=system.clock.now)
    comes(system, days_after_due(5))
    assert "10,00" in text_of(system)
    assert "geannuleerd" not in text_of(system)


@on_sqlite
def test_the_buyer_of_an_order_is_reminded_of_what_a_refund_left(system: System) -> None:
    document = requested(system)
    refund = a_refund(an_order(id=document.draft.order_id), id=301, amount="10.00", created=system.clock.now)
    system.shop.refund(document.draft.order_id, refund)
    system.receive(system.shop.order(document.draft.order_id) or {})
    comes(system, days_after_due(5))
    assert "12,20" in text_of(system)


def refunded_in_shop(system: System, document: Document) -> None:
    """Of which nothing was heard here yet."""
    refund = a_refund(an_order(id=document.draft.order_id), id=301, amount="10.00", created=system.clock.now)
    system.shop.refund(document.draft.order_id, refund)


def money_came(system: System, document: Document) -> None:
    with system.services.store.write() as connection:
        receipt = Receipt(DUE, PaymentSource.BANK, "bank", outside_ref=f"B{document.document_id}")
        payments.receive(connection, document.order, Decimal("22.20"), receipt, now=system.clock.now)


def changed_in_shop(system: System, document: Document) -> None:
    system.shop.change(document.draft.order_id, total="30.00")


def packed_in_shop(system: System, document: Document) -> None:
    system.shop.change(document.draft.order_id, status="completed")


STOP = (
    cancelled_in_shop,
    paid_in_shop,
    gone_from_shop,
    stopped,
    paying_online,
    money_came,
    changed_in_shop,
    refunded_in_shop,
    packed_in_shop,
)


@on_sqlite
def test_the_buyer_of_an_order_is_reminded_of_what_a_gift_card_left(system: System) -> None:
    """Which the shop calls its total."""
    requested(system, fees=[("Cadeaubon ABC", "-5.00", None)])
    comes(system, days_after_due(5))
    assert "17,20" in text_of(system)


@on_sqlite
def test_nobody_is_reminded_of_an_order_that_no_longer_waits(system: System) -> None:
    for order_id, happens in enumerate(STOP, start=300):
        happens(system, requested(system, id=order_id))
    requested(system, id=299)
    comes(system, days_after_due(5))
    assert subjects(system) == ["Is bestelling 299 nog te betalen?"]


@on_sqlite
def test_an_order_waits_only_until_it_is_paid_and_again_once_that_is_taken_back(system: System) -> None:
    document = requested(system)

    def waits() -> list[str]:
        with system.services.store.read() as connection:
            shop = system.connected.shop
            return [
                one.document.number for one in reminder_outlook.open_of_shop(connection, shop, now=system.clock.now)
            ]

    assert waits() == [document.number]
    money_came(system, document)
    assert waits() == []
    with system.services.store.write() as connection:
        for payment in payment_rows.standing(connection, document.order):
            payments.reverse(connection, payment.payment_id, on=DUE, by="An", now=system.clock.now)
    assert waits() == [document.number]
    comes(system, DUE + GIVEN_UP_AFTER + timedelta(days=1))
    assert waits() == []


@on_sqlite
def test_an_order_that_is_invoiced_is_reminded_of_by_its_invoice_alone(system: System) -> None:
    requested(system)
    system.change_shop(rules=(Rule.parse("invoice:created:send"),))
    system.arrives(an_order(id=238, status="on-hold", paid=False, payment_method="bacs"))
    system.mailbox.clear()
    comes(system, days_after_due(5))
    assert subjects(system) == ["Is factuur F2026-00001 nog te betalen?"]


# Several of one customer


def test_what_one_customer_is_reminded_of_kindly_leaves_in_one_mail(system: System) -> None:
    first, second = invoiced(system, id=301), invoiced(system, id=302)
    third = requested(system, id=303)
    system.change_shop(rules=(Rule.parse("invoice:created:send"),))
    other = invoiced(system, id=304, email="an.peeters@klant.example")
    marked_paid(system, gone := invoiced(system, id=305))
    system.mailbox.clear()
    comes(system, days_after_due(5))

    assert len(subjects(system)) == 2
    together = next(mail for mail in system.mailbox.messages() if first.number in mail.subject)
    text = together.text.replace("\xa0", " ").replace("\u202f", " ")
    for one in (first, second, third):
        assert one.number in text
        assert one.draft.payment is not None
        assert format_reference(one.draft.payment.reference) in text
    assert "66,60" in text
    assert [other.number in text, gone.number in text] == [False, False]
    assert len([one for one in together.attachments if one.type == "application/pdf"]) == 3
    comes(system, days_after_due(14))
    # What the law wants said is said of each debt alone.
    assert len(subjects(system)) == 2 + 3


@on_sqlite
def test_what_was_settled_meanwhile_is_left_out_and_the_rest_leaves(system: System) -> None:
    first, second = invoiced(system, id=301), invoiced(system, id=302)
    system.clock.now = datetime(2026, 12, 8, 9, tzinfo=UTC)
    reminders.plan_due(system.services)
    cancelled_in_shop(system, first)
    system.work()
    assert subjects(system) == [f"Is factuur {second.number} nog te betalen?"]
    with system.services.store.read() as connection:
        found = steps.of_documents(connection, [first.document_id, second.document_id])
    assert [found[one.document_id][FRIENDLY].state for one in (first, second)] == ["skipped", "done"]


@on_sqlite
def test_a_reminder_that_was_planned_is_held_against_the_truth_once_more(system: System) -> None:
    document = invoiced(system)
    system.clock.now = datetime(2026, 12, 8, 9, tzinfo=UTC)
    reminders.plan_due(system.services)
    marked_paid(system, document)
    system.work()
    assert (subjects(system), states(system)) == ([], {FRIENDLY: ("skipped", "not_needed")})


@on_sqlite
def test_one_can_be_passed_over_and_the_next_comes_all_the_same(system: System) -> None:
    document = invoiced(system)
    system.act(actions.skip, document.document_id, BEFORE)
    system.act(actions.skip, document.document_id, FRIENDLY)
    for number in (-3, 5, 14):
        comes(system, days_after_due(number))
    assert states(system) == {
        BEFORE: ("skipped", "passed_over"),
        FRIENDLY: ("skipped", "passed_over"),
        FORMAL: ("done", ""),
    }


@on_sqlite
def test_what_was_stopped_goes_on_when_a_person_says_so(system: System) -> None:
    document = invoiced(system)
    stopped(system, document)
    comes(system, days_after_due(5))
    system.act(actions.resume, document.document_id)
    comes(system, days_after_due(6))
    assert states(system) == {FRIENDLY: ("done", "")}


def read_bank_file(system: System, last_day: date, *waiting: BankLine) -> None:
    with system.services.store.write() as connection:
        new = NewFile(system.shop_id, f"{last_day}", "bank.cod", "CODA", last_day)
        file_id = bank_files.add_file(connection, new, by="An", now=system.clock.now)
        found = [(Match(line, Verdict.PROPOSED), LineState.WAITING) for line in waiting]
        bank_lines.add_lines(connection, system.shop_id, file_id, found)


@on_sqlite
def test_reminders_are_held_back_while_the_bank_file_is_old(system: System) -> None:
    invoiced(system)
    read_bank_file(system, days_after_due(-1))
    comes(system, days_after_due(5))
    assert subjects(system) == []

    read_bank_file(system, days_after_due(5))
    comes(system, days_after_due(5), hour=12)
    assert len(subjects(system)) == 1


@on_sqlite
def test_who_is_named_by_a_line_of_the_bank_that_waits_is_reminded_once_it_pays_no_order(system: System) -> None:
    document = invoiced(system)
    line = BankLine("", DUE, Decimal(7), "EUR", "coda:1", text=f"Factuur {document.number} deel 1")
    fitting = replace(line, key="coda:2", amount=Decimal("22.20"), text="bestelling 238")
    of_others = (
        replace(line, key="coda:3", text="klantnr 238/11"),
        replace(line, key="coda:4", booked_on=document.draft.ordered_on - timedelta(days=1)),
    )
    read_bank_file(system, days_after_due(5), line, fitting, *of_others)
    comes(system, days_after_due(5))
    with system.services.store.read() as connection:
        waiting = bank_lines.waiting(connection, system.shop_id)
        shop = system.connected.shop
        (outlook,) = reminder_outlook.page(connection, shop, FIRST_PAGE, now=system.clock.now).rows
        holding = reminder_outlook.holding(connection, shop, waiting)
    assert holding == {stored.line_id for stored in waiting if stored.line.key in ("coda:1", "coda:2")}
    assert outlook.obstacle is not None
    assert (subjects(system), "waits for you" in str(outlook.obstacle.message)) == ([], True)

    left = []
    for number, stored in enumerate(waiting[:2]):
        system.act(line_actions.put_aside, stored.line_id)
        comes(system, days_after_due(5), hour=12 + number)
        left.append(len(subjects(system)))
    assert left == [0, 1]


@on_sqlite
def test_a_mail_that_may_have_left_leaves_again_as_the_same_mail(system: System) -> None:
    """The mail server took it, and its answer was lost."""
    invoiced(system)
    system.mailbox.faults.cut_after_data()
    comes(system, days_after_due(5))
    assert states(system) == {FRIENDLY: ("waiting", "mail_unsure")}
    comes(system, days_after_due(5), hour=12)
    assert states(system) == {FRIENDLY: ("done", "")}
    assert [len(system.mailbox.messages()), len({mail.message_id for mail in system.mailbox.messages()})] == [2, 1]


@on_sqlite
def test_a_shop_that_does_not_remind_is_looked_at_once(system: System) -> None:
    system.change_shop(reminders=ReminderSettings())
    invoiced(system)
    for number in range(3):
        comes(system, days_after_due(number))
        with system.services.store.read() as connection:
            assert reminder_rows.due_looks(connection, now=system.clock.now + timedelta(days=999), limit=9) == ()


@on_sqlite
def test_who_switches_reminders_on_begins_with_what_falls_due_from_then(system: System) -> None:
    system.change_shop(reminders=ReminderSettings())
    invoiced(system)
    comes(system, days_after_due(20))
    change_shop(system.services, system.shop_id, ShopChanges({"reminders.who": "all"}), by=system.person)
    comes(system, days_after_due(21))
    assert subjects(system) == []

    change_shop(system.services, system.shop_id, ShopChanges({"reminders.since": "2026-12-01"}), by=system.person)
    comes(system, days_after_due(22))
    assert states(system) == {FORMAL: ("done", "")}
