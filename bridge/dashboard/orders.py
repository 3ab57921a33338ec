"""Orders and their trails: what came in, what was decided and why, what was made of it, and what can be done."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus

from flask import Blueprint, Response, abort, make_response, render_template, request

from bridge.accounts.access import guard_shop, me
from bridge.context import parts
from bridge.dashboard.actions import do
from bridge.dashboard.labels import Shown, shown
from bridge.dashboard.pagination import neighbours, place
from bridge.dashboard.tasks import ask
from bridge.i18n.translate import _
from worker.actions import documents as deciding
from worker.domain.document import Kind
from worker.domain.settings_form import STATUSES
from worker.store import audit_trail, documents, orders
from worker.store import deliveries as inbox
from worker.store.audit_trail import Event
from worker.store.deliveries import Delivery
from worker.store.orders import SeenOrder
from worker.store.queries import lists
from worker.store.queries.lists import OrderFilter

blueprint = Blueprint("orders", __name__, url_prefix="/s/<shop_id>/orders")
guard_shop(blueprint)

LONGEST_SEARCH = 100
BY_HAND = (Kind.INVOICE, Kind.ORDER_CONFIRMATION, Kind.DELIVERY_NOTE)


@dataclass(frozen=True)
class Trail:
    """One order's whole story, oldest first in each part."""

    order_id: int
    seen: SeenOrder | None
    deliveries: tuple[Delivery, ...]
    made: tuple[Shown, ...]
    events: tuple[Event, ...]

    @property
    def has_failed(self) -> bool:
        return any(delivery.state == "failed" for delivery in self.deliveries) or any(
            step.state == "failed" for item in self.made for step in item.steps
        )

    @property
    def first_at(self) -> datetime | None:
        return min((delivery.received_at for delivery in self.deliveries), default=None)

    @property
    def invoiced(self) -> Decimal:
        return sum((item.draft.total for item in self.made if item.is_issued(Kind.INVOICE)), Decimal(0))


@blueprint.get("")
def all_orders(shop_id: str) -> Response:
    """Every order that was looked at, the newest first; searched and filtered."""
    wanted = OrderFilter(
        status=request.args.get("status", "")[:40],
        needs_attention=bool(request.args.get("attention")),
        text=request.args.get("q", "")[:LONGEST_SEARCH],
    )
    with parts().store.read() as connection:
        page = lists.orders_page(connection, (shop_id,), wanted, place())
    return make_response(
        render_template("dashboard/orders/list.html", page=page, wanted=wanted, statuses=STATUSES, **neighbours(page))
    )


@blueprint.get("/<int:order_id>")
def order(shop_id: str, order_id: int) -> Response:
    """The trail of one order."""
    return make_response(
        render_template("dashboard/orders/order.html", trail=trail_of(shop_id, order_id), by_hand=BY_HAND)
    )


@blueprint.get("/<int:order_id>/deliveries/<int:delivery_id>")
def delivery(shop_id: str, order_id: int, delivery_id: int) -> Response:
    """One delivery as it came: headers and raw body."""
    found = delivery_of(shop_id, order_id, delivery_id)
    content = render_template("dashboard/orders/delivery.html", delivery=found, body=readable(found.body))
    return make_response(content)


@blueprint.get("/<int:order_id>/deliveries/<int:delivery_id>/body")
def body(shop_id: str, order_id: int, delivery_id: int) -> Response:
    """The bytes themselves, as plain text that no browser takes for a page."""
    found = delivery_of(shop_id, order_id, delivery_id)
    if found.body is None:
        abort(HTTPStatus.NOT_FOUND)
    response = make_response(found.body)
    response.content_type = "text/plain; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="delivery-{delivery_id}.json"'
    return response


# What a person decides about an order as a whole: what is done, and what is said.
DECISIONS: dict[str, tuple[Callable[..., object], Callable[[], str]]] = {
    "retry": (deciding.retry_order, lambda: _("What failed is tried again.")),
    "look": (deciding.look_again, lambda: _("The shop is asked about the order again.")),
    "ignore": (deciding.ignore, lambda: _("This order is no longer listed as needing you.")),
}


@blueprint.post("/<int:order_id>/<any(retry, look, ignore):what>")
def decide(shop_id: str, order_id: int, what: str) -> Response:
    """Try again what failed; ask the shop once more; or say that the order needs nothing."""
    (decision, said), by, now = DECISIONS[what], me().user.name, parts().now()
    return do(
        lambda connection: decision(connection, shop_id, order_id, by=by, now=now),
        then=f"/s/{shop_id}/orders/{order_id}",
        said=said(),
    )


@blueprint.post("/<int:order_id>/make")
def make(shop_id: str, order_id: int) -> Response:
    """A document that no rule asked for."""
    trail_of(shop_id, order_id)
    kind = request.form.get("kind", "")
    if kind not in BY_HAND:
        abort(HTTPStatus.BAD_REQUEST)
    argument = {"order_id": order_id, "kind": kind, "send": bool(request.form.get("send"))}
    return ask(shop_id, "make_document", argument, then=f"/s/{shop_id}/orders/{order_id}")


@blueprint.post("/<int:order_id>/deliveries/<int:delivery_id>/replay")
def replay(shop_id: str, order_id: int, delivery_id: int) -> Response:
    """Treat a kept delivery once more, as if it came in now."""
    by, now = me().user.name, parts().now()
    return do(
        lambda connection: deciding.replay_delivery(connection, shop_id, delivery_id, by=by, now=now),
        then=f"/s/{shop_id}/orders/{order_id}",
        said=_("The delivery is treated again."),
    )


def trail_of(shop_id: str, order_id: int) -> Trail:
    """Everything about one order, where anything is known of it."""
    with parts().store.read() as connection:
        seen = orders.find(connection, shop_id, order_id)
        deliveries = inbox.of_order(connection, shop_id, order_id)
        made, kept = documents.listing(connection, shop_id=shop_id, order_id=order_id)
        events = audit_trail.of_order(connection, shop_id, order_id)
        items = shown(connection, made, kept)
    if seen is None and not deliveries and not items:
        abort(HTTPStatus.NOT_FOUND)
    return Trail(order_id, seen, deliveries, items, events)


def delivery_of(shop_id: str, order_id: int, delivery_id: int) -> Delivery:
    with parts().store.read() as connection:
        deliveries = inbox.of_order(connection, shop_id, order_id)
    return next((one for one in deliveries if one.delivery_id == delivery_id), None) or abort(HTTPStatus.NOT_FOUND)


def readable(content: bytes | None) -> str | None:
    """JSON with line breaks; what is not JSON as it is."""
    if content is None:
        return None
    try:
        return json.dumps(json.loads(content), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return content.decode("utf-8", errors="replace")
