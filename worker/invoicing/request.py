"""What a person asked to be issued: tried before the lock, issued inside it, and on the trail with their name."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from worker.domain import peppol
from worker.domain.actor import Actor
from worker.domain.credit_question import MORE_THAN_RATE_REMAINING
from worker.domain.document import Document, Draft, Kind, Problem
from worker.domain.draft_problems import REST_CHARGED
from worker.domain.shop import Shop
from worker.domain.step import planned_steps
from worker.domain.vat_check import UNCHECKED
from worker.errors import Rejected
from worker.invoicing.core import CoreContext
from worker.invoicing.issue_document import issue_draft
from worker.invoicing.preflight import Preflight
from worker.message import Message
from worker.store import audit_trail


@dataclass(frozen=True)
class IssueAnswer:
    """What a person says when a draft is issued: to *send* it; with a *reason*, although a check said no; of the two that a
    credit note may be, the one that takes of each rate what its invoice has left there (*within_left*); and that the rest of an
    order which was changed after it was paid was paid too, or was not (*rest_paid*; None: he was not asked): said *of_many* orders,
    that concerns those of which it is asked.
    """

    send: bool
    reason: str = ""
    within_left: bool = False
    rest_paid: bool | None = None
    of_many: bool = False


@dataclass(frozen=True)
class Request:
    """What a person, *by*, asked for with his *answer*."""

    preflight: Preflight
    by: Actor
    answer: IssueAnswer

    def answers(self, problem: Problem) -> bool:
        """Whether *problem* only asks a person, who answers by issuing it. A number that VIES could not confirm takes a reason, and
        whether the rest was paid too must be said."""
        if problem.code == REST_CHARGED:
            return self.answer.rest_paid is not None
        return problem.asks or (bool(self.answer.reason) and problem.code == UNCHECKED)


def try_before_lock(request: Request, shop: Shop, wanted: Callable[[Connection, Shop], Sequence[Draft]]) -> None:
    """Print and check what will be issued; inside the lock the answers are there."""
    with request.preflight.services.store.read() as connection:
        drafts = wanted(connection, shop)
    request.preflight.try_all(shop, drafts)


def issue_requested(
    connection: Connection, shop: Shop, drafts: Sequence[Draft], request: Request
) -> tuple[Document, ...]:
    """Issue drafts that a person wants, to be mailed together. Raises Rejected with the first problem."""
    mail_group = str(uuid.uuid4())
    return tuple(issue_one(connection, shop, draft, request, mail_group=mail_group) for draft in drafts)


def answered(draft: Draft, request: Request) -> Draft:
    """*draft* without the problems that *request* answers. Raises Rejected with the first other one."""
    problem = next((problem for problem in draft.problems if not request.answers(problem)), None)
    if problem is not None:
        raise Rejected(problem.message, code=problem.code)
    return replace(draft, problems=(), within_left=None)


def chosen(draft: Draft, *, within_left: bool) -> Draft:
    """*draft*, or what it is *within_left*, with what else is to be said of it. Raises Rejected where there is no such choice."""
    if not within_left:
        return draft
    if draft.within_left is None:
        raise Rejected(
            "This credit note takes no more of any VAT rate than the invoice has left: issue it as it is.",
            code="no_choice",
        )
    problems = tuple(problem for problem in draft.problems if problem.code != MORE_THAN_RATE_REMAINING)
    return replace(draft.within_left, problems=problems)


def issue_one(connection: Connection, shop: Shop, draft: Draft, request: Request, *, mail_group: str) -> Document:
    preflight, answer = request.preflight, request.answer
    trusts_number = any(problem.code == UNCHECKED for problem in draft.problems)
    draft = answered(with_way_out(draft), request)
    unprintable = preflight.print_problem(shop, draft)
    if unprintable is not None and not (unprintable.asks or answer.reason):
        raise Rejected(unprintable.message, code=unprintable.code)
    findings = preflight.einvoice_problems(shop, draft)
    refuse_invalid_einvoice(draft, findings, request)
    document = issue_draft(
        CoreContext(connection, shop, preflight.services.now()),
        draft,
        mail_group=mail_group,
        step_names=planned_steps(shop, draft, send=answer.send),
        by=request.by.name,
    )
    if answer.reason and trusts_number:
        note_unconfirmed(connection, document, request)
    if answer.within_left:
        note(connection, document, "within_left", within_left_message(document), request)
    if unprintable is not None and not unprintable.asks:
        note_unprintable(connection, document, unprintable, request)
    if findings:
        note_invalid_einvoice(connection, document, findings, request)
    return document


def with_way_out(draft: Draft) -> Draft:
    """*draft*, made by hand: where VIES could not say there is no waiting draft to issue with a reason, so another way is named."""
    return replace(draft, problems=tuple(map(without_draft, draft.problems)))


def without_draft(problem: Problem) -> Problem:
    if problem.code != UNCHECKED:
        return problem
    message = Message(
        "{message} To make it by hand, first say on the order's page how the order is treated for VAT, with your reason.",
        message=problem.message,
    )
    return replace(problem, message=message)


def refuse_invalid_einvoice(draft: Draft, findings: Sequence[Problem], request: Request) -> None:
    """Raises Rejected where an access point would refuse the e-invoice, unless a person said why it is issued all the same.

    A credit note is never refused: what was invoiced wrongly must be put right. A check that broke is no refusal.
    """
    refused = next((problem for problem in findings if not problem.asks), None)
    if refused and not request.answer.reason and draft.kind is not Kind.CREDIT_NOTE:
        raise Rejected(refused.message, code=refused.code)


def within_left_message(document: Document) -> Message:
    return Message(
        "{number} credits within what {invoice} had left at each VAT rate, not as the refund states itself.",
        number=document.number,
        invoice=document.draft.corrects.number if document.draft.corrects else "",
    )


def note_unconfirmed(connection: Connection, document: Document, request: Request) -> None:
    """Write on the trail why a person trusted a number that VIES did not confirm."""
    message = Message(
        "{number} was issued although VIES did not confirm {vat_number}: {reason}.",
        number=document.number,
        vat_number=document.draft.buyer.vat_number,
        reason=request.answer.reason.rstrip("."),
    )
    note(connection, document, "issued_unchecked", message, request)


def note_unprintable(connection: Connection, document: Document, problem: Problem, request: Request) -> None:
    """Write on the trail who issued what can only be printed as plain text, and why."""
    message = Message(
        "{number} was issued although it cannot be printed as usual. Why: {reason}. What is wrong: {problem}",
        number=document.number,
        reason=request.answer.reason.rstrip("."),
        problem=problem.message,
    )
    note(connection, document, "issued_unprintable", message, request)


def note_invalid_einvoice(
    connection: Connection, document: Document, findings: Sequence[Problem], request: Request
) -> None:
    """Write on the trail who issued what is no valid e-invoice, why, and what is wrong with it."""
    if all(problem.code == peppol.NOT_CONNECTED for problem in findings):
        message = Message(
            "{number} was issued although it goes by Peppol to nobody yet. Why: {reason}.",
            number=document.number,
            reason=request.answer.reason.rstrip(".") or "–",
        )
        note(connection, document, "issued_without_peppol", message, request)
        return
    message = Message(
        "{number} was issued without a valid e-invoice. Why: {reason}. What is wrong: {findings}",
        number=document.number,
        reason=request.answer.reason.rstrip(".") or "–",
        findings=tuple(problem.message for problem in findings),
    )
    note(connection, document, "issued_without_einvoice", message, request)


def note(connection: Connection, document: Document, code: str, message: Message, request: Request) -> None:
    audit_trail.note_of(connection, document, code, message, by=replace(request.by, now=document.issued_at))
