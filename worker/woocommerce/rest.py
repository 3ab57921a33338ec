"""WooCommerce's REST interface: one call, its answer checked, repeated where that is safe. What is asked is `client`'s."""

import json
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit, urlunsplit

from woocommerce import API

from worker.errors import ConnectionRejected, Rejected, Unavailable
from worker.message import Message
from worker.net import http_call
from worker.net.guarded_http import GuardedSession
from worker.net.http_call import HttpTrouble, Question, call
from worker.woocommerce.shop_response import RepeatAtOnce, ShopResponse

MAX_ANSWER_BYTES = 20_000_000
MOST_ATTEMPTS = 3
REPEATABLE = ("GET",)  # a POST that seems to have failed may have made its note all the same
LONGEST_PATIENCE_S = 5.0  # what a job waits within itself; a shop that asks for more is asked again by a later job
USER_AGENT = "Facturelay"
FRESH = "_fresh"  # on every GET another value, which WordPress ignores: caching plugins and CDNs keep answers by their address
Params = dict[str, str | int]


@dataclass(frozen=True)
class RestKey:
    """A key that a person made in WooCommerce (`ck_…`), and its secret (`cs_…`)."""

    consumer_key: str
    consumer_secret: str = field(repr=False)


@dataclass(frozen=True)
class RestCall:
    """What is asked of the shop."""

    method: str
    path: str
    params: Params | None = None
    data: dict[str, object] | None = None


class RestApi(API):  # type: ignore[misc]  # the package publishes no types
    """The `woocommerce` package on a pooled session.

    As shipped it opens a connection per call, gives 5 s in all, follows redirects, sends the parameters of a signed
    address twice and reads without bound. It offers no other way to change that, hence the private name; the version is pinned.
    """

    def __init__(self, url: str, key: RestKey, *, session: GuardedSession, timeout_s: float, ca_file: str) -> None:
        super().__init__(url, key.consumer_key, key.consumer_secret, user_agent=USER_AGENT)
        self.session = session
        self.timeout_s = timeout_s
        self.ca_file = ca_file
        self.shop = str(urlsplit(url).netloc)

    def send(self, call: RestCall, ends_at: float) -> ShopResponse:
        """One attempt, signed again. Raises Unavailable when there is no answer, whole and in time."""
        try:
            return self._API__request(call.method, call.path, call.data, params=call.params, ends_at=ends_at)
        except http_call.TooLong:
            raise Rejected(
                "The shop's answer is larger than {most} MB, more than an order can be; a plugin puts something big "
                "into it.",
                most=MAX_ANSWER_BYTES // 1_000_000,
                code="answer_too_large",
            ) from None
        except http_call.BadAddress:
            raise ConnectionRejected(
                "“{shop}” is not an address that can be called.", shop=self.shop, code="bad_address"
            ) from None
        except HttpTrouble as trouble:
            raise self._unavailable(trouble) from None

    def _unavailable(self, trouble: HttpTrouble) -> Unavailable:
        shop = self.shop
        match trouble:
            case http_call.Slow():
                return Unavailable(
                    "{shop} did not answer in time. It is tried again later.", shop=shop, code="shop_slow"
                )
            case http_call.BadCertificate():
                return Unavailable(
                    "{shop} has no valid certificate ({reason}). Renew it at the shop. It is tried again later.",
                    shop=shop,
                    reason=_certificate_problem(trouble.detail),
                    code="shop_certificate",
                )
            case http_call.CannotUnpack():
                return Unavailable(
                    "{shop} sent an answer that cannot be unpacked. It is tried again later.",
                    shop=shop,
                    code="answer_cut",
                )
            case http_call.BrokenOff():
                return Unavailable(
                    "{shop} broke off in the middle of its answer. It is tried again later.",
                    shop=shop,
                    code="answer_cut",
                )
            case http_call.UnknownHost():
                return RepeatAtOnce(
                    "There is no server by the name {shop}. Look for a slip in the shop's address, and see whether "
                    "its domain has run out. It is tried again later.",
                    shop=shop,
                    code="shop_unreachable",
                )
        return RepeatAtOnce(
            "{shop} cannot be reached: its server is off, or a firewall keeps Facturelay out. See whether the shop "
            "opens in your browser. It is tried again later.",
            shop=shop,
            code="shop_unreachable",
        )

    def _API__request(  # noqa: N802 - the mangled name of API.__request, called by its get, post, put and delete
        self,
        method: str,
        endpoint: str,
        data: dict[str, object] | None,
        params: Params | None = None,
        *,
        ends_at: float,
    ) -> ShopResponse:
        if method == "GET":
            params = {**(params or {}), FRESH: secrets.token_hex(8)}
        url = f"{self._API__get_url(endpoint)}{'?' + urlencode(params) if params else ''}"
        auth = (self.consumer_key, self.consumer_secret) if self.is_ssl else None
        if not self.is_ssl:
            # Signed per attempt: WooCommerce takes a nonce once, also when a proxy in between answers 503.
            url = self._API__get_oauth_url(url, method)
        headers = {"User-Agent": self.user_agent, "Accept": "application/json", "Cache-Control": "no-cache"}
        if data is not None:
            headers["Content-Type"] = "application/json;charset=utf-8"
        answer = call(
            self.session,
            Question(
                method,
                url,
                total_s=ends_at - time.monotonic(),
                wait_s=self.timeout_s,
                most_bytes=MAX_ANSWER_BYTES,
                headers=headers,
                data=None if data is None else json.dumps(data, ensure_ascii=False).encode(),
                auth=auth,
                ca_file=self.ca_file,
            ),
        )
        return ShopResponse(
            status=answer.status,
            body=answer.body,
            location=answer.headers.get("Location", ""),
            retry_after=answer.headers.get("Retry-After", ""),
            pages=count_in(answer.headers.get("X-WP-TotalPages"), default=1),
            total=count_in(answer.headers.get("X-WP-Total"), default=0),
            date=answer.headers.get("Date", ""),
        )


def pause_s(error: Unavailable, backoff_s: float) -> float | None:
    """How long to wait before the next attempt; None when the shop names a longer wait than a job has."""
    requested_s = error.retry_after_s or 0
    return None if requested_s > LONGEST_PATIENCE_S else max(backoff_s, float(requested_s))


def site_url(url: str) -> str:
    """The address in the spelling that is signed and called: small host, no slash at the end."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.username and (parts.port or 80)
    except ValueError:
        usable = None
    if not usable:
        raise ConnectionRejected(
            "“{url}” is not a shop's address; write it like https://www.example.com.", url=url[:80], code="bad_address"
        )
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def count_in(header: str | None, *, default: int) -> int:
    return int(header) if header and header.isascii() and header.isdigit() and len(header) < 10 else default


def _certificate_problem(text: str) -> Message:
    """Why a certificate was refused, out of the depth of what is wrapped around it."""
    return next((why for sign, why in CERTIFICATE_TROUBLE.items() if sign in text), Message("it is not trusted"))


CERTIFICATE_TROUBLE = {
    "has expired": Message("it has expired"),
    "self-signed": Message("it is self-signed"),
    "self signed": Message("it is self-signed"),
    "Hostname mismatch": Message("it is for another name"),
    "doesn't match": Message("it is for another name"),
    "WRONG_VERSION_NUMBER": Message("it speaks without encryption there"),
    "unable to get local issuer": Message("the certificate chain is incomplete"),
}
