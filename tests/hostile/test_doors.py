"""What no honest sender sends, at every door: it is refused with a 400, breaks nothing, and nothing of it is kept."""

import json
import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.routing import Rule

from bridge.api.routes import ROUTES
from tests.support.api_client import ApiClient, a_token
from tests.support.bridge_app import ORDER, SHOP, BridgeApp
from tests.support.personas import SITE, signed_in
from tests.support.plugin_requests import PLUGIN_SECRET, ask, code_of, connect, invite
from tests.support.routes import methods, rules
from worker.net.request_signature import TOLERANCE_S, sign_request
from worker.store.database.tables import plugin_nonces, tasks
from worker.store.deliveries import NewDelivery

# As raw bodies: what no library of ours would write.
NO_JSON = (
    b"",
    b"[]",
    b"null",
    b"{",
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"a": 1e999}',
    b'{"a": "\\ud800"}',
    b'{"\\udfff": 1}',
    b'{"a": ["\\ud83d x"]}',
    b'{"a": "\xed\xa0\x80"}',  # half a surrogate pair, written as bytes
    b'{"a": "\xff"}',
    '{"a": "b"}'.encode("utf-16"),
    b'{"a": ' + b"[" * 101 + b"]" * 101 + b"}",
    b'{"a": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
    b'{"a": ' * 900 + b"1" + b"}" * 900,
    b'{"a": ' + b"9" * 5_000 + b"}",
)
# What is stored whole, as it came, may hold these; nowhere else.
UNSTORABLE = (b'{"a": "\\u0000"}', b'{"\\u0000": 1}', b'{"a": 9223372036854775808}', b'{"a": [-9223372036854775809]}')


@pytest.fixture
def door(app_on_each_database: BridgeApp) -> BridgeApp:
    """A bridge with a connected plugin and one document."""
    invite(app_on_each_database)
    assert connect(app_on_each_database).status_code == 200
    app_on_each_database.issue()
    return app_on_each_database


def headers_of(app: BridgeApp, route: str, body: bytes, *, nonce: str = "5f" * 16, late_s: int = 0) -> dict[str, str]:
    """A plugin's own signature over *body*, whatever is in it."""
    time = int(app.now.timestamp()) + late_s
    signed = sign_request(PLUGIN_SECRET, time=time, nonce=nonce, route=route, body=body)
    return {
        "X-Facturelay-Shop": SHOP,
        "X-Facturelay-Time": signed.time,
        "X-Facturelay-Nonce": signed.nonce,
        "X-Facturelay-Signature": signed.signature,
    }


def plugin_routes(app: BridgeApp) -> list[str]:
    """Every route that a connected plugin calls; the list is the bridge's own."""
    rules = app.client.application.url_map.iter_rules()
    found = [rule.rule for rule in rules if rule.endpoint.startswith("plugin") and "POST" in (rule.methods or set())]
    return sorted(path for path in found if "<" not in path and path != "/plugin/connect")


def api_routes() -> Iterator[tuple[str, str]]:
    """Those that read what is sent to them; the others do not look at it."""
    for route in ROUTES:
        if route.body:
            yield route.method, re.sub(r"<[^>]+>", "1", route.rule)


def test_nothing_is_answered_at_any_route_of_the_plugin_without_the_right_signature(door: BridgeApp) -> None:
    routes = plugin_routes(door)
    for route in routes:
        by_strangers = [ask(door, route.removeprefix("/plugin/"), secret=secret) for secret in ("7f" * 32, "")]
        answers = {code_of(answer) for answer in (*by_strangers, door.client.post(route, json={}))}
        assert answers == {(401, "not_connected")}, route
    assert len(routes) > 10


def test_what_is_no_json_is_a_400_at_every_route_of_the_plugin(door: BridgeApp) -> None:
    answers = []
    for route in plugin_routes(door):
        for body in (*NO_JSON, *UNSTORABLE):
            headers = headers_of(door, route, body, nonce=secrets.token_hex(16))
            answers.append((route, body[:30], door.client.post(route, data=body, headers=headers).status_code))
            door.now += timedelta(seconds=1)

    assert len(answers) > 100
    assert [answer for answer in answers if answer[2] != 400] == []


def test_what_is_no_json_is_a_400_at_every_route_of_the_api(door: BridgeApp) -> None:
    api = ApiClient(door, a_token(door))
    answers = []
    for method, path in api_routes():
        for body in (*NO_JSON, *UNSTORABLE):
            door.now += timedelta(minutes=1)  # within its rate
            answer = api.ask(method, path, data=body[:19_000], headers={"Content-Type": "application/json"})
            answers.append((method, path, body[:30], answer.status_code))

    assert len(answers) > 30
    assert [answer for answer in answers if answer[3] != 400] == []


@pytest.mark.parametrize("body", [*NO_JSON, b'{"id": 9223372036854775808}', b'{"id": ' + b"1" * 40 + b"}"])
def test_what_is_no_json_is_a_400_at_the_door_of_webhooks(app: BridgeApp, body: bytes) -> None:
    assert (app.deliver(body).status_code, app.how_many_kept()) == (400, 0)


@pytest.mark.parametrize("body", [b'{"id": 238, "meta": {"\\u0000*\\u0000secret": 99999999999999999999}}'])
def test_what_a_wordpress_plugin_puts_into_an_order_is_stored_whole(
    app_on_each_database: BridgeApp, body: bytes
) -> None:
    assert app_on_each_database.deliver(body).status_code == 200
    assert app_on_each_database.kept()[0].body == body


# What is none of the kind that each field is.
NO_TEXT: tuple[Any, ...] = (["x"], {"x": 1}, 1, 1.5, None, True)
NO_ID: tuple[Any, ...] = (["x"], {"x": 1}, "1", 1.5, None, True, -1)
NO_FLAG: tuple[Any, ...] = (["x"], {"x": 1}, "true", 1, None)
NO_IDS: tuple[Any, ...] = ("1", {"1": 1}, 1, None, True, ["1"], [True], [1.5], [[1]], [None], [-1])
FIELDS = (
    ("order", "order", NO_ID),
    ("order", "key", NO_TEXT),
    ("task", "kind", NO_TEXT),
    ("task", "document", NO_ID),
    ("task", "by", NO_TEXT),
    ("task/answer", "task", NO_ID),
    ("files", "documents", NO_IDS),
    ("check", "again", NO_FLAG),
    ("heartbeat", "version", NO_TEXT),
    ("renew", "rest_key", NO_TEXT),
    ("renew", "webhook_secret", NO_TEXT),
)


@pytest.mark.parametrize(("route", "field", "wrong"), FIELDS, ids=[f"{route}-{field}" for route, field, _ in FIELDS])
def test_a_value_of_another_kind_is_a_400(door: BridgeApp, route: str, field: str, wrong: tuple[Any, ...]) -> None:
    sound = {"kind": "send", "order": 238, "document": 1}
    answers = [(value, code_of(ask(door, route, {**sound, field: value}))) for value in wrong]

    assert [answer for answer in answers if answer[1] != (400, "request_wrong")] == []


def test_nul_in_any_form_or_address_is_a_400(door: BridgeApp) -> None:
    door.deliver()
    visitor = signed_in(door, "els@host.example", operator=True)
    answers = []
    for rule in rules(door):
        path = filled(rule)
        if rule.endpoint.startswith("static"):
            continue
        for method in methods(rule):
            answer = visitor.get(f"{path}?q=a%00b") if method == "GET" else visitor.post(path, name="a\0b")
            answers.append((method, path, answer.status_code))

    assert len(answers) > 100
    assert [answer for answer in answers if answer[2] not in (400, 404)] == []


def test_nul_for_anything_that_an_address_names_is_nothing_to_anybody(door: BridgeApp) -> None:
    asked, broken = 0, []
    for rule in door.client.application.url_map.iter_rules():
        for name in re.findall(r"<(?:path:)?(\w+)>", rule.rule):
            path = filled(Rule(re.sub(rf"<(?:path:)?{name}>", "a%00b", rule.rule)))
            for method in methods(rule):
                asked += 1
                status = door.client.open(path, method=method, base_url=SITE).status_code
                broken += [(method, rule.rule, status)] if status not in (400, 404) else []

    assert asked > 100
    assert broken == []


def filled(rule: Rule) -> str:
    """An address of *rule* as it may be: of the shop and of what is there."""
    path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule).replace("<shop_id>", SHOP)
    return re.sub(r"<(?:int:)?(\w+)>", lambda found: "238" if found[1] == "order_id" else "1", path)


def test_a_captured_call_acts_once(door: BridgeApp) -> None:
    body = json.dumps({"kind": "send", "document": 1}).encode()
    headers = headers_of(door, "/plugin/task", body)
    answers = []
    for _ in range(5):
        answers.append(code_of(door.client.post("/plugin/task", data=body, headers=headers)))
        door.now += timedelta(minutes=1)
    with door.store.read() as connection:
        how_many = connection.execute(select(func.count()).select_from(tasks)).scalar_one()

    assert answers == [(200, ""), *[(401, "request_repeated")] * 4]
    assert how_many == 1


@pytest.mark.parametrize("name", ["Els", "Els\u202e", "", "\u200b"])
def test_whoever_has_the_plugins_key_signs_the_trail_as_nobody_of_ours(door: BridgeApp, name: str) -> None:
    ask(door, "task", {"kind": "send", "document": 1, "by": name})
    with door.store.read() as connection:
        said = connection.execute(select(tasks.c.requested_by)).scalar_one()

    assert said == ("Els (WooCommerce)" if "Els" in name else "WooCommerce")


def test_a_captured_call_cannot_be_kept_until_it_is_forgotten(door: BridgeApp) -> None:
    body = json.dumps({"kind": "send", "document": 1}).encode()
    # Signed by a clock that is as far ahead as is taken.
    headers = headers_of(door, "/plugin/task", body, late_s=TOLERANCE_S)
    answers = []
    for _ in range(60):
        answers.append(door.client.post("/plugin/task", data=body, headers=headers).status_code)
        ask(door, "check")  # what prunes the table
        door.now += timedelta(seconds=30)

    assert (answers[0], set(answers[1:])) == (200, {401})


def test_each_nonce_is_kept_for_as_long_as_it_counts_and_no_longer(door: BridgeApp) -> None:
    for _ in range(50):
        ask(door, "check")
        door.now += timedelta(minutes=1)
    with door.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(plugin_nonces)).scalar_one() == 16


@pytest.mark.parametrize("nonce", ["", "x" * 32, "5F" * 16, "5f" * 40, "5f\n", "5f" * 7])
def test_a_nonce_that_is_none_opens_nothing(door: BridgeApp, nonce: str) -> None:
    headers = {**headers_of(door, "/plugin/check", b"{}", nonce=nonce)}
    if "\n" in nonce:
        headers["X-Facturelay-Nonce"] = nonce.strip()

    assert door.client.post("/plugin/check", data=b"{}", headers=headers).status_code == 401


def test_a_stranger_leaves_no_nonce(door: BridgeApp) -> None:
    with door.store.read() as connection:
        before = connection.execute(select(func.count()).select_from(plugin_nonces)).scalar_one()
    ask(door, "check", secret="00" * 32)
    headers = {**headers_of(door, "/plugin/check", b"{}"), "X-Facturelay-Shop": "nobody"}
    door.client.post("/plugin/check", data=b"{}", headers=headers)
    with door.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(plugin_nonces)).scalar_one() == before


def test_two_at_once_with_one_nonce_act_once(door: BridgeApp) -> None:
    # Not a race within Python: the row decides, and this is the row.
    from worker.store import plugins

    with door.store.write() as connection:
        assert plugins.use_nonce(connection, SHOP, "aa" * 16, now=door.now)
        assert not plugins.use_nonce(connection, SHOP, "aa" * 16, now=door.now)
        assert plugins.use_nonce(connection, "another shop", "aa" * 16, now=door.now)


def test_a_page_shows_a_delivery_whose_text_is_no_text(app: BridgeApp) -> None:
    from worker.store import deliveries

    app.deliver(ORDER)
    with app.store.write() as connection:
        body = b'{"id": 238, "note": "\\ud83d"}'
        deliveries.add(connection, NewDelivery(shop_id=SHOP, source="webhook", topic="order.updated", order_id=238, body=body, headers=[]), now=app.now)  # fmt: skip
    visitor = signed_in(app, "els@host.example", operator=True)

    assert {visitor.get(f"/s/{SHOP}/orders/238/deliveries/{number}").status_code for number in (1, 2)} == {200}
