"""One document: what it says, its files, what became of it, and what can be done with it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from http import HTTPStatus

from flask import Blueprint, Response, abort, request
from sqlalchemy import Connection

from bridge.accounts.access import actor, guard_shop, shop
from bridge.accounts.access_log import part_of_a_page
from bridge.accounts.sign_in import safe_next_path
from bridge.context import context, rendered
from bridge.customer.document import file_response
from bridge.dashboard import order_story
from bridge.dashboard.actions import run_action
from bridge.dashboard.confirmation import Question, ask, is_confirmed, once
from bridge.dashboard.credit_form import credited_lines, credited_total
from bridge.dashboard.labels import step_name
from bridge.dashboard.order_story import Trouble
from bridge.dashboard.reminders import reminder_name
from bridge.dashboard.tasks import PDF_POLICY, refused_task, request_task
from bridge.forms import Form, read_mail_address
from bridge.i18n.translate import (
    _,
    decimal_from_figures,
    decimal_in_figures,
    format_amount,
    format_date,
    translate_message,
)
from bridge.page_picture import picture
from worker.actions import documents as document_actions
from worker.actions import peppol as peppol_actions
from worker.domain.days import read_day
from worker.domain.document import ASKING, Draft, Kind
from worker.domain.money import ZERO, total_of
from worker.domain.step import MAIL, TRANSMIT
from worker.errors import InvalidValue, Rejected
from worker.store import audit_trail, document_files, documents, orders, payment_rows
from worker.store.queries import order_history, reminder_outlook
from worker.store.queries.order_history import DocumentDetails
from worker.store.queries.reminder_outlook import Outlook
from worker.store.transmissions import UNKNOWN

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
    is_shown = file_format == "pdf" and not request.args.get("download")
    response = file_response(item.document, stored, inline=is_shown)
    response.headers["Content-Security-Policy"] = PDF_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/documents/<int:document_id>/pages.webp")
def page_picture(shop_id: str, document_id: int) -> Response:
    """The first pages of the PDF as a picture."""
    return picture_of(shop_id, document_id, "pages")


@blueprint.get("/documents/<int:document_id>/small.webp")
@part_of_a_page
def small_picture(shop_id: str, document_id: int) -> Response:
    """Page one, for a row of a list."""
    return picture_of(shop_id, document_id, "small")


def picture_of(shop_id: str, document_id: int, size: str) -> Response:
    """A list asks for one a row: nothing else of the document is read."""
    with context().store.read() as connection:
        stored = document_files.file_of_shop(connection, shop_id, document_id, "pdf")
    if stored is None:
        abort(HTTPStatus.NOT_FOUND)
    return picture(stored, size)


@blueprint.post("/documents/<int:document_id>/send")
def send(shop_id: str, document_id: int) -> Response:
    """Mail it again: to the order's address at once, to another one by a task; *back* is the list from which that was asked."""
    item = document_of(shop_id, document_id)
    form, here = Form.from_request(request.form), document_path(shop_id, document_id)
    to = form.read("to", read_mail_address) if form.values.get("to") else ""
    if to is None:
        return document_page(shop_id, document_id, form)
    if to:
        argument, back = {"document_id": document_id, "to": to}, form.values.get("back", "")
        then = safe_next_path(back) if back else here
        return request_task(
            shop_id, "send_again", argument, then=then, refused=f"{here}?task=0&open=elsewhere#elsewhere"
        )
    email = item.draft.buyer.email or "–"
    message = _("{number} is being mailed again to {email}.", number=number_of(item), email=email)
    return change(document_actions.send_again, shop_id, document_id, message=message)


@blueprint.post("/documents/<int:document_id>/paid")
def mark_paid(shop_id: str, document_id: int) -> Response:
    """Record that an invoice was paid on a day."""
    item = document_of(shop_id, document_id)
    form = Form.from_request(request.form)
    on = form.read("on", past_day)
    if on is None:
        return document_page(shop_id, document_id, form)
    message = _("{number} is marked as paid on {day}.", number=number_of(item), day=format_date(on))
    return change(partial(document_actions.mark_paid, on=on), shop_id, document_id, message=message)


@blueprint.post("/documents/<int:document_id>/not-paid")
def mark_not_paid(shop_id: str, document_id: int) -> Response:
    """Take back that somebody marked it as paid."""
    item = document_of(shop_id, document_id)
    by_hand, by_shop = amounts_unconfirmed(item)
    counted = by_hand or by_shop
    amount, number = format_amount(counted, item.draft.currency), number_of(item)
    if counted and not is_confirmed():
        question = _(
            "Was {amount} for {number} of {buyer} not paid after all?",
            amount=amount,
            number=number,
            buyer=buyer_of(item.draft),
        )
        more = _(
            "What was marked as paid counts no more: the invoice is open again, and is reminded of as others are. Order {order} in "
            "WooCommerce stays as it is, with a note of what came in: where it says paid, put it back there yourself.",
            order=item.draft.order_number,
        )
        if not by_hand:
            more = _(
                "What the shop says of this money counts no more, also while it goes on saying that order {order} is paid. The invoice is "
                "open again: mail it again, and the mail asks for the money by transfer.",
                order=item.draft.order_number,
            )
        return ask(Question(question, _("Not paid after all"), document_path(shop_id, document_id), more, is_loss=True))
    message = _("{number} does not count as paid any more.", number=number)
    action = partial(document_actions.mark_not_paid, on=context().today(shop()))
    return change(action, shop_id, document_id, message=message)


def amounts_unconfirmed(item: DocumentDetails) -> tuple[Decimal, Decimal]:
    """What people marked as paid of it, and what its shop says came in for its order."""
    if item.document is None:
        return ZERO, ZERO
    with context().store.read() as connection:
        unconfirmed = payment_rows.unconfirmed(connection, item.document)
    by_person, by_shop = (
        total_of(payment.amount for payment in some) for some in (unconfirmed.by_person, unconfirmed.by_shop)
    )
    return by_person, by_shop


@blueprint.post("/documents/<int:document_id>/handed-over")
def mark_handed_over(shop_id: str, document_id: int) -> Response:
    """A person gave it to the customer by another way: the mail is no longer tried."""
    number = number_of(document_of(shop_id, document_id))
    message = _("{number} is marked as handed over; it is no longer tried to mail it.", number=number)
    return change(document_actions.mark_handed_over, shop_id, document_id, message=message)


@blueprint.post("/documents/<int:document_id>/retry/<step>")
def retry(shop_id: str, document_id: int, step: str) -> Response:
    """Try one step again, now."""
    number = number_of(document_of(shop_id, document_id))
    message = _("“{step}” of {number} is tried again.", step=step_name(step), number=number)
    return change(partial(document_actions.retry_step, name=step), shop_id, document_id, message=message)


@blueprint.post("/documents/<int:document_id>/revoke")
def revoke(shop_id: str, document_id: int) -> Response:
    """End every link that was given so far."""
    item = document_of(shop_id, document_id)
    number = number_of(item)
    if not is_confirmed():
        question = _("Withdraw all links to {number} of {buyer}?", number=number, buyer=buyer_of(item.draft))
        more = _("Whoever holds a link to it can no longer open it. A new link can be made afterwards.")
        here = document_path(shop_id, document_id)
        return ask(Question(question, _("Withdraw all links"), here, more, is_loss=True))
    message = _("The links to {number} that were given so far no longer work.", number=number)
    return change(document_actions.revoke_link, shop_id, document_id, message=message)


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
    item, form = document_of(shop_id, document_id), Form.from_request(request.form)
    argument: dict[str, object] = {"document_id": document_id, "send": True, "again": form.is_checked("again")}
    try:
        total = credited_total(item, form)
    except (InvalidValue, Rejected) as error:
        form.errors["amount"] = translate_message(error.message)
        return document_page(shop_id, document_id, form)
    if not is_confirmed():
        return ask(credit_question(item, total, again=form.is_checked("again")))
    if form.is_checked("part"):
        lines, amount = credited_lines(request.form), decimal_from_figures(form.values.get("amount", ""))
        argument |= {"again": False, "reason": form.text("reason")}
        argument |= {"lines": lines} if lines else {"amount": amount}
    argument |= {"once": once()} if once() else {}
    refused = f"{document_path(shop_id, document_id)}?task=0&open=credit#credit"
    return request_task(shop_id, "credit", argument, then=f"/s/{shop_id}/orders/{item.draft.order_id}", refused=refused)


def credit_question(item: DocumentDetails, total: Decimal, *, again: bool) -> Question:
    """What will be credited of what, and of whom."""
    draft, email = item.draft, item.draft.buyer.email or "–"
    amount = format_amount(total, draft.currency)
    question = _(
        "Credit note of {amount} for {number} to {buyer}?", amount=amount, number=number_of(item), buyer=buyer_of(draft)
    )
    more = _("It gets the next number and is mailed to {email}. This cannot be undone.", email=email)
    if again:
        more = _(
            "A new invoice is made from the order as it is now. Both get the next numbers and are mailed to {email}. This cannot be undone.",
            email=email,
        )
    button = _("Credit and issue again") if again else _("Credit")
    return Question(question, button, document_path(item.shop_id, document_id_of(item)), more)


PEPPOL_ACTIONS: dict[str, Callable[..., object]] = {
    "again": peppol_actions.send_again,
    "sent": peppol_actions.mark_sent,
    "answered": peppol_actions.mark_answered,
}


@blueprint.post("/documents/<int:document_id>/peppol/<any(again, sent, answered):what>")
def peppol_answer(shop_id: str, document_id: int, what: str) -> Response:
    """Send it by Peppol, once more where it did not arrive; note that it is there, as somebody has looked; or that the buyer was answered."""
    item = document_of(shop_id, document_id)
    number = number_of(item)
    if what == "again" and not is_confirmed() and item.transmission and item.transmission.state == UNKNOWN:
        question = _("Send {number} to {buyer} by Peppol once more?", number=number, buyer=buyer_of(item.draft))
        more = _("If it did arrive, the buyer gets this document twice. Look at your access point first.")
        return ask(Question(question, _("Send it again"), document_path(shop_id, document_id), more))
    message = (
        _("{number} is sent by Peppol.", number=number)
        if what == "again"
        else _("Noted of {number}, with your name.", number=number)
    )
    return change(PEPPOL_ACTIONS[what], shop_id, document_id, message=message)


def buyer_of(draft: Draft) -> str:
    return draft.buyer.company or draft.buyer.name or draft.buyer.email


def number_of(item: DocumentDetails) -> str:
    return item.document.number if item.document else ""


def document_id_of(item: DocumentDetails) -> int:
    return item.document.document_id if item.document else 0


def change(action: Callable[..., object], shop_id: str, document_id: int, *, message: str) -> Response:
    """Do an action of one document, and go back to its page."""
    return run_action(
        lambda connection, by: action(connection, shop_id, document_id, by=by),
        then=document_path(shop_id, document_id),
        message=message,
    )


def document_page(shop_id: str, document_id: int, form: Form, *, link: str = "") -> Response:
    item = document_of(shop_id, document_id)
    day = context().today(shop())
    form.values = {"on": day.isoformat()} | refused_before(shop_id) | form.values
    by_hand, reported_by_shop = amounts_unconfirmed(item)
    with context().store.read() as connection:
        history = documents.history(connection, shop_id, item.draft.order_id, item.draft.order_key)
        entries = audit_trail.of_order(connection, shop_id, item.draft.order_id)
        order = orders.find(connection, shop_id, item.draft.order_id)
        outlook = reminders_of(connection, item)
    return rendered(
        "dashboard/documents/document.html",
        status=form.status,
        item=item,
        draft=item.draft,
        document=item.document,
        form=form,
        credited=history.credit_notes_of(item.document) if item.document else (),
        changed_since=bool(item.document and order_story.changed_since(item.document, order)),
        is_invoice=item.draft.kind is Kind.INVOICE,
        by_hand=by_hand,
        reported_by_shop=reported_by_shop if item.is_paid and item.draft.kind is Kind.INVOICE else ZERO,
        link=link,
        outlook=outlook,
        today=day,
        reminder_name=reminder_name,
        opened=request.args.get("open", ""),
        troubles=[one for one in order_story.troubles_of(item) if not is_said_elsewhere(item, one)],
        events=order_story.events_of(item, entries),
    )


def reminders_of(connection: Connection, item: DocumentDetails) -> Outlook | None:
    """What becomes of the reminders of a document; None where nothing comes, left or was stopped."""
    if item.document is None or item.draft.kind not in (Kind.INVOICE, *ASKING) or not shop().reminders.is_on:
        return None
    document_id = item.document.document_id
    found = reminder_outlook.of_documents(connection, shop(), [document_id], now=context().now())[document_id]
    return found if found.open > 0 and (found.next or found.is_stopped or found.steps) else None


def is_said_elsewhere(item: DocumentDetails, trouble: Trouble) -> bool:
    """A refused mail has its form on the page, and Peppol its own place."""
    mail, way = item.step(MAIL), item.step(TRANSMIT)
    is_mail = order_story.wants_other_address(mail) and mail is not None and trouble.code == mail.code
    return is_mail or (way is not None and way.state == "failed" and trouble.code == way.code)


def refused_before(shop_id: str) -> dict[str, str]:
    """What was typed into the form whose task was refused, as the reader types it."""
    credit, sent = refused_task(shop_id, "credit"), refused_task(shop_id, "send_again")
    if sent:
        return {"to": str(sent.argument["to"])}
    if not credit:
        return {}
    asked = credit.argument
    numbers = {f"quantity-{line['index']}": line["quantity"] for line in asked.get("lines", ())}
    numbers["amount"] = asked.get("amount", "")
    typed = {name: decimal_in_figures(value) for name, value in numbers.items()}
    return typed | {"reason": str(asked.get("reason", ""))}


def past_day(text: str) -> date:
    """Read a day that is not in the future. Raises ValueError with a message for the form."""
    found = read_day(text)
    if found > context().today(shop()):
        raise InvalidValue("This day is still to come.")
    return found


def document_of(shop_id: str, document_id: int) -> DocumentDetails:
    """The document, where it is this shop's."""
    with context().store.read() as connection:
        found = order_history.of_document(connection, shop_id, document_id)
    return found or abort(HTTPStatus.NOT_FOUND)


def document_path(shop_id: str, document_id: int) -> str:
    return f"/s/{shop_id}/documents/{document_id}"
