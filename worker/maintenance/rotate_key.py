"""Encrypt all that is stored encrypted anew, so that an old key of FACTURELAY_SECRET_KEY can be taken out."""

from collections.abc import Iterator

from sqlalchemy import Column, Connection, select, update

from worker.services import Services
from worker.store.database.encryption import Encryption
from worker.store.database.tables import Encrypted, metadata


def rotate_key(services: Services) -> int:
    """All of it under the first key of the list, or nothing where something cannot be read; how many texts. Safe to run again."""
    with services.store.write() as connection:
        return sum(encrypt_anew(connection, services.encryption, column) for column in encrypted_columns())


def encrypted_columns() -> Iterator[Column[str]]:
    for table in metadata.sorted_tables:
        yield from (column for column in table.columns if isinstance(column.type, Encrypted))


def encrypt_anew(connection: Connection, encryption: Encryption, column: Column[str]) -> int:
    key = column.table.primary_key.columns
    rows = connection.execute(select(*key, column).where(column != "")).all()
    for *ids, before in rows:
        same = [part == value for part, value in zip(key, ids, strict=True)]
        # What was replaced meanwhile was encrypted under the first key by whoever did so.
        anew = update(column.table).where(*same, column == before)
        connection.execute(anew.values({column: encryption.encrypt(encryption.decrypt(before))}))
    return len(rows)
