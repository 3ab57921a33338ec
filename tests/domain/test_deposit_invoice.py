"""The invoice of a balance names number and date of the deposit's (art. 5 §1 11° RD no. 1), or waits until somebody has looked."""

from dataclasses import replace
from datetime import date

import pytest

from tests.support.factories import TODAY, a_history, a_line, a_shop, an_order, issued
from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_source import Cancellation
from worker.domain.decide import decide_documents, draft_manually, draft_reissue
from worker.domain.document import Document, Draft, History, Kind, Purpose, Reference
from worker.domain.dossier import Dossier
from worker.domain.order import SalePart
from worker.domain.shop import Shop

BALANCE = an_order(a_line("60.00"), paid=True, sale_part=SalePart.BALANCE, parent_id=237)


def a_deposit_invoice(shop: Shop) -> Document:
    [draft] = decide_documents(an_order(a_line("40.00"), paid=True, order_id=237), (), a_history(), shop, TODAY).drafts
    return replace(issued(draft, document_id=7, number="F2026-00007"), issued_on=date(2026, 11, 2))


def decided(history: History, shop: Shop | None = None) -> Draft:
    [draft] = decide_documents(BALANCE, (), history, shop or a_shop(), TODAY).drafts
    return draft


def asked(draft: Draft) -> list[tuple[str, bool]]:
    return [(problem.code, problem.asks) for problem in draft.problems]


def test_it_names_the_invoice_of_the_deposit_by_a_rule_by_hand_and_when_it_is_issued_again() -> None:
    shop, invoice = a_shop(), a_deposit_invoice(a_shop())
    history = replace(a_history(), deposit_invoices=(invoice,))
    by_rule = decided(history)
    by_hand = draft_manually(Kind.INVOICE, Dossier(BALANCE, (), history, shop, TODAY))
    _, again = draft_reissue(BALANCE, issued(by_rule), history, shop, TODAY)
    for draft in (by_rule, by_hand, again):
        assert (draft.deposit_invoices, draft.problems) == ((Reference(7, "F2026-00007", date(2026, 11, 2)),), ())


def test_a_deposit_that_is_invoiced_nowhere_here_asks() -> None:
    draft = decided(a_history())
    assert asked(draft) == [("deposit_not_invoiced", True)]
    assert "order 237" in str(draft.problems[0].message)


@pytest.mark.parametrize(("deposit_is_test", "balance_is_test"), [(True, False), (False, True)])
def test_no_document_names_a_test_and_no_test_a_document(deposit_is_test: bool, balance_is_test: bool) -> None:
    invoice = a_deposit_invoice(a_shop(test=deposit_is_test))
    draft = decided(replace(a_history(), deposit_invoices=(invoice,)), a_shop(test=balance_is_test))
    assert (draft.deposit_invoices, asked(draft)) == ((), [("deposit_not_invoiced", True)])


def test_its_credit_note_names_the_invoice_that_it_corrects_alone() -> None:
    invoice = issued(decided(replace(a_history(), deposit_invoices=(a_deposit_invoice(a_shop()),))))
    note = draft_credit_note(
        Cancellation(), CreditedInvoice(invoice), BALANCE, a_shop(), purpose=Purpose(Kind.CREDIT_NOTE, "c")
    )
    assert [one.number for one in note.preceding] == [invoice.number]


@pytest.mark.parametrize("part", [part for part in SalePart if part is not SalePart.BALANCE])
def test_no_other_part_of_a_sale_asks_for_one(part: SalePart) -> None:
    drafts = decide_documents(replace(BALANCE, sale_part=part), (), a_history(), a_shop(), TODAY).drafts
    assert not {code for draft in drafts for code, _ in asked(draft)}
