"""Use case: an order that nobody paid within the days that its owner gives is cancelled in the shop: once, and never in doubt.

What is known here speaks first, then the order is read again in the shop. A note on it says why before it is moved; WooCommerce
puts its goods back in stock and writes its own mail.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from worker.domain.order import Order, OrderKey
from worker.domain.shop import Shop
from worker.domain.unpaid_order import LATE, LATE_AT_MOST, WAITING_STATUSES, is_late, last_day, within
from worker.errors import ConnectionRejected, Rejected, StaleAnswer
from worker.i18n import Translator
from worker.i18n.translate import translate
from worker.message import Message
from worker.orders.poll import alert_shop_refuses, can_fetch
from worker.payments.settle import current_order
from worker.services import Services
from worker.store import audit_trail, bank_files, bank_statements, orders, reports
from worker.store.audit_trail import AuditEntry
from worker.store.orders import StoredOrder
from worker.store.queries import unpaid_orders
from worker.store.shops import ConnectedShop
from worker.woocommerce import notes
from worker.woocommerce.payload import parse_order

REPORT = "unpaid_orders"
# In the shop's zone: the night's bank files are read by then, and somebody is up to answer a customer.
AT_HOUR = 9
# A shop's server has better things to do than to answer us as fast as it can.
PAUSE_S = 0.2


def cancel_daily(services: Services, connected: ConnectedShop) -> None:
    """Once a day, where the owner wants it."""
    shop, now = connected.shop, services.now()
    if not shop.cancel_after_days or shop.test or not can_fetch(connected):
        return
    due_at = reports.last_passed(AT_HOUR, shop, now)
    with services.store.read() as connection:
        due = (
            reports.is_due(connection, shop.shop_id, REPORT, due_at=due_at, connected_at=connected.created_at)
            and not bank_files.old_since(connection, shop.shop_id, today=services.today(shop))
            and not bank_statements.missing(connection, shop)
        )
    if due:
        cancel_late_orders(services, connected)


def cancel_late_orders(services: Services, connected: ConnectedShop, *, pause_s: float = PAUSE_S) -> tuple[int, ...]:
    """Cancel what is late; the ids. Raises Rejected where the shop refuses our key, Unavailable for later."""
    cancelled = []
    with services.store.read() as connection:
        keys = given_up(connection, late_orders(connection, connected.shop, services.now()))
    for key in keys:
        try:
            if cancel(services, connected, key):
                cancelled.append(key.order_id)
        except ConnectionRejected as error:
            alert_shop_refuses(services, connected.shop, error)
            raise
        except (Rejected, StaleAnswer):
            continue  # it is gone, or not to be read now; tomorrow is another day
        time.sleep(pause_s)
    with services.store.write() as connection:
        reports.replace_all(connection, connected.shop.shop_id, REPORT, {"cancelled": cancelled}, now=services.now())
    return tuple(cancelled)


def late_orders(connection: Connection, shop: Shop, now: datetime) -> tuple[StoredOrder, ...]:
    """Those that may be late, as last seen, a day too many on both sides."""
    statuses = {*WAITING_STATUSES, *(own for own, meant in shop.orders.status_map.items() if meant in WAITING_STATUSES)}
    before = now - timedelta(days=shop.cancel_after_days)
    since = max(before - LATE_AT_MOST - timedelta(days=2), shop.orders.since)
    return unpaid_orders.placed_between(connection, shop.shop_id, statuses, since=since, before=before)


def cancel(services: Services, connected: ConnectedShop, key: OrderKey) -> bool:
    """Cancel one order, if it is late as the shop shows it now and nothing speaks against it. False where something does."""
    shop = connected.shop
    order = current_order(services, connected, key)
    if not is_late(order, shop, services.today(shop)) or not is_told_of(services, shop, order):
        return False
    if not is_given_up(services, key) or left_to_person(services, shop, order):
        return False
    if not write_reason(services, connected, order):
        return False
    after = parse_order(services.client_of(connected).change_order(key.order_id, status="cancelled"))
    if after.status != "cancelled":
        return False
    message = Message(
        "Order {number} was cancelled in the shop: it was not paid {within}.", number=order.number, within=within(shop)
    )
    with services.store.write() as connection:
        entry = AuditEntry(key.shop_id, services.now(), "worker", unpaid_orders.CANCELLED, message, key.order_id)
        audit_trail.add(connection, entry)
    return True


def is_given_up(services: Services, key: OrderKey) -> bool:
    """Whether nothing speaks for its money at this moment either: it may have come in while the shop answered."""
    with services.store.read() as connection:
        seen = orders.find(connection, key.shop_id, key.order_id)
        return seen is not None and key in given_up(connection, (seen,))


def given_up(connection: Connection, late: Sequence[StoredOrder]) -> tuple[OrderKey, ...]:
    """Those of some orders of a shop for which no payment came or is under way, and no line of the bank may be it."""
    if not late:
        return ()
    lines = unpaid_orders.waiting_lines(connection, late[0].shop_id)
    keys = (seen.key for seen in late if not lines.may_pay(seen))
    return tuple(key for key in keys if not unpaid_orders.may_be_paid(connection, key))


def is_told_of(services: Services, shop: Shop, order: Order) -> bool:
    """Whether the bank's files tell of the last day to pay, where the shop counts on them."""
    with services.store.read() as connection:
        until = bank_files.told_until(connection, shop.shop_id) if shop.waits_for_bank_files else None
    last = last_day(order, shop)
    return until is None or (last is not None and until >= last)


def left_to_person(services: Services, shop: Shop, order: Order) -> bool:
    """Whether an invoice of it stands; its owner is then told."""
    with services.store.write() as connection:
        flags = unpaid_orders.flags_of(connection, shop, order, services.today(shop))
        orders.set_flags(connection, OrderKey(shop.shop_id, order.order_id, order.order_key), LATE, flags)
    return bool(flags)


def write_reason(services: Services, connected: ConnectedShop, order: Order) -> bool:
    """A note on the order that says why, in the shop's language, before it is cancelled.

    False where a note says so of another state of the order: it was cancelled once, and a person opened it again.
    """
    client, shop = services.client_of(connected), connected.shop
    mark, there = notes.cancel_mark(order.modified_at), client.notes(order.order_id)
    if notes.has_mark(there, mark):
        return True  # we were interrupted between the two
    said = Message("Not paid {within}: cancelled by Facturelay, as your settings say.", within=within(shop))
    written = notes.marked(translate(said, Translator(shop.language)), mark)
    # Without HTML a note does not say of which state it is.
    if notes.has_mark(there, notes.CANCELS) or notes.find_note(there, mark, written=written) is not None:
        return False
    client.add_note(order.order_id, written)
    return True
