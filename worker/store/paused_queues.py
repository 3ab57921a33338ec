"""The queues of which nothing is begun until somebody resumes them: what waits in them waits in its rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from worker.domain.actor import Actor
from worker.message import Message
from worker.queue import QueueName
from worker.store import audit_trail
from worker.store.database.made_once import made_once
from worker.store.database.rows import insert_into, read_row
from worker.store.database.tables import paused_queues

# What the queues of rows are called; SLOW holds rows of all of them.
QUEUE_LABELS = {
    QueueName.MAIL: Message("Mails and reminders"),
    QueueName.PDF: Message("PDFs and e-invoices"),
    QueueName.ORDERS: Message("Orders to fetch and invoice"),
    QueueName.CALLS: Message("Peppol, notes and reports to programs"),
    QueueName.TASKS: Message("What pages ask for"),
    QueueName.BULK: Message("Older orders, exports and checks"),
}
# Made once: a statement costs more to build than to run.
NAMES = made_once(select(paused_queues.c.queue))


@dataclass(frozen=True)
class PausedQueue:
    """*paused_by*: who paused it, as the audit trail names people."""

    queue: QueueName
    since: datetime
    paused_by: str


def names(connection: Connection) -> frozenset[QueueName]:
    return frozenset(map(QueueName, connection.execute(NAMES).scalars()))


def every(connection: Connection) -> dict[QueueName, PausedQueue]:
    """Each paused queue, by its name; the one that is paused for the longest first."""
    rows = connection.execute(select(paused_queues).order_by(paused_queues.c.since, paused_queues.c.queue))
    return {QueueName(row.queue): read_row(PausedQueue, row, queue=QueueName(row.queue)) for row in rows}


def pause(connection: Connection, queue: QueueName, *, by: Actor) -> bool:
    """Begin nothing more of *queue*; what a worker has begun it ends. False where it is paused already."""
    row = insert_into(connection, paused_queues).values(queue=queue, since=by.now, paused_by=by.name)
    if not connection.execute(row.on_conflict_do_nothing(index_elements=("queue",))).rowcount:
        return False
    message = Message(
        "“{queue}” was paused in all shops: nothing of it is begun until it is resumed.", queue=QUEUE_LABELS[queue]
    )
    audit_trail.note(connection, None, "queue_paused", message, by=by)
    return True


def resume(connection: Connection, queue: QueueName, *, by: Actor) -> bool:
    """Go on with *queue*: the scheduler enqueues what waited. False where it is not paused."""
    if not connection.execute(delete(paused_queues).where(paused_queues.c.queue == queue)).rowcount:
        return False
    message = Message("“{queue}” was resumed in all shops.", queue=QUEUE_LABELS[queue])
    audit_trail.note(connection, None, "queue_resumed", message, by=by)
    return True
