"""One document or draft: what it says, its files, what became of it, and what can be done with it."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from http import HTTPStatus

from flask import Blueprint, Response, abort, make_response, render_template, request

from bridge.accounts.access import actor, guard_shop, shop
from bridge.context import context
from bridge.customer.document import MEDIA_TYPES
from bridge.dashboard.actions import run_action
from bridge.dashboard.tasks import PDF_POLICY, request_task
from bridge.forms import Form, parse_whole_number, read_mail_address
from bridge.i18n.translate import _
from worker.actions import documents as document_actions
from worker.actions import peppol as peppol_actions
from worker.domain import peppol
from worker.domain.document import Draft, Kind, StoredDraft
from worker.errors import InvalidValue, Rejected
from worker.store import documents, drafts
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails

blueprint = Blueprint("documents", __name__, url_prefix="/s/<shop_id>")
guard_shop(blueprint)


@blueprint.get("/documents/<int:document_id>")
def document(shop_id: str, document_id: int) -> Response:
    return document_page(shop_id, document_id, Form())


@blueprint.get("/documents/<int:document_id>/<any(pdf, xml):file_format>")
def stored_file(shop_id: str, document_id: int, file_format: str) -> Response:
    """The bytes as stored."""
    item = document_of(shop_id, document_id)
    stored = item.file(file_format)
    if stored is None or item.document is None:
        abort(HTTPStatus.NOT_FOUND)
    response = make_response(context().archive.get(stored.path, sha256=stored.sha256))
    response.content_type = MEDIA_TYPES[file_format]
    disposition = "attachment" if file_format == "xml" or request.args.get("download") else "inline"
    response.headers["Content-Disposition"] = f'{disposition}; filename="{item.document.file_name(file_format)}"'
    response.headers["Content-Security-Policy"] = PDF_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.set_etag(stored.sha256)
    response.make_conditional(request)
    return response


@blueprint.post("/documents/<int:document_id>/send")
def send(shop_id: str, document_id: int) -> Response:
    """Mail it again: to the order's address at once, to another one by a task."""
    document_of(shop_id, document_id)
    form = Form.from_request(request.form)
    to = form.read("to", read_mail_address) if form.values.get("to") else ""
    if to is None:
        return document_page(shop_id, document_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if to:
        return request_task(
            shop_id, "send_again", {"document_id": document_id, "to": to}, then=document_path(shop_id, document_id)
        )
    return change(document_actions.send_again, shop_id, document_id, message=_("It is mailed again."))


@blueprint.post("/documents/<int:document_id>/paid")
def mark_paid(shop_id: str, document_id: int) -> Response:
    """Record that an invoice was paid on a day."""
    document_of(shop_id, document_id)
    form = Form.from_request(request.form)
    on = form.read("on", past_day)
    if on is None:
        return document_page(shop_id, document_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return change(partial(document_actions.mark_paid, on=on), shop_id, document_id, message=_("It is marked as paid."))


@blueprint.post("/documents/<int:document_id>/handed-over")
def mark_handed_over(shop_id: str, document_id: int) -> Response:
    """A person gave it to the customer by another way: the mail is no longer tried."""
    return change(document_actions.mark_handed_over, shop_id, document_id, message=_("It is marked as handed over."))


@blueprint.post("/documents/<int:document_id>/retry/<step>")
def retry(shop_id: str, document_id: int, step: str) -> Response:
    """Try one step again, now."""
    return change(
        partial(document_actions.retry_step, name=step), shop_id, document_id, message=_("It is tried again.")
    )


@blueprint.post("/documents/<int:document_id>/revoke")
def revoke(shop_id: str, document_id: int) -> Response:
    """End every link that was given so far."""
    return change(
        document_actions.revoke_link, shop_id, document_id, message=_("The links given so far no longer work.")
    )


@blueprint.post("/documents/<int:document_id>/renew")
def renew(shop_id: str, document_id: int) -> Response:
    """Make a new link and show it, this once."""
    document_of(shop_id, document_id)
    with context().store.write() as connection:
        link = document_actions.renew_link(connection, context().settings, shop_id, document_id, by=actor())
    return document_page(shop_id, document_id, Form(), link=link)


@blueprint.post("/documents/<int:document_id>/credit")
def credit(shop_id: str, document_id: int) -> Response:
    """Credit all that is left, perhaps issue again; or chosen quantities of lines; or an amount."""
    item = document_of(shop_id, document_id)
    form = Form.from_request(request.form)
    argument: dict[str, object] = {"document_id": document_id, "send": True, "again": form.is_checked("again")}
    if form.is_checked("part"):
        lines, amount = credited_lines(request.form), form.values.get("amount", "").replace(",", ".")
        if bool(lines) == bool(amount):
            form.errors["amount"] = _("Type how many of which lines are credited, or an amount: one of the two.")
            return document_page(shop_id, document_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        argument |= {"again": False, "reason": form.text("reason")}
        argument |= {"lines": lines} if lines else {"amount": amount}
    return request_task(shop_id, "credit", argument, then=f"/s/{shop_id}/orders/{item.draft.order_id}")


def credited_lines(sent: Mapping[str, str]) -> list[dict[str, object]]:
    """The lines with a quantity typed, by their place on the invoice."""
    typed = (
        (parse_whole_number(name.removeprefix("quantity-")), value.strip().replace(",", "."))
        for name, value in sent.items()
        if name.startswith("quantity-")
    )
    return [{"index": place, "quantity": value} for place, value in typed if place is not None and value.strip("0.")]


PEPPOL_ACTIONS: dict[str, Callable[..., object]] = {
    "again": peppol_actions.send_again,
    "sent": peppol_actions.mark_sent,
    "answered": peppol_actions.mark_answered,
}


@blueprint.post("/documents/<int:document_id>/peppol/<any(again, sent, answered):what>")
def peppol_answer(shop_id: str, document_id: int, what: str) -> Response:
    """Send it by Peppol, once more where it did not arrive; note that it is there, as somebody has looked; or that the buyer was answered."""
    message = _("It is sent by Peppol.") if what == "again" else _("Noted, with your name.")
    return change(PEPPOL_ACTIONS[what], shop_id, document_id, message=message)


@blueprint.get("/drafts/<int:draft_id>")
def draft(shop_id: str, draft_id: int) -> Response:
    stored = draft_of(shop_id, draft_id)
    findings = [peppol.is_finding(problem) for problem in stored.draft.problems if not problem.asks]
    content = render_template(
        "dashboard/documents/draft.html",
        kept=stored,
        draft=stored.draft,
        form=Form({}),
        rates=rates_of(stored.draft),
        may_be_overruled=bool(findings) and all(findings),
        waits_for_access_point=peppol.NOT_CONNECTED in [problem.code for problem in stored.draft.problems],
    )
    return make_response(content)


def rates_of(draft: Draft) -> list[Decimal]:
    """The rates of a draft and of what else it may be, highest first."""
    rows = (*draft.vat_lines, *(draft.within_left.vat_lines if draft.within_left else ()))
    return sorted({row.rate for row in rows}, reverse=True)


@blueprint.post("/drafts/<int:draft_id>/issue")
def issue(shop_id: str, draft_id: int) -> Response:
    """Give it its number, and mail it or not."""
    stored = draft_of(shop_id, draft_id)
    argument = {
        "draft_id": draft_id,
        "send": bool(request.form.get("send")),
        "reason": request.form.get("reason", ""),
        "within_left": bool(request.form.get("within_left")),
    }
    return request_task(shop_id, "issue_draft", argument, then=f"/s/{shop_id}/orders/{stored.draft.order_id}")


@blueprint.post("/drafts/<int:draft_id>/discard")
def discard(shop_id: str, draft_id: int) -> Response:
    """Discard a draft; its cause gives no new one by itself."""
    stored = draft_of(shop_id, draft_id)
    return run_action(
        lambda connection, by: document_actions.discard_draft(connection, shop_id, draft_id, by=by),
        then=f"/s/{shop_id}/orders/{stored.draft.order_id}",
        message=_("The draft is discarded."),
    )


def change(action: Callable[..., object], shop_id: str, document_id: int, *, message: str) -> Response:
    """Do an action of one document, and go back to its page."""
    return run_action(
        lambda connection, by: action(connection, shop_id, document_id, by=by),
        then=document_path(shop_id, document_id),
        message=message,
    )


def document_page(
    shop_id: str, document_id: int, form: Form, *, link: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    item = document_of(shop_id, document_id)
    today = context().now().astimezone(shop().zoneinfo).date()
    form.values.setdefault("on", today.isoformat())
    with context().store.read() as connection:
        history = documents.history(connection, shop_id, item.draft.order_id, item.draft.order_key)
    content = render_template(
        "dashboard/documents/document.html",
        item=item,
        draft=item.draft,
        document=item.document,
        form=form,
        credited=history.credit_notes_of(item.document) if item.document else (),
        is_invoice=item.draft.kind is Kind.INVOICE,
        link=link,
        opened=request.args.get("open", ""),
    )
    return make_response(content, status)


def past_day(text: str) -> date:
    """Read a day that is not in the future. Raises ValueError with a message for the form."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidValue("This is not a day; write it like 2026-11-22.") from error
    if found > context().now().astimezone(shop().zoneinfo).date():
        raise InvalidValue("This day is still to come.")
    return found


def document_of(shop_id: str, document_id: int) -> DocumentDetails:
    """The document, where it is this shop's."""
    with context().store.read() as connection:
        found = documents.find(connection, document_id)
        if found is None or found.shop_id != shop_id:
            abort(HTTPStatus.NOT_FOUND)
        return order_history.details(connection, (found,))[0]


def draft_of(shop_id: str, draft_id: int) -> StoredDraft:
    """The waiting draft, where it is this shop's."""
    try:
        with context().store.read() as connection:
            found = drafts.get_draft(connection, draft_id)
    except Rejected:
        abort(HTTPStatus.NOT_FOUND)
    if found.shop_id != shop_id:
        abort(HTTPStatus.NOT_FOUND)
    return found


def document_path(shop_id: str, document_id: int) -> str:
    return f"/s/{shop_id}/documents/{document_id}"
