"""What a person decides about a document or a draft: discard, send again, mark paid, hand over, revoke a link, do a step once more."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from sqlalchemy import Connection

from worker.actions import Retried
from worker.actions.bank_lines import refunded_of_nothing
from worker.actions.roads import end_rests
from worker.domain.actor import Actor
from worker.domain.document import KIND_TERMS, Document, Kind, StoredDraft
from worker.domain.money import total_of
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.step import MAIL, STEPS
from worker.errors import Rejected
from worker.message import NO_MESSAGE, Message, Money
from worker.net import document_link
from worker.net.email_address import EMAIL_ADDRESS
from worker.settings import Settings
from worker.store import (
    audit_trail,
    counters,
    document_balances,
    document_links,
    documents,
    drafts,
    payment_rows,
    payments,
    steps,
)
from worker.store.audit_trail import AuditEntry
from worker.store.steps import StepPlan


def document_of(connection: Connection, shop_id: str, document_id: int) -> Document:
    """A document of this shop. Raises Rejected when there is none, or it is another shop's: nobody learns which."""
    found = documents.of_shop(connection, shop_id, document_id)
    if found is None:
        raise Rejected("There is no document with id {document_id}.", document_id=document_id, code="document_unknown")
    return found


def draft_of(connection: Connection, shop_id: str, draft_id: int) -> StoredDraft:
    """A waiting or discarded draft of this shop. Raises Rejected when there is none, or it has been issued."""
    stored = drafts.get_draft(connection, draft_id)
    if stored.shop_id != shop_id:
        raise Rejected("There is no draft with id {draft_id} any more.", draft_id=draft_id, code="draft_unknown")
    return stored


# Drafts and documents


def discard_draft(connection: Connection, shop_id: str, draft_id: int, *, by: Actor) -> StoredDraft:
    """Discard a draft: its cause does not come back by itself. Raises Rejected when it is gone."""
    stored = draft_of(connection, shop_id, draft_id)
    draft = stored.draft
    # Under the lock, so that nobody issues it at the same time.
    counters.lock(connection, shop_id)
    ended = drafts.end_draft(connection, shop_id, draft, state="discarded", now=by.now)
    if not ended:
        raise Rejected(
            "The draft for order {order_number} does not wait any more.",
            order_number=draft.order_number,
            code="draft_unknown",
        )
    message = Message("The draft of the {kind} was discarded.", kind=KIND_TERMS[draft.kind])
    audit_trail.add(connection, AuditEntry(shop_id, by.now, by.name, "discarded", message, draft.order_id))
    return stored


def send_again(connection: Connection, shop_id: str, document_id: int, *, by: Actor, to: str = "") -> Retried:
    """Mail an issued document to its customer, for the first time or again: at the address on it, or at *to*, which is theirs now.

    Raises Rejected while it is being mailed. To somebody else: the task `send_again` with "to".
    """
    document = document_of(connection, shop_id, document_id)
    end_rests(connection, shop_id, by=by)
    plan = StepPlan(names=(MAIL,), mail_group=str(uuid.uuid4()), mail_to=to)
    if MAIL not in steps.of_document(connection, document_id):
        steps.plan(connection, plan, shop_id=shop_id, document_id=document_id, now=by.now)
    elif not steps.mail_again(connection, document_id, plan, now=by.now):
        raise Rejected("{number} is being mailed at this moment.", number=document.number, code="mail_under_way")
    message = Message("{number} is mailed again.", number=document.number)
    if to:  # which is on its step: what is on the trail stays when a customer is erased
        message = Message("{number} is mailed again, to the address that the order has now.", number=document.number)
    # Of one that is no address the try itself says that nothing was mailed, and somebody is asked for another.
    if document.draft.test or EMAIL_ADDRESS.fullmatch(" ".join((to or document.draft.buyer.email).split())):
        audit_trail.note_of(connection, document, "mailed_again", message, by=by)
    return Retried(documents=(document_id,))


def mark_paid(connection: Connection, shop_id: str, document_id: int, *, on: date, by: Actor) -> bool:
    """Record that an invoice was paid on a day; False when it was already. `mark_not_paid` takes it back.

    Raises Rejected for another kind of document or a test, and where credit notes left nothing to pay.
    """
    counters.lock(connection, shop_id)  # as whoever counts money of an order at the same moment
    document = document_of(connection, shop_id, document_id)
    if document.draft.kind is not Kind.INVOICE:
        raise Rejected(
            "{number} is not an invoice; only invoices are paid.", number=document.number, code="not_an_invoice"
        )
    if document.draft.test:
        raise Rejected("{number} is a test: no money is counted for it.", number=document.number, code="test_document")
    balance = document_balances.of_documents(connection, [document_id])[document_id]
    if balance.status == "credited" and balance.open <= 0 and not balance.is_paid:
        raise Rejected(
            "Nothing is left of {number}: it has been credited in full.",
            number=document.number,
            code="nothing_remaining",
        )
    receipt = Receipt(on, PaymentSource.PERSON, by.name, currency=document.draft.currency)
    is_new = payments.pay_in_full(connection, document_id, receipt, now=by.now)
    if is_new:
        audit_trail.note_of(
            connection,
            document,
            "paid",
            Message("{number} was marked paid on {on}.", number=document.number, on=on),
            by=by,
        )
    return is_new


def mark_not_paid(connection: Connection, shop_id: str, document_id: int, *, on: date, by: Actor) -> Decimal:
    """An invoice was not paid after all: what people counted for it counts no more since the day *on*; how much.

    Where no person marked it, what the shop says came in for its order: the money was taken back (a chargeback), and the shop does not
    say so. What the bank or Mollie says stays. Raises Rejected where nothing else was counted.
    """
    counters.lock(connection, shop_id)
    document = document_of(connection, shop_id, document_id)
    unconfirmed = payment_rows.unconfirmed(connection, document)
    counted = unconfirmed.by_person or unconfirmed.by_shop
    if not counted:
        raise Rejected(
            "Neither a person nor the shop says that {number} was paid: what the bank or Mollie says came in is not taken back here.",
            number=document.number,
            code="not_marked_paid",
        )
    for payment in counted:
        payments.reverse(connection, payment.payment_id, on=on, by=by.name, now=by.now)
    refunded_of_nothing(connection, document.order, document.draft.currency, now=by.now)
    amount = total_of(payment.amount for payment in counted)
    message = Message(
        "{number} was not paid after all: {amount} is not counted any more.",
        number=document.number,
        amount=Money(amount, document.draft.currency),
    )
    audit_trail.note_of(connection, document, "not_paid", message, by=by)
    return amount


@dataclass(frozen=True)
class MarkedPaid:
    """What became of one invoice among many: marked (not) paid, or why not; *code* is empty where it was."""

    document_id: int
    code: str = ""
    message: Message = NO_MESSAGE

    @property
    def changed(self) -> bool:
        return not self.code


def mark_many_paid(
    connection: Connection, shop_id: str, document_ids: Iterable[int], *, on: date, by: Actor
) -> tuple[MarkedPaid, ...]:
    """Record that several invoices were paid on a day. One that cannot be marked holds up no other."""
    return tuple(
        mark_one_of_many(connection, shop_id, document_id, on=on, by=by) for document_id in dict.fromkeys(document_ids)
    )


def mark_one_of_many(connection: Connection, shop_id: str, document_id: int, *, on: date, by: Actor) -> MarkedPaid:
    def mark() -> None:
        if not mark_paid(connection, shop_id, document_id, on=on, by=by):
            number = document_of(connection, shop_id, document_id).number
            raise Rejected("{number} was paid already.", number=number, code="paid_before")

    return become_of(document_id, mark)


def mark_many_not_paid(
    connection: Connection, shop_id: str, document_ids: Iterable[int], *, on: date, by: Actor
) -> tuple[MarkedPaid, ...]:
    """Take back that several invoices were marked paid. One that was not holds up no other."""
    return tuple(
        become_of(document_id, partial(mark_not_paid, connection, shop_id, document_id, on=on, by=by))
        for document_id in dict.fromkeys(document_ids)
    )


def become_of(document_id: int, mark: Callable[[], object]) -> MarkedPaid:
    """What becomes of one of many: *mark* raises Rejected before it stores anything."""
    try:
        mark()
    except Rejected as error:
        return MarkedPaid(document_id, error.code, error.message)
    return MarkedPaid(document_id)


def revoke_link(connection: Connection, shop_id: str, document_id: int, *, by: Actor) -> None:
    """End every link to a document that was given so far: whoever holds one sees 403."""
    document = document_of(connection, shop_id, document_id)
    document_links.revoke(connection, document_id, now=by.now)
    audit_trail.note_of(
        connection,
        document,
        "link_revoked",
        Message("The links to {number} were revoked.", number=document.number),
        by=by,
    )


def renew_link(connection: Connection, settings: Settings, shop_id: str, document_id: int, *, by: Actor) -> str:
    """A new link to a document, good for a year, to hand to its customer. Links that were revoked stay so."""
    document = document_of(connection, shop_id, document_id)
    # A link names whole seconds.
    begins = by.now.replace(microsecond=0)
    document_links.renew(connection, document_id, now=begins)
    audit_trail.note_of(
        connection,
        document,
        "link_renewed",
        Message("A new link to {number} was created.", number=document.number),
        by=by,
    )
    return document_link.url(settings.public_url, settings.secret_keys, document_id, now=begins)


def mark_handed_over(connection: Connection, shop_id: str, document_id: int, *, by: Actor) -> None:
    """A person handed the document over by another way: its mail, failed or waiting, is no longer to be sent."""
    document = document_of(connection, shop_id, document_id)
    mail = steps.of_document(connection, document_id).get(MAIL)
    if mail is None or mail.state == "done":
        reason = Message("it was mailed already") if mail else Message("it waits for no mail")
        raise Rejected(
            "There is nothing to mark for {number}: {reason}.",
            number=document.number,
            reason=reason,
            code="nothing_to_hand_over",
        )
    message = Message("{by} handed it over by another way.", by=by.name)
    if not steps.close(connection, [mail.step_id], code="handed_over", message=message, now=by.now):
        raise Rejected("{number} is being mailed at this moment.", number=document.number, code="mail_under_way")
    audit_trail.note_of(
        connection,
        document,
        "handed_over",
        Message("{number} was handed over by {by}, not mailed.", number=document.number, by=by.name),
        by=by,
    )


# Trying again


def retry_step(connection: Connection, shop_id: str, document_id: int, name: str, *, by: Actor) -> Retried:
    """Do one step of a document once more: one that failed, or waits for a later time. Raises Rejected for others."""
    document = document_of(connection, shop_id, document_id)
    step = steps.of_document(connection, document_id).get(name)
    if step is None or step.state not in ("failed", "waiting"):
        raise Rejected(
            "This step of {number} neither failed nor waits.", number=document.number, code="nothing_to_retry"
        )
    end_rests(connection, shop_id, by=by)
    steps.retry(connection, document_id, name, now=by.now)
    message = Message("“{step}” of {number} is tried again.", step=STEPS[name].label, number=document.number)
    audit_trail.note_of(connection, document, "tried_again", message, by=by)
    return Retried(documents=(document_id,))
