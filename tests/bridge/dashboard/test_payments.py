"""The pages of payments: what is open and marked paid, what a bank file brought, and the buttons for what waits."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.issued import pay
from tests.support.personas import Visitor, signed_in
from worker.domain.actor import Actor
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import COUNTED, SETTLED, Verdict
from worker.domain.bank_statement import BankStatement
from worker.domain.document import Document, PaymentInstructions
from worker.domain.payment import PaymentSource, Receipt
from worker.payments.bank_file import keep
from worker.store import bank_files, bank_lines, bank_statements, counters, document_balances, payments
from worker.store.bank_files import NewFile
from worker.store.bank_lines import LineState
from worker.store.database.pagination import FIRST_PAGE
from worker.store.queries import open_invoices
from worker.store.queries.bank_claims import matched, told_before
from worker.store.users import Role

IBAN = "BE71096123456769"
REFERENCE = "012000023883"


@pytest.fixture
def invoice(app: BridgeApp) -> Document:
    return app.issue(paid_on=None, payment=PaymentInstructions(reference=REFERENCE, iban=IBAN))


def bring(app: BridgeApp, *lines: BankLine) -> None:
    with app.store.write() as connection:
        counters.lock(connection, SHOP)
        file_id = bank_files.add_file(connection, NewFile(SHOP, "0" * 64, "nov.cod", "CODA", None), by="An", now=NOW)
        found = matched(connection, SHOP, lines, told_before(connection, SHOP, lines))
        keep(connection, SHOP, file_id, found, by=Actor("An", NOW))


def a_line(amount: Decimal, key: str, *, text: str = "", structured: str = "") -> BankLine:
    key = f"coda:{IBAN}:{key}"
    return BankLine(IBAN, NOW.date(), amount, "EUR", key, name="P. <Peeters>", text=text, structured=structured)


def pressed(visitor: Visitor, path: str, **fields: str) -> TestResponse:
    """What the page says after a button was pressed."""
    visitor.get(f"/s/{SHOP}/payments/bank")
    visitor.post(path, **fields)
    return visitor.get(f"/s/{SHOP}/payments/bank")


def is_open(app: BridgeApp, invoice: Document) -> bool:
    with app.store.read() as connection:
        return document_balances.of_documents(connection, [invoice.document_id])[invoice.document_id].open > 0


def test_a_statement_that_is_missing_is_told_of_until_one_button_says_that_none_is(
    app: BridgeApp, owner: Visitor
) -> None:
    first = BankStatement("BE71096123456769", "EUR", Decimal(0), date(2026, 11, 1), Decimal(10), date(2026, 11, 2))
    with app.store.write() as connection:
        later = replace(first, opened_on=date(2026, 11, 5), closed_on=date(2026, 11, 6))
        bank_statements.keep(connection, SHOP, [first, later])
    assert "A statement of your bank is missing" in owner.get(f"/s/{SHOP}/payments/bank").text
    answer = pressed(owner, f"/s/{SHOP}/payments/bank/statements/2/well")
    assert ["Nothing is missing:" in answer.text, "is missing between" in answer.text] == [True, False]


def test_a_line_that_names_the_invoice_is_proposed_counted_by_one_button_and_taken_back(
    app: BridgeApp, owner: Visitor, invoice: Document
) -> None:
    bring(app, a_line(invoice.draft.total, "1", text=f"factuur {invoice.number}"))
    with app.store.read() as connection:
        assert bank_lines.waiting_count(connection, SHOP) == 1

    page = owner.get(f"/s/{SHOP}/payments/bank").text
    assert f"Count for {invoice.draft.order_number}" in page
    assert '<input id="n-1" name="numbers"' in page  # where it pays another
    assert "P. &lt;Peeters&gt;" in page

    answer = pressed(owner, f"/s/{SHOP}/payments/bank/1/count", numbers=invoice.draft.order_number)
    assert "It is counted for" in answer.text
    assert not is_open(app, invoice)
    assert f"/orders/{invoice.draft.order_id}" in owner.get(f"/s/{SHOP}/payments/bank?state=counted").text

    pressed(owner, f"/s/{SHOP}/payments/bank/1/take-back")
    assert is_open(app, invoice)


def test_an_invoice_that_was_marked_paid_is_so_again_once_the_banks_line_is_taken_back(
    app: BridgeApp, owner: Visitor, invoice: Document
) -> None:
    with app.store.write() as connection:
        pay(connection, invoice.document_id, on=NOW.date())
    bring(app, a_line(invoice.draft.total, "1", structured=REFERENCE))
    page = pressed(owner, f"/s/{SHOP}/payments/bank/1/take-back").text
    assert "counts again, so it is not open" in page
    assert not is_open(app, invoice)


def test_a_line_that_brings_less_than_was_said_waits_and_what_a_file_brought_names_it(
    app: BridgeApp, owner: Visitor, invoice: Document
) -> None:
    with app.store.write() as connection:
        pay(connection, invoice.document_id, on=NOW.date())
    bring(app, a_line(Decimal("1.00"), "1", structured=REFERENCE))
    answer = {"kind": "CODA", "others": 0, "known": 0, "counts": dict.fromkeys(Verdict, 1)}
    task_id = app.finished_task("read_bank_file", answer)

    page = owner.get(f"/s/{SHOP}/payments/bank?task={task_id}").text

    assert "less than was said before" in page
    assert f"Count for {invoice.draft.order_number}" in page
    assert f"{len(COUNTED)} payments were counted. {len(Verdict) - len(SETTLED)} lines are for you to look at." in page


def test_a_number_that_names_nothing_is_said_beside_it_and_changes_nothing(app: BridgeApp, owner: Visitor) -> None:
    """It stood on top of the page, and what was typed was gone."""
    bring(app, *(a_line(Decimal("5.00"), name, text="hallo") for name in "12"))
    answer = owner.post(f"/s/{SHOP}/payments/bank/1/count?state=all", numbers="99999")
    assert answer.status_code == 422
    (field,) = re.findall(r'<input id="n-1" [^>]*>(?s:.*?)error-n-1"(?s:.*?)</p>', answer.text)
    assert ('value="99999"' in field, 'aria-describedby="error-n-1"' in field) == (True, True)
    assert "No document of this shop asks for money for “99999”" in field
    assert (answer.text.count("99999"), answer.text.count('class="fold" open')) == (2, 1)
    assert '/payments/bank/2/count?state=all#n-2"' in answer.text
    with app.store.read() as connection:
        assert bank_lines.get(connection, SHOP, 1).state is LineState.WAITING


def test_what_is_refused_of_a_line_that_somebody_counted_meanwhile_is_said_all_the_same(
    app: BridgeApp, owner: Visitor
) -> None:
    bring(app, *(a_line(Decimal("5.00"), name, text="hallo") for name in "12"))
    owner.post(f"/s/{SHOP}/payments/bank/1/put-aside")
    answer = owner.post(f"/s/{SHOP}/payments/bank/1/count", numbers="99999")
    assert 'id="n-1"' not in answer.text
    assert re.search(r'class="said refused".*?Somebody decided about this line already', answer.text, re.DOTALL)


def test_where_a_number_is_refused_the_older_lines_are_still_a_page_away(app: BridgeApp, owner: Visitor) -> None:
    bring(app, *(a_line(Decimal("5.00"), str(number), text="hallo") for number in range(60)))
    answer = owner.post(f"/s/{SHOP}/payments/bank/60/count", numbers="99999")
    (older,) = set(re.findall(r'href="([^"?]*[?]after=[^"]*)"', answer.text))
    assert older.startswith(f"/s/{SHOP}/payments/bank?")
    assert owner.get(older.replace("&amp;", "&")).status_code == 200


def test_a_viewer_sees_the_lines_and_no_button(app: BridgeApp, invoice: Document) -> None:
    viewer = signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER})
    bring(app, a_line(invoice.draft.total, "1", structured=REFERENCE), a_line(Decimal("5.00"), "2", text="hallo"))
    page = viewer.get(f"/s/{SHOP}/payments/bank?state=all").text
    assert ("counted" in page, "names no order" in page, "/count" in page) == (True, True, False)


def test_a_communication_is_shown_as_it_is_printed_on_documents(app: BridgeApp, owner: Visitor) -> None:
    bring(app, a_line(Decimal("5.00"), "1", structured=REFERENCE))
    assert "+++012/0000/23883+++" in owner.get(f"/s/{SHOP}/payments/bank").text


def test_a_line_of_another_shop_is_not_known(app: BridgeApp, owner: Visitor) -> None:
    answer = pressed(owner, f"/s/{SHOP}/payments/bank/77/put-aside")
    assert "This line of the bank is not known" in answer.text


def test_open_invoices_are_listed_by_their_due_date_with_what_is_late(app: BridgeApp, owner: Visitor) -> None:
    today = NOW.date()
    late, later = unpaid_since(app, 40), unpaid_since(app, 5)
    bring_for(app, later, "5.00")
    page = owner.get(f"/s/{SHOP}/payments").text
    assert page.index(late.number) < page.index(later.number)
    assert ("40 days late" in page, "5 days late" in page) == (True, True)
    with app.store.read() as connection:
        (totals,) = open_invoices.totals(connection, SHOP, today=today)
        rows = open_invoices.page(connection, SHOP, FIRST_PAGE).rows
    assert [row.open for row in rows] == [late.draft.total, later.draft.total - 5]
    assert totals.open == late.draft.total + later.draft.total - 5
    assert (totals.late, totals.very_late, totals.invoices) == (totals.open, late.draft.total, 2)
    assert "All open invoices" in owner.get(f"/s/{SHOP}").text


def unpaid_since(app: BridgeApp, days: int) -> Document:
    """An invoice that was due so many *days* ago."""
    asked = PaymentInstructions(due_on=NOW.date() - timedelta(days=days))
    changes: dict[str, Any] = {
        "order_id": 1000 + days,
        "order_key": f"wc_order_{days}",
        "cause": f"order:{days}:invoice:1",
    }
    return app.issue(number=f"F2026-{days}", sequence=days, paid_on=None, payment=asked, **changes)


def bring_for(app: BridgeApp, invoice: Document, amount: str) -> None:
    with app.store.write() as connection:
        receipt = Receipt(NOW.date(), PaymentSource.PERSON, "An")
        payments.receive(connection, invoice.order, Decimal(amount), receipt, now=NOW)


def test_what_a_month_invoiced_is_less_what_it_credited(app: BridgeApp) -> None:
    invoice = app.issue(order_id=2001)
    with app.store.read() as connection:
        found = open_invoices.invoiced_since(connection, SHOP, invoice.issued_on.replace(day=1))
        none = open_invoices.invoiced_since(connection, SHOP, invoice.issued_on + timedelta(days=1))
    assert (found, none) == ({"EUR": invoice.draft.total}, {})
