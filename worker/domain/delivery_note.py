"""What a delivery note lists: what of an order must still be delivered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from worker.domain.delivery import DeliveryWish
from worker.domain.document import Category, Line
from worker.domain.language import phrase
from worker.domain.money import ZERO
from worker.domain.order import LineKind, Order, OrderLine, Refund
from worker.domain.place_of_supply import Supply, told_supply
from worker.message import Message

Pieces = Mapping[int, Decimal]  # how many, by the id of the order's line


@dataclass(frozen=True)
class Remainder:
    """The lines of an order with what is left of their quantities; *reason* says why there are none.

    *gone* is what left before of lines of which more is still to come.
    """

    lines: tuple[OrderLine, ...] = ()
    gone: Pieces = field(default_factory=dict)
    reason: tuple[str, Message] | None = None


def undelivered(order: Order, refunds: Iterable[Refund]) -> Remainder:
    """*order* without what is not sent, was given back, or has left already.

    Where all of it has left, as with plugins that complete the order then, the note is of all that was delivered.
    """
    sent = [line for line in order.lines if is_sent(line, order)]
    if not sent:
        return Remainder(
            reason=("nothing_is_sent", Message("Nothing of this order is sent: it holds downloads, services or fees."))
        )
    wanted = _less(sent, _refunded(refunds))
    if not wanted:
        return Remainder(
            reason=("all_refunded", Message("All that was to be delivered of this order has been refunded."))
        )
    gone = _shipped(order)
    left = _less(wanted, gone)
    return (
        Remainder(left, {line.line_id: gone[line.line_id] for line in left if gone.get(line.line_id)})
        if left
        else Remainder(wanted)
    )


def is_sent(line: OrderLine, order: Order) -> bool:
    """Whether goods go out for *line*: no fee, no shipping, no download, nothing that the shop calls virtual."""
    return line.kind is LineKind.PRODUCT and line.quantity > 0 and told_supply(line, order) is not Supply.SERVICE


def delivery_lines(remainder: Remainder, language: str) -> tuple[Line, ...]:
    """What and how many, at no price: a delivery note states no amounts."""
    return tuple(
        Line(
            line.name,
            line.quantity,
            ZERO,
            ZERO,
            Category.OUTSIDE_SCOPE,
            Decimal(0),
            sku=line.sku,
            details=_details(line, remainder.gone.get(line.line_id), language),
            order_line_id=line.line_id,
        )
        for line in remainder.lines
    )


def carried_day(wish: DeliveryWish, today: date) -> date | None:
    """The day on which the order says that it is delivered, once that has come: one that is still to come is a wish."""
    return wish.day if wish.day and wish.day <= today else None


def _details(line: OrderLine, gone: Decimal | None, language: str) -> tuple[str, ...]:
    options = tuple(f"{name}: {value}" for name, value in line.options)
    if not gone:
        return options
    return (*options, phrase("sent_before", language).format(count=f"{gone.normalize():f}"))


def _less(lines: Iterable[OrderLine], taken: Pieces) -> tuple[OrderLine, ...]:
    """*lines* with what is left of their quantities, without those of which nothing is."""
    left = (replace(line, quantity=line.quantity - taken.get(line.line_id, Decimal(0))) for line in lines)
    return tuple(line for line in left if line.quantity > 0)


def _refunded(refunds: Iterable[Refund]) -> Pieces:
    """Money that went back without pieces is a discount: those goods are still sent."""
    return _sums((line.line_id, line.quantity) for refund in refunds for line in refund.lines)


def _shipped(order: Order) -> Pieces:
    return _sums(part for shipment in order.shipments for part in shipment.contents)


def _sums(parts: Iterable[tuple[int, Decimal]]) -> Pieces:
    sums: dict[int, Decimal] = {}
    for line_id, quantity in parts:
        sums[line_id] = sums.get(line_id, Decimal(0)) + quantity
    return sums
