"""Refunds that were not read."""

from worker.domain.document import Problem
from worker.errors import Rejected
from worker.message import Message
from worker.orders.fetch import FetchedOrder


def unread_refunds(fetched: FetchedOrder) -> tuple[Problem, ...]:
    """The order's refunds that no credit note can be made of, with why."""
    if fetched.unread:
        return tuple(unread_refund(fetched, error) for error in fetched.unread)
    if fetched.refunds is not None or not fetched.order.refunds:
        return ()
    return (
        Problem(
            "refunds_unread",
            Message(
                "Order {number} has refunds, but the shop's key is needed to read them; no credit note is "
                "made until it works.",
                number=fetched.order.number,
            ),
        ),
    )


def unread_refund(fetched: FetchedOrder, error: Rejected) -> Problem:
    message = Message(
        "No credit note is made of a refund of order {number}. {reason}",
        number=fetched.order.number,
        reason=error.message,
    )
    return Problem("refund_unread", message)
