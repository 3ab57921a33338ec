"""The shop's REST API, as little of it as we need. Knows addresses, keys and answers; what bodies mean is `payload`'s."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests
import urllib3
from requests.auth import HTTPBasicAuth
from woocommerce import API

from worker.domain.product import Product
from worker.errors import ConnectionRejected, KeyRefused, OrderGone, Rejected, Unavailable
from worker.message import Message
from worker.net.guarded_http import guarded_session
from worker.woocommerce.json_reader import is_json, shop_error_message
from worker.woocommerce.payload import (
    ORDER_LIST_FIELDS,
    PRODUCT_FIELDS,
    REFUND_FIELDS,
    ListedOrder,
    ListedWebhook,
    OrderNote,
    note_body,
    parse_created_id,
    parse_notes,
    parse_order_list,
    parse_products,
    parse_refund_ids,
    parse_webhooks,
    peek,
    shop_error,
    webhook_body,
)

MAX_ANSWER_BYTES = 20_000_000
MAX_PER_PAGE = 100  # WooCommerce refuses more
MAX_WEBHOOK_PAGES = 10
MOST_ATTEMPTS = 3
REPEATABLE = ("GET",)  # a POST that seems to have failed may have made its note all the same
BUSY = (429, 502, 503, 504)
LONGEST_PATIENCE_S = 5.0  # what a job waits within itself; a shop that asks for more is asked again by a later job
LONGEST_RETRY_AFTER_S = 86_400
PRODUCTS_WITHIN_S = 8.0  # an order waits for them, and does without when they do not come
USER_AGENT = "Facturelay"
_CHUNK = 65_536

Params = dict[str, str | int]


@dataclass(frozen=True)
class OrderListPage:
    """One page of the shop's list of orders. *pages* is how many there are; a page past the end is empty, not an error."""

    orders: tuple[ListedOrder, ...]
    pages: int
    total: int


@dataclass(frozen=True)
class ShopCheck:
    """What the key can do. *orders* is how many the shop has (without the bin)."""

    orders: int
    can_write: bool


@dataclass(frozen=True)
class ShopResponse:
    """A whole answer: status, body within bounds, and the headers that matter."""

    status: int
    body: bytes
    location: str = ""
    retry_after: str = ""
    pages: int = 1
    total: int = 0
    date: str = ""


class _RepeatAtOnce(Unavailable):
    """Asking again within the same call may help. Not raised where the shop is slow: asking it twice makes it slower."""


class ShopClient:
    """Talks to one shop. Safe to share between threads; close it when done.

    Raises Rejected when a person must act and Unavailable when the same call may work later; nothing else. *timeout_s* is
    for one wait (connecting, the next bytes), *total_s* for a whole call with its repetitions.
    """

    def __init__(
        self,
        url: str,
        consumer_key: str,
        consumer_secret: str,
        *,
        allow_private: bool,
        timeout_s: float = 15.0,
        total_s: float = 40.0,
        backoff_s: float = 0.5,
        ca_file: str = "",
    ) -> None:
        self._api = _Api(
            _shop_url(url),
            consumer_key,
            consumer_secret,
            session=guarded_session(allow_private=allow_private),
            timeout_s=timeout_s,
            total_s=total_s,
            ca_file=ca_file,
        )
        self._total_s = total_s
        self._backoff_s = backoff_s

    def order(self, order_id: int) -> bytes:
        """The order as the shop states it now, also when it lies in the bin. Raises OrderGone when it is erased."""
        body = self._call("GET", f"orders/{order_id}", about=Message("order {order_id}", order_id=order_id)).body
        found = peek(body).order_id
        if found != order_id:
            # Seen behind caches that ignore the Authorization header: somebody else's order, served as a hit.
            raise Rejected(
                "The shop was asked for order {order_id} and sent order {found}. A cache in front of the shop "
                "must leave /wp-json/ alone",
                order_id=order_id,
                found=found,
                code="wrong_order",
            )
        return body

    def refunds(self, order_id: int) -> bytes:
        """The refunds of an order, all of them or Rejected: one left out would be a credit note that nobody misses.

        An erased order has none: WooCommerce answers an empty list, so fetch the order first.
        """
        params: Params = {"per_page": MAX_PER_PAGE}
        answer = self._call(
            "GET", f"orders/{order_id}/refunds", params=params, about=Message("order {order_id}", order_id=order_id)
        )
        if answer.pages > 1:
            raise Rejected(
                "Order {order_id} has {total} refunds, more than can be read at once; credit it by hand",
                order_id=order_id,
                total=answer.total,
                code="too_many_refunds",
            )
        return answer.body

    def orders(self, *, modified_after: datetime, page: int = 1, per_page: int = MAX_PER_PAGE) -> OrderListPage:
        """Orders changed after an instant, oldest change first. One-second grain and exclusive: let calls overlap."""
        return self._order_list_page({
            "modified_after": _utc(modified_after),
            "dates_are_gmt": "true",
            "orderby": "modified",
            "order": "asc",
            "page": page,
            "per_page": per_page,
        })  # fmt: skip

    def orders_placed(
        self, *, after: datetime, before: datetime, page: int = 1, per_page: int = MAX_PER_PAGE
    ) -> OrderListPage:
        """Orders placed between two instants (both exclusive), oldest first."""
        return self._order_list_page({
            "after": _utc(after),
            "before": _utc(before),
            "dates_are_gmt": "true",
            "orderby": "date",
            "order": "asc",
            "page": page,
            "per_page": per_page,
        })  # fmt: skip

    def orders_by_id(self, order_ids: tuple[int, ...]) -> OrderListPage:
        """Those of the given orders (at most 100) that exist and are not in the bin."""
        return self._order_list_page(_by_ids(order_ids))

    def refund_ids(self, order_ids: tuple[int, ...]) -> dict[int, frozenset[int]]:
        """The refunds of the given orders (at most 100), without those of orders that are gone or in the bin."""
        params: Params = {**_by_ids(order_ids), "_fields": REFUND_FIELDS}
        return parse_refund_ids(self._call("GET", "orders", params=params, about=Message("orders")).body)

    def latest_orders(self, *, limit: int, statuses: tuple[str, ...] = ()) -> bytes:
        """The newest whole orders (at most 100), all or those of some statuses, as `parse_orders` reads them."""
        params: Params = {"orderby": "date", "order": "desc", "per_page": min(limit, MAX_PER_PAGE)}
        if statuses:
            params["status"] = ",".join(statuses)
        return self._call("GET", "orders", params=params, about=Message("orders")).body

    def products(self, product_ids: tuple[int, ...]) -> tuple[Product, ...]:
        """Those of the given products (at most 100) that exist; variations are not among them. The shop has a few seconds."""
        return self._products("products", product_ids)

    def variations(self, product_id: int, variation_ids: tuple[int, ...]) -> tuple[Product, ...]:
        """Those of the given variations (at most 100) of a product that exist; none where it is gone. The shop has a few seconds."""
        return self._products(f"products/{product_id}/variations", variation_ids)

    def clock(self) -> datetime | None:
        """What time it is at the shop, to the second, by the head of an answer; None where it does not say."""
        answer = self._call("GET", "orders", params={"per_page": 1, "_fields": "id"}, about=Message("orders"))
        try:
            instant = parsedate_to_datetime(answer.date)
        except ValueError:
            return None
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)

    def notes(self, order_id: int) -> tuple[OrderNote, ...]:
        """All notes of an order, WooCommerce's own too."""
        return parse_notes(
            self._call("GET", f"orders/{order_id}/notes", about=Message("order {order_id}", order_id=order_id)).body
        )

    def add_note(self, order_id: int, text: str, *, to_customer: bool = False) -> int:
        """Write a note and return its id. Never repeated here: search for the marker first. A note to the customer is mailed."""
        data = note_body(text, to_customer=to_customer)
        answer = self._call(
            "POST", f"orders/{order_id}/notes", data=data, about=Message("order {order_id}", order_id=order_id)
        )
        return parse_created_id(answer.body)

    def webhooks(self) -> tuple[ListedWebhook, ...]:
        """All webhooks of the shop, those of others too."""
        found: list[ListedWebhook] = []
        for page in range(1, MAX_WEBHOOK_PAGES + 1):
            answer = self._call(
                "GET", "webhooks", params={"per_page": MAX_PER_PAGE, "page": page}, about=Message("webhooks")
            )
            found += parse_webhooks(answer.body)
            if page >= answer.pages:
                break
        return tuple(found)

    def add_webhook(self, *, name: str, topic: str, delivery_url: str, secret: str) -> int:
        """Create an active webhook and return its id; the shop pings *delivery_url* meanwhile. Never repeated."""
        data = webhook_body(name=name, topic=topic, delivery_url=delivery_url, secret=secret)
        return parse_created_id(self._call("POST", "webhooks", data=data, about=Message("webhooks")).body)

    def delete_webhook(self, webhook_id: int) -> None:
        """Remove a webhook for good; one that is gone already is fine."""
        try:
            params: Params = {"force": "true"}
            self._call(
                "DELETE",
                f"webhooks/{webhook_id}",
                params=params,
                about=Message("webhook {webhook_id}", webhook_id=webhook_id),
            )
        except Rejected as error:
            if not error.code.endswith("_invalid_id"):
                raise

    def check(self) -> ShopCheck:
        """Find out what the key can do, without changing anything. Raises what a first real call would raise."""
        params: Params = {"per_page": 1, "_fields": "id"}
        orders = self._call("GET", "orders", params=params, about=Message("orders")).total
        return ShopCheck(orders=orders, can_write=self._can_write())

    def close(self) -> None:
        self._api.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _can_write(self) -> bool:
        """A note for order 0: WooCommerce checks the key first, and there is no order 0 to write on."""
        try:
            self._call(
                "POST",
                "orders/0/notes",
                data=note_body("check", to_customer=False),
                about=Message("order {order_id}", order_id=0),
            )
        except OrderGone:
            return True
        except KeyRefused:
            return False
        return True

    def _products(self, path: str, ids: tuple[int, ...]) -> tuple[Product, ...]:
        params: Params = {**_by_ids(ids), "_fields": PRODUCT_FIELDS}
        answer = self._call("GET", path, about=Message("products"), params=params, total_s=PRODUCTS_WITHIN_S)
        return parse_products(answer.body)

    def _order_list_page(self, params: Params) -> OrderListPage:
        answer = self._call("GET", "orders", params={**params, "_fields": ORDER_LIST_FIELDS}, about=Message("orders"))
        return OrderListPage(orders=parse_order_list(answer.body), pages=answer.pages, total=answer.total)

    def _call(
        self,
        method: str,
        path: str,
        *,
        about: Message,
        params: Params | None = None,
        data: dict[str, object] | None = None,
        total_s: float | None = None,
    ) -> ShopResponse:
        """One call with its repetitions: the answer of a 2xx, or the exception that says what is wrong."""
        ends_at = time.monotonic() + min(self._total_s, total_s or self._total_s)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                answer = self._api.send(method, path, data, params, ends_at)
                return _check_response(answer, about=about, shop=self._api.shop)
            except Unavailable as error:
                pause = _pause(error, self._backoff_s * 2 ** (attempt - 1))
                may_repeat = method in REPEATABLE and isinstance(error, _RepeatAtOnce) and attempt < MOST_ATTEMPTS
                if not may_repeat or pause is None or time.monotonic() + pause >= ends_at:
                    raise
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")


class _Api(API):  # type: ignore[misc]  # the package publishes no types
    """The `woocommerce` package on a pooled session.

    As shipped it opens a connection per call, gives 5 s in all, follows redirects, sends the parameters of a signed
    address twice and reads without bound. It offers no other way to change that, hence the private name; the version is pinned.
    """

    def __init__(
        self,
        url: str,
        consumer_key: str,
        consumer_secret: str,
        *,
        session: requests.Session,
        timeout_s: float,
        total_s: float,
        ca_file: str,
    ) -> None:
        super().__init__(url, consumer_key, consumer_secret, user_agent=USER_AGENT)
        self.session = session
        self.timeout_s = timeout_s
        self.ca_file = ca_file
        self.shop = str(urlsplit(url).netloc)

    def send(
        self, method: str, path: str, data: dict[str, object] | None, params: Params | None, ends_at: float
    ) -> ShopResponse:
        """One attempt, signed again. Raises Unavailable when there is no answer, whole and in time."""
        try:
            return self._API__request(method, path, data, params=params, ends_at=ends_at)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            self._give_up(
                Message("{shop} did not answer in time; trying again later", shop=self.shop), code="shop_slow"
            )
        except requests.exceptions.SSLError as error:
            self._give_up(
                Message(
                    "{shop} has no valid certificate ({reason}). Renew it at the shop; trying again later",
                    shop=self.shop,
                    reason=_certificate_problem(error),
                ),
                code="shop_certificate",
            )
        except (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError):
            self._give_up(
                Message("{shop} sent an answer that cannot be unpacked; trying again later", shop=self.shop),
                code="answer_cut",
            )
        except urllib3.exceptions.HTTPError:
            self._give_up(
                Message("{shop} broke off in the middle of its answer; trying again later", shop=self.shop),
                code="answer_cut",
            )
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError):
            raise ConnectionRejected(
                f"“{self.shop}” is not an address that can be called", code="bad_address"
            ) from None
        except requests.RequestException:
            raise _RepeatAtOnce(f"{self.shop} cannot be reached; trying again later", code="shop_unreachable") from None

    def _API__request(  # noqa: N802 - the mangled name of API.__request, called by its get, post, put and delete
        self,
        method: str,
        endpoint: str,
        data: dict[str, object] | None,
        params: Params | None = None,
        *,
        ends_at: float,
    ) -> ShopResponse:
        url = f"{self._API__get_url(endpoint)}{'?' + urlencode(params) if params else ''}"
        auth = HTTPBasicAuth(self.consumer_key, self.consumer_secret) if self.is_ssl else None
        if not self.is_ssl:
            # Signed per attempt: WooCommerce takes a nonce once, also when a proxy in between answers 503.
            url = self._API__get_oauth_url(url, method)
        headers = {"User-Agent": self.user_agent, "Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json;charset=utf-8"
        response = self.session.request(
            method,
            url,
            data=None if data is None else json.dumps(data, ensure_ascii=False).encode(),
            headers=headers,
            auth=auth,
            timeout=_timeouts(self.timeout_s, ends_at),
            allow_redirects=False,
            stream=True,
            verify=self.ca_file or True,
        )
        with response:
            return ShopResponse(
                status=response.status_code,
                body=_whole_body(response, ends_at=ends_at),
                location=response.headers.get("Location", ""),
                retry_after=response.headers.get("Retry-After", ""),
                pages=_count(response.headers.get("X-WP-TotalPages"), default=1),
                total=_count(response.headers.get("X-WP-Total"), default=0),
                date=response.headers.get("Date", ""),
            )

    def _give_up(self, message: Message, *, code: str) -> NoReturn:
        # From None: the text of what requests raises holds the signed address, and tracebacks are logged.
        raise Unavailable(message, code=code) from None


def _by_ids(order_ids: tuple[int, ...]) -> Params:
    if not 1 <= len(order_ids) <= MAX_PER_PAGE:
        raise ValueError(f"{len(order_ids)} ids in one call; from 1 to {MAX_PER_PAGE} fit")
    ids = ",".join(str(order_id) for order_id in order_ids)
    return {"include": ids, "orderby": "id", "order": "asc", "per_page": MAX_PER_PAGE}


def _check_response(answer: ShopResponse, *, about: Message, shop: str) -> ShopResponse:
    """The answer if it is one; otherwise what it means for us, and for the shop owner."""
    code = shop_error(answer.body) or ""
    detail = _describe_error(answer, code)
    match answer.status:
        case status if 200 <= status < 300:
            return _require_json(answer, shop=shop)
        case status if 300 <= status < 400:
            raise ConnectionRejected(
                f"{shop} sends visitors on to {_origin(answer.location) or 'another address'}. Enter that address for this "
                "shop: keys and orders are not sent after a redirect",
                code="shop_redirects",
            )
        case 401 | 403:
            raise KeyRefused(
                f"{shop} refuses the REST key for {about} ({detail}). Make a key with read/write permission in WooCommerce → "
                "Settings → Advanced → REST API; if it is new, a firewall or the web server may be dropping the "
                "Authorization header"
            )
        case 404 if code.endswith("order_invalid_id"):
            raise OrderGone(f"The shop has no {about} (any more)")
        case 404 if code in ("", "rest_no_route"):
            raise ConnectionRejected(
                f"{shop} has no WooCommerce REST API at /wp-json/ ({detail}). Check the shop's address, that WooCommerce is "
                "active, and that Settings → Permalinks is not on “Plain”",
                code="rest_not_found",
            )
        case status if status in BUSY:
            raise _RepeatAtOnce(
                f"{shop} is busy or in maintenance ({detail}); trying again later",
                code="shop_busy",
                retry_after_s=_retry_after_s(answer.retry_after),
            )
        case 408 | 425:
            raise Unavailable(
                "{shop} did not take the question in time; trying again later", shop=shop, code="shop_slow"
            )
        case status if status >= 500:
            raise Unavailable(
                "{shop} failed to answer for {about} ({detail}); trying again later. WooCommerce → Status → Logs "
                "says why",
                shop=shop,
                about=about,
                detail=detail,
                code="shop_failed",
                retry_after_s=_retry_after_s(answer.retry_after),
            )
        case status:
            raise Rejected(
                "{shop} refused the question for {about}: {detail}",
                shop=shop,
                about=about,
                detail=detail,
                code=f"shop_error:{code or status}",
            )


def _require_json(answer: ShopResponse, *, shop: str) -> ShopResponse:
    if is_json(answer.body):
        return answer
    if answer.body.lstrip().startswith(b"<"):
        raise Unavailable(
            "{shop} answered with a web page instead of data: a maintenance page, a firewall's question, or "
            "a PHP warning printed before the data; trying again later",
            shop=shop,
            code="answer_not_json",
        )
    raise Unavailable("{shop} sent half an answer; trying again later", shop=shop, code="answer_cut")


def _describe_error(answer: ShopResponse, code: str) -> str:
    message = shop_error_message(answer.body)
    return f"HTTP {answer.status}, {code}: {message}" if code else f"HTTP {answer.status}"


def _whole_body(response: requests.Response, *, ends_at: float) -> bytes:
    """Read to the end, by what each packet brings: a body that trickles in must not outlast *ends_at*."""
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Rejected(
                "The shop's answer is larger than {most} MB, more than an order can be; a plugin puts something "
                "big into it",
                most=MAX_ANSWER_BYTES // 1_000_000,
                code="answer_too_large",
            )
        if time.monotonic() > ends_at:
            raise requests.Timeout
    return bytes(body)


def _timeouts(timeout_s: float, ends_at: float) -> tuple[float, float]:
    """Timeouts for connecting and for each wait, cut to what is left of the call."""
    remaining_s = max(0.1, ends_at - time.monotonic())
    return min(5.0, timeout_s, remaining_s), min(timeout_s, remaining_s)


def _pause(error: Unavailable, backoff_s: float) -> float | None:
    """How long to wait before the next attempt; None when the shop names a longer wait than a job has."""
    requested_s = error.retry_after_s or 0
    return None if requested_s > LONGEST_PATIENCE_S else max(backoff_s, float(requested_s))


def _retry_after_s(header: str) -> int | None:
    """Retry-After in seconds: it comes as a number or as a date."""
    if header.isascii() and header.isdigit():
        return min(int(header[:9]), LONGEST_RETRY_AFTER_S)
    try:
        instant = parsedate_to_datetime(header)
    except ValueError:
        return None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return max(0, min(round((aware - datetime.now(UTC)).total_seconds()), LONGEST_RETRY_AFTER_S))


def _shop_url(url: str) -> str:
    """The address in the spelling that is signed and called: small host, no slash at the end."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.username and (parts.port or 80)
    except ValueError:
        usable = None
    if not usable:
        raise ConnectionRejected(
            f"“{url[:80]}” is not a shop's address; write it like https://www.example.com", code="bad_address"
        )
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def _origin(location: str) -> str:
    """A redirect's target without its query: that would repeat the signed parameters."""
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _utc(instant: datetime) -> str:
    """Without a zone, to go with dates_are_gmt: a “+” does not survive every proxy."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _count(header: str | None, *, default: int) -> int:
    return int(header) if header and header.isascii() and header.isdigit() and len(header) < 10 else default


def _certificate_problem(error: Exception) -> Message:
    """Why a certificate was refused, out of the depth of what is wrapped around it."""
    text = str(error)
    return next((why for sign, why in CERTIFICATE_TROUBLE.items() if sign in text), Message("it is not trusted"))


CERTIFICATE_TROUBLE = {
    "has expired": Message("it has expired"),
    "self-signed": Message("it is self-signed"),
    "self signed": Message("it is self-signed"),
    "Hostname mismatch": Message("it is for another name"),
    "doesn't match": Message("it is for another name"),
    "unable to get local issuer": Message("the certificate chain is incomplete"),
}
