"""What consumers paid stands on each line where the shop shows prices with VAT, and is the total together."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories import a_line, a_refund, a_shop, an_order, drafted, issued
from tests.support.woocommerce_totals import Settings, Sold, items, many, ring_up
from worker.domain.consumer_prices import StatedAmounts, stated_amounts
from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.credit_source import CreditSource
from worker.domain.document import Document, Draft, Kind, Line, Purpose
from worker.domain.money import ZERO, total_of
from worker.domain.order import Order, OrderLine
from worker.domain.shop import ConsumerPrices

D = Decimal
AS_SHOWN = Settings(prices_include_tax=True)
MUG, BOOK = a_line("12.36", tax="2.59"), a_line("9.42", "6", tax="0.57", line_id=2)


def prices(lines: Iterable[Line]) -> list[Decimal | None]:
    return [line.gross for line in lines]


def an_order_with_vat_in_its_prices(**more: object) -> Order:
    return replace(an_order(MUG, BOOK, **more), prices_include_tax=True)  # type: ignore[arg-type]


@many
@given(st.lists(items, min_size=1, max_size=12))
def test_what_was_paid_for_each_line_is_the_total_together_or_is_not_shown(sold: list[Sold]) -> None:
    draft = drafted(ring_up(sold, AS_SHOWN))
    shown = [line.gross for line in draft.lines if line.gross is not None]
    assert shown == [] or (len(shown) == len(draft.lines) and total_of(shown) == draft.total)


@pytest.mark.parametrize(
    ("includes", "chosen", "shown"),
    [
        (True, ConsumerPrices.AS_ENTERED, True),
        (False, ConsumerPrices.AS_ENTERED, False),
        (False, ConsumerPrices.WITH_VAT, True),
        (True, ConsumerPrices.WITHOUT_VAT, False),
    ],
)
def test_prices_are_shown_as_the_shop_enters_them_or_as_its_owner_chose(
    includes: bool, chosen: ConsumerPrices, shown: bool
) -> None:
    order = replace(an_order(MUG, BOOK), prices_include_tax=includes)
    draft = drafted(order, a_shop(consumer_prices=chosen))
    assert prices(draft.lines) == ([D("14.95"), D("9.99")] if shown else [None, None])


def test_a_business_reads_prices_without_vat() -> None:
    assert prices(drafted(an_order_with_vat_in_its_prices(company="Voorbeeld BV")).lines) == [None, None]


def test_prices_that_are_another_total_together_are_not_shown() -> None:
    assert prices(drafted(an_order_with_vat_in_its_prices(total="24.95")).lines) == [None, None]


def credited(source: CreditSource, order: Order) -> Draft:
    invoice: Document = issued(drafted(order))
    return draft_credit_note(
        source, CreditedInvoice(invoice, []), order, a_shop(), purpose=Purpose(Kind.CREDIT_NOTE, "test")
    )


def test_a_credit_note_says_what_is_given_back_of_each_line() -> None:
    order = an_order_with_vat_in_its_prices(paid=True)
    part = credited(a_refund("14.95", MUG), order)
    assert (prices(part.lines), part.total) == ([D("14.95")], D("14.95"))
    whole = credited(a_refund("24.94", MUG, BOOK), order)
    assert (prices(whole.lines), whole.total) == ([D("14.95"), D("9.99")], D("24.94"))


def test_a_part_that_is_given_back_is_told_as_the_part_it_is() -> None:
    order = replace(an_order(a_line("24.72", quantity="2", tax="5.19"), BOOK, paid=True), prices_include_tax=True)
    one = credited(a_refund("14.96", a_line("12.36", tax="2.60")), order)
    assert (prices(one.lines), one.total) == ([D("14.96")], D("14.96"))
    amount = credited(a_refund("5.00"), order)
    assert (total_of(line.gross or ZERO for line in amount.lines), amount.total) == (D("5.00"), D("5.00"))


@pytest.mark.parametrize("named", [(), (MUG,), (MUG, BOOK)])
def test_what_is_given_back_of_each_line_is_the_total_together_or_is_not_shown(named: tuple[OrderLine, ...]) -> None:
    """Also where a person typed another amount than that of the lines that he named."""
    order = an_order_with_vat_in_its_prices(paid=True)
    notes = [credited(a_refund(f"{D(cents) / 100:.2f}", *named), order) for cents in range(5, 2495, 5)]
    shown = [(total_of(line.gross or ZERO for line in note.lines), note) for note in notes if any(prices(note.lines))]
    assert [str(note.total) for together, note in shown if together != note.total] == []
    assert 0 < len(shown) < len(notes)


def test_a_credit_note_of_an_invoice_without_them_shows_none() -> None:
    assert prices(credited(a_refund("14.95", MUG), an_order(MUG, BOOK, paid=True)).lines) == [None]


def test_a_discount_on_a_price_with_vat_is_told_with_vat() -> None:
    line = a_line("17.27", subtotal=D("20.00"), tax="3.63")
    order = replace(an_order(line, coupons=("VAST",), language_hint="nl"), prices_include_tax=True)
    [drawn] = drafted(order, a_shop(shows_discounts=True, language="nl")).lines
    assert (drawn.gross, drawn.details) == (D("20.90"), ("Korting van 3,30 (VAST)",))


def test_what_lines_state_leads_to_the_total_with_vat_in_them_or_apart() -> None:
    paid, net = drafted(an_order_with_vat_in_its_prices()), drafted(an_order(MUG, BOOK))

    assert stated_amounts(paid) == StatedAmounts((D("14.95"), D("9.99")), D(0), D(0))
    assert stated_amounts(net) == StatedAmounts((D("12.36"), D("9.42")), net.vat, net.total - net.net - net.vat)
    for draft in (paid, net):
        stated = stated_amounts(draft)
        assert total_of(stated.of_lines) + stated.vat + stated.rounding == draft.total
