"""What the shop's plugin sends to the bridge, signed as it signs."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.support.bridge_app import SHOP, BridgeApp
from worker.net.request_signature import sign_request
from worker.store import plugins
from worker.store.database.encryption import Encryption
from worker.store.plugins import Plugin

CODE = "ABCDE-FGHJK-MNPQR-STVWX"
PLUGIN_SECRET = "7e" * 32
KEYS = {
    "site": "https://shop.example",
    "version": "0.1.0",
    "rest_key": "ck_" + "a" * 40,
    "rest_secret": "cs_" + "b" * 40,
    "webhook_secret": "c" * 50,
    "plugin_secret": PLUGIN_SECRET,
}


def encryption(app: BridgeApp) -> Encryption:
    return Encryption(app.settings.secret_keys)


def invite(app: BridgeApp, code: str = CODE) -> None:
    with app.store.write() as connection:
        plugins.invite(connection, encryption(app), SHOP, code, now=app.now)


@dataclass(frozen=True)
class Signer:
    """Who signs a call, and how much later than the bridge's clock."""

    secret: str
    late_s: int = 0


def post(
    app: BridgeApp, route: str, content: dict[str, Any], headers: dict[str, str], *, signer: Signer
) -> TestResponse:
    body, time = json.dumps(content).encode(), int(app.now.timestamp()) + signer.late_s
    seal = sign_request(signer.secret, time=time, nonce=secrets.token_hex(16), route=route, body=body)
    signed = {
        "X-Facturelay-Time": seal.time,
        "X-Facturelay-Nonce": seal.nonce,
        "X-Facturelay-Signature": seal.signature,
    }
    return app.client.post(route, data=body, headers={**signed, **headers})


def connect(
    app: BridgeApp, changes: dict[str, str] | None = None, *, code: str = CODE, late_s: int = 0
) -> TestResponse:
    found = {"X-Facturelay-Invite": plugins.code_hash(code)}
    secret = plugins.signing_key(code)
    return post(app, "/plugin/connect", {**KEYS, **(changes or {})}, found, signer=Signer(secret=secret, late_s=late_s))


def ask(
    app: BridgeApp,
    verb: str,
    content: dict[str, Any] | None = None,
    *,
    secret: str = PLUGIN_SECRET,
    language: str = "en",
) -> TestResponse:
    headers = {"X-Facturelay-Shop": SHOP, "Accept-Language": language}
    return post(app, f"/plugin/{verb}", content or {}, headers, signer=Signer(secret=secret))


def plugin_of(app: BridgeApp) -> Plugin | None:
    with app.store.read() as connection:
        return plugins.of_shop(connection, encryption(app), SHOP)


def code_of(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, (answer.get_json() or {}).get("error", "")
