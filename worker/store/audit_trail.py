"""The trail: what happened, by whom, when. Rows are only ever added (the database refuses the rest)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from worker.store.database.tables import audit_trail


@dataclass(frozen=True)
class AuditEntry:
    """One sentence of the trail. *actor* is "worker", "sweep", or the person's name."""

    shop_id: str
    at: datetime
    actor: str
    code: str
    message: str
    order_id: int | None = None
    document_id: int | None = None


def add(connection: Connection, entry: AuditEntry) -> None:
    connection.execute(insert(audit_trail).values(**vars(entry)))


def add_all(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    if entries:
        connection.execute(insert(audit_trail), [vars(entry) for entry in entries])


def of_order(connection: Connection, shop_id: str, order_id: int) -> tuple[AuditEntry, ...]:
    """The events of one order, oldest first."""
    rows = connection.execute(
        select(audit_trail)
        .where(audit_trail.c.shop_id == shop_id, audit_trail.c.order_id == order_id)
        .order_by(audit_trail.c.entry_id)
    )
    return tuple(
        AuditEntry(
            shop_id=row.shop_id,
            at=row.at,
            actor=row.actor,
            code=row.code,
            message=row.message,
            order_id=row.order_id,
            document_id=row.document_id,
        )
        for row in rows
    )
