"""An order becomes a draft: everything a document will say, with the problems that prevent issuing it by itself.

Knows nothing of what exists already (`due`) and of numbers (`numbering`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from worker.domain import mentions, payment_reference, texts, vat
from worker.domain.document import Category, Draft, Kind, Line, Mention, PaymentRequest, Problem, SendMode
from worker.domain.language import language_of
from worker.domain.line_split import split_by_rate
from worker.domain.money import ZERO, to_cent, to_minor_unit
from worker.domain.order import LineKind, LineTax, Order, OrderLine, TaxRate
from worker.domain.party import Address, Buyer
from worker.domain.rates import known_rates
from worker.domain.shop import Shop
from worker.domain.totals import ChargedAmounts, Totals, VatGroup, add_up, unit_of
from worker.message import NO_MESSAGE, Message, Money, Percent

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

    treatments: tuple[vat.Treatment, ...]
    rates: tuple[ChargedRate, ...]
    lines: tuple[Line, ...]
    totals: Totals
    problems: tuple[Problem, ...]
    flags: tuple[Problem, ...]


def draft_document(kind: Kind, order: Order, shop: Shop, *, cause: str, send_mode: SendMode, today: date) -> Draft:
    """Draft the confirmation, delivery note or invoice of *order*. *today* is the date in the shop's zone."""
    if kind is Kind.CREDIT_NOTE:
        raise ValueError(f"{cause}: a credit note is drafted from its invoice, not from an order")
    assessed = assess(order, shop)
    totals = assessed.totals
    rate = exchange_rate(order.currency, shop)
    language = language_of(order, shop)
    ship_to, ship_to_name = _ship_to(order, assessed.lines)
    return Draft(
        cause=cause,
        kind=kind,
        send_mode=send_mode,
        order_id=order.order_id,
        order_key=order.order_key,
        order_number=order.number,
        ordered_on=order.created_at.astimezone(shop.zoneinfo).date(),
        currency=order.currency,
        language=language,
        seller=shop.seller,
        buyer=buyer_of(order, shop),
        lines=assessed.lines,
        net=totals.net,
        vat=totals.vat,
        total=totals.total,
        rounding=totals.rounding,
        roundings=totals.roundings,
        vat_lines=totals.vat_lines,
        ship_to=ship_to,
        ship_to_name=ship_to_name,
        supplied_on=_supplied_on(order, shop),
        customer_note=order.customer_note,
        mentions=() if kind is Kind.DELIVERY_NOTE else _mentions(assessed.treatments, language, shop),
        payment=_payment_request(kind, order, shop, total=totals.total, today=today),
        payment_method=order.payment_method,
        payment_title=order.payment_title,
        paid_on=paid_on(order, shop),
        exchange_rate=rate,
        vat_eur=vat_in_euro(totals.vat, rate),
        problems=_problems(kind, order, shop, assessed),
        test=shop.test,
        einvoice_obstacle=_einvoice_obstacle(assessed.rates),
        captions=texts.captions(shop, kind, paid=is_paid(order, shop), language=language),
    )


def assess(order: Order, shop: Shop) -> Assessment:
    """Treat the lines of *order* for VAT and add them up."""
    order = split_by_rate(order)
    rates = tuple(_charged_rate(line, order) for line in order.lines)
    treatments = vat.treat_lines(order, shop, tuple(rate.percent for rate in rates))
    lines = tuple(
        _line(line, treatment, order.currency) for line, treatment in zip(order.lines, treatments, strict=True)
    )
    charged = _charged_per_group(order, treatments)
    unexplained = _unexplained(order, rates, charged.values())
    totals = add_up(
        charged,
        lines=lines,
        total=to_minor_unit(order.total, order.currency),
        currency=order.currency,
        # A shop with 0 decimals rounds its total as a whole: that belongs to no rate.
        distribute_difference=not unexplained and _decimals_of(order.total) >= -_exponent(unit_of(order.currency)),
        as_charged=shop.vat.as_charged,
    )
    treatment_problems = [treatment.problem for treatment in treatments if treatment.problem]
    problems = (*_unique(treatment_problems), *_line_problems(order, rates), *unexplained)
    flags = [treatment.flag for treatment in treatments if treatment.flag]
    return Assessment(
        treatments, rates, lines, totals, problems, (*_vat_number_flag(order, shop, problems), *_unique(flags))
    )


def status_of(order: Order, shop: Shop) -> str:
    """The built-in status that *order*'s status stands for in this shop."""
    return shop.orders.status_map.get(order.status, order.status)


def is_paid(order: Order, shop: Shop) -> bool:
    return order.is_paid or status_of(order, shop) == "completed"


def paid_on(order: Order, shop: Shop) -> date | None:
    """The day of payment in the shop's zone; a completed order without `date_paid` was paid when it was completed."""
    if not is_paid(order, shop):
        return None
    return (order.paid_at or order.completed_at or order.modified_at).astimezone(shop.zoneinfo).date()


def buyer_of(order: Order, shop: Shop) -> Buyer:
    billing = order.billing
    number, _ = vat.normalise_vat_number(order.vat_number_given, billing.address.country or shop.seller.address.country)
    return Buyer(
        name=billing.name or billing.company or billing.email,
        company=billing.company,
        address=billing.address,
        email=billing.email,
        phone=billing.phone,
        vat_number=number,
        vat_number_given=order.vat_number_given,
    )


def exchange_rate(currency: str, shop: Shop) -> Decimal | None:
    return None if currency == "EUR" else shop.exchange_rates.get(currency)


def vat_in_euro(amount: Decimal, rate: Decimal | None) -> Decimal | None:
    """The VAT in EUR that an invoice in another currency must show (art. 91 and 230 of the VAT directive)."""
    return to_cent(amount / rate) if rate else None


def seller_problem(shop: Shop) -> tuple[Problem, ...]:
    missing = shop.seller.missing()
    if not missing:
        return ()
    return (
        Problem(
            "seller_incomplete",
            Message(
                "The seller's details lack: {missing}. Fill them in, in the settings.",
                missing=missing,
            ),
        ),
    )


def exchange_rate_problem(currency: str, vat_amount: Decimal, rate: Decimal | None) -> tuple[Problem, ...]:
    if currency == "EUR" or rate or not vat_amount:
        return ()
    message = Message(
        "The VAT must be shown in EUR, but no exchange rate is known for {currency}. Add one in the settings.",
        currency=currency,
    )
    return (Problem("exchange_rate_missing", message),)


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


def _line(line: OrderLine, treatment: vat.Treatment, currency: str) -> Line:
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
    )


def _charged_rate(line: OrderLine, order: Order) -> ChargedRate:
    """The percentage that the shop charged on *line*, all its taxes together."""
    counting = [tax for tax in line.taxes if tax.amount] or list(line.taxes[:1])
    by_id = {rate.rate_id: rate for rate in order.tax_rates}
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
    nearest = min(known_rates(order.billing.address.country), key=lambda rate: abs(rate - stated), default=stated)
    explained = abs(abs(line.tax) - abs(line.total) * nearest / 100) <= unit_of(order.currency)
    return without_trailing_zeros(nearest if explained else to_cent(stated))


def _charged_per_group(order: Order, treatments: Sequence[vat.Treatment]) -> dict[VatGroup, ChargedAmounts]:
    """Net and tax per category and rate, highest rate first. The tax is what `tax_lines` say: the lines' own may not add up."""
    groups: list[VatGroup] = [(treatment.category, without_trailing_zeros(treatment.rate)) for treatment in treatments]
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
                    expected=Money(to_cent(expected), order.currency),
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
    if abs(order.total - summed) > half * (len(order.lines) + 2 * len(order.tax_rates) + 1):
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
    _, wrong = vat.normalise_vat_number(
        order.vat_number_given, order.billing.address.country or shop.seller.address.country
    )
    decides = any(problem.code == "no_tax_charged" for problem in problems)
    return (wrong,) if wrong and not decides else ()


def _problems(kind: Kind, order: Order, shop: Shop, assessed: Assessment) -> tuple[Problem, ...]:
    """A delivery note states no amounts, so only its seller can be wrong; a confirmation is no tax document yet."""
    if kind is Kind.DELIVERY_NOTE:
        return seller_problem(shop)
    found = (*seller_problem(shop), *assessed.problems)
    if kind is Kind.ORDER_CONFIRMATION:
        return found
    return (*found, *exchange_rate_problem(order.currency, assessed.totals.vat, exchange_rate(order.currency, shop)))


def _mentions(treatments: Iterable[vat.Treatment], language: str, shop: Shop) -> tuple[Mention, ...]:
    keys = dict.fromkeys(treatment.mention for treatment in treatments if treatment.mention)
    country = shop.seller.address.country
    return tuple(mentions.mention(key, language=language, seller_country=country) for key in keys)


def _payment_request(kind: Kind, order: Order, shop: Shop, *, total: Decimal, today: date) -> PaymentRequest | None:
    """How to pay what is open. Structured communication, IBAN and QR exist for euros only."""
    if kind is Kind.DELIVERY_NOTE or is_paid(order, shop) or order.currency != "EUR" or total <= 0:
        return None
    return PaymentRequest(
        reference=payment_reference.structured_communication(shop.seed, order.order_id),
        iban=shop.seller.iban,
        bic=shop.seller.bic,
        beneficiary=f"{shop.seller.name} {shop.seller.legal_form}".strip(),
        due_on=today + timedelta(days=shop.payment_days),
        pay_url=order.pay_url,
    )


def _ship_to(order: Order, lines: Iterable[Line]) -> tuple[Address | None, str]:
    """Where the goods go, when that is not the buyer's address; always for an intra-EU supply (EN 16931 BR-IC-12)."""
    shipping, billing = order.shipping, order.billing
    name = ", ".join(part for part in (shipping.company, shipping.name) if part)
    elsewhere = _comparable(shipping.address) != _comparable(billing.address) or shipping.name not in ("", billing.name)
    if shipping.address != Address() and elsewhere:
        return shipping.address, name
    if any(line.category is Category.INTRA_EU for line in lines):
        return billing.address, billing.company or billing.name
    return None, ""


def _comparable(address: Address) -> str:
    """An address for comparison: case, spaces and commas aside. Fields of shipping may be empty where billing's are not."""
    parts = (address.street, address.street_2, address.postcode, address.city, address.country)
    return re.sub(r"[\s,]+", " ", " ".join(parts)).strip().casefold()


def _supplied_on(order: Order, shop: Shop) -> date:
    """The day of supply or payment, which the invoice states when it differs from its own (art. 5 RD 1)."""
    return (order.completed_at or order.paid_at or order.created_at).astimezone(shop.zoneinfo).date()


def _einvoice_obstacle(rates: Iterable[ChargedRate]) -> Message:
    if not any(rate.several for rate in rates):
        return NO_MESSAGE
    return Message("A line carries several taxes or a compound tax, which EN 16931 cannot express: PDF only.")


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
