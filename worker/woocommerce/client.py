"""The shop's REST API, as little of it as we need. Knows addresses, keys and answers; what bodies mean is `payload`'s."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime

from worker.domain.order import Refund
from worker.domain.product import Product
from worker.errors import KeyRefused, OrderGone, Rejected, Unavailable
from worker.message import Message
from worker.woocommerce.list_payload import (
    ORDER_LIST_FIELDS,
    PRODUCT_FIELDS,
    REFUND_FIELDS,
    SUBORDER_FIELDS,
    ListedOrder,
    ListedWebhook,
    OrderNote,
    note_body,
    parse_created_id,
    parse_notes,
    parse_order_list,
    parse_products,
    parse_refund_ids,
    parse_settings,
    parse_statuses,
    parse_suborder_totals,
    parse_webhooks,
    webhook_body,
)
from worker.woocommerce.payload import peek
from worker.woocommerce.refund_payload import parse_refunds
from worker.woocommerce.rest import Params, RestCall
from worker.woocommerce.shop_calls import ShopCalls
from worker.woocommerce.shop_response import ShopResponse

TOO_MANY_REFUNDS = "too_many_refunds"
MAX_PER_PAGE = 100  # WooCommerce refuses more
MOST_LIST_PAGES = 5_000  # half a million orders
MAX_WEBHOOK_PAGES = 10
MAX_REFUND_PAGES = 10
PRODUCTS_WITHIN_S = 8.0  # an order waits for them, and does without when they do not come


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


class ShopClient(ShopCalls):
    """What we ask of one shop, and tell it."""

    def order(self, order_id: int) -> bytes:
        """The order as the shop states it now, also when it lies in the bin. Raises OrderGone when it is erased."""
        body = self._call(
            RestCall("GET", f"orders/{order_id}"), about=Message("order {order_id}", order_id=order_id)
        ).body
        found = peek(body).order_id
        if found != order_id:
            # Seen behind caches that ignore the Authorization header: somebody else's order, served as a hit.
            raise Rejected(
                "The shop was asked for order {order_id} and sent order {found}. A cache in front of the shop must "
                "leave /wp-json/ alone.",
                order_id=order_id,
                found=found,
                code="wrong_order",
            )
        return body

    def change_order(self, order_id: int, **changes: object) -> bytes:
        """Change fields of an order; the order as it is then. Never repeated here: look at the order first, its answer may be lost."""
        about = Message("order {order_id}", order_id=order_id)
        return self._call(RestCall("PUT", f"orders/{order_id}", data=changes), about=about).body

    def refunds(self, order_id: int) -> tuple[Refund, ...]:
        """The refunds of an order, newest first: all of them or none, as one left out would be a credit note that nobody misses.

        An erased order has none: WooCommerce answers an empty list, so fetch the order first.
        """
        refunds, unread = self.readable_refunds(order_id)
        if unread:
            raise unread[0]
        return refunds

    def readable_refunds(self, order_id: int) -> tuple[tuple[Refund, ...], tuple[Rejected, ...]]:
        """The same, with why each of the others cannot be read."""
        unread: list[Rejected] = []
        found: dict[int, Refund] = {}  # one made meanwhile moves the last of a page to the next
        with self._list_within_bounds():
            for page in range(1, MAX_REFUND_PAGES + 1):
                answer = self._refunds_page(order_id, page)
                if answer.pages > MAX_REFUND_PAGES:
                    raise Rejected(
                        "Order {order_id} has more refunds than can be read ({total}); credit it by hand.",
                        order_id=order_id,
                        total=answer.total,
                        code=TOO_MANY_REFUNDS,
                    )
                refunds, odd = parse_refunds(answer.body)
                found |= {refund.refund_id: refund for refund in refunds}
                unread += odd
                if page >= answer.pages:
                    break
        if answer.pages > 1 and len(found) + len(unread) != answer.total:
            raise Unavailable(
                "The refunds of order {order_id} changed while they were read. It is tried again later.",
                order_id=order_id,
                code="refunds_changed",
            )
        return tuple(found.values()), tuple(unread)

    def orders(self, *, modified_after: datetime, page: int = 1) -> OrderListPage:
        """Orders changed after an instant, oldest change first. One-second grain and exclusive: let calls overlap."""
        return self._order_list_page({
            "modified_after": _utc(modified_after),
            "dates_are_gmt": "true",
            "orderby": "modified",
            "order": "asc",
            "page": page,
            "per_page": MAX_PER_PAGE,
        })  # fmt: skip

    def orders_placed(self, *, after: datetime, before: datetime, page: int = 1) -> OrderListPage:
        """Orders placed between two instants (both exclusive), oldest first."""
        return self._order_list_page({
            "after": _utc(after),
            "before": _utc(before),
            "dates_are_gmt": "true",
            "orderby": "date",
            "order": "asc",
            "page": page,
            "per_page": MAX_PER_PAGE,
        })  # fmt: skip

    def orders_by_id(self, order_ids: tuple[int, ...]) -> OrderListPage:
        """Those of the given orders (at most 100) that exist and are not in the bin."""
        return self._order_list_page(_by_ids(order_ids))

    def refund_ids(self, order_ids: tuple[int, ...]) -> dict[int, frozenset[int]]:
        """The refunds of the given orders (at most 100), without those of orders that are gone or in the bin."""
        params: Params = {**_by_ids(order_ids), "_fields": REFUND_FIELDS}
        return parse_refund_ids(self._call(RestCall("GET", "orders", params=params), about=Message("orders")).body)

    def suborder_totals(self, parent_id: int) -> tuple[Decimal, ...]:
        """The totals of the orders that hang on another; a marketplace makes no more than 100 of one sale."""
        params: Params = {"parent": parent_id, "per_page": MAX_PER_PAGE, "_fields": SUBORDER_FIELDS}
        return parse_suborder_totals(
            self._call(RestCall("GET", "orders", params=params), about=Message("orders")).body, parent_id
        )

    def latest_orders(self, *, limit: int, statuses: tuple[str, ...] = ()) -> bytes:
        """The newest whole orders (at most 100), all or those of some statuses, as `parse_orders` reads them."""
        params: Params = {"orderby": "date", "order": "desc", "per_page": min(limit, MAX_PER_PAGE)}
        if statuses:
            params["status"] = ",".join(statuses)
        return self._call(RestCall("GET", "orders", params=params), about=Message("orders")).body

    def products(self, product_ids: tuple[int, ...]) -> tuple[Product, ...]:
        """Those of the given products (at most 100) that exist; variations are not among them. The shop has a few seconds."""
        return self._products("products", product_ids)

    def variations(self, product_id: int, variation_ids: tuple[int, ...]) -> tuple[Product, ...]:
        """Those of the given variations (at most 100) of a product that exist; none where it is gone. The shop has a few seconds."""
        return self._products(f"products/{product_id}/variations", variation_ids)

    def clock(self) -> datetime | None:
        """What time it is at the shop, to the second, by the head of an answer; None where it does not say."""
        answer = self._call(RestCall("GET", "orders", params={"per_page": 1, "_fields": "id"}), about=Message("orders"))
        try:
            instant = parsedate_to_datetime(answer.date)
        except ValueError:
            return None
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)

    def notes(self, order_id: int) -> tuple[OrderNote, ...]:
        """All notes of an order, WooCommerce's own too."""
        return parse_notes(
            self._call(
                RestCall("GET", f"orders/{order_id}/notes"), about=Message("order {order_id}", order_id=order_id)
            ).body
        )

    def add_note(self, order_id: int, text: str, *, to_customer: bool = False) -> int:
        """Write a note and return its id. Never repeated here: search for the marker first. A note to the customer is mailed."""
        data = note_body(text, to_customer=to_customer)
        answer = self._call(
            RestCall("POST", f"orders/{order_id}/notes", data=data),
            about=Message("order {order_id}", order_id=order_id),
        )
        return parse_created_id(answer.body)

    def webhooks(self) -> tuple[ListedWebhook, ...]:
        """All webhooks of the shop, those of others too."""
        found: list[ListedWebhook] = []
        with self._list_within_bounds():
            for page in range(1, MAX_WEBHOOK_PAGES + 1):
                params: Params = {"per_page": MAX_PER_PAGE, "page": page}
                answer = self._call(RestCall("GET", "webhooks", params=params), about=Message("its reports"))
                found += parse_webhooks(answer.body)
                if page >= answer.pages:
                    break
        return tuple(found)

    def order_statuses(self) -> dict[str, str]:
        """What the shop calls each of its order statuses, those of plugins too, by its name without `wc-`: whoever reads its reports sees them."""
        about = Message("its order statuses")
        return parse_statuses(self._call(RestCall("GET", "reports/orders/totals"), about=about).body)

    def general_settings(self) -> dict[str, str]:
        """The shop's address and currency, by WooCommerce's own names. A key of a shop manager may read them."""
        return parse_settings(self._call(RestCall("GET", "settings/general"), about=Message("its settings")).body)

    def add_webhook(self, *, name: str, topic: str, delivery_url: str, secret: str) -> int:
        """Create an active webhook and return its id; the shop pings *delivery_url* meanwhile. Never repeated."""
        data = webhook_body(name=name, topic=topic, delivery_url=delivery_url, secret=secret)
        return parse_created_id(self._call(RestCall("POST", "webhooks", data=data), about=Message("its reports")).body)

    def delete_webhook(self, webhook_id: int) -> None:
        """Remove a webhook for good; one that is gone already is fine."""
        try:
            params: Params = {"force": "true"}
            self._call(RestCall("DELETE", f"webhooks/{webhook_id}", params=params), about=Message("its reports"))
        except Rejected as error:
            if not error.code.endswith("_invalid_id"):
                raise

    def check(self) -> ShopCheck:
        """Find out what the key can do, without changing anything. Raises what a first real call would raise."""
        params: Params = {"per_page": 1, "_fields": "id"}
        orders = self._call(RestCall("GET", "orders", params=params), about=Message("orders")).total
        return ShopCheck(orders=orders, can_write=self._can_write())

    def _can_write(self) -> bool:
        """A note for order 0: WooCommerce checks the key first, and there is no order 0 to write on."""
        try:
            self._call(
                RestCall("POST", "orders/0/notes", data=note_body("check", to_customer=False)),
                about=Message("order {order_id}", order_id=0),
            )
        except OrderGone:
            return True
        except KeyRefused:
            return False
        return True

    def _products(self, path: str, ids: tuple[int, ...]) -> tuple[Product, ...]:
        params: Params = {**_by_ids(ids), "_fields": PRODUCT_FIELDS}
        answer = self._call(RestCall("GET", path, params=params), about=Message("products"), total_s=PRODUCTS_WITHIN_S)
        return parse_products(answer.body)

    def _refunds_page(self, order_id: int, page: int) -> ShopResponse:
        about = Message("order {order_id}", order_id=order_id)
        params: Params = {"per_page": MAX_PER_PAGE, "page": page}
        return self._call(RestCall("GET", f"orders/{order_id}/refunds", params=params), about=about)

    def _order_list_page(self, params: Params) -> OrderListPage:
        require_end(int(params.get("page", 1)))
        answer = self._call(
            RestCall("GET", "orders", params={**params, "_fields": ORDER_LIST_FIELDS}), about=Message("orders")
        )
        orders = parse_order_list(answer.body)
        if len(orders) > MAX_PER_PAGE:
            raise endless_list()
        return OrderListPage(orders=orders, pages=answer.pages, total=answer.total)


def require_end(page: int) -> None:
    """Raises Rejected for the *page*-th of a list that no shop's orders fill."""
    if page > MOST_LIST_PAGES:
        raise endless_list()


def endless_list() -> Rejected:
    return Rejected(
        "The shop's list of orders does not end: it holds more than was asked for. A plugin that changes how orders are "
        "listed may be the cause.",
        code="list_endless",
    )


def _by_ids(order_ids: tuple[int, ...]) -> Params:
    if not 1 <= len(order_ids) <= MAX_PER_PAGE:
        raise ValueError(f"{len(order_ids)} ids in one call; from 1 to {MAX_PER_PAGE} fit")
    ids = ",".join(str(order_id) for order_id in order_ids)
    return {"include": ids, "orderby": "id", "order": "asc", "per_page": MAX_PER_PAGE}


def _utc(instant: datetime) -> str:
    """Without a zone, to go with dates_are_gmt: a “+” does not survive every proxy."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
