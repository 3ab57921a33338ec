"""What a person decides that only changes rows: the bridge may do it itself, and enqueues what comes back.

Each takes the shop that the person may act for: what belongs to another shop is unknown here. Each is recorded in the audit trail
under the person's name *by*. Call inside `store.write()`; after the commit enqueue `queue.PROCESS_ORDER` for each id in
*deliveries* and `queue.SEND_DOCUMENT` for each in *documents*. What is not, the scheduler enqueues.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from worker.domain.document import KIND_TERMS, Document, Kind, StoredDraft
from worker.domain.payment import PaymentSource, Receipt
from worker.domain.step import MAIL, STEPS
from worker.errors import Rejected
from worker.message import Message
from worker.net import document_link
from worker.settings import Settings
from worker.store import audit_trail, counters, deliveries, document_links, documents, orders, payments, steps
from worker.store.audit_trail import AuditEntry
from worker.store.database.tables import documents as documents_table
from worker.store.database.tables import jobs
from worker.store.deliveries import Delivery
from worker.store.jobs import JobKind
from worker.store.queries import jobs as job_queries
from worker.store.queries.jobs import JobFilter
from worker.store.steps import Step

# The source of a delivery that a person requested.
PERSON = "person"
# What failed, for `retry_failed`: processing an order, or one of the steps of a document.
PROCESS_ORDER = "process_order"


@dataclass(frozen=True)
class Retried:
    """What is tried again and to be enqueued: *deliveries* and *documents* are ids."""

    deliveries: tuple[int, ...] = ()
    documents: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        return len(self.deliveries) + len(self.documents)


@dataclass(frozen=True)
class Ignored:
    """How much of an order no longer needs a person."""

    deliveries: int
    steps: int
    drafts: int
    flags: int


def document_of(connection: Connection, shop_id: str, document_id: int) -> Document:
    """A document of this shop. Raises Rejected when there is none, or it is another shop's: nobody learns which."""
    found = documents.find(connection, document_id)
    if found is None or found.shop_id != shop_id:
        raise Rejected("There is no document with id {document_id}.", document_id=document_id, code="document_unknown")
    return found


def draft_of(connection: Connection, shop_id: str, draft_id: int) -> StoredDraft:
    """A waiting or discarded draft of this shop. Raises Rejected when there is none, or it has been issued."""
    stored = documents.get_draft(connection, draft_id)
    if stored.shop_id != shop_id:
        raise Rejected("There is no draft with id {draft_id} any more.", draft_id=draft_id, code="draft_unknown")
    return stored


def delivery_of(connection: Connection, shop_id: str, delivery_id: int) -> Delivery:
    found = deliveries.find(connection, delivery_id)
    if found is None or found.shop_id != shop_id:
        raise Rejected("There is no delivery with id {delivery_id}.", delivery_id=delivery_id, code="delivery_unknown")
    return found


# Drafts and documents


def discard_draft(connection: Connection, shop_id: str, draft_id: int, *, by: str, now: datetime) -> StoredDraft:
    """Discard a draft: its cause does not come back by itself. Raises Rejected when it is gone."""
    stored = draft_of(connection, shop_id, draft_id)
    draft = stored.draft
    # Under the lock, so that nobody issues it at the same time.
    counters.lock(connection, shop_id)
    ended = documents.end_draft(
        connection, shop_id, cause=draft.cause, order_key=draft.order_key, state="discarded", now=now
    )
    if not ended:
        raise Rejected(
            "The draft for order {order_number} does not wait any more.",
            order_number=draft.order_number,
            code="draft_unknown",
        )
    message = Message("The draft of the {kind} was discarded.", kind=KIND_TERMS[draft.kind])
    audit_trail.add(connection, AuditEntry(shop_id, now, by, "discarded", message, draft.order_id))
    return stored


def send_again(connection: Connection, shop_id: str, document_id: int, *, by: str, now: datetime) -> Document:
    """Mail an issued document to its customer, for the first time or again; enqueue `queue.SEND_DOCUMENT` with its id.

    Raises Rejected while it is being mailed. To another address: the task `send_again` with "to".
    """
    document = document_of(connection, shop_id, document_id)
    if MAIL in steps.of_document(connection, document_id):
        if not steps.retry(connection, document_id, MAIL, now=now):
            raise Rejected("{number} is being mailed at this moment.", number=document.number, code="mail_under_way")
    else:
        steps.plan(
            connection,
            shop_id=shop_id,
            document_id=document_id,
            names=(MAIL,),
            mail_group=str(uuid.uuid4()),
            now=now,
        )
    add_to_trail(
        connection,
        document,
        "mailed_again",
        Message("{number} is mailed again.", number=document.number),
        by=by,
        now=now,
    )
    return document


def mark_paid(connection: Connection, shop_id: str, document_id: int, *, on: date, by: str, now: datetime) -> bool:
    """Record that an invoice was paid on a day; False when it was already. Only a credit note undoes it."""
    document = document_of(connection, shop_id, document_id)
    if document.draft.kind is not Kind.INVOICE:
        raise Rejected(
            "{number} is not an invoice; only invoices are paid.", number=document.number, code="not_an_invoice"
        )
    is_new = payments.pay_in_full(connection, document_id, Receipt(on, PaymentSource.PERSON, by), now=now)
    if is_new:
        add_to_trail(
            connection,
            document,
            "paid",
            Message("{number} was marked paid on {on}.", number=document.number, on=on),
            by=by,
            now=now,
        )
    return is_new


def revoke_link(connection: Connection, shop_id: str, document_id: int, *, by: str, now: datetime) -> None:
    """End every link to a document that was given so far: whoever holds one sees 403."""
    document = document_of(connection, shop_id, document_id)
    document_links.revoke(connection, document_id, now=now)
    add_to_trail(
        connection,
        document,
        "link_revoked",
        Message("The links to {number} were revoked.", number=document.number),
        by=by,
        now=now,
    )


def renew_link(
    connection: Connection, settings: Settings, shop_id: str, document_id: int, *, by: str, now: datetime
) -> str:
    """A new link to a document, good for a year, to hand to its customer. Links that were revoked stay so."""
    document = document_of(connection, shop_id, document_id)
    # A link names whole seconds.
    begins = now.replace(microsecond=0)
    document_links.renew(connection, document_id, now=begins)
    add_to_trail(
        connection,
        document,
        "link_renewed",
        Message("A new link to {number} was created.", number=document.number),
        by=by,
        now=now,
    )
    return document_link.url(settings.public_url, settings.secret_keys, document_id, now=begins)


def mark_handed_over(connection: Connection, shop_id: str, document_id: int, *, by: str, now: datetime) -> None:
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
    message = Message("{by} handed it over by another way.", by=by)
    if not steps.close(connection, [mail.step_id], code="handed_over", message=message, now=now):
        raise Rejected("{number} is being mailed at this moment.", number=document.number, code="mail_under_way")
    add_to_trail(
        connection,
        document,
        "handed_over",
        Message("{number} was handed over by {by}, not mailed.", number=document.number, by=by),
        by=by,
        now=now,
    )


# Trying again


def retry_order(connection: Connection, shop_id: str, order_id: int, *, by: str, now: datetime) -> Retried:
    """Do once more what failed for an order: deliveries and steps. What waits or is done stays as it is."""
    delivery_ids = deliveries.retry_failed(connection, shop_id, order_id=order_id, now=now)
    failed = steps_of_order(connection, shop_id, order_id, state="failed")
    for step in failed:
        steps.retry(connection, step.document_id, step.name, now=now)
    if delivery_ids or failed:
        audit_trail.add(
            connection,
            AuditEntry(shop_id, now, by, "tried_again", Message("What failed is tried again."), order_id=order_id),
        )
    return Retried(delivery_ids, tuple(step.document_id for step in failed))


def retry_step(connection: Connection, shop_id: str, document_id: int, name: str, *, by: str, now: datetime) -> Retried:
    """Do one step of a document once more: one that failed, or waits for a later time. Raises Rejected for others."""
    document = document_of(connection, shop_id, document_id)
    step = steps.of_document(connection, document_id).get(name)
    if step is None or step.state not in ("failed", "waiting"):
        raise Rejected(
            "This step of {number} neither failed nor waits.", number=document.number, code="nothing_to_retry"
        )
    steps.retry(connection, document_id, name, now=now)
    message = Message("“{step}” of {number} is tried again.", step=STEPS[name].label, number=document.number)
    add_to_trail(connection, document, "tried_again", message, by=by, now=now)
    return Retried(documents=(document_id,))


def retry_delivery(connection: Connection, shop_id: str, delivery_id: int, *, by: str, now: datetime) -> Retried:
    """Process the order of one delivery once more: one that failed, or waits for a later time."""
    delivery = delivery_of(connection, shop_id, delivery_id)
    if not deliveries.retry_now(connection, [delivery_id], now=now):
        raise Rejected("This delivery neither failed nor waits.", code="nothing_to_retry")
    event = AuditEntry(
        shop_id, now, by, "tried_again", Message("The order is processed again."), order_id=delivery.order_id
    )
    audit_trail.add(connection, event)
    return Retried(deliveries=(delivery_id,))


def retry_failed(
    connection: Connection,
    shop_id: str,
    what: str,
    *,
    code: str,
    failed_before: datetime,
    by: str,
    now: datetime,
    limit: int = 500,
) -> Retried:
    """Let up to *limit* failures of one sort wait again: *what* is `process_order` or a step's name, *code* its reason.

    Call again, in a transaction of its own, until it gives back none: with *failed_before* at the first call's time, what
    fails anew meanwhile is left alone. The task `retry_failed` does that.
    """
    kind, name = (JobKind.PROCESS_ORDER, what) if what == PROCESS_ORDER else (JobKind.STEP, what)
    wanted = JobFilter("failed", kind, name, code)
    found = job_queries.job_ids(connection, (shop_id,), wanted, done_before=failed_before, limit=limit)
    if not found:
        return Retried()
    if kind is JobKind.PROCESS_ORDER:
        deliveries.retry_now(connection, found, now=now)
        retried = Retried(deliveries=found)
    else:
        retried = Retried(documents=steps.retry_all(connection, found, now=now))
    order_ids = orders_of(connection, retried)
    message = Message("What failed is tried again, with all that failed for the same reason.")
    entries = [AuditEntry(shop_id, now, by, "tried_again", message, order_id) for order_id in order_ids]
    audit_trail.add_all(connection, entries)
    return retried


def orders_of(connection: Connection, retried: Retried) -> tuple[int, ...]:
    of_deliveries = select(jobs.c.order_id).where(jobs.c.job_id.in_(retried.deliveries))
    of_documents = select(documents_table.c.order_id).where(documents_table.c.document_id.in_(retried.documents))
    found = {*connection.execute(of_deliveries).scalars(), *connection.execute(of_documents).scalars()}
    return tuple(sorted(order_id for order_id in found if order_id is not None))


def replay_delivery(connection: Connection, shop_id: str, delivery_id: int, *, by: str, now: datetime) -> Retried:
    """Process a stored delivery as if it came in now. Where the order can be fetched, its present state counts.

    Raises Rejected when its body has been forgotten (90 days).
    """
    delivery = delivery_of(connection, shop_id, delivery_id)
    if delivery.body is None or delivery.order_id is None:
        raise Rejected(
            "The body of this delivery is no longer stored, or names no order; fetch the order again instead.",
            code="body_deleted",
        )
    new_id = deliveries.add(
        connection,
        shop_id=shop_id,
        source=PERSON,
        topic=delivery.topic,
        order_id=delivery.order_id,
        body=delivery.body,
        headers=delivery.headers,
        now=now,
    )
    message = Message("The delivery of {received_at} UTC is processed again.", received_at=delivery.received_at)
    audit_trail.add(connection, AuditEntry(shop_id, now, by, "replayed", message, order_id=delivery.order_id))
    return Retried(deliveries=(new_id,))


def process_again(connection: Connection, shop_id: str, order_id: int, *, by: str, now: datetime) -> Retried:
    """Fetch an order, and make what is due. Also for an order that was never delivered."""
    new_id = deliveries.add(
        connection, shop_id=shop_id, source=PERSON, topic="order.updated", order_id=order_id, body=b"", now=now
    )
    event = AuditEntry(shop_id, now, by, "fetch_requested", Message("The order is fetched again."), order_id=order_id)
    audit_trail.add(connection, event)
    return Retried(deliveries=(new_id,))


def ignore_order(connection: Connection, shop_id: str, order_id: int, *, by: str, now: datetime) -> Ignored:
    """A person says that this order needs nothing: failures are closed, drafts discarded, flags ignored.

    All of it stays in the audit trail. A flag comes back when its message changes; `make_document` still makes documents by hand.
    """
    counters.lock(connection, shop_id)
    closed_deliveries = deliveries.close_failed(
        connection, shop_id, order_id, code="ignored", message=Message("{by} says: nothing to do.", by=by), now=now
    )
    failed = [step.step_id for step in steps_of_order(connection, shop_id, order_id, state="failed")]
    closed_steps = steps.close(
        connection, failed, code="ignored", message=Message("{by} says: nothing to do.", by=by), now=now
    )
    _, open_drafts = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    for draft in open_drafts:
        documents.end_draft(
            connection, shop_id, cause=draft.draft.cause, order_key=draft.draft.order_key, state="discarded", now=now
        )
    ignored = Ignored(
        closed_deliveries, closed_steps, len(open_drafts), orders.ignore_flags(connection, shop_id, order_id)
    )
    if ignored == Ignored(0, 0, 0, 0):
        raise Rejected(
            "Nothing about order {order_id} waits for a person.", order_id=order_id, code="nothing_to_ignore"
        )
    message = Message("{by} says that this order needs nothing ({counts}).", by=by, counts=describe_ignored(ignored))
    audit_trail.add(connection, AuditEntry(shop_id, now, by, "ignored", message, order_id=order_id))
    return ignored


def describe_ignored(ignored: Ignored) -> tuple[Message, ...]:
    counts = (
        (
            ignored.deliveries,
            Message("1 failed delivery"),
            Message("{count} failed deliveries", count=ignored.deliveries),
        ),
        (ignored.steps, Message("1 failed step"), Message("{count} failed steps", count=ignored.steps)),
        (ignored.drafts, Message("1 draft"), Message("{count} drafts", count=ignored.drafts)),
        (ignored.flags, Message("1 notice"), Message("{count} notices", count=ignored.flags)),
    )
    return tuple(one if count == 1 else several for count, one, several in counts if count)


def steps_of_order(connection: Connection, shop_id: str, order_id: int, *, state: str) -> tuple[Step, ...]:
    issued, _ = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    found = steps.of_documents(connection, [document.document_id for document in issued])
    return tuple(step for of_one in found.values() for step in of_one.values() if step.state == state)


def add_to_trail(
    connection: Connection, document: Document, code: str, message: Message, *, by: str, now: datetime
) -> None:
    """Add an entry about *document* to the audit trail."""
    event = AuditEntry(document.shop_id, now, by, code, message, document.draft.order_id, document.document_id)
    audit_trail.add(connection, event)
