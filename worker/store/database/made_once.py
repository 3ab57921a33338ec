"""Statements that are made once, at the head of their module, and written once in the words of each database. SQLAlchemy takes longer to build
one than the database to run it; then ten times as long as the driver to find what it was written as, and to read what the database tells.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    String,
    bindparam,
    literal_column,
)
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from worker.store.database.any_of import AnyOf, Several
from worker.store.database.column_types import Instant

NOW: BindParameter[Any] = bindparam("now", type_=Instant())

Statement = TypeVar("Statement", bound=ClauseElement)
Convert = Callable[[Any], Any]


def made_once(statement: Statement) -> Statement:
    """*statement*, to be run with the values that are given by their names, as it is: nothing can be added to it.

    What comes of it is not SQLAlchemy's statement, but typed as that, so that its rows have their types.
    """
    return cast(Statement, MadeOnce(statement))


def given(*columns: ColumnElement[Any], prefix: str = "") -> tuple[ColumnElement[bool], ...]:
    """That each column has the value that is given by its name when the statement is run.

    An UPDATE sets the columns that are given by their own names, so what it looks for has a *prefix*.
    """
    return tuple(column == bindparam(f"{prefix}{column.name}") for column in columns)


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """That *column* has one of the values of the list that is given by *name*."""
    # Without its length: PostgreSQL cuts what is longer, and then finds what it is not.
    each = String() if isinstance(column.type, String) else column.type
    return AnyOf(column, bindparam(name, type_=Several(each)))


def is_word(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """That *column* has this *word* of our own, which stands in the statement itself: where an index is of rows with such a word alone,
    SQLite plans a statement anew each time that the word is given, and PostgreSQL may plan it for any.
    """
    return column == literal_column(f"'{word}'")


def is_one_of_words(column: ColumnElement[Any], words: Iterable[str]) -> ColumnElement[bool]:
    """That *column* has one of these *words*, which stand in the statement as well."""
    return column.in_([literal_column(f"'{word}'") for word in words])


class MadeOnce:
    """What `Connection.execute` takes for a statement."""

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement
        # By database, and by the names of what is given: an INSERT or UPDATE sets those.
        self.written: dict[tuple[str, ...], Written] = {}

    def _execute_on_connection(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]], _options: Mapping[str, Any]
    ) -> "Answer":
        """SQLAlchemy asks this of whatever it is to execute. *rows*: what is given, of each row that is added; none where nothing is."""
        key = (connection.dialect.name, *(rows[0] if rows else ()))
        if key not in self.written:
            self.written[key] = Written.of(self.statement, connection.dialect, key[1:])
        return self.written[key].run(connection, rows or ({},))


class Answer(IteratorResult[Any]):
    """Rows that were asked for, or how many were changed."""

    def __init__(self, metadata: SimpleResultMetaData, rows: Sequence[Sequence[Any]], rowcount: int) -> None:
        super().__init__(metadata, iter(rows))
        self.rowcount = rowcount


class Value(NamedTuple):
    """What the driver is given by *name*; where nobody has to give it, the statement itself says what."""

    name: str
    is_given: bool
    own: Any

    @classmethod
    def of(cls, name: str, bind: BindParameter[Any]) -> "Value":
        return cls(name, bind.required, bind.effective_value)


@dataclass
class Written:
    """A statement in the words of one database, what its driver is given, and the columns that it tells."""

    words: str
    values: tuple[Value, ...]
    # By place, what makes of a value what the driver takes.
    converts: tuple[tuple[int, Convert], ...]
    is_positional: bool
    columns: tuple[tuple[str, TypeEngine[Any]], ...]
    # For the driver: PostgreSQL plans it once per connection too.
    options: Mapping[str, Any]
    # By place, what reads a column that is not as it is told. The driver's own types are known when it first tells some.
    readers: tuple[tuple[int, Convert], ...] | None = None
    metadata: SimpleResultMetaData = field(init=False)

    def __post_init__(self) -> None:
        self.metadata = SimpleResultMetaData([name for name, _ in self.columns])

    @classmethod
    def of(cls, statement: Any, dialect: Dialect, names: Sequence[str]) -> "Written":
        compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(names))
        if compiled.post_compile_params or compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"SQLAlchemy writes something of it anew each time: {compiled}")
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        order = compiled.positiontup if compiled.positional else binds
        values = tuple(Value.of(name, binds[name]) for name in order or ())
        converts = by_place(binds[value.name].type.dialect_impl(dialect).bind_processor(dialect) for value in values)
        columns = tuple((column.key, column.type) for column in statement.exported_columns)
        options = {"prepare": True} if dialect.driver == "psycopg" else {}
        return cls(str(compiled), values, converts, compiled.positional, columns, options)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Answer:
        if len(rows) > 1 and self.columns:
            raise TypeError(f"of each of several rows SQLAlchemy alone tells something: {self.words}")
        if not connection.in_transaction():
            connection.begin()
        given_rows, many = [self.to_driver(row) for row in rows], len(rows) > 1
        cursor, words, values = connection.connection.cursor(), self.words, given_rows if many else given_rows[0]
        execute: Callable[..., object] = partial(cursor.execute, **self.options)
        try:
            for look in listeners(connection):
                words, values = look(connection, cursor, words, values, None, many)
            (cursor.executemany if many else execute)(words, values)
            told = cursor.fetchall() if self.columns else []
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, connection.dialect.loaded_dbapi.Error):
                cursor.close()  # of a value that the driver does not take; nothing was sent
                raise
            # Raises it in SQLAlchemy's words, and lets go of a connection that is lost, or on which TimeIsUp broke something off.
            connection._handle_dbapi_exception(error, words, values, cursor, None)  # noqa: SLF001
            raise
        answer = Answer(self.metadata, self.read(told, cursor.description, connection.dialect), cursor.rowcount)
        cursor.close()
        return answer

    def to_driver(self, row: Mapping[str, Any]) -> Any:
        given_values = [row[name] if is_given else own for name, is_given, own in self.values]
        for place, convert in self.converts:
            given_values[place] = convert(given_values[place])
        if self.is_positional:
            return given_values
        return {value.name: given_value for value, given_value in zip(self.values, given_values, strict=True)}

    def read(self, told: Sequence[Sequence[Any]], description: Any, dialect: Dialect) -> Sequence[Sequence[Any]]:
        if not told:
            return told
        if self.readers is None:
            self.readers = by_place(
                kind.dialect_impl(dialect).result_processor(dialect, described[1])
                for (_, kind), described in zip(self.columns, description, strict=True)
            )
        return [self.read_row(row) for row in told] if self.readers else told

    def read_row(self, row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for place, convert in self.readers or ():
            values[place] = convert(values[place])
        return values


def by_place(converts: Iterable[Convert | None]) -> tuple[tuple[int, Convert], ...]:
    return tuple((place, convert) for place, convert in enumerate(converts) if convert is not None)


def listeners(connection: Connection) -> Iterable[Callable[..., Any]]:
    """Who looks at what is sent, as tests do."""
    is_heard = connection._has_events or connection.engine._has_events  # noqa: SLF001  # to ask for them takes a while
    return connection.dispatch.before_cursor_execute if is_heard else ()
