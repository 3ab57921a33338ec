"""What a person decides that only changes rows: the bridge may do it itself, and rings with what comes back.

Each takes the shop that the person may act for: what belongs to another shop is unknown here. Each is written on the trail
under the person's name *by*. Call inside `store.write()`; after the commit ring `queue.LOOK_AT_ORDER` for each id in
*looks* and `queue.DELIVER` for each in *documents*. What is not rung for is found by the sweep.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select, update

from worker.domain.document import Document, Kind, StoredDraft
from worker.errors import Rejected
from worker.net import document_link
from worker.settings import Settings
from worker.store import audit_trail, counters, deliveries, documents, orders, steps
from worker.store.audit_trail import AuditEntry
from worker.store.database.tables import deliveries as deliveries_table
from worker.store.database.tables import documents as documents_table
from worker.store.database.tables import marks
from worker.store.database.tables import steps as steps_table
from worker.store.deliveries import Delivery
from worker.store.steps import Step, StepName

# The source of a delivery that a person asked for.
PERSON = "person"
# What failed, for `retry_failed`: looking at an order, or one of the steps of a document.
PROCESS_ORDER = "process_order"


@dataclass(frozen=True)
class Retried:
    """What is tried again, to ring for: *looks* are ids of deliveries, *documents* of documents."""

    deliveries: tuple[int, ...] = ()
    documents: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        return len(self.deliveries) + len(self.documents)


@dataclass(frozen=True)
class Ignored:
    """How much of an order no longer asks for a person."""

    deliveries: int
    steps: int
    drafts: int
    flags: int


def document_of(connection: Connection, shop_id: str, document_id: int) -> Document:
    """A document of this shop. Raises Rejected when there is none, or it is another shop's: nobody learns which."""
    found = documents.find(connection, document_id)
    if found is None or found.shop_id != shop_id:
        raise Rejected(f"There is no document with id {document_id}.", code="document_unknown")
    return found


def draft_of(connection: Connection, shop_id: str, draft_id: int) -> StoredDraft:
    """A waiting or discarded draft of this shop. Raises Rejected when there is none, or it has been issued."""
    stored = documents.get_draft(connection, draft_id)
    if stored.shop_id != shop_id:
        raise Rejected(f"There is no draft with id {draft_id} any more.", code="draft_unknown")
    return stored


def delivery_of(connection: Connection, shop_id: str, delivery_id: int) -> Delivery:
    found = deliveries.find(connection, delivery_id)
    if found is None or found.shop_id != shop_id:
        raise Rejected(f"There is no delivery with id {delivery_id}.", code="delivery_unknown")
    return found


# Drafts and documents


def discard_draft(connection: Connection, shop_id: str, draft_id: int, *, by: str, now: datetime) -> StoredDraft:
    """Discard a draft: its cause does not come back by itself. Raises Rejected when it is gone."""
    stored = draft_of(connection, shop_id, draft_id)
    draft = stored.draft
    # Under the lock, so that nobody issues it in the same moment.
    counters.lock(connection, shop_id)
    ended = documents.end_draft(
        connection, shop_id, cause=draft.cause, order_key=draft.order_key, state="discarded", now=now
    )
    if not ended:
        raise Rejected(f"The draft for order {draft.order_number} does not wait any more.", code="draft_unknown")
    message = f"The draft of the {kind_name(draft.kind)} was discarded."
    audit_trail.add(connection, AuditEntry(shop_id, now, by, "discarded", message, draft.order_id))
    return stored


def send_again(connection: Connection, shop_id: str, document_id: int, *, by: str, now: datetime) -> Document:
    """Mail an issued document to its customer, for the first time or again; ring `queue.DELIVER` with its id.

    Raises Rejected while it is being mailed. To another address: the errand `send_again` with "to".
    """
    document = document_of(connection, shop_id, document_id)
    if StepName.MAIL in steps.of_document(connection, document_id):
        if not steps.retry(connection, document_id, StepName.MAIL, now=now):
            raise Rejected(f"{document.number} is being mailed at this moment.", code="mail_under_way")
    else:
        steps.plan(
            connection,
            shop_id=shop_id,
            document_id=document_id,
            names=(StepName.MAIL,),
            mail_group=str(uuid.uuid4()),
            now=now,
        )
    add_to_trail(connection, document, "mailed_again", f"{document.number} is mailed again.", by=by, now=now)
    return document


def mark_paid(connection: Connection, shop_id: str, document_id: int, *, on: date, by: str, now: datetime) -> bool:
    """Mark an invoice as paid on a day; False when it was already. There is no way back but a credit note."""
    document = document_of(connection, shop_id, document_id)
    if document.draft.kind is not Kind.INVOICE:
        raise Rejected(f"{document.number} is not an invoice; only invoices are paid.", code="not_an_invoice")
    marked = documents.mark(connection, document_id, "paid", now=now, on_date=on, by=by)
    if marked:
        add_to_trail(
            connection, document, "paid", f"{document.number} was marked paid on {on:%d-%m-%Y}.", by=by, now=now
        )
    return marked


def revoke_link(connection: Connection, shop_id: str, document_id: int, *, by: str, now: datetime) -> None:
    """End every link to a document that was given so far: whoever holds one sees 403."""
    document = document_of(connection, shop_id, document_id)
    put_mark(connection, document_id, documents.REVOKED, by=by, now=now)
    add_to_trail(connection, document, "link_revoked", f"The links to {document.number} were revoked.", by=by, now=now)


def renew_link(
    connection: Connection, settings: Settings, shop_id: str, document_id: int, *, by: str, now: datetime
) -> str:
    """A new link to a document, good for a year, to hand to its customer. Links that were revoked stay so."""
    document = document_of(connection, shop_id, document_id)
    # A link names whole seconds.
    begins = now.replace(microsecond=0)
    if documents.REVOKED in documents.marks_of(connection, [document_id]).get(document_id, {}):
        put_mark(connection, document_id, documents.RENEWED, by=by, now=begins)
    add_to_trail(connection, document, "link_renewed", f"A new link to {document.number} was made.", by=by, now=now)
    return document_link.url(settings.public_url, settings.secret_keys, document_id, now=begins)


def put_mark(connection: Connection, document_id: int, name: str, *, by: str, now: datetime) -> None:
    """Mark a document with this moment, whatever the moment of an earlier mark of that name."""
    mine = (marks.c.document_id == document_id, marks.c.mark == name)
    if not connection.execute(update(marks).where(*mine).values(marked_at=now, by=by)).rowcount:
        documents.mark(connection, document_id, name, now=now, by=by)


def mark_handed_over(connection: Connection, shop_id: str, document_id: int, *, by: str, now: datetime) -> None:
    """A person handed the document over by another way: its mail, failed or waiting, is no longer to be sent."""
    document = document_of(connection, shop_id, document_id)
    mail = steps.of_document(connection, document_id).get(StepName.MAIL)
    if mail is None or mail.state == "done":
        what = "was mailed already" if mail else "waits for no mail"
        raise Rejected(f"{document.number} {what}; there is nothing to mark.", code="nothing_to_hand_over")
    message = f"{by} handed it over by another way."
    if not steps.close(connection, [mail.step_id], code="handed_over", message=message, now=now):
        raise Rejected(f"{document.number} is being mailed at this moment.", code="mail_under_way")
    add_to_trail(
        connection, document, "handed_over", f"{document.number} was handed over by {by}, not mailed.", by=by, now=now
    )


# Trying again


def retry_order(connection: Connection, shop_id: str, order_id: int, *, by: str, now: datetime) -> Retried:
    """Do once more what failed for an order: looks and steps. What waits or is done stays as it is."""
    delivery_ids = deliveries.retry_failed(connection, shop_id, order_id=order_id, now=now)
    failed = steps_of_order(connection, shop_id, order_id, state="failed")
    for step in failed:
        steps.retry(connection, step.document_id, step.name, now=now)
    if delivery_ids or failed:
        audit_trail.add(
            connection, AuditEntry(shop_id, now, by, "tried_again", "What failed is tried again.", order_id=order_id)
        )
    return Retried(delivery_ids, tuple(step.document_id for step in failed))


def retry_step(
    connection: Connection, shop_id: str, document_id: int, name: StepName, *, by: str, now: datetime
) -> Retried:
    """Do one step of a document once more: one that failed, or waits for a later time. Raises Rejected for others."""
    document = document_of(connection, shop_id, document_id)
    step = steps.of_document(connection, document_id).get(name)
    if step is None or step.state not in ("failed", "waiting"):
        raise Rejected(f"This step of {document.number} neither failed nor waits.", code="nothing_to_retry")
    steps.retry(connection, document_id, name, now=now)
    message = f"{STEP_LABELS[name]} of {document.number} is tried again."
    add_to_trail(connection, document, "tried_again", message, by=by, now=now)
    return Retried(documents=(document_id,))


def retry_delivery(connection: Connection, shop_id: str, delivery_id: int, *, by: str, now: datetime) -> Retried:
    """Look once more at what one delivery rang for: one that failed, or waits for a later time."""
    delivery = delivery_of(connection, shop_id, delivery_id)
    if not deliveries.retry_now(connection, [delivery_id], now=now):
        raise Rejected("This delivery neither failed nor waits.", code="nothing_to_retry")
    event = AuditEntry(shop_id, now, by, "tried_again", "The order is looked at again.", order_id=delivery.order_id)
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
    """Let up to *limit* failures of one sort wait again: *what* is `look` or a step's name, *code* its reason.

    Call again, in a transaction of its own, until it gives back none: with *failed_before* at the first call's time, what
    fails anew meanwhile is left alone. The errand `retry_failed` does that.
    """
    if what == PROCESS_ORDER:
        table, key, why, ended = (
            deliveries_table, deliveries_table.c.delivery_id, deliveries_table.c.code, deliveries_table.c.finished_at,
        )  # fmt: skip
    else:
        table, key, why, ended = steps_table, steps_table.c.step_id, steps_table.c.code, steps_table.c.done_at
    mine = [table.c.shop_id == shop_id, table.c.state == "failed", why == code, ended <= failed_before]
    if what != PROCESS_ORDER:
        mine.append(table.c.name == StepName(what))
    found = list(connection.execute(select(key).where(*mine).order_by(key).limit(limit)).scalars())
    if not found:
        return Retried()
    retried = (
        Retried(deliveries=tuple(found))
        if what == PROCESS_ORDER
        else Retried(documents=steps.retry_all(connection, found, now=now))
    )
    if what == PROCESS_ORDER:
        deliveries.retry_now(connection, found, now=now)
    order_ids = orders_of(connection, retried)
    message = "What failed is tried again, with all that failed for the same reason."
    entries = [AuditEntry(shop_id, now, by, "tried_again", message, order_id) for order_id in order_ids]
    audit_trail.add_all(connection, entries)
    return retried


def orders_of(connection: Connection, retried: Retried) -> tuple[int, ...]:
    of_deliveries = select(deliveries_table.c.order_id).where(deliveries_table.c.delivery_id.in_(retried.deliveries))
    of_documents = select(documents_table.c.order_id).where(documents_table.c.document_id.in_(retried.documents))
    found = {*connection.execute(of_deliveries).scalars(), *connection.execute(of_documents).scalars()}
    return tuple(sorted(order_id for order_id in found if order_id is not None))


def replay_delivery(connection: Connection, shop_id: str, delivery_id: int, *, by: str, now: datetime) -> Retried:
    """Treat a kept delivery as if it came in now. Where the shop can be asked it is asked, and what it says now counts.

    Raises Rejected when its body has been forgotten (90 days).
    """
    delivery = delivery_of(connection, shop_id, delivery_id)
    if delivery.body is None or delivery.order_id is None:
        raise Rejected(
            "The body of this delivery is no longer kept, or names no order; let the order be looked at again instead.",
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
    message = f"The delivery of {delivery.received_at:%d-%m-%Y %H:%M:%S} UTC is treated again."
    audit_trail.add(connection, AuditEntry(shop_id, now, by, "replayed", message, order_id=delivery.order_id))
    return Retried(deliveries=(new_id,))


def process_again(connection: Connection, shop_id: str, order_id: int, *, by: str, now: datetime) -> Retried:
    """Ask the shop what an order is now, and make what is due. Also for an order that we never heard of."""
    new_id = deliveries.add(
        connection, shop_id=shop_id, source=PERSON, topic="order.updated", order_id=order_id, body=b"", now=now
    )
    event = AuditEntry(
        shop_id, now, by, "fetch_requested", "The shop is asked about the order again.", order_id=order_id
    )
    audit_trail.add(connection, event)
    return Retried(deliveries=(new_id,))


def ignore_order(connection: Connection, shop_id: str, order_id: int, *, by: str, now: datetime) -> Ignored:
    """A person says that this order needs nothing: what failed is closed, its drafts are discarded, its flags are silent.

    All of it stays on the trail. A flag comes back when it says something else; `make_document` still makes by hand.
    """
    counters.lock(connection, shop_id)
    closed_deliveries = deliveries.close_failed(
        connection, shop_id, order_id, code="ignored", message=f"{by} says: nothing to do.", now=now
    )
    failed = [step.step_id for step in steps_of_order(connection, shop_id, order_id, state="failed")]
    closed_steps = steps.close(connection, failed, code="ignored", message=f"{by} says: nothing to do.", now=now)
    _, open_drafts = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    for draft in open_drafts:
        documents.end_draft(
            connection, shop_id, cause=draft.draft.cause, order_key=draft.draft.order_key, state="discarded", now=now
        )
    ignored = Ignored(
        closed_deliveries, closed_steps, len(open_drafts), orders.ignore_flags(connection, shop_id, order_id)
    )
    if ignored == Ignored(0, 0, 0, 0):
        raise Rejected(f"Nothing about order {order_id} waits for a person.", code="nothing_to_ignore")
    counts = [
        f"{count} {name}{'s' if count > 1 else ''}"
        for count, name in (
            (closed_deliveries, "failed look"), (closed_steps, "failed step"), (len(open_drafts), "draft"), (ignored.flags, "notice"),
        )
        if count
    ]  # fmt: skip
    message = f"{by} says that this order needs nothing ({', '.join(counts)})."
    audit_trail.add(connection, AuditEntry(shop_id, now, by, "ignored", message, order_id=order_id))
    return ignored


STEP_LABELS = {StepName.RENDER: "The PDF", StepName.MAIL: "The mail", StepName.WRITE_BACK: "The note"}


def steps_of_order(connection: Connection, shop_id: str, order_id: int, *, state: str) -> tuple[Step, ...]:
    issued, _ = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    found = steps.of_documents(connection, [document.document_id for document in issued])
    return tuple(step for of_one in found.values() for step in of_one.values() if step.state == state)


def add_to_trail(
    connection: Connection, document: Document, code: str, message: str, *, by: str, now: datetime
) -> None:
    """Write on the trail of *document*."""
    event = AuditEntry(document.shop_id, now, by, code, message, document.draft.order_id, document.document_id)
    audit_trail.add(connection, event)


def kind_name(kind: Kind) -> str:
    return kind.replace("_", " ")
