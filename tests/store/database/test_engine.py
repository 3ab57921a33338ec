"""Opening a new SQLite file while others do so too."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from worker.errors import Unavailable
from worker.store.database import engine
from worker.store.database.engine import Store
from worker.store.database.migrate import is_current, upgrade


def test_many_first_commands_at_once_all_find_a_migrated_database(tmp_path: Path) -> None:
    """One has the write lock and its file is not in WAL mode yet: where all others failed at once."""
    path, errors = tmp_path / "facturelay.db", list[BaseException]()
    database_url = f"sqlite:///{path}"

    def first_command() -> None:
        try:
            upgrade(database_url)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=first_command) for _ in range(8)]
    with closing(sqlite3.connect(path, isolation_level=None)) as first:
        first.execute("BEGIN IMMEDIATE")
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        first.rollback()
    for thread in threads:
        thread.join()

    assert errors == []
    store = Store(database_url)
    assert is_current(store)
    store.close()


def test_the_wait_for_a_new_file_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "facturelay.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store = Store(f"sqlite:///{path}")
        with pytest.raises(Unavailable), store.read():
            pass
        store.close()
