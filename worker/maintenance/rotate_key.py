"""Encrypt all that is stored encrypted anew, so that an old key of FACTURELAY_SECRET_KEY can be taken out."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from sqlalchemy import Column, ColumnElement, Connection, delete, select, update

from worker.errors import Rejected
from worker.services import Services
from worker.settings import Settings
from worker.store import shops, webhooks
from worker.store.database.column_types import Encrypted
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.database.tables import channels, invites, metadata, plugins, users, webhook_endpoints
from worker.store.database.tables import shops as shops_table
from worker.store.shops import Secrets

# What takes the place of a secret that nobody can read any more. Without a password nobody signs in until an operator gives a new link.
FRESH: dict[Column[str], Callable[[Encryption], str]] = {
    shops_table.c.secrets: lambda encryption: encryption.encrypt(
        shops.secrets_as_text(Secrets((shops.new_webhook_secret(),)))
    ),
    webhook_endpoints.c.secret: lambda encryption: encryption.encrypt(webhooks.new_secret()),
    users.c.password: lambda _: "",
    users.c.totp: lambda _: "",
}
# Without their secret these rows are nothing.
GONE = (channels, invites, plugins)


def rotate_key(services: Services) -> int:
    """All of it under the first key of the list, or nothing where something cannot be read; how many texts. Safe to run again."""
    encryption = services.encryption
    with services.store.read() as connection:
        stored = [one for column in encrypted_columns() for one in texts_of(connection, column)]
    anew = [encryption.encrypt(encryption.decrypt(text)) for *_, text in stored]
    for (column, ids, before), text in zip(stored, anew, strict=True):
        same = is_row(column, ids)
        # Each for itself, so that nobody waits for all of them; what was replaced meanwhile is under the first key already.
        with services.store.write() as connection:
            connection.execute(update(column.table).where(*same, column == before).values({column: text}))
    return len(stored)


def reads_nothing(settings: Settings) -> bool:
    """Whether something is stored encrypted, and no key reads any of it."""
    store, encryption = Store(settings.database_url), Encryption(settings.secret_keys)
    try:
        with store.read() as connection:
            texts = (text for column in encrypted_columns() for *_, text in texts_of(connection, column))
            first = next(texts, None)
            return first is not None and not any(is_read(encryption, text) for text in chain((first,), texts))
    finally:
        store.close()


def forget_lost(services: Services) -> dict[str, int]:
    """Forget what no key of the list reads, where the key is lost for good; how many, by column. Documents and their files need none."""
    encryption = services.encryption
    with services.store.write() as connection:
        lost = lost_in(connection, encryption)
        for column, ids in lost:
            if column.table in GONE:
                connection.execute(delete(column.table).where(*is_row(column, ids)))
            else:
                fresh = FRESH[column](encryption)
                connection.execute(update(column.table).where(*is_row(column, ids)).values({column: fresh}))
    return Counter(str(column) for column, _ in lost)


def count_lost(services: Services) -> dict[str, int]:
    """What `forget_lost` would forget."""
    with services.store.read() as connection:
        return Counter(str(column) for column, _ in lost_in(connection, services.encryption))


def lost_in(connection: Connection, encryption: Encryption) -> list[tuple[Column[str], Sequence[object]]]:
    stored = [one for column in encrypted_columns() for one in texts_of(connection, column)]
    return [(column, ids) for column, ids, text in stored if not is_read(encryption, text)]


def is_read(encryption: Encryption, text: str) -> bool:
    try:
        encryption.decrypt(text)
    except Rejected:
        return False
    return True


def is_row(column: Column[str], ids: Sequence[object]) -> list[ColumnElement[bool]]:
    return [part == value for part, value in zip(column.table.primary_key.columns, ids, strict=True)]


def encrypted_columns() -> Iterator[Column[str]]:
    for table in metadata.sorted_tables:
        yield from (column for column in table.columns if isinstance(column.type, Encrypted))


def texts_of(connection: Connection, column: Column[str]) -> Iterator[tuple[Column[str], Sequence[object], str]]:
    """Each text of *column*, with the key of its row."""
    for *ids, text in connection.execute(select(*column.table.primary_key.columns, column).where(column != "")):
        yield column, ids, text
