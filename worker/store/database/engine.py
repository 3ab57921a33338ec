"""Opening the database. Writers take the lock at once (BEGIN IMMEDIATE): a deferred SQLite transaction fails when it upgrades."""

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, PoolProxiedConnection, QueuePool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from worker.errors import DatabaseAway, Rejected, TimeIsUp
from worker.store.database import moved

BUSY_TIMEOUT_MS = 30_000
LOOK_AGAIN_S = 0.002
CANCEL_TIMEOUT_S = 2.0
# So soon after its last use a connection of PostgreSQL is not asked whether it is alive: that would be a sixth of all that an order asks.
SURELY_ALIVE_S = 1.0
# Of connections that nobody uses just now. No more than SQLAlchemy keeps itself.
MOST_KEPT = 5
# Of connections in all, with those that are kept; whoever needs one more waits until SQLAlchemy is given one back.
MOST_AT_ONCE = 15
# An order's way alone asks a hundred; of 128, which is usual for SQLite, whatever is done in between would push them out.
KEPT_STATEMENTS = 512
# PostgreSQL plans what a page asks for its own values, of a shop of ten orders or of a million. Only what is `made_once` is prepared.
NEVER = sys.maxsize


class Store:
    """The database of one process. `read()` and `write()` give a connection inside one transaction each."""

    def __init__(self, database_url: str, *, alone: bool = False) -> None:
        """*alone*: of a SQLite file nobody else may read or write anything, and it may be one that was moved."""
        self.url = make_url(database_url)
        self.engine = open_engine(database_url, alone=alone)
        self.kept: list[tuple[float, Connection]] = []

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that only reads; many may read while one writes. Raises Unavailable when the database is away.

        On PostgreSQL each statement sees what is committed by then, and a result is held whole: `snapshot` is for more.
        """
        with self.connection() as connection:
            set_only_reads(connection, to=True)
            # Committed though nothing was written: after a rollback psycopg forgets what PostgreSQL had prepared.
            with connection.begin():
                yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """The same, where all that is read is of one moment, and rows may be `streamed`."""
        with self.connection() as connection:
            set_only_reads(connection, to=self.is_sqlite)  # whose readers always see one moment
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed when the block ends, rolled back when it raises. Raises Unavailable when the database is away."""
        with self.connection() as connection:
            set_only_reads(connection, to=False)
            with connection.begin():
                yield connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One that nobody else has. It is kept for the next after a block that did not raise: to get one of SQLAlchemy and to give it
        back takes as long as three statements.
        """
        try:
            connection = self.take_kept() or self.engine.connect()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self.keep(connection)
        except (OperationalError, sqlite3.OperationalError) as error:
            if getattr(error, "connection_invalidated", False):
                self.forget_kept()  # died with it: each would fail one request more, and SQLAlchemy asks those that it has itself
            raise DatabaseAway("The database does not answer right now; it is tried again.") from error

    def take_kept(self) -> Connection | None:
        """The one that was used last, of which nobody need ask whether it is alive. The others SQLAlchemy asks before it gives them again."""
        while True:
            try:
                used_at, connection = self.kept.pop()
            except IndexError:
                return None
            if self.is_sqlite or time.monotonic() - used_at < SURELY_ALIVE_S:
                return connection
            connection.close()

    def keep(self, connection: Connection) -> None:
        pool = self.engine.pool
        is_waited_for = isinstance(pool, QueuePool) and pool.checkedout() >= MOST_AT_ONCE
        if len(self.kept) < MOST_KEPT and not is_waited_for:
            self.kept.append((time.monotonic(), connection))
        else:
            connection.close()

    def forget_kept(self) -> None:
        with suppress(IndexError):  # other threads take of them meanwhile
            while True:
                self.kept.pop()[1].close()

    def close(self) -> None:
        self.forget_kept()
        self.engine.dispose()


def open_engine(database_url: str, *, alone: bool = False) -> Engine:
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        engine = create_engine(
            url,
            pool_size=MOST_KEPT,
            max_overflow=MOST_AT_ONCE - MOST_KEPT,
            connect_args={"connect_timeout": 5, "client_encoding": "utf8", "prepare_threshold": NEVER},
            # After a restart of PostgreSQL the pool holds dead connections.
            pool_pre_ping=True,
            # Values of rows are personal data; an error in the log names the statement only.
            hide_parameters=True,
        )
        event.listen(engine, "connect", prepare_postgresql)
        event.listen(engine, "invalidate", cancel)
        return engine
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    options = {"timeout": BUSY_TIMEOUT_MS / 1000, "factory": SqliteConnection, "cached_statements": KEPT_STATEMENTS}
    engine = create_engine(url, connect_args=options, hide_parameters=True)
    event.listen(engine, "connect", prepare_alone if alone else prepare_sqlite)
    # No listener: where there is one, every statement looks for listeners.
    engine.dialect.do_begin = begin_sqlite  # type: ignore[method-assign]
    return engine


class SqliteConnection(sqlite3.Connection):
    """Knows whether what is begun on it now will only read."""

    only_reads = False

    def close(self) -> None:
        """With a statement still open, as where TimeIsUp broke it off, SQLite would keep the transaction, and its lock, until the cursor is forgotten."""
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


def set_only_reads(connection: Connection, *, to: bool) -> None:
    """Said of each that is opened, and never taken back: TimeIsUp may be raised before that."""
    opened: Any = connection.connection.dbapi_connection
    if isinstance(opened, SqliteConnection):
        opened.only_reads = to
    elif opened.autocommit is not to:
        # To begin and to end a transaction are two questions of PostgreSQL more, and of several statements it makes nothing whole.
        opened.autocommit = to


def prepare_postgresql(connection: Any, _record: Any) -> None:
    connection.prepared_max = KEPT_STATEMENTS


def cancel(connection: Any, _record: Any, error: BaseException | None) -> None:
    """PostgreSQL ends a statement that TimeIsUp broke off, and keeps the locks of its transaction, unless it is told that nobody waits."""
    if isinstance(error, TimeIsUp):
        with suppress(Exception):  # the connection is closed in any case
            connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)


def prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    set_up_sqlite(connection)
    moved.refuse(connection)


def prepare_alone(connection: sqlite3.Connection, _record: Any) -> None:
    """Take the file from everybody else for as long as this is open. Raises Rejected where somebody has it open, if only to wait."""
    connection.execute("PRAGMA busy_timeout=0")
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        raise Rejected(
            "Something still uses this database. Stop everything of Facturelay, and whatever else has it open.",
            code="database_in_use",
        ) from error
    set_up_sqlite(connection)


def set_up_sqlite(connection: sqlite3.Connection) -> None:
    # None: the driver must not open transactions of its own; begin_sqlite says which kind.
    connection.isolation_level = None
    # Its own lower() knows no letters but a to z: who types “émilie” is to find ÉMILIE, as on a PostgreSQL with a locale.
    connection.create_function("lower", 1, lower, deterministic=True)
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    write_ahead(cursor)
    # FULL: with NORMAL the last commits can be lost on a power cut, and an invoice number may never be given twice.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def lower(value: object) -> str | None:
    return None if value is None else str(value).lower()


def write_ahead(cursor: sqlite3.Cursor) -> None:
    """Turn WAL on, waiting as long as for any lock. Raises sqlite3.OperationalError after that.

    In a new file this needs a lock that two may be about to take from each other; there SQLite fails at once, whatever the
    busy timeout says. The one that failed has let go of its half, so it may try again.
    """
    when_free(lambda: cursor.execute("PRAGMA journal_mode=WAL"))


def begin_sqlite(dbapi_connection: PoolProxiedConnection) -> None:
    opened = cast(SqliteConnection, dbapi_connection.dbapi_connection)
    if opened.only_reads:
        opened.execute("BEGIN")
    else:
        begin_writing(opened)


def begin_writing(connection: sqlite3.Connection) -> None:
    """Take the lock, waiting as long as for any. Raises sqlite3.OperationalError after that.

    SQLite itself looks again after up to a tenth of a second, and whoever came in between has the lock by then: where several
    write without a pause, some wait for seconds.
    """
    connection.execute("PRAGMA busy_timeout=0")
    try:
        when_free(lambda: connection.execute("BEGIN IMMEDIATE"))
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def when_free(act: Callable[[], object]) -> None:
    """Do *act*, and again while another has the lock. Raises sqlite3.OperationalError where that takes too long."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            act()
            return
        except sqlite3.OperationalError as error:
            # The low byte is the kind: also while another process puts right what a crash left (SQLITE_BUSY_RECOVERY).
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(LOOK_AGAIN_S)
