"""Reminders of open invoices: what was sent, what a person stopped, and which invoices are to be looked at again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, literal, select, update

from worker.domain.late_costs import Announcement, LateCosts
from worker.domain.money import total_of
from worker.domain.reminder import ReminderKind
from worker.store.database.pagination import Page, PageRequest, RowOrder, read_page
from worker.store.database.rows import read_row
from worker.store.database.tables import documents, jobs, reminder_stops, reminders, unpaid
from worker.store.steps import IS_STEP

# Of what nobody is to be reminded any more.
NEVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StoredReminder:
    """A reminder as it was written: what was *open*, and what was asked (*costs*) and *announced* besides."""

    document_id: int
    kind: ReminderKind
    shop_id: str
    sent_on: date
    currency: str
    open: Decimal
    costs: LateCosts
    announced: Announcement


@dataclass(frozen=True)
class SentReminder:
    """A reminder with its invoice, and what became of its mail (the *state* of its step)."""

    reminder: StoredReminder
    number: str
    order_id: int
    order_number: str
    buyer: str
    state: str


def save(connection: Connection, reminder: StoredReminder) -> None:
    """Write a reminder down before it is mailed; a repeated try replaces it: its day and its amounts are those of the last."""
    key = (reminders.c.document_id == reminder.document_id, reminders.c.kind == reminder.kind)
    connection.execute(delete(reminders).where(*key))
    values = {
        "document_id": reminder.document_id,
        "kind": reminder.kind,
        "shop_id": reminder.shop_id,
        "sent_on": reminder.sent_on,
        "currency": reminder.currency,
        "open": reminder.open,
        "costs": reminder.costs.costs,
        "interest": reminder.costs.interest,
        "announced_costs": reminder.announced.costs,
        "announced_percent": reminder.announced.percent,
    }
    connection.execute(insert(reminders).values(values))


def of_documents(connection: Connection, document_ids: Sequence[int]) -> dict[int, dict[ReminderKind, StoredReminder]]:
    """Those of each document, by kind."""
    found: dict[int, dict[ReminderKind, StoredReminder]] = {}
    for row in connection.execute(select(reminders).where(reminders.c.document_id.in_(document_ids))):
        reminder = as_reminder(row)
        found.setdefault(reminder.document_id, {})[reminder.kind] = reminder
    return found


def asked_besides(connection: Connection, document_ids: Sequence[int]) -> Decimal:
    """The most that reminders of some invoices ever asked beyond what was open: who pays that too gets none of it back."""
    asked: dict[int, Decimal] = {}
    for document_id, sent in of_documents(connection, document_ids).items():
        asked[document_id] = max(one.costs.total for one in sent.values())
    return total_of(asked.values())


def page(connection: Connection, shop_id: str, page_request: PageRequest) -> Page[SentReminder]:
    """What a shop sent or is sending, the newest first."""
    mailed_by = (jobs.c.document_id == reminders.c.document_id) & (jobs.c.name == reminders.c.kind) & IS_STEP
    # Each has one of both: joined so, whoever counts the reminders looks at neither.
    source = reminders.outerjoin(documents, documents.c.document_id == reminders.c.document_id)
    state = select(jobs.c.state).where(mailed_by).scalar_subquery()
    query = (
        select(reminders, documents.c.number, documents.c.order_id, documents.c.order_number, documents.c.buyer)
        .add_columns(state.label("state"))
        .select_from(source)
        .where(reminders.c.shop_id == shop_id)
    )
    order = RowOrder((reminders.c.sent_on, reminders.c.document_id, reminders.c.kind))
    found = read_page(connection, query, order, page_request)
    return found.of(
        [
            SentReminder(as_reminder(row), row.number, row.order_id, row.order_number, row.buyer, row.state)
            for row in found.rows
        ]
    )


def as_reminder(row: Row[Any]) -> StoredReminder:
    return read_row(
        StoredReminder,
        row,
        kind=ReminderKind(row.kind),
        costs=LateCosts(row.costs, row.interest),
        announced=Announcement(row.sent_on, row.announced_costs, row.announced_percent),
    )


# What a person stopped


def stop(connection: Connection, document_id: int, *, by: str, now: datetime) -> bool:
    """False where it was stopped already."""
    known = select(reminder_stops.c.document_id).where(reminder_stops.c.document_id == document_id)
    new = select(literal(document_id), literal(now, reminder_stops.c.stopped_at.type), literal(by))
    stopped = insert(reminder_stops).from_select(
        ["document_id", "stopped_at", "stopped_by"], new.where(~known.exists())
    )
    return bool(connection.execute(stopped).rowcount)


def resume(connection: Connection, document_id: int, *, now: datetime) -> bool:
    """False where it was not stopped."""
    gone = delete(reminder_stops).where(reminder_stops.c.document_id == document_id)
    is_resumed = bool(connection.execute(gone).rowcount)
    look_again(connection, document_id, at=now)
    return is_resumed


def stopped(connection: Connection, document_ids: Sequence[int]) -> set[int]:
    """Those of which nobody is to be reminded."""
    mine = select(reminder_stops.c.document_id).where(reminder_stops.c.document_id.in_(document_ids))
    return set(connection.execute(mine).scalars())


# When an invoice is looked at


def due_looks(connection: Connection, *, now: datetime, limit: int) -> tuple[tuple[int, str], ...]:
    """Open invoices of all shops that are to be looked at, with their shop, those that waited longest first: one walk of an index."""
    due = select(unpaid.c.document_id, unpaid.c.shop_id).where(unpaid.c.remind_at <= now)
    rows = connection.execute(due.order_by(unpaid.c.remind_at, unpaid.c.document_id).limit(limit))
    return tuple((row.document_id, row.shop_id) for row in rows)


def look_again(connection: Connection, document_id: int, *, at: datetime) -> None:
    connection.execute(update(unpaid).where(unpaid.c.document_id == document_id).values(remind_at=at))


def look_at_shop(connection: Connection, shop_id: str, *, now: datetime) -> None:
    """Every open invoice of a shop is looked at anew: its settings changed."""
    connection.execute(update(unpaid).where(unpaid.c.shop_id == shop_id).values(remind_at=now))
