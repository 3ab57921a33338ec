"""Which grid of the Belgian VAT return a row of the journal fills."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from worker.domain.document import Category, Kind
from worker.domain.mentions import legal_texts
from worker.domain.sold import JournalRow
from worker.domain.vat_return import GRIDS, OssRow, VatReturn, grid_of, vat_return
from worker.domain.zero_reason import Untaxed

NOVEMBER = date(2026, 11, 1)


def a_row(category: str, base: str, vat: str = "0.00", *, rate: str = "0", **more: Any) -> JournalRow:
    amounts = (Decimal(base), Decimal(vat))
    head = (NOVEMBER, NOVEMBER, Kind.INVOICE, "EUR", "BE", "BE")
    return replace(JournalRow(*head, category, Decimal(rate), "", 1, *amounts, *amounts), **more)


@pytest.mark.parametrize(
    ("row", "grid"),
    [
        (a_row("S", "100.00", rate="6"), "01"),
        (a_row("S", "100.00", rate="12.0"), "02"),
        (a_row("S", "100.00", rate="21"), "03"),
        (a_row("S", "100.00", rate="21", reason="oss", vat_country="NL"), "47"),
        (a_row("S", "100.00", rate="12", reason="foreign_number_outside", vat_country="NO"), "47"),
        (a_row("Z", "100.00", reason="zero_rated"), "00"),
        (a_row("K", "100.00", reason="intra_eu"), "46"),
        (a_row("AE", "100.00", reason="reverse_charge"), "44"),
        (a_row("AE", "100.00", reason="co_contractor"), "45"),
        (a_row("G", "100.00", reason="export"), "47"),
        (a_row("O", "100.00", reason="outside_scope"), "47"),
        (a_row("E", "100.00", reason="outside_scope_beside"), "47"),
        (a_row("E", "100.00", reason="diplomat"), "47"),
        (a_row("E", "100.00", reason="eu_institution"), "47"),
        (a_row("E", "100.00", reason="exempt"), "00"),
        (a_row("E", "100.00", reason="margin"), ""),
        (a_row("E", "100.00", reason="voucher"), ""),
        (a_row("E", "100.00", reason="tip"), ""),
        (a_row("E", "100.00", reason="small_business"), ""),
        (a_row("S", "100.00", rate="20"), ""),
    ],
)
def test_each_sale_stands_in_its_grid(row: JournalRow, grid: str) -> None:
    assert grid_of(row) == grid


def test_each_reason_for_which_something_is_exempt_has_its_place_or_is_known_to_have_none() -> None:
    exempt = {key for key, text in legal_texts().items() if text.category == Category.EXEMPT}
    placed = {key for key in exempt if grid_of(a_row("E", "1.00", reason=key))}
    outside = {str(one) for one in (Untaxed.VOUCHER, Untaxed.PACKAGING, Untaxed.DISBURSEMENT, Untaxed.TIP)}
    assert exempt - placed == outside | {"margin", "small_business"}


def test_credit_notes_have_grids_of_their_own_and_their_vat_comes_back() -> None:
    note = Kind.CREDIT_NOTE
    found = vat_return(
        [
            a_row("S", "100.00", "21.00", rate="21"),
            a_row("S", "50.00", "3.00", rate="6"),
            a_row("K", "80.00", reason="intra_eu"),
            a_row("S", "-10.00", "-2.10", rate="21", kind=note),
            a_row("K", "-8.00", reason="intra_eu", kind=note),
            a_row("AE", "-5.00", reason="reverse_charge", kind=note),
            a_row("AE", "-4.00", reason="co_contractor", kind=note),
        ]
    )
    assert found.grids == {
        "01": Decimal("50.00"), "03": Decimal("100.00"), "46": Decimal("80.00"), "48": Decimal("13.00"), "49": Decimal("14.00"),
        "54": Decimal("24.00"), "64": Decimal("2.10"),
    }  # fmt: skip
    assert list(found.grids) == [grid for grid in GRIDS if grid in found.grids]


def test_vat_of_another_country_is_in_no_grid_of_vat_and_told_for_the_oss_return() -> None:
    note = Kind.CREDIT_NOTE
    dutch: dict[str, Any] = {"rate": "9", "reason": "oss", "vat_country": "NL"}
    found = vat_return(
        [
            a_row("S", "100.00", "9.00", **dutch),
            a_row("S", "1.00", "0.09", **dutch),
            a_row("S", "-10.00", "-0.90", **dutch, kind=note),
        ]
    )
    assert found == VatReturn(
        {"47": Decimal("101.00"), "49": Decimal("10.00")},
        (
            OssRow("NL", Decimal(9), "EUR", Kind.INVOICE, Decimal("101.00"), Decimal("9.09")),
            OssRow("NL", Decimal(9), "EUR", note, Decimal("-10.00"), Decimal("-0.90")),
        ),
    )


def test_what_was_sold_under_oss_in_another_currency_is_told_in_that_one() -> None:
    sold: dict[str, Any] = {"rate": "25", "reason": "oss", "vat_country": "SE"}
    euros: dict[str, Any] = {"base_eur": Decimal("90.00"), "vat_eur": Decimal("22.50")}
    crowns = a_row("S", "1000.00", "250.00", **sold, currency="SEK", **euros)
    unknown = replace(crowns, base_eur=None, vat_eur=None)
    found = vat_return([a_row("S", "100.00", "25.00", **sold), crowns, unknown])
    assert [(row.currency, row.base, row.vat) for row in found.oss] == [
        ("EUR", Decimal("100.00"), Decimal("25.00")),
        ("SEK", Decimal("2000.00"), Decimal("500.00")),
    ]
    assert found.grids == {"47": Decimal("190.00")}
    assert found.beside == (unknown,)


def test_what_stands_in_no_grid_is_told_and_not_left_out() -> None:
    margin = a_row("E", "100.00", reason="margin")
    dollars = a_row("S", "100.00", "21.00", rate="21", base_eur=None, vat_eur=None)
    assert vat_return([margin, dollars]) == VatReturn(beside=(margin, dollars))
