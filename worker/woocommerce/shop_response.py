"""What an answer of the shop means for us, and for its owner."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from worker.errors import ConnectionRejected, KeyRefused, OrderGone, Rejected, Unavailable
from worker.message import Message
from worker.woocommerce.json_reader import is_json, shop_error_message
from worker.woocommerce.payload import shop_error

BUSY = (429, 502, 503, 504)


LONGEST_RETRY_AFTER_S = 86_400


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


class RepeatAtOnce(Unavailable):
    """Asking again within the same call may help. Not raised where the shop is slow: asking it twice makes it slower."""


def check_response(answer: ShopResponse, *, about: Message, url: str) -> ShopResponse:
    """The answer of the shop at *url* if it is one; otherwise what it means for us, and for the shop owner."""
    shop = urlsplit(url).netloc
    code = shop_error(answer.body) or ""
    detail = _describe_error(answer, code)
    match answer.status:
        case status if 200 <= status < 300:
            return require_json(answer, shop=shop)
        # The shop's own address is written as a redirect is: whoever typed capitals did not type another one.
        case status if 300 <= status < 400 and (
            (address := address_behind(answer.location, url)) != address_behind("", url)
        ):
            raise ConnectionRejected(
                "{shop} sends visitors on to {address}. Enter that address for this shop: keys and orders are not "
                "sent after a redirect.",
                shop=shop,
                address=address,
                code="shop_redirects",
            )
        case 401 | 403 if not code.startswith("woocommerce_"):
            raise KeyRefused(
                "{shop} does not let Facturelay through for {about} ({detail}): a security plugin, a firewall or a password on the "
                "whole site stands before WooCommerce. Let /wp-json/wc/ through there.",
                shop=shop,
                about=about,
                detail=detail,
            )
        case 401 | 403:
            raise KeyRefused(
                "{shop} refuses the key of Facturelay for {about} ({detail}). Connect the shop again, or make a key with "
                "read/write permission in WooCommerce → Settings → Advanced → REST API; if it is new, a firewall or "
                "the web server may be keeping the key (the Authorization header) from WooCommerce.",
                shop=shop,
                about=about,
                detail=detail,
            )
        case 404 if code.endswith("order_invalid_id"):
            raise OrderGone("The shop has no {about} (any more).", about=about)
        # With “Plain” WordPress sends each of these addresses on to itself with a slash at the end, and then answers a page.
        case status if 300 <= status < 400 or (status == 404 and code in ("", "rest_no_route")):
            raise ConnectionRejected(
                "{shop} does not answer as WooCommerce does ({detail}). Check the shop's address, that WooCommerce "
                "is active, and that Settings → Permalinks is not on “Plain”.",
                shop=shop,
                detail=detail,
                code="rest_not_found",
            )
        case status if status in BUSY:
            raise RepeatAtOnce(
                "{shop} is busy or in maintenance ({detail}). It is tried again later.",
                shop=shop,
                detail=detail,
                code="shop_busy",
                retry_after_s=retry_after_in_s(answer.retry_after),
            )
        case 408 | 425:
            raise Unavailable(
                "{shop} did not take the question in time. It is tried again later.", shop=shop, code="shop_slow"
            )
        case status if status >= 500:
            raise Unavailable(
                "{shop} failed to answer for {about} ({detail}). It is tried again later. WooCommerce → Status → "
                "Logs says why.",
                shop=shop,
                about=about,
                detail=detail,
                code="shop_failed",
                retry_after_s=retry_after_in_s(answer.retry_after),
            )
        case status:
            raise Rejected(
                "{shop} refused the question for {about}: {detail}.",
                shop=shop,
                about=about,
                detail=detail,
                code=f"shop_error:{code or status}",
            )


def require_json(answer: ShopResponse, *, shop: str) -> ShopResponse:
    if is_json(answer.body):
        return answer
    if answer.body.lstrip().startswith(b"<"):
        raise Unavailable(
            "{shop} answered with a web page instead of data: a maintenance page, a firewall's question, or a PHP "
            "warning printed before the data. It is tried again later.",
            shop=shop,
            code="answer_not_json",
        )
    raise Unavailable("{shop} sent half an answer. It is tried again later.", shop=shop, code="answer_cut")


def _describe_error(answer: ShopResponse, code: str) -> str:
    # wp_die is the name of what ends WordPress's page, and says nothing to an owner: of a shop in maintenance, say.
    told = f": {shop_error_message(answer.body).rstrip('.')}" if code else ""
    return f"HTTP {answer.status}{'' if code in ('', 'wp_die') else f', {code}'}{told}"


def retry_after_in_s(header: str) -> int | None:
    """Retry-After in seconds: it comes as a number or as a date."""
    if header.isascii() and header.isdigit():
        return min(int(header[:9]), LONGEST_RETRY_AFTER_S)
    try:
        instant = parsedate_to_datetime(header)
    except ValueError:
        return None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return max(0, min(round((aware - datetime.now(UTC)).total_seconds()), LONGEST_RETRY_AFTER_S))


def address_behind(location: str, url: str) -> str:
    """The shop's address by a redirect's target, without its query, which would repeat the signed parameters.

    Where the target is not of the REST interface, the folder is that of *url*.
    """
    to = urlsplit(urljoin(url, location))
    folder, is_rest, _ = to.path.partition("/wp-json")
    return f"{to.scheme}://{to.netloc.lower()}{folder if is_rest else urlsplit(url).path}"
