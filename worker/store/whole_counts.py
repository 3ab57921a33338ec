"""How many rows there were up to a place in their order, when all of them were last counted.

To count a million takes seconds, and what is there stays: so the scheduler counts all of them once a day, and whoever asks adds what
came since. What somebody took away behind the database's back is found by the next whole count, and by `verify`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, or_, select

from worker.store.database.plan import unindexed
from worker.store.database.tables import documents, jobs, register, whole_counts
from worker.store.jobs import IS_PENDING

ALL_SHOPS = ""
# What is written down at this moment by others may get its id before, and be seen after.
SETTLED_AFTER = timedelta(hours=1)
ENDED = ("done", "skipped")


class Counted(StrEnum):
    """Which rows: *up_to* is the id of a document, seconds of the epoch, a number of a series, a position in the register."""

    DOCUMENTS = "documents"  # of all shops by kind
    JOBS = "jobs"  # of all shops that have ended, by kind, name and state
    SERIES = "series"  # of a shop by series and period
    REGISTER = "register"  # of a shop


@dataclass(frozen=True)
class WholeCount:
    """*number* rows up to the place *up_to*, included (of jobs: before it)."""

    label: str
    number: int
    up_to: int


NOTHING = WholeCount("", 0, -1)


def of(connection: Connection, what: Counted, shop_id: str = ALL_SHOPS) -> dict[str, WholeCount]:
    """What was counted last, by label; nothing before the first time."""
    mine = (whole_counts.c.shop_id == shop_id, whole_counts.c.name == what)
    shown = (whole_counts.c.label, whole_counts.c.number, whole_counts.c.up_to)
    return {row.label: WholeCount(*row) for row in connection.execute(select(*shown).where(*mine))}


def write(
    connection: Connection, what: Counted, found: Iterable[WholeCount], *, shop_id: str = ALL_SHOPS, now: datetime
) -> None:
    """Put *found* in the place of what was counted before."""
    connection.execute(delete(whole_counts).where(whole_counts.c.shop_id == shop_id, whole_counts.c.name == what))
    rows = [{"shop_id": shop_id, "name": what, "counted_at": now} | vars(one) for one in found]
    if rows:
        connection.execute(insert(whole_counts), rows)


# Counting all


def count_documents(connection: Connection, *, now: datetime) -> list[WholeCount]:
    settled = select(documents.c.document_id).where(documents.c.issued_at < now - SETTLED_AFTER)
    newest = settled.order_by(documents.c.issued_at.desc(), documents.c.document_id.desc()).limit(1)
    up_to = int(connection.execute(newest).scalar() or 0)
    found = by_label(connection, documents, documents.c.kind, where=documents.c.document_id <= up_to)
    return [WholeCount(label, number, up_to) for label, number in found.items()]


def count_ended_jobs(connection: Connection, *, now: datetime) -> list[WholeCount]:
    until = int((now - SETTLED_AFTER).timestamp())
    before = or_(jobs.c.done_at < datetime.fromtimestamp(until, UTC), jobs.c.done_at.is_(None))
    found = by_label(connection, jobs, *OF_JOB, where=jobs.c.state.in_(ENDED) & before)
    return [WholeCount(label, number, until) for label, number in found.items()]


def count_series(connection: Connection, shop_id: str) -> list[WholeCount]:
    counted = (func.count(), func.max(documents.c.sequence))
    mine = select(documents.c.series, documents.c.period, *counted).where(documents.c.shop_id == shop_id)
    rows = connection.execute(mine.group_by(documents.c.series, documents.c.period))
    return [WholeCount(label_of_series(series, period), number, last) for series, period, number, last in rows]


def count_register(connection: Connection, shop_id: str) -> list[WholeCount]:
    counted = (func.count(), func.coalesce(func.max(register.c.position), 0))
    number, last = connection.execute(select(*counted).where(register.c.shop_id == shop_id)).one()
    return [WholeCount("", number, last)]


def label_of_series(series: str, period: int) -> str:
    return f"{series}:{period}"


# With what came since

OF_JOB = (jobs.c.kind, jobs.c.name, jobs.c.state)


def documents_by_kind(connection: Connection) -> dict[str, int]:
    """How many documents of each kind there are, in all shops."""
    before = of(connection, Counted.DOCUMENTS)
    up_to = max((one.up_to for one in before.values()), default=0)
    since = by_label(connection, documents, unindexed(documents.c.kind), where=documents.c.document_id > up_to)
    return together(before, since)


def jobs_by_state(connection: Connection) -> dict[tuple[str, ...], int]:
    """How many jobs there are of each kind, name and state. One that had ended and was begun again counts twice until the next day."""
    before = of(connection, Counted.JOBS)
    ended: ColumnElement[bool] = jobs.c.state.in_(ENDED)
    if before:
        at = datetime.fromtimestamp(max(one.up_to for one in before.values()), UTC)
        ended = ended & (jobs.c.done_at >= at)
    found = together(before, by_label(connection, jobs, *OF_JOB, where=ended))
    return {tuple(label.split(":")): number for label, number in found.items()} | {
        tuple(label.split(":")): number
        for label, number in by_label(connection, jobs, *OF_JOB, where=IS_PENDING).items()
    }


def together(before: dict[str, WholeCount], since: dict[str, int]) -> dict[str, int]:
    numbers = {label: one.number for label, one in before.items()}
    return {label: numbers.get(label, 0) + since.get(label, 0) for label in {**numbers, **since}}


def by_label(
    connection: Connection, table: Table, *labels: ColumnElement[str], where: ColumnElement[bool]
) -> dict[str, int]:
    query = select(*labels, func.count()).select_from(table).where(where).group_by(*labels)
    return {":".join(label): int(number) for *label, number in connection.execute(query)}
