"""What counts towards the 10,000 EUR a year up to which consumers abroad pay the seller's own VAT, and when its owner is told."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.support.factories import a_line, a_refund, a_shop, an_address, an_order, drafted, issued, shipping
from worker.domain.credit_balance import CreditedInvoice
from worker.domain.credit_note import draft_credit_note
from worker.domain.distance_sales import LIMIT, DistanceSales, Level, distance_sales_of, is_watched
from worker.domain.document import Draft, Kind, Purpose
from worker.domain.order import Order, Refund
from worker.domain.shop import VatRegime, VatSettings

D = Decimal
BELOW, NEAR, PASSED = Level
WITH_OSS = a_shop(vat=VatSettings(oss=True))


def credited(order: Order, refund: Refund) -> Draft:
    return draft_credit_note(
        refund,
        CreditedInvoice(issued(drafted(order)), ()),
        order,
        a_shop(),
        purpose=Purpose(Kind.CREDIT_NOTE, "refund:301"),
    )


@pytest.mark.parametrize(
    ("order", "counted"),
    [
        (an_order(a_line("100.00"), shipping("10.00"), country="NL"), "110.00"),
        (an_order(a_line("100.00"), ship_to=an_address("FR")), "100.00"),
        (an_order(a_line("100.00"), country="GB", postcode="BT1 5GS"), "100.00"),
        (an_order(a_line("100.00", virtual=True, downloadable=True), country="NL"), "100.00"),
        # Not an electronic service: taxed where the seller is, whatever the sum
        (an_order(a_line("100.00", virtual=True, downloadable=False), country="NL"), "0"),
        # At home, outside the EU, in an island outside its VAT territory
        (an_order(a_line("100.00")), "0"),
        (an_order(a_line("100.00"), country="US"), "0"),
        (an_order(a_line("100.00"), country="ES", postcode="35001"), "0"),
        # To a business: of another member state, or a Belgian one that has it sent abroad
        (an_order(a_line("100.00"), country="DE", vat_number_given="DE136695976"), "0"),
        (an_order(a_line("100.00"), ship_to=an_address("FR"), vat_number_given="BE0403170701"), "0"),
    ],
)
def test_goods_and_downloads_for_consumers_in_other_member_states_count(order: Order, counted: str) -> None:
    assert distance_sales_of(drafted(order)) == D(counted)


def test_only_invoices_and_credit_notes_count() -> None:
    order = an_order(a_line("100.00"), country="NL")
    assert distance_sales_of(drafted(order, kind=Kind.ORDER_CONFIRMATION)) == 0


def test_a_small_business_that_shows_no_vat_is_not_counted() -> None:
    order = an_order(a_line("100.00", None), country="NL")
    assert distance_sales_of(drafted(order, a_shop(vat=VatSettings(VatRegime.SMALL_BUSINESS)))) == 0


def test_what_was_declared_in_oss_counts_too_for_whoever_leaves_it() -> None:
    order = an_order(a_line("100.00", "20"), country="FR")
    assert distance_sales_of(drafted(order, WITH_OSS)) == 100


def test_another_currency_counts_at_the_rate_of_its_document() -> None:
    order = replace(an_order(a_line("100.00"), country="NL"), currency="USD")
    assert distance_sales_of(drafted(order, a_shop(exchange_rates={"USD": D("1.25")}))) == 80
    assert distance_sales_of(drafted(order)) == 0


def test_a_credit_note_takes_off_what_it_credits() -> None:
    order = an_order(a_line("100.00"), a_line("50.00", line_id=2), country="NL", paid=True)
    of_a_line = credited(order, a_refund("60.50", a_line("50.00", line_id=2)))
    of_an_amount = credited(order, a_refund("12.10"))
    assert (distance_sales_of(of_a_line), distance_sales_of(of_an_amount)) == (D("-50.00"), D("-10.00"))


@pytest.mark.parametrize(
    ("last_year", "this_year", "level"),
    [
        ("0", "7999.99", BELOW),
        ("0", "8000.00", NEAR),
        ("0", "10000.00", NEAR),
        ("0", "10000.01", PASSED),
        ("10000.01", "0", PASSED),
        ("9999.00", "9999.00", NEAR),
        ("10000.00", "0", BELOW),
    ],
)
def test_the_limit_is_passed_when_either_year_passed_it(last_year: str, this_year: str, level: Level) -> None:
    sales = DistanceSales({2025: D(last_year), 2026: D(this_year)})
    assert sales.level(date(2026, 11, 28)) is level
    assert LIMIT == 10_000


def test_the_limit_means_nothing_to_a_test_shop_nor_once_oss_is_in_use() -> None:
    later = a_shop(vat=VatSettings(oss=True, oss_since=date(2026, 12, 1)))
    shops = (a_shop(), later, WITH_OSS, a_shop(test=True))
    assert [is_watched(shop, date(2026, 11, 28)) for shop in shops] == [True, True, False, False]
