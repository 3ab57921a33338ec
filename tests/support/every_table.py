"""Rows in every table, of whatever its columns can hold: for what must lose nothing of a table that somebody adds later."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    func,
    insert,
    select,
)

from worker.message import Message
from worker.store.database.column_types import Amount, Instant, MessageText
from worker.store.database.engine import Store
from worker.store.database.tables import metadata

# What a file of tables may stumble over: quotes, tabs, ends of lines, a backslash and what follows it, letters of three and four bytes.
AWKWARD = "'\"\t\\N\\.\r\n € 𝄞 é"
WORDS = re.compile(r"(\w+) IN \('(\w+)'")


def fill_every_table(store: Store) -> None:
    """One row with something in each column, then one without whatever may be missing; more where rows are there already."""
    with store.write() as connection:
        for table in metadata.sorted_tables:
            for number in (1, 2):
                connection.execute(insert(table).values(row(connection, table, number)))


def row(connection: Connection, table: Table, number: int) -> dict[str, Any]:
    words = dict(found for one in checks(table) for found in WORDS.findall(one))
    return {
        column.name: words.get(column.name) or value(connection, column, number)
        for column in table.columns
        if not (column.nullable and number == 2)
    }


def checks(table: Table) -> list[str]:
    return [str(one.sqltext) for one in table.constraints if isinstance(one, CheckConstraint)]


def value(connection: Connection, column: Column[Any], number: int) -> Any:
    if column.foreign_keys:
        other = next(iter(column.foreign_keys)).column
        named = other.in_(select(column).where(column.is_not(None)))
        # One of its own, where there is one: some may be named once only.
        return connection.execute(select(other).order_by(named, other).limit(1)).scalar_one_or_none()
    return plain_value(column.type, number + count(connection, column.table))


def plain_value(kind: Any, number: int) -> Any:
    match kind:
        case Instant():
            return datetime(2026, 3, 29, 1, 59, 59, 999_990, tzinfo=UTC) + timedelta(microseconds=number)
        case Amount():
            return Decimal("-12345678901234.565") + number
        case MessageText():
            return Message("Not {what}.", what=AWKWARD)
        case Date():
            return date(2024, 2, 29) + timedelta(days=number)
        case Boolean():
            return number % 2 == 1
        case LargeBinary():
            return bytes(range(256)) * number
        case String(length=None):
            return f"{number} {AWKWARD * 100}"
        case String():
            return f"{number}€{AWKWARD}"[: kind.length]
        case Integer():
            return number
    return number


def count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
