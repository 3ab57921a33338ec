"""Expressions over columns of text, on either database."""

import pytest
from sqlalchemy import literal, select

from tests.support.history import History
from worker.store.database.text_columns import has_letters


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("émilie", True),
        ("čaj", True),
        ("milie č", True),
        ("àéèêëîïôùû", True),
        ("αβγδεζηθικς", True),
        ("emilie", False),
        ("é%", False),
    ],
)
def test_small_letters_find_capitals_whatever_the_locale_of_the_database(
    history: History, word: str, found: bool
) -> None:
    with history.store.read() as connection:
        text = literal("ÉMILIE ČAJ ΑΒΓΔΕΖΗΘΙΚΣ ÀÉÈÊËÎÏÔÙÛ")
        if connection.dialect.name == "postgresql":
            text = text.collate("C")  # type: ignore[assignment]  # a literal of its own kind
        assert connection.execute(select(has_letters(text, word))).scalar_one() == found
