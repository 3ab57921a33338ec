"""How one shop stands: what its owner is told every morning."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from worker.store.database.tables import alerts, deliveries, documents, drafts, steps

# Why looks wait for a person who knows: a paused shop, numbers held after a restore.
PAUSED_CODES = ("shop_suspended", "numbering_paused")


@dataclass(frozen=True)
class ShopStatus:
    """Counts, and the sentences of what failed and of what was repaired since an instant."""

    issued: int
    mailed: int
    waiting: int
    drafts: int
    failed: tuple[str, ...]
    repaired: tuple[str, ...]


def of(connection: Connection, shop_id: str, *, since: datetime) -> ShopStatus:
    mailed = (steps.c.name == "mail", steps.c.state == "done", steps.c.done_at >= since)
    return ShopStatus(
        issued=count(connection, documents.c.shop_id == shop_id, documents.c.issued_at >= since),
        mailed=count(connection, steps.c.shop_id == shop_id, *mailed),
        waiting=count(connection, deliveries.c.shop_id == shop_id, deliveries.c.state == "waiting")
        + count(connection, steps.c.shop_id == shop_id, steps.c.state == "waiting"),
        drafts=count(connection, drafts.c.shop_id == shop_id, drafts.c.state == "open"),
        failed=failures(connection, shop_id, since=since),
        repaired=distinct_messages(
            connection, select(alerts.c.message).where(alerts.c.shop_id == shop_id, alerts.c.closed_at >= since)
        ),
    )


def count(connection: Connection, *where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).where(*where)).scalar_one())


def failures(connection: Connection, shop_id: str, *, since: datetime) -> tuple[str, ...]:
    """Of looks and of steps; a step's sentence needs the document's number to be understood."""
    failed_deliveries = select(deliveries.c.message).where(
        deliveries.c.shop_id == shop_id, deliveries.c.state == "failed", deliveries.c.finished_at >= since
    )
    work = (
        select(documents.c.number + ": " + steps.c.message)
        .join_from(steps, documents, steps.c.document_id == documents.c.document_id)
        .where(steps.c.shop_id == shop_id, steps.c.state == "failed", steps.c.done_at >= since)
    )
    return (*distinct_messages(connection, failed_deliveries), *distinct_messages(connection, work))


def overdue(connection: Connection, shop_id: str, *, since: datetime) -> tuple[int, str]:
    """How many looks and steps could have been done since then and are not, and why the oldest one is not."""
    late_deliveries = select(deliveries.c.received_at.label("at"), deliveries.c.message.label("why")).where(
        deliveries.c.shop_id == shop_id,
        deliveries.c.state == "waiting",
        deliveries.c.received_at < since,
        # One that was put off, by a backfill say, is not late.
        or_(deliveries.c.next_at < since, deliveries.c.attempts > 0),
        deliveries.c.code.not_in(PAUSED_CODES),
    )
    work = select(steps.c.created_at.label("at"), steps.c.message.label("why")).where(
        steps.c.shop_id == shop_id, steps.c.state == "waiting", steps.c.created_at < since
    )
    late = connection.execute(late_deliveries.union_all(work).order_by("at")).all()
    return len(late), (late[0].why if late else "")


def distinct_messages(connection: Connection, query: Select[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(connection.execute(query).scalars()))
