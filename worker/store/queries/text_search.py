"""Finding work and what happened by what a person typed: the words of its order, a number, or what the row itself says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, FromClause, Subquery, Text, and_, func, or_, select, type_coerce

from worker.store import order_search
from worker.store.database.pagination import RowConditions
from worker.store.database.shop_scope import Shops
from worker.store.database.text_columns import has_letters, json_text
from worker.store.order_search import MOST_TERMS, Search, has_term, typed_words


@dataclass(frozen=True)
class Typed:
    """What was typed. *sentences*: for a word of it, the keys of the messages that have it in the reader's language."""

    text: str = ""
    sentences: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.text)


def words_of(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.lower().split()))[:MOST_TERMS]


NOTHING_TYPED = Typed()


def few_orders(connection: Connection, shops: Shops, typed: Typed) -> tuple[Search, Subquery] | None:
    """The few orders that what was typed finds; None where it finds none, or very many."""
    search = order_search.search(connection, shops, typed.text)
    if search is None or search.candidates is None:
        return None
    few = search.candidates
    is_any = connection.execute(select(few.c.order_id).where(*search.conditions(few)).limit(1)).first()
    return (search, few) if is_any else None


def row_conditions(typed: Typed, *columns: str) -> RowConditions | None:
    """That each word is one of a row's order, stands in one of its *columns*, or in its message as it is told; None: nothing typed."""
    if not typed.words:
        return None
    return RowConditions(
        ("shop_id", "order_id", "message", *columns),
        lambda row: [or_(*ways_to_match(row, word, typed.sentences.get(word, ()), columns)) for word in typed.words],
    )


def ways_to_match(row: FromClause, word: str, keys: Sequence[str], columns: Sequence[str]) -> list[ColumnElement[bool]]:
    terms = typed_words(word)
    message = func.nullif(type_coerce(row.c.message, Text), "", type_=Text())
    texts = [json_text(message, "values"), *(type_coerce(row.c[name], Text) for name in columns)]
    found = [has_letters(text, word) for text in texts]
    if terms:
        found.append(and_(*(has_term(row, term) for term in terms)))
    return [*found, json_text(message, "key").in_(keys)] if keys else found
