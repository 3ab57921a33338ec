"""Tasks: what a person asked for on a page and only the worker can do. A row, a job, an answer on the row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.engine import Row

from worker.errors import Rejected
from worker.message import NO_MESSAGE, read_message
from worker.queue import QueueName
from worker.store import jobs as job_store
from worker.store.database import json_codec
from worker.store.database.made_once import given, is_word
from worker.store.database.rows import read_row
from worker.store.database.tables import jobs, shops, tasks
from worker.store.files.temporary import TemporaryFile
from worker.store.jobs import IS_PENDING, Claim, JobEnd, JobKind, Leased, NewJob


@dataclass(frozen=True)
class Task:
    """*state* is waiting, running, done or failed; *answer* is what came of it; until then how far it is, or empty."""

    task_id: int
    shop_id: str
    kind: str
    argument: Mapping[str, Any]
    requested_by: str
    requested_at: datetime
    state: str
    answer: Mapping[str, Any]
    attempts: int = 0


def file_of(task: Task, *, now: datetime) -> TemporaryFile | None:
    """What it made, until that expires. Raises Rejected where its answer names none of its shop's."""
    if task.state != "done" or "file" not in task.answer:
        return None
    found = TemporaryFile.from_json(task.answer["file"], shop_id=task.shop_id)
    return found if found.is_kept(now) else None


@dataclass(frozen=True)
class LeasedTask(Leased):
    """A task that belongs to the caller until the lease runs out."""

    task: Task


MOST_WAITING = 100
IS_TASK = is_word(jobs.c.kind, JobKind.TASK)
CLAIM = Claim(IS_TASK, *given(jobs.c.job_id, prefix="of_"))
# Tasks that may take minutes: what else pages ask for does not wait behind them.
LONG = frozenset(
    (
        "backfill",
        "close_shop",
        "do_many",
        "erase_customer",
        "export_shop",
        "reconcile",
        "retry_failed",
        "verify",
        "zip_documents",
        "zip_period",
    )
)


@dataclass(frozen=True)
class TaskRequest:
    """What is asked for, and by whom."""

    shop_id: str
    kind: str
    argument: Mapping[str, Any]
    requested_by: str


def request(connection: Connection, asked: TaskRequest, *, now: datetime) -> int:
    """Write down what is asked for and return the task's id, to enqueue and to look at again.

    Raises Rejected where a hundred of the shop wait already: whoever asks without end fills no disk.
    """
    refuse_flood(connection, asked.shop_id)
    queue = QueueName.BULK if asked.kind in LONG else QueueName.TASKS
    task_id = job_store.add(connection, NewJob(JobKind.TASK, asked.kind, queue, asked.shop_id), now=now)
    connection.execute(
        insert(tasks).values(
            task_id=task_id,
            shop_id=asked.shop_id,
            kind=asked.kind,
            argument=_as_json(asked.argument),
            requested_by=asked.requested_by,
            requested_at=now,
        )
    )
    return task_id


def refuse_flood(connection: Connection, shop_id: str) -> None:
    mine = (IS_TASK, IS_PENDING, jobs.c.shop_id == shop_id, jobs.c.state.in_(("waiting", "running")))
    waiting = select(jobs.c.job_id).where(*mine)
    if len(connection.execute(waiting.limit(MOST_WAITING)).all()) == MOST_WAITING:
        raise Rejected(
            "{count} things that were asked for wait already. Wait until they are done.",
            count=MOST_WAITING,
            code="too_many_tasks",
        )


def request_once(connection: Connection, asked: TaskRequest, *, now: datetime, within: timedelta) -> int | None:
    """As `request`, but None where the same was asked for *within* this time: the row is the limit."""
    # The shop's row is locked, so that two who press at the same moment do not both find nothing.
    connection.execute(select(shops.c.shop_id).where(shops.c.shop_id == asked.shop_id).with_for_update(key_share=True))
    earlier = connection.execute(
        select(tasks.c.task_id)
        .where(
            tasks.c.shop_id == asked.shop_id,
            tasks.c.kind == asked.kind,
            tasks.c.argument == _as_json(asked.argument),
            tasks.c.requested_at > now - within,
        )
        .limit(1)
    )
    if earlier.first() is not None:
        return None
    return request(connection, asked, now=now)


def is_waiting(connection: Connection, asked: TaskRequest) -> bool:
    """Whether the same was asked for and is not begun: it will see all that is so by then."""
    mine = (tasks.c.shop_id == asked.shop_id, tasks.c.kind == asked.kind, tasks.c.argument == _as_json(asked.argument))
    waiting = select(tasks.c.task_id).join_from(tasks, jobs, jobs.c.job_id == tasks.c.task_id)
    return connection.execute(waiting.where(*mine, jobs.c.state == "waiting").limit(1)).first() is not None


def find(connection: Connection, task_id: int) -> Task | None:
    found = select(tasks, jobs.c.state, jobs.c.attempts).join_from(tasks, jobs, jobs.c.job_id == tasks.c.task_id)
    row = connection.execute(found.where(tasks.c.task_id == task_id)).one_or_none()
    return as_task(row) if row else None


def take(connection: Connection, task_id: int, *, now: datetime, lease_for: timedelta) -> LeasedTask | None:
    """Lease a task; None when it is finished, put off, or in other hands."""
    leased = CLAIM.take(connection, now=now, lease_for=lease_for, of_job_id=task_id)
    task = find(connection, task_id) if leased else None
    return LeasedTask(leased[0].lease, task.attempts, task.requested_at, task) if task else None


def finish(
    connection: Connection, lease: str, *, now: datetime, answer: Mapping[str, Any], state: str = "done"
) -> None:
    """Close the leased task with its answer; *state* is *skipped* where it was refused."""
    save_answer(connection, lease, answer)
    said = answer.get("message") if state != "done" else None
    message = read_message(said) if isinstance(said, Mapping) else said or NO_MESSAGE
    job_store.finish(connection, lease, JobEnd(state, message=message), now=now)


def continue_later(connection: Connection, lease: str, *, progress: Mapping[str, Any]) -> None:
    """Let the leased task wait for its next slice: others go first."""
    save_answer(connection, lease, progress)
    job_store.put_back(connection, lease)


def save_answer(connection: Connection, lease: str, answer: Mapping[str, Any]) -> None:
    mine = select(jobs.c.job_id).where(jobs.c.lease == lease)
    connection.execute(update(tasks).where(tasks.c.task_id.in_(mine.scalar_subquery())).values(answer=_as_json(answer)))


def report_progress(connection: Connection, task_id: int, progress: Mapping[str, Any]) -> None:
    """Keep how far a running task is, for the page that waits for it."""
    running = select(jobs.c.job_id).where(jobs.c.job_id == task_id, jobs.c.state == "running").exists()
    connection.execute(update(tasks).where(tasks.c.task_id == task_id, running).values(answer=_as_json(progress)))


def of_shop(connection: Connection, shop_id: str, task_id: int) -> Task | None:
    """A task of this shop; None when there is none, or it is another shop's."""
    found = find(connection, task_id)
    return found if found is not None and found.shop_id == shop_id else None


def newest(connection: Connection, shop_id: str, kind: str) -> Task | None:
    """The one of this kind that the shop was asked for last."""
    last = (
        select(tasks.c.task_id)
        .where(tasks.c.shop_id == shop_id, tasks.c.kind == kind)
        .order_by(tasks.c.requested_at.desc(), tasks.c.task_id.desc())
        .limit(1)
    )
    task_id = connection.execute(last).scalar()
    return find(connection, task_id) if task_id is not None else None


def delete_finished(connection: Connection, *, finished_before: datetime, limit: int) -> int:
    """Delete up to *limit* tasks that were finished before then; what they did is on the trail. Returns how many."""
    task_ids = job_store.done_ids(connection, JobKind.TASK, before=finished_before, limit=limit)
    connection.execute(delete(tasks).where(tasks.c.task_id.in_(task_ids)))
    return connection.execute(delete(jobs).where(jobs.c.job_id.in_(task_ids))).rowcount


def as_task(row: Row[Any]) -> Task:
    return read_row(
        Task,
        row,
        argument=json.loads(row.argument),
        # Whoever asked reads of both why it was not done; only one of them is work that failed.
        state="failed" if row.state == "skipped" else row.state,
        answer=json.loads(row.answer or "{}"),
    )


def _as_json(value: Mapping[str, Any]) -> str:
    return json_codec.dump(value)
