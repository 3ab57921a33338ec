"""A bridge with one connected shop, and deliveries as WooCommerce signs them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bridge_app import (
    BridgeApp,
    settings_for,
)
from worker.store.database import migrate


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database as `facturelay migrate` leaves it; tests get copies."""
    path = tmp_path_factory.mktemp("migrated") / "facturelay.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def app(tmp_path: Path, migrated: Path) -> Iterator[BridgeApp]:
    """On SQLite, for what does not depend on the database."""
    copy = shutil.copy(migrated, tmp_path / "facturelay.db")
    yield from an_app(f"sqlite:///{copy}", tmp_path)


@pytest.fixture
def app_on_each_database(database_url: str, tmp_path: Path) -> Iterator[BridgeApp]:
    """Once on each kind of database."""
    migrate.upgrade(database_url)
    yield from an_app(database_url, tmp_path)


def an_app(database_url: str, folder: Path) -> Iterator[BridgeApp]:
    made = BridgeApp(settings_for(database_url, folder))
    made.add_shop()
    yield made
    made.store.close()
    made.client.application.extensions["facturelay"].store.close()
