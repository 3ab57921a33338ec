"""Orders as last seen, in pages by key."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from worker.store.database.plan import unindexed
from worker.store.database.tables import orders
from worker.store.orders import StoredOrder, as_order


@dataclass(frozen=True)
class ApiOrderFilter:
    """Which orders; None: all. *updated_since*: fetched since then."""

    order_number: str | None = None
    status: str | None = None
    updated_since: datetime | None = None


def page(
    connection: Connection, shop_id: str, wanted: ApiOrderFilter, *, after: int, limit: int
) -> tuple[StoredOrder, ...]:
    """Up to *limit* orders of a shop with ids above *after*, by id. An id that came back after a restore: the one seen last."""
    later = orders.alias("later")
    newer = or_(
        unindexed(later.c.fetched_at) > orders.c.fetched_at,
        and_(unindexed(later.c.fetched_at) == orders.c.fetched_at, later.c.order_key > orders.c.order_key),
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
