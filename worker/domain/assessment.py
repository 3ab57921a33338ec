"""What an order's figures amount to: each line treated for VAT, the rates that the shop charged, the sums and what is wrong with them."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from worker.domain import peppol
from worker.domain.charged_tax import (
    ChargedRate,
    charged_per_group,
    charged_rate,
    decimals_of,
    group_of,
    without_trailing_zeros,
)
from worker.domain.consumer_prices import is_of_consumer, with_prices_paid
from worker.domain.description import nameless_flag
from worker.domain.document import Line, Problem
from worker.domain.gift_card import settle, taxed_card_flag
from worker.domain.line_split import split_by_rate
from worker.domain.money import CENT, ZERO, to_minor_unit
from worker.domain.order import LineKind, Order, OrderLine
from worker.domain.payment import Prepayment
from worker.domain.plausibility import tolerance, unexplained_difference
from worker.domain.reduction import reduction_problems
from worker.domain.rounded_cash import without_cash_rounding
from worker.domain.shipping_rate import shipping_rate_problems
from worker.domain.shop import Shop
from worker.domain.text_limits import text_cut_flag
from worker.domain.totals import Totals, add_up, unit_of
from worker.domain.treatment import Treatment
from worker.domain.vat import counts_buyer, partly_picked_up_question, shared_rate_problem, treat_lines
from worker.domain.vat_number import normalise_vat_number, unread_number
from worker.message import Message, Money

NUMBER_UNREAD = "vat_number_unread"

_SIX_DECIMALS = Decimal("0.000001")
_R120 = Decimal("0.02")  # PEPPOL-EN16931-R120: quantity x price may differ from the line's net by this much


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
    counts_buyer: Message | None = None  # as what, while VIES is silent and its answer decides whose VAT it is


class _Last(threading.local):
    """What each thread assessed last: who decides, drafts and looks for flags asks the same of the same order, one after the other."""

    order: Order | None = None  # as it was given
    told: Order | None = None
    shop: Shop | None = None
    found: Assessment


_last = _Last()


def assess(order: Order, shop: Shop) -> Assessment:
    """Treat the lines of *order* for VAT and add them up. What is known of its money changes nothing of that."""
    if order is not _last.order or shop is not _last.shop:
        told = order.as_told
        if told != _last.told or shop is not _last.shop:
            _last.found = assess_anew(told, shop)
        _last.order, _last.told, _last.shop = order, told, shop
    return _last.found


def assess_anew(order: Order, shop: Shop) -> Assessment:
    order, cash_rounding = without_cash_rounding(order)
    settlement = settle(order, tolerance=tolerance(order), reasons=shop.vat.zero_reasons)
    order = split_by_rate(settlement.order)
    rates = tuple(charged_rate(line, order) for line in order.lines)
    percents = tuple(rate.percent for rate in rates)
    treatments = treat_lines(order, shop, percents)
    lines = tuple(
        _line(line, treatment, order.currency) for line, treatment in zip(order.lines, treatments, strict=True)
    )
    charged = charged_per_group(order, treatments)
    unexplained = unexplained_difference(order, rates, charged.values())
    countries = {group_of(treatment): treatment.vat_country for treatment in treatments}
    totals = add_up(
        charged,
        lines=lines,
        total=Money(to_minor_unit(order.total, order.currency), order.currency),
        # A shop with 0 decimals rounds its total as a whole: that belongs to no rate.
        distribute_difference=not unexplained and decimals_of(order.total) >= decimals_of(unit_of(order.currency)),
        as_charged=shop.vat.as_charged or is_of_consumer(order),
    )
    totals = totals.of_countries(countries).rounded_by(cash_rounding)
    treatment_problems = [treatment.problem for treatment in treatments if treatment.problem]
    shared_rate = shared_rate_problem(treatments, shop.seller.address.country)
    shipping = () if shop.vat.shipping_rate_is_right else shipping_rate_problems(order, treatments)
    problems = (
        *_unique(treatment_problems),
        *partly_picked_up_question(order, shop, percents),
        *(one for one in shipping if one.asks),
        *shared_rate,
        *reduction_problems(order, treatments),
        *_line_problems(order, rates),
        *unexplained,
        *settlement.questions,
    )
    flags = [treatment.flag for treatment in treatments if treatment.flag]
    flags += [one for one in shipping if not one.asks]
    return Assessment(
        treatments,
        rates,
        with_prices_paid(lines, order, shop, totals),
        totals,
        problems,
        flags=(
            *_vat_number_flag(order, shop, problems),
            *_unread_number_flag(order, shop),
            *_peppol_address_flag(order),
            *text_cut_flag(order),
            *nameless_flag(order),
            *taxed_card_flag(order),
            *_unique(flags),
        ),
        prepaid=settlement.prepaid,
        counts_buyer=counts_buyer(order, shop, percents),
    )


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


def _line_problems(order: Order, rates: Sequence[ChargedRate]) -> tuple[Problem, ...]:
    if not order.lines:
        return (
            Problem(
                "no_lines",
                Message(
                    "Order {number} has no lines, so there is nothing to put on a document. Add what was sold to the order in WooCommerce, or discard this draft.",
                    number=order.number,
                ),
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


def _unread_number_flag(order: Order, shop: Shop) -> tuple[Problem, ...]:
    found = unread_number(order, shop.seller)
    if found is None:
        return ()
    message = Message(
        "Order {number} has the valid VAT number {vat_number} in the field {field}, and nothing says that the buyer's is kept "
        "there: the invoice does not show it. Say what the field holds under Settings, Checkout fields.",
        number=order.number,
        vat_number=found.vat_number,
        field=found.field,
    )
    return (Problem(NUMBER_UNREAD, message),)


def _peppol_address_flag(order: Order) -> tuple[Problem, ...]:
    given = order.peppol_address_given
    if not given or peppol.read_address(given):
        return ()
    said = {"address": given, "number": order.number}
    if order.vat_number_given:
        message = Message(
            "“{address}” is not a valid Peppol address, so the e-invoice of order {number} does not use it: the buyer's address follows "
            "from the VAT number. It should look like 0208:0403170701; correct it in the order before the invoice is issued.",
            **said,
        )
    else:
        message = Message(
            "“{address}” is not a valid Peppol address, so what the customer of order {number} asked to get by Peppol goes by mail. It "
            "should look like 0208:0403170701; correct it in the order before the invoice is issued.",
            **said,
        )
    return (Problem("peppol_address_wrong", message),)


def _unique(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))


def _trimmed(price: Decimal) -> Decimal:
    """Two decimals where that is exact, up to six where not."""
    return price.quantize(CENT) if price == price.quantize(CENT) else price.normalize()
