"""One document or draft: what it says, its files, what became of it, and what can be done with it."""

from datetime import date
from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request

from bridge.auth.doors import mail_address
from bridge.auth.who import guard_shop
from bridge.auth.who import shop as this_shop
from bridge.dashboard.asking import ask
from bridge.dashboard.telling import Shown, shown
from bridge.forms import Form
from bridge.links import MEDIA_TYPES
from bridge.parts import base_path, parts
from bridge.speaking import _
from worker.domain.document import Document, KeptDraft, Kind
from worker.errors import Rejected
from worker.store import documents

blueprint = Blueprint("papers", __name__, url_prefix="/s/<shop_id>")
guard_shop(blueprint)

# The page of a document shows its PDF in a frame of ours; browsers show PDF through a plugin of their own.
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


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
    response = make_response(parts().archive.get(stored.path, sha256=stored.sha256))
    response.content_type = MEDIA_TYPES[file_format]
    disposition = "attachment" if file_format == "xml" or request.args.get("download") else "inline"
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in item.document.number)
    response.headers["Content-Disposition"] = f'{disposition}; filename="{name}.{file_format}"'
    response.headers["Content-Security-Policy"] = PDF_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.set_etag(stored.sha256)
    response.make_conditional(request)
    return response


@blueprint.post("/documents/<int:document_id>/send")
def send(shop_id: str, document_id: int) -> Response:
    """Mail it again: to the order's address, or to another one."""
    document_of(shop_id, document_id)
    form = Form.sent(request.form)
    to = form.read("to", mail_address) if form.values.get("to") else ""
    if to is None:
        return document_page(shop_id, document_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return ask(shop_id, "send_again", {"document_id": document_id, "to": to}, then=home(shop_id, document_id))


@blueprint.post("/documents/<int:document_id>/paid")
def paid(shop_id: str, document_id: int) -> Response:
    """Mark an invoice as paid on a day."""
    document_of(shop_id, document_id)
    form = Form.sent(request.form)
    on = form.read("on", past_day)
    if on is None:
        return document_page(shop_id, document_id, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    argument = {"document_id": document_id, "on": on.isoformat()}
    return ask(shop_id, "mark_paid", argument, then=home(shop_id, document_id))


@blueprint.post("/documents/<int:document_id>/<any(revoke, renew, handed_over, retry):what>")
def press(shop_id: str, document_id: int, what: str) -> Response:
    """Withdraw the link or give a new one; mark the mail as handed over; try again what failed."""
    item = document_of(shop_id, document_id)
    kind = {
        "revoke": "revoke_link",
        "renew": "renew_link_for_person",
        "handed_over": "mark_handed_over",
        "retry": "retry_order",
    }[what]
    argument = {"order_id": item.draft.order_id} if what == "retry" else {"document_id": document_id}
    then = home(shop_id, document_id) + ("?asked=0" if what == "renew" else "")
    return ask(shop_id, kind, argument, then=then)


@blueprint.post("/documents/<int:document_id>/credit")
def credit(shop_id: str, document_id: int) -> Response:
    """Credit the whole, or as many of each line as was typed; perhaps issue again."""
    document_of(shop_id, document_id)
    again = bool(request.form.get("again"))
    lines = [
        {"line": int(name.removeprefix("quantity-")), "quantity": value.strip().replace(",", ".")}
        for name, value in request.form.items()
        if name.startswith("quantity-") and name.removeprefix("quantity-").isdigit() and value.strip(" 0.,")
    ]
    if request.form.get("part") and not lines:
        flash(_("Type how many of a line are credited."), "refused")
        return go(home(shop_id, document_id))
    argument: dict[str, object] = {"document_id": document_id, "again": again}
    if request.form.get("part"):
        argument["lines"] = lines
    return ask(
        shop_id, "credit", argument, then=f"/s/{shop_id}/orders/{document_of(shop_id, document_id).draft.order_id}"
    )


@blueprint.get("/drafts/<int:draft_id>")
def draft(shop_id: str, draft_id: int) -> Response:
    kept = draft_of(shop_id, draft_id)
    return make_response(render_template("dashboard/documents/draft.html", kept=kept, draft=kept.draft))


@blueprint.post("/drafts/<int:draft_id>/issue")
def issue(shop_id: str, draft_id: int) -> Response:
    """Give it its number, and mail it or not."""
    kept = draft_of(shop_id, draft_id)
    argument = {"draft_id": draft_id, "send": bool(request.form.get("send"))}
    return ask(shop_id, "issue_draft", argument, then=f"/s/{shop_id}/orders/{kept.draft.order_id}")


@blueprint.post("/drafts/<int:draft_id>/discard")
def discard(shop_id: str, draft_id: int) -> Response:
    """Its cause does not come back by itself."""
    kept = draft_of(shop_id, draft_id)
    return ask(shop_id, "discard_draft", {"draft_id": draft_id}, then=f"/s/{shop_id}/orders/{kept.draft.order_id}")


def document_page(shop_id: str, document_id: int, form: Form, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    item = document_of(shop_id, document_id)
    today = parts().now().astimezone(this_shop().zoneinfo).date()
    form.values.setdefault("on", today.isoformat())
    with parts().store.read() as connection:
        credited = (
            credit_notes_of(
                item.document,
                documents.history(connection, shop_id, item.draft.order_id, item.draft.order_key).documents,
            )
            if item.document
            else ()
        )
    content = render_template(
        "dashboard/documents/document.html",
        item=item,
        draft=item.draft,
        document=item.document,
        form=form,
        credited=credited,
        is_invoice=item.draft.kind is Kind.INVOICE,
    )
    return make_response(content, status)


def credit_notes_of(invoice: Document, made: tuple[Document, ...]) -> tuple[Document, ...]:
    return tuple(one for one in made if one.draft.corrects and one.draft.corrects.document_id == invoice.document_id)


def past_day(text: str) -> date:
    """Read a day that is not in the future. Raises ValueError with a sentence."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_("This is not a day; write it like 2026-11-22.")) from error
    if found > parts().now().astimezone(this_shop().zoneinfo).date():
        raise ValueError(_("This day is still to come."))
    return found


def document_of(shop_id: str, document_id: int) -> Shown:
    """The document, where it is this shop's."""
    with parts().store.read() as connection:
        found = documents.find(connection, document_id)
        if found is None or found.shop_id != shop_id:
            abort(HTTPStatus.NOT_FOUND)
        return shown(connection, (found,), ())[0]


def draft_of(shop_id: str, draft_id: int) -> KeptDraft:
    """The waiting draft, where it is this shop's."""
    try:
        with parts().store.read() as connection:
            found = documents.get_draft(connection, draft_id)
    except Rejected:
        abort(HTTPStatus.NOT_FOUND)
    if found.shop_id != shop_id:
        abort(HTTPStatus.NOT_FOUND)
    return found


def home(shop_id: str, document_id: int) -> str:
    return f"/s/{shop_id}/documents/{document_id}"


def go(path: str) -> Response:
    return make_response(redirect(f"{base_path()}{path}", HTTPStatus.SEE_OTHER))
