"""Once the money of an order came, its order in the shop is set paid: once, as the shop wants it, and never backwards."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, select

from tests.support.system import System
from worker.actions import documents as document_actions
from worker.actions import orders as order_actions
from worker.actions.shop_settings import ShopChanges, change_shop
from worker.demo.faults import ServerFault
from worker.demo.orders import a_refund, an_order
from worker.domain.attention import Source
from worker.domain.attention_reasons import reason_of
from worker.domain.document import ASKING, Kind
from worker.domain.document_money import DocumentMoney
from worker.domain.money import ZERO
from worker.domain.order import OrderKey
from worker.domain.payment import OrderBalance, PaymentSource, Receipt
from worker.domain.payment_method import Means, PaymentTerms
from worker.domain.payment_reference import structured_communication
from worker.domain.rules import Rule
from worker.invoicing import manual
from worker.invoicing.manual import ManualDocument
from worker.payments.settle import settle
from worker.store import documents as stored_documents
from worker.store import payment_references, payments
from worker.store.database.tables import documents, jobs, unpaid
from worker.store.queries import document_money, need_list, open_invoices, order_balance, sales_journal

BY_TRANSFER: dict[str, Any] = {"status": "on-hold", "paid": False, "payment_method": "bacs"}


@pytest.fixture(autouse=True)
def invoiced_at_once(system: System) -> None:
    system.change_shop(rules=(Rule.parse("invoice:created:send"),))


def invoiced(system: System, **order: Any) -> OrderKey:
    """An order of 22.20 with its invoice, unpaid unless *order* says otherwise."""
    placed = an_order(id=238, **{**BY_TRANSFER, **order})
    system.arrives(placed)
    return OrderKey(system.shop_id, 238, placed["order_key"])


def comes_in(system: System, key: OrderKey, amount: str, name: str = "B1") -> int | None:
    """Money by the bank."""
    receipt = Receipt(system.clock.now.date(), PaymentSource.BANK, "bank", reference=name, outside_ref=name)
    with system.services.store.write() as connection:
        return payments.receive(connection, key, Decimal(amount), receipt, now=system.clock.now)


def changes(system: System) -> list[dict[str, Any]]:
    """What was asked of the shop's order."""
    return [json.loads(call.body) for call in system.shop.writes if call.method == "PUT"]


def money_notes(system: System) -> list[str]:
    return [note.replace("\xa0", " ") for note in system.notes(238) if 'facturelay="paid ' in note]


def settlements(system: System) -> list[tuple[str, str]]:
    with system.services.store.read() as connection:
        rows = connection.execute(jobs.select().where(jobs.c.kind == "settle_order").order_by(jobs.c.job_id))
        return [(row.state, row.code) for row in rows]


def flags(system: System) -> list[tuple[str, str]]:
    order = system.trail(238).order
    assert order is not None
    return [(flag.code, str(flag.message)) for flag in order.flags]


def status(system: System) -> tuple[str, bool]:
    order = system.shop.order(238)
    assert order is not None
    return order["status"], order["date_paid"] is not None


def test_an_order_on_hold_is_processed_once_its_money_came(system: System) -> None:
    comes_in(system, invoiced(system), "22.20")
    system.work()

    assert status(system) == ("processing", True)
    assert changes(system) == [{"status": "processing", "transaction_id": "B1"}]
    assert money_notes(system) == ['<span data-facturelay="paid 22.20/22.20">€ 22,20 van € 22,20 ontvangen.</span>']
    assert settlements(system) == [("done", "set_paid")]
    assert "set_paid" in [entry.code for entry in system.trail(238).audit_entries]


@pytest.mark.parametrize(("method", "known"), [("bacs", True), ("cod", False)])
def test_what_the_plugin_told_the_buyer_of_an_order_without_documents_is_known(
    system: System, method: str, *, known: bool
) -> None:
    system.change_shop(rules=(Rule.parse("invoice:paid:send"),), test=False)
    key = invoiced(system, payment_method=method)
    assert system.documents(238) == ()
    reference = structured_communication(1, 238)
    with system.services.store.read() as connection:
        assert payment_references.find(connection, system.shop_id, [reference]) == (
            {reference: (key,)} if known else {}
        )
    if known:
        comes_in(system, key, "22.20")
        system.work()
        assert status(system) == ("processing", True)
        system.arrives(system.shop.order(238) or {})
        (made,) = system.documents(238)
        assert made.document is not None
        with system.services.store.read() as connection:
            assert payment_references.find(connection, system.shop_id, [reference]) == {reference: (key,)}


def test_nothing_is_written_in_the_meta_data_of_an_order(system: System) -> None:
    key = invoiced(system)
    before = system.shop.order(238)
    comes_in(system, key, "22.20")
    system.work()

    after = system.shop.order(238)
    assert before is not None
    assert after is not None
    assert after["meta_data"] == before["meta_data"]


def test_an_invoice_marked_paid_on_the_page_sets_its_order_paid(system: System) -> None:
    invoiced(system)
    document = system.documents(238)[0].document
    assert document is not None
    system.act(document_actions.mark_paid, document.document_id, on=system.clock.now.date())
    system.work()

    assert (status(system), changes(system)) == (("processing", True), [{"status": "processing"}])


@pytest.mark.parametrize(
    ("order", "asked", "found"),
    [
        ({"status": "pending"}, [{"set_paid": True, "transaction_id": "B1"}], ("processing", True)),
        ({"status": "failed"}, [{"set_paid": True, "transaction_id": "B1"}], ("processing", True)),
        (
            {"status": "on-hold", "needs_processing": False},
            [{"status": "completed", "transaction_id": "B1"}],
            ("completed", True),
        ),
        ({"status": "completed"}, [], ("completed", False)),
    ],
)
def test_what_is_asked_of_the_shop_depends_on_the_order(
    system: System, order: dict[str, Any], asked: list[dict[str, Any]], found: tuple[str, bool]
) -> None:
    key = invoiced(system)
    system.arrives(an_order(id=238, **{**BY_TRANSFER, **order}))
    comes_in(system, key, "22.20")
    system.work()

    assert (changes(system), status(system)) == (asked, found)


def test_an_older_shop_that_does_not_say_that_all_is_downloaded_is_asked_twice(system: System) -> None:
    key = invoiced(system, needs_processing=None)
    comes_in(system, key, "22.20")
    system.work()

    assert [change["status"] for change in changes(system)] == ["processing", "completed"]
    assert status(system) == ("completed", True)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"status": "cancelled"}, "paid_but_cancelled"),
        ({"status": "refunded"}, "paid_but_refunded"),
        ({"status": "trash"}, "paid_but_in_bin"),
        ({"status": "processing", "payment_method": "cod"}, "paid_when_completed"),
    ],
)
def test_what_only_a_person_may_move_waits_for_one_with_a_sentence(
    system: System, order: dict[str, Any], code: str
) -> None:
    key = invoiced(system)
    system.shop.place(an_order(id=238, **{**BY_TRANSFER, **order}))
    comes_in(system, key, "22.20")
    system.work()

    assert (changes(system), settlements(system)) == ([], [("failed", code)])
    with system.services.store.read() as connection:
        reason = reason_of(Source.WORK, code, "settle_order")
        (need,) = need_list.page(connection, (system.shop_id,), reason, now=system.clock.now).rows
    assert (need.code, need.order_id, "238" in str(need.message)) == (code, 238, True)
    assert system.trail(238).has_failed


def test_what_a_person_then_did_in_the_shop_answers_it(system: System) -> None:
    key = invoiced(system)
    system.shop.place(an_order(id=238, **{**BY_TRANSFER, "status": "cancelled"}))
    comes_in(system, key, "22.20")
    system.work()
    system.shop.change(238, status="processing")
    order = system.shop.order(238)
    assert order is not None
    system.arrives(order)

    assert settlements(system) == [("done", "answered")]


def test_what_failed_is_tried_again_by_a_button(system: System) -> None:
    key = invoiced(system)
    system.shop.place(an_order(id=238, **{**BY_TRANSFER, "status": "cancelled"}))
    comes_in(system, key, "22.20")
    system.work()
    system.shop.place(an_order(id=238, **BY_TRANSFER))
    system.act(order_actions.retry_order, 238)
    system.work()

    assert (settlements(system), status(system)) == ([("done", "set_paid")], ("processing", True))


def test_a_part_is_told_in_one_note_for_each_amount(system: System) -> None:
    key = invoiced(system)
    for amount, name in (("10.00", "B1"), ("10.00", "B1"), ("2.00", "B2")):
        comes_in(system, key, amount, name)
        system.work()
    settle(system.services, key)

    assert sorted(note.split(">")[1] for note in money_notes(system)) == [
        "€ 10,00 van € 22,20 ontvangen.</span",
        "€ 12,00 van € 22,20 ontvangen.</span",
    ]
    assert (status(system), settlements(system)[-1]) == (("on-hold", False), ("done", "partly_paid"))


def test_the_rest_sets_it_paid(system: System) -> None:
    key = invoiced(system)
    comes_in(system, key, "10.00", "B1")
    system.work()
    comes_in(system, key, "12.20", "B2")
    system.work()

    assert (status(system), changes(system)[-1]["transaction_id"]) == (("processing", True), "B2")


def test_too_much_is_a_flag_until_it_is_given_back(system: System) -> None:
    key = invoiced(system)
    comes_in(system, key, "22.20", "B1")
    too_much = comes_in(system, key, "20.00", "B2")
    system.work()
    order = system.shop.order(238)
    assert order is not None
    system.arrives(order)

    ((code, message),) = flags(system)
    assert (code, "20.00 EUR" in message) == ("to_give_back", True)
    assert too_much is not None
    with system.services.store.write() as connection:
        payments.reverse(connection, too_much, on=system.clock.now.date(), by="An", now=system.clock.now)
    system.work()
    assert flags(system) == []


def test_many_payments_wait_as_one(system: System) -> None:
    key = invoiced(system)
    for number in range(20):
        comes_in(system, key, "1.00", f"B{number}")

    assert settlements(system) == [("waiting", "")]


def test_two_at_once_and_a_death_before_it_was_written_down_ask_once(system: System) -> None:
    key = invoiced(system)
    comes_in(system, key, "22.20")
    settle(system.services, key)  # and the worker dies
    system.work()

    assert (len(changes(system)), len(money_notes(system))) == (1, 1)
    assert settlements(system) == [("done", "was_paid")]


def test_an_answer_that_was_lost_is_looked_for(system: System) -> None:
    key = invoiced(system)
    comes_in(system, key, "22.20")
    system.shop.faults.next(ServerFault(cut=True, method="PUT"))
    system.work()
    assert settlements(system)[0][0] == "waiting"
    system.clock.move(minutes=10)
    system.work()

    assert (len(changes(system)), settlements(system)) == (1, [("done", "was_paid")])


def test_a_shop_that_is_away_is_tried_for_a_day_and_then_named(system: System) -> None:
    key = invoiced(system)
    comes_in(system, key, "22.20")
    url = system.connected.shop.url
    system.change_shop(url="http://127.0.0.1:9")
    for _ in range(3):
        system.work()
        system.clock.move(hours=13)
    assert settlements(system)[0][0] == "failed"
    system.change_shop(url=url)
    system.act(order_actions.retry_order, 238)
    system.work()

    assert status(system) == ("processing", True)


@pytest.mark.parametrize("change", ["costs more", "refunded"])
def test_an_order_that_changed_is_looked_at_first(system: System, change: str) -> None:
    key = invoiced(system)
    comes_in(system, key, "22.20")
    if change == "refunded":
        system.shop.refund(238, a_refund(an_order(id=238), id=301, amount="10.00", created=system.clock.now))
    else:
        system.shop.change(238, total="60.00")
    system.work()

    assert (changes(system), settlements(system)) == ([], [("waiting", "order_changed")])


def test_an_order_that_is_gone_or_is_another_now_is_named(system: System) -> None:
    key = invoiced(system)
    comes_in(system, key, "22.20")
    system.shop.place(an_order(id=238, **BY_TRANSFER, order_key="wc_order_another"))
    system.work()
    assert settlements(system) == [("failed", "paid_but_gone")]
    system.shop.forget(238)
    system.act(order_actions.retry_order, 238)
    system.work()

    assert (changes(system), settlements(system)) == ([], [("failed", "paid_but_gone")])


def test_money_that_went_back_leaves_the_shop_as_it_is(system: System) -> None:
    """Never backwards: of an order that is packed already only a note tells."""
    key = invoiced(system)
    payment_id = comes_in(system, key, "22.20")
    system.work()
    assert payment_id is not None
    with system.services.store.write() as connection:
        payments.reverse(connection, payment_id, on=system.clock.now.date(), by="An", now=system.clock.now)
    system.work()
    order = system.shop.order(238)
    assert order is not None
    system.arrives(order)

    assert (status(system), len(changes(system))) == (("processing", True), 1)
    assert '<span data-facturelay="paid 0.00/22.20">€ 0,00 van € 22,20 ontvangen.</span>' in money_notes(system)
    assert not system.documents(238)[0].is_paid


@pytest.mark.parametrize("case", ["test", "off", "no key"])
def test_nothing_is_asked_of_a_shop_that_does_not_want_it(system: System, case: str) -> None:
    key = invoiced(system)
    comes_in(system, key, "22.20")
    if case == "no key":
        secrets = system.connected.secrets
        system.change_secrets(replace(secrets, rest_key="", rest_secret=""))
    system.change_shop(test=case == "test", sets_orders_paid=case != "off")
    system.work()

    assert (changes(system), settlements(system)[0][0]) == ([], "done")
    assert len(money_notes(system)) == (1 if case == "off" else 0)


def test_what_waits_of_a_paused_shop_goes_on_with_it(system: System) -> None:
    key = invoiced(system)
    comes_in(system, key, "22.20")
    system.change_shop(suspended=True)
    system.work()
    system.clock.now += timedelta(days=3)
    system.work()
    assert settlements(system)[0][0] == "waiting"
    system.change_shop(suspended=False)
    system.clock.move(hours=2)
    system.work()

    assert status(system) == ("processing", True)


def test_money_for_a_payment_request_brings_the_invoice_that_is_paid(system: System) -> None:
    """And until then it is in no book: not in the journal, not among what was invoiced or is open."""
    system.change_shop(rules=(Rule.parse("payment_request:created:send"), Rule.parse("invoice:paid:send")))
    key = invoiced(system)
    asked, day = system.numbers(238), system.clock.now.date()
    with system.services.store.read() as connection:
        assert order_balance.of_order(connection, key) == OrderBalance(Decimal("22.20"), ZERO, "EUR")
        assert sales_journal.journal(connection, key.shop_id, since=day, until=day).rows == ()
        assert open_invoices.totals(connection, key.shop_id, today=day) == ()
        assert open_invoices.invoiced_since(connection, key.shop_id, day) == {}
    comes_in(system, key, "22.20")
    system.work()
    processed = system.shop.order(238)
    assert processed is not None
    system.arrives(processed)

    assert (asked, status(system)) == (["P2026-00001"], ("processing", True))
    assert system.numbers(238) == ["P2026-00001", "F2026-00001"]
    with system.services.store.read() as connection:
        assert order_balance.of_order(connection, key) == OrderBalance(Decimal("22.20"), Decimal("22.20"), "EUR")
        assert open_invoices.totals(connection, key.shop_id, today=day) == ()
        assert open_invoices.invoiced_since(connection, key.shop_id, day) == {"EUR": Decimal("22.20")}


def refunds(system: System, amount: str) -> None:
    system.clock.move(minutes=1)
    refund = a_refund(an_order(id=238), id=301, amount=amount, created=system.clock.now)
    system.shop.refund(238, refund)
    system.receive(system.shop.order(238) or {})
    system.work()


@pytest.mark.parametrize("asks", ["payment_request:created:send", "order_confirmation:created:send", None])
def test_what_is_refunded_before_there_is_an_invoice_is_asked_no_more(system: System, asks: str | None) -> None:
    rules = [asks, "invoice:paid:send"] if asks else ["invoice:paid:send"]
    system.change_shop(rules=tuple(map(Rule.parse, rules)))
    key = invoiced(system)
    refunds(system, "10.00")
    with system.services.store.read() as connection:
        assert order_balance.of_order(connection, key) == OrderBalance(Decimal("12.20"), ZERO, "EUR")
        assert [one.to_pay for one in monies(connection, key)] == ([Decimal("12.20")] if asks else [])
    comes_in(system, key, "12.20")
    system.work()
    assert status(system) == ("processing", True)
    system.arrives(system.shop.order(238) or {})
    with system.services.store.read() as connection:
        assert order_balance.of_order(connection, key) == OrderBalance(Decimal("12.20"), Decimal("12.20"), "EUR")
        assert [one.to_pay for one in monies(connection, key)] == [ZERO] * (3 if asks else 2)
    assert flags(system) == []


@pytest.mark.parametrize("method", ["bacs", "mollie_wc_gateway_ideal"])
@pytest.mark.parametrize("kind", ASKING)
def test_a_document_that_is_made_after_a_refund_asks_on_paper_for_what_it_left(
    system: System, kind: Kind, method: str
) -> None:
    system.change_shop(rules=(Rule.parse("invoice:paid:send"),))
    key = invoiced(system, payment_method=method, status="pending")
    refunds(system, "10.00")
    asked = ManualDocument(238, kind, send=False, rest_paid=False)
    manual.issue_manual_document(system.services, system.shop_id, asked, by=system.person)
    with system.services.store.read() as connection:
        ((paper, money),) = [(one.document.draft, one) for one in monies(connection, key)]
    assert (paper.to_pay, money.to_pay, money.refunded, money.credited) == (
        Decimal("12.20"), Decimal("12.20"), Decimal("10.00"), ZERO,
    )  # fmt: skip
    # The shop's page, and the provider's, would take all of it.
    assert money.is_as_printed
    assert (paper.payment and (paper.payment.means, paper.payment.pay_url)) == (Means.TRANSFER, "")


def monies(connection: Connection, key: OrderKey) -> tuple[DocumentMoney, ...]:
    return document_money.of_documents(connection, stored_documents.of_order(connection, key))


@pytest.mark.parametrize("asks", ["payment_request", "invoice"])
def test_what_came_sets_an_order_paid_once_the_shop_refunds_the_rest(system: System, asks: str) -> None:
    system.change_shop(rules=(Rule.parse(f"{asks}:created:send"),))
    comes_in(system, invoiced(system), "12.20")
    system.work()
    assert status(system) == ("on-hold", False)
    refunds(system, "10.00")
    assert status(system) == ("processing", True)


def test_an_order_that_is_refunded_whole_before_it_was_paid_waits_for_nothing(system: System) -> None:
    system.change_shop(rules=(Rule.parse("payment_request:created:send"),))
    key = invoiced(system)
    refunds(system, "22.20")
    with system.services.store.read() as connection:
        assert order_balance.of_order(connection, key) == OrderBalance(ZERO, ZERO, "EUR")
    assert waited_for(system) == []


@pytest.mark.parametrize(
    ("came", "asked", "excess"), [("22.20", "22.20", "0"), ("5.00", "12.20", "0"), ("15.00", "15.00", "0")]
)
def test_a_refund_of_a_sale_on_account_gives_back_only_what_was_too_much(
    system: System, came: str, asked: str, excess: str
) -> None:
    system.change_shop(rules=(Rule.parse("payment_request:created:send"),), payment_terms={"bacs": PaymentTerms(30)})
    key = invoiced(system)
    comes_in(system, key, came)
    system.work()
    system.clock.move(days=1)
    refunds(system, "10.00")
    with system.services.store.read() as connection:
        balance = order_balance.of_order(connection, key)
    assert balance == OrderBalance(Decimal(asked), Decimal(came), "EUR", Decimal(excess))


def asked_under(system: System, order_id: int) -> list[str]:
    """The references of an order's documents, in their order."""
    made = [document.document for document in system.documents(order_id)]
    return [one.draft.payment.reference for one in made if one and one.draft.payment]


def test_one_order_asks_under_one_reference_though_the_shop_took_other_digits_meanwhile(system: System) -> None:
    system.change_shop(rules=(Rule.parse("order_confirmation:created:send"), Rule.parse("invoice:completed:send")))
    placed = an_order(id=238, created=system.clock.now, **BY_TRANSFER)
    system.arrives(placed)
    change_shop(system.services, system.shop_id, ShopChanges({"reference_digits": "412"}), by=system.person)
    system.clock.move(minutes=59)  # the plugin may not know the new ones yet
    system.arrives(an_order(id=239, created=system.clock.now, **BY_TRANSFER))
    system.clock.move(hours=1)
    system.arrives(an_order(id=240, created=system.clock.now, **BY_TRANSFER))
    system.arrives({**placed, "status": "completed", "date_modified_gmt": f"{system.clock.now:%Y-%m-%dT%H:%M:%S}"})

    assert [system.numbers(one) for one in (238, 239, 240)] == [
        ["B2026-00001", "F2026-00001"],
        ["B2026-00002"],
        ["B2026-00003"],
    ]
    old, after = structured_communication(1, 238), structured_communication(412, 240)
    assert asked_under(system, 238) == [old, old]
    assert asked_under(system, 239) == [structured_communication(1, 239)]
    assert asked_under(system, 240) == [after]
    with system.services.store.read() as connection:
        found = payment_references.find(connection, system.shop_id, [old, after])
    assert {reference: [one.order_id for one in orders] for reference, orders in found.items()} == {
        old: [238],
        after: [240],
    }


@pytest.mark.each_database
@pytest.mark.parametrize(("test", "digits"), [(True, 412), (False, 1)])
def test_only_digits_of_a_shop_in_test_are_forgotten(system: System, digits: int, *, test: bool) -> None:
    """Of a real shop's order the plugin may have told the buyer the reference before it was fetched."""
    placed_at = system.clock.now
    system.change_shop(test=test)
    change_shop(system.services, system.shop_id, ShopChanges({"reference_digits": "412"}), by=system.person)
    system.change_shop(test=False)
    system.arrives(an_order(id=238, created=placed_at, **BY_TRANSFER))
    assert asked_under(system, 238) == [structured_communication(digits, 238)]


def test_who_waits_when_a_shop_goes_live_is_known_under_what_its_plugin_then_says(system: System) -> None:
    system.change_shop(test=True)
    key = invoiced(system)
    told = structured_communication(1, 238)
    with system.services.store.read() as connection:
        assert payment_references.find(connection, system.shop_id, [told]) == {}
    change_shop(system.services, system.shop_id, ShopChanges(live=True), by=system.person)
    with system.services.store.read() as connection:
        assert payment_references.find(connection, system.shop_id, [told]) == {told: (key,)}


def test_an_order_that_is_deleted_is_no_more_among_those_that_are_waited_for(system: System) -> None:
    system.change_shop(rules=(Rule.parse("payment_request:created:send"),))
    invoiced(system)
    assert waited_for(system) == [238]
    system.shop.forget(238)
    system.receive({"id": 238}, topic="order.deleted")
    system.work()
    assert waited_for(system) == []


def waited_for(system: System) -> list[int]:
    with system.services.store.read() as connection:
        asking = select(documents.c.order_id).join(unpaid, unpaid.c.document_id == documents.c.document_id)
        return list(connection.execute(asking).scalars())


@pytest.mark.parametrize("rule", ["invoice:completed:send", "payment_request:created:send"])
def test_a_part_of_an_order_that_is_deleted_before_its_invoice_is_to_be_given_back(system: System, rule: str) -> None:
    system.change_shop(rules=(Rule.parse(rule),))
    key = invoiced(system)
    comes_in(system, key, "10.00")
    system.work()
    assert flags(system) == []
    system.shop.forget(238)
    system.receive({"id": 238}, topic="order.deleted")
    system.work()
    assert [code for code, _ in flags(system)] == ["to_give_back"]


@pytest.mark.parametrize("rule", ["invoice:completed:send", "payment_request:created:send"])
def test_a_part_of_an_order_that_is_cancelled_before_its_invoice_is_to_be_given_back(system: System, rule: str) -> None:
    system.change_shop(rules=(Rule.parse(rule),))
    key = invoiced(system)
    comes_in(system, key, "10.00")
    for state, codes in (
        ("on-hold", []),
        ("cancelled", ["to_give_back"]),
        ("on-hold", []),
        ("trash", ["to_give_back"]),
    ):
        system.arrives(an_order(id=238, **{**BY_TRANSFER, "status": state}))
        assert [code for code, _ in flags(system)] == codes
    comes_in(system, key, "12.20", "B2")
    system.work()
    assert (flags(system), settlements(system)[-1]) == ([], ("failed", "paid_but_in_bin"))
