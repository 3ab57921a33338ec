"""Jobs are claimed by one worker at a time, together where they belong together, and free again when their lease is over."""

from datetime import timedelta

from sqlalchemy import select

from tests.support.history import History
from tests.support.issued import NOW
from tests.support.job_counts import job_counts
from worker.domain.step import MAIL, RENDER
from worker.message import NO_MESSAGE, Message
from worker.queue import QueueName
from worker.store import jobs, steps
from worker.store.database.tables import jobs as jobs_table
from worker.store.jobs import JobKind, NewJob
from worker.store.steps import LeasedSteps

LEASE = timedelta(minutes=1)


def take(history: History, name: str, document_id: int) -> LeasedSteps | None:
    with history.store.write() as connection:
        return steps.take(connection, name, document_id=document_id, now=history.now, lease_for=LEASE)


def mails_together(history: History) -> tuple[int, int]:
    """Two documents whose mails leave as one."""
    first, second = history.issued(1).document_id, history.issued(2).document_id
    with history.store.write() as connection:
        mails = jobs_table.c.group_id.is_not(None)
        connection.execute(jobs_table.update().where(mails).values(group_id="one mail"))
    return first, second


def test_mails_of_one_group_are_claimed_all_at_once_by_one_worker(history: History) -> None:
    first, second = mails_together(history)
    taken = take(history, MAIL, second)
    assert taken is not None
    assert [step.document_id for step in taken.steps] == [first, second]
    assert take(history, MAIL, first) is None
    history.later(minutes=2)
    again = take(history, MAIL, first)
    assert again is not None
    assert [step.attempts for step in again.steps] == [2, 2]


def test_nobody_mails_the_rest_of_a_group_while_one_of_it_is_in_other_hands(history: History) -> None:
    first, second = mails_together(history)
    assert take(history, MAIL, first) is not None
    with history.store.write() as connection:
        steps_of_second = (steps.IS_STEP, jobs_table.c.document_id == second)
        jobs.retry(connection, *steps_of_second, now=NOW, lease=None, lease_until=None)
    assert take(history, MAIL, second) is None
    assert take(history, RENDER, second) is not None


def test_a_job_whose_lease_was_lost_is_not_closed_by_who_lost_it(history: History) -> None:
    document = history.issued(1)
    lost = take(history, RENDER, document.document_id)
    history.later(minutes=2)
    found = take(history, RENDER, document.document_id)
    assert lost is not None
    assert found is not None
    with history.store.write() as connection:
        assert not jobs.finish(connection, lost.lease, now=history.now)
        assert not jobs.retry_later(connection, lost.lease, code="", message=NO_MESSAGE, next_at=history.now)
        assert not jobs.renew(connection, lost.lease, until=history.now)
        assert jobs.finish(connection, found.lease, now=history.now)


def test_a_job_that_waits_for_later_is_due_then_and_not_before(history: History) -> None:
    with history.store.write() as connection:
        job_id = jobs.add(connection, NewJob(JobKind.TASK, "verify", QueueName.TASKS, "a"), now=NOW)
        mine = jobs_table.c.job_id == job_id
        (leased,) = jobs.Claim(mine).take(connection, now=NOW, lease_for=LEASE)
        assert (leased.job_id, leased.state) == (job_id, "running")
        assert jobs.due_ids(connection, now=NOW, limit=9) == ()
        later = NOW + timedelta(minutes=5)
        jobs.retry_later(connection, leased.lease, code="away", message=Message("It is away."), next_at=later)
        assert not jobs.Claim(mine).take(connection, now=NOW, lease_for=LEASE)
        assert jobs.due_ids(connection, now=later, limit=9) == (job_id,)
        row = connection.execute(select(jobs_table).where(mine)).one()
        assert (row.state, row.attempts, row.code, str(row.message)) == ("waiting", 1, "away", "It is away.")
        assert job_counts(connection, *JobKind) == {"waiting": 1}
