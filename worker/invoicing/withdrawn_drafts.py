"""Drafts that go by themselves: what they waited for is gone, and comes back, where it does, with a draft of its own."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from worker.domain.decision import Decision, needs_person
from worker.domain.document import KIND_TERMS, Kind, StoredDraft, is_of_cancellation
from worker.domain.online_payment import CLOSED_STATUSES
from worker.message import Message
from worker.store import audit_trail, drafts
from worker.store.audit_trail import AuditEntry

# What the trail calls it that a draft waits no more; with the refund in its values where that was deleted.
DISCARDED = "discarded"
# The same of one that waited for no person, and leaves by itself once its refund is there again.
WITHDRAWN = "withdrawn"
# Why a rule makes nothing of an order that is over. It asks again of one that goes on.
OVER_CODES = ("trashed", "never_paid", "order_over")


def withdraw(connection: Connection, kept: StoredDraft, message: Message, *, now: datetime) -> None:
    """Take a draft back, and tell in the trail why."""
    drafts.withdraw(connection, kept.draft_id)
    code = DISCARDED if needs_person(kept) else WITHDRAWN
    audit_trail.add(connection, AuditEntry(kept.shop_id, now, "worker", code, message, kept.draft.order_id))


def withdraw_of_over(
    connection: Connection, waiting: Iterable[StoredDraft], decision: Decision, *, now: datetime
) -> None:
    """Take back what nobody can issue any more: the order is over, so that no rule asks for it. Credit notes follow their refunds."""
    why = {
        result.rule.partition(":")[0]: result.message for result in decision.rule_results if result.code in OVER_CODES
    }
    why.pop(Kind.CREDIT_NOTE, None)
    due = {draft.cause for draft in decision.drafts}
    for kept in waiting:
        if kept.draft.kind in why and kept.draft.cause not in due and not kept.discarded:
            withdraw(connection, kept, not_called_for(kept, why[kept.draft.kind]), now=now)


def withdraw_of_restored(connection: Connection, kept: Iterable[StoredDraft], *, status: str, now: datetime) -> None:
    """The same of the credit note of an order that was cancelled and goes on. That a person discarded it was of that time alone: where the
    order is cancelled once more, he is asked again.
    """
    if status in CLOSED_STATUSES:
        return
    for one in kept:
        if is_of_cancellation(one.draft) and one.discarded:
            drafts.forget_discarded(connection, one.draft_id)
        elif is_of_cancellation(one.draft):
            withdraw(connection, one, not_called_for(one, Message("The order goes on in the shop.")), now=now)


def withdraw_of_deleted(
    connection: Connection, waiting: Iterable[StoredDraft], reason: Message, *, paid: bool, now: datetime
) -> None:
    """The same of an order that the shop has no more. What a *paid* one was to be invoiced by, and credit notes, a person decides on."""
    left = (Kind.CREDIT_NOTE, Kind.INVOICE) if paid else (Kind.CREDIT_NOTE,)
    for kept in waiting:
        if kept.draft.kind not in left and not kept.discarded:
            withdraw(connection, kept, not_called_for(kept, reason), now=now)


def not_called_for(kept: StoredDraft, reason: Message) -> Message:
    return Message(
        "Order {number} no longer calls for this {kind}. {reason} The draft is discarded.",
        number=kept.draft.order_number,
        kind=KIND_TERMS[kept.draft.kind],
        reason=reason,
    )
