"""Shipping and fees are taxed as the goods are: too high is told, too low waits, and the owner may say that it is right."""

import pytest

from tests.support.factories import TODAY, a_history, a_line, a_shop, an_order, issued, shipping
from worker.domain.decide import decide_documents
from worker.domain.order import LineKind, OrderLine
from worker.domain.shop import Shop, VatSettings
from worker.domain.zero_reason import ZeroReason

BOOK, MUG = a_line("20.00", "6", name="Boek"), a_line("30.00", "21", name="Mok", line_id=2)
FEE = a_line("2.00", "21", name="Inpakken", line_id=91, kind=LineKind.FEE)
RIGHT = a_shop(vat=VatSettings(shipping_rate_is_right=True))


def told(*lines: OrderLine, shop: Shop | None = None) -> tuple[list[str], list[str]]:
    """What holds the draft back, and what is flagged once it is issued."""
    order, shop = an_order(*lines, paid=True), shop or a_shop()
    [draft] = decide_documents(order, (), a_history(), shop, TODAY).drafts
    flags = decide_documents(order, (), a_history(issued(draft)), shop, TODAY).flags
    return [one.code for one in draft.problems], [one.code for one in flags]


@pytest.mark.parametrize(
    ("lines", "problems", "flags"),
    [
        ((BOOK, shipping("5.00", "21")), [], ["shipping_rate_high"]),
        ((BOOK, FEE), [], ["shipping_rate_high"]),
        ((MUG, shipping("5.00", "6")), ["shipping_rate_low"], []),
        ((BOOK, MUG, shipping("5.00", "21")), [], []),
        ((BOOK, MUG, shipping("5.00", "6")), [], []),
        ((BOOK, shipping("5.00", "6")), [], []),
        ((BOOK, shipping("0.00", None)), [], []),
        ((BOOK,), [], []),
    ],
)
def test_shipping_follows_the_goods(lines: tuple[OrderLine, ...], problems: list[str], flags: list[str]) -> None:
    assert told(*lines) == (problems, flags)


SAYS = (
    "name Weekblad = zero_rated",
    "name Bon = voucher",
    "name Krat = packaging",
    "name Stoel = margin",
    "name Les = exempt",
)
SAID = a_shop(vat=VatSettings(zero_reasons=tuple(map(ZeroReason.parse, SAYS))))


def without_vat(name: str) -> OrderLine:
    return a_line("10.00", "0", name=name, line_id=7)


@pytest.mark.parametrize(
    ("lines", "problems", "flags"),
    [
        ((without_vat("Weekblad"), shipping("5.00", "21")), [], ["shipping_rate_high"]),
        ((without_vat("Weekblad"), shipping("5.00", "6")), [], ["shipping_rate_high"]),
        ((without_vat("Weekblad"), shipping("5.00", "0")), [], []),
        ((without_vat("Weekblad"), MUG, shipping("5.00", "21")), [], []),
        ((without_vat("Weekblad"), BOOK, shipping("5.00", "21")), [], ["shipping_rate_high"]),
        *(((without_vat(name), shipping("5.00", "21")), [], []) for name in ("Krat", "Stoel", "Les")),
        ((without_vat("Bon"), shipping("5.00", "21")), [], []),
        # Beside goods with VAT they change nothing
        *(
            ((without_vat(name), MUG, shipping("5.00", "6")), ["shipping_rate_low"], [])
            for name in ("Bon", "Krat", "Stoel", "Les")
        ),
    ],
)
def test_shipping_shares_the_zero_rate_of_goods_and_no_other_reason_for_no_vat(
    lines: tuple[OrderLine, ...], problems: list[str], flags: list[str]
) -> None:
    assert told(*lines, shop=SAID) == (problems, flags)


@pytest.mark.parametrize("lines", [(BOOK, shipping("5.00", "21")), (MUG, shipping("5.00", "6"))])
def test_the_owner_may_say_that_its_own_rate_is_right(lines: tuple[OrderLine, ...]) -> None:
    assert told(*lines, shop=RIGHT) == ([], [])
