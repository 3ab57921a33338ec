"""What a person takes back of an invoice: some of its lines, or an amount. Exact to the cent, and never more than is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.domain.credit_balance import NOTHING, Left, LineLeft, lines_left
from worker.domain.document import Document, Draft, Line
from worker.domain.draft import quantity_and_price
from worker.domain.money import ZERO, to_minor_unit, total_of
from worker.domain.totals import Group, Part, net_per_group, unit_of, vat_on
from worker.errors import Rejected


@dataclass(frozen=True)
class Pick:
    """One line of an invoice by its *place* (0 is the first), and how much of its quantity is taken back; parts count too."""

    place: int
    quantity: Decimal


@dataclass(frozen=True)
class Chosen:
    """What a person takes back: *picks* of the invoice's lines, or an *amount* with VAT. *reason* is printed.

    A line goes back at the price that it was invoiced at; its last piece takes what is left of it.
    """

    picks: tuple[Pick, ...] = ()
    amount: Decimal | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if bool(self.picks) is (self.amount is not None):
            raise ValueError("Choose lines, or give an amount.")
        if self.amount is not None and self.amount <= 0:
            raise ValueError(f"{self.amount} cannot be credited; give an amount above nothing.")


@dataclass(frozen=True)
class Picked:
    """The lines of a credit note as a person chose them, what they are per category and rate, and in all."""

    lines: tuple[Line, ...]
    parts: dict[Group, Part]
    total: Decimal


def picked(chosen: Chosen, invoice: Document, already: Sequence[Draft], left: Left) -> Picked:
    """What *chosen* picks of *invoice* come to. Raises Rejected for what is not there, or is more than *left*."""
    lines_now = lines_left(invoice, already)
    taken: dict[int, Decimal] = {}
    for pick in chosen.picks:
        if pick.place in taken or not 0 <= pick.place < len(lines_now):
            raise Rejected(f"{invoice.number} has no line {pick.place + 1} to choose (once).", code="line_unknown")
        taken[pick.place] = _net_of(pick, invoice, lines_now[pick.place], notes=len(already))
    lines = tuple(_line_of(pick, invoice.draft.lines[pick.place], taken[pick.place]) for pick in chosen.picks)
    nets = net_per_group(lines)
    parts = {
        group: _part_of(group, nets[group], invoice, _rest(group, invoice, lines_now) - nets[group], left)
        for group in left.parts
        if group in nets
    }
    return Picked(lines, parts, _total_of(parts, invoice, left))


def _net_of(pick: Pick, invoice: Document, left: LineLeft, *, notes: int) -> Decimal:
    """The net of *pick*. Where it is the last of its line, the cents that earlier shares left over go with it."""
    draft = invoice.draft
    line, unit = draft.lines[pick.place], unit_of(draft.currency)
    if not 0 < abs(pick.quantity) <= abs(left.quantity) or (pick.quantity > 0) is not (line.quantity > 0):
        raise Rejected(
            f"{pick.quantity} of “{line.description}” cannot be credited; {left.quantity} of it is left.",
            code="quantity_wrong",
        )
    net = to_minor_unit(line.net * pick.quantity / line.quantity, draft.currency) + ZERO
    if pick.quantity == left.quantity and abs(left.net - net) <= unit * (notes + 1):
        return left.net
    if abs(net) > abs(left.net) + unit * (notes + 1):
        raise Rejected(
            f"Only {left.net} {draft.currency} (without VAT) is left of “{line.description}”; credit an amount instead.",
            code="more_than_left",
        )
    return net if abs(net) <= abs(left.net) else left.net


def _line_of(pick: Pick, line: Line, net: Decimal) -> Line:
    quantity, price = quantity_and_price(net, pick.quantity)
    return replace(line, quantity=quantity, unit_price=price, net=net)


def _rest(group: Group, invoice: Document, lines_now: Iterable[LineLeft]) -> Decimal:
    """The net that is left of the lines of *group*."""
    mine = zip(invoice.draft.lines, lines_now, strict=True)
    return total_of(now.net for line, now in mine if (line.category, line.rate) == group)


def _part_of(group: Group, net: Decimal, invoice: Document, rest: Decimal, left: Left) -> Part:
    """Base and VAT of *net*. With the last of a group's lines (*rest* is nothing) goes what its roundings left over."""
    currency, room = invoice.draft.currency, left.parts[group]
    # A shop without decimals has roundings of half a euro a line.
    rounded = total_of(abs(one.amount) for one in invoice.draft.roundings if (one.category, one.rate) == group)
    allowed = rounded + unit_of(currency) * (len(invoice.draft.lines) + 1)
    if abs(net - room.base) <= allowed and not rest:
        return room
    base = min(max(net, min(room.base, ZERO)), max(room.base, ZERO))
    if abs(net - base) > allowed:
        raise Rejected(
            f"The chosen lines are {net} {currency} without VAT at {group[1]} %, but {room.base} {currency} is left at that "
            f"rate of {invoice.number}. Choose its discount too, or credit an amount.",
            code="more_than_left",
        )
    if base == room.base:
        return room
    vat = vat_on(base, group[1], currency)
    return Part(base, min(max(vat, min(room.vat, ZERO)), max(room.vat, ZERO)))


def _total_of(parts: dict[Group, Part], invoice: Document, left: Left) -> Decimal:
    """What is paid back: all that is left where *parts* are all, the cents of its payable rounding with them."""
    currency = invoice.draft.currency
    is_all = {g: p for g, p in parts.items() if p != NOTHING} == {g: p for g, p in left.parts.items() if p != NOTHING}
    total = left.total if is_all else total_of(part.gross for part in parts.values())
    if total <= 0:
        raise Rejected(
            f"The chosen lines come to {total} {currency}; there is nothing to give back.", code="nothing_chosen"
        )
    if total >= left.total and not is_all:
        raise Rejected(
            f"The chosen lines are {total} {currency}, but {left.total} {currency} is left of {invoice.number}. Choose its "
            "discount too, or credit all that is left.",
            code="more_than_left",
        )
    return total
