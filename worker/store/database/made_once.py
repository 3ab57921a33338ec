"""What statements are made of that are made once, at the head of their module: to build one takes longer than to run it."""

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, literal_column

from worker.store.database.tables import Instant

NOW: BindParameter[Any] = bindparam("now", type_=Instant())


def given(*columns: ColumnElement[Any], prefix: str = "") -> tuple[ColumnElement[bool], ...]:
    """That each column has the value that is given by its name when the statement is run.

    An UPDATE sets the columns that are given by their own names, so what it looks for has a *prefix*.
    """
    return tuple(column == bindparam(f"{prefix}{column.name}") for column in columns)


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """That *column* has one of the values that are given by *name*."""
    return column.in_(bindparam(name, expanding=True))


def is_word(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """That *column* has this *word* of our own, which stands in the statement itself: where an index is of rows with such a word alone,
    SQLite plans a statement anew each time that the word is given, and PostgreSQL may plan it for any.
    """
    return column == literal_column(f"'{word}'")
