"""What a person decides about an order: try again what failed, process it again, replay a delivery, ignore it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from worker.actions import Retried
from worker.actions.roads import end_rests
from worker.domain.actor import Actor
from worker.domain.order_flags import TAKEN_BACK
from worker.errors import Rejected
from worker.message import Message, by_count
from worker.store import audit_trail, counters, deliveries, documents, drafts, order_money, orders, settle_orders, steps
from worker.store.audit_trail import AuditEntry
from worker.store.database.tables import documents as documents_table
from worker.store.database.tables import jobs
from worker.store.deliveries import OTHER_SITE, Delivery, NewDelivery
from worker.store.jobs import JobEnd, JobKind
from worker.store.queries import jobs as job_queries
from worker.store.queries.jobs import JobFilter
from worker.store.steps import Step

# The source of a delivery that a person requested.
PERSON = "person"
UPDATED = "order.updated"


@dataclass(frozen=True)
class Ignored:
    """How much of an order no longer needs a person."""

    deliveries: int
    steps: int
    drafts: int
    flags: int
    settlements: int = 0


def delivery_of(connection: Connection, shop_id: str, delivery_id: int) -> Delivery:
    found = deliveries.find(connection, delivery_id)
    if found is None or found.shop_id != shop_id:
        raise Rejected(
            "Nothing came in under the number {delivery_id}.", delivery_id=delivery_id, code="delivery_unknown"
        )
    return found


def retry_order(connection: Connection, shop_id: str, order_id: int, *, by: Actor, of_many: bool = False) -> Retried:
    """Do once more what failed for an order: deliveries, steps, setting it paid. What waits or is done stays as it is.

    *of_many*: behind what is new, as in each of these.
    """
    delivery_ids = deliveries.retry_order(connection, shop_id, order_id, now=by.now, of_many=of_many)
    failed = failed_steps(connection, shop_id, order_id)
    settlements = settle_orders.retry_order(connection, shop_id, order_id, now=by.now, of_many=of_many)
    end_rests(connection, shop_id, by=by)
    for step in failed:
        steps.retry(connection, step.document_id, step.name, now=by.now, of_many=of_many)
    if delivery_ids or failed or settlements:
        audit_trail.add(
            connection,
            AuditEntry(
                shop_id, by.now, by.name, "tried_again", Message("What failed is tried again."), order_id=order_id
            ),
        )
    documents = tuple(step.document_id for step in failed)
    if of_many:
        return Retried(documents=documents, settlements=settlements, of_many=delivery_ids)
    return Retried(delivery_ids, documents, settlements)


def retry_delivery(
    connection: Connection, shop_id: str, delivery_id: int, *, by: Actor, of_many: bool = False
) -> Retried:
    """Process the order of one delivery once more: one that failed, or waits for a later time."""
    delivery = delivery_of(connection, shop_id, delivery_id)
    if not deliveries.retry_now(connection, [delivery_id], now=by.now, of_many=of_many):
        raise Rejected("This neither failed nor waits.", code="nothing_to_retry")
    end_rests(connection, shop_id, by=by)
    event = AuditEntry(
        shop_id, by.now, by.name, "tried_again", Message("The order is processed again."), order_id=delivery.order_id
    )
    audit_trail.add(connection, event)
    return Retried(of_many=(delivery_id,)) if of_many else Retried(deliveries=(delivery_id,))


def retry_failed(connection: Connection, shop_id: str, failures: JobFilter, *, by: Actor) -> Retried:
    """Let some failed orders, steps or settlements wait again, behind what is new.

    Call again, in a transaction of its own, until it gives back none: with *done_before* at the first call's time, what
    fails anew meanwhile is left alone. The task `retry_failed` does that.
    """
    found = job_queries.job_ids(connection, (shop_id,), failures)
    if not found:
        return Retried()
    end_rests(connection, shop_id, by=by)
    if failures.kind is JobKind.PROCESS_ORDER:
        deliveries.retry_now(connection, found, now=by.now, of_many=True)
        retried = Retried(of_many=found)
    elif failures.kind is JobKind.SETTLE_ORDER:
        retried = Retried(settlements=settle_orders.retry_now(connection, found, now=by.now, of_many=True))
    else:
        retried = Retried(documents=steps.retry_all(connection, found, now=by.now))
    order_ids = orders_of(connection, retried)
    message = Message("What failed is tried again, with all that failed for the same reason.")
    entries = [AuditEntry(shop_id, by.now, by.name, "tried_again", message, order_id) for order_id in order_ids]
    audit_trail.add_all(connection, entries)
    return retried


def orders_of(connection: Connection, retried: Retried) -> tuple[int, ...]:
    of_deliveries = select(jobs.c.order_id).where(jobs.c.job_id.in_(retried.of_many + retried.settlements))
    of_documents = select(documents_table.c.order_id).where(documents_table.c.document_id.in_(retried.documents))
    found = {*connection.execute(of_deliveries).scalars(), *connection.execute(of_documents).scalars()}
    return tuple(sorted(order_id for order_id in found if order_id is not None))


def retry_settlement(connection: Connection, shop_id: str, job_id: int, *, by: Actor) -> Retried:
    """Set an order paid in the shop once more: one that failed, or waits for a later time."""
    order_id = settle_orders.order_of(connection, shop_id, job_id)
    retried = settle_orders.retry_now(connection, [job_id], now=by.now) if order_id is not None else ()
    if not retried:
        raise Rejected("This neither failed nor waits.", code="nothing_to_retry")
    end_rests(connection, shop_id, by=by)
    message = Message("What failed is tried again.")
    audit_trail.add(connection, AuditEntry(shop_id, by.now, by.name, "tried_again", message, order_id=order_id))
    return Retried(settlements=retried)


def replay_delivery(connection: Connection, shop_id: str, delivery_id: int, *, by: Actor) -> Retried:
    """Process a stored delivery as if it came in now. Where the order can be fetched, its present state counts.

    Raises Rejected when its body has been forgotten (90 days).
    """
    delivery = delivery_of(connection, shop_id, delivery_id)
    if delivery.body is None or delivery.order_id is None:
        raise Rejected(
            "What the shop sent then is no longer stored, or names no order; fetch the order again instead.",
            code="body_deleted",
        )
    end_rests(connection, shop_id, by=by)
    new_id = deliveries.add(
        connection,
        NewDelivery(
            shop_id=shop_id,
            source=OTHER_SITE if delivery.is_from_another_site else PERSON,
            topic=delivery.topic,
            order_id=delivery.order_id,
            body=delivery.body,
            headers=delivery.headers,
        ),
        now=by.now,
    )
    message = Message("What came in on {received_at} is processed again.", received_at=delivery.received_at)
    audit_trail.add(connection, AuditEntry(shop_id, by.now, by.name, "replayed", message, order_id=delivery.order_id))
    return Retried(deliveries=(new_id,))


def process_again(connection: Connection, shop_id: str, order_id: int, *, by: Actor) -> Retried:
    """Fetch an order, and make what is due. Also for an order that was never delivered."""
    end_rests(connection, shop_id, by=by)
    return Retried(deliveries=(add_fetch(connection, NewDelivery(shop_id, PERSON, UPDATED, order_id), by=by),))


def process_one_of_many(connection: Connection, shop_id: str, order_id: int, *, by: Actor) -> Retried:
    """As `process_again`, behind what comes in new. Raises Rejected for an order of which nothing came in."""
    if not (orders.find(connection, shop_id, order_id) or deliveries.of_order(connection, shop_id, order_id)):
        raise Rejected(
            "Nothing was received for order {order_id} of this shop yet.", order_id=order_id, code="order_unknown"
        )
    new = NewDelivery(shop_id, PERSON, UPDATED, order_id, of_many=True)
    return Retried(of_many=(add_fetch(connection, new, by=by),))


def add_fetch(connection: Connection, new: NewDelivery, *, by: Actor) -> int:
    message = Message("The order is fetched again.")
    audit_trail.add(
        connection, AuditEntry(new.shop_id, by.now, by.name, "fetch_requested", message, order_id=new.order_id)
    )
    return deliveries.add(connection, new, now=by.now)


def ignore_order(connection: Connection, shop_id: str, order_id: int, *, by: Actor) -> Ignored:
    """A person says that this order needs nothing: failures are closed, drafts discarded, flags ignored.

    All of it stays in the audit trail. A flag comes back when its message changes; `make_document` still makes documents by hand.
    """
    counters.lock(connection, shop_id)
    end = JobEnd(code="ignored", message=Message("{by} says: nothing to do.", by=by.name))
    closed_deliveries = deliveries.close_failed(connection, shop_id, order_id, end, now=by.now)
    closed_settlements = settle_orders.close_failed(connection, shop_id, order_id, end, now=by.now)
    failed = [step.step_id for step in failed_steps(connection, shop_id, order_id)]
    closed_steps = steps.close(connection, failed, code=end.code, message=end.message, now=by.now)
    _, open_drafts = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    for draft in open_drafts:
        drafts.end_draft(connection, shop_id, draft.draft, state="discarded", now=by.now)
    flags = ignore_flags(connection, shop_id, order_id, now=by.now)
    ignored = Ignored(closed_deliveries, closed_steps, len(open_drafts), flags, closed_settlements)
    if ignored == Ignored(0, 0, 0, 0):
        raise Rejected(
            "Nothing about order {order_id} waits for a person.", order_id=order_id, code="nothing_to_ignore"
        )
    message = Message(
        "{by} says that this order needs nothing ({counts}).", by=by.name, counts=describe_ignored(ignored)
    )
    audit_trail.add(connection, AuditEntry(shop_id, by.now, by.name, "ignored", message, order_id=order_id))
    return ignored


def ignore_flags(connection: Connection, shop_id: str, order_id: int, *, now: datetime) -> int:
    """Ignore the order's flags; how many. What waited for them is told now. Where that says that its money is there, the order is looked
    at so that it counts."""
    count = orders.ignore_flags(connection, shop_id, order_id)
    known = orders.find(connection, shop_id, order_id)
    if count and known:
        order_money.flag_excess(connection, known.key)
    if count and known and any(flag.code == TAKEN_BACK for flag in known.ignored_flags):
        deliveries.add(connection, NewDelivery(shop_id, PERSON, UPDATED, order_id), now=now)
    return count


def describe_ignored(ignored: Ignored) -> tuple[Message, ...]:
    counts = (
        (
            ignored.deliveries,
            Message("1 failed report of the shop"),
            Message("{count} failed reports of the shop", count=ignored.deliveries),
        ),
        (ignored.steps, Message("1 failed step"), Message("{count} failed steps", count=ignored.steps)),
        (ignored.drafts, Message("1 draft"), Message("{count} drafts", count=ignored.drafts)),
        (ignored.flags, Message("1 notice"), Message("{count} notices", count=ignored.flags)),
        (ignored.settlements, Message("not set paid"), Message("not set paid")),
    )
    return tuple(by_count(count, one, many) for count, one, many in counts if count)


def failed_steps(connection: Connection, shop_id: str, order_id: int) -> tuple[Step, ...]:
    issued, _ = documents.listing(connection, shop_id=shop_id, order_id=order_id)
    found = steps.of_documents(connection, [document.document_id for document in issued])
    return tuple(step for of_one in found.values() for step in of_one.values() if step.state == "failed")
