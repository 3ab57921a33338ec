"""Opening a new SQLite file while others do so too."""

import inspect
import itertools
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Executable, column, delete, func, insert, select, text

from tests.services.postgres import Postgres
from worker.errors import DatabaseAway, TimeIsUp, Unavailable
from worker.store.database import engine
from worker.store.database.engine import Store
from worker.store.database.made_once import made_once
from worker.store.database.migrate import is_current, upgrade
from worker.store.database.tables import leases


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


def test_wherever_time_is_up_for_who_reads_the_next_writer_has_the_lock_from_its_beginning(tmp_path: Path) -> None:
    """Otherwise it fails where another wrote after it had read, and all that the worker does on that connection from then on."""
    store, path = Store(f"sqlite:///{tmp_path}/facturelay.db"), tmp_path / "facturelay.db"
    lines = 0
    while is_up_at_line(lines, store):
        with store.write() as connection, closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            connection.execute(text("SELECT 1"))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        lines += 1
    assert lines > 10
    store.close()


def is_up_at_line(number: int, store: Store) -> bool:
    """Read, and let the time be up before line *number* of what `Store.read` does itself; False where it has no such line."""
    passed = itertools.count()
    ways: list[Any] = [Store.read, Store.connection, Store.take_kept, Store.keep]
    codes = [inspect.unwrap(way).__code__ for way in ways]

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code not in codes:
            return None
        if event == "line" and next(passed) == number:
            raise TimeIsUp
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with store.read() as connection:
            connection.execute(text("SELECT 1"))
    except TimeIsUp:
        return True
    finally:
        sys.settrace(before)
    return False


# Read row by row by SQLite: the alarm rings while it is in the middle of it. PostgreSQL sleeps meanwhile.
LONG = {
    "sqlite": text(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300000) SELECT count(*) AS n FROM n UNION ALL SELECT 2"
    ),
    "postgresql": text("SELECT 1 AS n FROM pg_sleep(60)"),
}


@pytest.mark.parametrize("made", [lambda query: query, made_once], ids=["anew", "once"])
def test_what_is_broken_off_in_a_statement_keeps_no_lock(
    made: Callable[[Executable], Executable], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 200)

    def ring(*_: object) -> None:
        raise TimeIsUp

    store = Store(database_url)
    query = made(LONG[store.engine.dialect.name].columns(column("n")))
    before = signal.signal(signal.SIGALRM, ring)
    try:
        with store.write() as connection:
            take_lock(connection)
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            connection.execute(query)
        pytest.fail("the alarm did not ring within the statement")
    except TimeIsUp:
        # The statement is alive in what was raised, as it is where a job whose time is up is put back.
        with store.write() as connection:
            take_lock(connection)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        store.close()


def take_lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text("LOCK TABLE leases IN ACCESS EXCLUSIVE MODE"))
    else:
        connection.execute(delete(leases))


def test_a_snapshot_sees_one_moment(database_url: str) -> None:
    store = Store(database_url)
    with store.snapshot() as connection:
        before = connection.execute(COUNT_LEASES).scalar_one()
        add_lease(store)
        assert connection.execute(COUNT_LEASES).scalar_one() == before
    with store.read() as connection:
        assert connection.execute(COUNT_LEASES).scalar_one() == before + 1
    store.close()


def test_a_reader_begins_nothing_on_postgresql_and_whoever_writes_after_it_does(database_url: str) -> None:
    """To begin and to end what only reads are two questions more."""
    store = Store(database_url)
    if not store.is_sqlite:
        with store.read() as connection:
            connection.execute(COUNT_LEASES)
            assert status_of(connection) is TransactionStatus.IDLE
        with suppress(ZeroDivisionError), store.write() as connection:
            connection.execute(LEASES_INSERT)
            assert status_of(connection) is TransactionStatus.INTRANS
            raise ZeroDivisionError
    with store.read() as connection:
        assert connection.execute(COUNT_LEASES).scalar_one() == 0
    store.close()


def test_after_a_restart_of_the_database_who_has_not_asked_just_now_notices_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(database_url)
    if not store.is_sqlite:
        for is_just_now in (True, False):
            monkeypatch.setattr(engine, "SURELY_ALIVE_S", 60 if is_just_now else 0)
            cut_off(store)
            with pytest.raises(Unavailable) if is_just_now else nullcontext(), store.read() as connection:
                connection.execute(COUNT_LEASES)
    with store.read() as connection:
        connection.execute(COUNT_LEASES)
    store.close()


def test_a_restart_of_the_database_fails_one_request_however_many_connections_are_kept(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SURELY_ALIVE_S", 60)
    store = Store(postgres.url())
    with ExitStack() as many:
        pids = {pid_of(many.enter_context(store.read())) for _ in range(engine.MOST_KEPT)}
    end(store, *pids)
    with pytest.raises(Unavailable), store.read() as connection:
        pid_of(connection)
    for _ in pids:
        with store.read() as connection:
            assert pid_of(connection) not in pids
    store.close()


def test_of_a_database_that_is_away_the_log_says_why_and_nobody_else(tmp_path: Path) -> None:
    away = {
        "postgresql+psycopg://me:geheim@127.0.0.1:1/x": "port 1 failed: Connection refused",
        f"sqlite:///{tmp_path}": "unable to open database file",
    }
    for url, why in away.items():
        store = Store(url)
        with pytest.raises(DatabaseAway) as told, store.read():
            pass
        assert why in told.value.for_log
        assert why not in str(told.value.message)
        assert "geheim" not in told.value.for_log
        store.close()


def test_what_a_full_disk_refuses_is_named_in_the_log(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'full.db'}")
    with store.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(DatabaseAway) as told, store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE more (text TEXT)")
    assert told.value.for_log == f"{told.value.message} (database or disk is full)"
    store.close()


def test_a_connection_is_kept_for_the_next_unless_something_went_wrong_on_it(database_url: str) -> None:
    store = Store(database_url)
    with store.read() as first, store.write() as second:
        assert first is not second
    with store.write() as next_one:
        assert next_one is first
        assert [one for _, one in store.kept] == [second]
    with suppress(ZeroDivisionError), store.read():
        raise ZeroDivisionError
    assert first.closed
    with ExitStack() as many:
        for _ in range(engine.MOST_KEPT + 2):
            many.enter_context(store.read())
    assert len(store.kept) == engine.MOST_KEPT
    store.close()
    assert second.closed


def test_where_all_connections_are_in_use_the_first_that_is_free_is_for_who_waits(database_url: str) -> None:
    store = Store(database_url)
    with ExitStack() as many:
        for _ in range(engine.MOST_AT_ONCE - 1):
            many.enter_context(store.read())
        with store.read() as last:
            pass
        assert last.closed
        assert store.kept == []
    store.close()


COUNT_LEASES = select(func.count()).select_from(leases)
LEASES_INSERT = insert(leases).values(name="worker:1", holder="me", until=datetime(2026, 11, 30, tzinfo=UTC))


def add_lease(store: Store) -> None:
    with store.write() as connection:
        connection.execute(LEASES_INSERT)


def status_of(connection: Connection) -> TransactionStatus:
    opened: Any = connection.connection.dbapi_connection
    return TransactionStatus(opened.info.transaction_status)


def pid_of(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def cut_off(store: Store) -> None:
    """End the connection that *store* keeps, as a restart does."""
    with store.read() as connection:
        pid = pid_of(connection)
    end(store, pid)


def end(store: Store, *pids: int) -> None:
    other = Store(store.url.render_as_string(hide_password=False))
    with other.read() as connection:
        for pid in pids:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    other.close()
