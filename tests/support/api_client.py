"""A program that asks the API with a token, and an order for it to find."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werkzeug.test import TestResponse

from tests.support.bridge_app import NOW, SHOP, BridgeApp
from worker.domain.actor import Actor
from worker.domain.decision import RuleResult
from worker.message import Message
from worker.store import api_tokens
from worker.store.api_tokens import Scope
from worker.store.database import json_codec
from worker.store.database.tables import orders


@dataclass
class ApiClient:
    """An app, and a token with which a program asks it."""

    app: BridgeApp
    secret: str

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.secret}", **more.pop("headers", {})}
        return self.app.client.open(f"/api/v1{path}", method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.ask("GET", path, **more)

    def told(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json

    def all(self, path: str, name: str) -> list[Any]:
        """Every item of a list, page by page, as a program reads it."""
        found: list[Any] = []
        following: str | None = f"https://documents.example/api/v1{path}"
        while following:
            answer = self.get(following.removeprefix("https://documents.example/api/v1"))
            assert answer.status_code == 200
            found += (answer.json or {})[name]
            following = (answer.json or {})["next"]
            assert answer.headers.get("Link") == (f'<{following}>; rel="next"' if following else None)
        return found


def a_token(app: BridgeApp, *scopes: Scope, shop: str = SHOP) -> str:
    with app.store.write() as connection:
        chosen = scopes or tuple(Scope)
        return api_tokens.create(connection, shop_id=shop, name="bookkeeping", scopes=chosen, by=Actor("An", NOW))[1]


def saw(
    app: BridgeApp, order_id: int, *, order_key: str = "wc_order_1", minutes: int = 0, status: str = "processing"
) -> None:
    with app.store.write() as connection:
        connection.execute(
            orders.insert().values(
                shop_id=SHOP,
                order_id=order_id,
                order_key=order_key,
                order_number=f"A{order_id}",
                status=status,
                currency="EUR",
                total="22.2",
                buyer="Jan Peeters",
                ordered_at=NOW,
                paid_at=None,
                fetched_at=NOW + timedelta(minutes=minutes),
                rule_results=json_codec.dump(
                    (RuleResult("invoice:paid:send", False, "not_paid", Message("It is not paid.")),)
                ),
                flags="[]",
            )
        )
