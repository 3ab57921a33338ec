"""Alerts: conditions that need a person although no order shows them. One open row per shop and code, however often it happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from worker.domain.attention import Source
from worker.message import Message
from worker.store import set_aside
from worker.store.database.made_once import given, made_once
from worker.store.database.plan import unindexed
from worker.store.database.rows import read_row
from worker.store.database.tables import alerts

# That documents wait for a person of the shop.
DOCUMENTS_WAIT = "documents_wait"


@dataclass(frozen=True)
class Alert:
    shop_id: str
    code: str
    message: Message
    first_at: datetime
    last_at: datetime
    times: int


# Made once: a statement costs more to build than to run.
CLOSE = made_once(
    update(alerts).where(*given(alerts.c.shop_id, alerts.c.code, prefix="of_"), alerts.c.closed_at.is_(None))
)


def raise_alert(connection: Connection, shop_id: str, *, code: str, message: Message, now: datetime) -> None:
    """Open an alert, or count it once more while it is open."""
    is_open = (alerts.c.shop_id == shop_id, alerts.c.code == code, alerts.c.closed_at.is_(None))
    counted = connection.execute(
        update(alerts).where(*is_open).values(message=message, last_at=now, times=alerts.c.times + 1)
    )
    if not counted.rowcount:
        connection.execute(
            insert(alerts).values(shop_id=shop_id, code=code, message=message, first_at=now, last_at=now, times=1)
        )


def raise_and_notify_again(connection: Connection, shop_id: str, *, code: str, message: Message, now: datetime) -> None:
    """Open an alert, and have it told again although it was, or a person set it aside: it says something new."""
    raise_alert(connection, shop_id, code=code, message=message, now=now)
    is_open = (alerts.c.shop_id == shop_id, alerts.c.code == code, alerts.c.closed_at.is_(None))
    again = update(alerts).where(*is_open).values(news_at=now, told_at=None).returning(alerts.c.alert_id)
    for alert_id in connection.execute(again).scalars().all():
        set_aside.take_back(connection, shop_id, Source.ALERT, alert_id)


def find(connection: Connection, shop_id: str, code: str) -> Alert | None:
    """The open alert *code* of a shop."""
    return next((alert for alert in open_alerts(connection, shop_id) if alert.code == code), None)


def close(connection: Connection, shop_id: str, *, code: str, now: datetime) -> bool:
    """Close an alert: its condition is over. False when none was open."""
    return bool(connection.execute(CLOSE, {"of_shop_id": shop_id, "of_code": code, "closed_at": now}).rowcount)


def open_alerts(connection: Connection, shop_id: str | None = None) -> tuple[Alert, ...]:
    query = select(alerts).where(alerts.c.closed_at.is_(None)).order_by(unindexed(alerts.c.alert_id))
    if shop_id is not None:
        query = query.where(alerts.c.shop_id == shop_id)
    return tuple(read_row(Alert, row) for row in connection.execute(query))


def unnotified(connection: Connection, shop_id: str) -> dict[int, Alert]:
    """The open alerts that nobody was mailed about since they last said something new, by their ids."""
    return by_id(connection, shop_id, or_(alerts.c.notified_at.is_(None), alerts.c.news_at > alerts.c.notified_at))


def untold(connection: Connection, shop_id: str) -> dict[int, Alert]:
    """The open alerts that no channel was told of yet, by their ids."""
    return by_id(connection, shop_id, alerts.c.told_at.is_(None))


def still_open(connection: Connection, shop_id: str, alert_ids: Sequence[int]) -> tuple[Alert, ...]:
    """Those of *alert_ids* that are not over meanwhile, the oldest first."""
    return tuple(by_id(connection, shop_id, alerts.c.alert_id.in_(alert_ids)).values())


def by_id(connection: Connection, shop_id: str, which: ColumnElement[bool]) -> dict[int, Alert]:
    mine = (alerts.c.shop_id == shop_id, alerts.c.closed_at.is_(None), which)
    rows = connection.execute(select(alerts).where(*mine).order_by(alerts.c.alert_id))
    return {row.alert_id: read_row(Alert, row) for row in rows}


def mark_told(connection: Connection, alert_ids: Sequence[int], *, now: datetime) -> None:
    """Every channel is owed these."""
    connection.execute(update(alerts).where(alerts.c.alert_id.in_(alert_ids)).values(told_at=now))


def mark_notified(connection: Connection, alert_ids: Sequence[int], *, now: datetime) -> None:
    """A person was mailed about these."""
    connection.execute(update(alerts).where(alerts.c.alert_id.in_(alert_ids)).values(notified_at=now))


def last_notified_at(connection: Connection, shop_id: str) -> datetime | None:
    return connection.execute(select(func.max(alerts.c.notified_at)).where(alerts.c.shop_id == shop_id)).scalar()
