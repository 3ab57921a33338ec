"""What a person takes back of an invoice: some of its lines, or an amount. Exact to the cent, and never more than is left."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.domain.assessment import quantity_and_price
from worker.domain.credit_balance import NO_TOTALS, CreditBalance, CreditedInvoice, LineBalance, line_balances_of
from worker.domain.credit_split import vat_of_part
from worker.domain.document import Document, Line
from worker.domain.money import ZERO, to_minor_unit, total_of
from worker.domain.totals import GroupTotals, VatGroup, net_per_group, unit_of
from worker.errors import InvalidValue, Rejected
from worker.message import Money, Percent


@dataclass(frozen=True)
class SelectedLine:
    """One line of an invoice by its *index* (0 is the first), and how much of its *quantity* is credited; fractions count too."""

    index: int
    quantity: Decimal


@dataclass(frozen=True)
class CreditSelection:
    """What a person credits: *lines* of the invoice, or an *amount* with VAT. *reason* is printed.

    A line goes back at the price that it was invoiced at; its last piece takes what is left of it.
    """

    lines: tuple[SelectedLine, ...] = ()
    amount: Decimal | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if bool(self.lines) is (self.amount is not None):
            raise InvalidValue("Choose lines, or give an amount.")
        if self.amount is not None and self.amount <= 0:
            raise InvalidValue("{amount} cannot be credited; give an amount above nothing.", amount=self.amount)


@dataclass(frozen=True)
class ResolvedSelection:
    """The lines of a credit note as a person chose them, what they are per category and rate, and in all."""

    lines: tuple[Line, ...]
    groups: dict[VatGroup, GroupTotals]
    total: Decimal


def resolve_selection(
    selection: CreditSelection, credited: CreditedInvoice, remaining: CreditBalance
) -> ResolvedSelection:
    """The lines and totals of *selection*. Raises Rejected for a line that does not exist, or for more than *remaining*."""
    invoice, balances = credited.invoice, line_balances_of(credited.invoice, credited.credit_notes)
    nets_by_index: dict[int, Decimal] = {}
    for selected in selection.lines:
        if selected.index in nets_by_index or not 0 <= selected.index < len(balances):
            raise Rejected(
                "{number} has no line {line} to choose (once).",
                number=invoice.number,
                line=selected.index + 1,
                code="line_unknown",
            )
        nets_by_index[selected.index] = _net_of(
            selected, invoice, balances[selected.index], credit_note_count=len(credited.credit_notes)
        )
    lines = tuple(
        _line_of(pick, invoice.draft.lines[pick.index], nets_by_index[pick.index]) for pick in selection.lines
    )
    nets = net_per_group(lines)
    groups = {
        group: _group_totals_of(
            group, nets[group], invoice, _remaining_net_of(group, invoice, balances) - nets[group], remaining
        )
        for group in remaining.groups
        if group in nets
    }
    return ResolvedSelection(lines, groups, _total_of(groups, invoice, remaining))


def _net_of(selected: SelectedLine, invoice: Document, balance: LineBalance, *, credit_note_count: int) -> Decimal:
    """The net of *selected*. The last piece of a line takes the cents that earlier pieces left over."""
    draft = invoice.draft
    line, unit = draft.lines[selected.index], unit_of(draft.currency)
    if not 0 < abs(selected.quantity) <= abs(balance.quantity) or (selected.quantity > 0) is not (line.quantity > 0):
        raise Rejected(
            "{quantity} of “{description}” cannot be credited; {remaining} of it is left.",
            quantity=selected.quantity,
            description=line.description,
            remaining=balance.quantity,
            code="quantity_wrong",
        )
    net = to_minor_unit(line.net * selected.quantity / line.quantity, draft.currency) + ZERO
    if selected.quantity == balance.quantity and abs(balance.net - net) <= unit * (credit_note_count + 1):
        return balance.net
    if abs(net) > abs(balance.net) + unit * (credit_note_count + 1):
        raise Rejected(
            "Only {net} (without VAT) is left of “{description}”; credit an amount instead.",
            net=Money(balance.net, draft.currency),
            description=line.description,
            code="more_than_remaining",
        )
    return net if abs(net) <= abs(balance.net) else balance.net


def _line_of(selected: SelectedLine, line: Line, net: Decimal) -> Line:
    quantity, price = quantity_and_price(net, selected.quantity)
    return replace(line, quantity=quantity, unit_price=price, net=net)


def _remaining_net_of(group: VatGroup, invoice: Document, balances: Iterable[LineBalance]) -> Decimal:
    """The net that is left of the lines of *group*."""
    mine = zip(invoice.draft.lines, balances, strict=True)
    return total_of(now.net for line, now in mine if (line.category, line.rate) == group)


def _group_totals_of(
    group: VatGroup, net: Decimal, invoice: Document, rest: Decimal, remaining: CreditBalance
) -> GroupTotals:
    """Base and VAT of *net*. With the last of a group's lines (*rest* is nothing) goes what its roundings left over."""
    currency, room = invoice.draft.currency, remaining.groups[group]
    # A shop without decimals has roundings of half a euro a line.
    rounded = total_of(abs(one.amount) for one in invoice.draft.roundings if (one.category, one.rate) == group)
    allowed = rounded + unit_of(currency) * (len(invoice.draft.lines) + 1)
    if abs(net - room.base) <= allowed and not rest:
        return room
    base = min(max(net, min(room.base, ZERO)), max(room.base, ZERO))
    if abs(net - base) > allowed:
        raise Rejected(
            "The chosen lines are {net} without VAT at {rate}, but {base} is left at that rate of {number}. "
            "Choose its discount too, or credit an amount.",
            net=Money(net, currency),
            rate=Percent(group[1]),
            base=Money(room.base, currency),
            number=invoice.number,
            code="more_than_remaining",
        )
    if base == room.base:
        return room
    vat = vat_of_part(base, room, group[1], currency)
    return GroupTotals(base, min(max(vat, min(room.vat, ZERO)), max(room.vat, ZERO)))


def _total_of(groups: dict[VatGroup, GroupTotals], invoice: Document, remaining: CreditBalance) -> Decimal:
    """The amount paid back: *remaining* where *groups* are all of it, with the cents of its payable rounding."""
    currency = invoice.draft.currency
    is_all = {g: p for g, p in groups.items() if p != NO_TOTALS} == {
        g: p for g, p in remaining.groups.items() if p != NO_TOTALS
    }
    total = remaining.total if is_all else total_of(part.gross for part in groups.values())
    if total <= 0:
        raise Rejected(
            "The chosen lines come to {total}; there is nothing to give back.",
            total=Money(total, currency),
            code="nothing_selected",
        )
    if total >= remaining.total and not is_all:
        raise Rejected(
            "The chosen lines are {total}, but {remaining} is left of {number}. Choose its discount too, or "
            "credit all that is left.",
            total=Money(total, currency),
            remaining=Money(remaining.total, currency),
            number=invoice.number,
            code="more_than_remaining",
        )
    return total
