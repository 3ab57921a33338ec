"""What money does that comes in for an order, or goes back: which invoices it pays, and whose word it takes the place of."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, select

from worker.domain.money import ZERO, total_of
from worker.domain.order import OrderKey
from worker.domain.payment import GIFT_CARD, REFUND, UNCONFIRMED, Balance, PaymentSource, Receipt, confirmed_by
from worker.domain.webhook import WebhookEventKind
from worker.store import counters, document_balances, waiting_orders, webhooks
from worker.store.database.tables import payments
from worker.store.payment_rows import (
    Payment,
    add_row,
    add_rows,
    currency_of,
    get,
    order_of_document,
    received_of,
    reverse_row,
    standing,
    unconfirmed_transfers,
)
from worker.store.payment_shares import add_shares, invoices_of, share_out


def receive(connection: Connection, order: OrderKey, amount: Decimal, receipt: Receipt, *, now: datetime) -> int | None:
    """Count that *amount* came in for *order*; its payment's id, or None where it was counted before.

    It pays the order's open invoices, oldest first; what is left of it pays those still to be issued. What the bank says takes
    the place of what the shop or a person said of the same money.
    """
    return next(iter(receive_all(connection, order, [(amount, receipt)], now=now)), None)


def receive_all(
    connection: Connection, order: OrderKey, money: Sequence[tuple[Decimal, Receipt]], *, now: datetime
) -> list[int]:
    """As `receive`, of several at once: an order that thousands pay is not added up anew for each of them. The ids of the new ones."""
    counters.lock(connection, order.shop_id)
    before = received_of(connection, order.shop_id, [receipt.outside_ref for _, receipt in money])
    new = [(amount, receipt) for amount, receipt in money if receipt.outside_ref not in before]
    if not new:
        return []
    paid_before = {document_id for document_id, balance in balances_of(connection, order).items() if balance.is_paid}
    payment_ids = add_rows(connection, order, in_place_of_unconfirmed(connection, order, new, now=now), now=now)
    tell_paid(connection, (one for one in settle(connection, order, now=now) if one not in paid_before), now=now)
    return payment_ids


def in_place_of_unconfirmed(
    connection: Connection, order: OrderKey, money: Sequence[tuple[Decimal, Receipt]], *, now: datetime
) -> list[tuple[Decimal, Receipt]]:
    """*money* with what each of it takes the place of: that is reversed, and said again for what was not brought yet."""
    heard, left = unconfirmed_transfers(connection, order), open_of(connection, order)
    came = list[tuple[Decimal, Receipt]]()
    for amount, receipt in money:
        currency = receipt.currency or currency_of(connection, order)
        is_told = receipt.source is PaymentSource.BANK
        said = taken(heard, amount, currency, open_amount=left.get(currency, ZERO)) if is_told else []
        if not said:
            left[currency] = left.get(currency, ZERO) - amount
            came.append((amount, receipt))
            continue
        one = as_one(connection, said, receipt, now=now)
        reverse_row(connection, one, on=receipt.paid_on, now=now)
        came.append((amount, replace(receipt, replaces=one.payment_id)))
        if one.amount > amount:
            heard.append(get(connection, say_again(connection, one, one.amount - amount, now=now)))
    return came


def taken(heard: list[Payment], amount: Decimal, currency: str, *, open_amount: Decimal) -> list[Payment]:
    """Those of *heard* that the bank's *amount* brings, or brings a part of, taken out of them."""
    found, same = [], [payment for payment in heard if payment.currency == currency]
    for confirmed in confirmed_by(amount, [payment.amount for payment in same], open_amount=open_amount):
        said = next(payment for payment in same if payment.amount == confirmed)
        same.remove(said)
        heard.remove(said)
        found.append(said)
    return found


def as_one(connection: Connection, said: Sequence[Payment], receipt: Receipt, *, now: datetime) -> Payment:
    """What was *said* in several times, said at once: a payment takes the place of one."""
    first, *others = said
    if not others:
        return first
    for payment in said:
        reverse_row(connection, payment, on=receipt.paid_on, now=now)
    return get(connection, say_again(connection, first, total_of(payment.amount for payment in said), now=now))


def say_again(connection: Connection, heard: Payment, amount: Decimal, *, now: datetime) -> int:
    """That *amount* of what was *heard* and reversed counts all the same; the id of its row."""
    return add_row(connection, heard.order, amount, heard.receipt, now=now)


def reverse(connection: Connection, payment_id: int, *, on: date, by: str, now: datetime) -> bool:
    """A payment did not come after all, or went back: a row of its own takes it back. False where one did already.

    What it took the place of is said again, and counts again: as much of it as this brought.
    """
    payment = get(connection, payment_id)
    counters.lock(connection, payment.shop_id)
    if connection.execute(select(payments.c.payment_id).where(payments.c.reverses == payment_id)).first():
        return False
    reverse_row(connection, payment, on=on, by=by, now=now)
    if payment.replaces is not None:
        heard = get(connection, payment.replaces)
        say_again(connection, heard, min(heard.amount, payment.amount), now=now)
    settle(connection, payment.order, now=now)
    return True


def add(connection: Connection, document_id: int, amount: Decimal, receipt: Receipt, *, now: datetime) -> None:
    """Count that *amount* came in for this document. Once nothing is open any more, whoever wants to be told of it is owed a call."""
    payment_id = add_row(connection, order_of_document(connection, document_id), amount, receipt, now=now)
    add_shares(connection, [(payment_id, document_id, amount)], now=now)
    if document_balances.update_unpaid(connection, document_id).is_paid:
        webhooks.plan(connection, WebhookEventKind.PAID, document_id, now=now)


def pay_in_full(connection: Connection, document_id: int, receipt: Receipt, *, now: datetime) -> bool:
    """Count that all of what is open came in; False when the document was paid already, or its credit notes left nothing to pay."""
    document_balances.lock(connection, document_id)
    balance = document_balances.of_documents(connection, [document_id])[document_id]
    if balance.is_paid or (balance.credited is not None and balance.open <= 0):
        return False
    add(connection, document_id, balance.open, receipt, now=now)
    return True


def open_of(connection: Connection, order: OrderKey) -> dict[str, Decimal]:
    """What is open of the invoices of an order, by their currencies; an order without one is said to be paid as a whole."""
    found: dict[str, Decimal] = {}
    for balance in balances_of(connection, order).values():
        found[balance.currency] = found.get(balance.currency, ZERO) + max(balance.open, ZERO)
    return found


def count(connection: Connection, order: OrderKey, amount: Decimal, receipt: Receipt, *, now: datetime) -> None:
    """Count what the shop says came in for *order*."""
    add_row(connection, order, amount, receipt, now=now)
    tell_paid(connection, settle(connection, order, now=now), now=now)


def give_back(connection: Connection, order: OrderKey, amount: Decimal, receipt: Receipt, *, now: datetime) -> None:
    """Count that *amount* went back to the buyer: of what its invoices were paid with too much, then of what pays none."""
    row = add_row(connection, order, -amount, receipt, now=now)
    new, left, currency = [], amount, get(connection, row).currency
    for document_id, balance in balances_of(connection, order).items():
        share = min(left, max(-balance.open, ZERO))
        if share and balance.currency == currency:
            new.append((row, document_id, -share))
            left -= share
    add_shares(connection, new, now=now)
    for _, document_id, _ in new:
        document_balances.update_unpaid(connection, document_id)


def tell_of_refund(connection: Connection, order: OrderKey, amount: Decimal, currency: str, *, now: datetime) -> None:
    """That *amount* went back by another's word, which was counted just now: what the shop reported of that counts no more."""
    refunded = [one for one in standing(connection, order) if one.method == REFUND and one.source in UNCONFIRMED]
    for stored in refunded:
        if amount <= 0:
            break
        if stored.currency != currency:
            continue
        reverse_row(connection, stored, on=stored.paid_on, now=now)
        if -stored.amount > amount:
            give_back(connection, order, -stored.amount - amount, stored.receipt, now=now)
        amount += stored.amount
    settle(connection, order, now=now)


def take_back_reported(connection: Connection, order: OrderKey, *, but_in: str = "", on: date, now: datetime) -> None:
    """What the shop had reported of this order's money counts no more, nor what it gave back of that; a card that was spent does.
    *but_in*: a currency, in which it does."""
    reported = [
        one for one in standing(connection, order) if one.source is PaymentSource.ORDER and one.method != GIFT_CARD
    ]
    taken_back = [one for one in reported if one.currency != but_in]
    for stored in taken_back:
        reverse_row(connection, stored, on=on, now=now)
    if taken_back:
        settle(connection, order, now=now)


def take_before(
    connection: Connection, order: OrderKey, cards: Sequence[tuple[Decimal, Receipt]], *, now: datetime
) -> list[int]:
    """Let what came in before it pay a new invoice, and the gift *cards* that it says its order was paid with: those that an earlier one
    says are the same money. The ids of invoices that became paid so.
    """
    counted = standing(connection, order)
    if not cards and not counted:
        waiting_orders.follow(connection, order)
        return []
    left = list(cards)
    for stored in (one for one in counted if one.method == GIFT_CARD):
        said = (stored.amount, stored.reference, stored.currency)
        same = next((card for card in left if (card[0], card[1].reference, card[1].currency) == said), None)
        if same is not None:
            left.remove(same)
        else:
            reverse_row(connection, stored, on=stored.paid_on, now=now)
    if left:
        add_rows(connection, order, left, now=now)
    return settle(connection, order, now=now)


def settle(connection: Connection, order: OrderKey, *, now: datetime) -> list[int]:
    """Let what came in pay the order's invoices, and the order wait for the rest. The ids of invoices that became paid so.

    Call under the shop's lock, after any payment and after an invoice was issued.
    """
    asking = waiting_orders.asking_documents(connection, order)
    became_paid = share_out(connection, order, asking.invoices, now=now)
    waiting_orders.follow(connection, order, asking)
    return became_paid


def balances_of(connection: Connection, order: OrderKey) -> dict[int, Balance]:
    """Of each of its invoices, by their ids."""
    return document_balances.of_documents(connection, invoices_of(connection, order))


def tell_paid(connection: Connection, became_paid: Iterable[int], *, now: datetime) -> None:
    """Whoever wants to be told of a paid invoice is owed a call for those that became so."""
    for document_id in became_paid:
        webhooks.plan(connection, WebhookEventKind.PAID, document_id, now=now)
