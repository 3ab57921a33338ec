"""What a person decides that only changes rows: the bridge may do it itself, and rings with what comes back.

Each takes the shop that the person may act for: what belongs to another shop is unknown here. Each is written on the trail
under the person's name *by*. Call inside `store.write()`; after the commit ring `queue.LOOK_AT_ORDER` for each id in
*looks* and `queue.DELIVER` for each in *documents*. What is not rung for is found by the sweep.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select, update

from worker.domain.document import Document, KeptDraft, Kind
from worker.errors import Rejected
from worker.net import document_link
from worker.settings import Settings
from worker.store import audit_trail, counters, deliveries, documents, orders, steps
from worker.store.audit_trail import Event
from worker.store.database.tables import deliveries as deliveries_table
from worker.store.database.tables import documents as documents_table
from worker.store.database.tables import events, marks
from worker.store.database.tables import steps as steps_table
from worker.store.deliveries import Delivery
from worker.store.steps import Step, StepName

# The source of a delivery that a person asked for.
PERSON = "person"
# What failed, for `retry_failed`: looking at an order, or one of the steps of a document.
LOOK = "look"


@dataclass(frozen=True)
class Again:
    """What is tried again, to ring for: *looks* are ids of deliveries, *documents* of documents."""

    looks: tuple[int, ...] = ()
    documents: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        return len(self.looks) + len(self.documents)


@dataclass(frozen=True)
class Ignored:
    """How much of an order no longer asks for a person."""

    looks: int
    steps: int
    drafts: int
    flags: int


def document_of(connection: Connection, shop_id: str, document_id: int) -> Document:
    """A document of this shop. Raises Rejected when there is none, or it is another shop's: nobody learns which."""
    found = documents.find(connection, document_id)
    if found is None or found.shop_id != shop_id:
        raise Rejected(f"There is no document with id {document_id}.", code="document_unknown")
    return found


def draft_of(connection: Connection, shop_id: str, draft_id: int) -> KeptDraft:
    """A waiting or discarded draft of this shop. Raises Rejected when there is none, or it has been issued."""
    kept = documents.get_draft(connection, draft_id)
    if kept.shop_id != shop_id:
        raise Rejected(f"There is no draft with id {draft_id} any more.", code="draft_unknown")
    return kept


def delivery_of(connection: Connection, shop_id: str, delivery_id: int) -> Delivery:
    found = deliveries.find(connection, delivery_id)
    if found is None or found.shop_id != shop_id:
        raise Rejected(f"There is no delivery with id {delivery_id}.", code="delivery_unknown")
    return found


# Drafts and documents


def discard_draft(connection: Connection, shop_id: str, draft_id: int, *, by: str, now: datetime) -> KeptDraft:
    """Discard a draft: its cause does not come back by itself. Raises Rejected when it is gone."""
    kept = draft_of(connection, shop_id, draft_id)
    draft = kept.draft
    # Under the lock, so that nobody issues it in the same moment.
    counters.lock(connection, shop_id)
    ended = documents.end_draft(
        connection, shop_id, cause=draft.cause, order_key=draft.order_key, state="discarded", now=now
    )
    if not ended:
        raise Rejected(f"The draft for order {draft.order_number} does not wait any more.", code="draft_unknown")
    sentence = f"The draft of the {named(draft.kind)} was discarded."
    audit_trail.add(connection, Event(shop_id, now, by, "discarded", sentence, draft.order_id))
    return kept


def send_again(connection: Connection, shop_id: str, document_id: int, *, by: str, now: datetime) -> Document:
    """Mail an issued document to its customer, for the first time or again; ring `queue.DELIVER` with its id.

    Raises Rejected while it is being mailed. To another address: the errand `send_again` with "to".
    """
    document = document_of(connection, shop_id, document_id)
    if StepName.MAIL in steps.of_document(connection, document_id):
        if not steps.again(connection, document_id, StepName.MAIL, now=now):
            raise Rejected(f"{document.number} is being mailed at this moment.", code="mail_under_way")
    else:
        steps.plan(
            connection,
            shop_id=shop_id,
            document_id=document_id,
            names=(StepName.MAIL,),
            together=str(uuid.uuid4()),
            now=now,
        )
    record(connection, document, "sent_again", f"{document.number} is mailed again.", by=by, now=now)
    return document


def mark_paid(connection: Connection, shop_id: str, document_id: int, *, on: date, by: str, now: datetime) -> bool:
    """Mark an invoice as paid on a day; False when it was already. There is no way back but a credit note."""
    document = document_of(connection, shop_id, document_id)
    if document.draft.kind is not Kind.INVOICE:
        raise Rejected(f"{document.number} is not an invoice; only invoices are paid.", code="not_an_invoice")
    marked = documents.mark(connection, document_id, "paid", now=now, on_date=on, by=by)
    if marked:
        record(connection, document, "paid", f"{document.number} was marked paid on {on:%d-%m-%Y}.", by=by, now=now)
    return marked


def revoke_link(connection: Connection, shop_id: str, document_id: int, *, by: str, now: datetime) -> None:
    """End every link to a document that was given so far: whoever holds one sees 403."""
    document = document_of(connection, shop_id, document_id)
    put_mark(connection, document_id, documents.REVOKED, by=by, now=now)
    record(connection, document, "link_revoked", f"The links to {document.number} were revoked.", by=by, now=now)


def renew_link(
    connection: Connection, settings: Settings, shop_id: str, document_id: int, *, by: str, now: datetime
) -> str:
    """A new link to a document, good for a year, to hand to its customer. Links that were revoked stay so."""
    document = document_of(connection, shop_id, document_id)
    # A link names whole seconds.
    begins = now.replace(microsecond=0)
    if documents.REVOKED in documents.marks_of(connection, [document_id]).get(document_id, {}):
        put_mark(connection, document_id, documents.RENEWED, by=by, now=begins)
    record(connection, document, "link_renewed", f"A new link to {document.number} was made.", by=by, now=now)
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
    sentence = f"{by} handed it over by another way."
    if not steps.close(connection, [mail.step_id], code="handed_over", sentence=sentence, now=now):
        raise Rejected(f"{document.number} is being mailed at this moment.", code="mail_under_way")
    record(
        connection, document, "handed_over", f"{document.number} was handed over by {by}, not mailed.", by=by, now=now
    )


# Trying again


def retry_order(connection: Connection, shop_id: str, order_id: int, *, by: str, now: datetime) -> Again:
    """Do once more what failed for an order: looks and steps. What waits or is done stays as it is."""
    looks = deliveries.wait_again(connection, shop_id, order_id=order_id, now=now)
    failed = steps_of_order(connection, shop_id, order_id, state="failed")
    for step in failed:
        steps.again(connection, step.document_id, step.name, now=now)
    if looks or failed:
        audit_trail.add(
            connection, Event(shop_id, now, by, "tried_again", "What failed is tried again.", order_id=order_id)
        )
    return Again(looks, tuple(step.document_id for step in failed))


def retry_step(
    connection: Connection, shop_id: str, document_id: int, name: StepName, *, by: str, now: datetime
) -> Again:
    """Do one step of a document once more: one that failed, or waits for a later time. Raises Rejected for others."""
    document = document_of(connection, shop_id, document_id)
    step = steps.of_document(connection, document_id).get(name)
    if step is None or step.state not in ("failed", "waiting"):
        raise Rejected(f"This step of {document.number} neither failed nor waits.", code="nothing_to_retry")
    steps.again(connection, document_id, name, now=now)
    sentence = f"{WORDS_OF_STEPS[name]} of {document.number} is tried again."
    record(connection, document, "tried_again", sentence, by=by, now=now)
    return Again(documents=(document_id,))


def retry_delivery(connection: Connection, shop_id: str, delivery_id: int, *, by: str, now: datetime) -> Again:
    """Look once more at what one delivery rang for: one that failed, or waits for a later time."""
    delivery = delivery_of(connection, shop_id, delivery_id)
    if not deliveries.now_again(connection, [delivery_id], now=now):
        raise Rejected("This delivery neither failed nor waits.", code="nothing_to_retry")
    event = Event(shop_id, now, by, "tried_again", "The order is looked at again.", order_id=delivery.order_id)
    audit_trail.add(connection, event)
    return Again(looks=(delivery_id,))


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
) -> Again:
    """Let up to *limit* failures of one sort wait again: *what* is `look` or a step's name, *code* its reason.

    Call again, in a transaction of its own, until it gives back none: with *failed_before* at the first call's time, what
    fails anew meanwhile is left alone. The errand `retry_failed` does that.
    """
    if what == LOOK:
        table, key, why, ended = (
            deliveries_table, deliveries_table.c.delivery_id, deliveries_table.c.outcome_code, deliveries_table.c.finished_at,
        )  # fmt: skip
    else:
        table, key, why, ended = steps_table, steps_table.c.step_id, steps_table.c.reason_code, steps_table.c.done_at
    mine = [table.c.shop_id == shop_id, table.c.state == "failed", why == code, ended <= failed_before]
    if what != LOOK:
        mine.append(table.c.name == StepName(what))
    found = list(connection.execute(select(key).where(*mine).order_by(key).limit(limit)).scalars())
    if not found:
        return Again()
    again = Again(looks=tuple(found)) if what == LOOK else Again(documents=steps.all_again(connection, found, now=now))
    if what == LOOK:
        deliveries.now_again(connection, found, now=now)
    told = orders_of(connection, again)
    sentence = "What failed is tried again, with all that failed for the same reason."
    rows = [vars(Event(shop_id, now, by, "tried_again", sentence, order_id)) for order_id in told]
    if rows:
        connection.execute(insert(events), rows)
    return again


def orders_of(connection: Connection, again: Again) -> tuple[int, ...]:
    looked = select(deliveries_table.c.order_id).where(deliveries_table.c.delivery_id.in_(again.looks))
    made = select(documents_table.c.order_id).where(documents_table.c.document_id.in_(again.documents))
    found = {*connection.execute(looked).scalars(), *connection.execute(made).scalars()}
    return tuple(sorted(order_id for order_id in found if order_id is not None))


def replay_delivery(connection: Connection, shop_id: str, delivery_id: int, *, by: str, now: datetime) -> Again:
    """Treat a kept delivery as if it came in now. Where the shop can be asked it is asked, and what it says now counts.

    Raises Rejected when its body has been forgotten (90 days).
    """
    delivery = delivery_of(connection, shop_id, delivery_id)
    if delivery.body is None or delivery.order_id is None:
        raise Rejected(
            "The body of this delivery is no longer kept, or names no order; let the order be looked at again instead.",
            code="body_forgotten",
        )
    look = deliveries.keep(
        connection,
        shop_id=shop_id,
        source=PERSON,
        topic=delivery.topic,
        order_id=delivery.order_id,
        body=delivery.body,
        headers=delivery.headers,
        now=now,
    )
    sentence = f"The delivery of {delivery.received_at:%d-%m-%Y %H:%M:%S} UTC is treated again."
    audit_trail.add(connection, Event(shop_id, now, by, "replayed", sentence, order_id=delivery.order_id))
    return Again(looks=(look,))


def look_again(connection: Connection, shop_id: str, order_id: int, *, by: str, now: datetime) -> Again:
    """Ask the shop what an order is now, and make what is due. Also for an order that we never heard of."""
    look = deliveries.keep(
        connection, shop_id=shop_id, source=PERSON, topic="order.updated", order_id=order_id, body=b"", now=now
    )
    event = Event(shop_id, now, by, "asked_again", "The shop is asked about the order again.", order_id=order_id)
    audit_trail.add(connection, event)
    return Again(looks=(look,))


def ignore(connection: Connection, shop_id: str, order_id: int, *, by: str, now: datetime) -> Ignored:
    """A person says that this order needs nothing: what failed is closed, its drafts are discarded, its flags are silent.

    All of it stays on the trail. A flag comes back when it says something else; `make_document` still makes by hand.
    """
    counters.lock(connection, shop_id)
    looks = deliveries.close_failed(
        connection, shop_id, order_id, code="ignored", sentence=f"{by} says: nothing to do.", now=now
    )
    failed = [step.step_id for step in steps_of_order(connection, shop_id, order_id, state="failed")]
    closed = steps.close(connection, failed, code="ignored", sentence=f"{by} says: nothing to do.", now=now)
    _, kept = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    for draft in kept:
        documents.end_draft(
            connection, shop_id, cause=draft.draft.cause, order_key=draft.draft.order_key, state="discarded", now=now
        )
    ignored = Ignored(looks, closed, len(kept), orders.silence(connection, shop_id, order_id))
    if ignored == Ignored(0, 0, 0, 0):
        raise Rejected(f"Nothing about order {order_id} waits for a person.", code="nothing_to_ignore")
    parts = [
        f"{count} {name}{'s' if count > 1 else ''}"
        for count, name in (
            (looks, "failed look"), (closed, "failed step"), (len(kept), "draft"), (ignored.flags, "notice"),
        )
        if count
    ]  # fmt: skip
    sentence = f"{by} says that this order needs nothing ({', '.join(parts)})."
    audit_trail.add(connection, Event(shop_id, now, by, "ignored", sentence, order_id=order_id))
    return ignored


WORDS_OF_STEPS = {StepName.RENDER: "The PDF", StepName.MAIL: "The mail", StepName.WRITE_BACK: "The note"}


def steps_of_order(connection: Connection, shop_id: str, order_id: int, *, state: str) -> tuple[Step, ...]:
    made, _ = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    found = steps.of_documents(connection, [document.document_id for document in made])
    return tuple(step for of_one in found.values() for step in of_one.values() if step.state == state)


def record(connection: Connection, document: Document, code: str, sentence: str, *, by: str, now: datetime) -> None:
    """Write on the trail of *document*."""
    event = Event(document.shop_id, now, by, code, sentence, document.draft.order_id, document.document_id)
    audit_trail.add(connection, event)


def named(kind: Kind) -> str:
    return kind.replace("_", " ")
