"""Alarms: what a person must know although no order shows it. One open row per shop and code, however often it happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from worker.store.database.tables import alarms


@dataclass(frozen=True)
class Alarm:
    shop_id: str
    code: str
    sentence: str
    first_at: datetime
    last_at: datetime
    times: int


def sound(connection: Connection, shop_id: str, *, code: str, sentence: str, now: datetime) -> None:
    """Open an alarm, or count it once more while it is open."""
    is_open = (alarms.c.shop_id == shop_id, alarms.c.code == code, alarms.c.closed_at.is_(None))
    counted = connection.execute(
        update(alarms).where(*is_open).values(sentence=sentence, last_at=now, times=alarms.c.times + 1)
    )
    if not counted.rowcount:
        connection.execute(
            insert(alarms).values(shop_id=shop_id, code=code, sentence=sentence, first_at=now, last_at=now, times=1)
        )


def sound_anew(connection: Connection, shop_id: str, *, code: str, sentence: str, now: datetime) -> None:
    """Sound an alarm, and let people be told although they know an earlier sentence of it."""
    sound(connection, shop_id, code=code, sentence=sentence, now=now)
    is_open = (alarms.c.shop_id == shop_id, alarms.c.code == code, alarms.c.closed_at.is_(None))
    connection.execute(update(alarms).where(*is_open).values(told_at=None))


def find(connection: Connection, shop_id: str, code: str) -> Alarm | None:
    """The open alarm *code* of a shop."""
    return next((alarm for alarm in open_alarms(connection, shop_id) if alarm.code == code), None)


def quiet(connection: Connection, shop_id: str, *, code: str, now: datetime) -> bool:
    """Close the alarm: what it told of is over. False when none was open."""
    is_open = (alarms.c.shop_id == shop_id, alarms.c.code == code, alarms.c.closed_at.is_(None))
    return bool(connection.execute(update(alarms).where(*is_open).values(closed_at=now)).rowcount)


def open_alarms(connection: Connection, shop_id: str | None = None) -> tuple[Alarm, ...]:
    query = select(alarms).where(alarms.c.closed_at.is_(None)).order_by(alarms.c.alarm_id)
    if shop_id is not None:
        query = query.where(alarms.c.shop_id == shop_id)
    return tuple(
        Alarm(row.shop_id, row.code, row.sentence, row.first_at, row.last_at, row.times)
        for row in connection.execute(query)
    )


def untold(connection: Connection, shop_id: str) -> dict[int, Alarm]:
    """The open alarms that no person was mailed about, by their ids."""
    rows = connection.execute(
        select(alarms)
        .where(alarms.c.shop_id == shop_id, alarms.c.closed_at.is_(None), alarms.c.told_at.is_(None))
        .order_by(alarms.c.alarm_id)
    )
    return {
        row.alarm_id: Alarm(row.shop_id, row.code, row.sentence, row.first_at, row.last_at, row.times) for row in rows
    }


def told(connection: Connection, alarm_ids: Sequence[int], *, now: datetime) -> None:
    """A person was mailed about these."""
    connection.execute(update(alarms).where(alarms.c.alarm_id.in_(alarm_ids)).values(told_at=now))


def last_told(connection: Connection, shop_id: str) -> datetime | None:
    return connection.execute(select(func.max(alarms.c.told_at)).where(alarms.c.shop_id == shop_id)).scalar()
