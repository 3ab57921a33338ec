"""One draft: what it says, what stops it, and how it is issued or discarded."""

from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus

from flask import Blueprint, Response, abort, request

from bridge.accounts.access import guard_shop, shop
from bridge.context import context, rendered
from bridge.dashboard import order_story
from bridge.dashboard.actions import run_action
from bridge.dashboard.confirmation import Question, ask, is_confirmed
from bridge.dashboard.documents import buyer_of
from bridge.dashboard.labels import after_discarding, kind_within, never_changed
from bridge.dashboard.tasks import REST_PAID, refused_task, request_task
from bridge.forms import Form
from bridge.i18n.translate import _, format_amount
from worker.actions import documents as document_actions
from worker.domain import peppol
from worker.domain.document import Draft, Kind, StoredDraft
from worker.domain.draft_problems import REST_CHARGED
from worker.domain.vat_proof import needs_proof
from worker.errors import Rejected
from worker.store import counters

LONGEST_REASON = 500

blueprint = Blueprint("drafts", __name__, url_prefix="/s/<shop_id>/drafts")
guard_shop(blueprint)


@blueprint.get("/<int:draft_id>")
def draft(shop_id: str, draft_id: int) -> Response:
    refused = refused_task(shop_id, "issue_draft")
    return draft_page(draft_of(shop_id, draft_id), Form({"reason": str(refused.argument["reason"])} if refused else {}))


def draft_page(stored: StoredDraft, form: Form) -> Response:
    findings = [peppol.is_finding(problem) for problem in stored.draft.problems if not problem.asks]
    with context().store.read() as connection:
        in_shop = order_story.order_in_shop(connection, shop(), stored.draft.order_id)
    remedy = order_story.remedy(stored.draft, in_shop)
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


@blueprint.post("/<int:draft_id>/issue")
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


@blueprint.post("/<int:draft_id>/discard")
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
        if stored.draft.kind is Kind.CREDIT_NOTE:
            more = f"{more} {after_discarding()}"
        return ask(Question(question, _("Discard"), draft_path(stored), more, is_loss=True))
    return run_action(
        lambda connection, by: document_actions.discard_draft(connection, shop_id, draft_id, by=by),
        then=f"/s/{shop_id}/orders/{stored.draft.order_id}",
        message=_("The draft for order {number} is discarded: {kind}.", number=number, kind=kind),
    )


def draft_path(stored: StoredDraft) -> str:
    return f"/s/{stored.shop_id}/drafts/{stored.draft_id}"


def draft_of(shop_id: str, draft_id: int) -> StoredDraft:
    """The waiting draft, where it is this shop's."""
    try:
        with context().store.read() as connection:
            return document_actions.draft_of(connection, shop_id, draft_id)
    except Rejected:
        abort(HTTPStatus.NOT_FOUND)
