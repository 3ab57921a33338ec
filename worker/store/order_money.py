"""What came in for an order, as far as is known here: what was counted, and what the shop reports of it that was not counted yet.

All rows are in `payments`, which `payment_shares` shares over the order's invoices. What the shop reports is all of the order's
money at once, so only what is missing of it is added; and it is worth what the order cost when the shop first reported it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from worker.domain.money import ZERO, total_of
from worker.domain.order import Order, OrderKey, Refund
from worker.domain.order_flags import TAKEN_BACK
from worker.domain.order_payment import (
    deposit_paid,
    is_paid_in_parts,
    open_statuses,
    reported_amount,
    said_at,
    says_paid,
    terms_of,
    was_put_back,
    was_taken_back,
)
from worker.domain.payment import GIFT_CARD, REFUND, PaymentSource, Receipt
from worker.domain.payment_method import is_transfer
from worker.domain.reported_money import ReportedMoney, came_and_most, is_ours, is_reported
from worker.domain.settlement import EXCESS, excess_flags
from worker.domain.shop import Shop
from worker.store import audit_trail, orders, payment_rows, payments
from worker.store.payment_rows import Payment
from worker.store.queries import order_balance

# As WooCommerce stores the name of a transaction that it was told.
LONGEST_TRANSACTION = 100
# What the trail calls it that we set an order paid in its shop.
SET_PAID = "set_paid"


def with_money(connection: Connection, shop: Shop, order: Order, refunds: Iterable[Refund] | None) -> Order:
    """*order*, with what is known of its money and of its *refunds* (None: they could not be read). Call under the shop's lock
    before anything is issued of it.
    """
    key = key_of(shop, order)
    before = total_of(refund.amount for refund in refunds or () if refund.created_at < said_at(order))
    if was_put_back(order, shop):
        order = replace(order, keeps_money=orders.is_ignored(connection, key, TAKEN_BACK))
    paid_total, credited = orders.when_paid(connection, key, order)
    order = replace(order, paid_total=paid_total, credited_before=before)
    counted = counted_in(connection, key, order.currency)
    if says_paid(order, shop) and not has_own_transaction(order, counted):  # who pays on the shop's page pays its total
        order = replace(order, credited_before=max(before, credited))
    reported = reported_by_shop(order, refunds, shop, counted)
    if reported.is_echo(counted) or was_charged_back(order, counted):
        if is_said_anew(connection, shop, order, counted):
            reported = replace(reported, is_said_anew=True)
        else:
            order = replace(order, paid_total=ZERO)
            reported = reported_by_shop(order, refunds, shop, counted)
    order = replace(order, reported=reported)
    # What the shop gave back since pays no less of what was asked then: its credit note asks that much less.
    money = [one for one in counted if one.method not in (GIFT_CARD, REFUND)]
    left = missing(order, shop, counted)
    return replace(
        order,
        to_count=left,
        came_in=total_of(one.amount for one in money) + left,
        came_on=max((one.paid_on for one in money if one.amount > 0), default=None),
    )


def count_reported(connection: Connection, shop: Shop, order: Order, *, now: datetime) -> bool:
    """Count what the shop says came in for *order* (as `with_money` gives it) and was not counted yet; or no longer what it says no more.
    Whether anything was.

    Call before its invoice is issued, and whenever it is looked at once it has one.
    """
    if order.to_count < 0:
        payments.take_back_reported(connection, key_of(shop, order), on=shop.day_of(now), now=now)
        return True
    if not order.to_count:
        return False
    # Of an order that its shop put into another currency it says the same money otherwise.
    payments.take_back_reported(connection, key_of(shop, order), but_in=order.currency, on=shop.day_of(now), now=now)
    receipt = Receipt(
        paid_on=shop.day_of(reported_since(order, shop)),
        source=PaymentSource.ORDER,
        by="order",
        method=order.payment_method,
        reference=order.transaction_id,
        currency=order.currency,
    )
    payments.count(connection, key_of(shop, order), order.to_count, receipt, now=now)
    return True


def count_refunds(
    connection: Connection, shop: Shop, order: Order, refunds: Iterable[Refund], *, now: datetime
) -> None:
    """Count what the shop gave back of a paid order: no more than came in beyond what its invoices ask now.

    What went back at Mollie was counted by Mollie's word. Call after their credit notes were issued.
    """
    key = key_of(shop, order)
    counted = counted_in(connection, key, order.currency)
    made = [refund for refund in refunds if was_paid_before(refund, order, shop, counted)]
    if not made:
        return
    before = total_of(one.amount for one in counted if is_reported_refund(one))
    before -= refunded_by_others(made, shop, counted)
    # What the shop's own provider gave back is no money of ours.
    before -= ZERO if has_own_transaction(order, counted) else gone_back(counted)
    new = total_of(refund.amount for refund in made) + before
    balance = order_balance.of_order(connection, key)
    amount = min(new, balance.paid - balance.asked) if balance is not None else ZERO
    if amount > 0:
        day = shop.day_of(max(refund.created_at for refund in made))
        receipt = Receipt(day, PaymentSource.ORDER, by="order", method=REFUND, currency=order.currency)
        payments.give_back(connection, key, amount, receipt, now=now)


def refunded_by_others(made: Sequence[Refund], shop: Shop, counted: Sequence[Payment]) -> Decimal:
    """What the bank says went back of the refunds that the shop *made*, and is not counted by the shop's word.

    What went back before the shop reported anything was paid too much, and so is what the shop's word was left beside.
    """
    found, reversed_ids = ZERO, {one.reverses for one in counted}
    for one in counted:
        if one.method != REFUND or not is_ours(one) or one.reverses or one.payment_id in reversed_ids:
            continue
        by_then = total_of(refund.amount for refund in made if shop.day_of(refund.created_at) <= one.paid_on)
        by_then += total_of(
            other.amount for other in counted if is_reported_refund(other) and other.paid_on <= one.paid_on
        )
        found += min(-one.amount, max(by_then - found, ZERO))
    return found


def was_paid_before(refund: Refund, order: Order, shop: Shop, counted: Iterable[Payment]) -> bool:
    """Whether the money of *order* had come when *refund* was made, which otherwise lowered what was to be paid.

    Of what is sold on account the shop does not know; what was *counted* says so, by its day.
    """
    if says_paid(order, shop):
        return refund.created_at >= said_at(order)
    days = [one.paid_on for one in counted if is_ours(one) and one.amount > 0]
    return terms_of(order, shop) is not None and bool(days) and shop.day_of(refund.created_at) >= max(days)


def gone_back(counted: Iterable[Payment]) -> Decimal:
    """What of the money that Mollie brought went back there: all it said that came, the rest of which is said anew, less what stands."""
    came, most = came_and_most(one for one in counted if one.source is PaymentSource.MOLLIE)
    return most - came


def counted_in(connection: Connection, key: OrderKey, currency: str) -> list[Payment]:
    """What was counted for the order in *currency*: money of another pays nothing of it."""
    return [one for one in payment_rows.of_order(connection, key) if one.currency == currency]


def flag_excess(connection: Connection, order: OrderKey) -> None:
    """A flag on the order while more came in than it asks."""
    seen = orders.find(connection, order.shop_id, order.order_id)
    if seen is not None and seen.order_key == order.order_key:
        flags = excess_flags(seen.order_number, order_balance.of_order(connection, order))
        orders.set_flags(connection, order, EXCESS, flags)


def missing(order: Order, shop: Shop, counted: Sequence[Payment]) -> Decimal:
    """What the shop reports of the order's money beyond what was *counted* of it; below zero where it reports none any more."""
    if not order.reported.amount and was_taken_back(order, shop):
        return -total_of(one.amount for one in counted if is_reported(one))
    return order.reported.left(counted)


def reported_by_shop(
    order: Order, refunds: Iterable[Refund] | None, shop: Shop, counted: Sequence[Payment]
) -> ReportedMoney:
    amount, refunded = reported_amount(order, shop), total_of(refund.amount for refund in order.refunds)
    if refunds is None:
        since = refunded if says_paid(order, shop) else ZERO
    else:
        since = total_of(refund.amount for refund in refunds if was_paid_before(refund, order, shop, counted))
    return ReportedMoney(
        amount,
        rest=max(order.total - order.credited_before - amount, ZERO),
        day=shop.day_of(reported_since(order, shop)),
        refunded=refunded,
        lowered=max(refunded - since, ZERO),
        perhaps_lowered=ZERO if says_paid(order, shop) else since,
        is_apart=has_own_transaction(order, counted),
        is_unknown=is_paid_in_parts(order) and deposit_paid(order) is None,
        is_part=amount > 0 and not says_paid(order, shop),
    )


def reported_since(order: Order, shop: Shop) -> datetime:
    """Since when the shop reports the order's money."""
    return said_at(order) if says_paid(order, shop) else order.created_at


def is_reported_refund(payment: Payment) -> bool:
    """Whether it is what the shop said it gave back."""
    return payment.source is PaymentSource.ORDER and payment.method == REFUND


def has_own_transaction(order: Order, counted: Iterable[Payment]) -> bool:
    """Whether the order was paid with its provider, in a transaction that is none of those *counted* here: other money than theirs.

    What we set paid in the shop names our own.
    """
    ours = {
        name[:LONGEST_TRANSACTION] for one in counted if is_ours(one) for name in (one.reference, one.outside_ref or "")
    }
    return bool(order.transaction_id) and order.transaction_id not in ours and not is_transfer(order.payment_method)


def was_charged_back(order: Order, counted: Sequence[Payment]) -> bool:
    """Whether a person said that what the shop reported was taken back, of which the shop says nothing: its word counts no more until it
    reports another transaction.
    """
    gone = denied(counted)
    return bool(gone) and gone[-1].reference == order.transaction_id


def denied(counted: Iterable[Payment]) -> list[Payment]:
    """The rows by which a person said that what the shop reported was taken back."""
    reported = {one.payment_id: one for one in counted if is_reported(one)}
    return [one for one in counted if one.reverses in reported and one.created_by != reported[one.reverses].created_by]


def is_said_anew(connection: Connection, shop: Shop, order: Order, counted: Sequence[Payment]) -> bool:
    """Whether the shop says since what was *counted* here went back, and not told so by us, that *order* is paid: for the first time, or
    after it had waited for its money again, when `date_paid` stays where it was.
    """
    back = [one for one in counted if is_ours(one) and one.amount < 0] + denied(counted)
    went_back = max((one.created_at for one in back), default=None)
    if went_back is None or was_put_back(order, shop):
        return False
    trail = audit_trail.of_order(connection, shop.shop_id, order.order_id)
    told_at = [entry.at for entry in trail if entry.code == SET_PAID]
    if said_at(order) > went_back and not told_at:
        return True
    since = max([went_back, *told_at])
    return orders.was_open_or_paid(connection, key_of(shop, order), open_statuses(shop), since=since)


def key_of(shop: Shop, order: Order) -> OrderKey:
    return OrderKey(shop.shop_id, order.order_id, order.order_key)
