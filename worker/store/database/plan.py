"""Words to the databases about how to find rows. SQLite keeps no statistics unless asked, and then takes one index for as good as another."""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, CompoundSelect, Connection, FromClause, any_, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

T = TypeVar("T")


class Unindexed(ColumnElement[T]):
    """See `unindexed`."""

    inherit_cache = True
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012  # as SQLAlchemy's own elements say it

    def __init__(self, column: ColumnElement[T]) -> None:
        self.column, self.type = column, column.type

    @property
    def _from_objects(self) -> list[FromClause]:
        return self.column._from_objects  # noqa: SLF001  # how an element of SQLAlchemy says which tables it is of


def unindexed(column: ColumnElement[T]) -> ColumnElement[T]:
    """*column*, which SQLite is not to look up in an index (nor sort or group by one): another one leads to fewer rows."""
    return Unindexed(column)


def is_found(connection: Connection, column: ColumnElement[T], found: CompoundSelect[Any]) -> ColumnElement[bool]:
    """That *column*, which is unique, is among what is *found*, where few rows are asked for in the order of it.

    PostgreSQL finds all of them first, as an array; to meet the first few it would go through the whole table in that order: 300,000 rows.
    """
    if connection.dialect.name == "sqlite":
        return column.in_(found.scalar_subquery())
    return column == any_(func.array(found.scalar_subquery()))


@compiles(Unindexed)
def as_it_is(element: Unindexed[Any], compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.column, **more)


@compiles(Unindexed, "sqlite")
def with_plus(element: Unindexed[Any], compiler: SQLCompiler, **more: Any) -> str:
    # https://www.sqlite.org/optoverview.html (read on 2026-11-28): a unary plus keeps a term from an index and changes nothing.
    return f"+{compiler.process(element.column, **more)}"
