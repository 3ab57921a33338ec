"""Payments: what the bank brought, and what of it waits for a person."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request

from bridge.accounts.access import guard_shop
from bridge.context import context, redirect_to
from bridge.dashboard.actions import run_action
from bridge.dashboard.pagination import neighbours, page_request
from bridge.dashboard.tasks import finished_task, request_task
from bridge.i18n.translate import _
from worker.actions import bank_lines as actions
from worker.domain.bank_match import VERDICT_TERMS, Verdict
from worker.store import bank_lines
from worker.store.bank_lines import LineState
from worker.store.files import temporary
from worker.store.queries import bank_claims

blueprint = Blueprint("payments", __name__, url_prefix="/s/<shop_id>/payments")
guard_shop(blueprint)

ALL = "all"


@blueprint.get("")
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
            newest_file=bank_lines.newest_file(connection, shop_id),
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


@blueprint.post("/bank-file")
def upload(shop_id: str) -> Response:
    """Take in a file of the bank; a task reads it."""
    sent = request.files.get("file")
    content = sent.read() if sent is not None else b""
    if sent is None or not content:
        flash(_("Choose a file first."), "refused")
        return redirect_to(f"/s/{shop_id}/payments")
    until = context().now() + temporary.PREVIEW_LIFETIME
    stored = temporary.put(context().archive, shop_id, sent.filename or "bank", content, until=until)
    return request_task(shop_id, "read_bank_file", {"file": stored.as_json}, then=f"/s/{shop_id}/payments?task=0")


@blueprint.post("/lines/<int:line_id>/count")
def count(shop_id: str, line_id: int) -> Response:
    """The line pays the order that was typed or proposed."""
    number = request.form.get("number", "")
    return run_action(
        lambda connection, by: actions.count_for_order(connection, shop_id, line_id, number, by=by),
        then=f"/s/{shop_id}/payments",
        message=_("It is counted for order {number}.", number=number),
    )


@blueprint.post("/lines/<int:line_id>/put-aside")
def put_aside(shop_id: str, line_id: int) -> Response:
    return run_action(
        lambda connection, by: actions.put_aside(connection, shop_id, line_id, by=by),
        then=f"/s/{shop_id}/payments",
        message=_("It pays no order; it stays in the list of all lines."),
    )


@blueprint.post("/lines/<int:line_id>/take-back")
def take_back(shop_id: str, line_id: int) -> Response:
    return run_action(
        lambda connection, by: actions.take_back(connection, shop_id, line_id, by=by),
        then=f"/s/{shop_id}/payments",
        message=_("It waits again, and what it paid is open again. The order in the shop stays as it is."),
    )
