"""The invoice of a balance names the invoices of its deposit (art. 5 §1 11° RD no. 1, read 2026-11-28 in law-audit §4)."""

from dataclasses import replace

from worker.domain.document import Draft, History, Kind, Problem, Reference
from worker.domain.order import Order, SalePart
from worker.message import Message


def with_deposit_invoices(draft: Draft, order: Order, history: History) -> Draft:
    """*draft*, with number and date of what invoices the deposit, where it is the invoice of a balance; where nothing does, it asks.

    A document names no test, and a test no document.
    """
    if draft.kind is not Kind.INVOICE or order.sale_part is not SalePart.BALANCE:
        return draft
    named = tuple(
        Reference(one.document_id, one.number, one.issued_on)
        for one in history.deposit_invoices
        if one.draft.test == draft.test
    )
    problems = draft.problems if named else (*draft.problems, _not_invoiced(order))
    return replace(draft, deposit_invoices=named, problems=problems)


def _not_invoiced(order: Order) -> Problem:
    """VAT was due on the deposit when it came in (art. 17 §1 of the VAT code), so an invoice of it should be somewhere."""
    message = Message(
        "Order {number} is the balance of a deposit, order {parent}, of which there is no invoice here; the invoice of the balance "
        "must name it. Issue that of order {parent} first, and then this one, which names it by itself. If the deposit was invoiced "
        "elsewhere, issue this one, and keep a note of that invoice with it.",
        number=order.number,
        parent=order.parent_id,
    )
    return Problem("deposit_not_invoiced", message, asks=True)
