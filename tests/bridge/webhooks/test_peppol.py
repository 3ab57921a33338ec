"""What an access point tells makes us ask it, once and soon; what is forged changes nothing, and nothing told is believed."""

from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.bridge_app import NOW, SHOP, BridgeApp
from worker.domain.access_point import Sent, State
from worker.net import peppol_hook
from worker.store import shops, transmissions
from worker.store.database.encryption import Encryption

SECRET, LATER = "whsec_1", NOW + timedelta(hours=6)
FAILED = {"event": "document.sent.failed", "id": "evt_1", "data": {"document_id": "doc_1"}}


@pytest.fixture
def hearing(app_on_each_database: BridgeApp) -> BridgeApp:
    """A shop with a delivered document that is asked about in six hours, and an access point that signs."""
    app = app_on_each_database
    document = app.issue()
    with app.store.write() as connection:
        encryption = Encryption(app.settings.secret_keys)
        secrets = shops.get(connection, encryption, SHOP).secrets
        shops.change_secrets(connection, encryption, SHOP, replace(secrets, peppol_hook_secret=SECRET))
        transmissions.begin(connection, document.document_id, SHOP, provider="e-invoice.be", recipient="0208:1")
        transmissions.taken(connection, document.document_id, Sent("doc_1", State.DELIVERED), now=NOW)
        transmissions.change(connection, document.document_id, next_at=LATER)
    return app


def next_look(app: BridgeApp) -> datetime | None:
    with app.store.read() as connection:
        return transmissions.of_documents(connection, [1])[1].next_at


def tell(app: BridgeApp, event: Any, *, signature: str | None = None, shop_id: str = SHOP) -> TestResponse:
    address = peppol_hook.url("", app.settings.secret_keys, shop_id)
    given = peppol_hook.sign(event, SECRET) if signature is None else signature
    return app.client.post(address, json=event, headers={"X-Signature": given})


def test_what_is_told_is_asked_about_at_once_and_twice_is_once(hearing: BridgeApp) -> None:
    assert [tell(hearing, FAILED).status_code for _ in range(2)] == [HTTPStatus.OK, HTTPStatus.OK]

    assert next_look(hearing) == NOW
    with hearing.store.read() as connection:
        assert transmissions.of_documents(connection, [1])[1].state == State.DELIVERED  # it is not believed


@pytest.mark.parametrize(
    ("event", "how"),
    [
        (FAILED, {"signature": ""}),
        (FAILED, {"signature": "sha256=" + "0" * 64}),
        (FAILED, {"signature": "sha256=é"}),
        (FAILED, {"shop_id": "another-shop"}),
        ({"event": "document.sent", "data": {"document_id": "doc_2"}}, {}),
        ({"data": {"a": {"b": {"c": "doc_1"}}}}, {}),
        ({}, {}),
    ],
)
def test_what_is_forged_or_unknown_changes_nothing(hearing: BridgeApp, event: Any, how: dict[str, Any]) -> None:
    assert tell(hearing, event, **how).status_code == HTTPStatus.OK
    assert next_look(hearing) == LATER


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"doc_1"', b"\xff", b"[" * 10_000])
def test_what_cannot_be_read_is_answered_and_changes_nothing(hearing: BridgeApp, body: bytes) -> None:
    address = peppol_hook.url("", hearing.settings.secret_keys, SHOP)

    assert hearing.client.post(address, data=body).status_code == HTTPStatus.OK
    assert next_look(hearing) == LATER


def test_an_address_of_our_own_making_alone_is_heard(hearing: BridgeApp) -> None:
    assert hearing.client.post(f"/webhooks/peppol/{SHOP}", json=FAILED).status_code == HTTPStatus.NOT_FOUND
    assert next_look(hearing) == LATER


def test_one_that_does_not_sign_is_heard_by_its_address(hearing: BridgeApp) -> None:
    with hearing.store.write() as connection:
        encryption = Encryption(hearing.settings.secret_keys)
        secrets = shops.get(connection, encryption, SHOP).secrets
        shops.change_secrets(connection, encryption, SHOP, replace(secrets, peppol_hook_secret=""))

    tell(hearing, {"id": "doc_1", "folder": "failed"}, signature="")

    assert next_look(hearing) == NOW
