"""The QR code with which a banking app fills in a transfer: EPC069-12, version 002."""

import io

import segno

from worker.domain.document import Draft
from worker.domain.transfer_code import transfer_code

# segno tries all eight masks for the best pattern, which takes longer than the rest; any mask is a valid code.
MASK = 3


def payload(draft: Draft) -> str | None:
    """The content of the code, or None where the document needs no transfer in euros, or is a test."""
    return transfer_code(draft, draft.to_pay) or None if draft.asks_payment else None


def png(text: str) -> bytes:
    """Draw the code at four dots a module, error level M as the guideline wants it."""
    code = segno.make_qr(text, error="m", boost_error=False, mask=MASK, encoding="utf-8")
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=4, border=2)
    return picture.getvalue()
