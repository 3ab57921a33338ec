"""Use case: an order → the documents that are due: fetched, decided on, issued; and what is said of it."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from worker.domain.credit_balance import credit_balance_of
from worker.domain.document import Kind
from worker.domain.order import Order
from worker.domain.order_flags import IN_BIN, deleted_but_invoiced
from worker.domain.order_status import GONE
from worker.domain.shop import Shop
from worker.errors import OrderGone, StaleFetch
from worker.invoicing import other_site
from worker.invoicing.current_shop import refuse_paused, shop_for
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.issue import End, issue, nothing_more
from worker.invoicing.outcome import Outcome
from worker.invoicing.vat_checks import with_vat_check
from worker.invoicing.withdrawn_drafts import withdraw_of_deleted
from worker.message import Message
from worker.orders.fetch import delivered_error_code, fetch, read_latest
from worker.services import Services
from worker.store import alerts, counters, documents, order_money, orders, waiting_orders
from worker.store.deliveries import Delivery


def process_order(services: Services, deliveries: Sequence[Delivery], *, end: End = nothing_more) -> Outcome:
    """Answer all *deliveries* (of one order of one shop) by processing it once. Raises Rejected or Unavailable.

    *end* is called in the transaction that issues, where there is one, with what it led to; never where it is to be tried again.
    """
    connected = services.connected(deliveries[0].shop_id)
    refuse_paused(connected.shop)
    if deliveries[0].order_id is None:
        return handle_error_delivery(services, connected.shop, delivered_error_code(deliveries))
    if all(delivery.is_from_another_site for delivery in deliveries):
        fetched = other_site.fetch_if_shown(services, connected, deliveries)
        if fetched is None:
            return other_site.keep(services, connected, deliveries)
    else:
        fetched = fetch(services, connected, deliveries)
    if fetched is None:
        # Without a key nobody can ask after an order of which the shop told nothing.
        if connected.secrets.has_rest or any(delivery.told for delivery in deliveries):
            note_deleted(services, connected.shop, deliveries[0].order_id)
        return Outcome(OrderGone.code, GONE)
    # Before the lock: the bank and VIES may be slow.
    shop = with_rate(services, shop_for(connected.shop, deliveries), fetched.order.currency)
    fetched = with_vat_check(services, shop, fetched)
    has_rest = connected.secrets.has_rest

    def end_unless_retried(connection: Connection, outcome: Outcome) -> bool:
        is_over = outcome.retry_reason is None or not has_rest
        return is_over and end(connection, outcome)

    try:
        outcome = issue(services, shop, fetched, end=end_unless_retried)
    except StaleFetch:
        if has_rest:
            raise
        outcome = process_latest(services, shop, fetched.order, end=end_unless_retried)
    if not has_rest:
        outcome = replace(outcome, retry_reason=None)  # nothing more can be learnt of the shop
    return outcome


def note_deleted(services: Services, shop: Shop, order_id: int) -> None:
    """Know that an order is gone: what waits to be issued for it goes, it waits for no money, what came is to be given back, and its invoice
    stands. The last is said once: who was told already while it lay in the bin knows.
    """
    with services.store.write() as connection:
        counters.lock(connection, shop.shop_id)
        seen = orders.find(connection, shop.shop_id, order_id)
        if seen is None:
            return
        orders.mark_deleted(connection, seen.key)
        waiting_orders.follow(connection, seen.key)
        order_money.flag_excess(connection, seen.key)
        made = documents.history(connection, shop.shop_id, order_id, seen.order_key)
        withdraw_of_deleted(connection, made.drafts, GONE, paid=seen.paid_at is not None, now=services.now())
        if IN_BIN in [flag.code for flag in (*seen.flags, *seen.ignored_flags)]:
            return
        invoices = [one for one in made.documents if one.draft.kind is Kind.INVOICE and not one.draft.test]
        standing = [
            one for one in invoices if credit_balance_of(one, (note.draft for note in made.credit_notes_of(one))).total
        ]
        flags = tuple(deleted_but_invoiced(seen.order_number, one) for one in standing)
        orders.set_flags(connection, seen.key, IN_BIN, flags)


def process_latest(services: Services, shop: Shop, late: Order, *, end: End) -> Outcome:
    """Answer a delivery that came after a newer one of its order: the newest is decided on once more, now that what the *late* one
    tells is known.
    """
    try:
        latest = read_latest(services, shop, late)
        return issue(services, shop, with_vat_check(services, shop, latest), end=end)
    except StaleFetch:  # the newest is not kept any more
        return Outcome(
            StaleFetch.code, Message("This report came late: a newer state of the order was processed already.")
        )


def handle_error_delivery(services: Services, shop: Shop, code: str) -> Outcome:
    """Take in a signed error body: WooCommerce delivers it in place of an order (docs/woocommerce-contract.md §4)."""
    if code in ("", "woocommerce_rest_shop_order_invalid_id"):
        return Outcome(OrderGone.code, Message("The shop announced an order that it no longer has."))
    message = Message(
        "{shop}: WooCommerce may no longer read its own orders for Facturelay ({error_code}), because the person "
        "who connected the shop lost the right to. Connect it again as an administrator.",
        shop=shop.name,
        error_code=code,
    )
    with services.store.write() as connection:
        alerts.raise_alert(connection, shop.shop_id, code="webhook_owner", message=message, now=services.now())
    return Outcome("webhook_owner", message)
