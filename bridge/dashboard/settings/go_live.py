"""From test to live: what must be right before the first real number, what would become of the open orders, and pausing."""

from datetime import datetime
from http import HTTPStatus

from flask import Response, flash, request

from bridge.accounts.access import shop
from bridge.context import context, redirect_to
from bridge.dashboard.settings import blueprint, change_shop
from bridge.dashboard.settings.fields import settings_page
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form
from bridge.i18n.translate import _, format_datetime, translate_message
from worker.actions import go_live
from worker.actions.shop_settings import ShopChanges
from worker.domain import settings_form
from worker.errors import Rejected


@blueprint.get("/go-live")
def live(shop_id: str) -> Response:
    return page(shop_id, Form())


@blueprint.post("/go-live")
def start_live(shop_id: str) -> Response:
    """Begin with real documents."""
    form = Form.from_request(request.form)
    since = form.read("since", read_since)
    if not form.is_valid:
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        changed = change_shop(shop_id, ShopChanges(live=True, begin=since))
    except Rejected as error:
        flash(translate_message(error.message), "refused")
        return redirect_to(f"/s/{shop_id}/settings/go-live")
    begin = format_datetime(changed.shop.orders.since)
    flash(_("The shop is live: orders placed since {since} become real documents.", since=begin), "good")
    return redirect_to(f"/s/{shop_id}")


def read_since(text: str) -> datetime | None:
    return settings_form.read_instant(text, zone=shop().zone) if text else None


@blueprint.post("/go-live/orders")
def open_orders(shop_id: str) -> Response:
    """What would become of the orders that are under way."""
    form = Form.from_request(request.form)
    form.read("since", read_since)
    if not form.is_valid:
        return page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    since = form.values.get("since", "")
    argument = {"since": since} if since else {}
    return request_task(shop_id, "open_orders", argument, then=f"/s/{shop_id}/settings/go-live?task=0#orders")


@blueprint.post("/go-live/<any(test, pause, resume):what>")
def change(shop_id: str, what: str) -> Response:
    """Back to test; pause, so that orders wait and nothing is lost; go on."""
    if what == "test":
        change_shop(shop_id, ShopChanges(live=False))
        flash(_("The shop makes test documents from now on."), "good")
    else:
        change_shop(shop_id, ShopChanges(suspended=what == "pause"))
        flash(_("The shop is paused; its orders wait.") if what == "pause" else _("The shop goes on."), "good")
    return redirect_to(f"/s/{shop_id}/settings/go-live")


def page(shop_id: str, form: Form, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    foreseen = finished_task(shop_id, "open_orders")
    if foreseen:
        form.values.setdefault("since", str(foreseen.argument.get("since", "")))
    with context().store.read() as connection:
        checks = go_live.first_run_checklist(connection, shop(), context(), now=context().now())
    since = read_since(str(foreseen.argument.get("since", ""))) if foreseen else None
    return settings_page(
        "go_live",
        "go-live",
        status=status,
        form=form,
        checks=checks,
        can_begin=all(check.good or not check.needed for check in checks),
        foreseen=foreseen.answer if foreseen else None,
        foreseen_since=since,
    )
