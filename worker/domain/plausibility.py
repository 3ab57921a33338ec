"""Whether an order's figures explain each other, but for what rounding may make of them."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from worker.domain.charged_tax import ChargedRate, carries, shown_unit, tax_of_lines
from worker.domain.document import Problem
from worker.domain.money import to_minor_unit
from worker.domain.order import Order
from worker.domain.totals import ChargedAmounts
from worker.message import Message, Money, Percent


def unexplained_difference(
    order: Order, rates: Sequence[ChargedRate], charged: Iterable[ChargedAmounts]
) -> tuple[Problem, ...]:
    """The difference that rounding cannot explain, if there is one.

    A shop rounds each line's net and tax by half a unit at most, each rate's two sums (lines, shipping) and its total
    likewise; the unit is a cent, or a whole euro in a shop with 0 decimals. So a line's tax may be a unit off its rate,
    a rate half a unit per line and sum, and the total half a unit per line, per sum and for itself.
    """
    half = shown_unit(order) / 2
    wrong = [
        *_lines_off_their_rate(order, rates, most=2 * half),
        *_rates_off_their_lines(order, half=half),
        *_total_off_its_sums(order, charged),
    ]
    if not wrong:
        return ()
    figures = (*wrong[:5], *([Message("…")] if len(wrong) > 5 else []))
    return (
        Problem(
            "does_not_add_up",
            Message(
                "Order {number} does not add up: {figures}. Recalculate the order in WooCommerce and save it; if that changes nothing, a plugin there writes amounts of its own.",
                number=order.number,
                figures=figures,
            ),
        ),
    )


def _lines_off_their_rate(order: Order, rates: Sequence[ChargedRate], *, most: Decimal) -> Iterator[Message]:
    for line, rate in zip(order.lines, rates, strict=True):
        expected = line.total * rate.percent / 100
        if not rate.guessed and abs(line.tax - expected) > most:
            yield Message(
                "“{line}” of {total} carries {tax} of tax, {rate} would be {expected}",
                line=line.name,
                total=Money(line.total, order.currency),
                tax=Money(line.tax, order.currency),
                rate=Percent(rate.percent),
                expected=Money(to_minor_unit(expected, order.currency), order.currency),
            )


def _rates_off_their_lines(order: Order, *, half: Decimal) -> Iterator[Message]:
    for tax_rate in order.tax_rates:
        listed, lines = tax_of_lines(order, tax_rate), sum(1 for line in order.lines if carries(line, tax_rate))
        if abs(tax_rate.charged - listed) > half * (lines + 2):
            yield Message(
                "{charged} was charged at {rate}, the lines say {listed}",
                charged=Money(tax_rate.charged, order.currency),
                rate=Percent(tax_rate.percent),
                listed=Money(listed, order.currency),
            )


def _total_off_its_sums(order: Order, charged: Iterable[ChargedAmounts]) -> Iterator[Message]:
    summed = sum((sums.net + sums.tax for sums in charged), Decimal(0))
    if abs(order.total - summed) > tolerance(order):
        yield Message(
            "the lines with tax are {summed}, the order's total is {total}",
            summed=Money(summed, order.currency),
            total=Money(order.total, order.currency),
        )


def tolerance(order: Order) -> Decimal:
    """What rounding explains between the order's total and its lines with their tax."""
    return shown_unit(order) / 2 * (len(order.lines) + 2 * len(order.tax_rates) + 1)
