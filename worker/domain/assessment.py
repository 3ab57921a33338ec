"""What an order's figures amount to: each line treated for VAT, the rates that the shop charged, the sums and what is wrong with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from worker.domain import peppol
from worker.domain.document import Line, Problem
from worker.domain.gift_card import settle
from worker.domain.line_split import split_by_rate
from worker.domain.money import ZERO, to_cent, to_minor_unit
from worker.domain.order import LineKind, LineTax, Order, OrderLine, TaxRate
from worker.domain.payment import Prepayment
from worker.domain.rates import known_rates
from worker.domain.shop import Shop
from worker.domain.totals import ChargedAmounts, Totals, VatGroup, add_up, unit_of
from worker.domain.treatment import Treatment
from worker.domain.vat import shared_rate_problem, treat_lines
from worker.domain.vat_number import normalise_vat_number
from worker.message import Message, Money, Percent

_SIX_DECIMALS = Decimal("0.000001")
_R120 = Decimal("0.02")  # PEPPOL-EN16931-R120: quantity x price may differ from the line's net by this much


@dataclass(frozen=True)
class ChargedRate:
    """The rate that the shop charged on one line. *several*: more than one tax, or a compound one; *guessed*: rate unknown."""

    percent: Decimal
    several: bool = False
    guessed: bool = False


@dataclass(frozen=True)
class Assessment:
    """What the figures of an order amount to, before they belong to any document."""

    treatments: tuple[Treatment, ...]
    rates: tuple[ChargedRate, ...]
    lines: tuple[Line, ...]
    totals: Totals
    problems: tuple[Problem, ...]
    flags: tuple[Problem, ...]
    prepaid: tuple[Prepayment, ...] = ()


def assess(order: Order, shop: Shop) -> Assessment:
    """Treat the lines of *order* for VAT and add them up."""
    settlement = settle(order, tolerance=_tolerance(order))
    order = split_by_rate(settlement.order)
    rates = tuple(_charged_rate(line, order) for line in order.lines)
    treatments = treat_lines(order, shop, tuple(rate.percent for rate in rates))
    lines = tuple(
        _line(line, treatment, order.currency) for line, treatment in zip(order.lines, treatments, strict=True)
    )
    charged = _charged_per_group(order, treatments)
    unexplained = _unexplained(order, rates, charged.values())
    countries = {_group_of(treatment): treatment.vat_country for treatment in treatments}
    totals = add_up(
        charged,
        lines=lines,
        total=to_minor_unit(order.total, order.currency),
        currency=order.currency,
        # A shop with 0 decimals rounds its total as a whole: that belongs to no rate.
        distribute_difference=not unexplained and _decimals_of(order.total) >= -_exponent(unit_of(order.currency)),
        as_charged=shop.vat.as_charged,
    ).of_countries(countries)
    treatment_problems = [treatment.problem for treatment in treatments if treatment.problem]
    shared_rate = shared_rate_problem(treatments, shop.seller.address.country)
    problems = (
        *_unique(treatment_problems),
        *shared_rate,
        *_line_problems(order, rates),
        *unexplained,
        *settlement.questions,
    )
    flags = [treatment.flag for treatment in treatments if treatment.flag]
    return Assessment(
        treatments,
        rates,
        lines,
        totals,
        problems,
        flags=(*_vat_number_flag(order, shop, problems), *_peppol_address_flag(order), *_unique(flags)),
        prepaid=settlement.prepaid,
    )


def without_trailing_zeros(percent: Decimal) -> Decimal:
    """A rate without trailing zeros and without exponent: 21, 5.5, 20."""
    whole = percent.to_integral_value()
    return whole if whole == percent else percent.normalize()


def quantity_and_price(net: Decimal, quantity: Decimal) -> tuple[Decimal, Decimal]:
    """What is printed for *net*: never a negative price (EN 16931 BR-27), at most six decimals, right within R120."""
    counted = abs(quantity) or Decimal(1)
    price = (abs(net) / counted).quantize(_SIX_DECIMALS, rounding=ROUND_HALF_UP)
    if abs(counted * price - abs(net)) > _R120:  # 100 000 pieces of a fraction of a cent
        counted, price = Decimal(1), abs(net)
    return counted if net >= 0 else -counted, _trimmed(price)


def _line(line: OrderLine, treatment: Treatment, currency: str) -> Line:
    net = to_minor_unit(line.total, currency) + ZERO  # -0.00 becomes 0.00
    quantity, price = quantity_and_price(net, line.quantity)
    details = [f"{name}: {value}" for name, value in line.options]
    if abs(quantity) != (abs(line.quantity) or 1):
        details.append(f"{without_trailing_zeros(line.quantity)} x")
    return Line(
        description=line.name,
        quantity=quantity,
        unit_price=price,
        net=net,
        category=treatment.category,
        rate=without_trailing_zeros(treatment.rate),
        sku=line.sku,
        details=tuple(details),
        order_line_id=line.line_id,
        is_product=line.kind is LineKind.PRODUCT,
        vat_country=treatment.vat_country,
        mention=treatment.mention,
        distance_sale=treatment.distance_sale,
    )


def _group_of(treatment: Treatment) -> VatGroup:
    return treatment.category, without_trailing_zeros(treatment.rate)


def _charged_rate(line: OrderLine, order: Order) -> ChargedRate:
    """The percentage that the shop charged on *line*, all its taxes together."""
    by_id = {rate.rate_id: rate for rate in order.tax_rates}
    # Of taxes too small to show it is the highest: of 0 % and 12 % on two cents only 12 % was rounded away.
    highest = sorted(line.taxes, key=lambda tax: by_id[tax.rate_id].percent if tax.rate_id in by_id else 0)[-1:]
    counting = [tax for tax in line.taxes if tax.amount] or highest
    known = [by_id[tax.rate_id] for tax in counting if tax.rate_id in by_id]
    if len(known) < len(counting):
        return ChargedRate(_guessed_percent(line, order), guessed=True) if line.tax else ChargedRate(Decimal(0))
    percent = _combined(known)
    if not line.tax and abs(line.total) * percent / 100 > unit_of(order.currency):
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


def _charged_per_group(order: Order, treatments: Sequence[Treatment]) -> dict[VatGroup, ChargedAmounts]:
    """Net and tax per category and rate, highest rate first. The tax is what `tax_lines` say: the lines' own may not add up."""
    groups = [_group_of(treatment) for treatment in treatments]
    net: dict[VatGroup, Decimal] = dict.fromkeys(sorted(groups, key=lambda group: (-group[1], group[0])), Decimal(0))
    tax, lines = dict.fromkeys(net, Decimal(0)), dict.fromkeys(net, 0)
    for line, group in zip(order.lines, groups, strict=True):
        net[group] += line.total
        tax[group] += line.tax
        lines[group] += 1 if line.total else 0
    for rate in order.tax_rates:
        # With tax rounded per subtotal 17 lines of 0.01 stand beside one tax of 0.12.
        holders = [group for line, group in zip(order.lines, groups, strict=True) if _carries(line, rate)]
        if holders:
            largest = max(holders, key=lambda group: abs(net[group]))
            tax[largest] += rate.charged - _tax_of_lines(order, rate)
    return {group: ChargedAmounts(net[group], tax[group], lines[group]) for group in net}


def _carries(line: OrderLine, rate: TaxRate) -> bool:
    return any(tax.rate_id == rate.rate_id and (tax.amount or not line.total) for tax in line.taxes)


def _tax_of_lines(order: Order, rate: TaxRate) -> Decimal:
    """What the lines say was charged under *rate*."""
    taxes: Iterable[LineTax] = (tax for line in order.lines for tax in line.taxes)
    return sum((tax.amount for tax in taxes if tax.rate_id == rate.rate_id), Decimal(0))


def _unexplained(order: Order, rates: Sequence[ChargedRate], charged: Iterable[ChargedAmounts]) -> tuple[Problem, ...]:
    """The difference that rounding cannot explain, if there is one.

    A shop rounds each line's net and tax by half a unit at most, each rate's two sums (lines, shipping) and its total
    likewise; the unit is a cent, or a whole euro in a shop with 0 decimals. So a line's tax may be a unit off its rate,
    a rate half a unit per line and sum, and the total half a unit per line, per sum and for itself.
    """
    half = _shown_unit(order) / 2
    wrong = []
    for line, rate in zip(order.lines, rates, strict=True):
        expected = line.total * rate.percent / 100
        if not rate.guessed and abs(line.tax - expected) > 2 * half:
            wrong.append(
                Message(
                    "“{line}” of {total} carries {tax} of tax, {rate} would be {expected}",
                    line=line.name,
                    total=Money(line.total, order.currency),
                    tax=Money(line.tax, order.currency),
                    rate=Percent(rate.percent),
                    expected=Money(to_minor_unit(expected, order.currency), order.currency),
                )
            )
    for tax_rate in order.tax_rates:
        listed, lines = _tax_of_lines(order, tax_rate), sum(1 for line in order.lines if _carries(line, tax_rate))
        if abs(tax_rate.charged - listed) > half * (lines + 2):
            wrong.append(
                Message(
                    "{charged} was charged at {rate}, the lines say {listed}",
                    charged=Money(tax_rate.charged, order.currency),
                    rate=Percent(tax_rate.percent),
                    listed=Money(listed, order.currency),
                )
            )
    summed = sum((sums.net + sums.tax for sums in charged), Decimal(0))
    if abs(order.total - summed) > _tolerance(order):
        wrong.append(
            Message(
                "the lines with tax are {summed}, the order's total is {total}",
                summed=Money(summed, order.currency),
                total=Money(order.total, order.currency),
            )
        )
    if not wrong:
        return ()
    figures = (*wrong[:5], *([Message("…")] if len(wrong) > 5 else []))
    return (
        Problem(
            "does_not_add_up",
            Message("Order {number} does not add up: {figures}.", number=order.number, figures=figures),
        ),
    )


def _tolerance(order: Order) -> Decimal:
    """What rounding explains between the order's total and its lines with their tax."""
    return _shown_unit(order) / 2 * (len(order.lines) + 2 * len(order.tax_rates) + 1)


def _shown_unit(order: Order) -> Decimal:
    """What the shop rounds to: the finest decimals it shows, and never finer than the currency."""
    shown = [
        order.total,
        *(line.total for line in order.lines),
        *(tax.amount for line in order.lines for tax in line.taxes),
    ]
    return max(unit_of(order.currency), Decimal(1).scaleb(-max(_decimals_of(amount) for amount in shown)))


def _line_problems(order: Order, rates: Sequence[ChargedRate]) -> tuple[Problem, ...]:
    if not order.lines:
        return (
            Problem(
                "no_lines",
                Message("Order {number} has no lines; there is nothing to put on a document.", number=order.number),
            ),
        )
    names = [line.name for line, rate in zip(order.lines, rates, strict=True) if rate.guessed]
    if not names:
        return ()
    return (
        Problem(
            "rate_missing",
            Message(
                "Order {number} names no tax rate for “{line}”; recalculate the order in the shop.",
                number=order.number,
                line=names[0],
            ),
        ),
    )


def _vat_number_flag(order: Order, shop: Shop, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """A wrong VAT number is shown; where it decides the treatment the problem says so already."""
    _, wrong = normalise_vat_number(
        order.vat_number_given, order.billing.address.country or shop.seller.address.country
    )
    decides = any(problem.code == "no_tax_charged" for problem in problems)
    return (wrong,) if wrong and not decides else ()


def _peppol_address_flag(order: Order) -> tuple[Problem, ...]:
    given = order.peppol_address_given
    if not given or peppol.read_address(given):
        return ()
    message = Message(
        "“{address}” is not a valid Peppol address, so the e-invoice of order {number} does not use it: the buyer's address follows "
        "from the VAT number. It should look like 0208:0403170701; correct it in the order before the invoice is issued.",
        address=given,
        number=order.number,
    )
    return (Problem("peppol_address_wrong", message),)


def _unique(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))


def _trimmed(price: Decimal) -> Decimal:
    """Two decimals where that is exact, up to six where not."""
    return price.quantize(Decimal("0.01")) if price == price.quantize(Decimal("0.01")) else price.normalize()


def _decimals_of(amount: Decimal) -> int:
    return max(0, -_exponent(amount))


def _exponent(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
