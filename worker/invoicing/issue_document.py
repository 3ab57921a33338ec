"""A draft becomes a document: numbered, stored, and what follows planned."""

from collections.abc import Sequence
from dataclasses import replace

from worker.domain import peppol
from worker.domain.document import Document, Draft, Kind
from worker.domain.step import planned_steps
from worker.invoicing.core import CoreContext
from worker.invoicing.cores import core_of
from worker.message import Message, Money
from worker.store import audit_trail, drafts, steps
from worker.store.audit_trail import AuditEntry
from worker.store.steps import StepPlan


def issue_draft(
    context: CoreContext, draft: Draft, *, mail_group: str, step_names: Sequence[str] | None = None, by: str = "worker"
) -> Document:
    """Number and store *draft*, and plan what follows: *step_names*, or every step that is wanted for it."""
    connection, shop, now = context.connection, context.shop, context.now
    document = core_of(context).issue(replace(draft, is_copy=peppol.is_copy(shop, draft)))
    steps.plan(
        connection,
        StepPlan(names=planned_steps(shop, draft) if step_names is None else step_names, mail_group=mail_group),
        shop_id=shop.shop_id,
        document_id=document.document_id,
        now=now,
    )
    drafts.end_draft(connection, shop.shop_id, draft, state="issued", now=now)
    audit_trail.add(
        connection,
        AuditEntry(
            shop_id=shop.shop_id,
            at=now,
            actor=by,
            code="issued",
            message=issued_message(document),
            order_id=draft.order_id,
            document_id=document.document_id,
        ),
    )
    return document


def issued_message(document: Document) -> Message:
    """What the trail says; a delivery note states no amount."""
    if document.draft.kind is Kind.DELIVERY_NOTE:
        return Message("{number} was issued.", number=document.number)
    total = Money(document.draft.total, document.draft.currency)
    return Message("{number} was issued: {total}.", number=document.number, total=total)
