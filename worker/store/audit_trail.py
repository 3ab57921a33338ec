"""The audit trail: what happened, by whom, when. Rows are only ever added (the database refuses the rest), so those of an order name no
mail address: of a customer who is erased it would stay. Where a mail went, and what its server said, stands on the mail's own row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from worker.domain.actor import Actor
from worker.domain.document import Document
from worker.message import Message
from worker.net.email_address import without_addresses
from worker.store.database.made_once import made_once
from worker.store.database.rows import read_row
from worker.store.database.tables import audit_trail


@dataclass(frozen=True)
class AuditEntry:
    """One message of the audit trail. *actor* is "worker", "scheduler", or the person's name.

    *shop_id* is None where it is about no one shop; *address* is the network address of who came in, else empty.
    """

    shop_id: str | None
    at: datetime
    actor: str
    code: str
    message: Message
    order_id: int | None = None
    document_id: int | None = None
    address: str = ""


# Made once: a statement costs more to build than to run.
ADD = made_once(insert(audit_trail))


def add(connection: Connection, entry: AuditEntry) -> None:
    connection.execute(ADD, as_row(entry))


def as_row(entry: AuditEntry) -> dict[str, Any]:
    is_of_customer = entry.order_id is not None or entry.document_id is not None
    return {**vars(entry), "message": without_addresses(entry.message) if is_of_customer else entry.message}


def note(connection: Connection, shop_id: str | None, code: str, message: Message, *, by: Actor) -> None:
    """Add what *by* did with a shop, or with no one shop."""
    add(connection, AuditEntry(shop_id, by.now, by.name, code, message))


def note_of(connection: Connection, document: Document, code: str, message: Message, *, by: Actor) -> None:
    """Add what *by* did with a document."""
    draft = document.draft
    entry = AuditEntry(document.shop_id, by.now, by.name, code, message, draft.order_id, document.document_id)
    add(connection, entry)


def add_all(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    if entries:
        connection.execute(ADD, [as_row(entry) for entry in entries])


def of_order(connection: Connection, shop_id: str, order_id: int) -> tuple[AuditEntry, ...]:
    """The events of one order, oldest first."""
    rows = connection.execute(
        select(audit_trail)
        .where(audit_trail.c.shop_id == shop_id, audit_trail.c.order_id == order_id)
        .order_by(audit_trail.c.entry_id)
    )
    return tuple(as_entry(row) for row in rows)


def as_entry(row: Row[Any]) -> AuditEntry:
    return read_row(AuditEntry, row)
