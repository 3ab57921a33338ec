"""No paper and no mail asks for money that came, and none thanks for money that did not."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from inspect import unwrap
from typing import Any

import click
import pytest

from bridge.customer.linked_document import load_linked_document
from tests.integration.invoicing.test_manual import BY_CARD, BY_TRANSFER, PAID_BEFORE, TWO_MUGS, flags, paid
from tests.integration.invoicing.test_order_money import money_of
from tests.integration.invoicing.test_paid import deposit_of
from tests.support.factories import SINCE
from tests.support.system import System
from tests.support.task_requests import id_of
from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.cli import documents as commands
from worker.demo.orders import a_refund, an_order
from worker.domain.credit_selection import CreditSelection
from worker.domain.document import Document, Kind, SendMode
from worker.domain.order import OrderKey
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.reminder import Reminded, ReminderSettings
from worker.domain.rules import Rule, Trigger
from worker.domain.shop import MollieSettings, OrderSettings
from worker.errors import Rejected
from worker.invoicing import manual
from worker.invoicing.manual import Credit, ManualDocument
from worker.invoicing.request import IssueAnswer
from worker.net.document_link import DocumentLink
from worker.net.mollie_key import Mode
from worker.payments import reminders
from worker.store import orders, payment_rows, payments
from worker.store.queries import order_balance, reminder_outlook
from worker.store.queries.order_history import DocumentDetails

INVOICE = Rule(Kind.INVOICE, Trigger.PAID)
CONFIRMATION = Rule(Kind.ORDER_CONFIRMATION, Trigger.COMPLETED)
WHEN_COMPLETED = Rule(Kind.INVOICE, Trigger.COMPLETED)


def bank_brings(system: System, amount: str, *, line: str = "line-1") -> None:
    """*amount* comes for order 238, by transfer."""
    key = OrderKey(system.shop_id, 238, str(an_order(id=238)["order_key"]))
    receipt = Receipt(system.clock.now.date(), PaymentSource.BANK, "bank", method="bacs", outside_ref=line)
    with system.services.store.write() as connection:
        payments.receive(connection, key, Decimal(amount), receipt, now=system.clock.now)


def refunds(system: System, order: dict[str, Any]) -> None:
    system.shop.refund(238, a_refund(order, id=301, amount="5.00"))
    system.receive(system.shop.order(238) or {})
    system.work()


def is_taken_back(system: System) -> None:
    """A person says that order 238 is not paid after all."""
    (invoice,) = system.documents(238)
    assert invoice.document
    system.clock.now = max(system.clock.now, invoice.document.issued_at)
    system.act(document_actions.mark_not_paid, id_of(invoice), on=system.clock.now.date())


def last_mail(system: System) -> str:
    return system.mailbox.messages()[-1].text.replace("\xa0", " ")


def test_a_transfer_that_the_bank_confirmed_is_no_chargeback(system: System) -> None:
    system.change_shop(rules=(INVOICE, CONFIRMATION))
    (invoice,) = system.arrives(paid() | BY_TRANSFER)
    bank_brings(system, "22.20")
    system.arrives(paid(status="completed") | BY_TRANSFER)
    assert "Te betalen" not in last_mail(system)
    refunds(system, paid() | BY_TRANSFER)
    assert "Terug te betalen: € 5,00" in last_mail(system)
    system.arrives(paid(lines=TWO_MUGS) | BY_TRANSFER)
    manual.credit(system.services, id_of(invoice), Credit(issue_again=True), by=system.person)
    system.work()
    assert "costs_more" in flags(system)


def test_an_invoice_that_says_paid_asks_for_no_cents_of_reckoning_anew(system: System) -> None:
    system.change_shop(rules=(WHEN_COMPLETED,))
    system.arrives(paid() | BY_CARD)
    dearer = (("Koffiemok blauw", "MUG-1", 1, "12.42", "21"),)
    system.arrives(paid(status="completed", lines=dearer) | BY_CARD)
    assert "Nog te betalen" not in last_mail(system)


def test_an_invoice_that_says_paid_asks_for_nothing_while_the_credit_note_of_a_refund_waits(system: System) -> None:
    system.change_shop(credit_notes=SendMode.DRAFT)
    unpaid = an_order(id=238, status="on-hold", paid=False, payment_method="bacs")
    system.arrives(unpaid)
    before = {"date_created": "2026-11-20T10:00:00", "date_created_gmt": "2026-11-20T10:00:00"}
    system.shop.refund(238, a_refund(unpaid, id=301, amount="5.00") | before)
    there = {"refunds": (system.shop.order(238) or {})["refunds"]}
    system.arrives(paid() | BY_TRANSFER | PAID_BEFORE | there)
    assert "Nog te betalen" not in last_mail(system)


def test_an_invoice_of_which_an_unknown_part_came_asks_for_nothing(system: System) -> None:
    (draft,) = system.arrives(paid(status="partial-payment") | BY_CARD)
    assert draft.stored_draft
    made = manual.issue_waiting_draft(
        system.services, draft.stored_draft.draft_id, IssueAnswer(send=True), by=system.person
    )
    system.work()
    assert "Nog te betalen" not in last_mail(system)
    bank_brings(system, "12.20")
    system.act(document_actions.send_again, made.document_id)
    system.work()
    assert "Nog te betalen" not in last_mail(system)


@pytest.mark.parametrize("way", [BY_TRANSFER, BY_CARD, {"payment_method": "cod"}])
def test_what_the_shop_says_after_it_waited_again_for_what_a_person_took_back_counts(
    system: System, way: dict[str, str]
) -> None:
    order = paid(status="completed") | way | PAID_BEFORE
    system.arrives(order)
    is_taken_back(system)
    for status in ("on-hold", "processing"):
        system.clock.move(days=1)
        system.arrives(order | {"status": status})
    (invoice,) = system.documents(238)
    assert invoice.is_paid


def test_a_transfer_counts_that_the_shop_tells_of_after_cash_that_never_came(system: System) -> None:
    system.arrives(paid(status="completed") | {"payment_method": "cod"})
    is_taken_back(system)
    system.clock.move(days=9)
    system.arrives(an_order(id=238, status="on-hold", paid=False, payment_method="bacs"))
    at = f"{system.clock.now:%Y-%m-%dT%H:%M:%S}"
    system.arrives(paid(status="completed") | BY_TRANSFER | {"date_paid": at, "date_paid_gmt": at})
    (invoice,) = system.documents(238)
    assert invoice.is_paid


def test_what_came_by_bank_after_a_chargeback_is_not_asked_for_again(system: System) -> None:
    system.change_shop(rules=(INVOICE, CONFIRMATION))
    system.arrives(paid() | BY_CARD | PAID_BEFORE)
    is_taken_back(system)
    bank_brings(system, "22.20")
    system.arrives(paid(status="completed") | BY_CARD | PAID_BEFORE)
    assert "Te betalen" not in last_mail(system)


def test_a_draft_that_asks_of_the_rest_leaves_once_the_rest_came(system: System) -> None:
    system.change_shop(rules=(WHEN_COMPLETED,))
    dearer = paid(status="completed", lines=TWO_MUGS) | BY_CARD
    system.arrives(paid() | BY_CARD)
    system.arrives(dearer)
    assert system.numbers() == ["draft"]
    bank_brings(system, "15.01")
    system.arrives(dearer)
    assert system.numbers() == ["F2026-00001"]


@pytest.mark.parametrize("rules", [(CONFIRMATION,), (INVOICE, CONFIRMATION)])
def test_a_confirmation_of_an_order_that_costs_more_waits_for_the_answer_and_asks_only_for_the_rest(
    system: System, rules: tuple[Rule, ...]
) -> None:
    """Also where the invoice was made before, and asks for no more."""
    system.change_shop(rules=rules)
    system.arrives(paid() | BY_CARD)
    (*_, draft) = system.arrives(paid(status="completed", lines=TWO_MUGS) | BY_CARD)
    assert draft.stored_draft
    answer = IssueAnswer(send=True, rest_paid=False)
    made = manual.issue_waiting_draft(system.services, draft.stored_draft.draft_id, answer, by=system.person)
    system.work()
    assert ("€ 37,21\nRekening" in last_mail(system), "€ 15,01\nRekening" in last_mail(system)) == (False, True)
    with system.services.store.read() as connection:
        money = money_of(connection, made)
    assert (money.to_pay, money.paid_on) == (Decimal("15.01"), None)


@pytest.mark.parametrize("then", ["again", "needs_nothing"])
def test_an_order_that_is_to_be_issued_again_is_not_told_to_give_back_what_came_for_that(
    system: System, then: str
) -> None:
    """Unless a person says that its invoice stays as it is."""
    system.change_shop(rules=(INVOICE, CONFIRMATION))
    system.arrives(paid() | BY_CARD)
    (*_, draft) = system.arrives(paid(status="completed", lines=TWO_MUGS) | BY_CARD)
    assert draft.stored_draft
    answer = IssueAnswer(send=True, rest_paid=True)
    manual.issue_waiting_draft(system.services, draft.stored_draft.draft_id, answer, by=system.person)
    assert flags(system) == ["changed_after_invoice"]
    system.work()
    assert flags(system) == ["changed_after_invoice"]
    if then == "again":
        again(system, rest_paid=None)
    else:
        system.act(order_actions.ignore_order, 238)
    system.work()
    assert flags(system) == ([] if then == "again" else ["to_give_back"])


def test_a_credit_note_pays_back_what_a_person_said_was_paid_too(system: System) -> None:
    system.change_shop(rules=(WHEN_COMPLETED,))
    dearer = paid(status="completed", lines=TWO_MUGS) | BY_CARD
    system.arrives(paid() | BY_CARD)
    (draft,) = system.arrives(dearer)
    assert draft.stored_draft
    answer = IssueAnswer(send=True, rest_paid=True)
    manual.issue_waiting_draft(system.services, draft.stored_draft.draft_id, answer, by=system.person)
    system.work()
    refunds(system, dearer)
    assert "Terug te betalen: € 5,00" in last_mail(system)


@pytest.mark.parametrize(("came", "asked"), [("22.20", []), ("10.00", ["12,20"])])
@pytest.mark.parametrize("kind", [Kind.PAYMENT_REQUEST, Kind.ORDER_CONFIRMATION])
def test_what_asks_before_the_invoice_asks_only_for_the_rest_when_it_is_mailed_again(
    system: System, kind: Kind, came: str, asked: list[str]
) -> None:
    system.change_shop(rules=(Rule(kind, Trigger.CREATED),))
    (request,) = system.arrives(an_order(id=238, status="on-hold", paid=False, payment_method="bacs"))
    bank_brings(system, came)
    system.act(document_actions.send_again, id_of(request))
    system.work()
    assert re.findall("Te betalen.*€ (.*)", last_mail(system)) == asked
    assert ("Betaald op 23 november 2026" in last_mail(system)) == (not asked)


def test_what_is_asked_for_after_a_part_came_is_no_less_by_that_part_once_more(system: System) -> None:
    system.change_shop(rules=())
    system.arrives(an_order(id=238, status="on-hold", paid=False, payment_method="bacs"))
    bank_brings(system, "10.00")
    wanted = ManualDocument(238, Kind.PAYMENT_REQUEST, send=True)
    request = manual.issue_manual_document(system.services, system.shop_id, wanted, by=system.person)
    system.work()
    assert re.findall("Te betalen.*€ (.*)", last_mail(system)) == ["12,20"]
    with system.services.store.read() as connection:
        balance = order_balance.of_order(connection, request.order)
    assert balance
    assert (balance.open, balance.paid) == (Decimal("12.20"), Decimal("10.00"))


@pytest.mark.parametrize("way", [BY_TRANSFER, {"payment_method": "cod"}])
def test_an_invoice_asks_for_no_rest_that_came_before_it_as_it_was_asked_for(
    system: System, way: dict[str, str]
) -> None:
    system.change_shop(rules=())
    system.arrives(paid() | way | PAID_BEFORE)
    system.arrives(paid(lines=TWO_MUGS) | way | PAID_BEFORE)
    made = []
    for kind in (Kind.ORDER_CONFIRMATION, Kind.INVOICE):
        wanted = ManualDocument(238, kind, send=False)
        made.append(manual.issue_manual_document(system.services, system.shop_id, wanted, by=system.person).draft)
        bank_brings(system, "15.01")
    assert [(draft.to_pay, draft.is_paid) for draft in made] == [(Decimal("15.01"), False), (Decimal("0.00"), True)]


def test_what_the_bank_brings_of_what_a_confirmation_says_came_is_no_more_than_that(system: System) -> None:
    system.change_shop(rules=())
    dearer = paid(lines=TWO_MUGS) | BY_TRANSFER | PAID_BEFORE
    for order in (paid() | BY_TRANSFER | PAID_BEFORE, dearer):
        system.arrives(order)
    wanted = ManualDocument(238, Kind.ORDER_CONFIRMATION, send=False)
    made = manual.issue_manual_document(system.services, system.shop_id, wanted, by=system.person)
    system.clock.move(days=1)
    bank_brings(system, "22.20")
    system.arrives(dearer)
    with system.services.store.read() as connection:
        money, balance = money_of(connection, made), order_balance.of_order(connection, made.order)
    assert balance
    assert (money.open, balance.open, balance.excess) == (Decimal("15.01"), Decimal("15.01"), Decimal(0))
    assert "to_give_back" not in flags(system)


def test_what_a_credit_note_took_back_of_a_request_after_a_part_came_is_no_money_that_came(system: System) -> None:
    system.change_shop(rules=())
    system.arrives(an_order(id=238, status="on-hold", paid=False, payment_method="bacs"))
    bank_brings(system, "10.00")
    request, invoice = (
        manual.issue_manual_document(
            system.services, system.shop_id, ManualDocument(238, kind, send=False), by=system.person
        )
        for kind in (Kind.PAYMENT_REQUEST, Kind.INVOICE)
    )
    part = Credit(CreditSelection(amount=Decimal("5.00")), send=False, idempotency_key="1")
    manual.credit(system.services, invoice.document_id, part, by=system.person)
    with system.services.store.read() as connection:
        now = money_of(connection, request).now
    assert [(one.amount, one.received) for one in now.draft.prepaid] == [(Decimal(10), True), (Decimal(5), False)]


@pytest.mark.parametrize("is_test", [False, True])
def test_an_invoice_mailed_again_says_what_was_credited_of_it_and_asks_for_no_more_than_the_rest(
    system: System, is_test: bool
) -> None:
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED),), test=is_test)
    (invoice,) = system.arrives(an_order(id=238, status="on-hold", paid=False, payment_method="bacs"))
    said = []
    for key, part in enumerate((CreditSelection(amount=Decimal("5.00")), None)):
        asked = Credit(part, send=False, idempotency_key=str(key))
        manual.credit(system.services, id_of(invoice), asked, by=system.person)
        system.act(document_actions.send_again, id_of(invoice))
        system.work()
        said.append(re.findall("((?:Te|Nog te|Betaa|Al|Gecred).*): € (.*)", last_mail(system)))
    assert said == [
        [("Gecrediteerd", "5,00"), ("Te betalen tegen 23 december 2026", "17,20")],
        [("Gecrediteerd", "22,20")],
    ]


def test_an_invoice_issued_again_says_that_it_was_credited_not_that_it_is_paid(system: System) -> None:
    """Its money pays the one in its place."""
    (invoice,) = system.arrives(paid())
    manual.credit(system.services, id_of(invoice), Credit(issue_again=True, send=False), by=system.person)
    system.act(document_actions.send_again, id_of(invoice))
    system.work()
    assert ("Gecrediteerd: € 22,20" in last_mail(system), "etaald" in last_mail(system)) == (True, False)


@pytest.mark.parametrize(
    ("kind", "came", "days"),
    [
        (Kind.ORDER_CONFIRMATION, "22.20", 1),
        (Kind.INVOICE, "22.20", 1),
        (Kind.PAYMENT_REQUEST, "10.00", 1),
        (Kind.PAYMENT_REQUEST, "10.00", 0),  # in the very moment in which it was made
    ],
)
def test_no_mail_and_no_page_says_that_money_came_which_the_bank_took_back_since(
    system: System, kind: Kind, came: str, days: int
) -> None:
    system.change_shop(rules=())
    system.arrives(an_order(id=238, status="on-hold", paid=False, payment_method="bacs"))
    bank_brings(system, came)
    wanted = ManualDocument(238, kind, send=False)
    made = manual.issue_manual_document(system.services, system.shop_id, wanted, by=system.person)
    assert figures(system, made) == (made.draft.is_paid, made.draft.total - Decimal(came), Decimal(came))
    system.clock.move(days=days)
    with system.services.store.write() as connection:
        (line,) = payment_rows.of_order(connection, made.order)
        payments.reverse(connection, line.payment_id, on=system.clock.now.date(), by="An", now=system.clock.now)
    system.act(document_actions.send_again, made.document_id)
    system.work()
    assert re.findall("(?:Te|Nog te) betalen.*€ (.*)", last_mail(system)) == ["22,20"]
    assert "etaald" not in last_mail(system)
    assert figures(system, made) == (False, Decimal("22.20"), Decimal(0))


@pytest.mark.parametrize(("lines", "asked"), [({}, "0.00"), ({"lines": TWO_MUGS}, "15.01")])
def test_a_confirmation_asks_for_what_the_shop_said_came_while_the_shop_waits_for_it_again(
    system: System, lines: dict[str, Any], asked: str
) -> None:
    system.change_shop(rules=())
    system.arrives(paid() | BY_CARD | PAID_BEFORE)
    order = paid(**lines) | BY_CARD | PAID_BEFORE
    system.arrives(order)
    wanted = ManualDocument(238, Kind.ORDER_CONFIRMATION, send=False, rest_paid=False)
    made = manual.issue_manual_document(system.services, system.shop_id, wanted, by=system.person)
    total, said = made.draft.total, (Decimal(asked) == 0, Decimal(asked), Decimal("22.20") if lines else Decimal(0))
    for status, told in (("on-hold", (False, total, Decimal(0))), ("processing", said)):
        system.clock.move(days=1)
        system.arrives(order | {"status": status})
        system.act(document_actions.send_again, made.document_id)
        system.work()
        asks = re.findall("(?:Te|Nog te) betalen.*€ (.*)", last_mail(system))
        assert asks == ([f"{told[1]}".replace(".", ",")] if told[1] else [])
        assert figures(system, made) == told


def figures(system: System, made: Document) -> tuple[bool, Decimal, Decimal]:
    """What its page says of a document: whether it is paid, what is open, and what came, in however many lines. Its mail asks as much."""
    now = system.clock.now
    with system.services.store.read() as connection:
        linked = load_linked_document(connection, DocumentLink(made.document_id, now, now), now=now)
    assert linked
    money = linked.money
    assert not money.is_owed or money.now.draft.to_pay == money.to_pay
    came = sum((one.amount for one in money.prepaid), money.received)
    return money.paid_on is not None, money.to_pay, came


@pytest.mark.parametrize("kind", [Kind.PAYMENT_REQUEST, Kind.ORDER_CONFIRMATION])
def test_what_asks_before_the_invoice_asks_for_nothing_that_the_shop_alone_says_came(
    system: System, kind: Kind
) -> None:
    system.change_shop(rules=(Rule(kind, Trigger.CREATED),))
    system.arrives(an_order(id=238, status="on-hold", paid=False, payment_method="bacs"))
    for order in (paid(), paid(lines=TWO_MUGS)):
        (request,) = system.arrives(order | BY_TRANSFER | PAID_BEFORE)
        assert request.document
        system.act(document_actions.send_again, id_of(request))
        system.work()
        with system.services.store.read() as connection:
            money = money_of(connection, request.document)
        assert ("Te betalen" in last_mail(system), money.open) == (False, Decimal(0))


@pytest.mark.parametrize(("deposit", "left"), [("5.00", "17.20"), ("30.00", "0.00")])
def test_a_reminder_asks_as_its_page_for_no_deposit_that_the_shop_told_of_since(
    system: System, deposit: str, left: str
) -> None:
    """Of one that is more than the order costs nobody knows how much of it came."""
    system.change_shop(rules=(Rule(Kind.PAYMENT_REQUEST, Trigger.CREATED),))
    (request,) = system.arrives(an_order(id=238, status="on-hold", paid=False, payment_method="bacs"))
    system.arrives(deposit_of(deposit, rest_paid="no") | BY_TRANSFER | {"status": "on-hold"})
    shop, made = system.connected.shop, id_of(request)
    assert request.document
    with system.services.store.read() as connection:
        outlook = reminder_outlook.of_documents(connection, shop, [made], now=system.clock.now)[made]
        money = money_of(connection, request.document)
    assert (outlook.open, money.to_pay) == (Decimal(left), Decimal(left))


def test_a_deposit_that_the_shop_told_of_is_not_asked_for_where_a_part_of_the_rest_went_back(system: System) -> None:
    system.arrives(deposit_of("5.00", rest_paid="no"))
    wanted = ManualDocument(238, Kind.ORDER_CONFIRMATION, send=False)
    made = manual.issue_manual_document(system.services, system.shop_id, wanted, by=system.person)
    system.clock.move(days=10)
    for number, part in enumerate(("3.20", "14.00")):
        bank_brings(system, part, line=f"line-{number}")
    with system.services.store.write() as connection:
        *_, last = payment_rows.of_order(connection, made.order)
        payments.reverse(connection, last.payment_id, on=system.clock.now.date(), by="An", now=system.clock.now)
    with system.services.store.read() as connection:
        assert money_of(connection, made).to_pay == Decimal("14.00")


@pytest.mark.parametrize("since", ["cheaper", "partial-payment", "invoice", "cancelled", "called-off"])
def test_a_confirmation_asks_for_nothing_where_something_else_is_asked_since(system: System, since: str) -> None:
    """By a newer payment request, or by a plugin that does not say how much of it came, also once its invoice was made; or it was cancelled."""
    orders = OrderSettings(SINCE, {"called-off": "cancelled"})
    system.change_shop(rules=(Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED),), orders=orders)
    waits: dict[str, Any] = {"status": "on-hold", "paid": False, "payment_method": "bacs"}
    (confirmation,) = system.arrives(an_order(id=238, **waits))
    if since == "cheaper":
        system.arrives(an_order(id=238, shipping=None, **waits))
        wanted = ManualDocument(238, Kind.PAYMENT_REQUEST, send=False)
        manual.issue_manual_document(system.services, system.shop_id, wanted, by=system.person)
    else:
        status = "partial-payment" if since == "invoice" else since
        system.arrives(an_order(id=238, **(waits | {"status": status})))
    if since == "invoice":
        by_hand(system, rest_paid=None)
        system.work()
    system.act(document_actions.send_again, id_of(confirmation))
    system.work()
    assert "Te betalen" not in last_mail(system)


@pytest.mark.parametrize(
    ("status", "came", "is_test"),
    [
        ("cancelled", "0.00", False), ("cancelled", "10.00", False), ("cancelled", "0.00", True), ("called-off", "0.00", False),
    ],
)  # fmt: skip
def test_the_invoice_of_an_order_that_the_shop_cancelled_asks_its_buyer_for_nothing_and_stays_open_until_it_is_credited(
    system: System, status: str, came: str, is_test: bool
) -> None:
    orders = OrderSettings(SINCE, {"called-off": "cancelled"})
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED),), orders=orders, test=is_test)
    waits: dict[str, Any] = {"status": "on-hold", "paid": False, "payment_method": "bacs"}
    (invoice,) = system.arrives(an_order(id=238, **waits))
    assert "Te betalen" in last_mail(system)
    if Decimal(came):
        bank_brings(system, came)
    system.arrives(an_order(id=238, **(waits | {"status": status})))
    assert invoice.document
    now = system.clock.now
    with system.services.store.read() as connection:
        money = money_of(connection, invoice.document)
        linked = load_linked_document(connection, DocumentLink(id_of(invoice), now, now), now=now)
        balance = order_balance.of_order(connection, invoice.document.order)
        (outlook,) = reminder_outlook.of_documents(
            connection, system.connected.shop, [id_of(invoice)], now=now
        ).values()
    assert (money.is_off, money.to_pay, money.now.draft.asks_payment) == (True, Decimal(0), False)
    assert linked
    assert (linked.payment_codes, linked.shop_pay_url, linked.may_pay_here) == ((), "", False)
    assert outlook.obstacle
    if not is_test:
        assert balance
        assert balance.open == money.open == Decimal("22.20") - Decimal(came)
    system.act(document_actions.send_again, id_of(invoice))
    system.work()
    assert "etalen" not in last_mail(system)


@pytest.mark.parametrize("how", ["discard", "needs_nothing"])
@pytest.mark.parametrize("is_test", [False, True])
def test_who_discards_the_credit_note_of_a_cancelled_order_has_its_invoice_asked_for_by_all(
    system: System, is_test: bool, how: str
) -> None:
    """Until it is refunded in the shop, or a person credits it after all."""
    live = MollieSettings(Mode.TEST if is_test else Mode.LIVE, on_reminders=True)
    reminded = ReminderSettings(who=Reminded.ALL, friendly=5)
    rules = (Rule(Kind.INVOICE, Trigger.CREATED),)
    system.change_shop(rules=rules, test=is_test, mollie=live, reminders=reminded)
    waits: dict[str, Any] = {"status": "on-hold", "paid": False, "payment_method": "bacs"}
    system.arrives(an_order(id=238, **waits))
    bank_brings(system, "2.20")
    (invoice, note) = system.arrives(an_order(id=238, **(waits | {"status": "cancelled"})))
    assert note.stored_draft
    if how == "discard":
        system.act(document_actions.discard_draft, note.stored_draft.draft_id)
    else:
        system.act(order_actions.ignore_order, 238)
    system.arrives(an_order(id=238, **(waits | {"status": "cancelled"})))
    open_now = Decimal("22.20") if is_test else Decimal("20.00")
    assert asked_of(system, invoice) == (open_now, not is_test, True, not is_test)
    system.act(document_actions.send_again, id_of(invoice))
    system.work()
    assert re.findall("(?:Te|Nog te) betalen.*€ (.*)", last_mail(system)) == [f"{open_now}".replace(".", ",")]
    if not is_test:
        system.clock.move(days=40)
        reminders.plan_due(system.services)
        system.work()
        assert "20,00" in last_mail(system)
    manual.credit(system.services, id_of(invoice), Credit(send=False), by=system.person)
    assert asked_of(system, invoice) == (Decimal(0), False, False, False)


@pytest.mark.parametrize("discarded", ["while it is cancelled", "once it goes on", "never"])
def test_an_order_that_goes_on_and_is_cancelled_once_more_is_asked_about_anew_and_not_its_buyer(
    system: System, discarded: str
) -> None:
    system.change_shop(
        rules=(Rule(Kind.INVOICE, Trigger.CREATED),), reminders=ReminderSettings(who=Reminded.ALL, friendly=5)
    )

    def goes(status: str) -> list[DocumentDetails]:
        system.clock.move(minutes=1)
        system.arrives(an_order(id=238, status=status, paid=False, payment_method="bacs"))
        return [item for item in system.documents(238) if item.stored_draft]

    def discard(notes: list[DocumentDetails]) -> None:
        for note in notes:
            assert note.stored_draft
            system.act(document_actions.discard_draft, note.stored_draft.draft_id)

    goes("on-hold")
    notes = goes("cancelled")
    if discarded == "while it is cancelled":
        discard(notes)
    restored = goes("on-hold")
    if discarded == "once it goes on":
        discard(restored)
    (note,) = goes("cancelled")
    assert (note.draft.cause, note.stored_draft and note.stored_draft.discarded) == (notes[0].draft.cause, False)
    invoice = system.documents(238)[0]
    assert asked_of(system, invoice) == (Decimal("0.00"), False, False, False)
    assert restored == []


def asked_of(system: System, invoice: DocumentDetails) -> tuple[Decimal, bool, bool, bool]:
    """What its page asks, whether it has codes to pay with, whether it takes the payment itself, and whether its buyer may be reminded."""
    now = system.clock.now
    with system.services.store.read() as connection:
        linked = load_linked_document(connection, DocumentLink(id_of(invoice), now, now), now=now)
        found = reminder_outlook.of_documents(connection, system.connected.shop, [id_of(invoice)], now=now)
    assert linked
    outlook = found[id_of(invoice)]
    return linked.money.to_pay, bool(linked.payment_codes), linked.may_pay_here, outlook.obstacle is None


@pytest.mark.parametrize("is_seen", [True, False])
@pytest.mark.parametrize("goes", ["into the bin", "for good"])
def test_who_may_pay_for_an_order_that_left_the_shop_is_reminded_once_its_owner_said_that_there_was_a_sale(
    system: System, goes: str, is_seen: bool
) -> None:
    reminded = ReminderSettings(who=Reminded.ALL, friendly=5)
    rules = (Rule(Kind.INVOICE, Trigger.CREATED),)
    system.change_shop(rules=rules, mollie=MollieSettings(Mode.LIVE), reminders=reminded)
    waits: dict[str, Any] = {"status": "on-hold", "paid": False, "payment_method": "bacs"}
    (invoice,) = system.arrives(an_order(id=238, **waits))
    system.clock.move(days=36)
    reminders.plan_due(system.services)  # before it left
    gone = an_order(id=238, **(waits | {"status": "trash"}))
    system.shop.place(gone) if goes == "into the bin" else system.shop.forget(238)
    if is_seen:
        system.receive(gone)
    mails = len(system.mailbox.messages())
    for _ in range(2):
        system.work()  # the second time it is known here too
        system.clock.move(hours=7)
    assert asked_of(system, invoice) == (Decimal("22.20"), True, True, False)
    assert len(system.mailbox.messages()) == mails
    system.act(order_actions.ignore_order, 238)  # it was a sale
    system.work()
    assert asked_of(system, invoice) == (Decimal("22.20"), True, True, True)
    assert len(system.mailbox.messages()) == mails + 1
    assert "22,20" in last_mail(system)


@pytest.mark.parametrize("goes", ["into the bin", "for good"])
@pytest.mark.parametrize("is_test", [False, True])
def test_the_invoice_of_an_order_that_left_the_shop_still_asks_as_it_stands(
    system: System, goes: str, is_test: bool
) -> None:
    """Who tidies the shop up did not call the sale off: its owner is told that the invoice stands, and to leave it if there was a sale."""
    system.change_shop(rules=(Rule(Kind.INVOICE, Trigger.CREATED),), test=is_test)
    waits: dict[str, Any] = {"status": "on-hold", "paid": False, "payment_method": "bacs"}
    (invoice,) = system.arrives(an_order(id=238, **waits))
    if goes == "into the bin":
        system.arrives(an_order(id=238, **(waits | {"status": "trash"})))
    else:
        assert invoice.document
        with system.services.store.write() as connection:
            orders.mark_deleted(connection, invoice.document.order)
    system.act(document_actions.send_again, id_of(invoice))
    system.work()
    assert re.findall("(?:Te betalen|Nog te betalen).*€ (.*)", last_mail(system)) == ["22,20"]


@pytest.mark.parametrize("apart", ["card", "deposit"])
def test_what_a_gift_card_or_a_deposit_left_is_asked_for_in_full_also_once_an_invoice_counts_them(
    system: System, apart: str
) -> None:
    waits: dict[str, Any] = {"status": "on-hold", "paid": False, "payment_method": "bacs"}
    card = an_order(id=238, fees=[("Cadeaubon ABC", "-5.00", None)], **waits)
    system.change_shop(rules=())
    system.arrives(card if apart == "card" else deposit_of("5.00", rest_paid="no"))
    wanted = (ManualDocument(238, kind, send=False) for kind in (Kind.ORDER_CONFIRMATION, Kind.INVOICE))
    for one in wanted:
        made = manual.issue_manual_document(system.services, system.shop_id, one, by=system.person)
        (confirmation,) = (one for one in system.documents(238) if one.draft.kind is Kind.ORDER_CONFIRMATION)
        assert confirmation.document
        assert figures(system, confirmation.document) == (False, Decimal("17.20"), Decimal("5.00"))
    part = Credit(CreditSelection(amount=Decimal("3.00")), send=False)
    manual.credit(system.services, made.document_id, part, by=system.person)
    assert confirmation.document
    assert figures(system, confirmation.document) == (False, Decimal("14.20"), Decimal("5.00"))
    if apart == "deposit":
        system.act(document_actions.mark_not_paid, made.document_id, on=system.clock.now.date())
        assert figures(system, made) == (False, Decimal("19.20"), Decimal(0))


def test_an_order_of_which_a_part_came_names_no_day_on_which_it_is_cancelled(system: System) -> None:
    system.change_shop(rules=(), cancel_after_days=7, reminders=ReminderSettings(who=Reminded.ALL))
    order = an_order(id=238, status="on-hold", paid=False, payment_method="bacs")
    system.arrives(order)
    bank_brings(system, "10.00")
    wanted = ManualDocument(238, Kind.PAYMENT_REQUEST, send=False)
    made = manual.issue_manual_document(system.services, system.shop_id, wanted, by=system.person)
    connected = system.connected
    with system.services.store.read() as connection:
        outlooks = reminder_outlook.of_documents(connection, connected.shop, [made.document_id], now=system.clock.now)
    due_on = made.draft.payment.due_on if made.draft.payment else None
    days = connected.shop.payment_days
    assert (outlooks[made.document_id].last_day, due_on) == (None, made.issued_on + timedelta(days=days))


def by_hand(system: System, *, rest_paid: bool | None) -> None:
    """A person makes the invoice of order 238, which no rule made."""
    wanted = ManualDocument(238, Kind.INVOICE, send=True, rest_paid=rest_paid)
    manual.issue_manual_document(system.services, system.shop_id, wanted, by=system.person)


def again(system: System, *, rest_paid: bool | None) -> None:
    """A person credits the invoice of order 238 and issues it again."""
    invoice = system.documents(238)[0]
    manual.credit(system.services, id_of(invoice), Credit(issue_again=True, rest_paid=rest_paid), by=system.person)


def says_paid(system: System) -> bool:
    """Whether pages and programs are told that order 238 is paid."""
    with system.services.store.read() as connection:
        order = orders.find(connection, system.shop_id, 238)
    assert order
    return order.paid_at is not None


def test_an_order_issued_again_for_more_is_said_to_be_paid_once_the_rest_came(system: System) -> None:
    """Its first invoice waits for no money: that went to the one in its place."""
    system.change_shop(rules=(INVOICE,))
    system.arrives(paid() | BY_CARD)
    assert says_paid(system)
    system.arrives(paid(lines=TWO_MUGS) | BY_CARD)
    system.clock.move(minutes=1)
    again(system, rest_paid=False)
    system.work()
    assert (system.documents(238)[-1].open, says_paid(system)) == (Decimal("15.01"), False)
    bank_brings(system, "15.01")
    assert (system.documents(238)[-1].open, says_paid(system)) == (Decimal("0.00"), True)


def by_command(system: System, *, rest_paid: bool | None) -> None:
    """A person issues the draft of order 238 at the command line."""
    kept = system.documents(238)[-1].stored_draft
    assert kept
    issue = unwrap(commands.issue_draft.callback or commands.issue_draft)
    options = {"reason": "", "also_send": True, "within_left": False, "as_json": True}
    issue(system.services, kept.draft_id, rest_paid=rest_paid, **options)


@pytest.mark.parametrize(("rest_paid", "asked"), [(True, []), (False, ["15,01"])])
@pytest.mark.parametrize(("rule", "way"), [(None, by_hand), (INVOICE, again), (WHEN_COMPLETED, by_command)])
def test_no_way_asks_for_a_rest_before_a_person_said_whether_it_was_paid(
    system: System, rule: Rule | None, way: Callable[..., None], rest_paid: bool, asked: list[str]
) -> None:
    system.change_shop(rules=(rule,) if rule else ())
    system.arrives(paid() | BY_CARD)
    system.arrives(paid(status="completed", lines=TWO_MUGS) | BY_CARD)
    before = system.numbers()
    with pytest.raises((Rejected, click.UsageError), match="Say so when you issue it"):
        way(system, rest_paid=None)
    assert system.numbers() == before
    way(system, rest_paid=rest_paid)
    system.work()
    assert re.findall("(?:Te betalen|Nog te betalen).*€ (.*)", last_mail(system)) == asked
    assert system.documents(238)[-1].open == Decimal("0.00" if rest_paid else "15.01")
