"""The address at which an access point tells what became of a shop's e-invoices, and how one of them signs. Pure.

Whoever knows it can make us ask the access point once more, and nothing else: what is told is never believed.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from worker.net.signer import shop_of, signer

SALT = "facturelay.peppol-hook.v1"
# Ids are short; an e-invoice that comes along is not looked through.
LONGEST_REFERENCE, MOST_REFERENCES, DEEPEST = 100, 50, 3


def url(public_url: str, secret_keys: tuple[str, ...], shop_id: str) -> str:
    return f"{public_url}/webhooks/peppol/{signer(secret_keys, SALT).dumps(shop_id)}"


def read(secret_keys: tuple[str, ...], token: str) -> str | None:
    """The id of the shop, or None when the token was not signed by any of the keys."""
    return shop_of(signer(secret_keys, SALT), token)


def sign(event: Mapping[str, Any], secret: str) -> str:
    """As e-invoice.be signs (its documentation, read 2026-11): over the event with sorted keys, not over the bytes."""
    text = json.dumps(event, sort_keys=True)
    return f"sha256={hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def is_signed(event: Mapping[str, Any], signature: str, secret: str) -> bool:
    return hmac.compare_digest(sign(event, secret).encode(), signature.encode("utf-8", "replace"))


def references_in(event: Mapping[str, Any]) -> tuple[str, ...]:
    """What may be the id of a document in *event*, wherever its kind of event keeps it."""
    found: list[str] = []
    level: list[object] = [event]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in parts_of(value)]
        found += [value for value in level if isinstance(value, str) and 0 < len(value) <= LONGEST_REFERENCE]
    return tuple(dict.fromkeys(found))[:MOST_REFERENCES]


def parts_of(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
