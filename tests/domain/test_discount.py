"""What a coupon took off is said below the line where the shop wants it, and changes no figure."""

from decimal import Decimal

import pytest

from tests.support.factories import TODAY, a_line, a_shop, an_order, rate_id_of
from worker.domain.document import Draft, Kind, Purpose
from worker.domain.draft import draft_document
from worker.domain.order import LineKind, LineTax, OrderLine


def drafted(subtotal: str, total: str, *coupons: str, language: str = "nl", shows: bool = True) -> Draft:
    line = a_line(total, subtotal=Decimal(subtotal))
    order = an_order(line, coupons=coupons, language_hint=language)
    shop = a_shop(shows_discounts=shows, language=language)
    return draft_document(order, shop, today=TODAY, purpose=Purpose(Kind.INVOICE, "test"))


@pytest.mark.parametrize(
    ("subtotal", "total", "coupons", "said"),
    [
        ("100.00", "90.00", ("ZOMER10",), "10 % korting (ZOMER10)"),
        ("12.40", "11.16", (), "10 % korting"),
        ("33.33", "22.33", ("LENTE", "VIP"), "33 % korting (LENTE, VIP)"),
        ("20.00", "17.27", ("VAST",), "Korting van 2,73 zonder btw (VAST)"),
    ],
)
def test_a_discount_is_said_as_it_was_given(subtotal: str, total: str, coupons: tuple[str, ...], said: str) -> None:
    draft = drafted(subtotal, total, *coupons)

    assert draft.lines[0].details == (said,)
    assert (draft.lines[0].net, draft.net) == (Decimal(total), Decimal(total))


def test_it_is_said_in_the_language_of_the_document() -> None:
    assert drafted("100.00", "90.00", "ETE", language="fr").lines[0].details == ("Remise de 10\u202f% (ETE)",)


@pytest.mark.parametrize(
    ("subtotal", "total", "shows"), [("100.00", "100.00", True), ("100.00", "90.00", False), ("90.00", "100.00", True)]
)
def test_nothing_is_said_where_nothing_came_off_or_nobody_wants_it(subtotal: str, total: str, shows: bool) -> None:
    assert drafted(subtotal, total, "ZOMER10", shows=shows).lines[0].details == ()


def test_each_of_the_lines_as_which_one_is_printed_says_its_part_of_the_discount() -> None:
    basket = OrderLine(
        1,
        LineKind.PRODUCT,
        "Mand",
        Decimal(1),
        Decimal("97.33"),
        Decimal("90.00"),
        (LineTax(rate_id_of("21"), Decimal("9.45")), LineTax(rate_id_of("6"), Decimal("2.70"))),
    )
    draft = draft_document(
        an_order(basket), a_shop(shows_discounts=True), today=TODAY, purpose=Purpose(Kind.INVOICE, "test")
    )

    assert [line.details for line in draft.lines] == [
        ("Korting van 3,67 zonder btw",),
        ("Korting van 3,66 zonder btw",),
    ]


def test_a_line_that_is_next_to_nothing_after_its_discount_is_no_fault() -> None:
    screw = a_line("0.004", tax="0.001", subtotal=Decimal("0.041"), line_id=2)
    draft = draft_document(
        an_order(a_line("10.00"), screw, prices_include_tax=True),
        a_shop(shows_discounts=True),
        today=TODAY,
        purpose=Purpose(Kind.INVOICE, "test"),
    )

    assert [line.details for line in draft.lines] == [(), ("Korting van 0,04",)]
