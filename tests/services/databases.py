"""A database for one test, on each kind that we promise: migrated once a run, and copied, or emptied, for every test that wants one."""

import shutil
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.services.emptied_databases import EmptiedDatabases
from tests.services.postgres import Postgres

EACH_KIND = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))
KINDS = ("sqlite", "postgresql")
# Long walks over statements that are asked on both kinds by tests/store and its neighbours.
ROADS = (
    "tests/accounting/", "tests/bridge/customer/", "tests/hostile/test_mail.py", "tests/hostile/test_printing_limits.py", "tests/integration/",
    "tests/payments/",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    """The switch of a run of everything."""
    parser.addoption(
        "--one-database",
        action="store_true",
        help=f"test each case of {', '.join(ROADS)} on one kind of database, in turn by its name, unless it is marked each_database",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of each case that is there on both kinds, leave one out."""
    if not config.getoption("--one-database"):
        return
    taking_turns = {item.nodeid: kind for item in items if (kind := kind_of(item)) and takes_turns(item)}
    left_out = said_twice(taking_turns)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left_out])
    items[:] = [item for item in items if item.nodeid not in left_out]


def kind_of(item: pytest.Item) -> str:
    return str(item.callspec.params.get("database_url", "")) if hasattr(item, "callspec") else ""


def takes_turns(item: pytest.Item) -> bool:
    return item.nodeid.startswith(ROADS) and not item.get_closest_marker("each_database")


def said_twice(kinds: Mapping[str, str]) -> set[str]:
    """Which of these cases (their names, with their kinds of database) are said by the same case on the other kind."""
    chosen = {}
    for name, kind in kinds.items():
        # By the name, so that a test which is added moves no other to another kind.
        turn = KINDS[zlib.crc32(name.replace(kind, "").encode()) % len(KINDS)]
        chosen[name] = name.replace(kind, turn)
    return {name for name, other in chosen.items() if other != name and other in kinds}


@pytest.fixture(params=EACH_KIND)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with every table and no row, as an SQLAlchemy address, once each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    with request.getfixturevalue("emptied_databases").one() as url:
        yield url


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
def emptied_databases(postgres: Postgres) -> Iterator[EmptiedDatabases]:
    template = postgres.create_database()
    migrate(postgres.url(template))
    databases = EmptiedDatabases(postgres, template)
    yield databases
    databases.close()


def one_on(server: Postgres) -> Iterator[str]:
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


def migrate(database_url: str) -> None:
    # Half a second that a run without databases need not wait.
    from tests.services.statements import share_compiled_statements
    from worker.store.database.migrate import upgrade

    share_compiled_statements()
    upgrade(database_url)
