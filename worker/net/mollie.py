"""Mollie's payments API, version 2 (docs.mollie.com, read 2026-11): four questions, each asked once, within bounds of time and size.

What follows from the answers is decided elsewhere; nothing here knows of shops, orders or rows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.errors import FacturelayError, Rejected, Unavailable
from worker.net.guarded_http import guarded_session
from worker.net.http_call import Answer, HttpTrouble, Question, call, read_json
from worker.net.mollie_answer import MolliePayment, payment_in
from worker.net.mollie_key import MOLLIE

TOTAL_S = 15.0
MOST_BYTES = 500_000
SHOWN = 300
UNKNOWN, GONE = "mollie_unknown", "mollie_gone"


@dataclass(frozen=True)
class Account:
    """Whose money it is: the *key* belongs to one website of one account (a profile). *url* is Mollie's own, or a pretend one."""

    key: str = field(repr=False)
    url: str = MOLLIE
    total_s: float = TOTAL_S


@dataclass(frozen=True)
class NewPayment:
    """What is asked. *value* has exactly the decimals of *currency*; an empty *methods*: all that the account has.

    *webhook_url* must be reachable from outside; empty: none. *metadata* comes back with every answer.
    """

    value: str
    currency: str
    description: str
    redirect_url: str
    cancel_url: str
    webhook_url: str = ""
    locale: str = ""
    methods: tuple[str, ...] = ()
    metadata: Mapping[str, str | int] = field(default_factory=dict)


def create(account: Account, new: NewPayment, *, idempotency_key: str) -> MolliePayment:
    """Ask for a payment. Repeated under the same key within the hour, it is the same one. Raises Rejected and Unavailable."""
    content = {
        "amount": {"currency": new.currency, "value": new.value},
        "description": new.description[:255],
        "redirectUrl": new.redirect_url,
        "cancelUrl": new.cancel_url,
        "webhookUrl": new.webhook_url,
        "locale": new.locale,
        "method": list(new.methods),
        "metadata": dict(new.metadata),
    }
    sent = {name: value for name, value in content.items() if value}
    return payment_in(ask(account, "POST", "/payments", content=sent, idempotency_key=idempotency_key))


def payment(account: Account, payment_id: str) -> MolliePayment:
    """The payment as it is now. Raises Rejected (code mollie_unknown: it is not this account's) and Unavailable."""
    return payment_in(ask(account, "GET", f"/payments/{payment_id}"))


def cancel(account: Account, payment_id: str) -> MolliePayment:
    """Take back a payment that nobody needs any more; only where it *is_cancelable*."""
    return payment_in(ask(account, "DELETE", f"/payments/{payment_id}"))


def methods(account: Account) -> tuple[str, ...]:
    """What buyers can pay with: the names of the methods that are on in the account. The shortest proof that a key works."""
    found = ask(account, "GET", "/methods")
    listed = found.get("_embedded", {}).get("methods", [])
    return tuple(str(one.get("description") or one["id"]) for one in listed)


def ask(
    account: Account, verb: str, path: str, *, content: Mapping[str, Any] | None = None, idempotency_key: str = ""
) -> Mapping[str, Any]:
    """One request, once: the JSON object that Mollie answers. Raises Rejected where a person must act, Unavailable where it may work later."""
    more = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    question = Question(
        verb,
        f"{account.url}/v2{path}",
        total_s=account.total_s,
        most_bytes=MOST_BYTES,
        headers={
            "Accept": "application/hal+json",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {account.key}",
            "User-Agent": "Facturelay",
            **more,
        },
        data=json.dumps(content).encode() if content is not None else None,
    )
    try:
        # The operator's own address, so it may lie in a private network.
        with guarded_session(allow_private=True, pool=1) as session:
            answer = call(session, question)
    except HttpTrouble as trouble:
        raise Unavailable("Mollie does not answer. It is asked again later.", code="mollie_away") from trouble
    told = read_json(answer.body)
    if 200 <= answer.status < 300 and isinstance(told, dict):
        return told
    raise refusal(answer, told if isinstance(told, dict) else {})


def refusal(answer: Answer, told: Mapping[str, Any]) -> FacturelayError:
    """What an answer that is no yes means, as a sentence for the shop's owner."""
    said = " ".join(str(told.get("detail") or told.get("title") or "").split())[:SHOWN].rstrip(".")
    match answer.status:
        case 401 | 403:
            return Rejected(
                "Mollie does not take the API key. Copy it again from your Mollie dashboard (Developers, API keys).",
                code="mollie_key",
            )
        case 404:
            return Rejected("Mollie knows no such payment of this account: {said}.", said=said, code=UNKNOWN)
        case 410:
            return Rejected("Mollie no longer has this payment: {said}.", said=said, code=GONE)
        case 400 | 422:
            return Rejected(
                "Mollie refuses the payment: {said} ({field}).",
                said=said,
                field=str(told.get("field") or answer.status),
                code="mollie_refused",
            )
        case 409:
            return Unavailable(
                "Mollie is still busy with the same request.", code="mollie_busy", retry_after_s=wait_in(answer)
            )
        case 429:
            return Unavailable(
                "Mollie was asked too often. It is asked again later.",
                code="mollie_busy",
                retry_after_s=wait_in(answer),
            )
    return Unavailable("Mollie failed ({status}). It is asked again later.", status=answer.status, code="mollie_away")


def wait_in(answer: Answer) -> int | None:
    named = answer.headers.get("Retry-After", "")
    return int(named) if named.isascii() and named.isdigit() and len(named) < 6 else None
