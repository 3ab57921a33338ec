"""What an owner says of things that are sold without VAT: read from a line of text, and recognised on the lines of an order."""

import pytest

from tests.support.factories import a_line
from worker.domain.mentions import legal_texts
from worker.domain.zero_reason import Mark, Untaxed, ZeroReason, reason_of


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tax class zero-rate = zero_rated", ZeroReason(Mark.TAX_CLASS, "zero-rate", Untaxed.ZERO_RATED)),
        ("  Tax Class Zero rate=Zero_Rated ", ZeroReason(Mark.TAX_CLASS, "Zero rate", Untaxed.ZERO_RATED)),
        ("sku BON-50 = voucher", ZeroReason(Mark.SKU, "BON-50", Untaxed.VOUCHER)),
        ("name 1 = 2 gratis = tip", ZeroReason(Mark.NAME, "1 = 2 gratis", Untaxed.TIP)),
    ],
)
def test_a_reason_is_read_as_people_write_it(text: str, reason: ZeroReason) -> None:
    assert ZeroReason.parse(text) == reason
    assert ZeroReason.parse(str(reason)) == reason


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("tax class zero-rate = tip", True),
        ("tax class Zero Rate = tip", True),
        ("tax class zero = tip", False),
        ("sku bon-50 = tip", True),
        ("sku bon-* = tip", True),
        ("sku bon = tip", False),
        ("product 812 = tip", True),
        ("product 813 = tip", True),
        ("product 81 = tip", False),
        ("name cadeaubon (50 €) = tip", True),
        ("name *bon* = tip", True),
        ("name cadeaubon = tip", False),
        ("name cadeaubon .50 €. = tip", False),
    ],
)
def test_a_line_is_recognised_whole_whatever_its_capitals(text: str, *, fits: bool) -> None:
    line = a_line(name="Cadeaubon (50 €)", sku="BON-50", tax_class="zero-rate", product_id=812, variation_id=813)
    assert ZeroReason.parse(text).fits(line) is fits


def test_the_first_reason_that_fits_counts() -> None:
    reasons = [ZeroReason.parse(text) for text in ("name Mok = tip", "name *bon = voucher", "name * bon* = packaging")]
    assert reason_of(a_line(name="Een bon"), reasons) is Untaxed.VOUCHER
    assert reason_of(a_line(name="Bord"), reasons) is None


def test_everything_that_can_be_said_has_its_sentence() -> None:
    assert set(Untaxed) <= set(legal_texts())
