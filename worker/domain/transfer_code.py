"""What the QR codes say with which an app fills in a payment: EPC069-12 for every banking app, and the address of Bancontact Pro. Pure."""

from decimal import Decimal
from urllib.parse import urlencode

from worker.domain.document import Draft
from worker.domain.money import CENT

MOST = Decimal("999999999.99")
MAX_BYTES = 331
# Of the invoices of merchants who have that product (docs.bancontactpro.com, read 2026-11): 1 to 999,999 cents.
BANCONTACT = "https://pay.bancontact.net/t/1/"
MOST_BY_BANCONTACT = Decimal("9999.99")


def transfer_code(draft: Draft, amount: Decimal) -> str:
    """The code to pay *amount* of the document by bank transfer; empty where none can be, or for a test: a code cannot tell."""
    payment = draft.payment
    if payment is None or draft.test or draft.currency != "EUR" or not payment.iban or not CENT <= amount <= MOST:
        return ""
    name = one_line(payment.beneficiary or draft.seller.name)[:70].strip()
    if not name:
        return ""
    lines = (
        "BCD",
        "002",
        "1",  # UTF-8
        "SCT",
        "".join(payment.bic.split()),
        name,
        "".join(payment.iban.split()).upper(),
        f"EUR{amount:.2f}",
        "",  # purpose
        payment.reference,  # structured: Belgian apps read the twelve digits here, others the form with RF
    )
    text = "\n".join(lines)
    return text if len(text.encode()) <= MAX_BYTES else ""


def bancontact_code(draft: Draft, amount: Decimal, *, profile: str) -> str:
    """The address with which the app Bancontact Pay pays *amount* to the merchant with *profile*; empty where it cannot."""
    payment = draft.payment
    if not profile or payment is None or draft.test or draft.currency != "EUR":
        return ""
    if not CENT <= amount <= MOST_BY_BANCONTACT or not payment.reference:
        return ""
    asked = {"D": payment.reference[:35], "A": int(amount * 100), "R": payment.reference[:35]}
    return f"{BANCONTACT}{profile}?{urlencode(asked)}"


def one_line(text: str) -> str:
    return " ".join(text.split())
