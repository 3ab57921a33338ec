"""Orders as last seen, in pages by key; and the trail of one without the raw bodies."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from worker.store.database.tables import deliveries, orders
from worker.store.deliveries import Delivery
from worker.store.orders import StoredOrder, as_order


@dataclass(frozen=True)
class ApiOrderFilter:
    """Which orders; None: all. *updated_since*: looked at since then."""

    order_number: str | None = None
    status: str | None = None
    updated_since: datetime | None = None


def page(
    connection: Connection, shop_id: str, wanted: ApiOrderFilter, *, after: int, limit: int
) -> tuple[StoredOrder, ...]:
    """Up to *limit* orders of a shop with ids above *after*, by id. An id that came back after a restore: the one seen last."""
    later = orders.alias("later")
    newer = or_(
        later.c.fetched_at > orders.c.fetched_at,
        and_(later.c.fetched_at == orders.c.fetched_at, later.c.order_key > orders.c.order_key),
    )
    superseded = select(later.c.order_id).where(
        later.c.shop_id == orders.c.shop_id, later.c.order_id == orders.c.order_id, newer
    )
    rows = connection.execute(
        select(orders)
        .where(orders.c.shop_id == shop_id, orders.c.order_id > after, ~superseded.exists())
        .where(*conditions(wanted))
        .order_by(orders.c.order_id)
        .limit(limit)
    )
    return tuple(as_order(row) for row in rows)


def conditions(wanted: ApiOrderFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.order_number is not None:
        yield orders.c.order_number == wanted.order_number
    if wanted.status is not None:
        yield orders.c.status == wanted.status
    if wanted.updated_since is not None:
        yield orders.c.fetched_at >= wanted.updated_since


def deliveries_of(connection: Connection, shop_id: str, order_id: int) -> tuple[Delivery, ...]:
    """What came in for an order, oldest first, without bodies and headers: those of one order can be many megabytes."""
    mine = (deliveries.c.shop_id == shop_id, deliveries.c.order_id == order_id)
    columns = [deliveries.c[name] for name in Delivery.__dataclass_fields__ if name not in ("body", "headers")]
    rows = connection.execute(select(*columns).where(*mine).order_by(deliveries.c.delivery_id)).mappings()
    return tuple(Delivery(**row, body=None, headers=()) for row in rows)
