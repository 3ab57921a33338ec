"""A negative fee carries the rates of the whole order side by side; stacked taxes are another thing."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.factories import TODAY, a_line, a_shop, an_order, rate_id_of
from worker.domain.document import Draft, Kind, Purpose
from worker.domain.draft import draft_document
from worker.domain.line_split import split_by_rate
from worker.domain.money import to_cent
from worker.domain.order import LineKind, LineTax, Order, OrderLine
from worker.domain.shop import VatSettings
from worker.domain.zero_reason import Mark, Untaxed, ZeroReason

# As recorded on WooCommerce 11.0.1: goods of 13.88 and shipping of 5.95 at 21 %, a book of 46.98 at 6 %, a fee of -1.37.
RECORDED = (
    a_line("3.55", "21", tax="0.74", line_id=1),
    a_line("10.33", "21", line_id=2),
    a_line("46.98", "6", line_id=3),
    a_line("5.95", "21", line_id=4, kind=LineKind.SHIPPING),
)


def a_fee(total: str, taxes: dict[str, str]) -> OrderLine:
    parts = tuple(LineTax(rate_id_of(rate), Decimal(amount)) for rate, amount in taxes.items())
    return a_line(total, None, name="Korting", line_id=9, kind=LineKind.FEE, taxes=parts)


# What is sold at 0 % is zero-rated in this shop.
SHOP = a_shop(vat=VatSettings(zero_reasons=(ZeroReason(Mark.NAME, "Koffiemok", Untaxed.ZERO_RATED),)))


def drafted(order: Order) -> Draft:
    return draft_document(order, SHOP, today=TODAY, purpose=Purpose(Kind.INVOICE, "c"))


def test_a_fee_spread_over_two_rates_becomes_two_lines() -> None:
    draft = drafted(an_order(*RECORDED, a_fee("-1.37", {"21": "-0.09", "6": "-0.06"}), paid=True))
    parts = [(f"{line.net}", f"{line.rate}") for line in draft.lines[4:]]
    assert parts == [("-0.43", "21"), ("-0.94", "6")]
    assert (draft.total, draft.problems) == (Decimal("72.27"), ())


def test_what_no_rate_taxes_stays_with_the_rate_of_nothing() -> None:
    lines = (a_line("10.00", "21"), a_line("10.00", "0", line_id=2))
    (line_21, line_0) = split_by_rate(an_order(*lines, a_fee("-2.00", {"21": "-0.21", "0": "0.00"}))).lines[2:]
    assert (line_21.total, line_0.total) == (Decimal("-1.00"), Decimal("-1.00"))


# As recorded on WooCommerce 11.0.1: beside goods, a fee and shipping with VAT a gift voucher that bears none.
WITH_VOUCHER = (
    a_line("25.61", "21", line_id=1),
    a_line("40.79", "6", line_id=2),
    a_line("21.66", None, line_id=3),
    a_line("2.47", "6", line_id=4, kind=LineKind.FEE),
    a_line("4.09", "21", line_id=5, kind=LineKind.SHIPPING),
)


def test_a_fee_takes_off_what_bears_no_tax_its_share() -> None:
    """It was refused as a fee of 27 % that does not add up."""
    order = split_by_rate(an_order(*WITH_VOUCHER, a_fee("-3.33", {"21": "-0.22", "6": "-0.09"})))

    assert [(str(part.total), str(part.tax)) for part in order.lines[5:]] == [
        ("-1.05", "-0.22"), ("-1.52", "-0.09"), ("-0.76", "0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reasons", "problems"),
    [(("name Cadeaubon = voucher",), []), (("name Cadeaubon = exempt",), []), ((), ["no_tax_charged"])],
)
def test_what_a_fee_takes_off_something_without_vat_is_what_that_is(
    reasons: tuple[str, ...], problems: list[str]
) -> None:
    fee = a_fee("-3.33", {"21": "-0.22", "6": "-0.09"})
    named = replace(WITH_VOUCHER[2], name="Cadeaubon")
    order = an_order(*WITH_VOUCHER[:2], named, *WITH_VOUCHER[3:], fee, paid=True)
    shop = a_shop(vat=VatSettings(zero_reasons=tuple(ZeroReason.parse(reason) for reason in reasons)))
    draft = draft_document(order, shop, today=TODAY, purpose=Purpose(Kind.INVOICE, "c"))

    assert draft.total == order.total
    assert [problem.code for problem in draft.problems] == problems
    assert len({line.mention for line in draft.lines if line.rate == 0}) == 1
    assert ["“Cadeaubon”, though" in str(problem.message) for problem in draft.problems] == [True] * len(problems)


def test_a_fee_of_one_rate_takes_off_what_bears_no_tax_its_share() -> None:
    order = split_by_rate(an_order(*WITH_VOUCHER[::2], a_fee("-5.00", {"21": "-0.61"})))
    shared = [(str(part.total), len(part.taxes)) for part in order.lines[3:]]
    whole = split_by_rate(an_order(*WITH_VOUCHER[:3:2], a_fee("-5.00", {"21": "-1.05"}))).lines[2:]

    assert shared == [("-2.89", 1), ("-2.11", 0)]
    assert [str(part.total) for part in whole] == ["-5.00"], "taxed whole by a plugin of its own"


@pytest.mark.parametrize("kind", [LineKind.SHIPPING, LineKind.FEE])
def test_what_a_fee_takes_off_shipping_without_vat_is_what_that_is(kind: LineKind) -> None:
    sold = (a_line("100.00", "21", line_id=1), a_line("10.00", None, line_id=30, kind=kind, name="Bezorging"))
    shop = a_shop(vat=VatSettings(zero_reasons=(ZeroReason.parse("name Bezorging = zero_rated"),)))
    order = an_order(*sold, a_fee("-11.00", {"21": "-2.10"}), paid=True)
    draft = draft_document(order, shop, today=TODAY, purpose=Purpose(Kind.INVOICE, "c"))

    assert [problem.code for problem in draft.problems] == []
    assert [(str(line.net), line.mention) for line in draft.lines[2:]] == [("-10.00", ""), ("-1.00", "zero_rated")]


def test_a_fee_at_no_tax_but_0_percent_is_one_line() -> None:
    fee = a_fee("-11.00", {"0": "0.00"})
    assert split_by_rate(an_order(a_line("100.00", "0"), a_line("10.00", None, line_id=9), fee)).lines[2:] == (fee,)


def test_a_plugin_that_spreads_a_discount_over_what_is_taxed_alone_is_believed() -> None:
    sold = (a_line("100.00", "21", line_id=1), a_line("100.00", "6", line_id=2), a_line("2.00", None, line_id=3))
    parts = split_by_rate(an_order(*sold, a_fee("-2.02", {"21": "-0.21", "6": "-0.06"}))).lines[3:]
    taxed = split_by_rate(an_order(*sold, a_fee("-2.00", {"21": "-0.21", "6": "-0.06"}))).lines[3:]

    assert [str(part.total) for part in parts] == ["-1.00", "-1.00", "-0.02"], "WooCommerce's own way"
    assert [str(part.total) for part in taxed] == ["-1.00", "-1.00"]


@pytest.mark.parametrize("sign", ["", "-"])
def test_stacked_taxes_stay_on_one_line(sign: str) -> None:
    line = a_fee(f"{sign}100.00", {"5": f"{sign}5.00", "7": f"{sign}7.00"})
    assert split_by_rate(an_order(line)).lines == (line,)


def test_taxes_that_fit_no_way_of_splitting_are_left_to_be_refused() -> None:
    line = a_fee("-1.37", {"21": "-5.00", "6": "-0.06"})
    order = an_order(*RECORDED, line, paid=True)
    assert line in split_by_rate(order).lines
    assert [problem.code for problem in drafted(order).problems][-1:] == ["does_not_add_up"]


@settings(max_examples=150)
@given(
    nets=st.lists(st.integers(100, 50_000), min_size=2, max_size=4),
    fee=st.integers(1, 90),
    rates=st.permutations(["21", "12", "6", "0"]),
)
@example(nets=[100, 100], fee=1, rates=["0", "12", "6", "21"])  # the tax on the fee is less than half a cent
@example(nets=[17335, 100, 832, 283], fee=1, rates=["21", "12", "6", "0"])
@example(nets=[402, 948], fee=1, rates=["12", "6", "21", "0"])  # so little that the taxes could be stacked as well
@example(nets=[225, 625], fee=1, rates=["21", "12", "6", "0"])
@example(nets=[762, 473], fee=1, rates=["21", "12", "6", "0"])  # a little more, and they could be stacked as well
@example(nets=[100, 750], fee=1, rates=["21", "6", "12", "0"])  # neither of the two taxes on the fee is half a cent
def test_a_fee_spread_as_woocommerce_does_always_adds_up(nets: list[int], fee: int, rates: list[str]) -> None:
    goods = [
        a_line(f"{Decimal(net) / 100:.2f}", rate, line_id=n)
        for n, (net, rate) in enumerate(zip(nets, rates, strict=False))
    ]
    whole = sum((line.total for line in goods), Decimal(0))
    taken = to_cent(whole * fee / 100)
    taxes = {
        rate: str((-taken * line.total / whole * Decimal(rate) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP))
        for line, rate in zip(goods, rates, strict=False)
    }
    order = an_order(*goods, a_fee(str(-taken), taxes), paid=True)
    draft = drafted(order)
    assert draft.total == order.total
    assert [problem.code for problem in draft.problems] == []
