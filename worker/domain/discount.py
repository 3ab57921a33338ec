"""What a coupon or a sale price took off a line, said below it where the shop wants that."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from worker.domain.document import Line
from worker.domain.language import phrase
from worker.domain.money import CENT, to_cent
from worker.domain.order import Order
from worker.domain.totals import split_amount

_NEAR = Decimal("0.05")


def with_discounts(lines: Sequence[Line], order: Order, language: str) -> tuple[Line, ...]:
    """*lines*, each with how much less it is than before its coupons, with VAT where its own price is; as it was where nothing came off.

    Where a line of the order is printed as several, each says its part.
    """
    found = list(lines)
    for sold in order.lines:
        own = [place for place, line in enumerate(lines) if line.order_line_id == sold.line_id]
        if 0 < sold.total < sold.subtotal:
            off = sold.subtotal - sold.total
            parts = [off] if len(own) == 1 else split_amount(to_cent(off), [lines[place].net for place in own], CENT)
            for place, part in zip(own, parts, strict=True):
                found[place] = _less(lines[place], part, percent(off, sold.subtotal), order, language)
    return tuple(found)


def _less(line: Line, off: Decimal, share: str, order: Order, language: str) -> Line:
    codes = ", ".join(order.coupons)
    key, amount = "discount_amount", off
    if line.gross is not None:
        key, amount = "discount_with_vat", off * (100 + line.rate) / 100
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
