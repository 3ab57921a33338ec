"""Work of all kinds in one list, the oldest first, by what is wrong with it; and what needs a person."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import func, select

from tests.support.history import History, all_pages
from tests.support.issued import NOW, a_draft
from worker.domain.bank_line import BankLine
from worker.domain.bank_match import Match, Verdict
from worker.domain.document import Kind, Problem
from worker.domain.order import OrderKey
from worker.domain.step import MAIL
from worker.errors import Rejected
from worker.message import NO_MESSAGE, Message, plain_message
from worker.store import alerts, bank_files, bank_lines, drafts, settle_orders, tasks
from worker.store import jobs as job_store
from worker.store.bank_files import NewFile
from worker.store.bank_lines import LineState
from worker.store.database.pagination import PageRequest
from worker.store.database.tables import jobs as jobs_table
from worker.store.database.tables import webhook_endpoints
from worker.store.jobs import JobEnd, JobKind
from worker.store.queries import attention, jobs
from worker.store.queries.attention import Need, NeedKind
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
        tasks.finish(connection, leased.lease, now=history.now, answer=answer, failed=True)
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
    assert [(row.delivery_id, row.code, row.order_id) for row in failed] == [(second, "order_unreadable", None)]


def test_what_needs_a_person_comes_oldest_first_with_its_sentence(history: History) -> None:
    history.seen(
        5,
        flags=(Problem("order_changed", Message("Changed after its invoice.")), Problem("other", Message("Another."))),
    )
    history.later(minutes=1)
    ids = fail_everywhere(history)
    with history.store.write() as connection:
        alerts.raise_alert(connection, "a", code="silent", message=Message("The shop is silent."), now=history.now)
        alerts.raise_alert(connection, "b", code="silent", message=Message("The shop is silent."), now=history.now)
        drafts.save_draft(connection, "a", a_draft(6), now=history.now + timedelta(minutes=1))
        paid_at = history.now + timedelta(minutes=2)
        settle_orders.plan(connection, OrderKey("a", 8, "wc_order_8"), now=paid_at)
        settlement = connection.execute(select(func.max(jobs_table.c.job_id))).scalar_one()
        leased = settle_orders.take(connection, settlement, now=paid_at, lease_for=timedelta(minutes=1))
        assert leased is not None
        end = JobEnd("failed", "paid_but_cancelled", Message("It was cancelled."))
        job_store.finish(connection, leased.lease, end, now=paid_at)
        read_at = history.now + timedelta(minutes=3)
        file = bank_files.add_file(connection, NewFile("a", "0", "nov.cod", "CODA", NOW.date()), by="An", now=read_at)
        lines = [BankLine("BE71096123456769", NOW.date(), Decimal(5), "EUR", f"coda:{number}") for number in range(3)]
        states = (LineState.DONE, LineState.WAITING, LineState.WAITING)
        matches = [(Match(line, Verdict.UNKNOWN), state) for line, state in zip(lines, states, strict=True)]
        bank_lines.add_lines(connection, "a", file, matches)
    history.delivery(7, **UNREADABLE)
    history.later(minutes=1)
    history.seen(7)  # the order was processed since
    with history.store.read() as connection:
        found = attention.needs(connection, ("a",))
        assert attention.needs(connection, None).total == 8
        assert attention.needs(connection, ()).total == 0
        assert [need.kind for need in attention.needs(connection, ("a",), most=1).oldest] == [NeedKind.FLAG]
    start = NOW + timedelta(minutes=1)
    assert found.oldest == (
        Need(NeedKind.FLAG, 5, "a", NOW, "order_changed", Message("Changed after its invoice."), 5, "5", more=1),
        Need(NeedKind.PROCESS_ORDER, 1, "a", start, "order_unreadable", Message(UNREADABLE["message"]), 1),
        Need(
            NeedKind.STEP, ids[JobKind.STEP], "a", start + timedelta(minutes=1), "mail_refused", Message("The address does not exist."),
            2, "2", 1, Kind.INVOICE, "F2026-00001",
        ),
        Need(NeedKind.ALERT, 1, "a", start + timedelta(minutes=3), "silent", Message("The shop is silent.")),
        Need(NeedKind.DRAFT, 1, "a", start + timedelta(minutes=4), "", NO_MESSAGE, 6, "6", document_kind=Kind.INVOICE),
        Need(NeedKind.SETTLE_ORDER, settlement, "a", paid_at, "paid_but_cancelled", Message("It was cancelled."), 8),
        Need(
            NeedKind.BANK_LINES, 2, "a", read_at, "bank_lines_wait",
            Message("{count} lines of the bank wait for you: say which order each of them pays, or put it aside.", count=2),
        ),
    )  # fmt: skip
    assert found.counts == dict.fromkeys(NeedKind, 1)


def test_no_list_of_jobs_takes_a_page_that_never_was(history: History) -> None:
    with history.store.read() as connection, pytest.raises(Rejected):
        jobs.jobs_page(connection, None, page_request=PageRequest(after="WzEsMl0"))
