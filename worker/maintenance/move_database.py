"""Move an installation out of its SQLite file into PostgreSQL: all of it or nothing, read again there, and never gone on with in both."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Table,
    TypeDecorator,
    cast,
    exists,
    func,
    inspect,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.engine import make_url

from worker.errors import DatabaseAway, Rejected, Unavailable
from worker.queue.job_progress import OnProgress, tell_nobody
from worker.settings import Settings
from worker.store.database import moved
from worker.store.database.column_types import Instant
from worker.store.database.engine import Store
from worker.store.database.migrate import as_owner, bring_up_to_date, head, revision
from worker.store.database.pagination import streamed
from worker.store.database.tables import metadata
from worker.store.files import private

TOLD_EVERY = 1_000  # rows
NAMES = ", ".join(f'"{name}"' for name in metadata.tables)
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Moved:
    """Where it is now, without user and password, and how many rows of each table."""

    address: str
    rows: dict[str, int]


def move_database(settings: Settings, target: str, *, now: datetime, on_progress: OnProgress = tell_nobody) -> Moved:
    """Move all rows to the PostgreSQL of *target*, as in DATABASE_URL. Raises Rejected, and Unavailable where that does not answer."""
    private.refuse_other_owner(settings.data)
    address = refuse_other_kinds(settings.database_url, target)
    # Nobody comes between: the file is open here alone until the end.
    old, new = Store(settings.database_url, alone=True), Store(target)
    try:
        # The old one is closed first, for good: between the two commits there is none to go on with, and never two.
        with answering(address), as_owner(), new.write() as to, old.write() as of:
            file = file_of(of)
            is_left = is_left_half(file, address)
            refuse_other_version(of)
            # What is not there yet may be about to be: a server goes on with the commit of a call that was killed.
            arrived = is_left and (holds_rows(to) or prepare(to, address))
            if not is_left and prepare(to, address):
                refuse_used(address)
            copied = Copy(of, to, on_progress, add=not arrived)
            rows = {table.name: copied.table(table) for table in metadata.sorted_tables}
            go_on_from(to)
            if not is_left:
                moved.write(file, address, now=now)
        with old.write() as of:
            moved.finish(file_of(of))
    finally:
        new.close()
        old.close()
    return Moved(address, rows)


def refuse_other_kinds(source: str, target: str) -> str:
    """The address of *target* without user and password. Raises Rejected."""
    if make_url(source).get_backend_name() != "sqlite":
        raise Rejected(
            "DATABASE_URL names a PostgreSQL database, and only a SQLite one can be moved. Leave DATABASE_URL as it was until it is moved.",
            code="move_from_other",
        )
    url = make_url(target)
    if url.get_backend_name() != "postgresql":
        raise Rejected("A database can only be moved to PostgreSQL.", code="move_to_other")
    return address_of(url)


def address_of(url: URL) -> str:
    host = url.host or url.query.get("host") or ""
    return f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"


@contextmanager
def answering(address: str) -> Iterator[None]:
    """Say of the other database that it does not answer, as nobody else knows its address."""
    try:
        yield
    except DatabaseAway as error:
        reason = getattr(error.__cause__, "orig", error.__cause__)
        if isinstance(reason, sqlite3.Error):
            raise
        raise does_not_answer(address, reason) from error


def does_not_answer(address: str, reason: BaseException | None) -> Unavailable:
    return Unavailable(
        "The database at {address} does not answer: {reason}. Call the same again once it does.",
        address=address,
        reason=reason,
        code="move_away",
    )


def file_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own, in the same transaction."""
    opened = connection.connection.driver_connection
    assert isinstance(opened, sqlite3.Connection)  # noqa: S101  # for mypy: a Store that is alone is of SQLite
    return opened


def is_left_half(file: sqlite3.Connection, address: str) -> bool:
    """Whether an earlier move to *address* was broken off between the two commits. Raises Rejected where it was moved, or to elsewhere."""
    mark = moved.read(file)
    if mark is not None and (mark.is_done or mark.address != address):
        moved.refuse(file)
    return mark is not None


def refuse_other_version(of: Connection) -> None:
    bring_up_to_date(of)
    if revision(of) != head():
        raise Rejected(
            "This database is of a later version of Facturelay. Move it with that version.", code="move_other_version"
        )


def prepare(to: Connection, address: str) -> bool:
    """All tables, in which nobody else writes until the end; whether a row is there. Raises Rejected where something else is there."""
    if inspect(to).get_table_names() and revision(to) != head():
        raise Rejected(
            "The database at {address} is not empty, and not of this version of Facturelay. Name an empty one.",
            address=address,
            code="move_target_other",
        )
    bring_up_to_date(to)
    to.execute(text(f"LOCK TABLE {NAMES} IN SHARE ROW EXCLUSIVE MODE"))
    return holds_rows(to)


def refuse_used(address: str) -> NoReturn:
    raise Rejected(
        "The database at {address} is in use already. Name an empty one, so that nothing is mixed.",
        address=address,
        code="move_target_used",
    )


def holds_rows(connection: Connection) -> bool:
    """Whether any table of ours has a row."""
    there = set(inspect(connection).get_table_names())
    ours = (table for table in metadata.sorted_tables if table.name in there)
    return any(connection.execute(select(exists(select(1).select_from(table)))).scalar_one() for table in ours)


class Tally:
    """How many rows there are, and what is in them, in whatever order they come: both databases sort in their own way."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.rows, self.digest, self.tell = 0, 0, tell

    def of(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            self.rows += 1
            self.digest += int.from_bytes(hashlib.sha256(repr(row).encode()).digest(), "big")
            if self.rows % TOLD_EVERY == 0:
                self.tell(TOLD_EVERY)
            yield row
        self.tell(self.rows % TOLD_EVERY)

    def equals(self, other: "Tally") -> bool:
        return (self.rows, self.digest) == (other.rows, other.digest)


class Copy:
    """From one database to the other, table by table. Where nothing is to be added, only compared."""

    def __init__(self, of: Connection, to: Connection, on_progress: OnProgress, *, add: bool) -> None:
        self.of, self.to, self.on_progress, self.add = of, to, on_progress, add
        self.done, self.all = 0, 2 * sum(count(of, table) for table in metadata.sorted_tables)

    def table(self, table: Table) -> int:
        """How many rows of *table* are in both, all alike. Raises Rejected."""
        sent, arrived = Tally(self.tell), Tally(self.tell)
        rows = sent.of(stored(self.of, table))
        if self.add:
            put(self.to, table, rows)
        else:
            exhaust(rows)
        exhaust(arrived.of(stored(self.to, table)))
        if not sent.equals(arrived) and not self.add:
            raise Rejected(
                "What is in the database at {address} is not, or no more, what is in this one. Does Facturelay run there already, all is well: "
                "set DATABASE_URL to it, for everything that runs.",
                address=address_of(self.to.engine.url),
                code="move_went_on",
            )
        if not sent.equals(arrived):
            raise Rejected(
                "What is in the table {table} is not the same in both databases (rows: {before}, {after}). Nothing was moved.",
                table=table.name,
                before=sent.rows,
                after=arrived.rows,
                code="move_differs",
            )
        return sent.rows

    def tell(self, more: int) -> None:
        self.done += more
        self.on_progress(self.done, self.all)


def exhaust(rows: Iterator[Row]) -> None:
    for _ in rows:
        pass


def count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def stored(connection: Connection, table: Table) -> Iterator[Row]:
    """All rows as they are stored: what a column means is not looked at, but instants, which each database writes in its own way."""
    return map(tuple, streamed(connection, select(*map(as_stored, table.columns))))


def as_stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    kind = column.type
    return (
        column if isinstance(kind, Instant) or not isinstance(kind, TypeDecorator) else type_coerce(column, kind.impl)
    )


def put(to: Connection, table: Table, rows: Iterator[Row]) -> None:
    """Add *rows*. Raises Rejected where PostgreSQL does not take one, as of text that is too long, which SQLite lets pass."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    opened: Any = to.connection.driver_connection  # psycopg's own: SQLAlchemy knows no COPY
    driver = to.dialect.loaded_dbapi
    try:
        with opened.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except driver.OperationalError as error:
        raise does_not_answer(address_of(to.engine.url), error) from error
    except driver.Error as error:
        raise Rejected(
            "PostgreSQL does not take what is in the table {table}: {reason}. Nothing was moved.",
            table=table.name,
            reason=str(error).partition("\n")[0],
            code="move_not_taken",
        ) from error


def go_on_from(to: Connection) -> None:
    """Ids that are given from now on follow the highest, and PostgreSQL knows how much is where before anything is asked."""
    for table in metadata.sorted_tables:
        key = table.autoincrement_column
        if key is not None:
            # NULL, which changes nothing, where there is no row, or no sequence: ids of another table.
            sequence = cast(func.pg_get_serial_sequence(table.name, key.name), REGCLASS)
            to.execute(select(func.setval(sequence, select(func.max(key)).scalar_subquery())))
    to.execute(text(f"ANALYZE {NAMES}"))
