"""Bringing the database to the present shape. Forward only; safe to run twice and by two at once.

A migration only adds, so that the version before it goes on working while an upgrade is under way; what nobody uses any more
may be removed one version later.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import ProgrammingError

from worker.errors import Rejected
from worker.store.database.engine import Store

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number, the same in every version: PostgreSQL lets one migration at a time hold it.
MIGRATION_LOCK = 7_263_001
# A code of the SQL standard's, as PostgreSQL tells it.
INSUFFICIENT_PRIVILEGE = "42501"


def upgrade(database_url: str) -> bool:
    """Run all migrations that are missing; False where it is of a later version. Raises Rejected where the user of the database may not make
    tables.
    """
    store = Store(database_url)
    try:
        with as_owner(), store.write() as connection:
            bring_up_to_date(connection)
            return revision(connection) == head()
    finally:
        store.close()


def bring_up_to_date(connection: Connection) -> None:
    """The same in the transaction of *connection*."""
    if connection.dialect.name != "sqlite":
        refuse_other_encoding(connection)
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    found = revision(connection)
    if found == head() or is_of_later_version(found):
        return
    # Imported here: each command and process looks whether there is anything to do, and there hardly ever is.
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def as_owner() -> Iterator[None]:
    """Raises Rejected where schema or tables belong to somebody else, the schema from PostgreSQL 15 on by itself."""
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        raise Rejected(
            "The database does not let this user make tables: {reason}. Name one that belongs to the user.",
            reason=str(error.orig).partition("\n")[0],
            code="database_not_allowed",
        ) from error


def refuse_other_encoding(connection: Connection) -> None:
    """Names of customers are in any script. Raises Rejected where PostgreSQL was made to store less."""
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise Rejected(
            "The database stores text as {encoding}, not as UTF8: it cannot keep every name. Make another by "
            "createdb --encoding=UTF8 --template=template0 --locale=C.UTF-8.",
            encoding=encoding,
            code="database_encoding",
        )


def is_current(store: Store) -> bool:
    """Whether the database has every migration of this version; it may have those of a later one too."""
    with store.read() as connection:
        found = revision(connection)
    return found == head() or is_of_later_version(found)


def revision(connection: Connection) -> str | None:
    """The last migration that was done; None in an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def is_of_later_version(found: str | None) -> bool:
    """Whether a migration was the last one that this version does not know: during an upgrade, old and new run side by side."""
    return found is not None and found not in known()


def head() -> str:
    return known()[-1]


def known() -> list[str]:
    """The migrations of this version, the oldest first: each file is named after its own."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def alembic_config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
