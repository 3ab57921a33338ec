"""Which statuses the orders of a shop have had a part in, those of its plugins too: the owner chooses among them what each stands for."""

from sqlalchemy import Connection, func, select

from worker.store.database.tables import orders

# Shops have a dozen. Whoever invents one for each order gets no endless page.
MOST_STATUSES = 60


def seen(connection: Connection, shop_id: str) -> tuple[str, ...]:
    """Each status once, in the order of the alphabet: one step of the index each, however many orders there are."""
    found: list[str] = []
    while len(found) < MOST_STATUSES:
        beyond = orders.c.status > (found[-1] if found else "")
        status = connection.execute(
            select(func.min(orders.c.status)).where(orders.c.shop_id == shop_id, beyond)
        ).scalar()
        if status is None:
            break
        found.append(status)
    return tuple(found)
