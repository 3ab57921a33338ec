"""Credit notes in a currency without cents: each stays beside its rate by less than a unit, and the last takes exactly the rest."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.einvoices import a_business_order, credit_note_of, invoice_of, problems
from tests.support.factories import a_line, a_refund
from worker.domain.credit_balance import credit_balance_of
from worker.domain.credit_selection import CreditSelection
from worker.domain.credit_source import Cancellation, CreditSource
from worker.domain.document import Document, Draft
from worker.domain.order import Order

LINES = st.lists(st.tuples(st.integers(50, 9000), st.sampled_from(("21", "6"))), min_size=1, max_size=3)
SHARES = st.lists(st.tuples(st.integers(5, 40), st.booleans()), min_size=1, max_size=5)


def in_yen(lines: list[tuple[int, str]]) -> Order:
    placed = (a_line(f"{net}.00", rate, line_id=number) for number, (net, rate) in enumerate(lines, start=1))
    return a_business_order(*placed, currency="JPY")


def what(order: Order, left: Decimal, percent: int, *, by_line: bool) -> CreditSource | None:
    """A share of what is left as an amount, or of the order's first line as the shop states a refund."""
    share = Decimal(percent) / 100
    if not by_line:
        amount = (left * share).quantize(Decimal(1))
        return CreditSelection(amount=amount) if amount > 0 else None
    line = order.lines[0]
    net, tax = ((amount * share / 4).quantize(Decimal(1)) for amount in (line.total, line.tax))
    refunded = replace(line, total=net, taxes=tuple(replace(one, amount=tax) for one in line.taxes))
    return a_refund(str(net + tax), refunded) if net > 0 else None


def credited(order: Order, invoice: Document, shares: list[tuple[int, bool]]) -> list[Draft]:
    """Credit notes of each of *shares*, then of all that is left."""
    notes: list[Draft] = []
    for percent, by_line in shares:
        left = credit_balance_of(invoice, tuple(notes)).total
        source = what(order, left, percent, by_line=by_line)
        if source is not None:
            notes.append(credit_note_of(order, invoice, source, already=tuple(notes)).draft)
    return [*notes, credit_note_of(order, invoice, Cancellation(), already=tuple(notes)).draft]


@settings(max_examples=40, deadline=None)
@given(lines=LINES, shares=SHARES)
def test_every_credit_note_in_yen_keeps_to_its_rate_and_the_last_leaves_nothing(
    lines: list[tuple[int, str]], shares: list[tuple[int, bool]]
) -> None:
    order = in_yen(lines)
    invoice = invoice_of(order)

    notes = credited(order, invoice, shares)

    assert all(abs(row.vat - row.base * row.rate / 100) <= 1 for note in notes for row in note.vat_lines)
    left = credit_balance_of(invoice, tuple(notes))
    assert left.total == 0
    assert {(part.base, part.vat) for part in left.groups.values()} == {(Decimal(0), Decimal(0))}


def test_the_last_credit_note_in_yen_is_a_valid_einvoice() -> None:
    """Four that were each rounded for themselves left 1.74 yen beside the rate."""
    order = in_yen([(917, "21")])
    invoice = invoice_of(order)
    notes = credited(order, invoice, [(12, False), (35, False), (23, False), (24, False)])

    for note in notes:
        assert problems(replace(invoice, document_id=2, number="C2026-00001", draft=note)) == []
