"""How an order is set paid in the shop once its money came, by what it is there (docs/woocommerce-contract.md §7)."""

from enum import StrEnum

from worker.domain.document import Problem
from worker.domain.order import Order
from worker.domain.order_payment import is_paid_in_parts, status_of, was_taken_back
from worker.domain.payment import OrderBalance
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.message import Message, Money

# The code of the flag on an order that was paid too much.
EXCESS = "to_give_back"


class Move(StrEnum):
    """What is to be asked of the shop. An order is never moved backwards, and one that is over is a person's."""

    NONE = "none"  # it is paid there
    SET_PAID = "set_paid"  # WooCommerce sees to what follows; it does so only while the order needs payment
    PROCESS = "process"
    COMPLETE = "complete"  # nothing of it is sent, so there is nothing to process
    DATE = "date"  # paid on delivery: WooCommerce's REST interface cannot date it, the plugin can


def move_of(order: Order, shop: Shop) -> Move:
    """What sets *order* paid, of which all of the money came. Raises Rejected where a person must decide."""
    if was_taken_back(order, shop):
        raise Rejected(
            "The money of order {number} was taken back once, and the shop says that it waits again. If this money is for it, set "
            "the order to Processing in WooCommerce.",
            number=order.number,
            code="money_was_taken_back",
        )
    if order.paid_at is not None:
        return Move.NONE
    if is_paid_in_parts(order):
        raise Rejected(
            "Order {number} is paid in parts by a plugin of the shop, which alone knows what is still owed. Set it paid in "
            "WooCommerce.",
            number=order.number,
            code="paid_in_parts",
        )
    match status_of(order, shop):
        case "pending" | "failed" if order.needs_payment:
            return Move.SET_PAID
        case "pending" | "failed" | "on-hold":
            return Move.COMPLETE if order.needs_processing is False else Move.PROCESS
        case "processing":
            return Move.COMPLETE if order.needs_processing is False else Move.DATE
        case "completed":
            return Move.NONE
        case _:
            raise over(order, shop)


def excess_flags(number: str, balance: OrderBalance | None) -> tuple[Problem, ...]:
    """That more came in than the order asks. It is over once that was given back."""
    found = (balance, *balance.others) if balance else ()
    return tuple(
        Problem(
            EXCESS,
            Message(
                "{excess} more came in for order {number} than it asks. Give it back, and then say that this order needs nothing.",
                excess=Money(one.excess, one.currency),
                number=number,
            ),
        )
        for one in found
        if one.excess > 0
    )


def over(order: Order, shop: Shop) -> Rejected:
    """Why nobody but a person moves an order that is over, or in a status of which nothing is known."""
    match status_of(order, shop):
        case "cancelled":
            return Rejected(
                "Order {number} was cancelled in the shop, and its money came in. Set it to Processing in WooCommerce if you "
                "deliver it after all; otherwise give the money back.",
                number=order.number,
                code="paid_but_cancelled",
            )
        case "refunded":
            return Rejected(
                "Order {number} was refunded in the shop, and its money came in. Give it back, or set the order to Processing in "
                "WooCommerce if it is to be delivered.",
                number=order.number,
                code="paid_but_refunded",
            )
        case "trash":
            return Rejected(
                "Order {number} is in the bin of the shop, and its money came in. Take it out of the bin and set it to "
                "Processing in WooCommerce, or give the money back.",
                number=order.number,
                code="paid_but_in_bin",
            )
    return Rejected(
        "Order {number} is “{status}” in the shop, and whether that waits for money is not known. Set it to Processing in "
        "WooCommerce, or say in the settings which status of WooCommerce “{status}” stands for.",
        number=order.number,
        status=order.status,
        code="paid_but_status_unknown",
    )
