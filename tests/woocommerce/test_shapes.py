"""Orders as odd shops write them: what is stated in another way is read, what can mean two things waits for a person."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.support.factories import a_shop
from worker.demo.orders import an_order
from worker.domain.assessment import Assessment, assess
from worker.domain.line_split import split_by_rate
from worker.domain.money import written
from worker.domain.order import LineKind, LineTax, OrderLine, TaxRate
from worker.woocommerce.payload import parse_order


def assessed(order: dict[str, Any]) -> Assessment:
    return assess(parse_order(json.dumps(order).encode()), a_shop())


def with_tax_row(**row: object) -> dict[str, Any]:
    """A Belgian order of 21 % whose tax row says *row*; a value of ... takes the field away."""
    order: dict[str, Any] = json.loads(json.dumps(an_order(id=5018)))
    (tax_row,) = order["tax_lines"]
    for name, value in row.items():
        if value is ...:
            del tax_row[name]
        else:
            tax_row[name] = value
    return order


NAMELESS = {"label": "Belasting", "rate_code": "BE-BELASTING-1"}


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        ({"rate_percent": 21}, []),
        ({"rate_percent": None}, []),
        ({"rate_percent": ...}, []),
        ({"rate_percent": ""}, []),
        ({"rate_percent": "21%", **NAMELESS}, []),
        ({"rate_percent": None, "label": "TVA 21,00 %", "rate_code": "BE-TVA-1"}, []),
        ({"rate_percent": None, "label": "Btw", "rate_code": "BE-BTW BE 21%-1"}, []),
        ({"rate_percent": None, **NAMELESS}, ["rate_missing"]),
        ({"rate_percent": ..., **NAMELESS}, ["rate_missing"]),
        ({"rate_percent": None, "label": "21 % in plaats van 6 %", "rate_code": ""}, ["rate_missing"]),
        ({"rate_percent": None, "label": "BTW 6%", "rate_code": "BE-BTW 6%-1"}, ["does_not_add_up"]),
    ],
)
def test_a_rate_without_a_percentage_is_read_from_its_name_or_waits(
    row: dict[str, object], problems: list[str]
) -> None:
    found = assessed(with_tax_row(**row))
    assert [problem.code for problem in found.problems] == problems
    if problems != ["does_not_add_up"]:
        assert {rate.percent for rate in found.rates} == {Decimal(21)}, "and the draft shows the likeliest rate"


@pytest.mark.parametrize(
    ("of_row", "of_line", "problems"),
    [
        ("US-CA-TAX-1", "US-CA-TAX-1", []),
        ("7", 7, []),
        (
            0,
            "avatax",
            ["rate_missing", "does_not_add_up"],
        ),  # WooCommerce makes a number of the row's id, and not of the line's
    ],
)
def test_a_tax_service_names_its_rates_by_texts(of_row: object, of_line: object, problems: list[str]) -> None:
    order = with_tax_row(rate_id=of_row)
    for line in (*order["line_items"], *order["shipping_lines"], *order["fee_lines"]):
        for tax in line["taxes"]:
            tax["id"] = of_line
    assert [problem.code for problem in assessed(order).problems] == problems


@pytest.mark.parametrize("currency", ["KWD", "BHD", "TND"])
def test_a_currency_with_three_decimals_keeps_them_all(currency: str) -> None:
    taxes = (LineTax(1, Decimal("1.265")), LineTax(2, Decimal("0.241")))
    line = OrderLine(1, LineKind.SHIPPING, "Aramex", Decimal(1), Decimal("10.037"), Decimal("10.037"), taxes)
    order = replace(
        parse_order(json.dumps(an_order(id=1)).encode()),
        currency=currency,
        lines=(line,),
        tax_rates=(
            TaxRate(1, "21", Decimal(21), False, Decimal("1.265")),
            TaxRate(2, "6", Decimal(6), False, Decimal("0.241")),
        ),
        total=Decimal("11.543"),
    )
    assert [part.total for part in split_by_rate(order).lines] == [Decimal("6.024"), Decimal("4.013")]
    found = assess(order, a_shop())
    assert (found.totals.net + found.totals.vat + found.totals.rounding, found.problems) == (Decimal("11.543"), ())


def test_a_gift_card_in_three_decimals_keeps_them_all() -> None:
    order = {**an_order(id=1), "currency": "KWD", "gift_cards": [{"code": "ABCD1234", "amount": "1.2345"}]}
    assert parse_order(json.dumps(order).encode()).gift_cards[0].amount == Decimal("1.235")


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1.234", "1.234"), ("1.230", "1.23"), ("1.2", "1.20"), ("12E2", "1200.00"), ("-0.005", "-0.005"), ("0", "0.00")],
)
def test_machines_read_amounts_as_they_are(amount: str, text: str) -> None:
    assert written(Decimal(amount)) == text
