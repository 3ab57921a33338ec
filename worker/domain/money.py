"""Amounts. `Decimal` only; one named function rounds, and it rounds a sum once."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")
CENT = Decimal("0.01")

# ISO 4217 minor units other than two; every other currency has two decimals.
MINOR_UNITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip


def to_cent(amount: Decimal) -> Decimal:
    """Round *amount* to two decimals, halves away from zero (as WooCommerce and the Belgian decree do)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def to_minor_unit(amount: Decimal, currency: str) -> Decimal:
    """Round *amount* to what can be paid in *currency*; the result still shows two decimals where that is exact."""
    unit = Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))
    rounded = amount.quantize(unit, rounding=ROUND_HALF_UP)
    return rounded if rounded.as_tuple().exponent == -3 else rounded.quantize(CENT)


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    """Sum exactly; nothing is rounded here. The sum of nothing is 0.00."""
    return sum(amounts, ZERO)
