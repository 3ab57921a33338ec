"""Nobody reads a price of seven decimals: what is printed of whatever a shop sends has four at most. But nothing that is something
is printed as 0."""

import html
import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.factories import a_shop, an_order, drafted
from tests.support.woocommerce_totals import orders
from worker.domain.document import Draft, Kind
from worker.domain.order import Order, TaxRate
from worker.i18n import LANGUAGES, Translator
from worker.rendering import LAYOUTS, Brand, render_pdf, samples
from worker.rendering.paper import DocumentView, to_html

KINDS = (Kind.INVOICE, Kind.ORDER_CONFIRMATION, Kind.PAYMENT_REQUEST, Kind.DELIVERY_NOTE)
TOO_FINE = re.compile(r"\d[.,]\d{5,}")
# As dealers in fabric, gravel and hours sell them: a third of a metre, 12.34567 kg.
parts = st.decimals("0.0001", "5000", places=7) | st.sampled_from([Decimal(1) / 3, Decimal("0.000051"), Decimal(7)])


def printed(draft: Draft, layout: str = "ledger") -> str:
    """The words of the paper, without what is in its tags."""
    view = DocumentView(draft, "F2026-00001", date(2026, 11, 22), Translator(draft.language), Brand(layout=layout))
    page = re.sub(r"<(style|title)\b.*?</\1>", " ", to_html(view), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", page))


def in_parts(order: Order, quantities: list[Decimal], rate: Decimal) -> Order:
    """*order* of quantities that are no whole numbers, with a rate of many decimals where it has one of 5.5 %."""
    lines = [
        replace(line, quantity=quantities[place % len(quantities)].quantize(Decimal("1e-7")) or Decimal(1))
        for place, line in enumerate(order.lines)
    ]
    rates = tuple(finer(one, rate) for one in order.tax_rates)
    return replace(order, lines=tuple(lines), tax_rates=rates)


def finer(one: TaxRate, rate: Decimal) -> TaxRate:
    return replace(one, percent=rate) if one.percent == Decimal("5.5") else one


@settings(max_examples=40, deadline=None)
@given(
    order=orders,
    quantities=st.lists(parts, min_size=1, max_size=4),
    rate=st.decimals("5", "6", places=7),
    paper=st.tuples(
        st.sampled_from(KINDS), st.sampled_from(sorted(LAYOUTS)), st.sampled_from(("nl", "fr", "de", "en"))
    ),
)
def test_nothing_on_paper_has_more_than_four_decimals(
    order: Order, quantities: list[Decimal], rate: Decimal, paper: tuple[Kind, str, str]
) -> None:
    kind, layout, language = paper
    draft = replace(drafted(in_parts(order, quantities, rate), a_shop(), kind), language=language)

    assert TOO_FINE.findall(printed(draft, layout)) == []


def test_the_pdf_says_a_third_of_a_metre_in_four_decimals() -> None:
    third = replace(samples.a_line(), quantity=Decimal("0.3333333"), unit_price=Decimal("2.4793388"))
    pdf = render_pdf(samples.an_invoice(lines=(third,)))
    words = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()

    assert (TOO_FINE.findall(words), "0,3333" in words, "2,4793" in words) == ([], True, True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("quantity", ["0.00004", "-0.00004", "0.00005", "0.000001", "-0.0000123", "0.000000001"])
def test_a_quantity_that_is_something_is_never_printed_as_nothing(quantity: str, language: str) -> None:
    little = replace(samples.a_line(), quantity=Decimal(quantity))
    expected = f"{Decimal(quantity):f}".replace("-", "\N{MINUS SIGN}")
    expected = expected if language == "en" else expected.replace(".", ",")

    draft = replace(samples.an_invoice(lines=(little,)).draft, language=language)

    assert (Translator(language).quantity(Decimal(quantity)), expected in printed(draft)) == (expected, True)


@pytest.mark.parametrize("zero", ["-0", "-0.00"])
def test_nothing_has_no_minus(zero: str) -> None:
    words, value = Translator("nl"), Decimal(zero)
    written = [words.quantity(value), words.number(value), words.amount(value, "EUR"), words.percent(value)]
    written.append(words.quantity(Decimal("-0.0000000001")))

    assert "\N{MINUS SIGN}" not in "".join(written)


@pytest.mark.parametrize(("rate", "shown"), [("0.83188", "0,83188"), ("1.0831", "1,0831"), ("163.5500", "163,55")])
def test_a_rate_of_exchange_is_printed_as_it_was_published(rate: str, shown: str) -> None:
    """The one figure that has more: the European Central Bank gives five, and with four the VAT in euros could not be recalculated."""
    draft = replace(drafted_abroad(), exchange_rate=Decimal(rate))

    assert f"1 EUR = {shown} GBP" in printed(draft).replace("\u00a0", " ")


def drafted_abroad() -> Draft:
    return replace(drafted(an_order()), language="nl", currency="GBP", vat_eur=Decimal("3.85"))
