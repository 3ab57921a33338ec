"""Figures for the machines that watch: how much of what there is, and how long it waits."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from worker.errors import Unavailable
from worker.store.engine import Store
from worker.store.tables import alarms, deliveries, documents, drafts, shops, signature_failures, steps


@dataclass(frozen=True)
class Figures:
    """Counts by label: `("waiting",)`, `("mail", "failed")`. *oldest_waiting_at* is None when nothing waits."""

    shops: int
    deliveries: dict[tuple[str, ...], int]
    steps: dict[tuple[str, ...], int]
    documents: dict[tuple[str, ...], int]
    drafts_open: int
    alarms: dict[tuple[str, ...], int]
    signature_failures: int
    oldest_waiting_at: datetime | None


def take(connection: Connection) -> Figures:
    """All figures at one moment."""
    return Figures(
        shops=number(connection, select(func.count()).select_from(shops)),
        deliveries=by(connection, deliveries, deliveries.c.state),
        steps=by(connection, steps, steps.c.name, steps.c.state),
        documents=by(connection, documents, documents.c.kind),
        drafts_open=number(connection, select(func.count()).select_from(drafts).where(drafts.c.state == "open")),
        alarms=open_alarms_by_code(connection),
        signature_failures=number(connection, select(func.sum(signature_failures.c.failures))),
        oldest_waiting_at=oldest_waiting_at(connection),
    )


def can_be_read(store: Store) -> bool:
    """Whether the database answers and has its tables."""
    try:
        with store.read() as connection:
            connection.execute(select(shops.c.shop_id).limit(1))
    except (Unavailable, SQLAlchemyError):
        return False
    return True
