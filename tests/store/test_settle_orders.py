"""An order whose money came is settled by one worker at a time, and never with what was counted before."""

import threading
from datetime import timedelta

from tests.support.history import History
from worker.domain.order import OrderKey
from worker.message import Message
from worker.store import jobs, settle_orders
from worker.store.database.tables import jobs as jobs_table
from worker.store.jobs import JobEnd
from worker.store.settle_orders import LeasedSettlement

LEASE = timedelta(minutes=1)
ORDER = OrderKey("a", 7, "wc_order_7")


def plan(history: History, order: OrderKey = ORDER) -> None:
    with history.store.write() as connection:
        settle_orders.plan(connection, order, now=history.now)


def take(history: History, job_id: int) -> LeasedSettlement | None:
    with history.store.write() as connection:
        return settle_orders.take(connection, job_id, now=history.now, lease_for=LEASE)


def finish(history: History, leased: LeasedSettlement, state: str = "done") -> None:
    with history.store.write() as connection:
        jobs.finish(connection, leased.lease, JobEnd(state, "x", Message("It is so.")), now=history.now)


def states(history: History) -> dict[int, str]:
    with history.store.read() as connection:
        rows = connection.execute(jobs_table.select().order_by(jobs_table.c.job_id))
        return {row.job_id: row.state for row in rows if row.kind == "settle_order"}


def test_however_much_comes_in_one_row_waits_for_each_order(history: History) -> None:
    another = OrderKey("a", 7, "wc_order_of_before_the_backup")
    for order in (ORDER, ORDER, another, OrderKey("b", 7, "wc_order_7"), ORDER):
        plan(history, order)

    assert list(states(history).values()) == ["waiting"] * 3
    first = take(history, min(states(history)))
    assert first is not None
    assert first.order == ORDER


def test_what_comes_in_while_an_order_is_settled_is_settled_afterwards(history: History) -> None:
    plan(history)
    (job_id,) = states(history)
    first = take(history, job_id)
    assert first is not None
    plan(history)
    _, following = states(history)

    assert take(history, following) is None
    finish(history, first)
    assert take(history, following) is not None
    assert states(history) == {job_id: "done", following: "running"}


def test_what_comes_in_at_the_moment_of_taking_is_not_lost(history: History) -> None:
    plan(history)
    (job_id,) = states(history)
    planner = threading.Thread(target=plan, args=(history,))
    with history.store.write() as connection:
        assert settle_orders.take(connection, job_id, now=history.now, lease_for=LEASE) is not None
        planner.start()
    planner.join()

    assert sorted(states(history).values()) == ["running", "waiting"]


def test_what_failed_begins_anew_when_more_comes_in(history: History) -> None:
    plan(history)
    (job_id,) = states(history)
    leased = take(history, job_id)
    assert leased is not None
    finish(history, leased, "failed")
    history.later(minutes=90)
    plan(history)
    again = take(history, job_id)

    assert again is not None
    assert (again.attempts, again.since, list(states(history))) == (1, history.now, [job_id])


def test_what_was_done_is_forgotten_and_what_failed_is_kept(history: History) -> None:
    for number, state in enumerate(("done", "failed")):
        plan(history, OrderKey("a", number, "k"))
        leased = take(history, max(states(history)))
        assert leased is not None
        finish(history, leased, state)
    with history.store.write() as connection:
        deleted = settle_orders.delete_done(connection, before=history.now + timedelta(days=1), limit=9)

    assert (deleted, list(states(history).values())) == (1, ["failed"])
