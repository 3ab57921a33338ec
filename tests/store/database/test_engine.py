"""Opening a new SQLite file while others do so too."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

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


def test_the_wait_for_another_writer_ends_and_other_waits_are_as_long_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(f"sqlite:///{tmp_path}/facturelay.db")
    with closing(sqlite3.connect(tmp_path / "facturelay.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
        with pytest.raises(Unavailable), store.write():
            pass
        other.rollback()
        with store.write() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 50
    store.close()


def test_writers_of_many_connections_take_turns_and_lose_nothing(tmp_path: Path) -> None:
    stores = [Store(f"sqlite:///{tmp_path}/facturelay.db") for _ in range(4)]
    with stores[0].write() as connection:
        connection.execute(text("CREATE TABLE counted (n INTEGER)"))
        connection.execute(text("INSERT INTO counted VALUES (0)"))

    def count(store: Store) -> None:
        for _ in range(10):
            with store.write() as connection:
                before = connection.execute(text("SELECT n FROM counted")).scalar_one()
                connection.execute(text("UPDATE counted SET n = :n"), {"n": before + 1})

    with ThreadPoolExecutor(len(stores)) as threads:
        list(threads.map(count, stores))

    with stores[0].read() as connection:
        assert connection.execute(text("SELECT n FROM counted")).scalar_one() == 40
    for store in stores:
        store.close()
