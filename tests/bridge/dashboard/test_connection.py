"""Connecting by hand: a key that was saved leads on by itself where all is well, and stays where something is not."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.bridge.dashboard.test_confirmations import finish
from tests.support.bridge_app import NOW, ORDER, SHOP, BridgeApp, signed_headers
from tests.support.personas import Visitor, signed_in
from worker.actions import other_site
from worker.message import Message
from worker.store import plugins, shops, tasks
from worker.store.database.encryption import Encryption
from worker.store.plugins import NewPlugin, PluginCheck

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
PAGE = f"/s/{SHOP}/settings/connection"
MADE = [
    {"topic": "order.created", "why": Message("was missing")},
    {"topic": "order.updated", "why": Message("was missing")},
]


@pytest.fixture
def owner(app: BridgeApp) -> Visitor:
    app.change_shop(test=True)
    visitor = signed_in(app, "els@host.example", operator=True)
    visitor.get(PAGE)
    return visitor


def test_where_the_shop_moved_one_button_says_so(app: BridgeApp, owner: Visitor) -> None:
    app.deliver(headers={**signed_headers(ORDER), "X-WC-Webhook-Source": "https://moved.example/"})
    with app.store.write() as connection:
        other_site.tell(connection, app.shop, "https://moved.example/", now=NOW)
    told = owner.get(PAGE).text
    assert "https://moved.example/ reports orders in the name of your shop" in told
    owner.post(
        f"{PAGE}/address", **{name: html.unescape(value) for name, value in HIDDEN.findall(told) if name == "url"}
    )
    assert "in the name of your shop" not in owner.get(PAGE).text
    (kept,) = app.kept()
    assert (kept.source, kept.state) == ("webhook", "waiting")


def test_who_just_made_a_code_finds_the_way_by_hand_folded(owner: Visitor) -> None:
    folded = "<details><summary>By hand, with nothing installed in the shop</summary>"
    assert folded not in owner.get(PAGE).text
    assert folded in owner.post(f"{PAGE}/code").text


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


def look(app: BridgeApp, owner: Visitor, url: str, message: Message | None) -> str:
    """The page after the worker looked at the address that was just saved."""
    owner.post(f"{PAGE}/address", url=url)
    with app.store.write() as connection:
        asked = tasks.newest(connection, SHOP, "look_at_address")
        assert asked is not None
        leased = tasks.take(connection, asked.task_id, now=NOW, lease_for=timedelta(minutes=1))
        assert leased is not None
        tasks.finish(connection, leased.lease, now=NOW, answer={"good": not message, "message": message}, state="done")
    return owner.get(PAGE).text


SLIP = Message("{shop} cannot go live yet. {reason}", shop="winkkel.example", reason="")


def test_what_is_wrong_with_where_the_shop_moved_stands_at_its_button(app: BridgeApp, owner: Visitor) -> None:
    with app.store.write() as connection:
        other_site.tell(connection, app.shop, "http://192.168.1.20", now=NOW)
    refused = owner.post(f"{PAGE}/address", url="http://192.168.1.20").text
    problem = re.search(r'id="error-f?-?url"[^>]*>.*?<span>(.*?)</span>', refused, re.DOTALL)
    assert problem
    button = refused[refused.index("The shop is at this address now") :]
    assert problem[1] in button[: button.index("</div>")]


def test_a_key_that_was_withheld_is_waited_for_and_the_page_says_how_it_comes(app: BridgeApp, owner: Visitor) -> None:
    owner.post(f"{PAGE}/key", rest_key="ck_" + "a" * 40, rest_secret="cs_" + "b" * 40)
    owner.post(f"{PAGE}/address", url="https://moved.example")
    told = html.unescape(owner.get(PAGE).text)
    assert "so it is not sent to https://moved.example. The plugin gives another" in told
    assert "A key is stored" not in told
    assert "Go on without a key" in told
    owner.post(f"{PAGE}/no-key")
    left = html.unescape(owner.get(PAGE).text)
    assert ("No key is waited for any more" in left, "Go on without a key" in left) == (True, False)


def test_a_slip_in_the_address_is_told_before_there_is_a_key(app: BridgeApp, owner: Visitor) -> None:
    assert "winkkel.example cannot go live yet" in look(app, owner, "https://winkkel.example", SLIP)


def test_of_an_address_that_was_corrected_since_nothing_is_told(app: BridgeApp, owner: Visitor) -> None:
    look(app, owner, "https://winkkel.example", SLIP)
    owner.post(f"{PAGE}/address", url="https://winkel.example")

    assert "winkkel.example cannot go live yet" not in owner.get(PAGE).text


def test_the_address_is_looked_at_while_the_shop_is_made(app: BridgeApp, owner: Visitor) -> None:
    owner.get("/shops/new")
    owner.post("/shops/new", name="Nieuw", url="https://nieuw.example/")

    with app.store.read() as connection:
        (made,) = (one for one in shops.every(connection) if one.shop_id != SHOP)
        asked = tasks.newest(connection, made.shop_id, "look_at_address")
    assert asked is not None
    assert asked.argument == {"url": "https://nieuw.example"}


def test_the_address_without_its_task_leads_to_the_page(owner: Visitor) -> None:
    assert owner.get(f"{PAGE}/set-up").location == f"{PAGE}?task=#check"


@pytest.mark.parametrize(
    ("tried", "answered", "says"),
    [
        ("waiting", None, "plugin 0.1.0 connected"),
        ("done", timedelta(minutes=1), "plugin 0.1.0 connected"),
        ("done", timedelta(hours=1), "plugin 0.1.0 does not answer"),
        ("failed", None, "plugin 0.1.0 does not answer"),
    ],
)
def test_a_plugin_is_called_connected_while_it_answers_or_is_tried(
    app: BridgeApp, owner: Visitor, tried: str, answered: timedelta | None, says: str
) -> None:
    with app.store.write() as connection:
        plugin_id = connect_plugin(app, connection)
        if tried != "waiting":
            plugins.record_check(connection, plugin_id, PluginCheck(tried), now=NOW)
        if answered:
            plugins.record_response(connection, plugin_id, NOW - answered)

    assert re.findall(r"plugin 0\.1\.0 [\w ]+", owner.get(PAGE).text) == [says]


def test_a_plugin_that_was_switched_off_in_wordpress_does_not_answer(app: BridgeApp, owner: Visitor) -> None:
    with app.store.write() as connection:
        plugin_id = connect_plugin(app, connection)
        plugins.record_check(connection, plugin_id, PluginCheck("done", "connected"), now=NOW)
        plugins.record_response(connection, plugin_id, NOW)
        found = plugins.find(connection, Encryption(app.settings.secret_keys), plugin_id)
        assert found is not None
        plugins.switch_off(connection, found, now=NOW)

    assert "plugin 0.1.0 does not answer" in owner.get(PAGE).text


def connect_plugin(app: BridgeApp, connection: Connection) -> int:
    return plugins.connect(
        connection,
        Encryption(app.settings.secret_keys),
        NewPlugin(SHOP, "7f" * 32, "https://shop.example", "0.1.0"),
        now=NOW,
    )
