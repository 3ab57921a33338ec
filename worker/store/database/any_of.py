"""That a column has one of many values, which are given as one: each statement is written, sent and planned as long as it is."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Boolean, ColumnElement, Dialect, FromClause, String, TypeDecorator, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeEngine


class Several(TypeDecorator[list[Any]]):
    """Several texts or numbers, of the type *each*, as one value: an array, or for SQLite, which has none, their JSON."""

    impl = String
    cache_ok = True

    def __init__(self, each: TypeEngine[Any]) -> None:
        super().__init__()
        self.each = each

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else ARRAY(self.each))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        return json.dumps(values) if dialect.name == "sqlite" else values


class AnyOf(ColumnElement[bool]):
    """That *column* is one of *values*, which are one value of the type `Several`."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals = [  # noqa: RUF012  # as SQLAlchemy's own elements say it
        ("column", InternalTraversal.dp_clauseelement),
        ("values", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], values: BindParameter[list[Any]]) -> None:
        self.column, self.values = column, values

    @property
    def _from_objects(self) -> list[FromClause]:
        return self.column._from_objects  # noqa: SLF001  # how an element of SQLAlchemy says which tables it is of

    def self_group(self, against: Any = None) -> "AnyOf":
        """A condition as it is: written as `… = 1`, SQLite would find nothing by it in an index."""
        return self


def any_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """That *column* is one of *values*, however many they are."""
    # A text without its length, as in `among`.
    each = String() if isinstance(column.type, String) else column.type
    return AnyOf(column, literal(list(values), Several(each)))


@compiles(AnyOf)
def any_of_array(element: AnyOf, compiler: SQLCompiler, **more: Any) -> str:
    return f"{compiler.process(element.column, **more)} = ANY ({compiler.process(element.values, **more)})"


@compiles(AnyOf, "sqlite")
def in_json(element: AnyOf, compiler: SQLCompiler, **more: Any) -> str:
    column, values = compiler.process(element.column, **more), compiler.process(element.values, **more)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # what SQLAlchemy wrote
