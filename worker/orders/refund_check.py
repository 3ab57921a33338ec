"""Read the refunds of invoiced orders again.

WooCommerce sends nothing when a refund is deleted, and leaves the order's dates; a refund that was missed is found here too.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from worker.domain.document import Kind
from worker.orders.poll import TOPIC, can_fetch
from worker.plugin.sync import refunds_in, refunds_seen
from worker.services import Services
from worker.store import deliveries, drafts, orders, reports
from worker.store.deliveries import NewDelivery
from worker.store.shops import ConnectedShop
from worker.woocommerce.client import MAX_PER_PAGE

SOURCE = "refunds"
REPORT = "refunds"
AT_HOUR = 3
# For so long after its invoice an order's refunds are checked.
RECHECK_FOR = timedelta(days=90)
# A shop's server has better things to do than to answer us as fast as it can.
PAUSE_S = 0.2


@dataclass(frozen=True)
class RefundCheck:
    """How many orders were read, and which of them have other refunds than we know."""

    orders: int
    changed: tuple[int, ...]


def check_refunds_nightly(services: Services, connected: ConnectedShop) -> None:
    """Once a night."""
    with services.store.read() as connection:
        due = reports.is_due(
            connection,
            connected.shop.shop_id,
            REPORT,
            due_at=reports.last_passed(AT_HOUR, connected.shop, services.now()),
            connected_at=connected.created_at,
        )
    if due and can_fetch(connected):
        check_refunds(services, connected)


def check_refunds(services: Services, connected: ConnectedShop, *, pause_s: float = PAUSE_S) -> RefundCheck:
    """Add a delivery for each order whose refunds are not those that we know. Raises Rejected or Unavailable."""
    shop_id, since = connected.shop.shop_id, services.now() - RECHECK_FOR
    with services.store.read() as connection:
        invoiced = orders.causes(connection, shop_id, kind=Kind.INVOICE, since=since)
        credited = credits_by_order(orders.causes(connection, shop_id, kind=Kind.CREDIT_NOTE, since=since))
        open_drafts = (kept.draft for kept in drafts.every(connection, shop_id, state="open"))
        waiting = credits_by_order([(draft.order_id, draft.cause) for draft in open_drafts])
    order_ids = sorted({order_id for order_id, _ in invoiced} | credited.keys())
    changed = []
    for start in range(0, len(order_ids), MAX_PER_PAGE):
        page = services.client_of(connected).refund_ids(tuple(order_ids[start : start + MAX_PER_PAGE]))
        with services.store.read() as connection:
            changed += [
                order_id
                for order_id, there in sorted(page.items())
                if not waiting.get(order_id, set()) <= there
                or refunds_differ(connection, shop_id, order_id, there, credited.get(order_id, set()))
            ]
        time.sleep(pause_s)
    with services.store.write() as connection:
        now = services.now()
        for order_id in changed:
            deliveries.add(
                connection,
                NewDelivery(shop_id=shop_id, source=SOURCE, topic=TOPIC, order_id=order_id, body=b""),
                now=now,
            )
        reports.replace_all(connection, shop_id, REPORT, {"orders": len(order_ids), "changed": changed}, now=now)
    return RefundCheck(len(order_ids), tuple(changed))


def credits_by_order(causes: Sequence[tuple[int, str]]) -> dict[int, set[int]]:
    """The refunds that were credited, by order. Their ids are in the causes: `refund:301`."""
    found: dict[int, set[int]] = {}
    for order_id, cause in causes:
        found.setdefault(order_id, set()).update(refunds_in([cause]))
    return found


def refunds_differ(
    connection: Connection, shop_id: str, order_id: int, in_shop: frozenset[int], credited: set[int]
) -> bool:
    """Whether a credited refund is gone and not flagged yet, or one is there that was never processed."""
    if in_shop == credited:
        return False
    seen = orders.find(connection, shop_id, order_id)
    is_flagged = seen is not None and any(flag.code == "refund_deleted" for flag in seen.flags + seen.ignored_flags)
    judged = refunds_seen(seen) if seen else set()
    return bool(in_shop - credited - judged) or (not is_flagged and not credited <= in_shop)
