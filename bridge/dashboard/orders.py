"""Orders: what needs a person, what was made of each and why, what came in, and what can be done."""

import json
from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, abort, make_response, request

from bridge.accounts.access import guard_shop, shop
from bridge.context import context, rendered
from bridge.dashboard import order_story
from bridge.dashboard.actions import run_action
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.labels import after_discarding, kind_within, never_changed
from bridge.dashboard.pagination import days_asked, page_request, sortable
from bridge.dashboard.tasks import request_task
from bridge.i18n.translate import _, format_amount
from worker.actions import order_treatment
from worker.actions import orders as order_actions
from worker.actions.order_treatment import LONGEST_REASON
from worker.domain.document import BY_HAND
from worker.domain.order_treatment import TREATMENT_TERMS
from worker.domain.setting_readers import STATUSES
from worker.store import deliveries as deliveries_store
from worker.store import orders as orders_store
from worker.store.deliveries import Delivery
from worker.store.order_treatments import TreatmentChange
from worker.store.queries import order_history, order_lists
from worker.store.queries.order_history import OrderHistory
from worker.store.queries.order_lists import OrderFilter

blueprint = Blueprint("orders", __name__, url_prefix="/s/<shop_id>/orders")
guard_shop(blueprint)

LONGEST_SEARCH = 100


@blueprint.get("")
def all_orders(shop_id: str) -> Response:
    """Every order that was fetched, the newest first; searched and filtered."""
    wanted = order_filter()
    with context().store.read() as connection:
        page = order_lists.orders_page(connection, (shop_id,), wanted, page_request())
    return rendered(
        "dashboard/orders/list.html",
        page=page,
        wanted=wanted,
        statuses=STATUSES,
        **sortable(page, ("date", "number", "buyer", "status", "amount")),
    )


def order_filter() -> OrderFilter:
    """The filters in the address."""
    return OrderFilter(
        status=request.args.get("status", "")[:40],
        needs_attention=bool(request.args.get("attention")),
        text=request.args.get("q", "")[:LONGEST_SEARCH],
        placed=days_asked(shop().zoneinfo),
    )


@blueprint.get("/<int:order_id>")
def order(shop_id: str, order_id: int) -> Response:
    """One order: what needs a person, its documents, what it sells to whom, and what happened."""
    history = load_history(shop_id, order_id)
    with context().store.read() as connection:
        in_shop = order_story.order_in_shop(connection, shop(), order_id)
    return rendered(
        "dashboard/orders/order.html",
        history=history,
        troubles=order_story.troubles(history, in_shop),
        worth_knowing=order_story.flags(history, counted=False),
        pending=order_story.pending(history),
        why_no_invoice=order_story.why_no_invoice(history),
        shown=order_story.shown_draft(history),
        events=order_story.events(history),
        in_shop=in_shop,
        by_hand=BY_HAND,
        treatments=TREATMENT_TERMS,
        waits_without_vat=order_story.waits_without_vat(history),
        longest_reason=LONGEST_REASON,
    )


@blueprint.get("/<int:order_id>/deliveries")
def order_deliveries(shop_id: str, order_id: int) -> Response:
    """All that came in for one order, as it came, for whoever looks after the connection."""
    return rendered("dashboard/orders/deliveries.html", history=load_history(shop_id, order_id))


@blueprint.get("/<int:order_id>/deliveries/<int:delivery_id>")
def delivery(shop_id: str, order_id: int, delivery_id: int) -> Response:
    """One delivery as it came: headers and raw body."""
    found = delivery_of(shop_id, order_id, delivery_id)
    number = number_of(shop_id, order_id)
    return rendered("dashboard/orders/delivery.html", delivery=found, number=number, body=pretty_json(found.body))


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


# Actions on an order as a whole, and the notice after each.
ORDER_ACTIONS: dict[str, tuple[Callable[..., object], Callable[[str], str]]] = {
    "retry": (
        order_actions.retry_order,
        lambda number: _("What failed of order {number} is tried again.", number=number),
    ),
    "fetch": (
        order_actions.process_again,
        lambda number: _("Order {number} is read from the shop again.", number=number),
    ),
    "ignore": (
        order_actions.ignore_order,
        lambda number: _("Order {number} is no longer listed as needing you.", number=number),
    ),
}


@blueprint.post("/<int:order_id>/<any(retry, fetch, ignore):what>")
def run_order_action(shop_id: str, order_id: int, what: str) -> Response:
    """Try again what failed; fetch the order once more; or ignore that it needs somebody."""
    action, message = ORDER_ACTIONS[what]
    number = number_of(shop_id, order_id)
    if what == "ignore" and not is_confirmed():
        return ask(
            Question(
                _("Does order {number} need nothing any more?", number=number),
                _("It needs nothing"),
                back=f"/s/{shop_id}/orders/{order_id}",
                more=_(
                    "What failed is not tried any more, its drafts are discarded, and it is no longer listed as needing you. "
                    "Its history keeps that you said so."
                )
                + f" {after_discarding()}",
            )
        )
    return run_action(
        lambda connection, by: action(connection, shop_id, order_id, by=by),
        then=f"/s/{shop_id}/orders/{order_id}",
        message=message(number),
    )


@blueprint.post("/<int:order_id>/treat")
def treat(shop_id: str, order_id: int) -> Response:
    """Give the order a treatment for VAT by hand; without a name the shop's settings decide again."""
    load_history(shop_id, order_id)
    name, reason = request.form.get("name", ""), request.form.get("reason", "")
    return run_action(
        lambda connection, by: order_treatment.treat_order(
            connection,
            shop_id,
            order_id,
            TreatmentChange(order_treatment.treatment_of(name) if name else None, reason, by.name, by.now),
        ),
        then=f"/s/{shop_id}/orders/{order_id}",
        message=_("Order {number} is looked at again with that treatment.", number=number_of(shop_id, order_id)),
    )


@blueprint.post("/<int:order_id>/make")
def make_document(shop_id: str, order_id: int) -> Response:
    """A document that no rule made."""
    load_history(shop_id, order_id)
    kind = request.form.get("kind", "")
    if kind not in BY_HAND:
        abort(HTTPStatus.BAD_REQUEST)
    here = f"/s/{shop_id}/orders/{order_id}"
    if not is_confirmed():
        return ask(
            Question(
                _(
                    "Make this document of order {number}: {kind}?",
                    number=named(shop_id, order_id),
                    kind=kind_within(kind),
                ),
                _("Make it"),
                back=here,
                more=" ".join(
                    (
                        _("It gets the next number."),
                        never_changed(kind),
                        *((_("It is mailed to the customer."),) if request.form.get("send") else ()),
                    )
                ),
            )
        )
    argument = {"order_id": order_id, "kind": kind, "send": bool(request.form.get("send"))}
    return request_task(shop_id, "make_document", argument, then=here)


@blueprint.post("/<int:order_id>/deliveries/<int:delivery_id>/replay")
def replay(shop_id: str, order_id: int, delivery_id: int) -> Response:
    """Process a stored delivery once more, as if it came in now."""
    return run_action(
        lambda connection, by: order_actions.replay_delivery(connection, shop_id, delivery_id, by=by),
        then=f"/s/{shop_id}/orders/{order_id}/deliveries",
        message=_("What the shop sent of order {number} is treated again.", number=number_of(shop_id, order_id)),
    )


def load_history(shop_id: str, order_id: int) -> OrderHistory:
    """Everything about one order, where anything is known of it."""
    with context().store.read() as connection:
        return order_history.find(connection, shop_id, order_id) or abort(HTTPStatus.NOT_FOUND)


def number_of(shop_id: str, order_id: int) -> str:
    """What the shop calls an order; its id while it was not read."""
    with context().store.read() as connection:
        found = orders_store.find(connection, shop_id, order_id)
    return found.order_number if found else str(order_id)


def named(shop_id: str, order_id: int) -> str:
    """An order with its buyer and amount, as far as it was read: `238 · Jan Janssens · 22.20 EUR`."""
    with context().store.read() as connection:
        found = orders_store.find(connection, shop_id, order_id)
    if found is None:
        return str(order_id)
    return " · ".join(filter(None, (found.order_number, found.buyer, format_amount(found.total, found.currency))))


def delivery_of(shop_id: str, order_id: int, delivery_id: int) -> Delivery:
    with context().store.read() as connection:
        deliveries = deliveries_store.of_order(connection, shop_id, order_id)
    return next((one for one in deliveries if one.delivery_id == delivery_id), None) or abort(HTTPStatus.NOT_FOUND)


def pretty_json(content: bytes | None) -> str | None:
    """JSON with line breaks; what is not JSON as it is."""
    if content is None:
        return None
    try:
        # Half of a surrogate pair can be in JSON, and in no page.
        return json.dumps(json.loads(content), ensure_ascii=False, indent=2).encode(errors="replace").decode()
    except (ValueError, RecursionError):
        return content.decode("utf-8", errors="replace")
