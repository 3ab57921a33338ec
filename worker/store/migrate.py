"""Bringing the database to the present shape. Forward only; safe to run twice and by two at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from worker.store.engine import Store

# Any number, the same in every version: PostgreSQL lets one migration at a time hold it.
MIGRATION_LOCK = 7_263_001


def upgrade(database_url: str) -> None:
    """Run all migrations that are missing."""
    store = Store(database_url)
    try:
        with store.write() as connection:
            if not store.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        store.close()


def is_current(store: Store) -> bool:
    """Whether the database has every migration of this version."""
    with store.read() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head()


def head() -> str | None:
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
