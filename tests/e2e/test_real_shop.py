"""Claims about a real WooCommerce: two webhooks set up by hand are enough, and nothing comes twice."""

from decimal import Decimal
from functools import partial

import pytest

from tests.e2e.conftest import RealSystem
from worker.actions import documents
from worker.domain.document import Kind
from worker.domain.step import MAIL
from worker.invoicing.manual import ManualDocument, issue_manual_document

pytestmark = pytest.mark.e2e


def test_a_paid_order_becomes_an_invoice_a_mail_and_one_note(real_system: RealSystem) -> None:
    order = real_system.shop.order(paid=True, quantity=3)
    real_system.wait_for(lambda: len(real_system.documents(order["id"])) == 1, "the invoice")
    (invoice,) = real_system.documents(order["id"])
    assert invoice.document is not None
    assert invoice.draft.total == Decimal(order["total"])
    assert invoice.done_at(MAIL) is not None
    link = str(real_system.services.link_of(invoice.document))
    assert [note for note in real_system.shop.notes(order["id"]) if link in note.replace("&amp;", "&")]
    assert any(invoice.document.number in mail.subject for mail in real_system.mailbox.messages())


def test_what_we_write_comes_back_as_no_delivery(real_system: RealSystem) -> None:
    order = real_system.shop.order(paid=True)
    real_system.wait_for(lambda: len(real_system.documents(order["id"])) == 1, "the invoice")
    before = len(real_system.shop.notes(order["id"]))
    for _ in range(3):
        real_system.shop.run_queue()
    ours = [note for note in real_system.shop.notes(order["id"]) if "data-facturelay" in note]
    assert (len(real_system.shop.notes(order["id"])), len(ours)) == (before, 1)


def test_an_unpaid_order_makes_nothing_until_it_is_paid(real_system: RealSystem) -> None:
    order = real_system.shop.order(paid=False)
    real_system.wait_for(lambda: real_system.heard(order["id"]), "the order")
    assert real_system.documents(order["id"]) == ()
    real_system.shop.api.put(f"orders/{order['id']}", {"status": "processing"})
    real_system.wait_for(lambda: len(real_system.documents(order["id"])) == 1, "the invoice")


def test_refunds_become_credit_notes_that_add_up(real_system: RealSystem) -> None:
    order = real_system.shop.order(paid=True, quantity=2)
    real_system.wait_for(lambda: len(real_system.documents(order["id"])) == 1, "the invoice")
    real_system.shop.post(f"orders/{order['id']}/refunds", {"amount": "5.00", "reason": "kapot", "api_refund": False})
    real_system.wait_for(lambda: len(real_system.documents(order["id"])) == 2, "the first credit note")
    real_system.shop.api.put(f"orders/{order['id']}", {"status": "refunded"})
    real_system.wait_for(lambda: len(real_system.documents(order["id"])) == 3, "the second credit note")
    documents = real_system.documents(order["id"])
    credited = sum(item.draft.total for item in documents if item.draft.kind is Kind.CREDIT_NOTE)
    assert credited == Decimal(order["total"])


def test_an_invoice_that_is_marked_paid_sets_its_order_paid_in_the_shop(real_system: RealSystem) -> None:
    services, order_id = real_system.services, real_system.shop.order(paid=False)["id"]
    by = services.actor("An")
    invoice = issue_manual_document(
        services, real_system.shop_id, ManualDocument(order_id, Kind.INVOICE, send=True), by=by
    )
    mark_paid = partial(documents.mark_paid, shop_id=real_system.shop_id, document_id=invoice.document_id)
    services.act(lambda connection: mark_paid(connection, on=by.now.date(), by=by))
    real_system.wait_for(lambda: real_system.shop.get(f"orders/{order_id}")["date_paid"] is not None, "the payment")

    notes = real_system.shop.notes(order_id)
    assert real_system.shop.get(f"orders/{order_id}")["status"] == "processing"
    assert sum('facturelay="paid ' in note for note in notes) == 1
    assert (
        sum(note == 'Email "Processing order" sent.' for note in notes) <= 1
    )  # ours goes in its place, where the plugin is
