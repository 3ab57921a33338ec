"""WooCommerce's webhooks: how a delivery is signed and sent, and how seven failures in a row switch one off."""

import hashlib
import hmac
import re
import secrets
import string
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import requests

USER_AGENT = "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)"

_DELIVERY_TIMEOUT_S = 60
_PING_TIMEOUT_S = 5
_MOST_FAILURES = 5

# The characters and references that WordPress's wp_specialchars_decode(…, ENT_QUOTES) knows, and no others.
_REFERENCE = re.compile(r"&(?:amp|lt|gt|quot|#0*38|#0*60|#0*62|#0*34|#0*39|#x0*26|#x0*22|#x0*27);", re.IGNORECASE)
_MEANT = {"amp": "&", "38": "&", "x26": "&", "lt": "<", "60": "<", "gt": ">", "62": ">"}
_QUOTES = {"quot": '"', "34": '"', "x22": '"', "39": "'", "x27": "'"}

# What wp_generate_password(50, true, true) draws from.
_PASSWORD = string.ascii_letters + string.digits + "!@#$%^&*()-_ []{}<>~`+=,.;:/?|"


@dataclass
class ShopWebhook:
    id: int
    topic: str
    delivery_url: str
    secret: str
    name: str
    created_at: datetime
    modified_at: datetime
    status: str = "active"
    failure_count: int = 0
    pending_delivery: bool = True

    def count_answer(self, status: int) -> None:
        """Count the answer to a delivery. 301 and 302 are a success although nobody follows them."""
        if 200 <= status < 303:
            self.failure_count = 0
        elif self.failure_count > _MOST_FAILURES:
            # The counter stays at 6, so once switched on again a single failure switches it off.
            self.status = "disabled"
        else:
            self.failure_count += 1


def a_secret() -> str:
    """What WooCommerce invents when it is given none. It is never shown."""
    return "".join(secrets.choice(_PASSWORD) for _ in range(50))


def signature(secret: str, body: bytes) -> str:
    key = _REFERENCE.sub(_meant, secret)
    return b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def headers(topic: str, *, webhook_id: int, secret: str, source: str, body: bytes) -> dict[str, str]:
    resource, event = topic.split(".", 1)
    return {
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip, br, zstd",
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": f"{source}/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": signature(secret, body),
        "X-WC-Webhook-ID": str(webhook_id),
        "X-WC-Webhook-Delivery-ID": _delivery_id(source, webhook_id),
        "Connection": "close",
    }


def post(url: str, body: bytes, *, headers: Mapping[str, str]) -> int:
    """Send one delivery; the status of the answer, or 0 when there is none."""
    return _send(url, body, headers=headers, timeout_s=_DELIVERY_TIMEOUT_S, follow=False)


def ping(webhook: ShopWebhook) -> bool:
    """Unsigned, form-encoded, and satisfied by nothing but 200."""
    sent = {
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Content-Type": "application/x-www-form-urlencoded",
        "Connection": "close",
    }
    body = f"webhook_id={webhook.id}".encode()
    return _send(webhook.delivery_url, body, headers=sent, timeout_s=_PING_TIMEOUT_S, follow=True) == 200


def _send(url: str, body: bytes, *, headers: Mapping[str, str], timeout_s: float, follow: bool) -> int:
    with requests.Session() as session:
        session.trust_env = False
        session.headers.clear()
        try:
            answer = session.post(url, data=body, headers=headers, timeout=timeout_s, allow_redirects=follow)
        except requests.RequestException:
            return 0
        return answer.status_code


def _delivery_id(source: str, webhook_id: int) -> str:
    """A hash of webhook and second: deliveries of different orders within one second share it."""
    return hashlib.md5(f"{source}{webhook_id}{int(time.time())}".encode(), usedforsecurity=False).hexdigest()


def _meant(reference: re.Match[str]) -> str:
    name = reference[0][1:-1].lower().lstrip("#")
    name = re.sub(r"^(x?)0+", r"\1", name)
    return {**_MEANT, **_QUOTES}[name]
