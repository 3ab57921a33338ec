"""Payments are only added; what is open, and which invoices are unpaid, follows from them and the credit notes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.support.history import History
from tests.support.issued import ENCRYPTION, NOW, pay
from worker.domain.actor import Actor
from worker.domain.document import Document, Kind
from worker.domain.money import ZERO
from worker.domain.payment import Balance, PaymentSource, Prepayment, Receipt, open_amount
from worker.domain.webhook import WebhookEventKind
from worker.store import payments, webhooks
from worker.store.database.tables import unpaid
from worker.store.payments import Payment
from worker.store.webhooks import NewEndpoint

TODAY = NOW.date()


def balance_of(history: History, document: Document) -> Balance:
    with history.store.read() as connection:
        return payments.balances(connection, [document.document_id])[document.document_id]


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
        assert payments.of_documents(connection, [invoice.document_id]) == {
            invoice.document_id: (
                Payment(
                    payment_id=1,
                    shop_id="a",
                    document_id=invoice.document_id,
                    amount=Decimal("5.00"),
                    currency="EUR",
                    paid_on=date(2026, 11, 20),
                    method="transfer",
                    reference="+++090/0000/23856+++",
                    source=PaymentSource.PERSON,
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
        stored = payments.of_documents(connection, [invoice.document_id])[invoice.document_id]
    after = balance_of(history, invoice)

    assert (before.is_paid, before.paid_on, before.status) == (False, None, "partly credited")
    assert did == [True, False]
    assert [payment.amount for payment in stored] == [Decimal("5.00"), before.open]
    assert (after.open, after.is_paid) == (ZERO, True)
    assert (after.paid_on, after.paid_at) == (history.now.date(), NOW + timedelta(days=1))


def test_an_invoice_taken_back_wholly_can_still_be_called_paid(history: History) -> None:
    invoice = history.issued(1)
    history.credited(invoice)
    assert not balance_of(history, invoice).is_paid
    with history.store.write() as connection:
        pay(connection, invoice.document_id)
        (payment,) = payments.of_documents(connection, [invoice.document_id])[invoice.document_id]

    assert (payment.amount, balance_of(history, invoice).is_paid) == (ZERO, True)


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
        asked = payments.balances(connection, ids)
        assert asked == payments.balances(connection, select(unpaid.c.document_id)) | {ids[1]: asked[ids[1]]}
        assert payments.balances(connection, []) == {}


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
        [row] = payments.of_documents(connection, [invoice.document_id])[invoice.document_id]
    assert (row.method, row.reference, row.source) == ("gift_card", "…5678", PaymentSource.ORDER)


def test_an_order_that_was_paid_with_a_card_and_money_leaves_nothing_open(history: History) -> None:
    invoice = history.issued(1, paid=True, prepaid=(CARD,))
    assert (balance_of(history, invoice).open, balance_of(history, invoice).is_paid) == (ZERO, True)
    assert not is_unpaid(history, invoice)


def test_a_confirmation_of_an_order_with_a_card_has_no_payment(history: History) -> None:
    confirmation = history.issued(1, kind=Kind.ORDER_CONFIRMATION, prepaid=(CARD,))
    assert balance_of(history, confirmation).paid is None
