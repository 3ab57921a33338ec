"""Tables for a spreadsheet: what a cell holds, and in whose figures."""

from datetime import date
from decimal import Decimal

import pytest

from worker.domain.csv_table import FORMULA_PREFIXES, as_csv, escape_cell


@pytest.mark.parametrize("decimal_comma", [False, True])
@pytest.mark.parametrize("typed", ["=1+1", "+32 9", "-5", "@SUM(A1)", "\tx", " =1", "＝1"])
def test_a_cell_is_never_a_formula(typed: str, decimal_comma: bool) -> None:
    table = as_csv(["a", "b"], [{"a": typed, "b": 'say "hi"'}], decimal_comma=decimal_comma)
    between = ";" if decimal_comma else ","
    assert table.splitlines()[1:] == [f'\'{typed}{between}"say ""hi"""']


@pytest.mark.parametrize(
    "formula", ["=1+1", "@SUM(A1)", "+1+1", "-1+1", "- 1+1", "-cmd|' /C calc'!A0", "-SUM(A1)", ' "=1+1', "＝1"]
)
@pytest.mark.parametrize("typed", ["Gist;{}", "Gist,{}", "Gist\t{}", "Gist\r\n{}", "Gist;{};{}"])
@pytest.mark.parametrize("decimal_comma", [False, True])
def test_nor_where_a_spreadsheet_separates_cells_otherwise(typed: str, formula: str, decimal_comma: bool) -> None:
    """Excel takes a semicolon in Belgium and a comma elsewhere, and knows quotes only where its own separator is before them."""
    table = as_csv(["a", "b"], [{"a": typed.format(formula, formula), "b": "c"}], decimal_comma=decimal_comma)
    cells = [cell.lstrip(' "') for separator in ",;\t" for line in table.splitlines() for cell in line.split(separator)]
    assert formula not in cells
    assert [cell for cell in cells if cell.startswith(FORMULA_PREFIXES)] == []


@pytest.mark.parametrize(
    "typed",
    [
        'Korting 5,- of 10,-; C=A, x=1, a@b.be, "x" - y', "Straat 5, -2de", "Kaai 1, -1 bus 3; achter", "Straat 5\r\n-2de verdieping",
        "Mok (12,-)", "Korting, -10%", "tel, +32 475 12 34 56",
    ],
)  # fmt: skip
def test_what_people_write_behind_a_comma_stays(typed: str) -> None:
    assert escape_cell(typed) == typed


@pytest.mark.parametrize("formula", ["-1,1+cmd|' /C calc'!A0", "+0,5+SUM(A1)", "-1,50,2*A1"])
def test_a_figure_as_people_with_a_comma_write_it_hides_no_formula(formula: str) -> None:
    assert escape_cell(f"Gist;{formula};") == f"Gist;'{formula};"


def test_who_writes_a_comma_gets_figures_that_his_spreadsheet_reads_and_a_program_those_of_the_standard() -> None:
    row = {
        "day": date(2026, 10, 6),
        "net": Decimal("-1006.10"),
        "rate": Decimal(21),
        "count": 3,
        "name": "Café 6.10; B, C",
        "none": None,
    }
    assert as_csv(list(row), [row]) == 'day,net,rate,count,name,none\r\n2026-10-06,-1006.10,21,3,"Café 6.10; B, C",\r\n'
    assert as_csv(list(row), [row], decimal_comma=True) == (
        '\ufeffday;net;rate;count;name;none\r\n2026-10-06;-1006,10;21;3;"Café 6.10; B, C";\r\n'
    )
