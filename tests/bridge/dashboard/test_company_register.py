"""The company page by a VAT number: VIES fills in what is empty, and nothing is stored before somebody saves."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from worker.demo.pretend_vies import INVALID, PretendVies
from worker.domain.party import Seller
from worker.domain.settings_form import settings_as_text

COMPANY = f"/s/{SHOP}/settings/company"
NUMBER = "BE0445566134"


@pytest.fixture
def register(app: BridgeApp) -> Iterator[PretendVies]:
    with PretendVies() as vies:
        bridge = app.client.application.extensions["facturelay"]
        changed = replace(bridge, settings=replace(app.settings, vies_url=vies.url))
        app.client.application.extensions["facturelay"] = changed
        yield vies


def shown(text: str, name: str) -> str:
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', text)
    assert found, name
    return found[1]


def owner(app: BridgeApp) -> Visitor:
    visitor = signed_in(app, "els@host.example", operator=True)
    visitor.get(COMPANY)
    return visitor


def test_name_and_address_are_filled_in_and_stored_by_nobody_but_who_saves(
    app: BridgeApp, register: PretendVies
) -> None:
    app.change_shop(seller=Seller())

    page = owner(app).post(f"{COMPANY}/by-number", number="0445.566.134").text

    fields = (
        "seller.name",
        "seller.address.street",
        "seller.address.postcode",
        "seller.address.city",
        "seller.vat_number",
    )
    assert [shown(page, name) for name in (*fields, "seller.enterprise_number")] == [
        "PRETEND COMPANY", "PRETEND STREET 1", "1000", "SOMEWHERE", NUMBER, "0445566134",
    ]  # fmt: skip
    assert app.shop.seller == Seller()
    assert register.questions[0]["requesterNumber"] == "0445566134"


def test_what_somebody_filled_in_stays(app: BridgeApp, register: PretendVies) -> None:
    app.change_shop(seller=Seller(name="De Gouden Koffiepot"))

    page = owner(app).post(f"{COMPANY}/by-number", number=NUMBER).text

    assert (shown(page, "seller.name"), shown(page, "seller.address.city")) == ("De Gouden Koffiepot", "SOMEWHERE")


@pytest.mark.parametrize(("answer", "said"), [(INVALID, "VIES does not know"), ("301", "VIES does not answer")])
def test_without_an_answer_the_number_alone_is_filled_in(
    app: BridgeApp, register: PretendVies, answer: str, said: str
) -> None:
    app.change_shop(seller=Seller())
    register.says[NUMBER] = answer

    page = owner(app).post(f"{COMPANY}/by-number", number=NUMBER).text

    assert (shown(page, "seller.name"), shown(page, "seller.vat_number")) == ("", NUMBER)
    assert said in page


def test_a_number_with_a_wrong_digit_is_refused_beside_its_field(app: BridgeApp, register: PretendVies) -> None:
    app.change_shop(seller=Seller())

    answer = owner(app).post(f"{COMPANY}/by-number", number="BE0445566135")

    assert (answer.status_code, 'id="error-number"' in answer.text, register.questions) == (422, True, [])


def test_the_enterprise_number_follows_from_the_vat_number(app: BridgeApp) -> None:
    visitor = owner(app)
    shop = app.shop
    typed = settings_as_text(shop) | {
        "seller.vat_number": "BE 0445.566.134", "seller.enterprise_number": "", "seller.address.country": "BE",
    }  # fmt: skip
    visitor.post(COMPANY, **typed)

    assert (app.shop.seller.vat_number, app.shop.seller.enterprise_number) == (NUMBER, "0445566134")
