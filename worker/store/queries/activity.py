"""What happened and who did it, page by page: the trail of shops, and what people did on the pages."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from worker.store.database.pagination import START, Page, Place, paged
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import acts, events


@dataclass(frozen=True)
class EventRow:
    """One sentence of the trail, as `trail.Event`, with its id."""

    event_id: int
    shop_id: str
    at: datetime
    actor: str
    code: str
    sentence: str
    order_id: int | None
    document_id: int | None


@dataclass(frozen=True)
class ActRow:
    """What somebody did. *shop_id* is None where it was about no shop; *address* is where the person came from."""

    act_id: int
    at: datetime
    actor: str
    shop_id: str | None
    code: str
    sentence: str
    address: str


def events_page(connection: Connection, shops: Shops, place: Place = START) -> Page[EventRow]:
    """What happened, the newest first."""
    query = select(events).where(*within(events.c.shop_id, shops))
    page = paged(connection, query, (events.c.event_id,), place)
    return page.of(
        [
            EventRow(
                row.event_id, row.shop_id, row.at, row.actor, row.code, row.sentence, row.order_id, row.document_id
            )
            for row in page.rows
        ]
    )


def acts_page(connection: Connection, shops: Shops, place: Place = START) -> Page[ActRow]:
    """What people did, the newest first. What was about no shop is for those who see all shops."""
    page = paged(connection, select(acts).where(*within(acts.c.shop_id, shops)), (acts.c.act_id,), place)
    return page.of(
        [ActRow(row.act_id, row.at, row.actor, row.shop_id, row.code, row.sentence, row.address) for row in page.rows]
    )
