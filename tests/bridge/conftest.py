"""A bridge with one connected shop, and deliveries as WooCommerce signs them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bridge_app import BridgeApp, settings_for


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Iterator[BridgeApp]:
    """On SQLite, for what does not depend on the database."""
    yield from an_app(sqlite_url, tmp_path)


@pytest.fixture
def app_on_each_database(database_url: str, tmp_path: Path) -> Iterator[BridgeApp]:
    """Once on each kind of database."""
    yield from an_app(database_url, tmp_path)


@pytest.fixture(scope="module")
def lasting_app(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeApp]:
    folder = tmp_path_factory.mktemp("lasting")
    yield from an_app(f"sqlite:///{shutil.copy(sqlite_template, folder / 'facturelay.db')}", folder)


def an_app(database_url: str, folder: Path) -> Iterator[BridgeApp]:
    made = BridgeApp(settings_for(database_url, folder))
    made.add_shop()
    yield made
    made.close()
