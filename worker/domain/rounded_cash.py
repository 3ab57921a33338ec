"""What cash is rounded by: the buyer pays a multiple of five cents, and what was sold keeps its price and its VAT.

Art. VI.7/1 and VI.7/2 of the Code of Economic Law, for who pays in cash and is there, since 1-12-2019 (read 2026-11, from general
knowledge). Tills write it on the order as a fee without VAT.
"""

from dataclasses import replace
from decimal import Decimal

from worker.domain.money import total_of
from worker.domain.order import LineKind, Order, OrderLine

MOST = Decimal("0.02")


def without_cash_rounding(order: Order) -> tuple[Order, Decimal]:
    """*order* as it was sold, and what its total was rounded by."""
    rounding = tuple(line for line in order.lines if is_cash_rounding(line))
    if not rounding:
        return order, Decimal(0)
    amount = total_of(line.total for line in rounding)
    lines = tuple(line for line in order.lines if line not in rounding)
    return replace(order, lines=lines, total=order.total - amount), amount


def is_cash_rounding(line: OrderLine) -> bool:
    """A fee of a cent or two without tax: nothing that is sold costs so little, whatever it is called."""
    return line.kind is LineKind.FEE and not line.tax and 0 < abs(line.total) <= MOST
