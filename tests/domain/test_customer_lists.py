"""On which list of the VAT office a row of a document stands."""

from datetime import date
from decimal import Decimal

import pytest

from tests.domain.test_vat_return import a_row
from worker.domain.customer_lists import CustomerLists, ListedCustomer, Listing, listing_of

HERE, THERE = "BE0403170701", "NL123456782B90"


@pytest.mark.parametrize(
    ("category", "reason", "vat_number", "listing"),
    [
        ("S", "", HERE, Listing.CUSTOMERS),
        ("Z", "zero_rated", HERE, Listing.CUSTOMERS),
        ("AE", "co_contractor", HERE, Listing.CUSTOMERS),
        ("E", "small_business", HERE, Listing.CUSTOMERS),
        ("E", "exempt", HERE, None),
        ("E", "voucher", HERE, None),
        ("E", "margin", HERE, None),
        ("S", "", "", None),
        ("S", "", THERE, None),
        ("K", "intra_eu", THERE, Listing.GOODS),
        ("AE", "reverse_charge", THERE, Listing.SERVICES),
        ("G", "export", "CHE123456788", None),
    ],
)
def test_each_row_stands_on_its_list(category: str, reason: str, vat_number: str, listing: Listing | None) -> None:
    assert listing_of(a_row(category, "1.00", reason=reason), vat_number) is listing


def test_what_a_customer_bought_is_added_up_and_not_known_where_a_part_of_it_is_not() -> None:
    listing = CustomerLists()
    listing.add(HERE, "Klant NV", [a_row("S", "250.00", "52.50", rate="21")])
    listing.add(HERE, "Klant BV", [a_row("S", "0.01", rate="21")])
    whole = (Decimal("250.01"), Decimal("52.50"))
    assert listing.rows == (ListedCustomer(Listing.CUSTOMERS, "2026", HERE, "Klant BV", *whole),)
    listing.add(HERE, "Klant BV", [a_row("S", "-250.01", rate="21", base_eur=None)])
    assert [one.base_eur for one in listing.rows] == [None]


def test_what_was_paid_before_the_turn_of_the_year_is_of_the_year_in_which_its_vat_fell_due() -> None:
    """As in the VAT return, with which the lists are compared: an invoice of January may be of an order that was paid in December."""
    listing, due, made = CustomerLists(), date(2026, 12, 1), date(2027, 1, 1)
    for tax_month in (due, made):
        sold = a_row("S", "200.00", "42.00", rate="21", month=made, tax_month=tax_month)
        listing.add(HERE, "Klant NV", [sold])
        listing.add(THERE, "Klant BV", [a_row("AE", "1.00", month=made, tax_month=tax_month)])
    assert [(one.vat_number, one.period, one.base_eur) for one in listing.rows] == [
        (HERE, "2026", Decimal("200.00")),
        (HERE, "2027", Decimal("200.00")),
        (THERE, "2026-12", Decimal("1.00")),
        (THERE, "2027-01", Decimal("1.00")),
    ]
