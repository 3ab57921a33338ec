"""Use case: read refunds again. WooCommerce tells nobody that a refund was deleted, and its order does not look changed."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from worker.domain.document import Kind
from worker.errors import Rejected
from worker.polling import TOPIC, can_be_asked
from worker.services import Services
from worker.store import inbox, orders, reports
from worker.store.shops import Connected
from worker.woocommerce.client import ShopClient
from worker.woocommerce.payload import parse_order

SOURCE = "refunds"
REPORT = "refunds"
AT_HOUR = 3
# For so long after its credit note a refund is looked for.
REREAD_FOR = timedelta(days=90)
# A shop's server has better things to do than to answer us as fast as it can.
PAUSE_S = 0.2


@dataclass(frozen=True)
class Reread:
    """How many orders were read, and which of them no longer have a refund that we credited."""

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
    """Keep a delivery for each order that lost a credited refund: the look flags it. Raises Rejected or Unavailable."""
    shop_id, now = connected.shop.shop_id, services.now()
    with services.store.read() as connection:
        credited = to_read(connection, shop_id, since=now - REREAD_FOR)
    client = services.client_of(connected)
    changed = []
    for order_id, refund_ids in credited.items():
        there = refunds_there(client, order_id)
        if there is not None and not refund_ids <= there:
            changed.append(order_id)
        time.sleep(pause_s)
    with services.store.write() as connection:
        for order_id in changed:
            inbox.keep(
                connection, shop_id=shop_id, source=SOURCE, topic=TOPIC, order_id=order_id, body=b"", now=services.now()
            )
        reports.keep_latest(
            connection, shop_id, REPORT, {"orders": len(credited), "changed": changed}, now=services.now()
        )
    return Reread(len(credited), tuple(changed))


def to_read(connection: Connection, shop_id: str, *, since: datetime) -> dict[int, set[int]]:
    """The refunds that were credited since an instant, by order; not those that are known to be gone.

    Their ids stand in the causes: `refund:301`.
    """
    found: dict[int, set[int]] = {}
    for order_id, cause in orders.causes(connection, shop_id, kind=Kind.CREDIT_NOTE, since=since):
        name, _, rest = cause.partition(":")
        refund_id = rest.partition(":")[0]
        if name == "refund" and refund_id.isdigit():
            found.setdefault(order_id, set()).add(int(refund_id))
    return {
        order_id: refund_ids for order_id, refund_ids in found.items() if not is_flagged(connection, shop_id, order_id)
    }


def is_flagged(connection: Connection, shop_id: str, order_id: int) -> bool:
    seen = orders.find(connection, shop_id, order_id)
    return seen is not None and any(flag.code == "refund_deleted" for flag in seen.flags + seen.silent)


def refunds_there(client: ShopClient, order_id: int) -> set[int] | None:
    """The refunds that the order names; None where there is no order any more."""
    try:
        order = parse_order(client.order(order_id))
    except Rejected as error:
        if error.code == "order_gone":
            return None
        raise
    return {refund.refund_id for refund in order.refunds}
