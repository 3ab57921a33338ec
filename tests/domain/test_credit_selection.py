"""A person credits lines or amounts: never more than there was, and the last credit note takes what is left, to the cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.domain.test_credit_note import assert_it_adds_up, rows
from tests.support.factories import TODAY, a_line, a_shop, an_order, issued, shipping
from tests.support.woocommerce_totals import many, orders
from worker.domain.credit_balance import CreditedInvoice, LineBalance, credit_balance_of, line_balances_of
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_selection import CreditSelection, SelectedLine
from worker.domain.credit_source import Cancellation, CreditSource
from worker.domain.document import Document, Draft, Kind, Purpose
from worker.domain.draft import draft_document
from worker.domain.money import ZERO, to_cent, total_of
from worker.domain.order import Order
from worker.errors import Rejected

D = Decimal
ORDER = an_order(
    a_line("37.20", quantity="3", tax="7.81", line_id=1),
    a_line("39.90", "6", quantity="2", tax="2.39", line_id=2, name="Boek"),
    shipping(),
    paid=True,
)


def invoiced(order: Order = ORDER) -> Document:
    cause = "order:238:invoice:1"
    return issued(draft_document(order, a_shop(), today=TODAY, purpose=Purpose(Kind.INVOICE, cause)))


def credit(what: CreditSource, invoice: Document, already: Sequence[Draft] = (), order: Order = ORDER) -> Draft:
    return draft_credit_note(
        what,
        CreditedInvoice(invoice, already),
        order,
        a_shop(),
        purpose=Purpose(Kind.CREDIT_NOTE, "credit:F2026-00001:7"),
    )


def lines(*picks: tuple[int, str]) -> CreditSelection:
    return CreditSelection(tuple(SelectedLine(place, D(quantity)) for place, quantity in picks))


# By property


@dataclass(frozen=True)
class Wish:
    """Picks of lines by place, each a share of what is left of it in percent; without picks a share of the amount."""

    picks: tuple[tuple[int, int], ...]
    share: int


wishes = st.lists(
    st.builds(
        Wish,
        picks=st.lists(
            st.tuples(st.integers(0, 11), st.integers(1, 100)), max_size=4, unique_by=lambda pick: pick[0]
        ).map(tuple),
        share=st.integers(1, 100),
    ),
    max_size=6,
)


def chosen(wish: Wish, invoice: Document, already: Sequence[Draft]) -> CreditSelection:
    now = line_balances_of(invoice, already)
    picks = tuple(
        SelectedLine(place, now[place].quantity * share / 100)
        for place, share in wish.picks
        if place < len(now) and now[place].quantity
    )
    if picks:
        return CreditSelection(picks)
    return CreditSelection(amount=max(to_cent(credit_balance_of(invoice, already).total * wish.share / 100), D("0.01")))


@many
@given(order=orders, sequence=wishes)
def test_an_invoice_and_what_a_person_credited_are_nothing_together(order: Order, sequence: list[Wish]) -> None:
    invoice, already = invoiced(order), list[Draft]()
    for wish in sequence:
        before = credit_balance_of(invoice, already)
        try:
            draft = credit(chosen(wish, invoice, already), invoice, already, order)
        except Rejected:
            continue  # more than is left, or nothing: refused, and nothing was made
        already.append(draft)
        after = credit_balance_of(invoice, already)
        assert_it_adds_up(draft)
        assert ZERO < draft.total <= before.total
        for group, part in before.groups.items():
            assert abs(after.groups[group].base) <= abs(part.base)
            assert abs(after.groups[group].vat) <= abs(part.vat)
    if credit_balance_of(invoice, already).total:
        already.append(credit(Cancellation(), invoice, already, order))
    left = credit_balance_of(invoice, already)
    assert (left.total, left.rounding) == (ZERO, ZERO)
    assert {(part.base, part.vat) for part in left.groups.values()} <= {(ZERO, ZERO)}


@many
@given(order=orders)
def test_all_lines_one_after_the_other_are_the_invoice(order: Order) -> None:
    invoice, already = invoiced(order), list[Draft]()
    for place, line in enumerate(invoice.draft.lines):
        if line.net > 0:
            try:
                already.append(credit(CreditSelection((SelectedLine(place, line.quantity),)), invoice, already, order))
            except Rejected:
                return  # a discount of the same rate must go back with it
    if all(line.net > 0 for line in invoice.draft.lines):
        left = credit_balance_of(invoice, already)
        assert {(part.base, part.vat) for part in left.groups.values()} == {(ZERO, ZERO)}
        assert (left.total, left.rounding) == (ZERO, ZERO)


@many
@given(order=orders, parts=st.integers(2, 5))
def test_a_line_in_parts_is_the_line(order: Order, parts: int) -> None:
    """Thirds of 10.00 are 3.33, 3.33 and 3.34."""
    invoice, already = invoiced(order), list[Draft]()
    line = invoice.draft.lines[0]
    sizes = [line.quantity / 4] * (parts - 1)
    for quantity in (*sizes, line.quantity - sum(sizes, D(0))):
        if not quantity:
            continue
        try:
            already.append(credit(CreditSelection((SelectedLine(0, quantity),)), invoice, already, order))
        except Rejected:
            return  # worth nothing, or a discount must go back with it
    assert line_balances_of(invoice, already)[0] == LineBalance(line.quantity - line.quantity, ZERO)


@many
@given(order=orders)
def test_all_lines_at_once_are_the_invoice(order: Order) -> None:
    invoice = invoiced(order)
    assume(invoice.draft.total)
    every = CreditSelection(tuple(SelectedLine(place, line.quantity) for place, line in enumerate(invoice.draft.lines)))
    draft = credit(every, invoice, order=order)
    assert (draft.lines, draft.total, draft.rounding) == (
        invoice.draft.lines, invoice.draft.total, invoice.draft.rounding,
    )  # fmt: skip
    assert [(r.base, r.vat) for r in draft.vat_lines] == [(r.base, r.vat) for r in invoice.draft.vat_lines]


# As they come


def test_one_of_three_mugs_is_credited_at_its_price() -> None:
    draft = credit(lines((0, "1")), invoiced())
    (line,) = draft.lines
    assert (line.description, line.quantity, line.net) == ("Koffiemok", D(1), D("12.40"))
    assert (rows(draft), draft.total, draft.rounding) == ([("21", "12.40", "2.60")], D("15.00"), ZERO)
    assert (draft.reason, draft.paid_on) == ("", None)


def test_the_last_pieces_of_a_rate_take_its_cents() -> None:
    invoice = invoiced()
    already: list[Draft] = []
    for pick in ((0, "1"), (0, "1"), (0, "1"), (2, "1")):
        already.append(credit(lines(pick), invoice, already))
    assert [draft.vat for draft in already] == [D("2.60"), D("2.60"), D("2.60"), D("1.26")]
    assert total_of(draft.vat for draft in already) == D("9.06")
    assert line_balances_of(invoice, already)[0] == LineBalance(D(0), D("0.00"))


def test_an_amount_is_split_over_the_rates() -> None:
    draft = credit(CreditSelection(amount=D("5.00"), reason="Kras in de lak"), invoiced())
    assert (draft.total, {rate for rate, _, _ in rows(draft)}, draft.reason) == (
        D("5.00"),
        {"21", "6"},
        "Kras in de lak",
    )


def test_more_pieces_than_are_left_are_refused() -> None:
    invoice = invoiced()
    two = credit(lines((0, "2")), invoice)
    with pytest.raises(Rejected, match="2 of “Koffiemok” cannot be credited; 1 of it is left"):
        credit(lines((0, "2")), invoice, [two])


def test_a_larger_amount_than_is_left_is_refused() -> None:
    with pytest.raises(Rejected, match=r"95\.00 EUR cannot be credited: 94\.50 EUR is left of F2026-00001"):
        credit(CreditSelection(amount=D("95.00")), invoiced())


def test_a_line_whose_money_went_back_as_an_amount_is_refused() -> None:
    invoice = invoiced()
    amount = credit(CreditSelection(amount=D("90.00")), invoice)
    with pytest.raises(Rejected, match="is left at that rate"):
        credit(lines((0, "3")), invoice, [amount])


def test_a_discount_of_another_rate_goes_back_with_what_it_was_given_for() -> None:
    order = an_order(a_line("100.00"), a_line("-11.00", "0", name="Bon", line_id=2), paid=True)
    invoice = invoiced(order)
    with pytest.raises(
        Rejected, match=r"are 121\.00 EUR, but 110\.00 EUR is left of F2026-00001\. Choose its discount"
    ):
        credit(lines((0, "1")), invoice, order=order)
    assert credit(lines((0, "1"), (1, "-1")), invoice, order=order).total == D("110.00")
    with pytest.raises(Rejected, match="nothing to give back"):
        credit(lines((1, "-1")), invoice, order=order)


def test_the_cents_of_thirds_go_with_the_last_one() -> None:
    order = an_order(a_line("10.00", quantity="3", line_id=1), shipping(), paid=True)
    invoice, already = invoiced(order), list[Draft]()
    for _ in range(3):
        already.append(credit(lines((0, "1")), invoice, already, order))
    assert [draft.net for draft in already] == [D("3.33"), D("3.33"), D("3.34")]


@pytest.mark.parametrize("place", [-1, 3])
def test_a_line_that_is_not_there_is_refused(place: int) -> None:
    with pytest.raises(Rejected, match="has no line"):
        credit(CreditSelection((SelectedLine(place, D(1)),)), invoiced())


def test_lines_or_an_amount_but_not_both_and_not_nothing() -> None:
    for wrong in ({}, {"lines": (SelectedLine(0, D(1)),), "amount": D(1)}, {"amount": D(0)}):
        with pytest.raises(ValueError, match=r"Choose lines|cannot be credited"):
            CreditSelection(**wrong)
