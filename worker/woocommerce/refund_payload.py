"""The shop's list of refunds → `Refund`, their amounts turned positive."""

from decimal import Decimal

from worker.domain.order import LineKind, LineTax, OrderLine, Refund, RefundSummary
from worker.domain.text_limits import refund_within_limits
from worker.errors import Rejected
from worker.message import Message
from worker.woocommerce.json_reader import read_list
from worker.woocommerce.line_payload import fee_line, product_line, shipping_line
from worker.woocommerce.node import Node


def parse_refunds(body: bytes) -> tuple[tuple[Refund, ...], tuple[Rejected, ...]]:
    """The refunds of one order that can be read, in the shop's order (newest first), their amounts turned positive; and why each of the
    others cannot: an odd refund is no reason to leave the order alone.
    """
    refunds: list[Refund] = []
    unread: list[Rejected] = []
    for node in read_list(body, Message("The shop's list of refunds")):
        try:
            refunds.append(_refund(node))
        except Rejected as error:
            unread.append(error)
    return tuple(refunds), tuple(unread)


_REFUND_REMEDY = Message("Delete that refund in WooCommerce and make it again, or credit the invoice by hand.")


def _refund(node: Node) -> Refund:
    label = Message("Refund {refund_id}", refund_id=node.id("id"))
    refund = Node(node.values, where="", label=label, remedy=_REFUND_REMEDY)
    return refund_within_limits(
        Refund(
            refund_id=refund.id("id"),
            amount=refund.amount("amount"),
            reason=refund.plain("reason"),
            created_at=refund.instant("date_created_gmt"),
            by_provider=refund.values.get("refunded_payment") is True,
            lines=(
                *(_refund_line(item, product_line(item)) for item in refund.nodes("line_items", needed=True)),
                *(_refund_line(item, fee_line(item)) for item in refund.nodes("fee_lines")),
                *(_refund_line(item, shipping_line(item)) for item in refund.nodes("shipping_lines")),
            ),
        )
    )


def _refund_line(node: Node, line: OrderLine) -> OrderLine:
    """A refund's line turned positive and named by the order line that it takes back."""
    return OrderLine(
        line_id=_refunded_line_id(node),
        kind=line.kind,
        name=line.name,
        # A refund of money alone has quantity 0; fees and shipping say none and count as the one they are.
        quantity=_negated(line.quantity) if line.kind is LineKind.PRODUCT else line.quantity,
        subtotal=_negated(line.subtotal),
        total=_negated(line.total),
        taxes=tuple(LineTax(tax.rate_id, _negated(tax.amount)) for tax in line.taxes),
        sku=line.sku,
        options=line.options,
        tax_class=line.tax_class,
        tax_status=line.tax_status,
    )


def _refunded_line_id(node: Node) -> int:
    """The order's line that it takes back; 0 where none is named, as on refunds that were imported or are of long ago."""
    for meta in node.nodes("meta_data"):
        if meta.text("key") == "_refunded_item_id":
            return meta.id("value")
    return 0


def _negated(amount: Decimal) -> Decimal:
    return -amount if amount else amount.copy_abs()


def refund_summary(node: Node) -> RefundSummary:
    return RefundSummary(refund_id=node.id("id"), amount=_negated(node.amount("total")), reason=node.plain("reason"))
