"""What a refund says that it gives back: its lines in the invoice's words, and base and VAT per category and rate."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.domain.assessment import quantity_and_price
from worker.domain.credit_balance import NO_TOTALS, CreditBalance, CreditedInvoice, line_balances_of
from worker.domain.document import Draft, Line
from worker.domain.gift_card import is_card
from worker.domain.language import phrase
from worker.domain.line_split import split_line
from worker.domain.money import CENT, ZERO, to_minor_unit, total_of
from worker.domain.order import LineKind, Order, OrderLine, Refund, TaxRate
from worker.domain.rounded_cash import is_cash_rounding
from worker.domain.totals import GroupTotals, VatGroup, base_of, split_amount, unit_of, vat_on


@dataclass(frozen=True)
class Overdrawn:
    """A line of an invoice of which a refund takes back *net*, where less is *left*."""

    description: str
    net: Decimal
    left: Decimal


@dataclass(frozen=True)
class CreditStatement:
    """A refund as it states itself. *unplaced* are its lines that no line of the invoice answers to.

    *slack* is what rounding explains between its lines and its amount. *exceeded* are the rates of which it would take more
    than is left; it *is_possible* where a discount that stays on the invoice explains that. *overdrawn* are such lines.
    """

    lines: tuple[Line, ...] = ()
    groups: Mapping[VatGroup, GroupTotals] | None = None
    unplaced: tuple[OrderLine, ...] = ()
    slack: Decimal = ZERO
    exceeded: tuple[VatGroup, ...] = ()
    is_possible: bool = True
    overdrawn: tuple[Overdrawn, ...] = ()

    @property
    def placed(self) -> Decimal:
        """What it says, with VAT, of the invoice's lines."""
        return total_of(part.gross for part in self.by_group.values())

    @property
    def named(self) -> Decimal:
        """What all its lines are, with VAT."""
        return self.placed + total_of(line.total + line.tax for line in self.unplaced)

    @property
    def by_group(self) -> Mapping[VatGroup, GroupTotals]:
        return self.groups or {}

    @property
    def not_invoiced(self) -> tuple[OrderLine, ...]:
        """Its lines that are of the order, and that the invoice never held. A card that paid is on no invoice, nor what cash was rounded by."""
        of_order = (line for line in self.unplaced if line.line_id and (line.total or line.tax))
        return tuple(line for line in of_order if not (is_card(line) or is_cash_rounding(line)))


NO_STATEMENT = CreditStatement()


@dataclass(frozen=True)
class _Part:
    """What a refund takes back of one line of the invoice: *net* and *tax* as the shop shows them."""

    on_invoice: Line
    said: OrderLine
    net: Decimal
    tax: Decimal

    @property
    def group(self) -> VatGroup:
        return self.on_invoice.category, self.on_invoice.rate

    @property
    def misses_tax(self) -> bool:
        """Whether the invoice charged VAT on it and the refund says none: REST takes a tax only with its rate's id."""
        return bool(self.net and not self.tax and self.on_invoice.rate)


def state_refund(refund: Refund, original: Draft, order: Order) -> CreditStatement:
    """What *refund* says of the lines of *original*, through the same splitting per rate as the order's own lines.

    Where it says no VAT of goods that were invoiced with it, its amount tells whether that came on top or is in the net.
    """
    rates = {rate.rate_id: rate for rate in order.tax_rates}
    parts: list[_Part] = []
    unplaced: list[OrderLine] = []
    for line in refund.lines:
        placed = _placed(line, original, rates)
        parts += placed
        if not placed:
            unplaced.append(line)
    parts = _with_tax(parts, refund, original.currency)
    lines = tuple(_line(part, original.currency) for part in parts if part.net or part.tax)
    slack = unit_of(original.currency) * (len(refund.lines) + 1)
    return CreditStatement(lines, _per_group(parts, original.currency), tuple(unplaced), slack)


def hold_to_balance(statement: CreditStatement, credited: CreditedInvoice, remaining: CreditBalance) -> CreditStatement:
    """*statement* against what is left: cents more than that are dropped, and where it is not cents it says so."""
    invoice = credited.invoice
    discounts = _discounts_left(credited)
    held: dict[VatGroup, GroupTotals] = {}
    exceeded, is_possible = [], True
    for group, said in statement.by_group.items():
        left, discount = remaining.groups.get(group, NO_TOTALS), discounts.get(group, ZERO)
        cents = _rounded(group, invoice.draft, has_discount=discount < 0)
        allowed = GroupTotals(discount, vat_on(discount, group[1], invoice.draft.currency))
        within = GroupTotals(_within(said.base, left.base, allowed.base), _within(said.vat, left.vat, allowed.vat))
        base_over, vat_over = abs(said.base - within.base), abs(said.vat - within.vat)
        if max(base_over, vat_over) > cents:
            exceeded.append(group)
            is_possible &= base_over <= cents - allowed.base and vat_over <= cents - allowed.vat
        held[group] = said if group in exceeded else within
    dropped = abs(statement.placed - total_of(part.gross for part in held.values()))
    return replace(
        statement,
        groups=held,
        slack=statement.slack + dropped,
        exceeded=tuple(exceeded),
        is_possible=is_possible,
        overdrawn=tuple(_overdrawn(statement, credited)),
    )


def _overdrawn(statement: CreditStatement, credited: CreditedInvoice) -> Iterator[Overdrawn]:
    """The lines of the invoice of which *statement* takes more than is left: they were credited before.

    All that is sold by one line of the order is taken together: a refund tells the parts of several rates but loosely.
    """
    draft = credited.invoice.draft
    rounded = total_of(abs(one.amount) for one in draft.roundings)
    cents = rounded + unit_of(draft.currency) * (len(credited.credit_notes) + 2)
    balances = list(zip(draft.lines, line_balances_of(credited.invoice, credited.credit_notes), strict=True))
    for line_id in dict.fromkeys(line.order_line_id for line in statement.lines if line.order_line_id is not None):
        said = total_of(line.net for line in statement.lines if line.order_line_id == line_id)
        mine = [(line, balance) for line, balance in balances if line.order_line_id == line_id]
        sold, left = total_of(line.net for line, _ in mine), total_of(balance.net for _, balance in mine)
        left = _within(left, sold, ZERO)
        if abs(said) > abs(left) + cents:
            yield Overdrawn(mine[0][0].description, said, left)


def _rounded(group: VatGroup, original: Draft, *, has_discount: bool) -> Decimal:
    """What rounding explains between what the shop's lines say of *group* and what the invoice holds there.

    Each line was rounded for itself, and a line of several rates tells its parts but loosely. Beside a discount only what was
    rounded in fact counts: more than that is the discount, however small it is, and nobody but a person knows where it belongs.
    """
    unit = unit_of(original.currency)
    if not has_discount:
        return unit * (sum(1 for line in original.lines if (line.category, line.rate) == group) + 1)
    rounded = (abs(row.charged - row.base - row.vat) for row in original.vat_lines if (row.category, row.rate) == group)
    return 2 * unit + total_of(rounded)


def _discounts_left(credited: CreditedInvoice) -> dict[VatGroup, Decimal]:
    """The net of the invoice's discounts that no credit note took back, per category and rate; all below nothing."""
    discounts: dict[VatGroup, Decimal] = {}
    balances = line_balances_of(credited.invoice, credited.credit_notes)
    for line, balance in zip(credited.invoice.draft.lines, balances, strict=True):
        if line.net < 0:
            group = (line.category, line.rate)
            discounts[group] = discounts.get(group, ZERO) + min(balance.net, ZERO)
    return discounts


def _within(amount: Decimal, left: Decimal, discount: Decimal) -> Decimal:
    """*amount*, held to what is left; taking back a *discount* (below nothing) gives the rate more again."""
    return min(max(amount, min(left, discount, ZERO)), max(left, ZERO))


def _placed(line: OrderLine, original: Draft, rates: Mapping[int | str, TaxRate]) -> list[_Part]:
    """*line* by the lines of the invoice that it takes back; a line without a link is placed by the rates of its taxes."""
    if not line.line_id:
        return _placed_by_rate(line, original, rates)
    found = {(one.category, one.rate): one for one in original.lines if one.order_line_id == line.line_id}
    candidates = list(found.values())
    if len(candidates) == 1:
        return [_Part(candidates[0], line, line.total, line.tax)]
    if not candidates:
        return []
    shared = _shared(line, candidates, rates)
    fits = all(abs(part.net * part.on_invoice.rate / 100 - part.tax) <= CENT for part in shared)
    return shared if fits else _split(line, candidates, rates, original.currency) or shared


def _split(
    line: OrderLine, candidates: Iterable[Line], rates: Mapping[int | str, TaxRate], currency: str
) -> list[_Part]:
    """*line* split by its taxes as the order's line was; nothing where a part fits no line of the invoice."""
    parts = []
    for said in split_line(line, rates, currency):
        percent = _percent_of(said, rates)
        fitting = [one for one in candidates if one.rate == percent]
        if not fitting:
            return []
        parts.append(_Part(fitting[0], said, said.total, said.tax))
    return parts


def _shared(line: OrderLine, candidates: Sequence[Line], rates: Mapping[int | str, TaxRate]) -> list[_Part]:
    """*line* shared as the invoice's: its net in their proportion, each tax to the line at its rate.

    Truer than its taxes where both fit: half of 3.00 at 21 % is 1.50, and its tax of 0.32 would be of 1.52.
    """
    unit = min(CENT, Decimal(1).scaleb(min(0, int(line.total.as_tuple().exponent))))
    nets = split_amount(line.total, [one.net for one in candidates], unit)
    taxes = dict.fromkeys(range(len(candidates)), Decimal(0))
    for tax in line.taxes:
        percent = rates[tax.rate_id].percent if tax.rate_id in rates else None
        at = next((index for index, one in enumerate(candidates) if one.rate == percent), 0)
        taxes[at] += tax.amount
    return [_Part(one, line, net, taxes[at]) for at, (one, net) in enumerate(zip(candidates, nets, strict=True))]


def _placed_by_rate(line: OrderLine, original: Draft, rates: Mapping[int | str, TaxRate]) -> list[_Part]:
    """A line that names no line of the order, by the one group of the invoice that has the rate of its tax."""
    parts = []
    for said in split_line(line, rates, original.currency) if line.tax else ():
        percent = _percent_of(said, rates)
        fitting = {(one.category, one.rate): one for one in original.lines if one.rate == percent}
        if len(fitting) != 1:
            return []
        named = replace(
            next(iter(fitting.values())),
            description=line.name or phrase("article", original.language),
            sku="",
            details=(),
            order_line_id=None,
        )
        parts.append(_Part(named, said, said.total, said.tax))
    return parts


def _percent_of(line: OrderLine, rates: Mapping[int | str, TaxRate]) -> Decimal | None:
    """The rate of a line with one tax; None where it has none, or several that are stacked."""
    known = [rates[tax.rate_id].percent for tax in line.taxes if tax.rate_id in rates and (tax.amount or not line.tax)]
    return known[0] if len(known) == 1 else None


def _with_tax(parts: Sequence[_Part], refund: Refund, currency: str) -> list[_Part]:
    """*parts* with the VAT that their refund leaves out: on top where its amount holds that too, else within the net."""
    missing = refund.amount - total_of(line.total + line.tax for line in refund.lines)
    on_top = total_of(_tax_on_top(part, currency).tax for part in parts if part.misses_tax)
    slack = unit_of(currency) * (len(refund.lines) + 1)
    add: Callable[[_Part, str], _Part]
    if abs(missing - on_top) <= min(slack, abs(missing)):
        add = _tax_on_top
    elif abs(missing) <= slack:
        add = _tax_within
    else:
        return list(parts)
    return [add(part, currency) if part.misses_tax else part for part in parts]


def _tax_on_top(part: _Part, currency: str) -> _Part:
    return replace(part, tax=to_minor_unit(part.net * part.on_invoice.rate / 100, currency))


def _tax_within(part: _Part, currency: str) -> _Part:
    rate, gross = part.on_invoice.rate, to_minor_unit(part.net, currency)
    net = base_of(gross, rate, currency)
    net = to_minor_unit(gross * 100 / (100 + rate), currency) if net is None else net
    return replace(part, net=net, tax=gross - net)


def _per_group(parts: Iterable[_Part], currency: str) -> dict[VatGroup, GroupTotals]:
    sums: dict[VatGroup, GroupTotals] = {}
    for part in parts:
        before = sums.get(part.group, NO_TOTALS)
        sums[part.group] = GroupTotals(before.base + part.net, before.vat + part.tax)
    return {
        group: GroupTotals(to_minor_unit(part.base, currency) + ZERO, to_minor_unit(part.vat, currency) + ZERO)
        for group, part in sums.items()
    }


def _line(part: _Part, currency: str) -> Line:
    """The part in the words of the invoice's line."""
    net = to_minor_unit(part.net, currency) + ZERO
    quantity, price = quantity_and_price(net, part.said.quantity)
    is_product = part.said.kind is LineKind.PRODUCT
    return replace(part.on_invoice, quantity=quantity, unit_price=price, net=net, is_product=is_product)
