"""WooCommerce's REST API v3 over a shop's state: the same paths, answers, headers and refusals."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from worker.demo.oauth import OAuthVerifier, SignatureRefused, php_query
from worker.demo.orders import SITE_ZONE, Payload
from worker.demo.shop_api_answers import BASE, json_answer, linked, paged_answer, sent_json
from worker.demo.shop_api_notes import NotesApi
from worker.demo.shop_api_parameters import OrderQuery, RestError, fields, invalid, list_of, only
from worker.demo.shop_api_webhooks import WebhooksApi
from worker.demo.shop_state import STATUSES, ShopState

_ANONYMOUS = {
    "GET": ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
    "POST": ("woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources."),
    "PUT": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "PATCH": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "DELETE": ("woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource."),
}


class ApiCall(NamedTuple):
    """One call that was let in. *path* is without the query."""

    method: str
    path: str
    body: bytes


def create_api(
    state: ShopState,
    *,
    url: Callable[[], str],
    verifier: OAuthVerifier,
    permissions: str,
    on_call: Callable[[ApiCall], None],
) -> Flask:
    """The shop's REST API. *on_call* gets every call that was authorized; *url* is known only once the port is."""
    app = Flask(__name__, static_folder=None)
    routes = _ShopApi(state, url).routes()
    app.url_map = _map_of(tuple((rule, methods) for rule, methods, _ in routes))
    app.view_functions = {f"{rule} {methods}": view for rule, methods, view in routes}

    @app.before_request
    def let_in() -> None:
        if request.routing_exception is None and request.path.startswith(BASE):
            _authenticate(verifier, url(), permissions)
            on_call(ApiCall(request.method, request.path, request.get_data()))

    @app.errorhandler(RestError)
    def refuse(error: RestError) -> Response:
        return json_answer(error.body, status=error.status)

    @app.errorhandler(SignatureRefused)
    def refuse_signature(error: SignatureRefused) -> Response:
        return json_answer({"code": error.code, "message": error.message, "data": {"status": 401}}, status=401)

    @app.errorhandler(HTTPException)
    def no_route(error: HTTPException) -> Response:
        message = "No route was found matching the URL and request method."
        status = 400 if error.code == 400 else 404
        code = "rest_invalid_json" if status == 400 else "rest_no_route"
        return json_answer({"code": code, "message": message, "data": {"status": status}}, status=status)

    @app.after_request
    def name_the_api(answer: Response) -> Response:
        answer.headers["Link"] = ", ".join(
            [f'<{url()}/wp-json/>; rel="https://api.w.org/"', *answer.headers.getlist("Link")]
        )
        return answer

    return app


@cache
def _map_of(routes: tuple[tuple[str, tuple[str, ...]], ...]) -> Map:
    """The same for every shop. To make it takes longer than most of what a shop is asked."""
    return Map(
        [Rule(rule, methods=methods, endpoint=f"{rule} {methods}") for rule, methods in routes], strict_slashes=False
    )


def _authenticate(verifier: OAuthVerifier, url: str, permissions: str) -> None:
    # The raw path: the signature covers what was sent, not what the server made of it.
    raw = urlsplit(request.environ["REQUEST_URI"])
    if not verifier.verify(request.method, f"{url}{raw.path}", params=php_query(raw.query), now=time.time()):
        code, message = _ANONYMOUS[request.method]
        if request.method == "GET" and request.view_args:
            message = "Sorry, you cannot view this resource."
        raise RestError(code, message, status=401)
    needed = "read" if request.method == "GET" else "write"
    if needed not in permissions:
        message = f"The API key provided does not have {needed} permissions."
        raise RestError("woocommerce_rest_authentication_error", message, status=401)


class _ShopApi:
    def __init__(self, state: ShopState, url: Callable[[], str]) -> None:
        self._state = state
        self._url = url
        self._notes, self._webhooks = NotesApi(state, url), WebhooksApi(state, url)

    def routes(self) -> Sequence[tuple[str, tuple[str, ...], Callable[..., Response]]]:
        order = f"{BASE}/orders/<int:order_id>"
        webhook = f"{BASE}/webhooks/<int:webhook_id>"
        return (
            ("/wp-json/", ("GET",), self.index),
            (f"{BASE}/orders", ("GET",), self.list_orders),
            (order, ("GET",), self.get_order),
            (order, ("PUT", "POST", "PATCH"), self.edit_order),
            (f"{order}/refunds", ("GET",), self.list_refunds),
            (f"{order}/refunds/<int:refund_id>", ("GET",), self.get_refund),
            (f"{order}/notes", ("GET",), self._notes.list_notes),
            (f"{order}/notes", ("POST",), self._notes.add_note),
            (f"{order}/notes/<int:note_id>", ("GET",), self._notes.get_note),
            (f"{order}/notes/<int:note_id>", ("DELETE",), self._notes.delete_note),
            (f"{BASE}/products", ("GET",), self.list_products),
            (f"{BASE}/products/<int:parent_id>/variations", ("GET",), self.list_products),
            (f"{BASE}/webhooks", ("GET",), self._webhooks.list_webhooks),
            (f"{BASE}/webhooks", ("POST",), self._webhooks.add_webhook),
            (webhook, ("GET",), self._webhooks.get_webhook),
            (webhook, ("PUT", "POST", "PATCH"), self._webhooks.edit_webhook),
            (webhook, ("DELETE",), self._webhooks.delete_webhook),
            (f"{BASE}/settings/general", ("GET",), self.list_settings),
            (f"{BASE}/settings/general/<name>", ("GET",), self.get_setting),
            (f"{BASE}/reports/orders/totals", ("GET",), self.order_totals),
            (f"{BASE}/system_status", ("GET",), self.system_status),
        )

    def order_totals(self) -> Response:
        """Every status that is registered, those without an order too (as WooCommerce 11.0.1)."""
        counts = Counter(order["status"] for order in self._state.orders())
        told = {slug: name for slug, name in STATUSES.items() if slug not in ("auto-draft", "trash")}
        return json_answer([{"slug": slug, "name": name, "total": counts[slug]} for slug, name in told.items()])

    def list_orders(self) -> Response:
        query = OrderQuery(php_query(request.query_string.decode()), SITE_ZONE)
        chosen = [order for order in self._state.orders() if query.wants(order)]
        chosen.sort(key=lambda order: (order[query.order_by], order["id"]), reverse=query.descending)
        first = (query.page - 1) * query.per_page
        page = chosen[first : first + query.per_page]
        answer = json_answer([only(order, query.fields) for order in page])
        # Past the end WooCommerce counts nothing at all.
        total = len(chosen) if page else 0
        pages = -(-total // query.per_page)
        answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"] = str(total), str(pages)
        for rel, other in query.neighbours(pages):
            answer.headers.add("Link", f'<{self._url()}{BASE}/orders?{other}>; rel="{rel}"')
        return answer

    def get_order(self, order_id: int) -> Response:
        return json_answer(only(self._order(order_id), fields()))

    def edit_order(self, order_id: int) -> Response:
        # WooCommerce answers 400 here and 404 to a GET.
        order = self._order(order_id, status=400)
        wanted = sent_json()
        status = str(wanted.get("status", order["status"])).removeprefix("wc-")
        if status not in self._known_statuses():
            raise invalid("status", f"status is not one of {', '.join(STATUSES)}.", code="rest_not_in_enum")
        return json_answer(only(self._state.edit(order_id, wanted), fields()))

    def list_refunds(self, order_id: int) -> Response:
        # An order that is gone has an empty list, not a 404.
        links, refunds = f"{BASE}/orders/{order_id}", self._state.refunds(order_id)
        return paged_answer([linked(refund, f"{links}/refunds", up=links, root=self._url()) for refund in refunds])

    def get_refund(self, order_id: int, refund_id: int) -> Response:
        self._order(order_id)
        found = next((one for one in self._state.refunds(order_id) if one["id"] == refund_id), None)
        if found is None:
            raise RestError("woocommerce_rest_shop_order_refund_invalid_id", "Invalid order refund ID.", status=404)
        links = f"{BASE}/orders/{order_id}"
        return json_answer(linked(found, f"{links}/refunds", up=links, root=self._url()))

    def list_products(self, parent_id: int = 0) -> Response:
        """Products, or the variations of one: the list of products never holds a variation, whatever it is to include."""
        params = php_query(request.query_string.decode())
        wanted = {int(one) for one in list_of(params, "include") if one.isdigit()}
        chosen = [one for one in self._state.products(parent_id=parent_id) if not wanted or one["id"] in wanted]
        return paged_answer([only(one, fields()) for one in chosen])

    # The shop itself

    def index(self) -> Response:
        return json_answer(
            {
                "name": "Pretend shop",
                "description": "",
                "url": self._url(),
                "home": self._url(),
                "timezone_string": str(SITE_ZONE),
                "namespaces": ["wc/v1", "wc/v2", "wc/v3", "wp/v2"],
            }
        )

    def list_settings(self) -> Response:
        return json_answer(list(_settings()))

    def get_setting(self, name: str) -> Response:
        found = next((one for one in _settings() if one["id"] == name), None)
        if found is None:
            raise RestError("rest_setting_setting_invalid", "Invalid setting.", status=404)
        return json_answer(found)

    def system_status(self) -> Response:
        return json_answer(
            {
                "environment": {
                    "home_url": self._url(),
                    "site_url": self._url(),
                    "version": "11.0.1",
                    "wp_version": "7.0.4",
                    "wp_multisite": False,
                    "php_version": "8.2.29",
                    "default_timezone": "UTC",
                },
                "active_plugins": [],
                "settings": {"api_enabled": True, "currency": "EUR", "number_of_decimals": 2, "HPOS_enabled": True},
                "security": {"secure_connection": False, "hide_errors": True},
            }
        )

    # What the views share

    def _order(self, order_id: int, *, status: int = 404) -> Payload:
        order = self._state.order(order_id)
        if order is None:
            raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", status=status)
        return order

    def _known_statuses(self) -> set[str]:
        return {*STATUSES, *(order["status"] for order in self._state.orders())}


def _settings() -> Iterator[Payload]:
    values = {
        "woocommerce_store_address": "Kerkstraat 1",
        "woocommerce_store_city": "Gent",
        "woocommerce_default_country": "BE",
        "woocommerce_store_postcode": "9000",
        "woocommerce_calc_taxes": "yes",
        "woocommerce_currency": "EUR",
        "woocommerce_price_num_decimals": "2",
    }
    for name, value in values.items():
        yield {"id": name, "label": name, "description": "", "type": "text", "default": "", "value": value}
