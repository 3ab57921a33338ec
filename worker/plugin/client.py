"""Call the signed route of a shop's plugin: by REST, and where that needs a sign-in by WooCommerce's own `wc-api` address."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests
import urllib3

from worker.errors import Unavailable
from worker.net.guarded_http import guarded_session
from worker.net.request_signature import RequestSignature, sign_request

ROUTE = "/facturelay/v1/"
TIMEOUT_S = (5.0, 15.0)
LARGEST_ANSWER = 1_000_000


class PluginClient:
    """Talks to one shop's plugin. Raises Unavailable when it refuses us or does not answer."""

    def __init__(self, site: str, secret: str, *, allow_private: bool, now: Callable[[], datetime]) -> None:
        self._site = site.rstrip("/")
        self._secret = secret
        self._session = guarded_session(allow_private=allow_private)
        self._now = now

    def call(self, verb: str, content: dict[str, object]) -> dict[str, Any]:
        """Send *content* under *verb*, and return the plugin's answer."""
        body = json.dumps(content, ensure_ascii=False).encode()
        # The second address does not go through REST, which some shops close to visitors.
        urls = (f"{self._site}/?rest_route={ROUTE}{verb}", f"{self._site}/?wc-api=facturelay&verb={verb}")
        refused = False
        for url in urls:
            status, found = self._answer(url, verb, body)
            if status == 200 and found is not None:
                return found
            refused = refused or status == 401
        if refused:
            # Passing: a clock that is off or a shop that moved is put right, and meanwhile no mail may fail for good.
            raise Unavailable(
                "The shop's Facturelay plugin refuses our signature; if its clock is right, connect it again "
                "with a new code.",
                code="plugin_refuses",
            )
        raise Unavailable(
            "The shop's Facturelay plugin does not answer; a firewall or a security plugin may be closing its route.",
            code="plugin_silent",
        )

    def close(self) -> None:
        self._session.close()

    def _answer(self, url: str, verb: str, body: bytes) -> tuple[int, dict[str, Any] | None]:
        """Status and content from one address; 0 where nobody answered."""
        signature = sign_request(
            self._secret,
            time=int(self._now().timestamp()),
            nonce=secrets.token_hex(16),
            route=ROUTE + verb,
            body=body,
        )
        try:
            with self._session.post(
                url,
                data=body,
                headers={"Content-Type": "application/json", "User-Agent": "Facturelay", **headers(signature)},
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = response.raw.read(LARGEST_ANSWER, decode_content=True)
                return response.status_code, parse_answer(content)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            return 0, None


def headers(signature: RequestSignature) -> dict[str, str]:
    return {
        "X-Facturelay-Time": signature.time,
        "X-Facturelay-Nonce": signature.nonce,
        "X-Facturelay-Signature": signature.signature,
    }


def parse_answer(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("facturelay") is True else None
