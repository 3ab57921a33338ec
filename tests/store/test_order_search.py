"""What is typed finds the order, whatever the accents and capitals; and a customer who was erased is not found."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.support.history import History
from worker.store import order_search as search_rows
from worker.store import personal_data
from worker.store.database.shop_scope import Shops
from worker.store.database.tables import order_search
from worker.store.order_search import words_of, words_of_number
from worker.store.queries import order_lists
from worker.store.queries.order_lists import OrderFilter

Found = Callable[..., list[int]]


@pytest.fixture
def found(history: History) -> Found:
    def orders_found(text: str, shops: Shops = ("a",)) -> list[int]:
        with history.store.read() as connection:
            return sorted(
                row.order_id for row in order_lists.orders_page(connection, shops, OrderFilter(text=text)).rows
            )

    return orders_found


def test_words_are_folded_and_split() -> None:
    assert words_of("Hélène D'Hondt-Müller", "", "H.Mueller@Gist.example", "#WEB/12") == {
        "helene", "d'hondt-muller", "d", "hondt", "muller",
        "h.mueller@gist.example", "h.mueller", "h", "mueller", "gist.example",
        "web/12", "web", "12",
    }  # fmt: skip
    assert words_of_number("F2026-00042") == {"f2026-00042", "42"}
    assert words_of_number("A-000") == {"a-000"}


@given(st.text(max_size=200))
@example("@#0")
def test_every_word_fits_its_column_and_finds_itself(text: str) -> None:
    words = words_of(text)
    assert len(words) <= search_rows.MOST_WORDS
    assert all(0 < len(word) <= search_rows.LONGEST_WORD and "\0" not in word for word in words)
    assert [search_rows.split(word) for word in words] == [[word] for word in words]


FINDS = {
    "peeters": [1],
    "PEET": [1],
    "Péet": [1],
    "an pee": [1],
    "an maes": [],
    "an": [1, 2],  # An, and the other's company in Antwerp
    "gist": [1],
    "jan@klant": [2],
    "klant.example": [2],
    "#WEB-2": [2],
    "web": [1, 2],
    "eeters": [],
    "%": [],
    "  ": [1, 2, 3],
    "\0": [1, 2, 3],
}


def test_every_typed_word_begins_a_word_of_the_order(history: History, found: Found) -> None:
    history.seen(1, name="An Peeters", email="info@gist.example", number="WEB-1")
    history.seen(2, name="Jan Janssens", company="Antwerp Tools", email="jan@klant.example", number="WEB-2")
    history.seen(3, name="Zoë Zo", email="zoe@elders.example", number="9003")
    history.seen(4, shop_id="b", name="An Peeters", number="WEB-4")
    assert {typed: found(typed) for typed in FINDS} == FINDS


def test_an_operator_finds_in_all_shops_and_nobody_else_does(history: History, found: Found) -> None:
    history.seen(1, name="An Peeters")
    history.seen(2, shop_id="b", name="Bo Peeters")
    assert found("peeters", None) == [1, 2]
    assert found("peeters", ("a", "b")) == [1, 2]
    assert found("peeters", ("b",)) == [2]
    assert found("peeters", ()) == []


def test_an_order_is_found_by_what_it_says_now_and_by_its_documents(history: History, found: Found) -> None:
    history.seen(1, name="An Peeters")
    number = history.issued(1).number
    history.seen(1, name="An Maes", email="an@maes.example")
    assert [found("peeters"), found("maes"), found(number), found(number.lower())] == [[], [1], [1], [1]]


def test_words_that_all_orders_have_are_found_by_walking(
    history: History, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_rows, "MAX_CANDIDATES", 2)
    for order_id in range(1, 7):
        history.seen(order_id, name="An Maes" if order_id % 2 else "Bo Maes", email=f"{order_id}@mail.example")
    assert found("maes an") == [1, 3, 5]
    assert found("maes") == [1, 2, 3, 4, 5, 6]
    assert found("maes 4@") == [4]


def test_an_erased_customer_is_found_by_numbers_only(history: History, found: Found) -> None:
    history.seen(1, name="An Peeters", number="WEB-1")
    history.seen(2, name="An Peeters", number="WEB-2")
    history.seen(3, name="An Peeters", number="WEB-3")
    number = history.issued(1).number
    with history.store.write() as connection:
        personal_data.forget_buyers(connection, "a", [1, 2])
    assert [found("peeters"), found("web-1"), found("web-2"), found(number)] == [[3], [1], [2], [1]]


def test_the_words_of_an_order_are_written_once(history: History) -> None:
    history.seen(1)
    with history.store.read() as connection:
        before = set(connection.execute(select(order_search)).all())
    history.seen(1)
    with history.store.write() as connection:
        search_rows.add(connection, "a", 1, {"jan", "new"})
    with history.store.read() as connection:
        after = set(connection.execute(select(order_search)).all())
    assert {row.word for row in after - before} == {"new"}
    assert before <= after


def test_a_search_asks_for_no_more_than_a_few_words(history: History, found: Found) -> None:
    history.seen(1, name="An Peeters")
    assert found("an " * 50) == [1]
    assert found(" ".join(f"an{n}" for n in range(50))) == []
