"""Use case: the payments of an order changed → its shop says so too: a note with what came in, and once that is all, the order set paid.

It may be called at any time, and twice: the order is looked at first, and what stands there is not done again. Nothing is
written in the order's meta data, which Subscriptions copies to each renewal.
"""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from worker.domain.money import total_of
from worker.domain.order import Order, OrderKey
from worker.domain.payment import PaymentSource
from worker.domain.settlement import Move, move_of
from worker.errors import OrderGone, Rejected, StaleAnswer, Unavailable
from worker.i18n import Translator
from worker.i18n.translate import translate
from worker.invoicing.current_shop import refuse_paused
from worker.message import Message, Money
from worker.orders import fetch
from worker.payments.set_paid import set_paid
from worker.services import Services
from worker.store import audit_trail, order_money, orders, payment_rows, payment_shares
from worker.store.audit_trail import AuditEntry
from worker.store.payment_rows import Payment
from worker.store.queries import order_balance
from worker.store.shops import ConnectedShop
from worker.woocommerce import notes
from worker.woocommerce.payload import parse_order


@dataclass(frozen=True)
class Settled:
    """What came of it."""

    code: str
    message: Message


@dataclass(frozen=True)
class Counted:
    """What is *asked* for an order and *came* in, in its currency; *transaction*: what the last payment is called elsewhere."""

    asked: Decimal
    came: Decimal
    transaction: str = ""

    @property
    def is_all(self) -> bool:
        return self.came >= self.asked


def settle(services: Services, key: OrderKey) -> Settled:
    """Let the shop's order follow what came in for it. Raises Rejected where a person must decide, Unavailable for later."""
    connected = services.connected(key.shop_id)
    refuse_paused(connected.shop)
    if connected.shop.test:
        return Settled("test_shop", Message("The shop is in test mode, so nothing is written on its orders."))
    if not connected.secrets.has_rest:
        return Settled(
            "no_rest_key", Message("Facturelay has no key of the shop, so nothing is written on its orders.")
        )
    tell_excess(services, key)
    with fetch.refusal_is_told(services, connected.shop):
        if not is_any_there(services, key):
            return tell_money_went_back(services, connected, key)
        return settle_in_shop(services, connected, key)


def tell_money_went_back(services: Services, connected: ConnectedShop, key: OrderKey) -> Settled:
    """A note where the shop says paid what it was told before. The order is not moved back: it may be packed."""
    with suppress(Rejected):  # one that is gone is nobody's to be told of
        order = current_order(services, connected, key)
        if order.paid_at is not None:
            write_note(services, connected, order, count(services, order, key))
    return Settled("nothing_came", Message("No money is counted for this order."))


def settle_in_shop(services: Services, connected: ConnectedShop, key: OrderKey) -> Settled:
    order = current_order(services, connected, key)
    counted = count(services, order, key)
    if not counted.is_all:
        write_note(services, connected, order, counted)
        return Settled("partly_paid", came_in(order, counted))
    move = move_of(order, connected.shop)
    if move is Move.NONE:
        return Settled("was_paid", Message("The order is paid in the shop."))
    write_note(services, connected, order, counted)
    if not connected.shop.sets_orders_paid:
        return Settled(
            "set_paid_off", Message("All of it came in. The shop's settings say that orders are not set paid.")
        )
    set_paid(services, connected, order, move, transaction=counted.transaction)
    message = Message(
        "Order {number} was set paid in the shop: {what}", number=order.number, what=came_in(order, counted)
    )
    with services.store.write() as connection:
        entry = AuditEntry(key.shop_id, services.now(), "worker", order_money.SET_PAID, message, key.order_id)
        audit_trail.add(connection, entry)
    return Settled("set_paid", message)


def current_order(services: Services, connected: ConnectedShop, key: OrderKey) -> Order:
    """The order as it is in the shop at this moment. Raises Rejected where it is gone, Unavailable where that is not sure."""
    try:
        body = services.client_of(connected).order(key.order_id)
    except OrderGone as error:
        raise gone(key) from error
    order = parse_order(body, connected.shop.orders.own_fields)
    if order.order_key != key.order_key:
        raise gone(key)
    told = fetch.told_change(services, connected, key.order_id)
    if order.modified_at < told:
        raise StaleAnswer(fetch.stale_message(connected.shop, order, told))
    return order


def gone(key: OrderKey) -> Rejected:
    return Rejected(
        "The shop no longer has order {order_id}, for which money came in. Give it back, or find out for which order it was.",
        order_id=key.order_id,
        code="paid_but_gone",
    )


def tell_excess(services: Services, key: OrderKey) -> None:
    with services.store.write() as connection:
        order_money.flag_excess(connection, key)


def is_any_there(services: Services, key: OrderKey) -> bool:
    with services.store.read() as connection:
        return payment_shares.is_any_there(connection, key)


def count(services: Services, order: Order, key: OrderKey) -> Counted:
    """What is asked and came in. Raises Unavailable while the order is not as it was when that was decided, Rejected where what came in
    is of another currency than it has now."""
    with services.store.read() as connection:
        seen = orders.find(connection, key.shop_id, key.order_id)
        refunded = payment_shares.reported_of(connection, key).refunded
        balance = order_balance.of_order(connection, key)
        standing = payment_rows.standing(connection, key)
    now = (order.order_key, order.total, total_of(refund.amount for refund in order.refunds))
    if seen is not None and (seen.order_key, seen.total, refunded) != now:
        raise Unavailable(
            "Order {number} changed in the shop; it is looked at first, and then whether it is paid.",
            number=order.number,
            code="order_changed",
        )
    mine = [payment for payment in standing if payment.currency == order.currency]
    if standing and not mine:
        raise of_another_currency(order, standing[-1].currency)
    is_same = balance is not None and balance.currency == order.currency
    asked = balance.asked if balance and is_same else order.total
    return Counted(asked, total_of(payment.amount for payment in mine), transaction_of(mine))


def of_another_currency(order: Order, other: str) -> Rejected:
    return Rejected(
        "Money in {other} came in for order {number}, which is in {currency} now. Set it to Processing in WooCommerce if it is paid with "
        "that, or put its currency right there.",
        number=order.number,
        currency=order.currency,
        other=other,
        code="paid_but_in_another_currency",
    )


def transaction_of(standing: list[Payment]) -> str:
    """What the newest payment is called where it was made, for WooCommerce to show beside the order."""
    names = (
        (payment.outside_ref or "") if payment.source is PaymentSource.MOLLIE else payment.reference
        for payment in reversed(standing)
        if payment.source is not PaymentSource.ORDER
    )
    return next(names, "")


def came_in(order: Order, counted: Counted) -> Message:
    return Message(
        "{came} of {asked} came in.",
        came=Money(counted.came, order.currency),
        asked=Money(counted.asked, order.currency),
    )


def write_note(services: Services, connected: ConnectedShop, order: Order, counted: Counted) -> None:
    """One private note on the order that says how much came in; once for each amount, for the shop's staff, so in its language."""
    client, mark = services.client_of(connected), notes.money_mark(counted.came, counted.asked)
    written = notes.marked(translate(came_in(order, counted), Translator(connected.shop.language)), mark)
    if notes.find_note(client.notes(order.order_id), mark, written=written) is None:
        client.add_note(order.order_id, written)
