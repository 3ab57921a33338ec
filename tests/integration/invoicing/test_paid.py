"""Whether an order is paid is decided in one place; papers, payments, pages and API all say the same of it."""

from datetime import datetime

import pytest

from tests.support.system import System
from worker.actions import documents as document_actions
from worker.demo.orders import Payload, an_order
from worker.invoicing import manual
from worker.invoicing.request import IssueAnswer
from worker.store import document_balances, orders
from worker.store.orders import StoredOrder
from worker.store.queries import order_lists


def stored(system: System) -> StoredOrder:
    with system.services.store.read() as connection:
        found = orders.find(connection, system.shop_id, 238)
    assert found is not None
    return found


def listed_as_paid(system: System) -> datetime | None:
    with system.services.store.read() as connection:
        (row,) = order_lists.orders_page(connection, {system.shop_id}).rows
    return row.paid_at


def test_a_sale_on_account_is_paid_nowhere_until_a_person_says_so(system: System) -> None:
    (invoice,) = system.arrives(
        an_order(id=238, paid=True, payment_method="igfw_invoice_gateway", payment_method_title="Op factuur")
    )
    assert (invoice.draft.paid_on, stored(system).paid_at, listed_as_paid(system)) == (None, None, None)
    assert invoice.document is not None
    document_id = invoice.document.document_id
    system.act(document_actions.mark_paid, document_id, on=system.clock.now.date())
    assert stored(system).paid_at == listed_as_paid(system) == system.clock.now


@pytest.mark.each_database
def test_an_order_that_the_shop_was_paid_for_is_paid_everywhere(system: System) -> None:
    (invoice,) = system.arrives(an_order(id=238, paid=True))
    assert invoice.is_paid
    assert None not in (invoice.draft.paid_on, stored(system).paid_at, listed_as_paid(system))


def deposit_of(amount: str, *, rest_paid: str) -> Payload:
    said = {
        "order_has_deposit": "yes",
        "deposit_paid": "yes",
        "deposit_amount": amount,
        "second_payment_paid": rest_paid,
    }
    metas = [{"id": n, "key": f"_wc_deposits_{key}", "value": value} for n, (key, value) in enumerate(said.items(), 1)]
    status = "completed" if rest_paid == "yes" else "partially-paid"
    return an_order(id=238, paid=True, status=status, meta_data=metas)


def test_a_deposit_is_kept_as_paid_and_the_rest_when_the_shop_says_that_it_came(system: System) -> None:
    (draft,) = system.arrives(deposit_of("5.00", rest_paid="no"))
    assert draft.stored_draft is not None
    document = manual.issue_waiting_draft(
        system.services, draft.stored_draft.draft_id, IssueAnswer(send=False), by=system.person
    )
    with system.services.store.read() as connection:
        balance = document_balances.of_documents(connection, [document.document_id])[document.document_id]
    assert (str(balance.paid), balance.open, stored(system).paid_at) == ("5.00", document.draft.to_pay, None)
    system.arrives(deposit_of("5.00", rest_paid="yes"))
    with system.services.store.read() as connection:
        assert document_balances.of_documents(connection, [document.document_id])[document.document_id].is_paid
    assert stored(system).paid_at is not None
