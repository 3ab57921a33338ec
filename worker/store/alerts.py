"""Alarms: what a person must know although no order shows it. One open row per shop and code, however often it happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from worker.store.database.tables import alerts


@dataclass(frozen=True)
class Alert:
    shop_id: str
    code: str
    message: str
    first_at: datetime
    last_at: datetime
    times: int


def raise_alert(connection: Connection, shop_id: str, *, code: str, message: str, now: datetime) -> None:
    """Open an alarm, or count it once more while it is open."""
    is_open = (alerts.c.shop_id == shop_id, alerts.c.code == code, alerts.c.closed_at.is_(None))
    counted = connection.execute(
        update(alerts).where(*is_open).values(message=message, last_at=now, times=alerts.c.times + 1)
    )
    if not counted.rowcount:
        connection.execute(
            insert(alerts).values(shop_id=shop_id, code=code, message=message, first_at=now, last_at=now, times=1)
        )


def raise_and_notify_again(connection: Connection, shop_id: str, *, code: str, message: str, now: datetime) -> None:
    """Sound an alarm, and let people be told although they know an earlier sentence of it."""
    raise_alert(connection, shop_id, code=code, message=message, now=now)
    is_open = (alerts.c.shop_id == shop_id, alerts.c.code == code, alerts.c.closed_at.is_(None))
    connection.execute(update(alerts).where(*is_open).values(notified_at=None))


def find(connection: Connection, shop_id: str, code: str) -> Alert | None:
    """The open alarm *code* of a shop."""
    return next((alarm for alarm in open_alerts(connection, shop_id) if alarm.code == code), None)


def close(connection: Connection, shop_id: str, *, code: str, now: datetime) -> bool:
    """Close the alarm: what it told of is over. False when none was open."""
    is_open = (alerts.c.shop_id == shop_id, alerts.c.code == code, alerts.c.closed_at.is_(None))
    return bool(connection.execute(update(alerts).where(*is_open).values(closed_at=now)).rowcount)


def open_alerts(connection: Connection, shop_id: str | None = None) -> tuple[Alert, ...]:
    query = select(alerts).where(alerts.c.closed_at.is_(None)).order_by(alerts.c.alert_id)
    if shop_id is not None:
        query = query.where(alerts.c.shop_id == shop_id)
    return tuple(
        Alert(row.shop_id, row.code, row.message, row.first_at, row.last_at, row.times)
        for row in connection.execute(query)
    )


def unnotified(connection: Connection, shop_id: str) -> dict[int, Alert]:
    """The open alarms that no person was mailed about, by their ids."""
    rows = connection.execute(
        select(alerts)
        .where(alerts.c.shop_id == shop_id, alerts.c.closed_at.is_(None), alerts.c.notified_at.is_(None))
        .order_by(alerts.c.alert_id)
    )
    return {
        row.alert_id: Alert(row.shop_id, row.code, row.message, row.first_at, row.last_at, row.times) for row in rows
    }


def mark_notified(connection: Connection, alert_ids: Sequence[int], *, now: datetime) -> None:
    """A person was mailed about these."""
    connection.execute(update(alerts).where(alerts.c.alert_id.in_(alert_ids)).values(notified_at=now))


def last_notified_at(connection: Connection, shop_id: str) -> datetime | None:
    return connection.execute(select(func.max(alerts.c.notified_at)).where(alerts.c.shop_id == shop_id)).scalar()
