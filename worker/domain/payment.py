"""How to pay, as bits of text: the Belgian structured communication and what an EPC QR code says."""

from decimal import Decimal

from worker.domain.money import to_cent

# Each shop's references start at its own ten million, so that shops may share a bank account.
ORDERS_PER_SEED = 10_000_000


def structured_communication(shop_seed: int, order_id: int) -> str:
    """The order's reference: 12 digits, shared by all documents of the order.

    Ten digits of *shop_seed* x 10 000 000 + *order_id*, and two that check them (modulo 97, 97 for 0). Unique within a
    shop because order ids are; two shops could only meet when one has passed its ten millionth id.
    """
    base = (shop_seed * ORDERS_PER_SEED + order_id) % 10**10
    return f"{base:010d}{base % 97 or 97:02d}"


def is_structured_communication(reference: str) -> bool:
    """Whether *reference* is 12 digits whose last two check the others."""
    if len(reference) != 12 or not (reference.isascii() and reference.isdigit()):
        return False
    return int(reference[10:]) == (int(reference[:10]) % 97 or 97)


def print_ogm(reference: str) -> str:
    """Print 090933755493 as +++090/9337/55493+++."""
    if len(reference) != 12:
        raise ValueError(f"“{reference}” is not a structured communication of 12 digits")
    return f"+++{reference[:3]}/{reference[3:7]}/{reference[7:]}+++"


def epc_payload(
    *, beneficiary: str, iban: str, amount: Decimal, bic: str = "", reference: str = "", text: str = ""
) -> str:
    """What the QR code of a SEPA transfer holds (EPC069-12 version 002, UTF-8): a *reference* or a *text*, not both.

    The reference goes on the structured line: Belgian banking apps read twelve digits there as +++…+++.
    """
    if reference and text:
        raise ValueError("an EPC QR code holds a reference or a text, not both")
    if not Decimal("0.01") <= amount <= Decimal("999999999.99"):
        raise ValueError(f"{amount} cannot be paid by an EPC QR code")
    if len(reference) > 35:
        raise ValueError(f"“{reference}” is longer than the 35 characters of a reference")
    lines = (
        "BCD",
        "002",
        "1",
        "SCT",
        bic.replace(" ", ""),
        _fitting(beneficiary, 70),
        iban.replace(" ", "").upper(),
        f"EUR{to_cent(amount)}",
        "",
        reference,
        _fitting(text, 140),
    )
    return "\n".join(lines).rstrip("\n")


def _fitting(text: str, length: int) -> str:
    """One line of at most *length* bytes: the limits are in characters, but the whole may not pass 331 bytes."""
    return " ".join(text.split()).encode()[:length].decode(errors="ignore").rstrip()
