"""Whether shipping and fees carry the VAT of the goods that they belong to.

What a seller charges for transport and packing with goods is part of their price, and taxed as they are (art. 26 and 28 of the
VAT code; art. 78 b of the VAT directive; accessory follows principal, C-349/96 Card Protection Plan; read 2026-11-28, from general
knowledge and law-audit §1 18). Too much VAT is due all the same, since it is mentioned (art. 51 §1 3°): the document leaves, and
the owner is told. Too little is not: it waits until somebody has looked.
"""

from collections.abc import Sequence
from decimal import Decimal

from worker.domain.document import Problem
from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.treatment import Treatment
from worker.domain.zero_reason import Untaxed
from worker.message import Message, Percent

TOO_HIGH, TOO_LOW = "shipping_rate_high", "shipping_rate_low"


def shipping_rate_problems(order: Order, treatments: Sequence[Treatment]) -> tuple[Problem, ...]:
    """What is wrong with the rates of shipping and fees. *treatments* are those of the lines, in their order.

    Of what carries no VAT only zero-rated goods have a rate that shipping shares: 0 %. Sending a voucher or margin goods is taxed.
    """
    paid = [(line, one) for line, one in zip(order.lines, treatments, strict=True) if line.total > 0]
    goods = [
        one.rate
        for line, one in paid
        if line.kind is LineKind.PRODUCT and (one.rate or one.mention == Untaxed.ZERO_RATED)
    ]
    beside = [(line, one.rate) for line, one in paid if line.kind is not LineKind.PRODUCT and one.rate]
    if not goods:
        return ()
    found = []
    for line, rate in beside:
        if rate > max(goods):
            found.append(_too_high(line, rate, max(goods)))
        elif min(goods) and rate < min(goods):
            found.append(_too_low(line, rate, min(goods)))
    return tuple(dict.fromkeys(found))


def _too_high(line: OrderLine, rate: Decimal, of_goods: Decimal) -> Problem:
    message = Message(
        "“{line}” carries {rate} VAT, but none of the goods more than {goods}: shipping and costs with goods are taxed as the goods "
        "are. Set “Shipping tax class based on cart items” in WooCommerce; or say in the VAT settings that your rates are right.",
        line=line.name,
        rate=Percent(rate),
        goods=Percent(of_goods),
    )
    return Problem(TOO_HIGH, message)


def _too_low(line: OrderLine, rate: Decimal, of_goods: Decimal) -> Problem:
    message = Message(
        "“{line}” carries {rate} VAT, but all of the goods {goods} or more: shipping and costs with goods are taxed as the goods are, "
        "so too little VAT was charged. Correct the rate in WooCommerce and recalculate the order; or say in the VAT settings that "
        "your rates are right.",
        line=line.name,
        rate=Percent(rate),
        goods=Percent(of_goods),
    )
    return Problem(TOO_LOW, message, asks=True)
