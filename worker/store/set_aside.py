"""What a person dismissed or wants to hear of later: it needs nobody meanwhile, for as long as the same is wrong."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from worker.domain.attention import Source
from worker.store.database.tables import set_aside


@dataclass(frozen=True)
class Aside:
    """*code* says what is wrong with the thing now; *until*: None is for good."""

    shop_id: str
    source: Source
    item_id: int
    code: str
    until: datetime | None
    set_at: datetime


def put(connection: Connection, things: Iterable[Aside]) -> None:
    """Set *things* aside, whatever was said of them before."""
    for one in dict.fromkeys(things):
        take_back(connection, one.shop_id, one.source, one.item_id)
        connection.execute(insert(set_aside).values(**asdict(one)))


def take_back(connection: Connection, shop_id: str, source: Source, item_id: int) -> None:
    """It needs a person again."""
    mine = (set_aside.c.shop_id == shop_id, set_aside.c.source == source, set_aside.c.item_id == item_id)
    connection.execute(delete(set_aside).where(*mine))


def delete_over(connection: Connection, *, before: datetime) -> None:
    """Forget what came back before then."""
    connection.execute(delete(set_aside).where(set_aside.c.until < before))
