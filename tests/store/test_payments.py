"""Payments are only added; what is open, and which invoices are unpaid, follows from them and the credit notes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.support.history import History
from tests.support.issued import ENCRYPTION, NOW, pay, plain_draft
from worker.domain.actor import Actor
from worker.domain.document import Document, Kind, PaymentInstructions
from worker.domain.money import ZERO, total_of
from worker.domain.order import OrderKey
from worker.domain.payment import Balance, OrderBalance, PaymentSource, Prepayment, Receipt, open_amount
from worker.domain.webhook import WebhookEventKind
from worker.store import document_balances, payment_references, payment_rows, payments, webhooks
from worker.store.database.tables import unpaid
from worker.store.payment_rows import Payment
from worker.store.queries import order_balance
from worker.store.webhooks import NewEndpoint

TODAY = NOW.date()


def balance_of(history: History, document: Document) -> Balance:
    with history.store.read() as connection:
        return document_balances.of_documents(connection, [document.document_id])[document.document_id]


def is_unpaid(history: History, document: Document) -> bool:
    with history.store.read() as connection:
        mine = select(unpaid.c.document_id).where(unpaid.c.document_id == document.document_id)
        return connection.execute(mine).scalar() is not None


def came_in(history: History, document: Document, amount: Decimal, on: date = TODAY) -> None:
    receipt = Receipt(on, PaymentSource.PERSON, "An", method="transfer", reference="+++090/0000/23856+++")
    with history.store.write() as connection:
        payments.add(connection, document.document_id, amount, receipt, now=history.now)


def credited(history: History, invoice: Document, amount: Decimal) -> None:
    cause = f"refund:{next(causes)}"
    history.credited(invoice, cause=cause, net=amount, vat=ZERO, rounding=ZERO, total=amount)


orders, causes = count(1), count(1)
events = st.lists(
    st.tuples(st.sampled_from(["pay", "credit", "pay in full", "take back"]), st.integers(1, 3000)), max_size=6
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events)
def test_what_is_open_follows_every_payment_and_credit_note(history: History, given: list[tuple[str, int]]) -> None:
    invoice = history.issued(next(orders))
    total, back, paid = invoice.draft.total, ZERO, ZERO
    assert is_unpaid(history, invoice)
    for what, cents in given:
        amount = Decimal(cents).scaleb(-2)
        if what == "credit":
            amount = min(amount, total - back)
            back += amount
            if amount:
                credited(history, invoice, amount)
        elif what == "pay in full":
            with history.store.write() as connection:
                pay(connection, invoice.document_id)
            paid = max(paid, total - back)
        else:
            amount = amount if what == "pay" else -amount
            came_in(history, invoice, amount)
            paid += amount
        balance = balance_of(history, invoice)
        assert balance.open == open_amount(total, credited=back, paid=paid)
        assert is_unpaid(history, invoice) == (balance.open > 0)


def test_a_payment_is_kept_with_all_that_is_known_of_it(history: History) -> None:
    invoice = history.issued(1)
    came_in(history, invoice, Decimal("5.00"), date(2026, 11, 20))
    with history.store.read() as connection:
        assert payment_rows.of_documents(connection, [invoice.document_id]) == {
            invoice.document_id: (
                Payment(
                    payment_id=1,
                    shop_id="a",
                    order_id=1,
                    order_key="wc_order_1",
                    amount=Decimal("5.00"),
                    currency="EUR",
                    paid_on=date(2026, 11, 20),
                    method="transfer",
                    reference="+++090/0000/23856+++",
                    source=PaymentSource.PERSON,
                    outside_ref=None,
                    reverses=None,
                    replaces=None,
                    created_at=NOW,
                    created_by="An",
                ),
            )
        }


def test_in_full_is_what_credit_notes_and_payments_left_and_comes_once(history: History) -> None:
    invoice = history.issued(1)
    credited(history, invoice, Decimal("2.20"))
    came_in(history, invoice, Decimal("5.00"))
    before = balance_of(history, invoice)
    history.later(days=1)
    receipt = Receipt(history.now.date(), PaymentSource.ORDER, "order")
    with history.store.write() as connection:
        did = [payments.pay_in_full(connection, invoice.document_id, receipt, now=history.now) for _ in range(2)]
        stored = payment_rows.of_documents(connection, [invoice.document_id])[invoice.document_id]
    after = balance_of(history, invoice)

    assert (before.is_paid, before.paid_on, before.status) == (False, None, "partly credited")
    assert did == [True, False]
    assert [payment.amount for payment in stored] == [Decimal("5.00"), before.open]
    assert (after.open, after.is_paid) == (ZERO, True)
    assert (after.paid_on, after.paid_at) == (history.now.date(), NOW + timedelta(days=1))


def test_an_invoice_taken_back_wholly_before_any_payment_is_never_paid(history: History) -> None:
    invoice = history.issued(1)
    history.credited(invoice)
    with history.store.write() as connection:
        pay(connection, invoice.document_id)
        assert payment_rows.of_documents(connection, [invoice.document_id]) == {}

    assert not balance_of(history, invoice).is_paid


def test_whoever_wants_to_be_told_hears_of_it_once_nothing_is_open(history: History) -> None:
    invoice, other = history.issued(1), history.issued(2)
    with history.store.write() as connection:
        kinds, url = [WebhookEventKind.PAID], "https://books.example/hook"
        endpoint, _ = webhooks.add(
            connection, ENCRYPTION, NewEndpoint(shop_id="a", url=url, events=kinds), by=Actor("An", NOW)
        )

    def told() -> list[int]:
        with history.store.read() as connection:
            return [event.document_id for event in webhooks.events_of(connection, endpoint.endpoint_id, limit=9)]

    came_in(history, invoice, Decimal("5.00"))
    assert told() == []
    came_in(history, invoice, balance_of(history, invoice).open)
    assert told() == [invoice.document_id]
    assert not balance_of(history, other).is_paid


def test_many_are_asked_by_a_query_as_by_their_ids(history: History) -> None:
    made = [history.issued(order_id) for order_id in (1, 2, 3)]
    came_in(history, made[0], Decimal("5.00"))
    history.credited(made[1])
    with history.store.read() as connection:
        ids = [document.document_id for document in made]
        asked = document_balances.of_documents(connection, ids)
        assert asked == document_balances.of_documents(connection, select(unpaid.c.document_id)) | {
            ids[1]: asked[ids[1]]
        }
        assert document_balances.of_documents(connection, []) == {}


def test_two_who_say_so_at_once_pay_once(history: History) -> None:
    invoice = history.issued(1)
    ready = threading.Barrier(4)

    def say_so() -> bool:
        ready.wait()
        with history.store.write() as connection:
            receipt = Receipt(TODAY, PaymentSource.PERSON, "An")
            return payments.pay_in_full(connection, invoice.document_id, receipt, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        did = [future.result() for future in [pool.submit(say_so) for _ in range(4)]]

    assert sorted(did) == [False, False, False, True]
    assert balance_of(history, invoice).open == 0


CARD = Prepayment(Decimal("5.00"), code="…5678")


def test_what_a_gift_card_paid_is_a_payment_and_the_rest_stays_open(history: History) -> None:
    invoice = history.issued(1, prepaid=(CARD,))
    balance = balance_of(history, invoice)
    assert (balance.paid, balance.open, is_unpaid(history, invoice)) == (Decimal("5.00"), invoice.draft.to_pay, True)
    with history.store.read() as connection:
        [row] = payment_rows.of_documents(connection, [invoice.document_id])[invoice.document_id]
    assert (row.method, row.reference, row.source) == ("gift_card", "…5678", PaymentSource.ORDER)


def test_an_order_that_was_paid_with_a_card_and_money_leaves_nothing_open(history: History) -> None:
    rest = plain_draft(Kind.INVOICE).total - CARD.amount
    with history.store.write() as connection:
        told = Receipt(TODAY, PaymentSource.ORDER, "order", method="stripe", currency="EUR")
        payments.count(connection, OrderKey("a", 1, "wc_order_1"), rest, told, now=NOW)
    invoice = history.issued(1, paid=True, prepaid=(CARD,))
    assert (balance_of(history, invoice).open, balance_of(history, invoice).is_paid) == (ZERO, True)
    assert not is_unpaid(history, invoice)


def test_a_confirmation_of_an_order_with_a_card_has_no_payment(history: History) -> None:
    confirmation = history.issued(1, kind=Kind.ORDER_CONFIRMATION, prepaid=(CARD,))
    assert balance_of(history, confirmation).paid is None


# Money of orders


def received(history: History, order: OrderKey, amount: str, ref: str, on: date = TODAY) -> int | None:
    receipt = Receipt(on, PaymentSource.BANK, "bank", method="bacs", outside_ref=ref)
    with history.store.write() as connection:
        return payments.receive(connection, order, Decimal(amount), receipt, now=history.now)


def asked_of(history: History, order: OrderKey) -> OrderBalance:
    with history.store.read() as connection:
        found = order_balance.of_order(connection, order)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", [Kind.ORDER_CONFIRMATION, Kind.PAYMENT_REQUEST])
def test_money_for_what_asked_first_pays_the_invoice_that_follows(history: History, kind: Kind) -> None:
    confirmation = history.issued(1, kind=kind, paid_on=None)
    total = confirmation.draft.total
    received(history, confirmation.order, str(total), "line-1")
    before = asked_of(history, confirmation.order)

    invoice = history.issued(1)

    assert (before.open, before.excess) == (ZERO, ZERO)
    assert balance_of(history, invoice).is_paid
    assert not is_unpaid(history, invoice)
    assert asked_of(history, invoice.order) == OrderBalance(invoice.draft.total, total, "EUR")


def test_what_a_bank_line_brought_counts_once_however_often_it_is_told(history: History) -> None:
    invoice = history.issued(1)
    assert received(history, invoice.order, "5.00", "line-1") is not None
    assert received(history, invoice.order, "5.00", "line-1") is None
    assert balance_of(history, invoice).paid == Decimal("5.00")


def test_what_the_bank_says_takes_the_place_of_what_a_person_said(history: History) -> None:
    invoice = history.issued(1)
    with history.store.write() as connection:
        pay(connection, invoice.document_id, on=TODAY)
    received(history, invoice.order, str(invoice.draft.total), "line-1", date(2026, 11, 20))

    balance = balance_of(history, invoice)
    assert (balance.open, balance.paid_on, asked_of(history, invoice.order).excess) == (ZERO, date(2026, 11, 20), ZERO)


def test_what_comes_twice_by_the_bank_is_to_be_given_back(history: History) -> None:
    invoice = history.issued(1)
    for line in ("line-1", "line-2"):
        received(history, invoice.order, str(invoice.draft.total), line)

    assert asked_of(history, invoice.order).excess == invoice.draft.total
    assert balance_of(history, invoice).open == ZERO


def test_a_payment_that_is_reversed_leaves_the_invoice_open_again_and_is_reversed_once(history: History) -> None:
    invoice = history.issued(1)
    payment_id = received(history, invoice.order, str(invoice.draft.total), "line-1")
    assert payment_id is not None
    with history.store.write() as connection:
        did = [payments.reverse(connection, payment_id, on=TODAY, by="An", now=NOW) for _ in range(2)]

    assert did == [True, False]
    assert is_unpaid(history, invoice)
    assert balance_of(history, invoice).open == invoice.draft.total
    assert received(history, invoice.order, "5.00", "line-1") is None  # the bank tells of the same line again


def test_what_a_person_said_counts_again_once_the_banks_line_is_taken_back(history: History) -> None:
    invoice = history.issued(1)
    with history.store.write() as connection:
        pay(connection, invoice.document_id, on=TODAY)
    by_hand = balance_of(history, invoice)
    for line in ("line-1", "line-2"):  # counted anew, and taken back once more
        payment_id = received(history, invoice.order, str(invoice.draft.total), line, date(2026, 11, 20))
        assert payment_id is not None
        with history.store.write() as connection:
            payments.reverse(connection, payment_id, on=TODAY, by="An", now=NOW)

        with history.store.read() as connection:
            (stands,) = payment_rows.standing(connection, invoice.order)
        assert (stands.source, stands.paid_on) == (PaymentSource.PERSON, TODAY)
        assert (balance_of(history, invoice).open, balance_of(history, invoice).paid_on) == (ZERO, by_hand.paid_on)
        assert asked_of(history, invoice.order).excess == ZERO


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([Decimal("6.00"), Decimal("15.00")])
@given(st.lists(st.integers(1, 1900).map(lambda cents: Decimal(cents).scaleb(-2)), min_size=1, max_size=4))
def test_what_was_said_comes_in_parts_and_only_what_is_more_is_given_back(
    history: History, parts: list[Decimal]
) -> None:
    number = next(orders)
    invoice = history.issued(number)
    with history.store.write() as connection:
        pay(connection, invoice.document_id, on=TODAY)
    total, came = invoice.draft.total, list[int | None]()
    for place, part in enumerate(parts, start=1):
        came.append(received(history, invoice.order, str(part), f"part-{number}-{place}"))
        assert asked_of(history, invoice.order).excess == max(total_of(parts[:place]) - total, ZERO)
        assert balance_of(history, invoice).open == ZERO
    for payment_id in came:
        assert payment_id is not None
        with history.store.write() as connection:
            payments.reverse(connection, payment_id, on=TODAY, by="An", now=NOW)
    assert asked_of(history, invoice.order) == OrderBalance(invoice.draft.total, invoice.draft.total, "EUR")


def test_one_line_brings_what_was_said_in_parts(history: History) -> None:
    invoice = history.issued(1)
    half = Decimal("7.50")
    with history.store.write() as connection:
        for _ in range(2):
            told = Receipt(TODAY, PaymentSource.PERSON, "An")
            payments.add(connection, invoice.document_id, half, told, now=NOW)
    payment_id = received(history, invoice.order, "16.00", "line-1")
    assert payment_id is not None
    assert asked_of(history, invoice.order) == OrderBalance(half * 2, Decimal("16.00"), "EUR", Decimal("1.00"))

    with history.store.write() as connection:
        payments.reverse(connection, payment_id, on=TODAY, by="An", now=NOW)
    assert asked_of(history, invoice.order) == OrderBalance(half * 2, half * 2, "EUR")


def test_money_of_a_credited_invoice_pays_the_one_in_its_place(history: History) -> None:
    first = history.issued(1)
    received(history, first.order, str(first.draft.total), "line-1")
    history.credited(first)
    second = history.issued(1, cause="order:1:invoice:2")

    assert balance_of(history, second).is_paid
    assert asked_of(history, first.order) == OrderBalance(second.draft.total, second.draft.total, "EUR")


def test_references_are_those_that_documents_asked_for(history: History) -> None:
    asked = PaymentInstructions(reference="090000023856", iban="BE68539007547034")
    invoice, test = history.issued(1, payment=asked), history.issued(2, payment=asked, test=True)
    with history.store.read() as connection:
        found = payment_references.find(connection, "a", ["090000023856", "090000023957"])

    assert found == {"090000023856": (invoice.order,)}
    assert test.order not in found["090000023856"]


acts = st.lists(st.tuples(st.sampled_from(["bank", "invoice", "credit", "reverse"]), st.integers(1, 4000)), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("bank", 1509), ("bank", 1), ("invoice", 1), ("credit", 1), ("reverse", 2), ("reverse", 1)])
@given(acts)
def test_no_cent_of_an_orders_money_is_lost_or_pays_twice(history: History, given: list[tuple[str, int]]) -> None:
    number = next(orders)
    invoices = [history.issued(number)]
    came: list[tuple[int, Decimal]] = []
    for place, (what, cents) in enumerate(given):
        amount, last = Decimal(cents).scaleb(-2), invoices[-1]
        if what == "bank":
            payment_id = received(history, last.order, str(amount), f"{number}-{place}")
            assert payment_id is not None
            came.append((payment_id, amount))
        elif what == "reverse" and came:
            with history.store.write() as connection:
                payments.reverse(connection, came.pop(cents % len(came))[0], on=TODAY, by="An", now=NOW)
        elif what == "credit" and balance_of(history, last).credited is None:
            credited(history, last, last.draft.total)
        elif what == "invoice":
            invoices.append(history.issued(number, cause=f"order:{number}:invoice:{place + 2}"))
        total = sum((amount for _, amount in came), ZERO)
        whole, each = asked_of(history, last.order), [balance_of(history, invoice) for invoice in invoices]
        shared = sum((balance.paid or ZERO for balance in each), ZERO)
        asked = sum((balance.total - (balance.credited or ZERO) for balance in each), ZERO)
        assert whole.paid == total >= shared
        assert whole.excess - whole.open == total - asked
        assert all((balance.paid or ZERO) >= 0 for balance in each)
        assert not (whole.excess and any(balance.open > 0 for balance in each))
        assert [is_unpaid(history, invoice) for invoice in invoices] == [balance.open > 0 for balance in each]
