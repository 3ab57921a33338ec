"""Encrypt all that is stored encrypted anew, so that an old key of FACTURELAY_SECRET_KEY can be taken out."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Column, Connection, select, update

from worker.services import Services
from worker.store.database.column_types import Encrypted
from worker.store.database.tables import metadata


def rotate_key(services: Services) -> int:
    """All of it under the first key of the list, or nothing where something cannot be read; how many texts. Safe to run again."""
    encryption = services.encryption
    with services.store.read() as connection:
        stored = [one for column in encrypted_columns() for one in texts_of(connection, column)]
    anew = [encryption.encrypt(encryption.decrypt(text)) for *_, text in stored]
    for (column, ids, before), text in zip(stored, anew, strict=True):
        same = [part == value for part, value in zip(column.table.primary_key.columns, ids, strict=True)]
        # Each for itself, so that nobody waits for all of them; what was replaced meanwhile is under the first key already.
        with services.store.write() as connection:
            connection.execute(update(column.table).where(*same, column == before).values({column: text}))
    return len(stored)


def encrypted_columns() -> Iterator[Column[str]]:
    for table in metadata.sorted_tables:
        yield from (column for column in table.columns if isinstance(column.type, Encrypted))


def texts_of(connection: Connection, column: Column[str]) -> Iterator[tuple[Column[str], Sequence[object], str]]:
    """Each text of *column*, with the key of its row."""
    for *ids, text in connection.execute(select(*column.table.primary_key.columns, column).where(column != "")):
        yield column, ids, text
