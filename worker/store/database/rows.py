"""Rows as the store reads and adds them, on both databases alike."""

from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

T = TypeVar("T")


def read_row(kind: type[T], row: Row[Any], /, **read: object) -> T:
    """*row* as the dataclass *kind*, whose fields are named like the columns; *read* are those that are not as they are stored."""
    names: dict[str, Any] = getattr(kind, "__dataclass_fields__", {})
    return kind(**{name: getattr(row, name) for name in names if name not in read}, **read)


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can be told what to do on a conflict: SQLAlchemy has a class of it for each database."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
