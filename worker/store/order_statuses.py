"""The order statuses that a shop knows, and what it calls them, as it told them last: also those that no order was in yet."""

from collections.abc import Mapping
from html import unescape

from sqlalchemy import Connection, delete, select

from worker.store.database.rows import insert_into
from worker.store.database.tables import order_statuses


def replace_all(connection: Connection, shop_id: str, names: Mapping[str, str]) -> None:
    """Keep what the shop tells now: each name by its status, without `wc-`. Writes nothing where it is known.

    WordPress writes names as they stand in a page: “Verpakt &amp; klaar” is “Verpakt & klaar”.
    """
    names = {status: " ".join(unescape(names[status]).split()) for status in sorted(names)}
    if not names or names == of_shop(connection, shop_id):
        return
    rows = [{"shop_id": shop_id, "status": status, "name": name} for status, name in names.items()]
    # A shop may tell it twice at the same time.
    new = insert_into(connection, order_statuses).values(rows)
    connection.execute(
        new.on_conflict_do_update(index_elements=["shop_id", "status"], set_={"name": new.excluded["name"]})
    )
    gone = (order_statuses.c.shop_id == shop_id, order_statuses.c.status.not_in(names))
    connection.execute(delete(order_statuses).where(*gone))


def of_shop(connection: Connection, shop_id: str) -> dict[str, str]:
    """The name of each status, in the order of the names."""
    rows = connection.execute(
        select(order_statuses.c.status, order_statuses.c.name)
        .where(order_statuses.c.shop_id == shop_id)
        .order_by(order_statuses.c.name, order_statuses.c.status)
    )
    return {row.status: row.name for row in rows}
