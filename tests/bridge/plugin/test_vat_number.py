"""What the checkout of a connected shop is told of a VAT number while a customer types it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.plugin import vat_number
from tests.support.bridge_app import NOW, SHOP, BridgeApp
from tests.support.plugin_requests import ask, connect, encryption, invite
from worker.demo.pretend_vies import INVALID, PretendVies
from worker.domain.party import Seller
from worker.store import shops, vat_checks

DUTCH = "NL123456782B90"


@pytest.fixture
def register() -> Iterator[PretendVies]:
    with PretendVies() as vies:
        yield vies


@pytest.fixture
def connected(app: BridgeApp, register: PretendVies) -> BridgeApp:
    settings = replace(app.settings, vies_url=register.url)
    bridge = app.client.application.extensions["facturelay"]
    app.client.application.extensions["facturelay"] = replace(bridge, settings=settings)
    invite(app)
    assert connect(app).status_code == 200
    sell_as(app, "BE0403170701")
    return app


def sell_as(app: BridgeApp, number: str) -> None:
    with app.store.write() as connection:
        shop = shops.get(connection, encryption(app), SHOP).shop
        shops.change(connection, replace(shop, seller=Seller("Bakkerij Janssens", vat_number=number)))


def told(app: BridgeApp, number: object, country: str = "BE") -> tuple[str, str]:
    answer = ask(app, "vat-number", {"number": number, "country": country}).get_json()
    return answer["state"], answer["number"]


def test_a_number_that_vies_knows_is_valid_and_named(connected: BridgeApp, register: PretendVies) -> None:
    answer = ask(connected, "vat-number", {"number": "btw NL 1234.56782 B90", "country": "NL"}).get_json()

    assert (answer["state"], answer["number"]) == ("valid", DUTCH)
    assert (answer["name"], answer["address"]) == ("PRETEND COMPANY", "PRETEND STREET 1\n1000 SOMEWHERE")
    assert register.questions[0]["requesterNumber"] == "0403170701"


def test_a_number_that_vies_does_not_know_is_invalid(connected: BridgeApp, register: PretendVies) -> None:
    register.says[DUTCH] = INVALID

    assert told(connected, DUTCH) == ("invalid", DUTCH)


def test_an_error_of_vies_is_never_invalid(connected: BridgeApp, register: PretendVies) -> None:
    register.says[DUTCH] = "301"

    assert told(connected, DUTCH) == ("unknown", DUTCH)


def test_wrong_digits_are_told_without_asking(connected: BridgeApp, register: PretendVies) -> None:
    assert told(connected, "BE0403170702") == ("wrong", "")
    assert register.questions == []


@pytest.mark.parametrize("given", ["", "CHE-123.456.788", None, 5, ["NL"], {"a": 1}, "x" * 5000])
def test_what_is_no_number_of_the_eu_is_not_asked_about(
    connected: BridgeApp, register: PretendVies, given: object
) -> None:
    state, number = told(connected, given, "CH")

    assert (state in ("unknown", "wrong"), number, register.questions) == (True, "", [])


def test_a_shop_without_a_vat_number_does_not_ask(connected: BridgeApp, register: PretendVies) -> None:
    sell_as(connected, "")

    assert (told(connected, DUTCH), register.questions) == (("unknown", DUTCH), [])


def test_a_register_that_is_out_of_order_is_left_alone(connected: BridgeApp, register: PretendVies) -> None:
    with connected.store.write() as connection:
        vat_checks.begin_outage(connection, "NL", "MS_UNAVAILABLE", now=NOW, waits=[timedelta(minutes=1)])

    assert (told(connected, DUTCH), register.questions) == (("unknown", DUTCH), [])


def test_many_who_type_at_once_do_not_take_all_threads(connected: BridgeApp, register: PretendVies) -> None:
    """With as many asking as may, the next is answered at once."""
    while vat_number.ASKING.acquire(blocking=False):
        pass
    try:
        assert (told(connected, DUTCH), register.questions) == (("unknown", DUTCH), [])
    finally:
        vat_number.ASKING.release(2)
    assert told(connected, DUTCH)[0] == "valid"
