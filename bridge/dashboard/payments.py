"""Payments: what customers still owe, what the bank brought, and what of it waits for a person."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request

from bridge.accounts.access import guard_shop
from bridge.accounts.access import shop as this_shop
from bridge.context import context, redirect_to
from bridge.dashboard.actions import run_action
from bridge.dashboard.pagination import neighbours, page_request
from bridge.dashboard.tasks import finished_task, request_task
from bridge.dashboard.uploads import take_upload
from bridge.forms import parse_day, parse_whole_number
from bridge.i18n.translate import _, _n, translate_message
from worker.actions import bank_lines as actions
from worker.actions import documents
from worker.actions.documents import MarkedPaid
from worker.domain.bank_match import VERDICT_TERMS, Verdict
from worker.store import bank_files, bank_lines
from worker.store.bank_lines import LineState
from worker.store.queries import bank_claims
from worker.store.queries import open_invoices as queries

blueprint = Blueprint("payments", __name__, url_prefix="/s/<shop_id>/payments")
guard_shop(blueprint)

ALL = "all"
# As many as a page shows.
MOST_AT_ONCE = 50


@blueprint.get("")
def open_invoices(shop_id: str) -> Response:
    """Invoices of which an amount is open, the one that is due first on top."""
    day = today()
    with context().store.read() as connection:
        page = queries.page(connection, shop_id, page_request())
        content = render_template(
            "dashboard/payments/open.html",
            page=page,
            totals=queries.totals(connection, shop_id, today=day),
            today=day,
            days_late=lambda one: (day - one.due_on).days,
            waiting=bank_lines.waiting_count(connection, shop_id),
            **neighbours(page),
        )
    return make_response(content)


@blueprint.post("/paid")
def mark_paid(shop_id: str) -> Response:
    """Each invoice that was ticked is paid, today or on the day that was given."""
    numbers = map(parse_whole_number, dict.fromkeys(request.form.getlist("document")))
    ticked = [number for number in numbers if number is not None][:MOST_AT_ONCE]
    if not ticked:
        flash(_("Tick the invoices that are paid."), "refused")
        return redirect_to(f"/s/{shop_id}/payments")
    on = parse_day(request.form.get("on", "")) or today()
    if on > today():
        flash(_("That day is still to come."), "refused")
        return redirect_to(f"/s/{shop_id}/payments")
    return run_action(
        lambda connection, by: documents.mark_many_paid(connection, shop_id, ticked, on=on, by=by),
        then=f"/s/{shop_id}/payments",
        message=what_was_marked,
    )


def what_was_marked(found: Sequence[MarkedPaid]) -> str:
    """How many were, and why each other one was not."""
    marked = sum(one.changed for one in found)
    said = _n("One invoice is marked paid.", "{count} invoices are marked paid.", marked)
    return " ".join([said, *(translate_message(one.message) for one in found if not one.changed)])


def today() -> date:
    return context().now().astimezone(this_shop().zoneinfo).date()


@blueprint.get("/bank")
def bank(shop_id: str) -> Response:
    """The bank's lines of one state or all, the newest first; those that wait with what they might pay."""
    shown = request.args.get("state", LineState.WAITING)
    state = LineState(shown) if shown in list(LineState) else None
    with context().store.read() as connection:
        page = bank_lines.page(connection, shop_id, state, page_request())
        content = render_template(
            "dashboard/payments/bank.html",
            page=page,
            shown=state or ALL,
            waiting=bank_lines.waiting_count(connection, shop_id),
            newest_file=bank_files.newest_file(connection, shop_id),
            suggestions=bank_claims.suggestions(connection, shop_id, page.rows),
            paid_orders=bank_lines.orders_of(connection, shop_id, [line.line_id for line in page.rows]),
            verdict_terms=VERDICT_TERMS,
            read=read_lines(shop_id),
            **neighbours(page),
        )
    return make_response(content)


def read_lines(shop_id: str) -> Mapping[str, Any] | None:
    """What the file brought that was just read."""
    task = finished_task(shop_id, "read_bank_file")
    if task is None:
        return None
    counts = {Verdict(verdict): int(lines) for verdict, lines in task.answer["counts"].items()}
    return {**task.answer, "counts": counts}


@blueprint.post("/bank")
def upload(shop_id: str) -> Response:
    """Take in a file of the bank; a task reads it."""
    stored = take_upload(shop_id, "bank")
    if stored is None:
        flash(_("Choose a file first."), "refused")
        return redirect_to(f"/s/{shop_id}/payments/bank")
    return request_task(shop_id, "read_bank_file", {"file": stored.as_json}, then=f"/s/{shop_id}/payments/bank?task=0")


@blueprint.post("/bank/<int:line_id>/count")
def count(shop_id: str, line_id: int) -> Response:
    """The line pays the order that was typed or proposed."""
    number = request.form.get("number", "")
    return run_action(
        lambda connection, by: actions.count_for_order(connection, shop_id, line_id, number, by=by),
        then=f"/s/{shop_id}/payments/bank",
        message=_("It is counted for order {number}.", number=number),
    )


@blueprint.post("/bank/<int:line_id>/put-aside")
def put_aside(shop_id: str, line_id: int) -> Response:
    return run_action(
        lambda connection, by: actions.put_aside(connection, shop_id, line_id, by=by),
        then=f"/s/{shop_id}/payments/bank",
        message=_("It pays no order; it stays in the list of all lines."),
    )


@blueprint.post("/bank/<int:line_id>/take-back")
def take_back(shop_id: str, line_id: int) -> Response:
    return run_action(
        lambda connection, by: actions.take_back(connection, shop_id, line_id, by=by),
        then=f"/s/{shop_id}/payments/bank",
        message=lambda is_told: (
            _("It waits again. What was said of this money before the bank did counts again, so it is not open.")
            if is_told
            else _("It waits again, and what it paid is open again. The order in the shop stays as it is.")
        ),
    )
