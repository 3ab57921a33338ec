"""Expressions over columns of text, in the words of either database."""

from typing import Any

from sqlalchemy import ColumnElement, FunctionElement, Text, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

MOST_SORTED = 200


def folded(column: ColumnElement[str]) -> ColumnElement[str]:
    """Its text in small letters, to sort by: as much of it as the address of the next page can hold."""
    return func.lower(func.substr(column, 1, MOST_SORTED, type_=column.type), type_=column.type)


def has_letters(text: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """Whether *text*, in whatever capitals, has *word*, which is in small letters."""
    small = "".join(letter for letter in dict.fromkeys(word) if not letter.isascii() and len(letter.upper()) == 1)
    return SmallLetters(text, literal(small.upper()), literal(small)).contains(word, autoescape=True)


class SmallLetters(FunctionElement[str]):
    """A text in small letters; then capitals and the small letters of them, of which the database may know nothing."""

    inherit_cache = True
    type = Text()


@compiles(SmallLetters, "sqlite")
def small_in_sqlite(element: SmallLetters, compiler: SQLCompiler, **more: Any) -> str:
    """By Python's own `lower`, which knows them all (`prepare_sqlite`)."""
    text, _capitals, _small = element.clauses
    return f"lower({compiler.process(text, **more)})"


@compiles(SmallLetters, "postgresql")
def small_in_postgresql(element: SmallLetters, compiler: SQLCompiler, **more: Any) -> str:
    """Its `lower` knows the letters of ASCII alone where the database was made with the locale C."""
    return f"lower(translate({', '.join(compiler.process(clause, **more) for clause in element.clauses)}))"


class JsonText(FunctionElement[str]):
    """See `json_text`."""

    inherit_cache = True
    type = Text()


def json_text(column: ColumnElement[str], *path: str) -> ColumnElement[str]:
    """What stands at *path* in a column of JSON that is stored as text; empty where nothing does."""
    return func.coalesce(JsonText(column, *(literal(name) for name in path)), "", type_=Text())


@compiles(JsonText, "sqlite")
def in_sqlite(element: JsonText, compiler: SQLCompiler, **more: Any) -> str:
    column, *path = (compiler.process(clause, **more) for clause in element.clauses)
    where = " || '.' || ".join(path)
    return f"json_extract({column}, '$.' || {where})"


@compiles(JsonText, "postgresql")
def in_postgresql(element: JsonText, compiler: SQLCompiler, **more: Any) -> str:
    column, *path = (compiler.process(clause, **more) for clause in element.clauses)
    return f"json_extract_path_text(({column})::json, {', '.join(path)})"
