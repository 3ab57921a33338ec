"""What `verify` reads, row by row as it is stored: one damaged row must not hide the others.

All of it comes some rows at a time: a shop may have a million documents, and whoever proves them has little memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, and_, exists, func, select
from sqlalchemy.engine import Row as SqlRow

from worker.domain.document import Document
from worker.message import Message
from worker.store.database.pagination import streamed
from worker.store.database.plan import unindexed
from worker.store.database.rows import read_row
from worker.store.database.tables import audit_trail, documents, files, register
from worker.store.document_files import StoredFile
from worker.store.documents import as_document
from worker.store.register import RegisterEntry

# The columns that repeat what the snapshot says, for lists and searches.
COPIED_COLUMNS = (
    "cause", "kind", "order_id", "order_key", "order_number", "currency", "net", "vat", "total", "language", "buyer",
    "corrects", "test",
)  # fmt: skip
AT_ONCE = 500
LEAST_ID = -(2**63)


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


def documents_entered(
    connection: Connection, shop_id: str
) -> Iterator[tuple[StoredDocument | UnreadableDocument, tuple[RegisterEntry, ...]]]:
    """All documents of a shop in the order of their ids, each with the rows of the register that name it. Call in a
    `Store.snapshot`: a document issued between two queries is not a damage."""
    for ids in id_batches(connection, shop_id):
        entered: dict[int, tuple[RegisterEntry, ...]] = {}
        mine = select(register).where(unindexed(register.c.shop_id) == shop_id, register.c.document_id.in_(ids))
        for row in connection.execute(mine):
            entered[row.document_id] = (*entered.get(row.document_id, ()), read_row(RegisterEntry, row))
        for found in read_rows(connection, ids):
            yield found, entered.get(id_of(found), ())


def id_batches(connection: Connection, shop_id: str) -> Iterator[list[int]]:
    last = LEAST_ID
    while True:
        mine = select(documents.c.document_id).where(documents.c.shop_id == shop_id, documents.c.document_id > last)
        ids = list(connection.execute(mine.order_by(documents.c.document_id).limit(AT_ONCE)).scalars())
        if not ids:
            return
        yield ids
        last = ids[-1]


def id_of(row: StoredDocument | UnreadableDocument) -> int:
    return row.document_id if isinstance(row, UnreadableDocument) else row.document.document_id


@dataclass(frozen=True)
class EntryOfRegister:
    """A row of the register; *document_there*: the shop has the document that it names."""

    entry: RegisterEntry
    document_there: bool


def register_entries(connection: Connection, shop_id: str) -> Iterator[EntryOfRegister]:
    """The whole register of a shop, in its order."""
    there = and_(documents.c.document_id == register.c.document_id, documents.c.shop_id == shop_id)
    query = select(register, documents.c.document_id.label("there")).select_from(register.outerjoin(documents, there))
    rows = streamed(connection, query.where(register.c.shop_id == shop_id).order_by(register.c.position))
    for row in rows:
        yield EntryOfRegister(read_row(RegisterEntry, row), row.there is not None)


def doubled_numbers(connection: Connection, table: Table, shop_id: str) -> list[tuple[str, int]]:
    """The numbers that stand more than once in *table* (documents or the register), and how often."""
    query = select(table.c.number, func.count()).where(table.c.shop_id == shop_id).group_by(table.c.number)
    return [(number, count) for number, count in connection.execute(query.having(func.count() > 1))]


def files_numbered(connection: Connection, shop_id: str) -> Iterator[tuple[StoredFile, str]]:
    """The stored files of a shop's documents, each with the number of its document."""
    query = select(files, documents.c.number).join(documents, documents.c.document_id == files.c.document_id)
    rows = streamed(connection, query.where(documents.c.shop_id == shop_id).order_by(documents.c.document_id))
    for row in rows:
        yield read_row(StoredFile, row), row.number


def count_documents_and_files(connection: Connection, shop_id: str | None) -> int:
    """Of one shop, or of all."""
    issued = select(func.count()).select_from(documents)
    stored = select(func.count()).select_from(files)
    if shop_id is not None:
        issued = issued.where(documents.c.shop_id == shop_id)
        stored = stored.join(documents, documents.c.document_id == files.c.document_id)
        stored = stored.where(documents.c.shop_id == shop_id)
    return int(connection.execute(issued).scalar_one()) + int(connection.execute(stored).scalar_one())


def issued_and_gone(connection: Connection, shop_id: str) -> Iterator[Message]:
    """What the audit trail says of documents that it saw issued, and that neither the shop nor its register knows."""
    document_id = audit_trail.c.document_id
    query = select(audit_trail.c.message).where(
        audit_trail.c.shop_id == shop_id,
        audit_trail.c.code == "issued",
        document_id.is_not(None),
        ~exists().where(documents.c.document_id == document_id, documents.c.shop_id == shop_id),
        ~exists().where(register.c.document_id == document_id, register.c.shop_id == shop_id),
    )
    return streamed(connection, query.order_by(audit_trail.c.entry_id)).scalars()


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
    return read_row(
        StoredDocument, row, document=document, columns={name: getattr(row, name) for name in COPIED_COLUMNS}
    )
