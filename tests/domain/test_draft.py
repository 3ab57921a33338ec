"""What a document says of an order: money to the cent by property, and the cases that once went wrong somewhere."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories import TODAY, a_line, a_shop, an_address, an_order, drafted, shipping
from tests.support.woocommerce_totals import RATES, Settings, Sold, items, many, orders, ring_up
from worker.domain.charged_tax import decimals_of
from worker.domain.document import Category, Draft, Kind, Rounding, VatLine
from worker.domain.money import ZERO, to_cent, to_minor_unit, total_of
from worker.domain.order import LineKind, LineTax, Order, TaxRate
from worker.domain.shop import VatSettings
from worker.domain.totals import base_of, split_amount, vat_on
from worker.message import NO_MESSAGE

D = Decimal
S = Category.STANDARD


def of_business(order: Order) -> Order:
    """The same order of a buyer with a company, who may get an e-invoice: its VAT is exactly base times rate."""
    return replace(order, billing=replace(order.billing, company="Voorbeeld BV"))


def problems(draft: Draft) -> list[str]:
    return [problem.code for problem in draft.problems]


def figures(draft: Draft) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return draft.net, draft.vat, draft.rounding, draft.total


def assert_it_adds_up(draft: Draft) -> None:
    """What Belgium, EN 16931 and a reader with a pocket calculator ask of the figures."""
    assert total_of(line.net for line in draft.lines) + total_of(r.amount for r in draft.roundings) == draft.net
    assert total_of(row.base for row in draft.vat_lines) == draft.net
    assert total_of(row.vat for row in draft.vat_lines) == draft.vat
    assert draft.net + draft.vat + draft.rounding == draft.total
    for row in draft.vat_lines:
        lines = total_of(line.net for line in draft.lines if (line.category, line.rate) == (row.category, row.rate))
        rest = total_of(r.amount for r in draft.roundings if (r.category, r.rate) == (row.category, row.rate))
        assert lines + rest == row.base
    for line in draft.lines:
        assert abs(line.quantity * line.unit_price - line.net) <= D("0.02")
        assert line.unit_price >= 0
        assert line.net == to_cent(line.net)


# By property


@many
@given(orders)
def test_an_order_as_woocommerce_makes_it_adds_up_and_a_businesses_vat_is_base_times_rate(order: Order) -> None:
    draft = drafted(of_business(order))
    assert_it_adds_up(draft)
    assert draft.total == to_minor_unit(order.total, "EUR")
    assert all(row.vat == to_cent(row.base * row.rate / 100) for row in draft.vat_lines)
    assert "does_not_add_up" not in problems(draft)


@many
@given(
    st.lists(items, min_size=1, max_size=12),
    st.builds(Settings, prices_include_tax=st.booleans(), round_at_subtotal=st.booleans()),
)
def test_at_most_a_cent_per_rate_is_left_to_payable_rounding(sold: list[Sold], how: Settings) -> None:
    draft = drafted(of_business(ring_up(sold, how)))
    assert abs(draft.rounding) <= D("0.01") * len(draft.vat_lines)


@many
@given(orders)
def test_a_consumers_vat_stays_within_a_cent_of_base_times_rate_and_leaves_no_cent_to_round(order: Order) -> None:
    draft = drafted(order)
    assert_it_adds_up(draft)
    assert all(abs(row.vat - to_cent(row.base * row.rate / 100)) <= D("0.01") for row in draft.vat_lines)
    assert not draft.rounding or decimals_of(order.total) < 2  # a shop without cents rounds its total as a whole


@many
@given(orders)
def test_a_shop_that_keeps_vat_as_charged_keeps_it_for_businesses_too(order: Order) -> None:
    as_charged = a_shop(vat=VatSettings(as_charged=True))
    draft = drafted(of_business(order), as_charged)
    assert figures(draft) == figures(drafted(order, as_charged))


@many
@given(cents=st.integers(-200_000, 200_000), rate=st.sampled_from(["21", "12", "6", "5.5", "2.1", "0", "27"]))
def test_a_base_that_exists_is_found(cents: int, rate: str) -> None:
    base = D(cents) / 100
    gross = base + vat_on(base, D(rate), "EUR")
    assert base_of(gross, D(rate), "EUR") == base


def test_one_gross_amount_in_six_has_no_base_at_21_percent() -> None:
    without = [cents for cents in range(1, 12_101) if base_of(D(cents) / 100, D(21), "EUR") is None]
    assert len(without) == 2100
    assert 1501 in without


@many
@given(amount=st.integers(-10_000, 10_000), weights=st.lists(st.integers(0, 5_000), min_size=1, max_size=6))
def test_a_split_loses_no_cent_and_stays_in_proportion(amount: int, weights: list[int]) -> None:
    parts = split_amount(D(amount) / 100, [D(weight) for weight in weights], D("0.01"))
    assert sum(parts) == D(amount) / 100
    if sum(weights):
        exact = [D(amount) * weight / sum(weights) / 100 for weight in weights]
        assert all(abs(part - share) < D("0.01") for part, share in zip(parts, exact, strict=True))


# The recipe, cent by cent


def test_a_gross_price_without_a_base_gets_its_last_cent_as_payable_rounding() -> None:
    draft = drafted(of_business(an_order(a_line("12.40", tax="2.61"))))
    assert figures(draft) == (D("12.40"), D("2.60"), D("0.01"), D("15.01"))
    assert draft.vat_lines == (VatLine(S, D(21), D("12.40"), D("2.60"), D("15.01")),)


def test_a_consumer_reads_the_shops_own_figures() -> None:
    draft = drafted(an_order(a_line("12.40", tax="2.61")))
    assert (figures(draft), draft.roundings) == ((D("12.40"), D("2.61"), ZERO, D("15.01")), ())


def test_a_consumer_who_asks_for_an_e_invoice_gets_the_exact_figures() -> None:
    order = replace(an_order(a_line("12.40", tax="2.61")), peppol_address_given="0208:0403170701")
    assert figures(drafted(order)) == (D("12.40"), D("2.60"), D("0.01"), D("15.01"))


def test_vat_as_charged_gives_way_where_it_is_more_than_a_cent_off() -> None:
    draft = drafted(an_order(*(a_line("8.26", tax="1.73", line_id=index) for index in range(12))))
    assert figures(draft) == (D("99.07"), D("20.81"), ZERO, D("119.88"))


def test_the_residue_of_many_lines_is_one_visible_rounding_of_their_rate() -> None:
    draft = drafted(of_business(an_order(*(a_line("8.26", tax="1.73", line_id=index) for index in range(12)))))
    assert figures(draft) == (D("99.08"), D("20.81"), D("-0.01"), D("119.88"))
    assert draft.roundings == (Rounding(S, D(21), D("-0.04")),)


@pytest.mark.parametrize(
    ("line", "stated"),
    [(("12.40", "2.61"), ("12.40", "2.60", "0.01", "15.01")), (("17.31", "3.63"), ("17.31", "3.64", "-0.01", "20.94"))],
)
def test_a_business_amount_that_no_base_gives_is_rounded_once(line: tuple[str, str], stated: tuple[str, ...]) -> None:
    draft = drafted(of_business(an_order(a_line(line[0], tax=line[1]))))
    assert (figures(draft), draft.roundings) == (tuple(map(D, stated)), ())


def test_two_rates_that_both_have_no_base_need_no_payable_rounding() -> None:
    draft = drafted(an_order(a_line("12.40", tax="2.61"), a_line("7.95", "12", tax="0.96", line_id=2)))
    lone = [base_of(row.charged, row.rate, "EUR") for row in draft.vat_lines]
    assert (lone, draft.rounding) == ([None, None], ZERO)


def test_tax_rounded_at_subtotal_follows_the_tax_lines() -> None:
    lines = [a_line("0.03", tax="0.01", line_id=index) for index in range(17)]
    draft = drafted(an_order(*lines, charged={"21": "0.11"}))
    assert (draft.vat, draft.total, problems(draft)) == (D("0.11"), D("0.62"), [])


def test_hidden_decimals_of_the_lines_go_back_to_their_rate() -> None:
    order = an_order(
        *(a_line("8.26", tax="1.73", line_id=i) for i in range(12)), total="119.86", charged={"21": "20.80"}
    )
    draft = drafted(order)
    assert (draft.total, draft.vat_lines[0].charged, problems(draft)) == (D("119.86"), D("119.92"), [])
    assert abs(draft.rounding) <= D("0.01")


def test_a_total_that_was_rounded_as_a_whole_is_payable_rounding() -> None:
    order = an_order(a_line("37", tax="8"), shipping("6", None), total="50")
    assert figures(drafted(order)) == (D("43.19"), D("7.81"), D("-1.00"), D("50.00"))


def test_yen_have_no_cents_whatever_the_shop_says() -> None:
    order = an_order(a_line("1234.00", tax="259.14"), currency="JPY")
    assert figures(drafted(order)) == (D("1234.00"), D("259.00"), ZERO, D("1493.00"))


def test_dinars_have_three_decimals() -> None:
    order = an_order(a_line("12.400", tax="2.604"), currency="KWD")
    assert figures(drafted(order)) == (D("12.400"), D("2.604"), ZERO, D("15.004"))


def test_three_hundred_lines_add_up() -> None:
    sold = [Sold(93 + 7 * index, index % 9 + 1, RATES[index % 3]) for index in range(300)]
    for how in (Settings(), Settings(prices_include_tax=True, round_at_subtotal=True)):
        draft = drafted(ring_up(sold, how))
        assert_it_adds_up(draft)
        assert problems(draft) == []


@pytest.mark.parametrize(
    ("order", "figure"),
    [
        (an_order(a_line("12.40", tax="2.70")), "carries 2.70 EUR of tax, 21 % would be 2.60 EUR"),
        (an_order(total="15.05"), "the lines with tax are 15.00 EUR, the order's total is 15.05 EUR"),
        (an_order(charged={"21": "2.70"}), "2.70 EUR was charged at 21 %, the lines say 2.60 EUR"),
        (an_order(*(a_line(line_id=i) for i in range(100)), a_line("12.40", tax="2.70")), "carries 2.70 EUR of tax"),
    ],
)
def test_what_rounding_cannot_explain_is_told_with_its_figures(order: Order, figure: str) -> None:
    draft = drafted(order)
    assert problems(draft) == ["does_not_add_up"]
    assert figure in str(draft.problems[0].message)
    assert_it_adds_up(draft)
    assert draft.total == order.total


def test_a_free_order_keeps_its_rate() -> None:
    draft = drafted(an_order(a_line("0.00"), status="completed"))
    assert draft.vat_lines == (VatLine(S, D("21"), ZERO, ZERO, ZERO),)
    assert (draft.total, problems(draft), draft.payment) == (ZERO, [], None)


def test_an_order_without_lines_says_so() -> None:
    draft = drafted(replace(an_order(), lines=(), tax_rates=(), total=D("0.00")))
    assert (draft.total, problems(draft)) == (ZERO, ["no_lines"])


# Lines


def test_a_discount_is_a_negative_quantity_of_a_positive_price() -> None:
    fee = a_line("-5.00", name="Korting", kind=LineKind.FEE, line_id=2)
    discount = drafted(an_order(a_line("24.80", quantity="2"), fee)).lines[1]
    assert (discount.quantity, discount.unit_price, discount.net) == (D(-1), D("5.00"), D("-5.00"))
    assert not discount.is_product


def test_a_quantity_of_nought_is_printed_as_one() -> None:
    line = drafted(an_order(a_line("12.40", quantity="0"))).lines[0]
    assert (line.quantity, line.unit_price, line.net) == (D(1), D("12.40"), D("12.40"))


def test_a_price_has_up_to_six_decimals() -> None:
    line = drafted(an_order(a_line("24.77", quantity="3"))).lines[0]
    assert (line.quantity, line.unit_price) == (D(3), D("8.256667"))


def test_a_crowd_of_tiny_things_is_printed_as_one_with_its_count_beside_it() -> None:
    line = drafted(an_order(a_line("12.40", quantity="300007"))).lines[0]
    assert (line.quantity, line.unit_price, line.details) == (D(1), D("12.40"), ("300007 x",))


def test_options_are_printed_under_the_product() -> None:
    line = drafted(an_order(a_line(options=(("Kleur", "Groen & geel"), ("Maat", "M")), sku="T-1"))).lines[0]
    assert (line.details, line.sku, line.order_line_id) == (("Kleur: Groen & geel", "Maat: M"), "T-1", 1)


# Taxes of other shapes


def with_two_taxes(*, compound: bool) -> Order:
    rates = (TaxRate(1, "GST", D(5), False, D("5.00")), TaxRate(2, "QST", D("9.975"), compound, D("9.98")))
    line = replace(a_line("100.00"), taxes=(LineTax(1, D("5.00")), LineTax(2, D("9.98"))))
    return replace(an_order(line), tax_rates=rates, total=D("114.98"))


def test_two_taxes_on_a_line_are_one_rate_on_the_document_and_no_e_invoice() -> None:
    draft = drafted(with_two_taxes(compound=False))
    assert [(row.rate, row.base, row.vat) for row in draft.vat_lines] == [(D("14.975"), D("100.00"), D("14.98"))]
    assert (problems(draft), "PDF only" in str(draft.einvoice_obstacle)) == (["rate_unknown"], True)


def test_a_compound_tax_counts_on_top_of_the_other() -> None:
    order = with_two_taxes(compound=True)
    taxes = (LineTax(1, D("5.00")), LineTax(2, D("10.47")))
    rates = (order.tax_rates[0], replace(order.tax_rates[1], charged=D("10.47")))
    order = replace(order, lines=(replace(order.lines[0], taxes=taxes),), tax_rates=rates, total=D("115.47"))
    assert drafted(order).vat_lines[0].rate == D("15.4738")


def test_a_tax_of_nought_beside_another_is_not_a_second_tax() -> None:
    line = replace(a_line(), taxes=(LineTax(2100, D("2.60")), LineTax(600, D("0.00"))))
    draft = drafted(an_order(line))
    assert (draft.einvoice_obstacle, draft.vat_lines[0].rate) == (NO_MESSAGE, D(21))


def test_a_rate_that_the_order_does_not_name_is_guessed_and_held() -> None:
    draft = drafted(replace(an_order(), tax_rates=()))
    assert (problems(draft), draft.vat_lines[0].rate, draft.total) == (["rate_missing"], D(21), D("15.00"))


def test_a_rate_above_a_hundred_percent_still_adds_up() -> None:
    draft = drafted(an_order(a_line("0.01", "250", tax="0.02")))
    assert_it_adds_up(draft)
    assert draft.total == D("0.03")


# The rest of the document


def test_an_unpaid_invoice_asks_for_its_money() -> None:
    payment = drafted(
        an_order(status="on-hold", pay_url="https://shop.example/pay"), a_shop(reference_digits=7)
    ).payment
    assert payment
    assert (payment.reference, payment.due_on, payment.pay_url) == (
        "007000023891",
        date(2026, 12, 23),
        "https://shop.example/pay",
    )
    assert (payment.iban, payment.beneficiary) == ("BE68539007547034", "De Gentse Gist BV")


@pytest.mark.parametrize(
    ("order", "kind"),
    [(an_order(paid=True), Kind.INVOICE), (an_order(a_line("0.00")), Kind.INVOICE), (an_order(), Kind.DELIVERY_NOTE)],
)
def test_nothing_is_asked_where_nothing_can_be_paid(order: Order, kind: Kind) -> None:
    assert drafted(order, kind=kind).payment is None


def test_all_documents_of_an_order_share_its_reference() -> None:
    drafts = [drafted(an_order(), kind=kind).payment for kind in (Kind.INVOICE, Kind.ORDER_CONFIRMATION)]
    assert drafts[0] == drafts[1]


def test_a_paid_order_says_when_in_the_zone_of_the_shop() -> None:
    late = an_order().created_at.replace(hour=23, minute=30)
    draft = drafted(an_order(created_at=late, paid_at=late))
    assert (draft.paid_on, draft.ordered_on) == (TODAY, TODAY)


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.DELIVERY_NOTE])
def test_the_day_of_supply_is_that_of_completion_in_the_zone_of_the_shop(kind: Kind) -> None:
    placed = an_order().created_at
    order = an_order(paid=True, completed_at=placed.replace(day=25, hour=23, minute=30))
    assert drafted(order, kind=kind).supplied_on == date(2026, 11, 26)


@pytest.mark.parametrize("country", ["BE", "DE", "US"])
@pytest.mark.parametrize("paid", [False, True])
def test_a_day_of_supply_is_never_made_up_of_the_day_of_ordering_or_payment(country: str, paid: bool) -> None:
    """Neither on paper nor in the API nor in an e-invoice: an intra-EU supply is not due with its payment."""
    order = an_order(country=country, paid=paid, status="processing")
    assert [drafted(order, kind=kind).supplied_on for kind in Kind if kind is not Kind.CREDIT_NOTE] == [
        None,
        None,
        None,
        None,
    ]


def test_a_confirmation_tells_no_day_of_supply_even_of_a_completed_order() -> None:
    order = an_order(paid=True, status="completed", completed_at=an_order().created_at)
    assert drafted(order, kind=Kind.ORDER_CONFIRMATION).supplied_on is None


def test_cash_on_delivery_in_processing_is_not_paid() -> None:
    assert drafted(an_order(status="processing", payment_method="cod")).paid_on is None


def test_another_delivery_address_is_printed_with_its_name() -> None:
    order = an_order(ship_to=an_address(street="Graslei 8"))
    draft = drafted(order)
    assert (draft.ship_to, draft.ship_to_name) == (an_address(street="Graslei 8"), "Jan Janssens")


def test_the_same_address_written_otherwise_is_no_other_address() -> None:
    assert drafted(an_order(ship_to=an_address(street="veldstraat  1"))).ship_to is None


def test_the_customers_note_is_stored() -> None:
    assert drafted(an_order(customer_note="Bel aan bij de buren\nDank!")).customer_note == "Bel aan bij de buren\nDank!"


def test_vat_in_another_currency_needs_an_exchange_rate() -> None:
    assert problems(drafted(an_order(currency="USD"))) == ["exchange_rate_missing"]


def test_vat_in_another_currency_is_shown_in_euro_too() -> None:
    draft = drafted(an_order(currency="USD"), a_shop(exchange_rates={"USD": D("1.25")}))
    assert (problems(draft), draft.exchange_rate, draft.vat_eur) == ([], D("1.25"), D("2.08"))


def test_an_export_in_dollars_needs_no_exchange_rate() -> None:
    assert problems(drafted(an_order(a_line(rate=None), country="US", currency="USD"))) == []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.INVOICE, ["does_not_add_up", "exchange_rate_missing"]),
        (Kind.ORDER_CONFIRMATION, ["does_not_add_up"]),
        (Kind.DELIVERY_NOTE, []),
    ],
)
def test_a_document_is_held_only_by_what_it_states(kind: Kind, expected: list[str]) -> None:
    assert problems(drafted(an_order(currency="USD", total="99.00"), kind=kind)) == expected


def test_a_credit_note_is_not_drafted_from_an_order() -> None:
    with pytest.raises(ValueError, match="from its invoice"):
        drafted(an_order(), kind=Kind.CREDIT_NOTE)
