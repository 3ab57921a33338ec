"""What a line is called where the shop gave it no name: every line of an invoice says what it is for (art. 5 §1 6° RD no. 1)."""

from dataclasses import replace

from worker.domain.document import Problem
from worker.domain.language import phrase
from worker.domain.order import LineKind, Order, OrderLine
from worker.message import Message

_PHRASES = {LineKind.PRODUCT: "article", LineKind.SHIPPING: "shipping", LineKind.FEE: "fee"}
_WORDS = {LineKind.PRODUCT: Message("Item"), LineKind.FEE: Message("Fee")}


def described(order: Order, language: str) -> Order:
    """*order* with a name on each line: its SKU where it has no other, else the word for its kind.

    Itself where all have one: what is known of it (`assess`) is not worked out again.
    """
    if all(line.name for line in order.lines):
        return order
    return replace(order, lines=tuple(_described(line, language) for line in order.lines))


def _described(line: OrderLine, language: str) -> OrderLine:
    if line.name:
        return line
    return replace(line, name=line.sku.strip() or phrase(_PHRASES[line.kind], language))


def nameless_flag(order: Order) -> tuple[Problem, ...]:
    """That a line's name says nothing of what was sold. “Shipping” does."""
    nameless = [
        line for line in order.lines if not line.name and not line.sku.strip() and line.kind is not LineKind.SHIPPING
    ]
    if not nameless:
        return ()
    message = Message(
        "A line of order {number} has no name in WooCommerce, so its document says “{word}” and no more. An invoice must say what "
        "was sold: give the product or fee a name there, and credit and issue again what was issued without.",
        number=order.number,
        word=_WORDS[nameless[0].kind],
    )
    return (Problem("nameless_line", message),)
