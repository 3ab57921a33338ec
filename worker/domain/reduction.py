"""What an order takes off: a reduction is taxed as the goods that it is on, so it cannot be more than the order sells at a rate.

A discount lowers the taxable amount of what it is on (art. 28 2° of the VAT code; art. 79 b and 90 of the VAT directive): five euros
off books at 6 % that carry 21 % give back VAT that nobody charged. Packaging that comes back is outside it (art. 28 6°). Read
2026-11-28, from general knowledge.
"""

from collections.abc import Sequence
from decimal import Decimal

from worker.domain.charged_tax import group_of
from worker.domain.document import Problem
from worker.domain.order import Order, OrderLine
from worker.domain.totals import VatGroup
from worker.domain.treatment import Treatment
from worker.domain.zero_reason import Untaxed
from worker.message import Message, Money, Percent, quoted


def reduction_problems(order: Order, treatments: Sequence[Treatment]) -> tuple[Problem, ...]:
    """Ask of each rate at which *order* takes off more than it sells. What comes to less than nothing in all is another question."""
    if order.total < 0:
        return ()
    groups: dict[VatGroup, list[OrderLine]] = {}
    for line, treatment in zip(order.lines, treatments, strict=True):
        if treatment.problem is None and treatment.mention != Untaxed.PACKAGING:
            groups.setdefault(group_of(treatment), []).append(line)
    below = {group: lines for group, lines in groups.items() if sum(line.total for line in lines) < 0}
    return tuple(_problem(order, rate, lines) for (_, rate), lines in below.items())


def _problem(order: Order, rate: Decimal, lines: Sequence[OrderLine]) -> Problem:
    taken_off = [line for line in lines if line.total < 0]
    message = Message(
        "{lines} takes {amount} off at {rate} VAT, more than order {number} sells at that rate. A reduction is taxed as the goods that "
        "it is on: let a coupon do it, and recalculate the order. If goods of an earlier order came back, credit the invoice of that "
        "one instead. Issue this draft only if it is right.",
        lines=quoted(dict.fromkeys(line.name for line in taken_off)),
        amount=Money(-sum((line.total for line in taken_off), Decimal(0)), order.currency),
        rate=Percent(rate),
        number=order.number,
    )
    return Problem("reduction_exceeds_rate", message, asks=True)
