"""What needs somebody for one reason: all of it, page by page; put off, dismissed or tried again, one by one or all at once."""

from collections.abc import Sequence
from datetime import date, timedelta
from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, request

from bridge.accounts.access import guard_shop, guard_users, me
from bridge.accounts.access import shop as this_shop
from bridge.context import context, redirect_to, rendered
from bridge.dashboard.actions import run_action
from bridge.dashboard.pagination import address, shops_asked
from bridge.dashboard.tasks import request_task
from bridge.forms import Form, parse_whole_number
from bridge.i18n.translate import _
from worker.actions import attention as actions
from worker.actions.attention import Chosen
from worker.domain.attention import Reason
from worker.domain.attention_reasons import BY_NAME, OF_MAIL_ADDRESS
from worker.domain.days import read_day
from worker.errors import InvalidValue
from worker.store import users
from worker.store.database.shop_scope import Shops
from worker.store.queries import attention, need_list
from worker.store.queries.need_list import Part
from worker.store.users import ShopName

blueprint = Blueprint("attention", __name__, url_prefix="/s/<shop_id>/attention")
guard_shop(blueprint)
all_shops_blueprint = Blueprint("all_attention", __name__, url_prefix="/attention")
guard_users(all_shops_blueprint)

SNOOZED_FOR = timedelta(days=7)
# A few first: what else needs somebody is to be seen without scrolling past all of one reason.
SIZES = (10, 50, 200)


@blueprint.get("/<name>")
def things(shop_id: str, name: str) -> Response:
    """One shop's."""
    return page(reason_named(name), (shop_id,))


@all_shops_blueprint.get("/<name>")
def things_of_all(name: str) -> Response:
    """Of every shop that the user may see."""
    with context().store.read() as connection:
        mine = users.shops_of(connection, me().user)
    return page(reason_named(name), shops_asked(mine), of_all=mine)


def page(reason: Reason, shops: Shops, *, of_all: Sequence[ShopName] = (), form: Form | None = None) -> Response:
    """*form*: the day that was typed to put something off, and what is wrong with it."""
    form = form or Form()
    first = max(1, parse_whole_number(request.args.get("from", "")[:9]) or 1)
    size = parse_whole_number(request.args.get("size", "")[:3])
    size = size if size in SIZES else SIZES[0]
    with context().store.read() as connection:
        found = need_list.page(connection, shops, reason, now=context().now(), part=Part(first, size))
    return rendered(
        "dashboard/attention.html",
        status=form.status,
        reason=reason,
        is_of_address=reason.name in OF_MAIL_ADDRESS,
        page=found,
        names={one.shop_id: one.name for one in of_all},
        size=size,
        sizes=SIZES,
        address=address,
        form=form,
        snoozed_until=(context().now() + SNOOZED_FOR).date(),
    )


def reason_named(name: str) -> Reason:
    return BY_NAME.get(name) or abort(HTTPStatus.NOT_FOUND)


@blueprint.post("/<name>/dismiss")
def dismiss(shop_id: str, name: str) -> Response:
    """Say that nothing is to be done, and why."""
    return run_action(
        lambda connection, by: actions.dismiss(
            connection, shop_id, chosen(name), why=request.form.get("why", ""), by=by
        ),
        then=after(shop_id, name),
        message=_("It is dismissed; the activity says who did it and why."),
    )


@blueprint.post("/<name>/snooze")
def snooze(shop_id: str, name: str) -> Response:
    """Hear of it again on a day."""
    form = Form.from_request(request.form)
    until = form.read("until", read_day_to_come)
    if until is None:
        return page(reason_named(name), (shop_id,), form=form)
    return run_action(
        lambda connection, by: actions.snooze(connection, this_shop(), chosen(name), until=until, by=by),
        then=after(shop_id, name),
        message=_("It is put off, and comes back on that day."),
    )


def read_day_to_come(text: str) -> date:
    found = read_day(text)
    if found <= context().today(this_shop()):
        raise InvalidValue("Choose a day that is still to come.")
    return found


@blueprint.post("/<name>/retry")
def retry(shop_id: str, name: str) -> Response:
    """Try again all that failed for this reason."""
    reason = reason_named(name)
    with context().store.read() as connection:
        failures = (
            attention.failures_of(connection, shop_id, reason, now=context().now()) if reason.button.retries else ()
        )
    if not failures:
        flash(_("This needs nobody any more."), "good")
        return redirect_to(f"/s/{shop_id}")
    for work, code in failures:
        response = request_task(shop_id, "retry_failed", {"what": work, "code": code}, then=f"/s/{shop_id}")
    return response


def chosen(name: str) -> Chosen:
    """What was pressed for: one thing, where the form names it, else all."""
    return Chosen(reason_named(name).name, parse_whole_number(request.form.get("item", "")))


def after(shop_id: str, name: str) -> str:
    """Back to the list, or to the overview where nothing is left."""
    return f"/s/{shop_id}/attention/{name}" if request.form.get("item") else f"/s/{shop_id}"
