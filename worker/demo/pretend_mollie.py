"""A pretend Mollie on this machine: its payments API as its clients see it, and a pay screen on which whoever pays chooses the outcome.

Like the real one it calls the payment's webhook and sends the buyer back; unlike it, it loses, delays and doubles calls when a
test says so, and fails as it is told.
"""

import itertools
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request

from worker.demo import i18n
from worker.demo.http_server import Pretended, hang_up

KEY, LIVE_KEY = "test_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM", "live_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM"
METHODS = {"bancontact": "Bancontact", "ideal": "iDEAL", "creditcard": "Credit card", "kbc": "KBC/CBC"}
FINAL = {"paid": "paidAt", "failed": "failedAt", "canceled": "canceledAt", "expired": "expiredAt"}
DECIMALS = {"JPY": 0, "ISK": 0, "KWD": 3}
NEEDED = ("amount", "description", "redirectUrl")
WEBHOOK_S = 15


@dataclass
class PretendMollie(Pretended):
    """Without *calls* none of them arrives. *faults* go wrong next: "before" and "after" (hung up
    before and after all was done), or the status of a refusal. *asked* holds what was asked, oldest first.
    """

    calls: bool = True
    faults: list[str] = field(default_factory=list)
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    replies: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)  # by Idempotency-Key

    def __post_init__(self) -> None:
        self.numbers, self.lock = itertools.count(1), threading.Lock()

    def app(self) -> Flask:
        app = Flask(__name__)
        i18n.install(app)
        app.add_url_rule("/v2/payments", view_func=self.create, methods=["POST"])
        app.add_url_rule("/v2/payments/<number>", view_func=self.show, methods=["GET"])
        app.add_url_rule("/v2/payments/<number>", view_func=self.cancel, methods=["DELETE"], endpoint="cancel")
        app.add_url_rule("/v2/methods", view_func=self.methods, methods=["GET"])
        app.add_url_rule("/screen/<number>", view_func=self.screen, methods=["GET"])
        app.add_url_rule("/screen/<number>", view_func=self.choose, methods=["POST"], endpoint="choose")
        app.before_request(self.judge)
        return app

    # What goes wrong

    def judge(self) -> Response | None:
        if not request.path.startswith("/v2/"):
            return None
        self.asked.append(f"{request.method} {request.path}")
        fault = self.faults.pop(0) if self.faults and self.faults[0] != "after" else ""
        if fault == "before":
            hang_up()
        if fault:
            return refused(int(fault), HTTPStatus(int(fault)).phrase)
        if request.headers.get("Authorization") not in (f"Bearer {KEY}", f"Bearer {LIVE_KEY}"):
            return refused(401, "Missing authentication, or failed to authenticate")
        return None

    @property
    def mode(self) -> str:
        return "live" if request.headers["Authorization"] == f"Bearer {LIVE_KEY}" else "test"

    # What is asked

    def create(self) -> Response:
        given, key = request.get_json(), request.headers.get("Idempotency-Key", "")
        with self.lock:
            before = self.replies.get(key)
            if before and before[0] != given:
                return refused(400, "The idempotency key was used with other parameters")
            problem = None if before else problem_in(given)
            if problem:
                return refused(422, problem[1], wrong_field=problem[0])
            body = before[1] if before else self.new_payment(given)
            if key:
                self.replies[key] = (given, body)
        if self.faults[:1] == ["after"]:
            self.faults.pop(0)
            hang_up()
        answer = hal(body, HTTPStatus.CREATED)
        answer.headers["Idempotent-Replayed"] = "true" if before else "false"
        return answer

    def new_payment(self, given: dict[str, Any]) -> dict[str, Any]:
        number, now = f"tr_{next(self.numbers):010d}", datetime.now(UTC)
        methods = given.get("method") or []
        self.payments[number] = {
            "resource": "payment",
            "id": number,
            "mode": self.mode,
            "createdAt": now.isoformat(timespec="seconds"),
            "amount": given["amount"],
            "description": given["description"],
            "method": methods[0] if len(methods) == 1 else None,
            "metadata": given.get("metadata"),
            "status": "open",
            "isCancelable": False,
            "expiresAt": (now + timedelta(minutes=15)).isoformat(timespec="seconds"),
            "profileId": "pfl_QkEhN94Ba",
            "sequenceType": "oneoff",
            "redirectUrl": given["redirectUrl"],
            "cancelUrl": given.get("cancelUrl"),
            "webhookUrl": given.get("webhookUrl"),
            "_links": {
                "self": {"href": f"{self.url}/v2/payments/{number}", "type": "application/hal+json"},
                "dashboard": {"href": f"https://www.mollie.com/dashboard/org_1/payments/{number}", "type": "text/html"},
                "checkout": {"href": f"{self.url}/screen/{number}", "type": "text/html"},
            },
        }
        return self.payments[number]

    def show(self, number: str) -> Response:
        found = self.payments.get(number)
        if found is None or found["mode"] != self.mode:
            return refused(404, "No payment exists with token")
        return hal(found)

    def cancel(self, number: str) -> Response:
        found = self.payments.get(number)
        if found is None:
            return refused(404, "No payment exists with token")
        if not found["isCancelable"]:
            return refused(422, "The payment cannot be canceled")
        self.become(number, "canceled")
        return hal(found)

    def methods(self) -> Response:
        listed = [{"resource": "method", "id": name, "description": label} for name, label in METHODS.items()]
        return hal({"count": len(listed), "_embedded": {"methods": listed}})

    # The pay screen

    def screen(self, number: str) -> str:
        return render_template("pay_screen.html", payment=self.payments[number], outcomes=tuple(FINAL))

    def choose(self, number: str) -> Response:
        """The buyer chose: the payment changes, the webhook is called, and he is sent back."""
        outcome = request.form["status"]
        self.become(number, outcome)
        self.call(number)
        payment = self.payments[number]
        back = payment["cancelUrl"] if outcome == "canceled" and payment["cancelUrl"] else payment["redirectUrl"]
        return make_response(redirect(back, HTTPStatus.SEE_OTHER))

    def become(self, number: str, status: str) -> None:
        payment = self.payments[number]
        payment["status"] = status
        payment[FINAL[status]] = datetime.now(UTC).isoformat(timespec="seconds")
        payment["_links"].pop("checkout", None)
        if status == "paid":
            payment["method"] = payment["method"] or "bancontact"
            payment["amountRefunded"] = {**payment["amount"], "value": "0.00"}
            payment["amountRemaining"] = payment["amount"]

    def give_back(self, number: str, value: str, *, chargeback: bool = False) -> None:
        """Refund *value* in all, or let the buyer's bank take it back. The status stays."""
        payment = self.payments[number]
        left = Decimal(payment["amount"]["value"]) - Decimal(value)
        payment["amountChargedBack" if chargeback else "amountRefunded"] = {**payment["amount"], "value": value}
        payment["amountRemaining"] = {**payment["amount"], "value": str(left)}
        self.call(number)

    # Webhooks

    def call(self, number: str) -> None:
        """Tell the webhook of the payment; the real one asks ten times over 26 hours, this one once."""
        url = self.payments[number]["webhookUrl"]
        if not url or not self.calls:
            return
        headers = {"User-Agent": "Mollie HTTP client/1.0"}
        asked = urllib.request.Request(url, f"id={number}".encode(), headers)  # noqa: S310 - beside us, on loopback
        with suppress(urllib.error.URLError):
            urllib.request.urlopen(asked, timeout=WEBHOOK_S).close()  # noqa: S310


def problem_in(given: dict[str, Any]) -> tuple[str, str] | None:
    """The field that is wrong and why, as the real one says it."""
    return next(problems_in(given), None)


def problems_in(given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in NEEDED:
        if name not in given:
            yield name, f"The {name} is missing"
    amount = given.get("amount", {})
    value = amount.get("value")
    decimals = len(value.partition(".")[2]) if isinstance(value, str) else -1
    if decimals != DECIMALS.get(amount.get("currency"), 2):
        yield "amount", "The amount contains an invalid value"
    if any(method not in METHODS for method in given.get("method", ())):
        yield "method", "The payment method is not activated on your account"


def hal(body: dict[str, Any], status: int = HTTPStatus.OK) -> Response:
    answer = make_response(jsonify(body), status)
    answer.headers["Content-Type"] = "application/hal+json"
    return answer


def refused(status: int, detail: str, *, wrong_field: str = "") -> Response:
    links = {"documentation": {"href": "https://docs.mollie.com/errors", "type": "text/html"}}
    body = {"status": status, "title": HTTPStatus(status).phrase, "detail": detail, "_links": links}
    return hal(body | ({"field": wrong_field} if wrong_field else {}), status)
