"""Every address of the bridge, by its own list: who proves nothing changes nothing, no look changes anything, and no answer holds a secret."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from werkzeug.routing import Rule

from bridge.gunicorn_conf import TOKEN
from tests.hostile.test_doors import filled
from tests.support.api_client import ApiClient, a_token
from tests.support.bridge_app import KEY, ORDER, SHOP, BridgeApp, settings_for
from tests.support.personas import HASHED, SITE, Visitor, signed_in
from tests.support.plugin_requests import PLUGIN_SECRET, connect, encryption, invite
from worker.domain.actor import Actor
from worker.settings import Settings
from worker.store import sessions, shops, users
from worker.store.sessions import NewLink
from worker.store.shops import Secrets
from worker.store.users import Role

# Doors for programs, and a document's link: each has a proof of its own instead of a form's token.
PROGRAMS = ("webhooks.", "peppol_hook.", "mollie_hook.", "plugin", "api.", "customer_document.")
# Nobody learns from its answer which shops and payments there are.
SAYS_YES_TO_EVERYBODY = "mollie_hook.hear"
# Counts that somebody forged its signature, for the shop's owner; `test_request_rate` says how often.
COUNTS_FORGERIES = "webhooks.receive"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def hidden(name: str) -> str:
    return f"hidden-{name}-5e1f"


def operators_secrets() -> dict[str, str]:
    """A value for each setting of the operator's that is not to be shown, which is what its `repr` says."""
    names = [field.name for field in fields(Settings) if not field.repr and field.type is str]
    urls = {"smtp_url": f"smtps://els:{hidden('smtp_url')}@mail.host.example", "redis_url": ""}
    return {name: urls.get(name, hidden(name)) for name in names if name not in ("redis_url", "archive_url")}


def shops_secrets() -> Secrets:
    given: dict[str, object] = {field.name: hidden(f"of-shop-{field.name}") for field in fields(Secrets)}
    given["webhook_secrets"] = (hidden("webhook"), hidden("webhook-before"))
    given["smtp_url"] = f"smtps://els:{hidden('of-shop-smtp_url')}@mail.shop.example"
    given["mollie_key"] = "live_" + "hidden5e1f" * 3
    return Secrets(**given)  # type: ignore[arg-type]  # by their names


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[BridgeApp]:
    """A shop with everything: a connected plugin, an order, a document, a member of each role, and secrets that can be recognised."""
    app = BridgeApp(settings_for(sqlite_url, tmp_path, **operators_secrets()))
    app.add_shop()
    invite(app)
    assert connect(app).status_code == 200
    with app.store.write() as connection:
        shops.change_secrets(connection, encryption(app), SHOP, shops_secrets())
        new = NewLink("invite", "new@shop.example", Role.VIEWER, SHOP)
        sessions.create_link(connection, new, by=Actor("Els", app.now))
    app.deliver(ORDER)
    assert app.client.post(f"/webhooks/{SHOP}").status_code in (401, 415)
    app.issue()
    yield app
    app.close()


def members(app: BridgeApp) -> dict[str, Visitor]:
    found = {
        "viewer": signed_in(app, "viewer@shop.example", roles={SHOP: Role.VIEWER}),
        "admin": signed_in(app, "admin@shop.example", roles={SHOP: Role.ADMIN}),
        "operator": signed_in(app, "els@host.example", operator=True),
    }
    with app.store.write() as connection:
        for user_id in (1, 2, 3):
            users.change(connection, user_id, totp=encryption(app).encrypt(SEED))
    return found


def routes(app: BridgeApp) -> Iterator[tuple[Rule, str]]:
    for rule in app.client.application.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def changed_by(app: BridgeApp, act: Callable[[], object]) -> bool:
    """Whether anything was written to the database meanwhile; SQLite counts what others commit."""
    file = make_url(app.settings.database_url).database or ""
    with closing(sqlite3.connect(file)) as connection:
        before = connection.execute("PRAGMA data_version").fetchone()
        act()
        return bool(connection.execute("PRAGMA data_version").fetchone() != before)


def test_who_proves_nothing_changes_nothing_at_any_address(house: BridgeApp) -> None:
    forged = {"X-Facturelay-Shop": SHOP, "X-Facturelay-Signature": "00" * 32, "Authorization": "Bearer fr_no"}
    client, wrote, statuses = house.client, [], set()
    assert changed_by(house, lambda: house.deliver(ORDER))

    def knock(rule: Rule, method: str) -> None:
        answer = client.open(filled(rule), method=method, data=b"{}", headers=forged, base_url=SITE)
        statuses.add((rule.endpoint, method, answer.status_code))

    for rule, method in routes(house):
        if changed_by(house, lambda rule=rule, method=method: knock(rule, method)):  # type: ignore[misc]  # called at once
            wrote.append(rule.endpoint)

    assert len(statuses) > 150
    assert set(wrote) <= {COUNTS_FORGERIES}
    taken = {endpoint for endpoint, method, status in statuses if method != "GET" and status < 300}
    assert taken == {SAYS_YES_TO_EVERYBODY}


def test_no_look_at_any_page_changes_anything(house: BridgeApp) -> None:
    """A link in a mail, a scanner and a browser that loads ahead ask by GET."""
    everybody = members(house)
    wrote = [
        (who, rule.rule)
        for who, visitor in everybody.items()
        for rule, method in routes(house)
        if method == "GET" and changed_by(house, lambda rule=rule, visitor=visitor: visitor.get(filled(rule)))  # type: ignore[misc]  # as above
    ]
    assert wrote == []


@pytest.mark.parametrize("token", ["", "somebody else's"])
def test_no_form_of_another_site_changes_anything(house: BridgeApp, token: str) -> None:
    everybody = members(house)
    operator = everybody["operator"]
    form_token = everybody["admin"].form_token if token else ""
    answers, wrote = {}, []
    for rule, method in routes(house):
        if method == "GET" or rule.endpoint.startswith(PROGRAMS):
            continue

        def send(path: str = filled(rule), method: str = method, name: str = rule.endpoint) -> None:
            data = {"form_token": form_token}
            answers[name, path] = operator.client.open(path, method=method, base_url=SITE, data=data).status_code

        if changed_by(house, send):
            wrote.append(rule.endpoint)

    assert len(answers) > 60
    assert {asked: status for asked, status in answers.items() if status != 400} == {}
    assert wrote == []


def test_no_answer_holds_a_secret_whoever_asks(house: BridgeApp) -> None:
    everybody = members(house)
    token = a_token(house)
    assert len(operators_secrets()) > 1
    secrets = {
        *(value for value in operators_secrets().values() if value.startswith("hidden-")),
        *("hidden-", "hidden5e1f", KEY, HASHED, PLUGIN_SECRET, SEED, token),
        *(encryption(house).encrypt("x")[:9],),  # how everything begins that is encrypted
    }
    found = []
    for rule, method in routes(house):
        if method != "GET":
            continue
        answers = [(who, visitor.get(filled(rule))) for who, visitor in everybody.items()]
        if rule.rule.startswith("/api/v1/"):
            answers.append(("token", ApiClient(house, token).get(filled(rule).removeprefix("/api/v1"))))
        for who, answer in answers:
            # One answer is a zip, whose letters are still those of its files.
            said = answer.data.decode(errors="replace") + str(answer.headers)
            found += [(who, rule.rule, secret) for secret in secrets if secret in said]
    assert found == []


def test_every_token_in_an_address_is_hidden_in_the_log(house: BridgeApp) -> None:
    shown = [
        rule.rule
        for rule, _ in routes(house)
        if {"token", "secret"} & rule.arguments and not TOKEN.search(rule.rule.replace("<", "x"))
    ]
    assert shown == []
