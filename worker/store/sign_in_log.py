"""Who did what on the pages, where it is not an order's story: signing in, inviting, changing a role. Rows are only added."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from worker.store.database.tables import acts


@dataclass(frozen=True)
class SignInLogEntry:
    """One sentence. *shop_id* is None where it is about no one shop; *address* is the network address it came from."""

    at: datetime
    actor: str
    code: str
    message: str
    shop_id: str | None = None
    address: str = ""


def add(connection: Connection, entry: SignInLogEntry) -> None:
    connection.execute(insert(acts).values(**vars(entry)))


def latest(connection: Connection, *, shop_id: str | None = None, limit: int = 100) -> tuple[SignInLogEntry, ...]:
    """The last acts, newest first: of one shop, or all of them."""
    query = select(acts).order_by(acts.c.entry_id.desc()).limit(limit)
    if shop_id is not None:
        query = query.where(acts.c.shop_id == shop_id)
    return tuple(
        SignInLogEntry(row.at, row.actor, row.code, row.message, row.shop_id, row.address)
        for row in connection.execute(query)
    )
