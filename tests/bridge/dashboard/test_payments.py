"""The page of the bank's lines: what a file brought, what waits with what it might pay, and the two buttons for it."""

from decimal import Decimal

import pytest
from werkzeug.test import TestResponse

from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from worker.domain.actor import Actor
from worker.domain.bank_line import BankLine
from worker.domain.document import Document, PaymentRequest
from worker.payments.bank_file import keep
from worker.store import bank_lines, counters, document_balances
from worker.store.bank_lines import LineState, NewFile
from worker.store.queries.bank_claims import matched, told_before
from worker.store.users import Role

IBAN = "BE71096123456769"
REFERENCE = "012000023883"


@pytest.fixture
def owner(app: BridgeApp) -> Visitor:
    return signed_in(app, "owner@shop.example", roles={SHOP: Role.ADMIN})


@pytest.fixture
def invoice(app: BridgeApp) -> Document:
    return app.issue(paid_on=None, payment=PaymentRequest(reference=REFERENCE, iban=IBAN))


def bring(app: BridgeApp, *lines: BankLine) -> None:
    with app.store.write() as connection:
        counters.lock(connection, SHOP)
        file_id = bank_lines.add_file(connection, NewFile(SHOP, "0" * 64, "nov.cod", "CODA", None), by="An", now=NOW)
        found = matched(connection, SHOP, lines, told_before(connection, SHOP, lines))
        keep(connection, SHOP, file_id, found, by=Actor("An", NOW))


def a_line(amount: Decimal, key: str, *, text: str = "", structured: str = "") -> BankLine:
    key = f"coda:{IBAN}:{key}"
    return BankLine(IBAN, NOW.date(), amount, "EUR", key, name="P. <Peeters>", text=text, structured=structured)


def pressed(visitor: Visitor, path: str, **fields: str) -> TestResponse:
    """What the page says after a button was pressed."""
    visitor.get(f"/s/{SHOP}/payments")
    visitor.post(path, **fields)
    return visitor.get(f"/s/{SHOP}/payments")


def is_open(app: BridgeApp, invoice: Document) -> bool:
    with app.store.read() as connection:
        return document_balances.of_documents(connection, [invoice.document_id])[invoice.document_id].open > 0


def test_a_line_that_names_the_invoice_is_proposed_counted_by_one_button_and_taken_back(
    app: BridgeApp, owner: Visitor, invoice: Document
) -> None:
    bring(app, a_line(invoice.draft.total, "1", text=f"factuur {invoice.number}"))
    with app.store.read() as connection:
        assert bank_lines.waiting_count(connection, SHOP) == 1

    page = owner.get(f"/s/{SHOP}/payments").text
    assert f"Count for {invoice.draft.order_number}" in page
    assert "P. &lt;Peeters&gt;" in page

    answer = pressed(owner, f"/s/{SHOP}/payments/lines/1/count", number=invoice.draft.order_number)
    assert "It is counted for order" in answer.text
    assert not is_open(app, invoice)
    assert f"/orders/{invoice.draft.order_id}" in owner.get(f"/s/{SHOP}/payments?state=counted").text

    pressed(owner, f"/s/{SHOP}/payments/lines/1/take-back")
    assert is_open(app, invoice)


def test_a_number_that_names_nothing_is_said_and_changes_nothing(app: BridgeApp, owner: Visitor) -> None:
    bring(app, a_line(Decimal("5.00"), "1", text="hallo"))
    answer = pressed(owner, f"/s/{SHOP}/payments/lines/1/count", number="99999")
    assert "No document of this shop asks for money for “99999”" in answer.text
    with app.store.read() as connection:
        assert bank_lines.get(connection, SHOP, 1).state is LineState.WAITING


def test_a_viewer_sees_the_lines_and_no_button(app: BridgeApp, invoice: Document) -> None:
    viewer = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    bring(app, a_line(invoice.draft.total, "1", structured=REFERENCE), a_line(Decimal("5.00"), "2", text="hallo"))
    page = viewer.get(f"/s/{SHOP}/payments?state=all").text
    assert ("counted" in page, "names no order" in page, "/count" in page) == (True, True, False)


def test_a_line_of_another_shop_is_not_known(app: BridgeApp, owner: Visitor) -> None:
    answer = pressed(owner, f"/s/{SHOP}/payments/lines/77/put-aside")
    assert "This line of the bank is not known" in answer.text
