"""What a till rounds cash by changes what is paid, and nothing of what was sold."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.domain.test_draft import assert_it_adds_up, problems
from tests.support.factories import a_history, a_line, a_refund, a_shop, an_order, drafted, issued
from worker.domain.decide import decide_documents
from worker.domain.document import Draft, Kind
from worker.domain.money import total_of
from worker.domain.order import LineKind, Order, OrderLine
from worker.einvoice import rules

D = Decimal
COFFEE, BOOK = a_line("10.02"), a_line("9.42", "6", tax="0.57", line_id=2)


def rounding_fee(amount: str, name: str = "Afronding") -> OrderLine:
    return a_line(amount, None, name=name, line_id=70, kind=LineKind.FEE)


def sold_in_cash(*lines: OrderLine, **more: object) -> Order:
    return an_order(*lines, payment_method="cod", status="completed", **more)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("amount", ["-0.02", "-0.01", "0.01", "0.02"])
@pytest.mark.parametrize("name", ["Afronding", "Arrondi", ""])
def test_a_fee_of_a_cent_or_two_rounds_what_is_paid(amount: str, name: str) -> None:
    rounded, plain = (
        drafted(sold_in_cash(COFFEE, BOOK, rounding_fee(amount, name))),
        drafted(sold_in_cash(COFFEE, BOOK)),
    )

    assert (rounded.vat_lines, rounded.lines, rounded.net, rounded.vat) == (
        plain.vat_lines,
        plain.lines,
        plain.net,
        plain.vat,
    )
    assert (rounded.rounding, rounded.total) == (plain.rounding + D(amount), plain.total + D(amount))
    assert problems(rounded) == []
    assert_it_adds_up(rounded)


def test_a_fee_of_more_waits_as_before() -> None:
    assert "no_tax_charged" in problems(drafted(sold_in_cash(COFFEE, rounding_fee("0.03"))))
    assert "reduction_untaxed" in problems(drafted(sold_in_cash(COFFEE, rounding_fee("-0.03"))))


def test_its_e_invoice_is_valid() -> None:
    order = sold_in_cash(COFFEE, rounding_fee("-0.02"), company="Klant NV", vat_number_given="BE0403170701")
    found = rules.written(issued(drafted(order)))
    assert found.problems == ()
    assert b'<cbc:PayableRoundingAmount currencyID="EUR">-0.02<' in found.xml


@pytest.mark.parametrize("names_the_fee", [True, False])
def test_credited_in_two_parts_nothing_is_left(names_the_fee: bool) -> None:
    fee = rounding_fee("-0.02")
    order = sold_in_cash(COFFEE, BOOK, fee)
    invoice, shop = issued(replace(drafted(order), cause="order:238:invoice:1")), a_shop()
    rest = [BOOK, fee] if names_the_fee else [BOOK]
    refunds = (a_refund("12.12", COFFEE), a_refund("9.97", *rest, refund_id=302))
    history = a_history(invoice)
    notes: list[Draft] = []
    for count in (1, 2):
        said = refunds[:count]
        refunded = replace(order, refunds=an_order(refunds=said).refunds)
        made = decide_documents(refunded, said, history, shop, invoice.issued_on).drafts
        notes += [draft for draft in made if draft.kind is Kind.CREDIT_NOTE]
        history = a_history(invoice, *(issued(note, document_id=9 + n) for n, note in enumerate(notes)))

    assert [problems(note) for note in notes] == [[], []]
    assert total_of(note.total for note in notes) == invoice.draft.total
    assert total_of(note.rounding for note in notes) == invoice.draft.rounding
    assert total_of(note.vat for note in notes) == invoice.draft.vat
