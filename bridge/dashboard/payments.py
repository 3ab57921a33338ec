"""Payments: what customers still owe, what the bank brought, and what of it waits for a person."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, abort, flash, g, request

from bridge.accounts.access import guard_shop
from bridge.accounts.access import shop as this_shop
from bridge.context import base_path, context, redirect_to, rendered
from bridge.dashboard.actions import run_action
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.pagination import asked_days, neighbours, page_request
from bridge.dashboard.tasks import finished_task, request_task
from bridge.dashboard.uploads import take_upload
from bridge.i18n.translate import _, format_amount, format_date
from worker.actions import bank_lines as actions
from worker.actions import bank_statements as statement_actions
from worker.domain.bank_match import COUNTED, SETTLED, VERDICT_TERMS, Verdict
from worker.i18n.formats import format_reference
from worker.store import bank_files, bank_lines, bank_statements
from worker.store.bank_lines import LineState
from worker.store.queries import bank_claims, reminder_outlook
from worker.store.queries import open_invoices as queries
from worker.store.queries.open_invoices import OpenFilter

blueprint = Blueprint("payments", __name__, url_prefix="/s/<shop_id>/payments")
guard_shop(blueprint)

ALL = "all"


@blueprint.get("")
def open_invoices(shop_id: str) -> Response:
    """Invoices of which an amount is open, the one that is due first on top."""
    day = context().today(this_shop())
    with context().store.read() as connection:
        page = queries.page(connection, shop_id, page_request(), open_filter())
        return rendered(
            "dashboard/payments/open.html",
            page=page,
            totals=queries.totals(connection, shop_id, today=day),
            awaited=reminder_outlook.awaited_orders(connection, this_shop(), now=context().now()),
            today=day,
            days_late=lambda one: (day - one.due_on).days,
            waiting=bank_lines.waiting_count(connection, shop_id),
            **neighbours(page, rising=True, by=open_filter().by, sorts=tuple(queries.SORTS)),
        )


def open_filter() -> OpenFilter:
    """The days and the order in the address."""
    by = request.args.get("by", "")
    return OpenFilter(*asked_days(), by if by in queries.SORTS else "due")


NO_PROBLEMS: Mapping[int, str] = {}


@blueprint.get("/bank")
def bank(shop_id: str) -> Response:
    """The bank's lines of one state or all, the newest first; those that wait with what they might pay."""
    return bank_page(shop_id)


def bank_page(shop_id: str, *, problems: Mapping[int, str] = NO_PROBLEMS) -> Response:
    """*problems*: why what was typed at a line is refused, by the line's id; above all where the line is not among these any more."""
    g.list_address = f"{base_path()}/s/{shop_id}/payments/bank"
    shown = request.args.get("state", LineState.WAITING)
    state = LineState(shown) if shown in list(LineState) else None
    with context().store.read() as connection:
        page = bank_lines.page(connection, shop_id, state, page_request())
        for line_id in problems.keys() - {line.line_id for line in page.rows}:
            flash(problems[line_id], "refused")
        return rendered(
            "dashboard/payments/bank.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
            problems=problems,
            page=page,
            shown=state or ALL,
            waiting=bank_lines.waiting_count(connection, shop_id),
            newest_file=bank_files.newest_file(connection, shop_id),
            missing=bank_statements.missing(connection, this_shop()),
            suggestions=bank_claims.suggestions(connection, shop_id, page.rows),
            paid_orders=bank_lines.orders_of(connection, shop_id, [line.line_id for line in page.rows]),
            holding=reminder_outlook.holding(connection, this_shop(), page.rows),
            other_shops=bank_claims.other_shops(connection, shop_id, page.rows),
            verdict_terms=VERDICT_TERMS,
            format_reference=format_reference,
            read=read_lines(shop_id),
            **neighbours(page),
        )


def read_lines(shop_id: str) -> Mapping[str, Any] | None:
    """What the file brought that was just read."""
    task = finished_task(shop_id, "read_bank_file")
    if task is None:
        return None
    counts = {Verdict(verdict): int(lines) for verdict, lines in task.answer["counts"].items()}
    paid = sum(lines for verdict, lines in counts.items() if verdict in COUNTED)
    look = sum(lines for verdict, lines in counts.items() if verdict not in SETTLED)
    return {**task.answer, "paid": paid, "look": look}


@blueprint.post("/bank")
def upload(shop_id: str) -> Response:
    """Take in a file of the bank; a task reads it."""
    stored = take_upload(shop_id, "bank")
    if stored is None:
        flash(_("Choose a file first."), "refused")
        return redirect_to(f"/s/{shop_id}/payments/bank")
    return request_task(shop_id, "read_bank_file", {"file": stored.as_json}, then=f"/s/{shop_id}/payments/bank?task=0")


@blueprint.post("/bank/statements/<int:statement_id>/well")
def say_well(shop_id: str, statement_id: int) -> Response:
    """Nothing is missing before this statement."""
    return run_action(
        lambda connection, by: statement_actions.say_well(connection, shop_id, statement_id, by=by),
        then=f"/s/{shop_id}/payments/bank",
        message=_("Nothing is missing: who is to be reminded is reminded again."),
    )


@blueprint.post("/bank/<int:line_id>/count")
def count(shop_id: str, line_id: int) -> Response:
    """The line pays the orders that were typed or proposed."""
    numbers = request.form.get("numbers", "")
    return run_action(
        lambda connection, by: actions.count_for_orders(connection, shop_id, line_id, numbers, by=by),
        then=f"/s/{shop_id}/payments/bank",
        message=_("It is counted for {number}.", number=numbers),
        refused=lambda why: bank_page(shop_id, problems={line_id: why}),
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
    if not is_confirmed():
        with context().store.read() as connection:
            line = bank_lines.find(connection, shop_id, line_id) or abort(HTTPStatus.NOT_FOUND)
        amount, day = format_amount(line.line.amount, line.line.currency), format_date(line.line.booked_on)
        question = _("Take back {amount} that the bank booked on {day}?", amount=amount, day=day)
        more = _("What this line paid is open again. The order in the shop stays as it is.")
        return ask(Question(question, _("Take back"), f"/s/{shop_id}/payments/bank", more))
    return run_action(
        lambda connection, by: actions.take_back(connection, shop_id, line_id, by=by),
        then=f"/s/{shop_id}/payments/bank",
        message=lambda is_told: (
            _("It waits again. What was said of this money before the bank did counts again, so it is not open.")
            if is_told
            else _("It waits again, and what it paid is open again. The order in the shop stays as it is.")
        ),
    )
