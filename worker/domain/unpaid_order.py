"""When an order that nobody paid is cancelled in the shop: after the days that its owner gives, where nothing came. Pure."""

from datetime import date, timedelta

from worker.domain.document import Problem
from worker.domain.order import Order, SalePart
from worker.domain.order_payment import Payable, is_paid_in_parts, status_of, terms_of
from worker.domain.payment_method import is_transfer
from worker.domain.shop import Shop
from worker.message import Message, by_count

WAITING_STATUSES = ("on-hold", "pending")
# One that is late by more is left to a person: who switches this on does not mean the orders of last year.
LATE_AT_MOST = timedelta(days=30)
# The code of the flag on an order that is late and has its invoice.
LATE = "late_but_invoiced"


def last_day(order: Order, shop: Shop) -> date | None:
    """The last day to pay *order* before it is cancelled, in the shop's zone; None for one that is never cancelled by itself."""
    return last_day_from(shop.day_of(order.created_at), order, shop)


def last_day_from(ordered_on: date, order: Payable, shop: Shop) -> date | None:
    """As `last_day`, of an order or document by when it was ordered."""
    if not shop.cancel_after_days or not is_by_transfer(order, shop):
        return None
    return ordered_on + timedelta(days=shop.cancel_after_days)


def is_by_transfer(order: Payable, shop: Shop) -> bool:
    """Whether the customer chose to transfer the money before the delivery. What staff made in WordPress names no method."""
    return order.payment_method != "" and is_transfer(order.payment_method) and terms_of(order, shop) is None


def is_late(order: Order, shop: Shop, today: date) -> bool:
    """Whether *order*, as the shop shows it now, waits for money that its owner no longer waits for."""
    last = last_day(order, shop)
    return last is not None and last < today <= last + LATE_AT_MOST and may_be_cancelled(order, shop)


def may_be_cancelled(order: Order, shop: Shop) -> bool:
    """Whether *order* waits for its money, and for nothing else that a person would have to decide."""
    if order.created_at < shop.orders.since:
        return False
    is_whole = order.sale_part is SalePart.WHOLE and not is_paid_in_parts(order) and order.deposit is None
    waits = status_of(order, shop) in WAITING_STATUSES and order.paid_at is None and not order.refunds
    return is_whole and waits and order.total > 0


def late_flags(number: str, invoice: str, shop: Shop) -> tuple[Problem, ...]:
    """That a person must decide: an invoice is taken back by a credit note alone."""
    message = Message(
        "Order {number} was not paid {within}. It is not cancelled by itself, because {invoice} stands: remind the "
        "customer, or credit {invoice} and cancel the order in WooCommerce.",
        number=number,
        within=within(shop),
        invoice=invoice,
    )
    return (Problem(LATE, message),)


def within(shop: Shop) -> Message:
    """The days that an order by bank transfer has."""
    days = shop.cancel_after_days
    return by_count(days, Message("within a day"), Message("within {days} days", days=days))
