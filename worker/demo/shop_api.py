"""WooCommerce's REST API v3 over a shop's state: the same paths, answers, headers and refusals."""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from worker.demo.hookshot import ShopWebhook, ping
from worker.demo.oauth import OAuthVerifier, SignatureRefused, php_query
from worker.demo.orders import Payload, php_json
from worker.demo.shop_api_parameters import (
    MOST_PER_PAGE,
    OrderQuery,
    RestError,
    fields,
    invalid,
    list_of,
    number,
    only,
    true,
)
from worker.demo.shop_state import STATUSES, ShopState

_BASE = "/wp-json/wc/v3"
_JSON = "application/json; charset=UTF-8"
_TOPICS = tuple(f"order.{event}" for event in ("created", "updated", "deleted", "restored"))

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
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    api = _ShopApi(state, url)

    @app.before_request
    def let_in() -> None:
        if request.routing_exception is None and request.path.startswith(_BASE):
            _authenticate(verifier, url(), permissions)
            on_call(ApiCall(request.method, request.path, request.get_data()))

    @app.errorhandler(RestError)
    def refuse(error: RestError) -> Response:
        return _answer(error.body, status=error.status)

    @app.errorhandler(SignatureRefused)
    def refuse_signature(error: SignatureRefused) -> Response:
        return _answer({"code": error.code, "message": error.message, "data": {"status": 401}}, status=401)

    @app.errorhandler(HTTPException)
    def no_route(error: HTTPException) -> Response:
        message = "No route was found matching the URL and request method."
        status = 400 if error.code == 400 else 404
        code = "rest_invalid_json" if status == 400 else "rest_no_route"
        return _answer({"code": code, "message": message, "data": {"status": status}}, status=status)

    @app.after_request
    def name_the_api(answer: Response) -> Response:
        answer.headers["Link"] = ", ".join(
            [f'<{url()}/wp-json/>; rel="https://api.w.org/"', *answer.headers.getlist("Link")]
        )
        return answer

    for rule, methods, view in api.routes():
        app.add_url_rule(rule, endpoint=f"{rule} {methods}", view_func=view, methods=list(methods))
    return app


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

    def routes(self) -> Iterable[tuple[str, tuple[str, ...], Callable[..., Response]]]:
        order = f"{_BASE}/orders/<int:order_id>"
        webhook = f"{_BASE}/webhooks/<int:webhook_id>"
        return (
            ("/wp-json/", ("GET",), self.index),
            (f"{_BASE}/orders", ("GET",), self.list_orders),
            (order, ("GET",), self.get_order),
            (order, ("PUT", "POST", "PATCH"), self.edit_order),
            (f"{order}/refunds", ("GET",), self.list_refunds),
            (f"{order}/refunds/<int:refund_id>", ("GET",), self.get_refund),
            (f"{order}/notes", ("GET",), self.list_notes),
            (f"{order}/notes", ("POST",), self.add_note),
            (f"{order}/notes/<int:note_id>", ("GET",), self.get_note),
            (f"{order}/notes/<int:note_id>", ("DELETE",), self.delete_note),
            (f"{_BASE}/products", ("GET",), self.list_products),
            (f"{_BASE}/products/<int:parent_id>/variations", ("GET",), self.list_products),
            (f"{_BASE}/webhooks", ("GET",), self.list_webhooks),
            (f"{_BASE}/webhooks", ("POST",), self.add_webhook),
            (webhook, ("GET",), self.get_webhook),
            (webhook, ("PUT", "POST", "PATCH"), self.edit_webhook),
            (webhook, ("DELETE",), self.delete_webhook),
            (f"{_BASE}/settings/general", ("GET",), self.list_settings),
            (f"{_BASE}/settings/general/<name>", ("GET",), self.get_setting),
            (f"{_BASE}/system_status", ("GET",), self.system_status),
        )

    # Orders

    def list_orders(self) -> Response:
        query = OrderQuery(php_query(request.query_string.decode()), self._state.site_zone)
        chosen = [order for order in self._state.orders() if query.wants(order)]
        chosen.sort(key=lambda order: (order[query.order_by], order["id"]), reverse=query.descending)
        first = (query.page - 1) * query.per_page
        page = chosen[first : first + query.per_page]
        answer = _answer([only(order, query.fields) for order in page])
        # Past the end WooCommerce counts nothing at all.
        total = len(chosen) if page else 0
        pages = -(-total // query.per_page)
        answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"] = str(total), str(pages)
        for rel, other in query.neighbours(pages):
            answer.headers.add("Link", f'<{self._url()}{_BASE}/orders?{other}>; rel="{rel}"')
        return answer

    def get_order(self, order_id: int) -> Response:
        return _answer(only(self._order(order_id), fields()))

    def edit_order(self, order_id: int) -> Response:
        # WooCommerce answers 400 here and 404 to a GET.
        order = self._order(order_id, status=400)
        wanted = _sent()
        status = str(wanted.get("status", order["status"])).removeprefix("wc-")
        if status not in self._known_statuses():
            raise invalid("status", f"status is not one of {', '.join(STATUSES)}.", code="rest_not_in_enum")
        return _answer(only(self._state.edit(order_id, wanted), fields()))

    def list_refunds(self, order_id: int) -> Response:
        # An order that is gone has an empty list, not a 404.
        links, refunds = f"{_BASE}/orders/{order_id}", self._state.refunds(order_id)
        params = php_query(request.query_string.decode())
        page, per_page = number(params, "page", 1), number(params, "per_page", 10, most=MOST_PER_PAGE)
        told = refunds[(page - 1) * per_page : page * per_page]
        answer = _answer([self._linked(refund, f"{links}/refunds", up=links) for refund in told])
        answer.headers["X-WP-Total"] = str(len(refunds))
        answer.headers["X-WP-TotalPages"] = str(-(-len(refunds) // per_page))
        return answer

    def get_refund(self, order_id: int, refund_id: int) -> Response:
        self._order(order_id)
        found = next((one for one in self._state.refunds(order_id) if one["id"] == refund_id), None)
        if found is None:
            raise RestError("woocommerce_rest_shop_order_refund_invalid_id", "Invalid order refund ID.", status=404)
        links = f"{_BASE}/orders/{order_id}"
        return _answer(self._linked(found, f"{links}/refunds", up=links))

    # Products

    def list_products(self, parent_id: int = 0) -> Response:
        """Products, or the variations of one: the list of products never holds a variation, whatever it is to include."""
        params = php_query(request.query_string.decode())
        page, per_page = number(params, "page", 1), number(params, "per_page", 10, most=MOST_PER_PAGE)
        wanted = {int(one) for one in list_of(params, "include") if one.isdigit()}
        chosen = [one for one in self._state.products(parent_id=parent_id) if not wanted or one["id"] in wanted]
        answer = _answer([only(one, fields()) for one in chosen[(page - 1) * per_page : page * per_page]])
        answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"] = (
            str(len(chosen)),
            str(-(-len(chosen) // per_page)),
        )
        return answer

    # Notes

    def list_notes(self, order_id: int) -> Response:
        if self._state.order(order_id) is None:
            raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid order ID.", status=404)
        wanted = php_query(request.query_string.decode()).get("type", "any")
        told = [
            n for n in self._state.notes(order_id) if wanted == "any" or n["customer_note"] == (wanted == "customer")
        ]
        return _answer([self._note(order_id, note) for note in told])

    def add_note(self, order_id: int) -> Response:
        self._order_of_note(order_id)
        wanted = _sent()
        if not wanted.get("note"):
            missing = {"params": ["note"]}
            raise RestError("rest_missing_callback_param", "Missing parameter(s): note", status=400, more=missing)
        author = "admin" if true(wanted.get("added_by_user")) else "WooCommerce"
        for_customer = true(wanted.get("customer_note"))
        note = self._state.note(order_id, str(wanted["note"]), for_customer=for_customer, author=author)
        answer = _answer(self._note(order_id, note), status=201)
        answer.headers["Location"] = f"{self._url()}{_BASE}/orders/{order_id}/notes/{note['id']}"
        return answer

    def get_note(self, order_id: int, note_id: int) -> Response:
        return _answer(self._note(order_id, self._found_note(order_id, note_id)))

    def delete_note(self, order_id: int, note_id: int) -> Response:
        _forced()
        note = self._found_note(order_id, note_id)
        self._state.remove_note(order_id, note_id)
        return _answer(self._note(order_id, note))

    # Webhooks

    def list_webhooks(self) -> Response:
        params = php_query(request.query_string.decode())
        wanted = params.get("status", "all")
        page, per_page = number(params, "page", 1), number(params, "per_page", 10, most=MOST_PER_PAGE)
        with self._state.alone():
            told = [self._webhook(w) for w in self._state.webhooks.values() if wanted in ("all", w.status)]
        told.sort(key=lambda webhook: -webhook["id"])
        answer = _answer(told[(page - 1) * per_page : page * per_page])
        answer.headers["X-WP-Total"] = str(len(told))
        answer.headers["X-WP-TotalPages"] = str(-(-len(told) // per_page))
        return answer

    def get_webhook(self, webhook_id: int) -> Response:
        return _answer(self._webhook(self._found_webhook(webhook_id)))

    def add_webhook(self) -> Response:
        wanted = _sent()
        self._check_topic(wanted.get("topic"), "Webhook topic is required and must be valid.")
        self._check_delivery_url(wanted.get("delivery_url"))
        # Whatever `status` asks for, a webhook is born active.
        webhook = self._state.add_webhook(
            topic=wanted["topic"],
            delivery_url=wanted["delivery_url"],
            secret=wanted.get("secret") or "",
            name=wanted.get("name") or "",
        )
        told = self._webhook(webhook)
        # The result of the ping changes nothing about the answer.
        webhook.pending_delivery = not ping(webhook)
        answer = _answer(told, status=201)
        answer.headers["Location"] = f"{self._url()}{_BASE}/webhooks/{webhook.id}"
        return answer

    def edit_webhook(self, webhook_id: int) -> Response:
        webhook, wanted = self._found_webhook(webhook_id), _sent()
        if wanted.get("topic"):
            self._check_topic(wanted["topic"], "Webhook topic must be valid.")
        if wanted.get("delivery_url"):
            self._check_delivery_url(wanted["delivery_url"])
        if wanted.get("status", "active") not in ("active", "paused", "disabled"):
            raise RestError("woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.", status=400)
        with self._state.alone():
            moved = wanted.get("delivery_url") or webhook.delivery_url
            webhook.pending_delivery = webhook.pending_delivery or moved != webhook.delivery_url
            webhook.delivery_url = moved
            # An empty secret is no secret: the old one stays. So does the failure counter.
            for field in ("topic", "secret", "status", "name"):
                setattr(webhook, field, wanted.get(field) or getattr(webhook, field))
            webhook.modified_at = self._state.now()
            told = self._webhook(webhook)
        if webhook.pending_delivery and webhook.status == "active":
            webhook.pending_delivery = not ping(webhook)
        return _answer(told)

    def delete_webhook(self, webhook_id: int) -> Response:
        _forced()
        webhook = self._found_webhook(webhook_id, message="Invalid ID.", status=404)
        with self._state.alone():
            self._state.webhooks.pop(webhook_id, None)
        return _answer(self._webhook(webhook))

    # The shop itself

    def index(self) -> Response:
        return _answer(
            {
                "name": "Pretend shop",
                "description": "",
                "url": self._url(),
                "home": self._url(),
                "timezone_string": str(self._state.site_zone),
                "namespaces": ["wc/v1", "wc/v2", "wc/v3", "wp/v2"],
            }
        )

    def list_settings(self) -> Response:
        return _answer(list(_settings()))

    def get_setting(self, name: str) -> Response:
        found = next((one for one in _settings() if one["id"] == name), None)
        if found is None:
            raise RestError("rest_setting_setting_invalid", "Invalid setting.", status=404)
        return _answer(found)

    def system_status(self) -> Response:
        return _answer(
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
                "settings": {
                    "api_enabled": True,
                    "currency": "EUR",
                    "number_of_decimals": 2,
                    "HPOS_enabled": True,
                },
                "security": {"secure_connection": False, "hide_errors": True},
            }
        )

    # What the views share

    def _order(self, order_id: int, *, status: int = 404) -> Payload:
        order = self._state.order(order_id)
        if order is None:
            raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", status=status)
        return order

    def _order_of_note(self, order_id: int) -> None:
        # Not the code that listing the notes of a missing order gives.
        if self._state.order(order_id) is None:
            raise RestError("woocommerce_rest_order_invalid_id", "Invalid order ID.", status=404)

    def _found_note(self, order_id: int, note_id: int) -> Payload:
        self._order_of_note(order_id)
        found = next((note for note in self._state.notes(order_id) if note["id"] == note_id), None)
        if found is None:
            raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", status=404)
        return found

    def _found_webhook(self, webhook_id: int, *, message: str = "ID is invalid.", status: int = 400) -> ShopWebhook:
        with self._state.alone():
            webhook = self._state.webhooks.get(webhook_id)
        if webhook is None:
            raise RestError("woocommerce_rest_shop_webhook_invalid_id", message, status=status)
        return webhook

    def _known_statuses(self) -> set[str]:
        return {*STATUSES, *(order["status"] for order in self._state.orders())}

    def _check_topic(self, topic: object, message: str) -> None:
        if topic not in _TOPICS:
            raise RestError("woocommerce_rest_shop_webhook_invalid_topic", message, status=400)

    def _check_delivery_url(self, url: object) -> None:
        if not str(url or "").startswith(("http://", "https://")):
            message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
            raise RestError("woocommerce_rest_shop_webhook_invalid_delivery_url", message, status=400)

    def _note(self, order_id: int, note: Payload) -> Payload:
        return self._linked(note, f"{_BASE}/orders/{order_id}/notes", up=f"{_BASE}/orders/{order_id}")

    def _webhook(self, webhook: ShopWebhook) -> Payload:
        resource, event = webhook.topic.split(".", 1)
        told = {
            "id": webhook.id,
            "name": webhook.name,
            "status": webhook.status,
            "topic": webhook.topic,
            "resource": resource,
            "event": event,
            "hooks": [f"woocommerce_{event}_order"],
            "delivery_url": webhook.delivery_url,
            **self._state.instants("date_created", webhook.created_at),
            **self._state.instants("date_modified", webhook.modified_at),
        }
        return self._linked(told, f"{_BASE}/webhooks")

    def _linked(self, told: Payload, collection: str, *, up: str | None = None) -> Payload:
        root = self._url()
        links = {
            "self": [{"href": f"{root}{collection}/{told['id']}"}],
            "collection": [{"href": f"{root}{collection}"}],
        }
        return {**told, "_links": {**links, **({"up": [{"href": f"{root}{up}"}]} if up else {})}}


def _answer(body: object, *, status: int = 200) -> Response:
    return Response(php_json(body), status=status, content_type=_JSON)


def _sent() -> Payload:
    """The JSON object of this request. Nothing sent is an empty object."""
    if not request.get_data().strip():
        return {}
    sent = request.get_json(force=True)
    if not isinstance(sent, dict):
        raise RestError("rest_invalid_json", "Invalid JSON body passed.", status=400)
    return sent


def _forced() -> None:
    if not true(php_query(request.query_string.decode()).get("force")):
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", status=501)


def _settings() -> Iterable[Payload]:
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
