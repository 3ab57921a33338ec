"""Making a shop on a page, with the settings of another one; and who may."""

import re
from datetime import date
from pathlib import Path

import pytest

from tests.support.bridge_app import NOW, SHOP, BridgeApp, settings_for
from tests.support.personas import Visitor, signed_in
from tests.support.plugin_requests import connect, invite
from worker.domain.document import Kind, SendMode
from worker.domain.party import Seller
from worker.domain.rules import Rule, Trigger
from worker.domain.settings_form import settings_as_text
from worker.domain.shop import BrandingSettings, OrderSettings, Shop, VatSettings
from worker.store import shops

COMPANY = {
    "name": "Bakkerij", "language": "nl", "business_language": "seat", "second_language": "none", "zone": "Europe/Brussels",
    "seller.name": "Bakkerij Janssens", "seller.legal_form": "BV", "seller.register": "RPR Gent", "seller.iban": "BE71096123456769",
    "seller.address.street": "Koestraat 41", "seller.address.postcode": "9000", "seller.address.city": "Gent",
    "seller.address.country": "BE", "seller.vat_number": "BE0445566134",
}  # fmt: skip
CONFIRM = (Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED, SendMode.DRAFT),)


@pytest.fixture
def operator(app: BridgeApp) -> Visitor:
    """Who has the page of a new shop before him."""
    visitor = signed_in(app, "els@host.example", operator=True)
    visitor.get("/shops/new")
    return visitor


def made(app: BridgeApp) -> Shop:
    """The shop that a page made, or the one that was there from the beginning: both were made at the same moment."""
    with app.store.read() as connection:
        every = shops.every(connection)
    return next((shop for shop in every if shop.shop_id != SHOP), every[0])


def test_a_new_shop_begins_in_test_with_the_settings_of_another_but_not_its_company(
    app: BridgeApp, operator: Visitor
) -> None:
    app.change_shop(
        rules=CONFIRM,
        branding=BrandingSettings("#334155"),
        texts={"mail.subject/invoice/paid/nl": "Dag"},
        orders=OrderSettings(NOW, {"klaar": "completed"}),
        vat=VatSettings(sells_services=True, oss=True, oss_since=date(2026, 7, 1)),
    )

    answer = operator.post("/shops/new", name="Nieuw", url="https://nieuw.example/", language="fr", like=SHOP)

    shop = made(app)
    # With the same form, so that the plugin's code is made and shown at once.
    assert (answer.status_code, answer.headers["Location"]) == (307, f"/s/{shop.shop_id}/settings/connection/code")
    assert "works once, until" in operator.post(answer.headers["Location"], name="Nieuw").text
    assert (shop.name, shop.url, shop.test, shop.orders.since) == ("Nieuw", "https://nieuw.example", True, NOW)
    assert (shop.rules, shop.branding.accent, shop.orders.status_map) == (CONFIRM, "#334155", {"klaar": "completed"})
    assert (shop.seller.name, shop.numbering.continued_after, shop.branding.logo) == ("", {}, None)
    assert shop.vat == VatSettings(sells_services=True)


def test_a_new_shop_is_in_oss_only_when_it_is_said_and_from_the_day_that_is_said(
    app: BridgeApp, operator: Visitor
) -> None:
    told = {"name": "Nieuw", "url": "https://nieuw.example/", "vat.oss": "1"}

    answer = operator.post("/shops/new", **told, **{"vat.oss_since": "ooit"})
    assert (answer.status_code, 'id="error-vat.oss_since"' in answer.text) == (422, True)

    operator.post("/shops/new", **told, **{"vat.oss_since": "2026-07-01"})
    assert made(app).vat == VatSettings(oss=True, oss_since=date(2026, 7, 1))


def test_a_shop_that_comes_back_keeps_the_digits_of_its_references_and_takes_nobody_elses(
    app: BridgeApp, operator: Visitor
) -> None:
    told = {"name": "Nieuw", "url": "https://nieuw.example/"}
    refused = {
        digits: operator.post("/shops/new", **told, references=digits).text for digits in ("001", "0", "1000", "x")
    }
    assert [name for name, page in refused.items() if 'id="error-references"' not in page] == []
    assert "begin with 001" in refused["001"]  # the first shop's

    operator.post("/shops/new", **told, references="012")
    assert made(app).reference_digits == 12


def test_what_is_wrong_with_a_new_shop_stands_beside_its_field(app: BridgeApp, operator: Visitor) -> None:
    answer = operator.post("/shops/new", name="", url="http://nieuw.example", email="niemand")

    assert answer.status_code == 422
    assert {name: f'id="error-{name}"' in answer.text for name in ("name", "url", "email")} == {
        "name": True,
        "url": True,
        "email": True,
    }
    assert made(app).shop_id == SHOP


def test_the_owner_of_a_new_shop_gets_a_link_that_lets_him_in(app: BridgeApp, operator: Visitor) -> None:
    page = operator.get(
        operator.post("/shops/new", name="Nieuw", url="https://nieuw.example", email="jan@nieuw.example").headers[
            "Location"
        ]
    )

    token = page.text.rpartition("/join/")[2].partition("<")[0].strip()
    owner = Visitor(app)
    owner.get(f"/join/{token}")
    owner.post(f"/join/{token}", name="Jan", password="een heel nieuw woord", again="een heel nieuw woord")
    assert owner.get("/").headers["Location"] == f"/s/{made(app).shop_id}"


def test_who_makes_his_own_shop_is_not_asked_to_invite_himself(operator: Visitor) -> None:
    answer = operator.post("/shops/new", name="Nieuw", url="https://nieuw.example", email="els@host.example")

    assert "/join/" not in operator.get(answer.headers["Location"]).text


def test_a_shop_in_test_shows_one_next_step_after_the_other_until_it_is_live(app: BridgeApp) -> None:
    """Connecting comes first: what the shop knows of itself need not be typed."""
    app.change_shop(test=True)
    owner = signed_in(app, "els@host.example", operator=True)

    def button(page: str = "rules") -> str:
        text = owner.get(f"/s/{SHOP}/settings/{page}").text
        return "".join(re.findall(r'class="button(?: small)?" href="[^"]+/settings/([a-z-]+)"', text))

    assert (button(), button("connection")) == ("connection", "")
    invite(app)
    connect(app)
    assert (button(), button("connection"), button("company")) == ("company", "company", "")
    owner.get(f"/s/{SHOP}/settings/company")
    shown = settings_as_text(made(app))  # as the form shows whatever else it asks for
    saved = owner.post(f"/s/{SHOP}/settings/company", **(shown | COMPANY))
    assert (saved.status_code, saved.headers["Location"][-len("/settings/go-live") :]) == (303, "/settings/go-live")
    assert (button("company"), button("connection"), button("go-live")) == ("go-live", "go-live", "")
    app.change_shop(test=False)
    assert (button(), button("connection")) == ("", "")
    later = owner.post(f"/s/{SHOP}/settings/company", **(shown | COMPANY))
    assert later.headers["Location"].endswith("/settings/company"), "a live shop needs nothing next"


def test_the_plugin_leads_to_what_a_shop_needs_next(app: BridgeApp) -> None:
    app.change_shop(test=True)
    owner = signed_in(app, "els@host.example", operator=True)

    def next_page() -> str:
        return owner.get(f"/s/{SHOP}/settings/next").headers["Location"].rpartition("/")[2]

    assert next_page() == "connection"
    invite(app)
    connect(app)
    assert next_page() == "company"
    shown = settings_as_text(made(app))
    gaps = owner.post(f"/s/{SHOP}/settings/company", **shown)
    assert gaps.headers["Location"].endswith("/settings/company"), "something is still to be filled in there"
    app.change_shop(test=False)
    assert next_page() == "go-live"


def test_a_company_is_in_belgium_until_somebody_says_otherwise(app: BridgeApp) -> None:
    page = signed_in(app, "els@host.example", operator=True).get(f"/s/{SHOP}/settings/company").text

    assert '<option value="BE" selected>' in page


def test_a_new_company_is_asked_only_for_what_it_must_say_until_it_has_said_it(app: BridgeApp) -> None:
    app.change_shop(seller=Seller(name="Bakkerij"))
    owner = signed_in(app, "els@host.example", operator=True)
    address, fold = f"/s/{SHOP}/settings/company", "<summary>The shop: its name"

    page = owner.get(address).text
    assert (f"<details>{fold}" in page, 'name="zone"' in page) == (True, True)
    assert "Still missing here: street; postcode; city;" in page
    # What is wrong behind the fold is not left there.
    assert f"<details open>{fold}" in owner.post(address, **(COMPANY | {"zone": "Mars"})).text
    owner.post(address, **(settings_as_text(made(app)) | COMPANY))
    assert fold not in owner.get(address).text


def test_no_code_is_made_for_a_shop_that_somebody_else_will_connect(app: BridgeApp, operator: Visitor) -> None:
    answer = operator.post("/shops/new", name="Nieuw", url="https://nieuw.example/", email="jan@winkel.example")

    assert answer.headers["Location"] == f"/s/{made(app).shop_id}/settings/connection"


def test_who_runs_a_house_without_shops_comes_to_the_first_one(sqlite_url: str, tmp_path: Path) -> None:
    empty = BridgeApp(settings_for(sqlite_url, tmp_path))
    operator = signed_in(empty, "els@host.example", operator=True)
    before = operator.get("/").headers["Location"]
    empty.add_shop()

    assert (before, operator.get("/").headers["Location"]) == ("/shops/new", "/shops")
    empty.close()
