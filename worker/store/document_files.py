"""The files that were made of documents: their rows; the bytes are in the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from worker.store.database.any_of import any_of
from worker.store.database.made_once import given, made_once
from worker.store.database.rows import read_row
from worker.store.database.tables import documents, files


@dataclass(frozen=True)
class StoredFile:
    """Bytes in the archive: *path* is relative to it, *sha256* is of the bytes as served."""

    document_id: int
    format: str
    sha256: str
    size: int
    path: str
    stored_at: datetime


# Made once: a statement costs more to build than to run.
FILE_OF = made_once(select(files).where(*given(files.c.document_id, files.c.format)))
# Of a second file SQLite's trigger would refuse the row before its conflict is seen; in PostgreSQL another worker may come between.
NEW_FILE = select(*(bindparam(column.name, type_=column.type) for column in files.c)).where(
    ~exists().where(files.c.document_id == bindparam("document_id"), files.c.format == bindparam("format"))
)
ADD = {
    one.dialect.name: made_once(
        one.insert(files)
        .from_select(list(files.c.keys()), NEW_FILE)
        .on_conflict_do_nothing()
        .returning(files.c.document_id)
    )
    for one in (sqlite, postgresql)
}


def add_file(connection: Connection, stored: StoredFile) -> StoredFile:
    """Record stored bytes; when the document has such a file already, that one counts and is returned."""
    if connection.execute(ADD[connection.dialect.name], vars(stored)).first() is not None:
        return stored
    return file_of(connection, stored.document_id, stored.format) or stored


def file_of(connection: Connection, document_id: int, file_format: str) -> StoredFile | None:
    found = connection.execute(FILE_OF, {"document_id": document_id, "format": file_format})
    row = found.one_or_none()
    return read_row(StoredFile, row) if row is not None else None


def file_of_shop(connection: Connection, shop_id: str, document_id: int, file_format: str) -> StoredFile | None:
    """As `file_of`, where the document is the shop's."""
    is_theirs = exists().where(documents.c.document_id == document_id, documents.c.shop_id == shop_id)
    return file_of(connection, document_id, file_format) if connection.execute(select(is_theirs)).scalar() else None


def files_of(connection: Connection, document_ids: Sequence[int]) -> dict[int, tuple[StoredFile, ...]]:
    """The files of each document: its PDF, then its e-invoice where it has one."""
    found: dict[int, tuple[StoredFile, ...]] = {}
    query = select(files).where(any_of(files.c.document_id, document_ids)).order_by(files.c.document_id, files.c.format)
    for row in connection.execute(query):
        found[row.document_id] = (*found.get(row.document_id, ()), read_row(StoredFile, row))
    return found
