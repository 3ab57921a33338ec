"""A database for one test, on each kind that we promise: migrated once a run, and copied for every test that wants one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.postgres import Postgres

EACH_KIND = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


@pytest.fixture(params=EACH_KIND)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with every table and no row, as an SQLAlchemy address, once each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    yield from one_on(request.getfixturevalue("postgres"), template=request.getfixturevalue("postgres_template"))


@pytest.fixture(params=EACH_KIND)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database before its first migration, once each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'facturelay.db'}"
        return
    yield from one_on(request.getfixturevalue("postgres"))


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """On SQLite alone, for what does not depend on the kind."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'facturelay.db')}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "facturelay.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    name = postgres.create_database()
    migrate(postgres.url(name))
    return name


def one_on(server: Postgres, *, template: str = "template0") -> Iterator[str]:
    name = server.create_database(template=template)
    yield server.url(name)
    server.drop_database(name)


def migrate(database_url: str) -> None:
    # Half a second that a run without databases need not wait.
    from tests.services.statements import share_compiled_statements
    from worker.store.database.migrate import upgrade

    share_compiled_statements()
    upgrade(database_url)
