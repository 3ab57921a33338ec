"""One document or draft: what it says, its files, what became of it, and what can be done with it."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from http import HTTPStatus

from flask import Blueprint, Response, abort, request

from bridge.accounts.access import actor, guard_shop, shop
from bridge.accounts.access_log import part_of_a_page
from bridge.accounts.sign_in import safe_next_path
from bridge.context import context, rendered
from bridge.customer.document import file_response
from bridge.dashboard import order_story
from bridge.dashboard.actions import run_action
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.labels import kind_within, never_changed, step_name
from bridge.dashboard.order_story import Trouble
from bridge.dashboard.tasks import PDF_POLICY, REST_PAID, refused_task, request_task
from bridge.forms import Form, parse_whole_number, read_mail_address
from bridge.i18n.translate import _, decimal_from_figures, format_amount, format_date, translate_message
from bridge.page_picture import picture
from worker.actions import documents as document_actions
from worker.actions import peppol as peppol_actions
from worker.domain import peppol
from worker.domain.credit_balance import CreditedInvoice, credit_balance_of
from worker.domain.credit_note import amount_within
from worker.domain.credit_selection import CreditSelection, SelectedLine, resolve_selection
from worker.domain.days import read_day
from worker.domain.document import Draft, Kind, StoredDraft
from worker.domain.draft_problems import REST_CHARGED
from worker.domain.money import ZERO, total_of
from worker.domain.step import MAIL, TRANSMIT
from worker.domain.vat_proof import needs_proof
from worker.errors import InvalidValue, Rejected
from worker.store import audit_trail, counters, document_files, documents, orders, payments
from worker.store.queries import order_history
from worker.store.queries.order_history import DocumentDetails
from worker.store.transmissions import UNKNOWN

LONGEST_REASON = 500
# More than any invoice owes; what is typed beyond it is no number.
MOST_CREDITED = Decimal(10) ** 12

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
    with context().store.read() as connection:
        unconfirmed = payments.unconfirmed(connection, document_id_of(item))
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


def credited_total(item: DocumentDetails, form: Form) -> Decimal:
    """What is credited by what was typed, with VAT. Raises InvalidValue or Rejected where that cannot be."""
    if item.document is None:
        abort(HTTPStatus.NOT_FOUND)
    with context().store.read() as connection:
        history = documents.history(connection, item.shop_id, item.draft.order_id, item.draft.order_key)
    credited = CreditedInvoice(item.document, tuple(one.draft for one in history.credit_notes_of(item.document)))
    left = credit_balance_of(item.document, credited.credit_notes)
    if left.total <= 0:
        raise Rejected("Nothing is left of {number} to credit.", number=item.document.number, code="nothing_remaining")
    if not form.is_checked("part"):
        return left.total
    selection = selection_of(form)
    if selection.lines:
        return resolve_selection(selection, credited, left).total
    return amount_within(selection, item.document, left)


def selection_of(form: Form) -> CreditSelection:
    """Lines or an amount, as they were typed. Raises InvalidValue."""
    amount = decimal_from_figures(form.values.get("amount", ""))
    try:
        lines = tuple(
            SelectedLine(parse_whole_number(str(line["index"])) or 0, Decimal(str(line["quantity"])))
            for line in credited_lines(form.values)
        )
        found = Decimal(amount) if amount else None
    except InvalidOperation as error:
        raise InvalidValue("What is to be credited cannot be read: quantities and amounts are numbers.") from error
    numbers = [line.quantity for line in lines] + ([] if found is None else [found])
    if not all(number.is_finite() and abs(number) < MOST_CREDITED for number in numbers):
        raise InvalidValue("What is to be credited cannot be read: quantities and amounts are numbers.")
    if bool(lines) == (found is not None):
        raise InvalidValue("Type how many of which lines are credited, or an amount: one of the two.")
    return CreditSelection(lines, found)


def credited_lines(sent: Mapping[str, str]) -> list[dict[str, object]]:
    """The lines with a quantity typed, by their place on the invoice."""
    typed = (
        (parse_whole_number(name.removeprefix("quantity-")), decimal_from_figures(value))
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


@blueprint.get("/drafts/<int:draft_id>")
def draft(shop_id: str, draft_id: int) -> Response:
    refused = refused_task(shop_id, "issue_draft")
    return draft_page(draft_of(shop_id, draft_id), Form({"reason": str(refused.argument["reason"])} if refused else {}))


def draft_page(stored: StoredDraft, form: Form) -> Response:
    findings = [peppol.is_finding(problem) for problem in stored.draft.problems if not problem.asks]
    remedy = order_story.remedy(stored.draft, shop().url)
    return rendered(
        "dashboard/documents/draft.html",
        status=form.status,
        kept=stored,
        draft=stored.draft,
        form=form,
        rates=rates_of(stored.draft),
        remedy=remedy,
        # Where VAT is charged, the word of VIES decides whose it is; nobody is trusted.
        needs_proof=needs_proof(stored.draft.lines),
        may_be_overruled=bool(findings) and all(findings),
        asks_for_rest=remedy is None and not shop().test and has_problem(stored.draft, REST_CHARGED),
        waits_for_access_point=has_problem(stored.draft, peppol.NOT_CONNECTED),
    )


def has_problem(draft: Draft, code: str) -> bool:
    return any(problem.code == code for problem in draft.problems)


def rates_of(draft: Draft) -> list[Decimal]:
    """The rates of a draft and of what else it may be, highest first."""
    rows = (*draft.vat_lines, *(draft.within_left.vat_lines if draft.within_left else ()))
    return sorted({row.rate for row in rows}, reverse=True)


@blueprint.post("/drafts/<int:draft_id>/issue")
def issue(shop_id: str, draft_id: int) -> Response:
    """Give it its number, and mail it or not."""
    stored, form = draft_of(shop_id, draft_id), Form.from_request(request.form)
    needed = _("Say why; it is kept with your name.") if form.is_checked("with_reason") else ""
    argument = {
        "draft_id": draft_id,
        "send": form.is_checked("send"),
        "reason": form.text("reason", needed=needed, longest=LONGEST_REASON),
        "within_left": form.is_checked("within_left"),
        # A test counts no money: it asks for the rest.
        "rest_paid": REST_PAID.get(form.values.get("rest_paid", ""), False if shop().test else None),
    }
    if not form.is_valid:
        return draft_page(stored, form)
    if not is_confirmed():
        return ask(issue_question(stored, argument))
    then, refused = f"/s/{shop_id}/orders/{stored.draft.order_id}", f"{draft_path(stored)}?task=0"
    return request_task(shop_id, "issue_draft", argument, then=then, refused=refused)


def issue_question(stored: StoredDraft, asked: Mapping[str, object]) -> Question:
    """Which number goes to which document, of how much, and whom it is mailed to, as the argument of the task says."""
    draft = (stored.draft.within_left if asked["within_left"] else None) or stored.draft
    kind, buyer = kind_within(draft.kind), buyer_of(draft)
    if draft.kind is Kind.DELIVERY_NOTE:
        question = _(
            "Issue this for order {number} to {buyer}: {kind}?", number=draft.order_number, buyer=buyer, kind=kind
        )
    else:
        amount = format_amount(draft.total, draft.currency)
        question = _("Issue this to {buyer}: {kind} of {amount}?", buyer=buyer, kind=kind, amount=amount)
    more = [never_changed(draft.kind)]
    number = number_to_come(draft.kind)
    if number:
        more.insert(0, _("It gets the number {number}, unless another takes it meanwhile.", number=number))
    if asked["rest_paid"] is not None and has_problem(draft, REST_CHARGED):
        rest = format_amount(draft.to_pay, draft.currency)
        paid, unpaid = _("All of it is counted as paid."), _("It asks for {amount} by transfer.", amount=rest)
        more.append(paid if asked["rest_paid"] else unpaid)
    if asked["send"]:
        more.append(_("It is mailed to {email}.", email=draft.buyer.email or "–"))
    return Question(question, _("Issue and mail") if asked["send"] else _("Issue"), draft_path(stored), " ".join(more))


def number_to_come(kind: Kind) -> str:
    """What the next document of this kind is called if it is issued today."""
    with context().store.read() as connection:
        return counters.next_numbers(connection, shop(), today=context().today(shop())).get(kind, "")


@blueprint.post("/drafts/<int:draft_id>/discard")
def discard(shop_id: str, draft_id: int) -> Response:
    """Discard a draft; its cause gives no new one by itself."""
    stored = draft_of(shop_id, draft_id)
    kind, number = kind_within(stored.draft.kind), stored.draft.order_number
    if not is_confirmed():
        question = _(
            "Discard the draft for order {number} of {buyer}: {kind}?",
            number=number,
            buyer=buyer_of(stored.draft),
            kind=kind,
        )
        more = _("No document is made of this by itself any more.")
        return ask(Question(question, _("Discard"), draft_path(stored), more, is_loss=True))
    return run_action(
        lambda connection, by: document_actions.discard_draft(connection, shop_id, draft_id, by=by),
        then=f"/s/{shop_id}/orders/{stored.draft.order_id}",
        message=_("The draft for order {number} is discarded: {kind}.", number=number, kind=kind),
    )


def draft_path(stored: StoredDraft) -> str:
    return f"/s/{stored.shop_id}/drafts/{stored.draft_id}"


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
        opened=request.args.get("open", ""),
        troubles=[one for one in order_story.troubles_of(item) if not is_said_elsewhere(item, one)],
        events=order_story.events_of(item, entries),
    )


def is_said_elsewhere(item: DocumentDetails, trouble: Trouble) -> bool:
    """A refused mail has its form on the page, and Peppol its own place."""
    mail, way = item.step(MAIL), item.step(TRANSMIT)
    is_mail = order_story.wants_other_address(mail) and mail is not None and trouble.code == mail.code
    return is_mail or (way is not None and way.state == "failed" and trouble.code == way.code)


def refused_before(shop_id: str) -> dict[str, str]:
    """What was typed into the form whose task was refused."""
    credit, sent = refused_task(shop_id, "credit"), refused_task(shop_id, "send_again")
    if sent:
        return {"to": str(sent.argument["to"])}
    if not credit:
        return {}
    lines = {f"quantity-{line['index']}": str(line["quantity"]) for line in credit.argument.get("lines", ())}
    return lines | {name: str(credit.argument.get(name, "")) for name in ("amount", "reason")}


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


def draft_of(shop_id: str, draft_id: int) -> StoredDraft:
    """The waiting draft, where it is this shop's."""
    try:
        with context().store.read() as connection:
            return document_actions.draft_of(connection, shop_id, draft_id)
    except Rejected:
        abort(HTTPStatus.NOT_FOUND)


def document_path(shop_id: str, document_id: int) -> str:
    return f"/s/{shop_id}/documents/{document_id}"
