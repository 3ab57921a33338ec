"""A plain delivery is answered before Flask looks at it: as Flask would have answered, and nothing else is."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from bridge import create_app
from tests.support.bridge_app import NOW, ORDER, SECRET, SHOP, BridgeApp, settings_for, signature_of, signed_headers
from worker.store import known_shops, shops
from worker.store.database.encryption import Encryption

SIGNED = signed_headers(ORDER)
NO_JSON = b"[]"
DELIVERIES: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "plain": (SHOP, ORDER, SIGNED),
    "with a charset": (SHOP, ORDER, {**SIGNED, "Content-Type": "application/json; charset=utf-8"}),
    "another topic": (SHOP, ORDER, signed_headers(ORDER, topic="product.updated")),
    "without a topic": (SHOP, ORDER, {"Content-Type": "application/json", "X-WC-Webhook-Signature": signature_of(ORDER)}),
    "a wrong signature": (SHOP, ORDER, {**SIGNED, "X-WC-Webhook-Signature": "wrong"}),
    "no signature": (SHOP, ORDER, {"Content-Type": "application/json"}),
    "no JSON": (SHOP, NO_JSON, signed_headers(NO_JSON)),
    "nothing": (SHOP, b"", signed_headers(b"")),
    "another type": (SHOP, ORDER, {**SIGNED, "Content-Type": "text/plain"}),
    "an unknown shop": ("nobody", ORDER, SIGNED),
    "a strange shop": ("no body", ORDER, SIGNED),
    "a slash too many": (f"{SHOP}/", ORDER, SIGNED),
    "too long": (SHOP, b" " * 100_001, signed_headers(b" " * 100_001)),
    "a ping": (SHOP, b"webhook_id=12", {"Content-Type": "application/x-www-form-urlencoded"}),
}  # fmt: skip


@pytest.fixture
def whole_way(app: BridgeApp, tmp_path: Path) -> Flask:
    """The bridge on the same database, with Flask first."""
    other = create_app(
        settings_for(app.settings.database_url, tmp_path, public_url="https://d.example"), now=lambda: NOW
    )
    other.wsgi_app = Flask.wsgi_app.__get__(other)  # type: ignore[method-assign]
    return other


@pytest.fixture
def plain(app: BridgeApp, tmp_path: Path) -> Flask:
    return create_app(
        settings_for(app.settings.database_url, tmp_path, public_url="https://d.example"), now=lambda: NOW
    )


def answer_of(app: Flask, delivery: tuple[str, bytes, dict[str, str]]) -> tuple[int, dict[str, str], Any, str]:
    shop, body, headers = delivery
    answer = app.test_client().post(f"/webhooks/{shop}", data=body, headers=headers)
    said = answer.get_json()
    delivery_id = said.pop("delivery", None)
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
    return answer.status_code, headers, said, answer.get_data(as_text=True).replace(str(delivery_id), "ID")


@pytest.mark.parametrize("name", DELIVERIES)
def test_the_answer_is_that_of_the_whole_way(plain: Flask, whole_way: Flask, app: BridgeApp, name: str) -> None:
    whole = answer_of(whole_way, DELIVERIES[name])
    kept, failures = app.how_many_kept(), app.signature_failures()
    assert answer_of(plain, DELIVERIES[name]) == whole
    assert (app.how_many_kept(), app.signature_failures()) == (2 * kept, 2 * failures)
    assert kept == whole[2].get("kept", False)


def test_what_cannot_be_stored_is_refused_as_on_the_whole_way(plain: Flask, whole_way: Flask, app: BridgeApp) -> None:
    for each in (plain, whole_way):
        event.listen(
            each.extensions["facturelay"].store.engine,
            "begin",
            lambda connection: connection.exec_driver_sql("PRAGMA query_only=ON"),
        )
    refused = answer_of(plain, DELIVERIES["plain"])
    assert refused == answer_of(whole_way, DELIVERIES["plain"])
    assert (refused[0], refused[2]["error"], app.how_many_kept()) == (503, "database_away", 0)


def test_many_deliveries_ask_for_the_secrets_once_and_a_new_secret_counts_at_once(
    app: BridgeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(known_shops, "KNOWN_FOR_S", 3600.0)
    event.listen(
        app.client.application.extensions["facturelay"].store.engine,
        "before_cursor_execute",
        lambda *told: asked.append(told[2]) if "secrets" in told[2] else None,
    )
    assert [app.deliver().status_code for _ in range(3)] == [200] * 3
    assert len(asked) == 1
    rotate(app, "a new secret")
    assert app.deliver(headers=signed_headers(ORDER, secret="a new secret")).status_code == 200


@pytest.mark.parametrize("way", ["plain", "whole"])
@pytest.mark.parametrize(
    ("site", "source"),
    [(None, "webhook"), ("http://www.shop.example", "webhook"), ("https://staging.shop.example/", "other_site")],
)
def test_a_delivery_of_a_copy_is_kept_as_what_it_is(app: BridgeApp, way: str, site: str | None, source: str) -> None:
    headers = {name: value for name, value in signed_headers(ORDER).items() if name != "X-WC-Webhook-Source"}
    headers |= {"X-WC-Webhook-Source": site} if site else {}
    # One that does not announce its length goes the whole way.
    more = {"headers": headers} if way == "plain" else {"headers": headers, "content_length": None}
    assert app.client.post(f"/webhooks/{SHOP}", data=ORDER, **more).status_code == 200
    assert [one.source for one in app.kept()] == [source]


def test_a_secret_that_is_taken_away_is_soon_forgotten(app: BridgeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    assert app.deliver().status_code == 200
    rotate(app, "a new secret")
    rotate(app, "a newer secret")
    monkeypatch.setattr(known_shops, "KNOWN_FOR_S", -1.0)
    assert app.deliver(headers=signed_headers(ORDER, secret=SECRET)).status_code == 401


def rotate(app: BridgeApp, secret: str) -> None:
    with app.store.write() as connection:
        shops.rotate_webhook_secret(connection, Encryption(app.settings.secret_keys), SHOP, secret)
