"""Accounting: number register with its gaps, sales journal per month, rate and country, the VAT return's grids, exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, make_response, request

from bridge.accounts.access import guard_shop, may_change, shop
from bridge.context import base_path, context, redirect_to, rendered
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.pagination import neighbours, page_request
from bridge.dashboard.tasks import finished_task, request_task
from bridge.forms import Form, parse_day, parse_whole_number
from bridge.i18n.translate import _, _n, format_date, translator, writes_comma
from worker.domain.days import read_day
from worker.domain.mentions import LegalText, mention
from worker.domain.vat_cases import CATEGORY_TERMS, cases_by_hand, consumer_cases, vat_cases, whole_document_cases
from worker.domain.vat_return import BELGIUM, GRIDS, vat_return
from worker.store import reports
from worker.store.queries import register_check
from worker.store.queries import sales_journal as journal
from worker.store.queries.register_check import Gap
from worker.store.tasks import Task

blueprint = Blueprint("accounting", __name__, url_prefix="/s/<shop_id>/accounting")
guard_shop(blueprint)

MOST_GAPS = 5
LONGEST_PERIOD = timedelta(days=800)
MONTHS_OFFERED = 36
QUARTERS_OFFERED = 12


@blueprint.get("")
def register(shop_id: str) -> Response:
    """The register: is every number there?"""
    with context().store.snapshot() as connection:  # a number that is given meanwhile is none that is missing
        checked = register_check.check(connection, shop())
        reconciled = reports.latest(connection, shop_id, f"reconcile:{this_month():%Y-%m}")
        return rendered(
            "dashboard/accounting/register.html",
            checked=checked,
            reconciled=reconciled,
            verified=finished_task(shop_id, "verify"),
            compared=finished_task(shop_id, "reconcile"),
            months=latest_months(this_month()),
            format_gaps=format_gaps,
        )


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
    return rendered("dashboard/accounting/series.html", page=page, series=series, period=period, **neighbours(page))


@blueprint.get("/vat-cases")
def vat_cases_page(shop_id: str) -> Response:  # noqa: ARG001  # the guard has read the shop
    """What is done in which VAT case, with sentence, article and source: for the accountant."""
    return rendered(
        "dashboard/accounting/vat_cases.html",
        cases=vat_cases(),
        of_whole=whole_document_cases(),
        by_hand=cases_by_hand(),
        of_consumers=consumer_cases(),
        category_terms=CATEGORY_TERMS,
        sentence_of=printed_sentence,
    )


def printed_sentence(legal: LegalText) -> str:
    """The sentence as this shop prints it, in the reader's language."""
    return mention(legal.key, language=translator().language, seller_country=shop().seller.address.country).text


@blueprint.get("/journal")
def sales_journal(shop_id: str) -> Response:
    """Sales of a period per month, kind, country and rate; none where a day cannot be read."""
    asked = asked_period()
    with context().store.read() as connection:
        found = journal.journal(connection, shop_id, since=asked.since, until=asked.until) if asked.is_valid else None
    return rendered("dashboard/accounting/journal.html", found=found, period=asked)


@blueprint.get("/journal.csv")
def journal_csv(shop_id: str) -> Response:
    """The same for a spreadsheet."""
    asked = asked_period()
    if not asked.is_valid:
        return redirect_to(f"/s/{shop_id}/accounting/journal?{urlencode(asked.shown)}")
    with context().store.read() as connection:
        found = journal.journal(connection, shop_id, since=asked.since, until=asked.until)
    content = journal.as_table(found, decimal_comma=writes_comma())
    response = make_response(content)
    response.content_type = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="journal-{asked.since}-{asked.until}.csv"'
    return response


@blueprint.get("/vat-return")
def vat_return_page(shop_id: str) -> Response:
    """What sales put into the grids of the Belgian VAT return of a month or a quarter."""
    if shop().seller.address.country != BELGIUM:
        abort(HTTPStatus.NOT_FOUND)
    quarters, months = latest_quarters(this_month()), latest_months(this_month())
    asked = request.args.get("period", "")
    period = asked if asked in quarters or asked in months else next(iter(quarters))
    with context().store.read() as connection:
        since, until = months_of(period)
        found = vat_return(journal.fell_due(connection, shop_id, since=since, until=until))
    return rendered(
        "dashboard/accounting/vat_return.html",
        found=found,
        terms=GRIDS,
        period=period,
        quarters=quarters,
        months=months,
        name=(quarters | months)[period],
    )


def months_of(period: str) -> tuple[date, date]:
    """The first days of the first and the last month of `2026-11` or `2026-Q4`."""
    year, quarter, month = int(period[:4]), period.partition("-Q")[2], period[5:]
    if quarter:
        return date(year, 3 * int(quarter) - 2, 1), date(year, 3 * int(quarter), 1)
    return date(year, int(month), 1), date(year, int(month), 1)


@blueprint.get("/export")
def exports(shop_id: str) -> Response:
    """A period as a zip of PDF and XML with spreadsheets; the whole shop."""
    return exports_page(shop_id, Form(asked_period().shown))


@blueprint.post("/export")
def export_period(shop_id: str) -> Response:
    form = Form.from_request(request.form)
    days = read_period(form)
    if days is None:
        return exports_page(shop_id, form)
    since, until = days
    argument = {"since": since.isoformat(), "until": until.isoformat(), "decimal_comma": writes_comma()}
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


def backfill_page(form: Form, found: Task | None = None) -> Response:
    return rendered("dashboard/accounting/backfill.html", status=form.status, form=form, found=found)


@blueprint.post("/backfill")
def submit_backfill(shop_id: str) -> Response:
    form = Form.from_request(request.form)
    days = read_period(form)
    if days is None:
        return backfill_page(form)
    since, until = days
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


def exports_page(shop_id: str, form: Form) -> Response:
    export_task = finished_task(shop_id, "zip_period") or finished_task(shop_id, "export_shop")
    address = f"{base_path()}/s/{shop_id}/tasks/{export_task.task_id}/file" if export_task else ""
    return rendered(
        "dashboard/accounting/export.html", status=form.status, form=form, made=export_task, address=address
    )


def read_period(form: Form) -> tuple[date, date] | None:
    """The first and the last day of a form that needs both; None where its fields say what is wrong."""
    for name in ("since", "until"):
        form.text(name, needed=_("Fill in a day."))
    since, until = (None if name in form.errors else form.read(name, read_day) for name in ("since", "until"))
    if since is None or until is None:
        return None
    if since > until:
        form.errors["until"] = _("The last day comes before the first.")
        return None
    return since, until


@dataclass(frozen=True)
class Period:
    """The days that an address asks for, as they are counted. *shown*: what the fields show, which is what was typed only where that
    is no day; *note* says where they are other days than those that were typed.
    """

    since: date
    until: date
    shown: dict[str, str]
    note: str = ""

    @property
    def is_valid(self) -> bool:
        return self.shown == {"since": str(self.since), "until": str(self.until)}


def asked_period() -> Period:
    """The days that the address names; without, the month before the last day's and that one so far."""
    typed = {name: request.args.get(name, "").strip() for name in ("since", "until")}
    asked_since, asked_until = map(parse_day, typed.values())
    until = asked_until or max(context().today(shop()), asked_since or date.min)
    since = asked_since or (until.replace(day=1) - timedelta(days=1)).replace(day=1)
    notes = []
    if since > until:
        since, until = until, since
        notes.append(_("The last day came before the first; they are turned round."))
    if until - since > LONGEST_PERIOD:
        until = since + LONGEST_PERIOD
        notes.append(_("At most 800 days are counted at once: up to {day}.", day=format_date(until)))
    shown = {"since": str(since), "until": str(until)}
    wrong = {name: text for name, text in typed.items() if text and parse_day(text) is None}
    return Period(since, until, {**shown, **wrong}, "" if wrong else " ".join(notes))


def this_month() -> date:
    return context().today(shop()).replace(day=1)


def latest_months(month: date) -> dict[str, str]:
    """*month* and those before it, as a form sends them and as the reader calls them."""
    found = {}
    for _place in range(MONTHS_OFFERED):
        found[f"{month:%Y-%m}"] = translator().month(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found


def latest_quarters(month: date) -> dict[str, str]:
    """The quarter of *month* and those before it, in the same way."""
    found = {}
    for _place in range(QUARTERS_OFFERED):
        quarter = (month.month + 2) // 3
        month = month.replace(month=3 * quarter - 2)
        found[f"{month.year}-Q{quarter}"] = translator().quarter(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found
