"""Whose turn it is: of the work that waits in a queue, what each shop would do next."""

# ruff: noqa: S608  # all statements are written here

from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, column, select, text
from sqlalchemy.engine import Row
from sqlalchemy.sql.expression import TextualSelect

from worker.queue import (
    BACKFILL_ORDER,
    MAIL_DOCUMENT,
    PROCESS_ORDER,
    RUN_BULK_TASK,
    RUN_SLOW_TASK,
    RUN_TASK,
    SEND_DOCUMENT,
    SEND_WEBHOOK_EVENT,
    SERVE_SLOW,
    SETTLE_ORDER,
    WRITE_NOTE,
    QueueName,
)
from worker.store import jobs as job_store
from worker.store.database.made_once import NOW, given, is_one_of_words, is_word, made_once
from worker.store.database.tables import PENDING, jobs
from worker.store.jobs import IS_PENDING, JobKind
from worker.store.worker_share import Load

JOB_NAMES = {
    (JobKind.PROCESS_ORDER, QueueName.ORDERS): PROCESS_ORDER,
    (JobKind.PROCESS_ORDER, QueueName.BULK): BACKFILL_ORDER,
    (JobKind.SETTLE_ORDER, QueueName.CALLS): SETTLE_ORDER,
    (JobKind.STEP, QueueName.PDF): SEND_DOCUMENT,
    (JobKind.STEP, QueueName.MAIL): MAIL_DOCUMENT,
    (JobKind.STEP, QueueName.CALLS): WRITE_NOTE,
    (JobKind.TASK, QueueName.TASKS): RUN_TASK,
    (JobKind.TASK, QueueName.BULK): RUN_BULK_TASK,
    (JobKind.WEBHOOK_EVENT, QueueName.CALLS): SEND_WEBHOOK_EVENT,
}
# The queues of rows: SLOW is where those of any of them wait in Redis that were slow.
QUEUES = tuple(queue for queue in QueueName if queue is not QueueName.SLOW)
BY_DOCUMENT = (SEND_DOCUMENT, MAIL_DOCUMENT, WRITE_NOTE)

# What leaves waits for the first try of the PDFs that go out with it, and the note on the order for that of the mail, but no
# e-invoice does, for it has a day by which it must leave; what failed keeps nothing waiting.
UNTRIED = (
    "earlier.state = 'waiting' AND earlier.attempts = 0 OR earlier.state = 'running' AND earlier.lease_until >= :now"
)
READY = {
    QueueName.MAIL: f"""NOT EXISTS (
      SELECT 1 FROM jobs AS mate JOIN jobs AS earlier ON earlier.document_id = mate.document_id
      WHERE mate.group_id = jobs.group_id AND earlier.kind = 'step' AND earlier.queue = 'pdf' AND ({UNTRIED}))""",
    QueueName.CALLS: f"""(kind <> 'step' OR NOT EXISTS (
      SELECT 1 FROM jobs AS earlier
      WHERE earlier.document_id = jobs.document_id AND earlier.kind = 'step'
        AND (earlier.queue = 'pdf' OR earlier.name = 'mail' AND jobs.name = 'write_back') AND ({UNTRIED})))""",
}


def due_steps(whose: str) -> TextualSelect:
    """The steps of the documents *whose* they are that can be done now, in the order in which they are done; of no queue that somebody has
    paused meanwhile."""
    query = f"""
    SELECT {", ".join(f"jobs.{one.name}" for one in jobs.c)} FROM jobs
    WHERE jobs.kind = 'step' AND jobs.{whose}
      AND (state = 'waiting' AND next_at <= :now OR state = 'running' AND lease_until < :now)
      AND queue NOT IN (SELECT paused_queues.queue FROM paused_queues)
      AND (queue = 'pdf' OR queue = 'mail' AND {READY[QueueName.MAIL]} OR queue = 'calls' AND {READY[QueueName.CALLS]})
    ORDER BY CASE queue WHEN 'pdf' THEN 0 WHEN 'mail' THEN 1 ELSE 2 END, job_id
    """
    return made_once(text(query).bindparams(NOW).columns(*jobs.c))


DUE_OF_DOCUMENT = due_steps("document_id = :document_id")
DUE_OF_DOCUMENTS = due_steps(
    "document_id IN (SELECT document_id FROM documents WHERE documents.shop_id = :shop_id AND documents.order_id = :order_id)"
)


GET = made_once(select(jobs).where(*given(jobs.c.job_id)))
FREE = select(jobs).where(IS_PENDING, job_store.free(NOW)).order_by(jobs.c.job_id)
FREE_JOB = made_once(FREE.where(jobs.c.job_id == bindparam("row_id")))


@dataclass(frozen=True)
class DueJob:
    """Something that can be done now. *row_id* is what the job's argument names: a document for a step, otherwise the job itself."""

    job_id: int
    kind: JobKind
    name: str
    queue: QueueName
    shop_id: str
    order_id: int | None
    document_id: int | None
    next_at: datetime

    @property
    def row_id(self) -> int:
        return self.document_id if self.kind is JobKind.STEP and self.document_id is not None else self.job_id

    @property
    def job(self) -> tuple[str, int]:
        """The job in Redis that stands for it."""
        return JOB_NAMES[self.kind, self.queue], self.row_id

    def job_in(self, load: Load) -> tuple[str, int]:
        """The same, or the one in the slow queue where its shop is slow."""
        if not load.is_slow(self.shop_id, self.queue):
            return self.job
        return RUN_SLOW_TASK if self.kind is JobKind.TASK else SERVE_SLOW, self.job_id


def first_of_each_shop(connection: Connection, queue: QueueName, *, now: datetime) -> dict[str, int]:
    """By shop, the id of the job of *queue* that it would do next; shops in the order of their ids."""
    return dict(sorted(first_of_queues(connection, (queue,), now=now)[queue].items()))


def first_of_queues(
    connection: Connection, queues: tuple[QueueName, ...], *, now: datetime
) -> dict[QueueName, dict[str, int]]:
    """By queue and shop, the id of the job that it would do next; asked in one statement."""
    found: dict[QueueName, dict[str, int]] = {queue: {} for queue in queues}
    for queue, shop_id, job_id in connection.execute(firsts(queues), {"now": now}):
        found[QueueName(queue)].setdefault(shop_id, job_id)
    return found


@cache
def firsts(queues: tuple[QueueName, ...]) -> TextualSelect:
    """Made once: a statement costs more to build than to run."""
    query = text(" UNION ALL ".join(map(first_in, queues)))
    return made_once(query.bindparams(NOW).columns(column("queue"), column("shop_id"), column("job_id")))


def first_in(queue: QueueName) -> str:
    """From shop to shop through the index, so that a backlog of thousands costs no more than one job."""
    waiting = f"queue = '{queue}' AND state = 'waiting' AND {PENDING}"
    of_shop, in_order = f"{waiting} AND shop_id = shop.shop_id", "ORDER BY next_at, job_id LIMIT 1"
    can_be_done = f"next_at <= :now AND {READY.get(queue, 'true')}"
    return f"""
    SELECT '{queue}' AS queue, shop_id, job_id FROM (
      WITH RECURSIVE shop(shop_id) AS (
        SELECT min(shop_id) FROM jobs WHERE {waiting}
        UNION ALL
        SELECT (SELECT min(shop_id) FROM jobs WHERE {waiting} AND shop_id > shop.shop_id)
        FROM shop WHERE shop.shop_id IS NOT NULL
      ), first(shop_id, job_id) AS (
        SELECT shop.shop_id, COALESCE(
          (SELECT job_id FROM jobs WHERE {of_shop} AND of_many = false AND {can_be_done} {in_order}),
          (SELECT job_id FROM jobs WHERE {of_shop} AND of_many = true AND {can_be_done} {in_order})
        )
        FROM shop WHERE shop.shop_id IS NOT NULL
      )
      SELECT shop_id, job_id FROM first WHERE job_id IS NOT NULL
      UNION ALL
      SELECT shop_id, min(job_id) FROM jobs
      WHERE queue = '{queue}' AND state = 'running' AND {PENDING} AND lease_until < :now GROUP BY shop_id
    ) AS of_{queue}
    """


def first_slow(connection: Connection, load: Load, *, tasks: bool, now: datetime) -> dict[str, int]:
    """By shop, what it would do next of the work that waits because it was slow lately; *tasks* alone, or all but those."""
    found: dict[str, int] = {}
    kinds = [kind for kind in JobKind if (kind is JobKind.TASK) == tasks]
    for shop_id, queue in sorted(load.slow):
        for due in due_of_shop(connection, shop_id, queue, *kinds, now=now, limit=1):
            found.setdefault(shop_id, due.job_id)
    return found


def due_of_shop(
    connection: Connection, shop_id: str, queue: QueueName, *kinds: JobKind, now: datetime, limit: int
) -> tuple[DueJob, ...]:
    """The first jobs of a shop that can be done now, of some *kinds* or of all. Many deliveries of one order are one job, as are steps
    of one document."""
    found: dict[tuple[JobKind, int], DueJob] = {}
    mine = {"shop_id": shop_id, "now": now, "most": 4 * limit}
    for due in map(as_due_job, connection.execute(due_in(queue, kinds), mine)):
        found.setdefault((due.kind, due.order_id or due.row_id), due)
    return tuple(found.values())[:limit]


@cache
def due_in(queue: QueueName, kinds: tuple[JobKind, ...]) -> Select[Any]:
    """Made once: in a storm every shop is asked about every few seconds."""
    query = select(*(jobs.c[one.name] for one in fields(DueJob)))
    query = query.where(is_word(jobs.c.queue, queue), *given(jobs.c.shop_id), IS_PENDING, job_store.free(NOW))
    if kinds:
        query = query.where(is_one_of_words(jobs.c.kind, kinds))
    if queue in READY:
        query = query.where(text(READY[queue]).bindparams(NOW))
    most = bindparam("most", type_=Integer())
    return made_once(query.order_by(jobs.c.of_many, jobs.c.next_at, jobs.c.job_id).limit(most))


def find_due(connection: Connection, name: str, row_id: int, *, now: datetime) -> DueJob | None:
    """What the job *name* of *row_id* stands for, if it can be done now; of a document a step of its own, else the first of all."""
    if name not in BY_DOCUMENT:
        row = connection.execute(FREE_JOB, {"row_id": row_id, "now": now}).first()
        return as_due_job(row) if row is not None else None
    found = [as_due_job(row) for row in connection.execute(DUE_OF_DOCUMENT, {"document_id": row_id, "now": now})]
    return next((due for due in found if due.job[0] == name), None) or next(iter(found), None)


def due_after(connection: Connection, done: DueJob, *, now: datetime) -> list[DueJob]:
    """The steps that can be done now of the documents of the order that was processed, or of the document that a step was done of."""
    if done.kind is JobKind.STEP:
        found = connection.execute(DUE_OF_DOCUMENT, {"document_id": done.document_id, "now": now})
    else:
        found = connection.execute(DUE_OF_DOCUMENTS, {"shop_id": done.shop_id, "order_id": done.order_id, "now": now})
    return [as_due_job(row) for row in found]


def get(connection: Connection, job_id: int) -> DueJob:
    return as_due_job(connection.execute(GET, {"job_id": job_id}).one())


def as_due_job(row: Row[Any]) -> DueJob:
    return DueJob(
        row.job_id,
        JobKind(row.kind),
        row.name,
        QueueName(row.queue),
        row.shop_id,
        row.order_id,
        row.document_id,
        row.next_at,
    )
