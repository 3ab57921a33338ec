"""Amounts. `Decimal` only; one named function rounds, and it rounds a sum once."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")
CENT = Decimal("0.01")

# ISO 4217 minor units other than two; every other currency has two decimals.
MINOR_UNITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip

# What money is paid in (ISO 4217, read 2026-11-28), and what was until lately. Not funds and units of account (CLF and UYW have
# four decimals), metals, or codes without a meaning (XXX, XTS): whoever guesses their decimals writes a wrong amount.
_PAID_WITH = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS
INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU
MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK
SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF
XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_PAID_WITH.split())


def to_cent(amount: Decimal) -> Decimal:
    """Round *amount* to two decimals, halves away from zero (as WooCommerce and the Belgian decree do)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def to_minor_unit(amount: Decimal, currency: str) -> Decimal:
    """Round *amount* to what can be paid in *currency*; the result still shows two decimals where that is exact."""
    unit = Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))
    rounded = amount.quantize(unit, rounding=ROUND_HALF_UP)
    return rounded if rounded.as_tuple().exponent == -3 else rounded.quantize(CENT)


def written(amount: Decimal) -> str:
    """*amount* in digits for machines and terminals: two decimals, more where it has them. Nothing is rounded."""
    return f"{amount:.2f}" if amount == amount.quantize(CENT) else f"{amount.normalize():f}"


def in_minor_units(amount: Decimal, currency: str) -> str:
    """*amount* with exactly the decimals of *currency*, as payment services want it: 10.00 EUR, 1000 JPY."""
    return f"{amount:.{MINOR_UNITS.get(currency, 2)}f}"


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    """Sum exactly; nothing is rounded here. The sum of nothing is 0.00."""
    return sum(amounts, ZERO)


def exponent_of(amount: Decimal) -> int:
    """-2 of 1.50; 0 of what is no number."""
    exponent = amount.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
