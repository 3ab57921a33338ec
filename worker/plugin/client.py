"""Call the signed route of a shop's plugin: by REST, and where that needs a sign-in by WooCommerce's own `wc-api` address."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from worker.errors import Unavailable
from worker.net.guarded_http import guarded_session
from worker.net.http_call import HttpTrouble, Question, call, read_json
from worker.net.request_signature import RequestSignature, sign_request
from worker.net.talk import talk

ROUTE = "/facturelay/v1/"
# For one address, and for both together.
ADDRESS_S, TOTAL_S = 10.0, 15.0
LARGEST_ANSWER = 1_000_000
# What WooCommerce answers at its `wc-api` address where no plugin of that name runs (WC_API::handle_api_requests).
NOBODY_LISTENS = (400, b"-1")
PLUGIN_OFF = "plugin_off"
MOST_RECEIVED = 3_000_000  # packed, and with its head


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
        refused = is_off = False
        with talk(TOTAL_S, most_bytes=len(urls) * MOST_RECEIVED):
            for url in urls:
                status, answer = self._answer(url, verb, body)
                found = parse_answer(answer) if status == 200 else None
                if found is not None:
                    return found
                refused = refused or status == 401
                is_off = (status, answer.strip()) == NOBODY_LISTENS
        if is_off:
            raise Unavailable(
                "The Facturelay plugin is switched off in WordPress, or was deleted; switch it on under Plugins.",
                code=PLUGIN_OFF,
            )
        if refused:
            # Passing: a clock that is off or a shop that moved is put right, and meanwhile no mail may fail for good.
            raise Unavailable(
                "The shop's Facturelay plugin refuses the signature of Facturelay; if its clock is right, connect it again "
                "with a new code.",
                code="plugin_refuses",
            )
        raise Unavailable(
            "The shop's Facturelay plugin does not answer; a firewall or a security plugin may be closing its address.",
            code="plugin_silent",
        )

    def close(self) -> None:
        self._session.close()

    def _answer(self, url: str, verb: str, body: bytes) -> tuple[int, bytes]:
        """Status and body from one address; 0 where nobody answered."""
        signature = sign_request(
            self._secret, time=int(self._now().timestamp()), nonce=secrets.token_hex(16), route=ROUTE + verb, body=body
        )
        question = Question(
            "POST",
            url,
            total_s=ADDRESS_S,
            most_bytes=LARGEST_ANSWER,
            headers={"Content-Type": "application/json", "User-Agent": "Facturelay", **headers(signature)},
            data=body,
        )
        try:
            answer = call(self._session, question)
        except HttpTrouble:
            return 0, b""
        return answer.status, answer.body


def headers(signature: RequestSignature) -> dict[str, str]:
    return {
        "X-Facturelay-Time": signature.time,
        "X-Facturelay-Nonce": signature.nonce,
        "X-Facturelay-Signature": signature.signature,
    }


def parse_answer(content: bytes) -> dict[str, Any] | None:
    found = read_json(content)
    return found if isinstance(found, dict) and found.get("facturelay") is True else None
