"""What an order takes off is taxed as the goods that it is on: never more at a rate than was sold at it, and never without VAT."""

import pytest

from tests.domain.test_draft import problems
from tests.support.factories import PLACED_AT, a_line, a_shop, an_order, drafted
from worker.domain.order import LineKind, OrderLine
from worker.domain.order_treatment import OrderTreatment, TreatmentName
from worker.domain.shop import VatSettings
from worker.domain.zero_reason import Untaxed, ZeroReason

MUG, BOOK = a_line("24.80", "21"), a_line("23.58", "6", line_id=2, name="Kookboek")


def taken_off(amount: str, rate: str | None, name: str = "Korting", kind: LineKind = LineKind.FEE) -> OrderLine:
    return a_line(f"-{amount}", rate, name=name, line_id=70, kind=kind)


@pytest.mark.parametrize(
    ("lines", "asks"),
    [
        ((BOOK, taken_off("5.00", "21")), True),  # on books alone
        ((MUG, taken_off("5.00", "6")), True),
        ((BOOK, a_line("2.00", "21"), taken_off("5.00", "21")), True),  # on more than the pen
        ((BOOK, BOOK, taken_off("12.40", "21", "Terugname mok", LineKind.PRODUCT)), True),  # an exchange
        ((MUG, BOOK, taken_off("5.00", "21")), False),
        ((MUG, BOOK, taken_off("24.80", "21")), False),  # to the last cent
        ((MUG, BOOK, taken_off("2.50", "21"), taken_off("2.50", "6")), False),  # as WooCommerce shares it
        ((MUG, BOOK), False),
    ],
)
def test_a_reduction_of_more_than_is_sold_at_its_rate_asks(lines: tuple[OrderLine, ...], asks: bool) -> None:
    assert problems(drafted(an_order(*lines))) == (["reduction_exceeds_rate"] if asks else [])


def test_it_names_what_is_taken_off_and_both_ways_out() -> None:
    [problem] = drafted(an_order(BOOK, taken_off("5.00", "21"))).problems
    assert problem.asks
    for words in ("“Korting” takes 5.00 EUR off at 21 % VAT", "let a coupon do it", "credit the invoice of that one"):
        assert words in str(problem.message)


def test_of_more_than_there_is_to_pay_it_names_both_ways_out() -> None:
    """A customer's card of 12.36 and its VAT on a mug of 14.95 comes to -0.01: nothing comes back, and there is no invoice to credit."""
    told = [
        one.message for one in drafted(an_order(MUG, taken_off("24.81", "21"))).problems if one.code == "negative_total"
    ]
    for words in ("Credit the invoice of what comes back", "correct that in the order"):
        assert [words in str(message) for message in told] == [True]


@pytest.mark.parametrize("said", [None, *Untaxed])
def test_no_word_of_the_shop_makes_a_reduction_without_vat_leave_but_packaging_and_a_spent_voucher(
    said: Untaxed | None,
) -> None:
    """A voucher that is taken off is one that was spent: it pays, and is no turnover below zero."""
    reasons = (ZeroReason.parse(f"name Korting = {said}"),) if said else ()
    draft = drafted(an_order(MUG, taken_off("5.00", None)), a_shop(vat=VatSettings(zero_reasons=reasons)))
    match said:
        case None:
            assert problems(draft) == ["reduction_untaxed"]
        case Untaxed.VOUCHER:
            assert (problems(draft), draft.net, [one.name for one in draft.prepaid]) == ([], MUG.total, ["Korting"])
        case Untaxed.PACKAGING:
            assert (problems(draft), draft.net) == ([], MUG.total - 5)
        case _:
            assert problems(draft) == ["reduction_exceeds_rate"]


@pytest.mark.parametrize("number", ["NL004495445B01", ""])
def test_a_reduction_of_goods_that_carry_no_vat_carries_none(number: str) -> None:
    country = "NL" if number else "US"
    order = an_order(
        a_line("24.80", None), taken_off("5.00", None), country=country, vat_number_given=number, company="X"
    )
    assert problems(drafted(order)) == []


def test_a_reduction_is_as_a_person_treats_its_order() -> None:
    treatment = OrderTreatment(TreatmentName.CO_CONTRACTOR, "werf", "Els", PLACED_AT)
    order = an_order(
        a_line("24.80", None),
        taken_off("5.00", None),
        vat_number_given="BE0403170701",
        company="X",
        treatment=treatment,
    )
    assert problems(drafted(order)) == []
