"""The part of the payment page about Mollie: the key goes in, is tried, and is never seen again."""

from dataclasses import replace
from http import HTTPStatus

import pytest
from sqlalchemy import select

from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor
from worker.demo.pretend_mollie import KEY, LIVE_KEY
from worker.net.mollie_key import Mode
from worker.store import shops, tasks
from worker.store.database.tables import audit_trail
from worker.store.database.tables import shops as shops_table

PAGE = f"/s/{SHOP}/settings/payment"


def change(app: BridgeApp, **changes: object) -> None:
    with app.store.write() as connection:
        shops.change(connection, replace(app.connected.shop, **changes))  # type: ignore[arg-type]  # fields of Shop


def test_a_live_key_is_stored_encrypted_tried_and_never_shown(app: BridgeApp, owner: Visitor) -> None:
    answer = owner.post(f"{PAGE}/mollie/connect", mollie_key=f" {LIVE_KEY} ")

    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert (app.connected.secrets.mollie_key, app.connected.shop.mollie.mode) == (LIVE_KEY, Mode.LIVE)
    with app.store.read() as connection:
        task = tasks.find(connection, 1)
        told = str(connection.execute(select(audit_trail)).all())
        row = str(connection.execute(select(shops_table)).all())
    assert task is not None
    assert (task.kind, task.argument) == ("check_mollie", {})
    page = owner.get(PAGE).text
    assert "connected: live key" in page
    for text in (page, told, row):
        assert LIVE_KEY not in text
    assert "the key of Mollie was changed" in told


@pytest.mark.parametrize(
    ("key", "test", "said"),
    [
        (KEY, False, "This is a test key"),
        (LIVE_KEY, True, "customers would pay real money for test documents"),
        ("", False, "This is not an API key of Mollie"),
        ("sk_live_51H", False, "This is not an API key of Mollie"),
        ("pfl_QkEhN94Ba", True, "This is not an API key of Mollie"),
    ],
)
def test_a_key_of_the_other_world_or_none_is_refused_beside_its_field(
    app: BridgeApp, owner: Visitor, key: str, test: bool, said: str
) -> None:
    change(app, test=test)
    answer = owner.post(f"{PAGE}/mollie/connect", mollie_key=key)

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert said in answer.text
    assert not key or key not in answer.text
    assert (app.connected.secrets.mollie_key, app.connected.shop.mollie.mode) == ("", None)


def test_where_the_button_stands_and_what_it_offers_is_saved_and_shown(app: BridgeApp, owner: Visitor) -> None:
    given = {"mollie.on_invoices": "1", "method.bancontact": "1", "method.ideal": "1"}
    owner.post(f"{PAGE}/mollie/choices", **given)

    mollie = app.connected.shop.mollie
    assert (mollie.on_invoices, mollie.on_order_confirmations, mollie.on_reminders) == (True, False, False)
    assert mollie.methods == ("bancontact", "ideal")
    page = owner.get(PAGE).text
    assert 'name="method.ideal" value="1" checked' in page
    assert 'name="method.kbc" value="1">' in page


def test_a_wrong_profile_is_said_beside_its_field_and_changes_nothing(app: BridgeApp, owner: Visitor) -> None:
    before = app.connected.shop
    answer = owner.post(f"{PAGE}/mollie/choices", bancontact_profile="<b>mine</b>")

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "is not a profile id of Bancontact Pro" in answer.text
    assert "<b>mine" not in answer.text
    assert app.connected.shop == before


def test_a_forgotten_key_is_gone_and_no_button_is_left(app: BridgeApp, owner: Visitor) -> None:
    owner.post(f"{PAGE}/mollie/connect", mollie_key=LIVE_KEY)
    owner.post(f"{PAGE}/mollie/disconnect")

    assert (app.connected.secrets.mollie_key, app.connected.shop.mollie.mode) == ("", None)
    assert "not connected" in owner.get(PAGE).text


def test_a_shop_that_goes_live_with_a_test_key_is_told(app: BridgeApp, owner: Visitor) -> None:
    change(app, test=True)
    owner.post(f"{PAGE}/mollie/connect", mollie_key=KEY)
    assert "connected: test key" in owner.get(PAGE).text

    change(app, test=False)
    assert "Give the live key" in owner.get(PAGE).text
