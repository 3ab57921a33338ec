"""The mark on a SQLite database that was moved to another one: whoever went on with it would give its numbers a second time."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from worker.errors import Rejected

# No table of ours: it is there only where all of them were moved.
MARK = "CREATE TABLE moved (address TEXT NOT NULL, at TEXT NOT NULL, is_done INTEGER NOT NULL)"
# A version from before there were marks asks for none; past this no version gives a number.
NO_DOCUMENT = (
    "CREATE TRIGGER moved_documents BEFORE INSERT ON documents "
    "BEGIN SELECT RAISE(ABORT, 'documents: this database was moved to another'); END"
)


@dataclass(frozen=True)
class Mark:
    """Where all of it is, without user and password. Until *is_done* nobody knows whether it arrived."""

    address: str
    at: str
    is_done: bool


def read(connection: sqlite3.Connection) -> Mark | None:
    """The mark on this database, if it was moved."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'moved'").fetchone() is None:
        return None
    address, at, is_done = connection.execute("SELECT address, at, is_done FROM moved").fetchone()
    return Mark(address, at, bool(is_done))


def write(connection: sqlite3.Connection, address: str, *, now: datetime) -> None:
    """From the commit on nothing goes on with this database. Call before the commit of the other one."""
    connection.execute(MARK)
    connection.execute("INSERT INTO moved VALUES (?, ?, 0)", (address, now.isoformat(timespec="seconds")))
    connection.execute(NO_DOCUMENT)


def finish(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE moved SET is_done = 1")


def refuse(connection: sqlite3.Connection) -> None:
    """Raise Rejected where the database was moved, or was about to be."""
    mark = read(connection)
    if mark is None:
        return
    where = {"address": mark.address, "day": mark.at[:10]}
    if mark.is_done:
        raise Rejected(
            "This database was moved to {address} on {day}, and nothing goes on with the old one: its numbers would be given twice. Set "
            "DATABASE_URL to where it is now.",
            **where,
            code="database_moved",
        )
    raise Rejected(
        "Moving this database to {address} was broken off at its last step, on {day}. Call facturelay move-database with the same address "
        "again: it looks whether all of it arrived.",
        **where,
        code="database_half_moved",
    )


def refuse_file(path: Path) -> None:
    """The same of a database that nobody has opened yet. What cannot be looked at now is left to whoever opens it: it is refused again then."""
    if path.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0)) as connection:
            refuse(connection)
