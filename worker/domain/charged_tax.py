"""What the shop charged: the rate of each line, and net and tax per rate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.domain.money import exponent_of, to_cent
from worker.domain.order import LineTax, Order, OrderLine, TaxRate
from worker.domain.rates import known_rates
from worker.domain.totals import ChargedAmounts, VatGroup, unit_of
from worker.domain.treatment import Treatment


@dataclass(frozen=True)
class ChargedRate:
    """The rate that the shop charged on one line. *several*: more than one tax, or a compound one; *guessed*: rate unknown."""

    percent: Decimal
    several: bool = False
    guessed: bool = False


def without_trailing_zeros(percent: Decimal) -> Decimal:
    """A rate without trailing zeros and without exponent: 21, 5.5, 20."""
    whole = percent.to_integral_value()
    return whole if whole == percent else percent.normalize()


def group_of(treatment: Treatment) -> VatGroup:
    return treatment.category, without_trailing_zeros(treatment.rate)


def charged_rate(line: OrderLine, order: Order) -> ChargedRate:
    """The percentage that the shop charged on *line*, all its taxes together."""
    by_id = {rate.rate_id: rate for rate in order.tax_rates}
    # Of taxes too small to show it is the highest: of 0 % and 12 % on two cents only 12 % was rounded away.
    highest = sorted(line.taxes, key=lambda tax: by_id[tax.rate_id].percent if tax.rate_id in by_id else 0)[-1:]
    counting = [tax for tax in line.taxes if tax.amount] or highest
    known = [by_id[tax.rate_id] for tax in counting if tax.rate_id in by_id]
    if len(known) < len(counting):
        return ChargedRate(_guessed_percent(line, order), guessed=True) if line.tax else ChargedRate(Decimal(0))
    percent = _combined(known)
    if percent and not line.tax:
        half = shown_unit(order) / 2  # by which net and tax may have been rounded down
        lost = (
            2 * half if line.total < 0 else half
        )  # a reduction is spread over rates, and each of its taxes was rounded
        if (abs(line.total) - half) * percent / 100 > lost:
            return ChargedRate(Decimal(0))  # the rate is named, but nothing was charged
    return ChargedRate(without_trailing_zeros(percent), several=len(known) > 1 or any(rate.compound for rate in known))


def _combined(rates: Sequence[TaxRate]) -> Decimal:
    """Simple taxes add up; a compound tax is charged on the amount with the simple ones in it."""
    factor = 1 + sum((rate.percent for rate in rates if not rate.compound), Decimal(0)) / 100
    for rate in rates:
        if rate.compound:
            factor *= 1 + rate.percent / 100
    return ((factor - 1) * 100).quantize(Decimal("0.0001"))


def _guessed_percent(line: OrderLine, order: Order) -> Decimal:
    """The likeliest rate when the order does not name it: the country's nearest, else what the figures say."""
    if not line.total:
        return Decimal(0)
    stated = abs(line.tax / line.total * 100)
    nearest = min(
        known_rates(order.billing.address.country, (order.taxable_at or order.created_at).date()),
        key=lambda rate: abs(rate - stated),
        default=stated,
    )
    explained = abs(abs(line.tax) - abs(line.total) * nearest / 100) <= unit_of(order.currency)
    return without_trailing_zeros(nearest if explained else to_cent(stated))


def charged_per_group(order: Order, treatments: Sequence[Treatment]) -> dict[VatGroup, ChargedAmounts]:
    """Net and tax per category and rate, highest rate first. The tax is what `tax_lines` say: the lines' own may not add up."""
    groups = [group_of(treatment) for treatment in treatments]
    net: dict[VatGroup, Decimal] = dict.fromkeys(sorted(groups, key=lambda group: (-group[1], group[0])), Decimal(0))
    tax, lines = dict.fromkeys(net, Decimal(0)), dict.fromkeys(net, 0)
    for line, group in zip(order.lines, groups, strict=True):
        net[group] += line.total
        tax[group] += line.tax
        lines[group] += 1 if line.total else 0
    for rate in order.tax_rates:
        # With tax rounded per subtotal 17 lines of 0.01 stand beside one tax of 0.12.
        holders = [group for line, group in zip(order.lines, groups, strict=True) if carries(line, rate)]
        if holders:
            largest = max(holders, key=lambda group: abs(net[group]))
            tax[largest] += rate.charged - tax_of_lines(order, rate)
    return {group: ChargedAmounts(net[group], tax[group], lines[group]) for group in net}


def carries(line: OrderLine, rate: TaxRate) -> bool:
    return any(tax.rate_id == rate.rate_id and (tax.amount or not line.total) for tax in line.taxes)


def tax_of_lines(order: Order, rate: TaxRate) -> Decimal:
    """What the lines say was charged under *rate*."""
    taxes: Iterable[LineTax] = (tax for line in order.lines for tax in line.taxes)
    return sum((tax.amount for tax in taxes if tax.rate_id == rate.rate_id), Decimal(0))


def shown_unit(order: Order) -> Decimal:
    """What the shop rounds to: the finest decimals it shows, and never finer than the currency."""
    shown = [
        order.total,
        *(line.total for line in order.lines),
        *(tax.amount for line in order.lines for tax in line.taxes),
    ]
    return max(unit_of(order.currency), Decimal(1).scaleb(-max(decimals_of(amount) for amount in shown)))


def decimals_of(amount: Decimal) -> int:
    return max(0, -exponent_of(amount))
