"""What a coupon or a sale price took off a line, said below it where the shop wants that."""

from dataclasses import replace
from decimal import Decimal

from worker.domain.document import Line
from worker.domain.language import phrase
from worker.domain.money import to_cent
from worker.domain.order import Order

_NEAR = Decimal("0.05")


def with_discount(line: Line, order: Order, language: str) -> Line:
    """*line*, and how much less it is than before its coupons, with VAT where its own price is; as it was where nothing was taken off."""
    sold = next((one for one in order.lines if one.line_id == line.order_line_id), None)
    if sold is None or not 0 < sold.total < sold.subtotal:
        return line
    off, codes = sold.subtotal - sold.total, ", ".join(order.coupons)
    key, amount = "discount_amount", off
    if line.gross is not None:
        key, amount = "discount_with_vat", off * line.gross / line.net
    share = percent(off, sold.subtotal)
    said = phrase("discount_percent" if share else key, language).format(
        percent=share, amount=in_words(to_cent(amount), language)
    )
    return replace(line, details=(*line.details, f"{said} ({codes})" if codes else said))


def percent(off: Decimal, of: Decimal) -> str:
    """Whole percents, where that is what was taken off; cents were rounded on the way. Empty where it was an amount."""
    exact = off * 100 / of
    near = exact.quantize(Decimal(1))
    return str(near) if near and abs(exact - near) <= _NEAR else ""


def in_words(amount: Decimal, language: str) -> str:
    return str(amount) if language == "en" else str(amount).replace(".", ",")
