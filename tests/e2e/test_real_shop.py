"""Claims about a real WooCommerce: two webhooks set up by hand are enough, and nothing comes twice."""

from decimal import Decimal

import pytest

from tests.e2e.conftest import RealHouse
from worker.domain.document import Kind
from worker.store.steps import StepName

pytestmark = pytest.mark.e2e


def test_a_paid_order_becomes_an_invoice_a_mail_and_one_note(real_house: RealHouse) -> None:
    order = real_house.shop.order(paid=True, quantity=3)
    real_house.wait_for(lambda: len(real_house.documents(order["id"])) == 1, "the invoice")
    (invoice,) = real_house.documents(order["id"])
    assert invoice.document is not None
    assert invoice.draft.total == Decimal(order["total"])
    assert invoice.done_at(StepName.MAIL) is not None
    assert [note for note in real_house.shop.notes(order["id"]) if invoice.link in note.replace("&amp;", "&")]
    assert any(invoice.document.number in mail.subject for mail in real_house.mailbox.messages())


def test_what_we_write_does_not_ring_us_again(real_house: RealHouse) -> None:
    order = real_house.shop.order(paid=True)
    real_house.wait_for(lambda: len(real_house.documents(order["id"])) == 1, "the invoice")
    before = len(real_house.shop.notes(order["id"]))
    for _ in range(3):
        real_house.shop.run_queue()
    ours = [note for note in real_house.shop.notes(order["id"]) if "[facturelay" in note]
    assert (len(real_house.shop.notes(order["id"])), len(ours)) == (before, 1)


def test_an_unpaid_order_makes_nothing_until_it_is_paid(real_house: RealHouse) -> None:
    order = real_house.shop.order(paid=False)
    real_house.wait_for(lambda: real_house.heard(order["id"]), "the order")
    assert real_house.documents(order["id"]) == ()
    real_house.shop.api.put(f"orders/{order['id']}", {"status": "processing"})
    real_house.wait_for(lambda: len(real_house.documents(order["id"])) == 1, "the invoice")


def test_refunds_become_credit_notes_that_add_up(real_house: RealHouse) -> None:
    order = real_house.shop.order(paid=True, quantity=2)
    real_house.wait_for(lambda: len(real_house.documents(order["id"])) == 1, "the invoice")
    real_house.shop.post(f"orders/{order['id']}/refunds", {"amount": "5.00", "reason": "kapot", "api_refund": False})
    real_house.wait_for(lambda: len(real_house.documents(order["id"])) == 2, "the first credit note")
    real_house.shop.api.put(f"orders/{order['id']}", {"status": "refunded"})
    real_house.wait_for(lambda: len(real_house.documents(order["id"])) == 3, "the second credit note")
    documents = real_house.documents(order["id"])
    credited = sum(item.draft.total for item in documents if item.draft.kind is Kind.CREDIT_NOTE)
    assert credited == Decimal(order["total"])
