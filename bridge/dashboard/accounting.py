"""Accounting: number register with its gaps, sales journal per month, rate and country, exports."""

from collections.abc import Sequence
from datetime import MAXYEAR, date, timedelta
from http import HTTPStatus

from flask import Blueprint, Response, abort, make_response, render_template, request

from bridge.accounts.access import guard_shop, may_change, shop
from bridge.context import base_path, context
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.pagination import neighbours, page_request
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form, parse_day, parse_whole_number
from bridge.i18n.translate import _, _n, format_date, translator
from worker.domain.days import read_day
from worker.domain.mentions import LegalText, mention
from worker.domain.vat_cases import CATEGORY_TERMS, cases_by_hand, consumer_cases, vat_cases, whole_document_cases
from worker.store import reports
from worker.store.queries import integrity, register_check
from worker.store.queries import sales_journal as journal
from worker.store.queries.register_check import Gap
from worker.store.tasks import Task

blueprint = Blueprint("accounting", __name__, url_prefix="/s/<shop_id>/accounting")
guard_shop(blueprint)

MOST_GAPS = 5
LONGEST_PERIOD = timedelta(days=800)


@blueprint.get("")
def register(shop_id: str) -> Response:
    """The register: is every number there?"""
    with context().store.read() as connection:
        integrity.repeatable_read(connection)  # a number that is given meanwhile is none that is missing
        checked = register_check.check(connection, shop())
        reconciled = reports.latest(connection, shop_id, f"reconcile:{this_month():%Y-%m}")
        content = render_template(
            "dashboard/accounting/register.html",
            checked=checked,
            reconciled=reconciled,
            verified=finished_task(shop_id, "verify"),
            compared=finished_task(shop_id, "reconcile"),
            month=f"{this_month():%Y-%m}",
            format_gaps=format_gaps,
        )
    return make_response(content)


def format_gaps(gaps: Sequence[Gap]) -> str:
    """The first gaps as ranges: 12, 15–17."""
    shown = [str(gap.first) if gap.first == gap.last else f"{gap.first}–{gap.last}" for gap in gaps[:MOST_GAPS]]
    return ", ".join(shown) + (" …" if len(gaps) > MOST_GAPS else "")


@blueprint.get("/numbers/<series>/<int:period>")
def series(shop_id: str, series: str, period: int) -> Response:
    """Every number of one series in one period, with its status."""
    if period > MAXYEAR:
        abort(HTTPStatus.NOT_FOUND)
    with context().store.read() as connection:
        page = register_check.numbers_page(
            connection, shop_id, series=series, period=period, page_request=page_request()
        )
    return make_response(
        render_template("dashboard/accounting/series.html", page=page, series=series, period=period, **neighbours(page))
    )


@blueprint.get("/vat-cases")
def vat_cases_page(shop_id: str) -> Response:  # noqa: ARG001  # the guard has read the shop
    """What is done in which VAT case, with sentence, article and source: for the accountant."""
    return make_response(
        render_template(
            "dashboard/accounting/vat_cases.html",
            cases=vat_cases(),
            of_whole=whole_document_cases(),
            by_hand=cases_by_hand(),
            of_consumers=consumer_cases(),
            category_terms=CATEGORY_TERMS,
            sentence_of=printed_sentence,
        )
    )


def printed_sentence(legal: LegalText) -> str:
    """The sentence as this shop prints it, in the reader's language."""
    return mention(legal.key, language=translator().language, seller_country=shop().seller.address.country).text


@blueprint.get("/journal")
def sales_journal(shop_id: str) -> Response:
    """Sales of a period per month, kind, country and rate."""
    since, until = period()
    with context().store.read() as connection:
        found = journal.journal(connection, shop_id, since=since, until=until)
    return make_response(
        render_template(
            "dashboard/accounting/journal.html",
            found=found,
            since=since,
            until=until,
        )
    )


@blueprint.get("/journal.csv")
def journal_csv(shop_id: str) -> Response:
    """The same for a spreadsheet."""
    since, until = period()
    with context().store.read() as connection:
        content = journal.as_table(journal.journal(connection, shop_id, since=since, until=until))
    response = make_response(content)
    response.content_type = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="journal-{since}-{until}.csv"'
    return response


@blueprint.get("/export")
def exports(shop_id: str) -> Response:
    """A period as a zip of PDF and XML with spreadsheets; the whole shop."""
    return exports_page(shop_id, Form(dict(zip(("since", "until"), map(str, period()), strict=True))))


@blueprint.post("/export")
def export_period(shop_id: str) -> Response:
    form = Form.from_request(request.form)
    since, until = form.read("since", read_day), form.read("until", read_day)
    if since is None or until is None or since > until:
        form.errors.setdefault("until", _("The last day comes before the first."))
        return exports_page(shop_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    argument = {"since": since.isoformat(), "until": until.isoformat()}
    return request_task(shop_id, "zip_period", argument, then=f"/s/{shop_id}/accounting/export?task=0")


@blueprint.post("/export/shop")
def export_shop(shop_id: str) -> Response:
    return request_task(shop_id, "export_shop", {}, then=f"/s/{shop_id}/accounting/export?task=0")


@blueprint.post("/verify")
def verify(shop_id: str) -> Response:
    """Prove that no document, number or file is missing or altered."""
    return request_task(shop_id, "verify", {}, then=f"/s/{shop_id}/accounting?task=0")


@blueprint.post("/reconcile")
def reconcile(shop_id: str) -> Response:
    """Compare a month's orders in the shop with our documents."""
    month = request.form.get("month", "")
    return request_task(shop_id, "reconcile", {"month": month}, then=f"/s/{shop_id}/accounting?task=0")


@blueprint.get("/backfill")
def backfill(shop_id: str) -> Response:
    """Documents for older orders: first what there would be."""
    task = finished_task(shop_id, "backfill")
    form = Form({name: str(task.argument.get(name, "")) for name in ("since", "until")} if task else {})
    return backfill_page(form, task)


def backfill_page(form: Form, found: Task | None = None, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return make_response(render_template("dashboard/accounting/backfill.html", form=form, found=found), status)


@blueprint.post("/backfill")
def submit_backfill(shop_id: str) -> Response:
    form = Form.from_request(request.form)
    since, until = form.read("since", read_day), form.read("until", read_day)
    if since is None or until is None:
        return backfill_page(form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if form.is_checked("make") and may_change() and not is_confirmed():
        return ask(backfill_question(shop_id, form, since, until))
    argument = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "make": form.is_checked("make") and may_change(),
    }
    return request_task(shop_id, "backfill", argument, then=f"/s/{shop_id}/accounting/backfill?task=0")


def backfill_question(shop_id: str, form: Form, since: date, until: date) -> Question:
    first, last = format_date(since), format_date(until)
    count, mails = (parse_whole_number(form.values.get(name, "")) or 0 for name in ("documents", "mails"))
    question = _n(
        "Make one document of orders placed from {first} to {last}?",
        "Make {count} documents of orders placed from {first} to {last}?",
        count,
        first=first,
        last=last,
    )
    more = _n(
        "It gets a number now, and one mail leaves. This cannot be undone.",
        "They get numbers now, and {count} mails leave. This cannot be undone.",
        mails,
    )
    return Question(question, _("Make them"), f"/s/{shop_id}/accounting/backfill", more)


def exports_page(shop_id: str, form: Form, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    export_task = finished_task(shop_id, "zip_period") or finished_task(shop_id, "export_shop")
    address = f"{base_path()}/s/{shop_id}/tasks/{export_task.task_id}/file" if export_task else ""
    return make_response(
        render_template("dashboard/accounting/export.html", form=form, made=export_task, address=address), status
    )


def period() -> tuple[date, date]:
    """The days that the address names; without, the month before this one and this one so far."""
    today = context().today(shop())
    since, until = parse_day(request.args.get("since", "")), parse_day(request.args.get("until", ""))
    first = since or (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    last = max(first, until or today)
    return first, last if last - first <= LONGEST_PERIOD else first + LONGEST_PERIOD


def this_month() -> date:
    return context().today(shop()).replace(day=1)
