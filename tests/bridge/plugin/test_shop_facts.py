"""What a shop says of itself when it connects: it fills in what nobody filled in, and the page shows it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import signed_in
from tests.support.plugin_requests import connect, invite, plugin_of
from worker.domain.party import Address, Seller
from worker.store import order_statuses, payment_methods

NOBODY = Seller()
FACTS: dict[str, Any] = {
    "seller.name": "Bakkerij Janssens", "seller.vat_number": "BE 0445.566.134", "seller.email": "winkel@shop.example",
    "seller.website": "https://shop.example", "seller.address.street": "Koestraat 41", "seller.address.postcode": "9000",
    "seller.address.city": "Gent", "seller.address.country": "BE", "seller.iban": "BE71 0961 2345 6769", "zone": "Europe/Amsterdam",
    "currency": "EUR", "languages": ["nl_BE", "fr_BE"], "charges_vat": True, "prices_with_vat": True,
    "order_statuses": [{"id": "completed", "title": "Afgerond"}, {"id": "klaar-gezet", "title": "Klaargezet"}],
    "payment_methods": [{"id": "bacs", "title": "Overschrijving"}, {"id": "cod", "title": "Bij levering"}, {"id": "mystery", "title": "?"}],
}  # fmt: skip


def in_test(app: BridgeApp, seller: Seller = NOBODY, *, test: bool = True) -> None:
    app.change_shop(test=test, seller=seller)


def connect_with(app: BridgeApp, facts: object) -> int:
    invite(app)
    return connect(app, {"facts": facts}).status_code  # type: ignore[dict-item]  # whatever a plugin may send


def test_a_new_shop_is_filled_in_as_it_knows_itself(app: BridgeApp) -> None:
    in_test(app)

    assert connect_with(app, FACTS) == 200

    shop = app.shop
    assert shop.seller == Seller(
        name="Bakkerij Janssens",
        address=Address(street="Koestraat 41", postcode="9000", city="Gent", country="BE"),
        vat_number="BE0445566134",
        email="winkel@shop.example",
        website="https://shop.example",
        iban="BE71096123456769",
    )
    assert shop.zone == "Europe/Amsterdam"
    with app.store.read() as connection:
        offered = payment_methods.of_shop(connection, SHOP)
        statuses = order_statuses.of_shop(connection, SHOP)
    assert statuses == {"completed": "Afgerond", "klaar-gezet": "Klaargezet"}
    assert offered == {"bacs": "Overschrijving", "cod": "Bij levering", "mystery": "?"}
    assert "Koestraat 41" in signed_in(app, "els@host.example", operator=True).get(f"/s/{SHOP}/activity").text


def test_what_the_owner_filled_in_stays_and_a_wrong_number_is_left_for_him(app: BridgeApp) -> None:
    in_test(app, Seller(name="Janssens BV", address=Address(city="Brugge")))

    connect_with(app, FACTS | {"seller.vat_number": "BE0445566135", "seller.iban": "1", "zone": "Here"})

    seller, plugin = app.shop.seller, plugin_of(app)
    assert (seller.name, seller.address.city, seller.vat_number, seller.iban) == ("Janssens BV", "Brugge", "", "")
    assert app.shop.zone == "Europe/Brussels"
    assert plugin is not None
    assert set(plugin.facts.taken) == {"seller.email", "seller.website"}, "nothing goes into half an address"


@pytest.mark.parametrize("name", ["street", "postcode", "city"])
def test_of_half_an_address_nothing_is_taken_not_even_its_country(app: BridgeApp, name: str) -> None:
    in_test(app)

    connect_with(app, FACTS | {"seller.address.country": "US", f"seller.address.{name}": " "})

    assert (app.shop.seller.address, app.shop.seller.name) == (Address(), "Bakkerij Janssens")


def test_nothing_of_a_shop_that_is_live_changes(app: BridgeApp) -> None:
    in_test(app, test=False)
    before = app.shop

    connect_with(app, FACTS)

    assert app.shop == before


def test_whatever_a_plugin_sends_the_shop_connects_and_its_page_opens(app: BridgeApp) -> None:
    in_test(app)
    assert connect_with(app, ["no", "facts"]) == 400
    strange = {name: [{"a": 1}, None, 3] for name in FACTS} | {
        "seller.name": "A\nB\x07 <b>" + "x" * 900,
        "payment_methods": [1, {"id": 2}],
        "order_statuses": [1, {"id": 2}, {"id": "klaar-gezet"}],
    }

    assert connect_with(app, strange) == 200

    assert app.shop.seller.name.startswith("A B <b>xxx")
    assert len(app.shop.seller.name) == 200
    page = signed_in(app, "els@host.example", operator=True).get(f"/s/{SHOP}/settings/connection")
    assert (page.status_code, "A B &lt;b&gt;" in page.text) == (200, True)


def test_the_owner_reads_what_was_taken_over_and_how_each_method_is_paid(app: BridgeApp) -> None:
    in_test(app)
    connect_with(app, FACTS)
    owner = signed_in(app, "els@host.example", operator=True)

    page = owner.get(f"/s/{SHOP}/settings/connection").text.partition('id="facts"')[2].partition("</section>")[0]

    lines = [
        ("City", "Gent"), ("Country", "Belgium"), ("VAT number of the company", "BE0445566134"), ("Currency", "EUR"), ("Languages of the shop", "Dutch, French"),
        ("Prices in the shop", "entered with VAT"), ("Overschrijving", "by transfer: documents show account and reference"), ("Bij levering", "on delivery"),
        ("?", "not known here: documents go by what the shop says of the order"),
    ]  # fmt: skip
    assert [line for line in lines if f"<dt>{line[0]}</dt><dd>{line[1]}</dd>" not in page] == []
    seller = replace(app.shop.seller, name=app.shop.name)
    for test in (True, False):
        in_test(app, seller, test=test)
        company = owner.get(f"/s/{SHOP}/settings/company").text
        assert ("Your shop filled this in" in company, "This is the name of the shop" in company) == (test, test)
