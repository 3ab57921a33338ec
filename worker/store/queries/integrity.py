"""What `verify` reads, row by row as it is stored: one damaged row must not hide the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row as SqlRow

from worker.domain.document import Document
from worker.message import Message
from worker.store import counters as numbering
from worker.store import register
from worker.store.counters import Counter
from worker.store.database.tables import audit_trail, documents, files
from worker.store.document_files import StoredFile
from worker.store.documents import as_document
from worker.store.queries import sales_journal
from worker.store.queries.sales_journal import Journal
from worker.store.register import RegisterEntry

# The columns that repeat what the snapshot says, for lists and searches.
COPIED_COLUMNS = (
    "cause", "kind", "order_id", "order_key", "order_number", "currency", "net", "vat", "total", "language", "buyer",
    "corrects", "test",
)  # fmt: skip
AT_ONCE = 500


@dataclass(frozen=True)
class StoredDocument:
    """A document with the columns beside its snapshot, and the text of the snapshot as stored."""

    document: Document
    period: int
    test: bool
    snapshot: str
    snapshot_sha256: str
    columns: dict[str, object]


@dataclass(frozen=True)
class UnreadableDocument:
    """A document's row that no longer makes a document."""

    document_id: int
    number: str
    message: Message


@dataclass(frozen=True)
class ShopRecords:
    """Everything of one shop that must hold together. Rows in the order in which they were issued."""

    rows: tuple[StoredDocument, ...]
    unreadable: tuple[UnreadableDocument, ...]
    entries: tuple[RegisterEntry, ...]
    counters: tuple[Counter, ...]
    files: tuple[StoredFile, ...]
    issued_entries: tuple[tuple[int, str], ...]
    journal: Journal


def repeatable_read(connection: Connection) -> None:
    """Read everything from here on from one consistent state. Call before anything is read."""
    if connection.dialect.name != "sqlite":  # whose readers always see one state
        connection.execution_options(isolation_level="REPEATABLE READ")


def read_shop(connection: Connection, shop_id: str) -> ShopRecords:
    """All of one shop. Call after `one_moment`: a document issued between two queries is not a damage."""
    stored_documents = list(document_rows(connection, shop_id))
    mine = select(documents.c.document_id).where(documents.c.shop_id == shop_id)
    stored = connection.execute(select(files).where(files.c.document_id.in_(mine)).order_by(files.c.document_id))
    issued_entries = connection.execute(
        select(audit_trail.c.document_id, audit_trail.c.message)
        .where(audit_trail.c.shop_id == shop_id, audit_trail.c.code == "issued", audit_trail.c.document_id.is_not(None))
        .order_by(audit_trail.c.entry_id)
    )
    return ShopRecords(
        rows=tuple(row for row in stored_documents if isinstance(row, StoredDocument)),
        unreadable=tuple(row for row in stored_documents if isinstance(row, UnreadableDocument)),
        entries=register.entries(connection, shop_id),
        counters=numbering.counters(connection, shop_id),
        files=tuple(StoredFile(**row) for row in stored.mappings()),
        issued_entries=tuple((event.document_id, event.message) for event in issued_entries),
        journal=sales_journal.journal(connection, shop_id, since=date.min, until=date.max),
    )


def document_rows(connection: Connection, shop_id: str) -> Iterator[StoredDocument | UnreadableDocument]:
    ids = connection.execute(
        select(documents.c.document_id).where(documents.c.shop_id == shop_id).order_by(documents.c.document_id)
    ).scalars()
    waiting = list(ids)
    for start in range(0, len(waiting), AT_ONCE):
        yield from read_rows(connection, waiting[start : start + AT_ONCE])


def read_rows(connection: Connection, ids: Sequence[int]) -> Iterator[StoredDocument | UnreadableDocument]:
    query = select(documents).where(documents.c.document_id.in_(ids)).order_by(documents.c.document_id)
    try:
        rows = connection.execute(query).all()
    except (ValueError, ArithmeticError, TypeError) as error:
        # SQLite stores whatever is put into a column: a date that is none spoils the whole batch.
        if len(ids) == 1:
            number = connection.execute(
                select(documents.c.number).where(documents.c.document_id == ids[0])
            ).scalar_one()
            yield UnreadableDocument(
                ids[0], number, Message("one of its columns holds what cannot be there ({error})", error=error)
            )
            return
        for document_id in ids:
            yield from read_rows(connection, [document_id])
        return
    for row in rows:
        yield as_stored_document(row)


def as_stored_document(row: SqlRow[Any]) -> StoredDocument | UnreadableDocument:
    try:
        document = as_document(row)
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        return UnreadableDocument(
            row.document_id,
            row.number,
            Message("its text is damaged ({kind}: {error})", kind=type(error).__name__, error=error),
        )
    return StoredDocument(
        document=document,
        period=row.period,
        test=row.test,
        snapshot=row.snapshot,
        snapshot_sha256=row.snapshot_sha256,
        columns={name: getattr(row, name) for name in COPIED_COLUMNS},
    )
