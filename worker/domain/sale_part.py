"""Which part of a sale an order is, and which of its orders the shop documents: never both the whole and its parts.

A marketplace plugin keeps the order that the customer paid and makes one more for each vendor; all of them are orders
in WooCommerce. VAT that an invoice mentions is due, so a sale that is invoiced twice is taxed twice.
"""

from collections.abc import Iterator
from decimal import Decimal

from worker.domain.document import History, Kind, Problem
from worker.domain.order import Order, Refund, SalePart
from worker.domain.shop import DocumentedOrders, Shop
from worker.domain.totals import unit_of
from worker.message import Message, Money

ZERO = Decimal("0.00")


def part_of(order: Order, *, parent_is_split: bool) -> SalePart:
    """What *order* is once it is known of its parent whether a plugin split it."""
    split = order.sale_part is SalePart.CHILD and parent_is_split
    return SalePart.SUBORDER if split else order.sale_part


def why_not_documented(order: Order, history: History, shop: Shop) -> tuple[str, Message] | None:
    """Why nothing is made of *order*: the shop documents the other orders of the sale."""
    part, documented = part_of(order, parent_is_split=history.parent_is_split), shop.orders.documented
    if part is SalePart.SUBORDER and documented is DocumentedOrders.MAIN:
        return "is_suborder", Message(
            "The order is a vendor's part of order {parent}, which holds the whole sale; this shop makes documents of main orders.",
            parent=order.parent_id,
        )
    if part is SalePart.MAIN and documented is DocumentedOrders.SUBORDERS:
        return "has_suborders", Message(
            "The order is split into one order for each vendor; this shop makes documents of those suborders."
        )
    return None


def why_invoiced_elsewhere(kind: Kind, history: History) -> tuple[str, Message] | None:
    """Why no invoice may follow: another order of the same sale has one that stands."""
    if kind is not Kind.INVOICE or not history.of_same_sale:
        return None
    invoice = history.of_same_sale[0]
    return "sale_invoiced", Message(
        "The sale is invoiced already: {invoice} of order {number}. Credit that one first if this order is to be invoiced.",
        invoice=invoice.number,
        number=invoice.draft.order_number,
    )


def suborders_question(order: Order, shop: Shop) -> tuple[Problem, ...]:
    """Some plugins make no suborder of the shop's own goods: what no suborder holds would be on no invoice at all."""
    found = order.sale_sum
    if found is None or shop.orders.documented is not DocumentedOrders.SUBORDERS or not found.suborders:
        return ()
    if abs(found.difference) <= unit_of(order.currency) * len(found.suborders):
        return ()
    message = Message(
        "Order {parent} is of {total}, but its suborders come to {suborders}: {difference} is on none of them, or on several. Issue this "
        "one if it is right for its vendor, and see that the rest is invoiced too; or let the main orders be documented (Settings, Which orders count).",
        parent=found.number,
        total=Money(found.total, order.currency),
        suborders=Money(found.total - found.difference, order.currency),
        difference=Money(found.difference, order.currency),
    )
    return (Problem("suborders_do_not_add_up", message, asks=True),)


def sale_part_flags(
    order: Order, refunds: tuple[Refund, ...], history: History, shop: Shop, *, is_invoiced: bool
) -> Iterator[Problem]:
    """What a person must look at: money that went back on the order that is not documented, and a child that nothing explains."""
    if not is_invoiced and refunds and why_not_documented(order, history, shop):
        message = Message(
            "{amount} was refunded on order {number}, of which no documents are made because its sale is documented by other "
            "orders. If the refund is not on those too, refund it there: the credit note follows from that.",
            amount=Money(sum((refund.amount for refund in refunds), ZERO), order.currency),
            number=order.number,
        )
        yield Problem("refund_not_credited", message)
    if part_of(order, parent_is_split=history.parent_is_split) is SalePart.MAIN:
        yield from suborders_question(order, shop)
    if is_invoiced and part_of(order, parent_is_split=history.parent_is_split) is SalePart.CHILD:
        message = Message(
            "Order {number} belongs to order {parent} in the shop. If both are of one sale, it is invoiced twice: credit one of the "
            "invoices. If they are two sales, ignore this.",
            number=order.number,
            parent=order.parent_id,
        )
        yield Problem("belongs_to_order", message)
