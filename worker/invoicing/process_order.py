"""Use case: an order → the documents that are due: fetched, decided on, issued; and what is said of it."""

from collections.abc import Sequence
from dataclasses import replace

from worker.domain.shop import Shop
from worker.errors import OrderGone, StaleFetch
from worker.invoicing.current_shop import refuse_paused, shop_for
from worker.invoicing.exchange_rates import with_rate
from worker.invoicing.issue import issue
from worker.invoicing.outcome import Outcome
from worker.invoicing.vat_checks import with_vat_check
from worker.message import Message
from worker.orders.fetch import delivered_error_code, fetch
from worker.services import Services
from worker.store import alerts
from worker.store.deliveries import Delivery


def process_order(services: Services, deliveries: Sequence[Delivery]) -> Outcome:
    """Answer all *deliveries* (of one order of one shop) by processing it once. Raises Rejected or Unavailable."""
    connected = services.connected(deliveries[0].shop_id)
    refuse_paused(connected.shop)
    if deliveries[0].order_id is None:
        return handle_error_delivery(services, connected.shop, delivered_error_code(deliveries))
    fetched = fetch(services, connected, deliveries)
    if fetched is None:
        return Outcome(OrderGone.code, Message("The shop no longer has this order; nothing is made for it."))
    # Before the lock: the bank and VIES may be slow.
    shop = with_rate(services, shop_for(connected.shop, deliveries), fetched.order.currency)
    fetched = with_vat_check(services, shop, fetched)
    try:
        outcome = issue(services, shop, fetched)
    except StaleFetch:
        if connected.secrets.has_rest:
            raise
        return Outcome(
            StaleFetch.code, Message("This was delivered late: a newer state of the order was processed already.")
        )
    if not connected.secrets.has_rest:
        outcome = replace(outcome, retry_reason=None)  # nothing more can be learnt of the shop
    return outcome


def handle_error_delivery(services: Services, shop: Shop, code: str) -> Outcome:
    """Take in a signed error body: WooCommerce delivers it in place of an order (docs/woocommerce-contract.md §4)."""
    if code in ("", "woocommerce_rest_shop_order_invalid_id"):
        return Outcome(OrderGone.code, Message("The shop announced an order that it no longer has."))
    message = Message(
        "{shop}: WooCommerce may no longer read its own orders for us ({error_code}), because the person "
        "who connected the shop lost the right to. Connect it again as an administrator.",
        shop=shop.name,
        error_code=code,
    )
    with services.store.write() as connection:
        alerts.raise_alert(connection, shop.shop_id, code="webhook_owner", message=message, now=services.now())
    return Outcome("webhook_owner", message)
