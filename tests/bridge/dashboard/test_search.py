"""One search finds orders, documents and shops by whatever is known of them, and only where one may look."""

import html

import pytest

from tests.support import busy_shop
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from worker.store import order_search
from worker.store.database import pagination
from worker.store.order_search import typed_words
from worker.store.users import Role

OTHER = "a0c8a1be2d94c7fa6b3d2105"


@pytest.fixture
def busy(app: BridgeApp) -> BridgeApp:
    busy_shop.fill(app, orders_=3, failed=0, drafts_=1)
    app.add_shop(OTHER)
    return app


def found(visitor: Visitor, text: str, **more: str) -> str:
    asked = "&".join(f"{name}={value}" for name, value in {"q": text, **more}.items())
    return html.unescape(visitor.get(f"/search?{asked}").text)


@pytest.mark.parametrize(
    "typed",
    [
        "1001",
        "F2026-00001",
        "peeters0",
        "jan0@klant.example",
        "15,00",
        "€ 22.20",
        "%2B%2B%2B090/0000/23856%2B%2B%2B",
        "090000023856",
    ],
)
def test_an_order_is_found_by_number_name_address_amount_and_payment_reference(busy: BridgeApp, typed: str) -> None:
    page = found(signed_in(busy, "els@host.example", operator=True), typed)
    assert (f"/s/{SHOP}/orders/1001" in page, "F2026-00001" in page) == (True, True)


def test_an_amount_is_found_as_a_whole_and_a_number_finds_no_amount(busy: BridgeApp) -> None:
    operator = signed_in(busy, "els@host.example", operator=True)
    for typed in ("15", "22", "2,20", "22,2", "122,20", "22,20,00"):
        assert "Nothing was found" in found(operator, typed), typed


def test_who_sees_one_shop_finds_nothing_of_another(busy: BridgeApp) -> None:
    other = signed_in(busy, "other@shop.example", roles={OTHER: Role.VIEWER})
    assert "Nothing was found" in found(other, "peeters")
    assert "Nothing was found" in found(other, "peeters", shop=SHOP)
    assert other.get(f"/s/{OTHER}/orders").text.count('id="search-all"') == 1


def test_a_search_that_did_not_try_all_says_so_and_goes_on(busy: BridgeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = signed_in(busy, "els@host.example", operator=True)
    lists = (f"/s/{SHOP}/orders?q=peeters0", f"/s/{SHOP}/documents?q=peeters0", "/search?q=peeters0")
    told = ("rows were searched for this page", "Very many have one of these words")
    assert [any(one in operator.get(path).text for one in told) for path in lists] == [False] * 3
    # As if every word were one of thousands of orders, of which one is tried for a page.
    monkeypatch.setattr(order_search, "MAX_CANDIDATES", 0)
    monkeypatch.setattr(pagination, "MAX_SCANNED", 1)
    for path in lists:
        page = html.unescape(operator.get(path).text)
        assert (told["/search" in path] in page, "is like that" in page, "Nothing was found" in page) == (
            True,
            False,
            False,
        )
        assert "/search" in path or 'rel="next"' in page


def test_a_search_within_a_shop_can_be_widened_to_all(busy: BridgeApp) -> None:
    operator = signed_in(busy, "els@host.example", operator=True)
    within = found(operator, "peeters", shop=OTHER)
    assert ("Nothing was found" in within, "Search in all shops" in within) == (True, True)
    assert "Bakkerij" in found(operator, "bakkerij")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("€ 1.210,00", ("=1210.00",)),
        ("1 210.00 EUR", ("=1210.00",)),
        ("0,05", ("=0.05",)),
        ("22.11.2026", ("22.11.2026",)),
        ("121,00 peeters", ("=121.00", "peeters")),
        ("***090/0000/23856***", ("090000023856",)),
        ("F2026-00042.10", ("f2026-00042.10",)),
    ],
)
def test_amounts_and_references_are_read_as_people_write_them(typed: str, words: tuple[str, ...]) -> None:
    assert typed_words(typed) == words
