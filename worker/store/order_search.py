"""Finding orders by what is typed: the words of each order in a table, and a search by how words begin.

A word is stored folded (lower case, no accents). What was typed is folded the same way, and every typed word must begin a
word of the order. An amount is a word too, that only an amount finds; a payment reference is one by its digits.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Subquery,
    and_,
    delete,
    func,
    insert,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from worker.domain.order import Order
from worker.store.database.made_once import among, given, made_once
from worker.store.database.shop_scope import Shops, within
from worker.store.database.tables import documents, order_search, orders, payment_references

LONGEST_WORD = 60
MOST_WORDS = 40
# Somebody who pastes a whole letter means its first words.
MOST_TERMS = 6
# Up to so many orders are read and sorted; a word of more orders than that is met often enough by scanning the list.
MAX_CANDIDATES = 2_000
# Sorts after everything that a word can continue with.
LAST_LETTER = "\U0010ffff"
# “121,00”, “€ 1.210,00”; not the day 22.11.2026.
AMOUNT = re.compile(r"(?<![\w.,/-])(\d{1,3}(?:[. \u00a0\u202f]\d{3})+|\d{1,12})[.,](\d\d)(?![\w.,/-])")
REFERENCE = re.compile(r"[+*]{0,3}(\d{3})/(\d{4})/(\d{5})[+*]{0,3}")
NO_DIGIT = re.compile(r"\D")
CURRENCIES = frozenset(("€", "eur"))
EDGES = "#.,;:()[]{}<>\"'“”‘’„«»!?*"


# Made once: a statement costs more to build than to run.
WORDS = made_once(select(order_search.c.word).where(*given(order_search.c.shop_id, order_search.c.order_id)))
# Of the documents of orders their numbers and totals, and the references under which they ask to be paid, which have no total.
MADE_FOR = made_once(
    union_all(
        select(documents.c.order_id, documents.c.number, documents.c.total).where(
            *given(documents.c.shop_id), among(documents.c.order_id, "order_ids")
        ),
        select(payment_references.c.order_id, payment_references.c.reference, null()).where(
            *given(payment_references.c.shop_id), among(payment_references.c.order_id, "order_ids")
        ),
    )
)
ADD = {one.dialect.name: made_once(one.insert(order_search).on_conflict_do_nothing()) for one in (sqlite, postgresql)}


def words_of(*texts: str) -> frozenset[str]:
    """The words of names, mail addresses and numbers: each as written, and its parts (`jan.peeters@shop.be`: jan, peeters, shop.be)."""
    found = dict.fromkeys(word for text in texts for whole in split(text) for word in (whole, *word_parts(whole)))
    return frozenset(list(found)[:MOST_WORDS])


def words_of_number(number: str) -> frozenset[str]:
    """A document's number as written, and its count without zeros in front: `F2026-00042` is found by 42 as well."""
    count = re.search(r"(\d+)\D*$", number)
    return frozenset([*split(number)[:1], *([count[1].lstrip("0")] if count and count[1].strip("0") else [])])


def word_of_amount(amount: Decimal) -> str:
    return f"={amount:.2f}"


def typed_words(text: str) -> tuple[str, ...]:
    """The words of what a person typed, with amounts and payment references as they are stored."""
    plain = REFERENCE.sub(lambda found: f" {''.join(found.groups())} ", text)
    amounts = AMOUNT.sub(lambda found: f" ={int(NO_DIGIT.sub('', found[1]))}.{found[2]} ", plain)
    words = tuple(dict.fromkeys(split(amounts)))
    return tuple(word for word in words if word not in CURRENCIES) if amounts != plain else words


def split(text: str) -> list[str]:
    """The words of *text*, folded."""
    # Twice: what is taken apart may have capitals in it, and small letters may come apart again.
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(letter if letter.isprintable() else " " for letter in letters if not unicodedata.combining(letter))
    return [word for raw in plain.split() if (word := raw.strip(EDGES)[:LONGEST_WORD].strip(EDGES))]


def word_parts(word: str) -> tuple[str, ...]:
    local, at, domain = word.partition("@")
    if at:
        return tuple(part for part in (local.strip(EDGES), *re.findall(r"\w+", local), domain.strip(EDGES)) if part)
    return tuple(re.findall(r"\w+", word))


def update(connection: Connection, shop_id: str, order: Order) -> None:
    """Replace the search words of *order* by those of its present state."""
    billing = order.billing
    wanted = words_of(order.number, billing.name, billing.company, billing.email) | {word_of_amount(order.total)}
    wanted |= words_of_documents(connection, shop_id, (order.order_id,)).get(order.order_id, frozenset())
    there = set(connection.execute(WORDS, {"shop_id": shop_id, "order_id": order.order_id}).scalars())
    if there - wanted:
        mine = (order_search.c.shop_id == shop_id, order_search.c.order_id == order.order_id)
        connection.execute(delete(order_search).where(*mine, order_search.c.word.in_(there - wanted)))
    add(connection, shop_id, order.order_id, wanted - there)


def words_of_documents(connection: Connection, shop_id: str, order_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Numbers, totals and payment references of the documents of orders."""
    found: dict[int, frozenset[str]] = {}
    for row in connection.execute(MADE_FOR, {"shop_id": shop_id, "order_ids": order_ids}):
        is_reference = row.total is None
        words = {row.number} if is_reference else words_of_number(row.number) | {word_of_amount(row.total)}
        found[row.order_id] = found.get(row.order_id, frozenset()) | words
    return found


def add(connection: Connection, shop_id: str, order_id: int, words: Collection[str]) -> None:
    """Let an order be found by *words* too; those that are there already stay."""
    if words:
        rows = [{"shop_id": shop_id, "order_id": order_id, "word": word} for word in sorted(words)]
        connection.execute(ADD[connection.dialect.name], rows)


def orders_by_email(connection: Connection, shop_id: str, email: str) -> set[int]:
    """The orders that are found by exactly this mail address, also when nothing else names it any more."""
    mine = (order_search.c.shop_id == shop_id, order_search.c.word.in_(split(email)))
    return set(connection.execute(select(order_search.c.order_id).where(*mine)).scalars())


def forget_buyers(connection: Connection, shop_id: str, order_ids: Sequence[int]) -> None:
    """Let orders be found by their numbers and what their documents say of money, no longer by their buyer."""
    mine = (order_search.c.shop_id == shop_id, order_search.c.order_id.in_(order_ids))
    seen = select(orders.c.order_id, orders.c.order_number).where(
        orders.c.shop_id == shop_id, orders.c.order_id.in_(order_ids)
    )
    rows_to_keep = {(row.order_id, word) for row in connection.execute(seen) for word in words_of(row.order_number)}
    kept = words_of_documents(connection, shop_id, order_ids)
    rows_to_keep |= {(order_id, word) for order_id, words in kept.items() for word in words}
    connection.execute(delete(order_search).where(*mine))
    if rows_to_keep:
        rows = [{"shop_id": shop_id, "order_id": order_id, "word": word} for order_id, word in sorted(rows_to_keep)]
        connection.execute(insert(order_search), rows)


@dataclass(frozen=True)
class Search:
    """How to search for *terms*, the rarest first: through the few orders of a rare word, or by scanning a list and testing each row."""

    terms: tuple[str, ...]
    candidates: Subquery | None

    def conditions(self, row: FromClause) -> tuple[ColumnElement[bool], ...]:
        """That the order of *row* (which has `shop_id` and `order_id`) has every term."""
        return tuple(has_term(row, term) for term in self.terms)


def search(connection: Connection, shops: Shops, text: str) -> Search | None:
    """How to find the orders for which *text* was typed; None where nothing was typed."""
    terms = typed_words(text)[:MOST_TERMS]
    if not terms:
        return None
    counts = {term: count_matches(connection, shops, term) for term in terms}
    terms = tuple(sorted(terms, key=lambda term: counts[term]))
    rarest = terms[0]
    if counts[rarest] > MAX_CANDIDATES:
        return Search(terms, None)
    candidates = (
        select(order_search.c.shop_id, order_search.c.order_id)
        .where(starts_with(rarest), *within(order_search.c.shop_id, shops))
        .distinct()
        # More than are there: otherwise PostgreSQL scans the whole list instead.
        .limit(MAX_CANDIDATES + 1)
    )
    return Search(terms, candidates.subquery("few"))


def count_matches(connection: Connection, shops: Shops, term: str) -> int:
    """How many rows begin with *term*, counted no further than it takes to know that they are many."""
    some = (
        select(order_search.c.order_id)
        .where(starts_with(term), *within(order_search.c.shop_id, shops))
        .limit(MAX_CANDIDATES + 1)
    )
    return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def starts_with(term: str) -> ColumnElement[bool]:
    return and_(order_search.c.word >= term, order_search.c.word < term + LAST_LETTER)


def has_term(row: FromClause, term: str) -> ColumnElement[bool]:
    mine = (order_search.c.shop_id == row.c.shop_id, order_search.c.order_id == row.c.order_id)
    # The first word that it has: of whether there is any, PostgreSQL may read first which orders have the term, however many.
    word = select(order_search.c.word).where(*mine, starts_with(term)).limit(1).correlate(row)
    return word.scalar_subquery().is_not(None)
