"""One small system for a test: the real store, a pretend shop, a real mail server; jobs are called, not queued."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.support.system import System, a_system
from worker.orders import poll
from worker.settings import Settings
from worker.woocommerce import client


@pytest.fixture
def system(database_url: str, tmp_path: Path) -> Iterator[System]:
    """A connected shop that sells from Gent, on each kind of database."""
    with a_system(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def pages_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of the shop have more pages sooner: a page of a hundred takes long to fill."""
    monkeypatch.setattr(client, "MAX_PER_PAGE", 10)
    monkeypatch.setattr(poll, "MAX_PER_PAGE", 10)


@pytest.fixture
def elsewhere(system: System, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """An empty place of the same kind."""
    data = tmp_path / "elsewhere"
    if system.services.store.is_sqlite:
        yield replace(system.services.settings, data=data, database_url=f"sqlite:///{data / 'facturelay.db'}")
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create_database()
    yield replace(system.services.settings, data=data, database_url=server.url(name))
    server.drop_database(name)
