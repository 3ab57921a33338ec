"""Whose turn it is, and how many workers a shop may hold: the same on both databases, from the rows alone."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import cast

import pytest
from sqlalchemy import select, update

from tests.support.at_once import at_once
from tests.support.history import History
from tests.support.issued import NOW
from worker.domain.reminder import ReminderKind
from worker.domain.step import EINVOICE, MAIL, RENDER, TRANSMIT, WRITE_BACK
from worker.message import Message
from worker.queue import MAIL_DOCUMENT, WRITE_NOTE, QueueName
from worker.store import deliveries, jobs, leases, steps, turns, worker_share
from worker.store.database.engine import Store
from worker.store.database.made_once import MadeOnce
from worker.store.database.tables import jobs as jobs_table
from worker.store.deliveries import NewDelivery
from worker.store.jobs import DONE, JobKind
from worker.store.steps import StepPlan
from worker.store.worker_share import Load, Running

LEASE = timedelta(minutes=1)


def keep(history: History, shop_id: str, order_id: int, *, source: str = "webhook") -> int:
    with history.store.write() as connection:
        return deliveries.add(
            connection, NewDelivery(shop_id, source, "order.updated", order_id, b"{}"), now=history.now
        )


def mail_of(history: History, document_id: int) -> int:
    """The job of a document's mail, as soon as its PDF is there."""
    with history.store.write() as connection:
        render = steps.take(connection, RENDER, document_id=document_id, now=history.now, lease_for=LEASE)
    finish(history, render.lease if render else None)
    mine = (jobs_table.c.document_id == document_id, jobs_table.c.name == MAIL)
    with history.store.read() as connection:
        return int(connection.execute(select(jobs_table.c.job_id).where(*mine)).scalar_one())


def failed_mail(history: History, order_id: int) -> int:
    mail = mail_of(history, history.issued(order_id).document_id)
    with history.store.write() as connection:
        connection.execute(update(jobs_table).where(jobs_table.c.job_id == mail).values(state="failed"))
    return mail


def take(history: History, job_id: int) -> str | None:
    with history.store.write() as connection:
        leased = jobs.Claim(jobs_table.c.job_id == job_id).take(connection, now=history.now, lease_for=LEASE)
    return str(leased[0].lease) if leased else None


def finish(history: History, lease: str | None) -> None:
    assert lease is not None
    with history.store.write() as connection:
        assert jobs.finish(connection, lease, now=history.now)


def first(history: History, queue: QueueName) -> dict[str, int]:
    with history.store.read() as connection:
        return turns.first_of_each_shop(connection, queue, now=history.now)


def let_work(history: History, workers: int) -> None:
    with history.store.write() as connection:
        for number in range(workers):
            name = f"{leases.WORKER}{number}"
            leases.acquire(connection, name, name, now=history.now, lease_for=timedelta(hours=1))


def be_slow(history: History, shop_id: str, queue: QueueName) -> None:
    with history.store.write() as connection:
        worker_share.mark_slow(connection, shop_id, queue, now=history.now)


def test_each_shop_has_its_first_job_whoever_has_how_many(history: History) -> None:
    many = [keep(history, "a", order_id) for order_id in range(100)]
    one = keep(history, "b", 1)
    assert first(history, QueueName.ORDERS) == {"a": many[0], "b": one}
    finish(history, take(history, many[0]))
    assert first(history, QueueName.ORDERS) == {"a": many[1], "b": one}


def test_a_fresh_order_does_not_wait_in_the_queue_of_a_backfill(history: History) -> None:
    old = [keep(history, "a", order_id, source=deliveries.BACKFILL) for order_id in range(5)]
    new = keep(history, "a", 99)
    assert (first(history, QueueName.ORDERS), first(history, QueueName.BULK)) == ({"a": new}, {"a": old[0]})


@pytest.mark.parametrize("which", ["one", "all"])
def test_what_is_tried_again_by_thousands_waits_behind_what_is_new(history: History, which: str) -> None:
    failed = [failed_mail(history, order_id) for order_id in range(1, 4)]
    with history.store.write() as connection:
        if which == "all":
            steps.retry_all(connection, failed, now=history.now)
        else:
            for job_id in failed:
                jobs.retry(connection, jobs_table.c.job_id == job_id, now=history.now)
                jobs.put_behind(connection, job_id)
    assert first(history, QueueName.MAIL) == {"a": failed[0]}
    history.now += timedelta(minutes=1)
    new = mail_of(history, history.issued(9).document_id)
    assert first(history, QueueName.MAIL) == {"a": new}
    with history.store.read() as connection:
        due = turns.due_of_shop(connection, "a", QueueName.MAIL, now=history.now, limit=9)
    assert [one.job_id for one in due] == [new, *failed]
    finish(history, take(history, new))
    assert first(history, QueueName.MAIL) == {"a": failed[0]}


def test_a_reminder_waits_with_the_mails_and_behind_those_of_documents(history: History) -> None:
    old, new = history.issued(1).document_id, history.issued(2).document_id
    finish(history, take(history, mail_of(history, old)))
    with history.store.write() as connection:
        plan = StepPlan((ReminderKind.FRIENDLY,), "r1")
        steps.plan(connection, plan, shop_id="a", document_id=old, now=history.now)
        reminder = steps.of_document(connection, old)[ReminderKind.FRIENDLY].step_id
    assert first(history, QueueName.MAIL) == {"a": reminder}
    history.now += timedelta(minutes=1)
    mail = mail_of(history, new)
    assert first(history, QueueName.MAIL) == {"a": mail}
    finish(history, take(history, mail))
    assert first(history, QueueName.MAIL) == {"a": reminder}


def test_one_that_is_tried_again_alone_waits_behind_nothing(history: History) -> None:
    one = failed_mail(history, 1)
    with history.store.write() as connection:
        steps.retry_all(connection, [one], now=history.now)
        jobs.retry(connection, jobs_table.c.job_id == one, now=history.now)
        waits = connection.execute(select(jobs_table.c.of_many).where(jobs_table.c.job_id == one)).scalar()
    assert waits is False


def test_what_waits_for_later_or_is_in_other_hands_is_nobodys_turn(history: History) -> None:
    taken, later = keep(history, "a", 1), keep(history, "b", 2)
    assert take(history, taken)
    with history.store.write() as connection:
        deliveries.postpone(connection, later, until=NOW + timedelta(minutes=5))
    assert first(history, QueueName.ORDERS) == {}
    history.later(minutes=6)
    assert first(history, QueueName.ORDERS) == {"a": taken, "b": later}


def test_a_document_goes_from_queue_to_queue_and_one_that_fails_holds_up_nothing(history: History) -> None:
    document = history.issued(1).document_id
    assert [set(first(history, queue)) for queue in (QueueName.PDF, QueueName.MAIL, QueueName.CALLS)] == [
        {"a"}, set(), set(),
    ]  # fmt: skip
    with history.store.write() as connection:
        render = steps.take(connection, RENDER, document_id=document, now=history.now, lease_for=LEASE)
    assert render is not None
    assert first(history, QueueName.MAIL) == {}
    with history.store.write() as connection:
        later = history.now + timedelta(hours=1)
        jobs.retry_later(connection, render.lease, code="away", message=Message("It is away."), next_at=later)
        einvoice = jobs_table.c.name == EINVOICE
        jobs.close(connection, einvoice, end=DONE, now=history.now)
    assert set(first(history, QueueName.MAIL)) == {"a"}
    assert first(history, QueueName.CALLS) == {}
    with history.store.write() as connection:
        mail = steps.take(connection, MAIL, document_id=document, now=history.now, lease_for=LEASE)
    assert mail is not None
    finish(history, mail.lease)
    with history.store.read() as connection:
        (note,) = turns.due_of_shop(connection, "a", QueueName.CALLS, now=history.now, limit=5)
        row = connection.execute(select(jobs_table.c.name).where(jobs_table.c.job_id == note.job_id)).scalar_one()
    assert (note.row_id, row) == (document, WRITE_BACK)


def test_an_e_invoice_waits_for_no_mail_and_a_note_for_no_reminder(history: History) -> None:
    document = history.issued(1).document_id
    mail = mail_of(history, document)
    with history.store.write() as connection:
        steps.plan(connection, StepPlan((TRANSMIT,)), shop_id="a", document_id=document, now=history.now)
        sent, note = (steps.of_document(connection, document)[name].step_id for name in (TRANSMIT, WRITE_BACK))
        found = [turns.find_due(connection, name, document, now=history.now) for name in (WRITE_NOTE, MAIL_DOCUMENT)]
    assert [one and one.job_id for one in found] == [sent, mail]
    assert first(history, QueueName.CALLS) == {"a": sent}
    finish(history, take(history, sent))
    assert first(history, QueueName.CALLS) == {}
    finish(history, take(history, mail))
    with history.store.write() as connection:
        plan = StepPlan((ReminderKind.FRIENDLY,), "r1")
        steps.plan(connection, plan, shop_id="a", document_id=document, now=history.now)
    assert first(history, QueueName.CALLS) == {"a": note}


def test_a_mail_waits_for_the_pdfs_of_all_that_go_out_with_it(history: History) -> None:
    made = [history.issued(order_id).document_id for order_id in (1, 2)]
    with history.store.write() as connection:
        connection.execute(update(jobs_table).where(jobs_table.c.group_id.is_not(None)).values(group_id="one mail"))
        pdfs = (jobs_table.c.queue == "pdf", jobs_table.c.document_id == made[0])
        jobs.close(connection, *pdfs, end=DONE, now=history.now)
    assert first(history, QueueName.MAIL) == {}
    with history.store.write() as connection:
        pdfs = (jobs_table.c.queue == "pdf", jobs_table.c.document_id == made[1])
        jobs.close(connection, *pdfs, end=DONE, now=history.now)
    assert set(first(history, QueueName.MAIL)) == {"a"}


def test_a_shop_holds_half_of_the_workers_and_the_rest_stays_for_others(history: History) -> None:
    let_work(history, 4)
    mine = [keep(history, "a", order_id) for order_id in range(4)]
    held = [take(history, job_id) for job_id in mine]
    assert [lease is not None for lease in held] == [True, True, False, False]
    assert take(history, keep(history, "b", 1)) is not None
    finish(history, held[0])
    assert take(history, mine[2]) is not None


def test_what_a_dead_worker_held_counts_no_longer_than_its_lease(history: History) -> None:
    let_work(history, 2)
    assert take(history, keep(history, "a", 1)) is not None
    waiting = keep(history, "a", 2)
    assert take(history, waiting) is None
    history.later(minutes=2)
    assert take(history, waiting) is not None


def test_the_only_shop_has_all_workers(database_url: str) -> None:
    alone = History(Store(database_url), {})
    alone.shop("a")
    let_work(alone, 2)
    assert [take(alone, keep(alone, "a", order_id)) is not None for order_id in (1, 2)] == [True, True]
    alone.store.close()


def test_long_work_of_all_shops_together_holds_half_of_the_workers(history: History) -> None:
    history.shop("c")
    let_work(history, 2)
    be_slow(history, "a", QueueName.ORDERS)
    be_slow(history, "b", QueueName.ORDERS)
    assert take(history, keep(history, "a", 1)) is not None
    assert take(history, keep(history, "b", 1)) is None
    assert take(history, keep(history, "c", 1, source=deliveries.BACKFILL)) is None
    assert take(history, keep(history, "c", 2)) is not None


def test_what_is_held_for_long_already_counts_as_long_work_before_it_ends(history: History) -> None:
    history.shop("c")
    let_work(history, 2)
    be_slow(history, "b", QueueName.ORDERS)
    assert take(history, keep(history, "a", 1)) is not None
    history.later(minutes=0.2)
    assert take(history, keep(history, "b", 1)) is None
    assert take(history, keep(history, "c", 1)) is not None


@pytest.mark.parametrize(
    ("workers", "running", "asked", "room"),
    [
        (0, [("a", "orders")] * 9, ("a", "orders"), True),
        (1, [("a", "orders")], ("a", "orders"), True),
        (2, [], ("a", "orders"), True),
        (2, [("a", "mail")], ("a", "orders"), False),
        (2, [("b", "mail")], ("a", "orders"), True),
        (2, [("a", "bulk")], ("a", "orders"), True),
        (2, [("a", "bulk")], ("b", "bulk"), False),
        (4, [("a", "bulk")], ("a", "bulk"), False),
        (4, [("a", "bulk")], ("b", "bulk"), True),
        (8, [("a", "orders")] * 3, ("a", "calls"), True),
        (8, [("a", "orders")] * 4, ("a", "calls"), False),
    ],
)
def test_room(workers: int, running: Sequence[tuple[str, str]], asked: tuple[str, str], room: bool) -> None:
    held = tuple(Running(shop_id, QueueName(queue)) for shop_id, queue in running)
    load = Load(workers=workers, is_single_shop=False, running=held, slow=frozenset())
    assert load.has_room(asked[0], QueueName(asked[1])) is room


@pytest.mark.parametrize(
    ("workers", "long_workers", "running", "asked", "room"),
    [
        (1, 1, [("a", "bulk")], ("a", "orders"), True),
        (1, 1, [("slow", "orders")], ("b", "bulk"), True),
        (2, 1, [("slow", "orders")], ("slow", "mail"), True),
        (2, 1, [("slow", "mail")], ("slow", "orders"), True),
        (2, 2, [("slow", "orders")], ("slow", "orders"), False),
        (2, 2, [("slow", "orders")], ("b", "bulk"), True),
        (2, 2, [("a", "bulk")], ("a", "bulk"), False),
        (2, 2, [("a", "orders")], ("a", "mail"), False),
    ],
)
def test_workers_for_long_work_are_shared_by_themselves(
    workers: int, long_workers: int, running: Sequence[tuple[str, str]], asked: tuple[str, str], room: bool
) -> None:
    held = tuple(Running(shop_id, QueueName(queue)) for shop_id, queue in running)
    slow = frozenset([("slow", QueueName.ORDERS)])
    load = Load(workers, is_single_shop=False, running=held, slow=slow, long_workers=long_workers)
    assert load.has_room(asked[0], QueueName(asked[1])) is room


def test_of_many_workers_at_once_no_more_than_its_share_begin_for_a_shop(history: History) -> None:
    let_work(history, 4)
    mine = [keep(history, "a", order_id) for order_id in range(8)]
    held: list[str | None] = []

    def begin(job_id: int) -> None:
        held.append(take(history, job_id))

    at_once(partial(begin, job_id) for job_id in mine)
    assert sum(lease is not None for lease in held) == 2


def test_slow_work_is_slow_for_some_minutes_and_until_it_is_quick(history: History) -> None:
    be_slow(history, "a", QueueName.ORDERS)
    with history.store.write() as connection:
        assert worker_share.slow(connection, now=history.now) == {("a", QueueName.ORDERS)}
        assert not worker_share.slow(connection, now=history.now + worker_share.SLOW_FOR)
        worker_share.mark_quick(connection, "a", QueueName.ORDERS)
        assert not worker_share.slow(connection, now=history.now)


def test_slow_work_of_any_queue_is_found_where_it_waits(history: History) -> None:
    be_slow(history, "a", QueueName.ORDERS)
    job_id = keep(history, "a", 1)
    keep(history, "b", 1)
    with history.store.read() as connection:
        load = worker_share.load(connection, now=history.now, lease_for=LEASE)
        assert turns.first_slow(connection, load, tasks=False, now=history.now) == {"a": job_id}
        assert turns.first_slow(connection, load, tasks=True, now=history.now) == {}
        assert turns.get(connection, job_id).kind is JobKind.PROCESS_ORDER


def test_the_next_step_is_found_by_its_document_however_much_waits_elsewhere(history: History) -> None:
    with history.store.read() as connection:
        if connection.dialect.name != "sqlite":
            return  # which plans by what it counted, and there is nothing here
        for query in (turns.DUE_OF_DOCUMENT, turns.DUE_OF_DOCUMENTS):
            asked = str(cast(MadeOnce, query).statement.compile(connection))
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", ("2026-11-27",) * asked.count("?"))
            assert plan.all()[0].detail == "SEARCH jobs USING INDEX uq_jobs_step (document_id=?)"
