"""Connecting by hand: a key that was saved leads on by itself where all is well, and stays where something is not."""

from dataclasses import replace
from typing import Any

import pytest

from tests.bridge.dashboard.test_confirmations import finish
from tests.support.bridge_app import SHOP, BridgeApp
from tests.support.personas import Visitor, signed_in
from worker.message import Message
from worker.store import shops

PAGE = f"/s/{SHOP}/settings/connection"
MADE = [
    {"topic": "order.created", "why": Message("was missing")},
    {"topic": "order.updated", "why": Message("was missing")},
]


@pytest.fixture
def owner(app: BridgeApp) -> Visitor:
    with app.store.write() as connection:
        found = shops.settings_of(connection, SHOP)
        assert found is not None
        shops.change(connection, replace(found, test=True))
    visitor = signed_in(app, "els@host.example", operator=True)
    visitor.get(PAGE)
    return visitor


def answer(*wrong: str, repaired: Any = ()) -> dict[str, Any]:
    names = ("address", "rest_key", "webhooks", "clock", "last_delivery")
    checks = [{"name": name, "good": name not in wrong, "message": Message("The plugin answers.")} for name in names]
    return {"good": not wrong, "checks": checks, "repaired": list(repaired)}


def after_the_key(app: BridgeApp, owner: Visitor, found: dict[str, Any]) -> str:
    """Where the owner comes out when *found* is what became of the key he saved."""
    sent = owner.post(f"{PAGE}/key", rest_key="ck_" + "0" * 40, rest_secret="cs_" + "0" * 40)
    finish(app, sent, found)
    return owner.get(owner.get(sent.location).location).location


def test_a_key_that_works_leads_to_the_next_step_and_names_what_the_shop_reports(
    app: BridgeApp, owner: Visitor
) -> None:
    there = after_the_key(app, owner, answer("last_delivery", repaired=MADE))

    assert there == f"/s/{SHOP}/settings/company"
    assert "From now on it reports: order placed, order changed." in owner.get(there).text


def test_a_shop_that_reported_already_is_said_to_be_connected(app: BridgeApp, owner: Visitor) -> None:
    assert "is connected, and reports its orders." in owner.get(after_the_key(app, owner, answer())).text


@pytest.mark.parametrize("wrong", ["address", "rest_key", "webhooks", "clock"])
def test_where_anything_is_wrong_the_page_says_it(app: BridgeApp, owner: Visitor, wrong: str) -> None:
    there = after_the_key(app, owner, answer(wrong))

    assert there.startswith(f"{PAGE}?task=")
    assert "The plugin answers." in owner.get(there.partition("#")[0]).text


def test_the_address_without_its_task_leads_to_the_page(owner: Visitor) -> None:
    assert owner.get(f"{PAGE}/set-up").location == f"{PAGE}?task=#check"
