"""The trail: what happened, by whom, when. Rows are only ever added (the database refuses the rest)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from worker.store.database.tables import events


@dataclass(frozen=True)
class Event:
    """One sentence of the trail. *actor* is "worker", "sweep", or the person's name."""

    shop_id: str
    at: datetime
    actor: str
    code: str
    sentence: str
    order_id: int | None = None
    document_id: int | None = None


def add(connection: Connection, event: Event) -> None:
    connection.execute(insert(events).values(**vars(event)))


def of_order(connection: Connection, shop_id: str, order_id: int) -> tuple[Event, ...]:
    """The events of one order, oldest first."""
    rows = connection.execute(
        select(events).where(events.c.shop_id == shop_id, events.c.order_id == order_id).order_by(events.c.event_id)
    )
    return tuple(
        Event(
            shop_id=row.shop_id,
            at=row.at,
            actor=row.actor,
            code=row.code,
            sentence=row.sentence,
            order_id=row.order_id,
            document_id=row.document_id,
        )
        for row in rows
    )
