"""Use case: read the refunds of invoiced orders again.

WooCommerce tells nobody that a refund was deleted, and its order does not look changed; and one that was missed is found here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from worker.domain.document import Kind
from worker.orders.poll import TOPIC, can_be_asked
from worker.plugin.sync import refunds_in, refunds_seen
from worker.services import Services
from worker.store import deliveries, orders, reports
from worker.store.shops import Connected
from worker.woocommerce.client import MAX_PER_PAGE

SOURCE = "refunds"
REPORT = "refunds"
AT_HOUR = 3
# For so long after its invoice an order's refunds are looked at.
REREAD_FOR = timedelta(days=90)
# A shop's server has better things to do than to answer us as fast as it can.
PAUSE_S = 0.2


@dataclass(frozen=True)
class Reread:
    """How many orders were read, and which of them have other refunds than we know."""

    orders: int
    changed: tuple[int, ...]


def reread_nightly(services: Services, connected: Connected) -> None:
    """Once a night."""
    with services.store.read() as connection:
        due = reports.is_due(
            connection,
            connected.shop,
            REPORT,
            hour=AT_HOUR,
            connected_at=connected.created_at,
            now=services.now(),
        )
    if due and can_be_asked(connected):
        reread(services, connected)


def reread(services: Services, connected: Connected, *, pause_s: float = PAUSE_S) -> Reread:
    """Keep a delivery for each order whose refunds are not those that we know. Raises Rejected or Unavailable."""
    shop_id, since = connected.shop.shop_id, services.now() - REREAD_FOR
    with services.store.read() as connection:
        invoiced = orders.causes(connection, shop_id, kind=Kind.INVOICE, since=since)
        credited = credits_by_order(orders.causes(connection, shop_id, kind=Kind.CREDIT_NOTE, since=since))
    wanted = sorted({order_id for order_id, _ in invoiced} | credited.keys())
    changed = []
    for start in range(0, len(wanted), MAX_PER_PAGE):
        page = services.client_of(connected).refund_ids(tuple(wanted[start : start + MAX_PER_PAGE]))
        with services.store.read() as connection:
            changed += [
                order_id
                for order_id, there in sorted(page.items())
                if differs(connection, shop_id, order_id, there, credited.get(order_id, set()))
            ]
        time.sleep(pause_s)
    with services.store.write() as connection:
        now = services.now()
        for order_id in changed:
            deliveries.keep(
                connection, shop_id=shop_id, source=SOURCE, topic=TOPIC, order_id=order_id, body=b"", now=now
            )
        reports.keep_latest(connection, shop_id, REPORT, {"orders": len(wanted), "changed": changed}, now=now)
    return Reread(len(wanted), tuple(changed))


def credits_by_order(causes: Sequence[tuple[int, str]]) -> dict[int, set[int]]:
    """The refunds that were credited, by order. Their ids stand in the causes: `refund:301`."""
    found: dict[int, set[int]] = {}
    for order_id, cause in causes:
        found.setdefault(order_id, set()).update(refunds_in([cause]))
    return found


def differs(connection: Connection, shop_id: str, order_id: int, there: frozenset[int], credited: set[int]) -> bool:
    """Whether a credited refund is gone, and nobody was told yet; or one is there that no look has judged."""
    if there == credited:
        return False
    seen = orders.find(connection, shop_id, order_id)
    is_told = seen is not None and any(flag.code == "refund_deleted" for flag in seen.flags + seen.silent)
    judged = refunds_seen(seen) if seen else set()
    return bool(there - credited - judged) or (not is_told and not credited <= there)
