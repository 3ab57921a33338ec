"""A line that the shop taxed in parts becomes as many lines: WooCommerce spreads a negative fee over what it sells."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from worker.domain.money import CENT, total_of
from worker.domain.order import LineTax, Order, OrderLine, TaxRate
from worker.domain.totals import split_amount, unit_of


def split_by_rate(order: Order) -> Order:
    """*order* with each line that carries several rates side by side split into one line per rate, and one that bears no tax.

    Taxes that are stacked (each charged on the whole line) and compound ones are left alone.
    """
    rates = {rate.rate_id: rate for rate in order.tax_rates}
    sold = [line for line in order.lines if line.total > 0]
    untaxed = total_of(line.total for line in sold if not line.taxes) / (total_of(line.total for line in sold) or 1)
    parts = (part for line in order.lines for part in split_line(line, rates, order.currency, untaxed=untaxed))
    return replace(order, lines=tuple(parts))


def split_line(
    line: OrderLine, rates: Mapping[int | str, TaxRate], currency: str, *, untaxed: Decimal = Decimal(0)
) -> Sequence[OrderLine]:
    """*line* as one line per rate, highest first; also a line of a refund, which may take back VAT alone.

    *untaxed* is the share of what is sold that bears no tax, 0 to 1: WooCommerce taxes only the rest of a negative fee.
    """
    unit = min(CENT, unit_of(currency))  # a shop whose currency has no cents may compute in them all the same
    charged = [(rates[tax.rate_id], tax) for tax in line.taxes if tax.rate_id in rates]
    is_taxed = any(rate.percent for rate, _ in charged)  # at 0 % nothing tells which part of it bears no tax at all
    free = _rounded(line.total * untaxed, unit) if line.total < 0 and is_taxed else Decimal(0)
    if len(charged) < (1 if free else 2) or len(charged) < len(line.taxes) or any(rate.compound for rate, _ in charged):
        return (line,)
    charged.sort(key=lambda pair: pair[0].percent, reverse=True)
    if not line.total:
        return [_with_net(line, line.total, (tax,)) for _, tax in charged if tax.amount] or (line,)
    # A line of some cents fits both ways; side by side is what WooCommerce does, and how it taxes what is taken off.
    if line.total > 0 and _is_stacked(line, charged, unit) and not _is_tiny(line, unit):
        return (line,)
    nets = _split_net(line.total, charged, unit) if len(charged) > 1 else None
    beside_free = _split_net(line.total - free, charged, unit) if free else None
    # A plugin may spread a discount over what is taxed alone: where both ways fit, the taxes tell.
    if beside_free is not None and (nets is None or _misses(charged, beside_free) <= _misses(charged, nets)):
        return [*_parts(line, charged, beside_free), _with_net(line, free, ())]
    return (line,) if nets is None else _parts(line, charged, nets) or (line,)


def _parts(line: OrderLine, charged: Sequence[tuple[TaxRate, LineTax]], nets: Sequence[Decimal]) -> list[OrderLine]:
    found = zip(charged, nets, strict=True)
    return [_with_net(line, net, (tax,)) for (_, tax), net in found if net or tax.amount]


def _split_net(total: Decimal, charged: Sequence[tuple[TaxRate, LineTax]], unit: Decimal) -> list[Decimal] | None:
    """What of *total* belongs to each rate, highest first; None where the taxes fit no way of splitting it.

    The higher a rate, the more exactly its tax gives its part; what is left belongs to the lowest and must fit its tax.
    """
    *others, (lowest, last) = charged
    half = unit / 2
    nets = [_rounded(tax.amount * 100 / rate.percent, unit) if rate.percent else Decimal(0) for rate, tax in others]
    slack = [half * 100 / rate.percent + half if rate.percent else Decimal(0) for rate, _ in others]
    unsure = sum(slack, Decimal(0))
    rest = total - total_of(nets)
    if rest * total < 0 and abs(rest) <= unsure:
        # Taxes of a cent, rounded up: together they are of more than there is. Those give way that are least exact.
        ways = [loose if net else Decimal(0) for net, loose in zip(nets, slack, strict=True)]
        shares = split_amount(rest, ways, unit)
        nets, rest = [net + share for net, share in zip(nets, shares, strict=True)], Decimal(0)
    fits = abs(rest * lowest.percent / 100 - last.amount) <= unit + unsure * lowest.percent / 100
    return [*nets, rest] if fits and rest * total >= 0 else None


def _misses(charged: Sequence[tuple[TaxRate, LineTax]], nets: Sequence[Decimal]) -> Decimal:
    """How far the taxes are from those of *nets*, together."""
    found = zip(charged, nets, strict=True)
    return total_of(abs(net * rate.percent / 100 - tax.amount) for (rate, tax), net in found)


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, rounding=ROUND_HALF_UP)


def _is_stacked(line: OrderLine, charged: Sequence[tuple[TaxRate, LineTax]], unit: Decimal) -> bool:
    percent = sum((rate.percent for rate, _ in charged), Decimal(0))
    return abs(line.total * percent / 100 - line.tax) <= unit


def _is_tiny(line: OrderLine, unit: Decimal) -> bool:
    """Whether taxes on it are cents that rounding made: they cannot tell how they were charged."""
    return abs(line.tax) <= unit * len(line.taxes)


def _with_net(line: OrderLine, net: Decimal, taxes: tuple[LineTax, ...]) -> OrderLine:
    return replace(line, total=net, subtotal=net, quantity=Decimal(1), taxes=taxes)
