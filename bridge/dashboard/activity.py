"""What happened in a shop, and what came in from it, page by page."""

from flask import Blueprint, Response, request

from bridge.accounts.access import guard_shop, shop
from bridge.context import context, rendered
from bridge.dashboard.pagination import days_asked, neighbours, page_request, typed
from worker.store import orders
from worker.store.queries import activity, jobs
from worker.store.queries.activity import ActivityFilter
from worker.store.queries.jobs import DeliveryFilter

blueprint = Blueprint("activity", __name__, url_prefix="/s/<shop_id>/activity")
guard_shop(blueprint)

STATES = ("", "waiting", "running", "done", "failed")


@blueprint.get("")
def events(shop_id: str) -> Response:
    """The audit trail of the whole shop: issued, mailed, changed, by whom."""
    wanted = ActivityFilter(days_asked(shop().zoneinfo), typed())
    with context().store.read() as connection:
        page = activity.audit_trail_page(connection, (shop_id,), page_request(), wanted=wanted)
        numbers = orders.numbers(connection, [(shop_id, event.order_id) for event in page.rows])
    return rendered("dashboard/activity/events.html", page=page, numbers=numbers, wanted=wanted, **neighbours(page))


@blueprint.get("/deliveries")
def deliveries(shop_id: str) -> Response:
    """Everything that came in, whatever became of it."""
    state = request.args.get("state", "")
    wanted = DeliveryFilter(state if state in STATES else "", days_asked(shop().zoneinfo), typed())
    with context().store.read() as connection:
        page = jobs.deliveries_page(connection, (shop_id,), wanted, page_request())
        numbers = orders.numbers(connection, [(shop_id, one.order_id) for one in page.rows])
    return rendered(
        "dashboard/activity/deliveries.html",
        page=page,
        numbers=numbers,
        wanted=wanted,
        states=STATES,
        **neighbours(page),
    )
