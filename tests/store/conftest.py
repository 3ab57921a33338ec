"""What tests of the store may ask for."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.support.history import History
from worker.store.database.engine import Store
from worker.store.database.migrate import upgrade


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with every table, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "facturelay.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres: Postgres) -> str:
    """The same on PostgreSQL, as a template."""
    name = postgres.create_database()
    upgrade(postgres.url(name))
    return name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    """Two shops, `a` and `b`, to which nothing happened yet."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "facturelay.db")
        yield from history_in(f"sqlite:///{path}")
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create_database(template=request.getfixturevalue("migrated_database"))
    yield from history_in(server.url(name))
    server.drop_database(name)


def history_in(database_url: str) -> Iterator[History]:
    made = History(Store(database_url), {})
    made.shop("a")
    made.shop("b")
    yield made
    made.store.close()
