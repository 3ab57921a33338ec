"""The payment methods that a shop offers or its orders came with, and what the shop calls them: the owner may say what each means."""

from sqlalchemy import Connection, delete, insert, select

from worker.store.database.made_once import given, made_once
from worker.store.database.tables import payment_methods

# Made once: a statement costs more to build than to run.
TITLE = made_once(select(payment_methods.c.title).where(*given(payment_methods.c.shop_id, payment_methods.c.method)))


def remember(connection: Connection, shop_id: str, method: str, title: str) -> None:
    """Note a method by its id in WooCommerce, with its newest name. Call under the shop's lock."""
    if not method:
        return
    known = connection.execute(TITLE, {"shop_id": shop_id, "method": method}).scalar()
    if known != title:
        mine = (payment_methods.c.shop_id == shop_id, payment_methods.c.method == method)
        connection.execute(delete(payment_methods).where(*mine))
        connection.execute(insert(payment_methods).values(shop_id=shop_id, method=method, title=title))


def of_shop(connection: Connection, shop_id: str) -> dict[str, str]:
    """The name of each method, by its id in WooCommerce."""
    rows = connection.execute(
        select(payment_methods.c.method, payment_methods.c.title)
        .where(payment_methods.c.shop_id == shop_id)
        .order_by(payment_methods.c.title, payment_methods.c.method)
    )
    return {row.method: row.title for row in rows}
