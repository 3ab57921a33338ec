"""The QR code with which a banking app fills in a transfer: EPC069-12, version 002."""

import io
from decimal import Decimal

import segno

from worker.domain.document import Draft
from worker.domain.money import CENT
from worker.i18n.formats import asks_payment

MAX_AMOUNT = Decimal("999999999.99")
MAX_BYTES = 331
# segno tries all eight masks for the best pattern, which takes longer than the rest; any mask is a valid code.
MASK = 3


def payload(draft: Draft) -> str | None:
    """The content of the code, or None where the document needs no transfer in euros, or is a test: a code cannot tell."""
    payment = draft.payment
    if payment is None or draft.test or not asks_payment(draft):
        return None
    if draft.currency != "EUR" or not payment.iban or not CENT <= draft.to_pay <= MAX_AMOUNT:
        return None
    name = _one_line(payment.beneficiary or draft.seller.name)[:70].strip()
    if not name:
        return None
    lines = (
        "BCD",
        "002",
        "1",  # UTF-8
        "SCT",
        "".join(payment.bic.split()),
        name,
        "".join(payment.iban.split()).upper(),
        f"EUR{draft.to_pay:.2f}",
        "",  # purpose
        payment.reference,  # structured: Belgian apps read the twelve digits here, others the form with RF
    )
    text = "\n".join(lines)
    return text if len(text.encode()) <= MAX_BYTES else None


def png(text: str) -> bytes:
    """Draw the code at four dots a module, error level M as the guideline wants it."""
    code = segno.make_qr(text, error="m", boost_error=False, mask=MASK, encoding="utf-8")
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=4, border=2)
    return picture.getvalue()


def _one_line(text: str) -> str:
    return " ".join(text.split())
