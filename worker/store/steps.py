"""What must still be done with an issued document: one job a step, each repeatable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Row, bindparam, insert, literal_column, select, update

from worker.domain.reminder import KIND_ONES
from worker.domain.step import MAIL, STEPS
from worker.message import Message
from worker.store import jobs as job_store
from worker.store.database.made_once import NOW, among, given, made_once
from worker.store.database.rows import read_row
from worker.store.database.tables import jobs
from worker.store.jobs import IS_PENDING, Claim, JobEnd, JobKind, Leased


@dataclass(frozen=True)
class Step:
    """One step of one document. *message* is a sentence for the owner when it waits again or failed.

    *mail_group* of a mail: the documents that share it leave in one mail. *mail_to*: where it goes in place of the address on its document.
    """

    step_id: int
    shop_id: str
    document_id: int
    name: str
    mail_group: str
    mail_to: str
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    code: str
    message: Message
    detail: str
    done_at: datetime | None


@dataclass(frozen=True)
class LeasedSteps(Leased):
    """Steps that belong to the caller until the lease runs out."""

    steps: tuple[Step, ...]


# Mails that may take along those of other documents.
MAILED_TOGETHER = (MAIL, *KIND_ONES)

# In the words of the index.
IS_STEP: ColumnElement[bool] = literal_column("jobs.kind = 'step'")


# Made once: a statement costs more to build than to run.
FREE_NAMES = made_once(select(jobs.c.name).where(IS_STEP, *given(jobs.c.document_id), job_store.free(NOW)))
# Where a mail went once its customer was erased: not the address on its document, and none that anything is mailed to.
ERASED = "-"
GROUP_OF = made_once(select(jobs.c.group_id).where(IS_STEP, *given(jobs.c.document_id, jobs.c.name)))
OF_DOCUMENTS = made_once(select(jobs).where(IS_STEP, among(jobs.c.document_id, "document_ids")))
PLAN = made_once(insert(jobs))
OF_NAME = jobs.c.name == bindparam("of_name")
ONE = Claim(IS_STEP, *given(jobs.c.document_id, prefix="of_"), OF_NAME, one_at_a_time="group_id")
GROUP = Claim(IS_STEP, *given(jobs.c.group_id, prefix="of_"), OF_NAME, one_at_a_time="group_id")


@dataclass(frozen=True)
class StepPlan:
    """The steps to do with a document by *names*, the documents (of one *mail_group*) that go out in its mail, and where that goes
    (*mail_to*) in place of the address on them."""

    names: Sequence[str]
    mail_group: str = ""
    mail_to: str = ""


def plan(connection: Connection, plan: StepPlan, *, shop_id: str, document_id: int, now: datetime) -> None:
    """Write down what must be done with a new document. Call in the transaction that stores it."""
    rows = [
        {
            "kind": JobKind.STEP,
            "name": name,
            "queue": STEPS[name].queue,
            "shop_id": shop_id,
            "document_id": document_id,
            "group_id": plan.mail_group or None if name in MAILED_TOGETHER else None,
            "mail_to": plan.mail_to if name == MAIL else "",
            "state": "waiting",
            "created_at": now,
            "next_at": now,
            "of_many": STEPS[name].gives_way,
        }
        for name in plan.names
    ]
    connection.execute(PLAN, rows)


def of_documents(connection: Connection, document_ids: Sequence[int]) -> dict[int, dict[str, Step]]:
    found: dict[int, dict[str, Step]] = {}
    for row in connection.execute(OF_DOCUMENTS, {"document_ids": document_ids}):
        step = as_step(row)
        found.setdefault(step.document_id, {})[step.name] = step
    return found


def of_document(connection: Connection, document_id: int) -> dict[str, Step]:
    return of_documents(connection, [document_id]).get(document_id, {})


def free_names(connection: Connection, document_id: int, *, now: datetime) -> frozenset[str]:
    """The steps of a document that can be done now."""
    return frozenset(connection.execute(FREE_NAMES, {"document_id": document_id, "now": now}).scalars())


def take(
    connection: Connection, name: str, *, document_id: int, now: datetime, lease_for: timedelta
) -> LeasedSteps | None:
    """Lease one document's step *name*; None when it is done, waits for later, or is in other hands.

    A mail takes along those of its group, all or nothing: while one of them is in other hands, nobody else mails the rest.
    """
    claim, whose = claim_of(connection, name, document_id)
    return as_leased(claim.take(connection, now=now, lease_for=lease_for, **whose))


def take_in_place(
    connection: Connection, name: str, *, document_id: int, now: datetime, lease_for: timedelta
) -> LeasedSteps | None:
    """As `take`, in the place of a job that ends in the same transaction."""
    claim, whose = claim_of(connection, name, document_id)
    return as_leased(claim.take_in_place(connection, now=now, lease_for=lease_for, **whose))


def claim_of(connection: Connection, name: str, document_id: int) -> tuple[Claim, Mapping[str, object]]:
    """What leases a step, and whose it is."""
    group = None
    if name in MAILED_TOGETHER:
        group = connection.execute(GROUP_OF, {"document_id": document_id, "name": name}).scalar()
    if group is not None:
        return GROUP, {"of_group_id": group, "of_name": name}
    return ONE, {"of_document_id": document_id, "of_name": name}


def as_leased(rows: Sequence[Row[Any]]) -> LeasedSteps | None:
    found = tuple(as_step(row) for row in sorted(rows, key=attrgetter("document_id")))
    return LeasedSteps(rows[0].lease, found[0].attempts, found[0].created_at, found) if found else None


def retry(connection: Connection, document_id: int, name: str, *, now: datetime, of_many: bool = False) -> None:
    """Let a step be done once more, and now; but one that is being done.

    What was noted of the last time goes: a mail that is sent again is a new mail, or mailboxes drop it as known. That it
    was tried stays: a note is looked for before it is written again.
    """
    mine = (IS_STEP, jobs.c.document_id == document_id, jobs.c.name == name, jobs.c.state != "running")
    job_store.retry(connection, *mine, now=now, of_many=of_many, **as_if_new(now))


def mail_again(connection: Connection, document_id: int, plan: StepPlan, *, now: datetime) -> bool:
    """As `retry`, the mail of a document: to where *plan* says. To an address of its own it leaves in a mail of its own: what goes out
    with it goes to the address on the documents."""
    mine = (IS_STEP, jobs.c.document_id == document_id, jobs.c.name == MAIL, jobs.c.state != "running")
    group = {"group_id": plan.mail_group} if plan.mail_to else {}
    return bool(job_store.retry(connection, *mine, now=now, mail_to=plan.mail_to, **group, **as_if_new(now)))


def retry_all(connection: Connection, step_ids: Sequence[int], *, now: datetime) -> tuple[int, ...]:
    """As `retry`, for many steps that failed; the documents that they are of. They wait behind what is new."""
    failed = (IS_STEP, jobs.c.job_id.in_(step_ids), jobs.c.state == "failed")
    retried = job_store.retry(connection, *failed, now=now, of_many=True, **as_if_new(now))
    rows = connection.execute(select(jobs.c.document_id).where(jobs.c.job_id.in_(retried)).distinct())
    return tuple(sorted(int(document_id) for document_id in rows.scalars()))


def as_if_new(now: datetime) -> dict[str, Any]:
    return {"attempts": 1, "created_at": now, "code": "", "message": "", "detail": ""}


def wake(connection: Connection, document_id: int, name: str, *, now: datetime) -> None:
    """Let a step that waits for a later time be done now: what it waited for is there. A mail with all that go out in it."""
    group = None
    if name in MAILED_TOGETHER:
        group = connection.execute(GROUP_OF, {"document_id": document_id, "name": name}).scalar()
    whose = jobs.c.document_id == document_id if group is None else jobs.c.group_id == group
    mine = (IS_STEP, whose, jobs.c.name == name, jobs.c.state == "waiting")
    connection.execute(update(jobs).where(*mine).values(next_at=now))


def wake_all(connection: Connection, shop_id: str, name: str, *, now: datetime) -> None:
    """The same for every document of a shop."""
    mine = (IS_STEP, IS_PENDING, jobs.c.shop_id == shop_id, jobs.c.name == name, jobs.c.state == "waiting")
    connection.execute(update(jobs).where(*mine).values(next_at=now))


def end_otherwise(connection: Connection, document_id: int, name: str, end: JobEnd, *, now: datetime) -> None:
    """A step that was done turns out to have failed, or one that failed to have been done."""
    mine = (IS_STEP, jobs.c.document_id == document_id, jobs.c.name == name, jobs.c.state != "running")
    job_store.close(connection, *mine, end=end, now=now)


def close_failed_mail(connection: Connection, document_id: int, end: JobEnd, *, mail_to: str, now: datetime) -> None:
    """A mail that failed has left in another way, to *mail_to*; any other is left alone."""
    mine = (IS_STEP, jobs.c.document_id == document_id, jobs.c.name == MAIL, jobs.c.state == "failed")
    job_store.close(connection, *mine, end=end, now=now, mail_to=mail_to)


def say(connection: Connection, step_id: int, message: Message) -> None:
    """Let a step that ended say *message*."""
    connection.execute(update(jobs).where(IS_STEP, jobs.c.job_id == step_id).values(message=message))


def retry_skipped(connection: Connection, document_id: int, name: str, *, now: datetime) -> None:
    """Let a step be done after all that was not needed before."""
    mine = (IS_STEP, jobs.c.document_id == document_id, jobs.c.name == name, jobs.c.state == "skipped")
    job_store.retry(connection, *mine, now=now, **as_if_new(now))


def close(connection: Connection, step_ids: Sequence[int], *, code: str, message: Message, now: datetime) -> int:
    """End steps that a person takes care of; those at work are left alone. Returns how many were ended."""
    mine = (IS_STEP, jobs.c.job_id.in_(step_ids), jobs.c.state.in_(("waiting", "failed")))
    return job_store.close(connection, *mine, end=JobEnd("skipped", code, message), now=now)


def leave_out(connection: Connection, leased: Leased, step_id: int, end: JobEnd, *, now: datetime) -> None:
    """End one of the leased steps: the mail leaves without its document."""
    job_store.close(connection, jobs.c.lease == leased.lease, jobs.c.job_id == step_id, end=end, now=now)


def still_leased(connection: Connection, leased: LeasedSteps) -> tuple[Step, ...]:
    """Those that were not left out."""
    ids = set(connection.execute(select(jobs.c.job_id).where(jobs.c.lease == leased.lease)).scalars())
    return tuple(step for step in leased.steps if step.step_id in ids)


def mark_as_tried(connection: Connection) -> None:
    """Let every open step count as tried: after a restored backup, what waited then may have been done since."""
    still_open = (IS_STEP, IS_PENDING, jobs.c.state.in_(("waiting", "running")))
    connection.execute(update(jobs).where(*still_open, jobs.c.attempts == 0).values(attempts=1))


def failed(connection: Connection, shop_id: str, *, code: str) -> tuple[Step, ...]:
    """The steps of a shop that ended for the reason *code*."""
    mine = (IS_STEP, IS_PENDING, jobs.c.shop_id == shop_id, jobs.c.state == "failed", jobs.c.code == code)
    rows = connection.execute(select(jobs).where(*mine).order_by(jobs.c.job_id))
    return tuple(as_step(row) for row in rows)


def was_mailed(since: datetime | BindParameter[Any]) -> tuple[ColumnElement[bool], ...]:
    """That a job is a mail that left since then."""
    mail = (jobs.c.kind == JobKind.STEP, jobs.c.name == MAIL)
    return *mail, jobs.c.state == "done", jobs.c.done_at >= since


def as_step(row: Row[Any]) -> Step:
    return read_row(Step, row, step_id=row.job_id, mail_group=row.group_id or "")
