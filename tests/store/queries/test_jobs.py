"""Work of all kinds in one list, the oldest first, by what is wrong with it; and what needs a person."""

from datetime import timedelta
from functools import partial

import pytest

from tests.support.history import History, all_pages
from tests.support.issued import NOW
from worker.domain.step import MAIL
from worker.errors import Rejected
from worker.message import Message, plain_message
from worker.store import tasks
from worker.store.database.pagination import PageRequest
from worker.store.database.tables import jobs as jobs_table
from worker.store.database.tables import webhook_endpoints
from worker.store.jobs import JobKind
from worker.store.queries import jobs
from worker.store.queries.jobs import DeliveryFilter, Job, JobFilter, JobGroup
from worker.store.tasks import TaskRequest

UNREADABLE = {"state": "failed", "code": "order_unreadable", "message": "The field “total” is not a number."}


def fail_everywhere(history: History) -> dict[JobKind, int]:
    """One failed job of each kind, a minute apart; the ids of their rows."""
    look = history.delivery(1, **UNREADABLE)
    history.later(minutes=1)
    document = history.issued(2)
    history.step(document, MAIL, "failed", code="mail_refused", reason="The address does not exist.")
    history.later(minutes=1)
    with history.store.write() as connection:
        task = tasks.request(
            connection, TaskRequest(shop_id="a", kind="test_mail", argument={}, requested_by="An"), now=history.now
        )
        leased = tasks.take(connection, task, now=history.now, lease_for=timedelta(minutes=1))
        assert leased is not None
        answer = {"code": "mail_login", "message": plain_message(Message("The password is wrong."))}
        tasks.finish(connection, leased.lease, now=history.now, answer=answer, state="failed")
    history.later(minutes=1)
    made = {"created_at": history.now, "created_by": "An"}
    history.row(
        webhook_endpoints,
        endpoint_id=1,
        shop_id="a",
        url="https://erp.test",
        secret="",
        events="document.issued",
        **made,
    )
    call = {
        "kind": "webhook_event",
        "queue": "calls",
        "name": "document.issued",
        "shop_id": "a",
        "state": "failed",
        "attempts": 3,
        "created_at": history.now,
        "next_at": history.now,
    }
    history.row(
        jobs_table, endpoint_id=1, document_id=document.document_id, message=Message("It answered 500."), **call
    )
    with history.store.read() as connection:
        (step,) = jobs.job_ids(connection, ("a",), JobFilter(kind=JobKind.STEP))
        (call_id,) = jobs.job_ids(connection, ("a",), JobFilter(kind=JobKind.WEBHOOK_EVENT))
    return {JobKind.PROCESS_ORDER: look, JobKind.STEP: step, JobKind.TASK: task, JobKind.WEBHOOK_EVENT: call_id}


def test_failed_jobs_of_all_kinds_are_listed_oldest_first(history: History) -> None:
    ids = fail_everywhere(history)
    history.delivery(9, state="waiting")
    history.delivery(9, shop_id="b", **UNREADABLE)
    with history.store.read() as connection:
        found = jobs.jobs_page(connection, ("a",)).rows
        assert len(jobs.jobs_page(connection, None).rows) == 5
        assert [job.kind for job in jobs.jobs_page(connection, None, JobFilter("waiting")).rows].count(
            JobKind.PROCESS_ORDER
        ) == 1
        assert jobs.job_counts(connection, ("a",)) == {"waiting": 3, "running": 0, "failed": 4}
    at = [NOW + timedelta(minutes=minutes) for minutes in range(4)]
    shared = {"shop_id": "a", "state": "failed"}
    look, step, task, call = found
    assert look == Job(
        kind=JobKind.PROCESS_ORDER, job_id=ids[JobKind.PROCESS_ORDER], name="process_order", since=at[0], next_at=at[0], attempts=0,
        code="order_unreadable", message=Message(UNREADABLE["message"]), order_id=1, document_id=None, number="", **shared,
    )  # fmt: skip
    assert step == Job(
        kind=JobKind.STEP, job_id=ids[JobKind.STEP], name="mail", since=at[1], next_at=at[1], attempts=0,
        code="mail_refused", message=Message("The address does not exist."), order_id=2, document_id=1, number="F2026-00001", **shared,
    )  # fmt: skip
    assert task == Job(
        kind=JobKind.TASK, job_id=ids[JobKind.TASK], name="test_mail", since=at[2], next_at=at[2], attempts=1,
        code="", message=Message("The password is wrong."), order_id=None, document_id=None, number="", **shared,
    )  # fmt: skip
    assert call == Job(
        kind=JobKind.WEBHOOK_EVENT, job_id=ids[JobKind.WEBHOOK_EVENT], name="document.issued", since=at[3], next_at=at[3], attempts=3,
        code="", message=Message("It answered 500."), order_id=2, document_id=1, number="F2026-00001", **shared,
    )  # fmt: skip


def test_pages_of_jobs_show_each_once_forwards_and_backwards(history: History) -> None:
    for _ in range(2):
        for order_id in range(3):
            history.delivery(order_id, **UNREADABLE)
            history.step(history.issued(10 * history.now.minute + order_id), MAIL, "failed")
        history.later(minutes=1)
    with history.store.read() as connection:
        whole = jobs.jobs_page(connection, ("a",)).rows
        for at_once in (1, 2, 4, 5):
            pages = all_pages(partial(jobs.jobs_page, connection, ("a",), None), at_once=at_once)
            assert tuple(job for page in pages for job in page) == whole
    assert len(whole) == 12


def test_jobs_are_grouped_by_what_is_wrong(history: History) -> None:
    fail_everywhere(history)
    history.delivery(3, **UNREADABLE)
    with history.store.read() as connection:
        groups = jobs.job_groups(connection, ("a",))
        assert jobs.job_groups(connection, ("b",)) == ()
        wanted = JobFilter("failed", groups[0].kind, groups[0].name, groups[0].code)
        ids = jobs.job_ids(connection, ("a",), wanted)
        assert jobs.job_ids(connection, ("a",), wanted, above=ids[0]) == ids[1:]
        listed = jobs.jobs_page(connection, ("a",), wanted).rows
    assert groups == (
        JobGroup(JobKind.PROCESS_ORDER, "process_order", "order_unreadable", 2, NOW, Message(UNREADABLE["message"])),
        JobGroup(
            JobKind.STEP, "mail", "mail_refused", 1, NOW + timedelta(minutes=1), Message("The address does not exist.")
        ),
        JobGroup(JobKind.TASK, "test_mail", "", 1, NOW + timedelta(minutes=2), Message("The password is wrong.")),
        JobGroup(
            JobKind.WEBHOOK_EVENT, "document.issued", "", 1, NOW + timedelta(minutes=3), Message("It answered 500.")
        ),
    )
    assert tuple(job.job_id for job in listed) == ids
    assert len(ids) == 2


def test_deliveries_are_listed_by_state_newest_first(history: History) -> None:
    first = history.delivery(1)
    history.later(minutes=1)
    second = history.delivery(None, **UNREADABLE)
    history.delivery(1, shop_id="b")
    with history.store.read() as connection:
        rows = jobs.deliveries_page(connection, ("a",)).rows
        failed = jobs.deliveries_page(connection, None, DeliveryFilter("failed")).rows
    assert [row.delivery_id for row in rows] == [second, first]
    assert [(row.delivery_id, row.state, row.order_id) for row in failed] == [(second, "failed", None)]


def test_no_list_of_jobs_takes_a_page_that_never_was(history: History) -> None:
    with history.store.read() as connection, pytest.raises(Rejected):
        jobs.jobs_page(connection, None, page_request=PageRequest(after="WzEsMl0"))
