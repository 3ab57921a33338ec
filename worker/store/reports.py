"""Reports: what a longer piece of work found, stored as JSON under a name: `reconcile:2026-11`, `digest`, `backfill:…`."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from worker.domain.shop import Shop
from worker.store.database import json_codec
from worker.store.database.rows import read_row
from worker.store.database.tables import reports


@dataclass(frozen=True)
class Report:
    """*content* is what `add` was given, as JSON."""

    report_id: int
    name: str
    created_at: datetime
    content: Any


def add(connection: Connection, shop_id: str | None, name: str, content: object, *, now: datetime) -> int:
    """Store a new report beside those before it, and return its id. *shop_id* None: it is about all shops."""
    values = {"shop_id": shop_id, "name": name, "created_at": now, "content": json_codec.dump(content)}
    return int(connection.execute(insert(reports).values(**values).returning(reports.c.report_id)).scalar_one())


def replace_all(connection: Connection, shop_id: str, name: str, content: object, *, now: datetime) -> int:
    """Store a report in place of those before it."""
    connection.execute(delete(reports).where(reports.c.shop_id == shop_id, reports.c.name == name))
    return add(connection, shop_id, name, content, now=now)


def change(connection: Connection, report_id: int, content: object, *, now: datetime) -> None:
    """Bring a report that is still being written up to date."""
    connection.execute(
        update(reports).where(reports.c.report_id == report_id).values(content=json_codec.dump(content), created_at=now)
    )


def latest(connection: Connection, shop_id: str | None, name: str) -> Report | None:
    row = connection.execute(
        select(reports)
        .where(reports.c.shop_id == shop_id, reports.c.name == name)
        .order_by(reports.c.created_at.desc(), reports.c.report_id.desc())
        .limit(1)
    ).one_or_none()
    return read_row(Report, row, content=json.loads(row.content)) if row is not None else None


def is_due(connection: Connection, shop_id: str, name: str, *, due_at: datetime, connected_at: datetime) -> bool:
    """Whether *due_at* (see `last_passed`) came after the last report *name*, and after the shop was connected."""
    last = latest(connection, shop_id, name)
    return due_at > max(connected_at, last.created_at if last else connected_at)


def last_passed(hour: int, shop: Shop, now: datetime) -> datetime:
    """When the clock in the shop's zone last passed *hour*."""
    local = now.astimezone(shop.zoneinfo)
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= local else today - timedelta(days=1)
