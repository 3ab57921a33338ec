"""The reference of a payment: the Belgian structured communication, and its form for banks elsewhere."""

import re
from dataclasses import dataclass
from datetime import datetime

# Each shop's references start at its own ten million, so that shops may share a bank account.
ORDERS_PER_SEED = 10_000_000
LARGEST_SEED = 999  # three of the ten digits are left for it
_RF00 = "271500"  # RF00 with its letters as numbers (R 27, F 15), as the check of ISO 11649 moves it to the end


@dataclass(frozen=True)
class EarlierDigits:
    """With which a shop's references began until it took others: orders placed before *until* (aware UTC) keep theirs."""

    digits: int
    until: datetime


def structured_communication(shop_seed: int, order_id: int) -> str:
    """The order's reference: 12 digits, shared by all documents of the order.

    Ten digits of *shop_seed* x 10 000 000 + *order_id*, and two that check them (modulo 97, 97 for 0). Unique within a
    shop because order ids are; two shops could only meet when one has passed its ten millionth id.
    """
    base = (shop_seed * ORDERS_PER_SEED + order_id) % 10**10
    return f"{base:010d}{base % 97 or 97:02d}"


def range_of(digits: int) -> tuple[str, str]:
    """The first and the last reference that begin with these three digits."""
    return f"{digits:03d}000000000", f"{digits:03d}999999999"


def creditor_reference(communication: str) -> str:
    """The same twelve digits as an ISO 11649 creditor reference (`RF` and two check digits, modulo 97), for buyers abroad.

    The twelve digits stay readable at its end, so that a payment under either form is known by `digits_of`.
    """
    return f"RF{98 - int(communication + _RF00) % 97:02d}{communication}"


def digits_of(reference: str) -> str:
    """The twelve digits of a reference in either form, however it was typed; empty where it is neither."""
    compact = re.sub(r"[^0-9A-Z]", "", reference.upper())
    found = re.fullmatch(r"(?:RF[0-9]{2})?([0-9]{12})", compact)
    return found[1] if found else ""
