"""A worker does what is due of the shop whose turn it is, whatever the jobs in Redis were enqueued for. Real broker, real rows."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.issued import a_draft, issue
from tests.support.redis_jobs import queued_jobs
from tests.support.system import START, Clock
from worker import jobs, queue, scheduler, sending
from worker.domain.shop import OrderSettings, Shop
from worker.domain.step import EINVOICE, RENDER, TRANSMIT, WRITE_BACK
from worker.errors import TakesLong, Unavailable
from worker.invoicing.outcome import Outcome
from worker.jobs import turn
from worker.message import Message
from worker.net import talk
from worker.processes import deadline, rq_worker
from worker.processes.rq_worker import EVERY, SLOW_SHARE, RowWorker
from worker.queue import (
    BACKFILL_ORDER,
    MAIL_DOCUMENT,
    PROCESS_ORDER,
    QUEUE_OF,
    SEND_DOCUMENT,
    SERVE_SLOW,
    WRITE_NOTE,
    QueueName,
    rq_name,
    timeout_s,
)
from worker.services import Services
from worker.settings import Settings
from worker.store import deliveries, leases, shops, steps, tasks, turns, worker_share
from worker.store import jobs as job_store
from worker.store.database.tables import jobs as jobs_table
from worker.store.deliveries import NewDelivery
from worker.store.jobs import JobKind
from worker.store.shops import Secrets
from worker.store.steps import LeasedSteps, StepPlan
from worker.store.tasks import TaskRequest
from worker.store.turns import DueJob
from worker.store.worker_share import Load
from worker.tasks.common import Unfinished


class Done(NamedTuple):
    shop_id: str
    order_id: int


@pytest.fixture
def services(broker_url: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Shops without a key: a delivery of theirs is done as soon as it is begun."""
    settings = Settings(
        data=tmp_path,
        public_url="https://documents.test",
        database_url=sqlite_url,
        redis_url=broker_url,
        secret_keys=("k" * 32,),
    )
    services = Services(settings, now=Clock())
    for shop_id in "abcdefg":
        shop = Shop(shop_id=shop_id, name=shop_id, url="https://winkel.test", orders=OrderSettings(since=START))
        with services.store.write() as connection:
            shops.add(connection, services.encryption, shop, Secrets(("s",)), now=services.now())
    monkeypatch.setattr(jobs, "_services", [services])
    monkeypatch.setattr(turn, "_served_last", {})
    yield services
    services.store.close()


def ring(services: Services, shop_id: str, order_id: int, *, source: str = "webhook") -> int:
    """As the bridge does it: a row, and a job for it."""
    with services.store.write() as connection:
        delivery_id = deliveries.add(
            connection, NewDelivery(shop_id, source, "order.updated", order_id, b"{}"), now=services.now()
        )
    services.enqueue(BACKFILL_ORDER if source == deliveries.BACKFILL else PROCESS_ORDER, delivery_id)
    return delivery_id


def let_work(services: Services, workers: int) -> None:
    with services.store.write() as connection:
        for number in range(workers):
            name = f"{leases.WORKER}{number}"
            leases.acquire(connection, name, name, now=services.now(), lease_for=timedelta(hours=1))


def work(services: Services, *queues: QueueName, most: int | None = None) -> int:
    """Let one worker do what is queued. How many jobs of Redis that were."""
    worker = RowWorker([rq_name(name) for name in queues or QueueName], connection=services.redis, serializer="json")
    worker.work(burst=True, max_jobs=most, logging_level="ERROR")
    return worker.turn


def order_done(services: Services) -> list[Done]:
    """What was done, in that order."""
    with services.store.read() as connection:
        ended = jobs_table.select().where(jobs_table.c.done_at.is_not(None)).order_by(jobs_table.c.done_at)
        return [Done(row.shop_id, row.order_id) for row in connection.execute(ended)]


@pytest.fixture
def passing_time(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each delivery ends a millisecond after the one before."""
    finish = job_store.finish

    def finish_later(*arguments: object, **more: object) -> bool:
        assert isinstance(services.now, Clock)
        services.now.move(milliseconds=1)
        return bool(finish(*arguments, **{**more, "now": services.now()}))  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(job_store, "finish", finish_later)


@pytest.mark.usefixtures("passing_time")
def test_a_shop_that_comes_behind_many_orders_of_another_waits_for_one(services: Services) -> None:
    for order_id in range(100):
        ring(services, "a", order_id)
    for shop_id in "bcdefg":
        ring(services, shop_id, 5000)
    work(services, most=12)
    first = [done.shop_id for done in order_done(services)][:7]
    assert first == list("abcdefg")


def test_a_shop_with_a_thousand_mails_takes_turns_with_the_orders_of_all_others(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = {QueueName.MAIL: {"a": 1}, QueueName.PDF: {"b": 2}, QueueName.ORDERS: {"b": 3, "c": 4}}
    monkeypatch.setattr(
        turns, "first_of_queues", lambda _connection, queues, **_: {queue: waiting[queue] for queue in queues}
    )
    monkeypatch.setattr(turns, "get", lambda _connection, job_id: due_job(job_id, waiting))
    load = Load(workers=1, is_single_shop=False, running=(), slow=frozenset())
    served = []
    with services.store.read() as connection:
        for _ in range(4):
            due = turn.next_due(connection, MAIL_DOCUMENT, load, now=services.now())
            assert due is not None
            turn.serve_next(MAIL_DOCUMENT, due.shop_id)
            served.append((due.shop_id, due.queue))
    assert served == [("a", "mail"), ("b", "pdf"), ("c", "orders"), ("a", "mail")]


def due_job(job_id: int, waiting: dict[QueueName, dict[str, int]]) -> DueJob:
    ((shop_id, name),) = [
        (shop, name) for name, first in waiting.items() for shop, one in first.items() if one == job_id
    ]
    return DueJob(job_id, JobKind.STEP, "render", name, shop_id, None, job_id, START)


def test_a_worker_of_some_queues_takes_turns_among_those_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "_taken", [])
    assert turn.looked_at(PROCESS_ORDER) == turn.ORDER_TO_MAIL
    turn.take_only([QueueName.ORDERS, QueueName.PDF])
    assert turn.looked_at(PROCESS_ORDER) == (QueueName.PDF, QueueName.ORDERS)


@pytest.mark.usefixtures("passing_time")
def test_fresh_orders_go_before_a_backfill_of_the_same_shop(services: Services) -> None:
    for order_id in range(40):
        ring(services, "a", order_id, source=deliveries.BACKFILL)
    fresh = {Done("a", ring(services, "a", 1000 + number) and 1000 + number) for number in range(6)}
    work(services)
    done = order_done(services)
    assert len(done) == 46
    assert fresh <= set(done[: 6 + 1])  # one in so many jobs is of the queues that urgent work would starve


def test_every_row_is_done_once_and_nothing_is_left_in_redis(services: Services) -> None:
    let_work(services, 2)
    for order_id in range(30):
        ring(services, "abc"[order_id % 3], order_id)
    work(services)
    assert len(order_done(services)) == 30
    assert sum(queue.open_queue(services.redis, name).count for name in QueueName) == 0


def test_a_shop_that_holds_its_share_waits_without_holding_a_worker_and_goes_on_afterwards(services: Services) -> None:
    let_work(services, 2)
    ids = [ring(services, "a", order_id) for order_id in range(20)]
    with services.store.write() as connection:
        first = job_store.Claim(jobs_table.c.job_id == ids[0])
        (held,) = first.take(connection, now=services.now(), lease_for=timedelta(minutes=2))
    ring(services, "b", 99)
    # Each job is looked at once, and dropped: no loop.
    assert work(services) == 21
    assert [done.shop_id for done in order_done(services)] == ["b"]
    with services.store.write() as connection:
        job_store.finish(connection, held.lease, now=services.now())
    scheduler.run_once(services, holder="x")
    work(services)
    assert len(order_done(services)) == 21


def test_what_was_slow_lately_waits_in_a_queue_behind_all_others_and_is_done(services: Services) -> None:
    with services.store.write() as connection:
        worker_share.mark_slow(connection, "a", QueueName.ORDERS, now=services.now())
    for order_id in range(3):
        ring(services, "a", order_id)
    ring(services, "b", 9)
    work(services, QueueName.ORDERS)
    assert order_done(services) == [Done("b", 9)]
    assert {job for job, _ in queued_jobs(services.redis, QueueName.SLOW)} == {SERVE_SLOW}
    work(services)
    assert len(order_done(services)) == 4
    with services.store.read() as connection:
        assert not worker_share.slow(connection, now=services.now())  # it was quick


def test_who_holds_a_worker_for_long_is_slow(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", iter(range(0, 100_000, 11)).__next__)
    ring(services, "a", 1)
    work(services)
    monkeypatch.undo()
    with services.store.read() as connection:
        assert worker_share.slow(connection, now=services.now()) == {("a", QueueName.ORDERS)}


# The rule: whatever ten shops do, what the others wait for is their own work.

EACH, ORDER_S, HANGS_S = 3, 0.25, 15.0
GOOD, HANGING, ENDLESS, BACKFILLING = "abcdefg", "hanging", "endless", "backfilling"


@pytest.fixture
def street(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Seven good shops, and three that are none. An order takes its time on the test's clock, and no other."""
    for shop_id in (HANGING, ENDLESS, BACKFILLING):
        shop = Shop(shop_id=shop_id, name=shop_id, url="https://winkel.test", orders=OrderSettings(since=START))
        with services.store.write() as connection:
            shops.add(connection, services.encryption, shop, Secrets(("s",)), now=services.now())

    def process_order(services: Services, waiting: Sequence[deliveries.Delivery], **_: object) -> Outcome:
        assert isinstance(services.now, Clock)
        if waiting[0].shop_id not in (HANGING, ENDLESS):
            services.now.move(seconds=ORDER_S)
            return Outcome("done", Message("Done."))
        services.now.move(seconds=turn.PATIENCE_S if talk.is_in_haste() else HANGS_S)
        if talk.is_in_haste():
            raise TakesLong
        raise Unavailable("Nobody answers.", code="shop_slow")

    monkeypatch.setattr("worker.jobs.order.process_order", process_order)
    return services


def be_bad_neighbours(services: Services, *, backfill: int) -> None:
    with services.store.write() as connection:
        for order_id in range(backfill):
            new = NewDelivery(BACKFILLING, deliveries.BACKFILL, "order.updated", order_id, b"{}")
            deliveries.add(connection, new, now=services.now())
    for order_id in range(15):
        ring(services, HANGING, order_id)
        ring(services, ENDLESS, order_id)
    scheduler.run_once(services, holder="x")


def seconds_until_done(services: Services, first_id: int, *queues: QueueName) -> float:
    """Of *EACH* new orders of every good shop, on the clock of the test, with one worker."""
    began = services.now()
    wanted = {Done(shop_id, first_id + number) for number in range(EACH) for shop_id in GOOD}
    for done in sorted(wanted, key=lambda one: one.order_id):
        ring(services, done.shop_id, done.order_id)
    while not wanted <= set(order_done(services)):
        work(services, *queues, most=1)
    return (services.now() - began).total_seconds()


URGENT = tuple(name for name in QueueName if name not in queue.LONG_QUEUES)


def test_urgent_work_waits_for_a_server_that_hangs_once_and_for_a_backfill_never(street: Services) -> None:
    quiet = seconds_until_done(street, 100, *URGENT)
    assert quiet == EACH * len(GOOD) * ORDER_S
    be_bad_neighbours(street, backfill=2000)
    assert seconds_until_done(street, 200, *URGENT) <= quiet + 2 * turn.PATIENCE_S
    assert seconds_until_done(street, 300, *URGENT) == quiet


def test_a_worker_that_does_everything_gives_a_server_that_hangs_a_fifth_of_its_time(
    street: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = street.now()

    def seconds_passed() -> float:
        return (street.now() - began).total_seconds()

    monkeypatch.setattr(rq_worker, "monotonic", seconds_passed)
    be_bad_neighbours(street, backfill=20)
    worker = RowWorker([rq_name(name) for name in QueueName], connection=street.redis, serializer="json")
    for shop_id in GOOD:
        for order_id in range(18):
            ring(street, shop_id, 100 + order_id)
    worker.work(burst=True, max_jobs=110, logging_level="ERROR")
    done = [done.shop_id for done in order_done(street)]
    took = seconds_passed()
    assert took - len(done) * ORDER_S <= 2 * turn.PATIENCE_S + HANGS_S + took / SLOW_SHARE


@pytest.mark.parametrize(("others", "at_once", "most"), [("", 100, 100), ("bcd", 100, 25), ("bcd", 8, 5)])
def test_the_scheduler_enqueues_the_shops_in_turn_and_shares_out_what_workers_can_do(
    services: Services, monkeypatch: pytest.MonkeyPatch, others: str, at_once: int, most: int
) -> None:
    """After Redis lost everything a shop with a thousand orders waits no longer than its workers need."""
    monkeypatch.setattr(scheduler, "AT_ONCE", at_once)
    for order_id in range(150):
        keep(services, "a", order_id)
    for shop_id in others:
        keep(services, shop_id, 1)
    scheduler.run_once(services, holder="x")
    names = [shop_of_delivery(services, row_id) for _, row_id in queued_jobs(services.redis, QueueName.ORDERS)]
    assert sorted(names[: 1 + len(others)]) == ["a", *others]
    assert names.count("a") == most


def keep(services: Services, shop_id: str, order_id: int) -> None:
    with services.store.write() as connection:
        deliveries.add(connection, NewDelivery(shop_id, "poll", "order.updated", order_id, b""), now=services.now())


def shop_of_delivery(services: Services, delivery_id: int) -> str:
    with services.store.read() as connection:
        found = deliveries.find(connection, delivery_id)
    assert found is not None
    return found.shop_id


def test_a_task_that_goes_on_later_lets_others_go_first_and_is_enqueued_at_once(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices: list[int] = []

    def slice_of(_services: Services, _task: tasks.Task) -> dict[str, object]:
        slices.append(1)
        if len(slices) < 3:
            raise Unfinished({"done": len(slices), "of": 3})
        return {}

    monkeypatch.setattr("worker.tasks.TASKS", {"verify": slice_of})
    with services.store.write() as connection:
        task_id = tasks.request(connection, TaskRequest("a", "verify", {}, "An"), now=services.now())
    services.enqueue("run_bulk_task", task_id)
    work(services)
    assert len(slices) == 3


@pytest.mark.parametrize(("name", "names"), [(WRITE_NOTE, (TRANSMIT, WRITE_BACK)), (SEND_DOCUMENT, (RENDER, EINVOICE))])
@pytest.mark.parametrize("is_bug", [False, True])
def test_the_second_step_of_a_document_in_one_queue_is_enqueued_when_the_first_ends_however_it_ends(
    services: Services, monkeypatch: pytest.MonkeyPatch, name: str, names: tuple[str, ...], *, is_bug: bool
) -> None:
    def step(_services: Services, leased: LeasedSteps) -> sending.Done:
        if is_bug and leased.steps[0].name == names[0]:
            raise ZeroDivisionError
        return sending.Done("done")

    monkeypatch.setattr("worker.jobs.step.function_of", lambda _type: step)
    monkeypatch.setattr(turn, "FOLLOWED_S", 0.0)  # as where the first one took long
    with services.store.write() as connection:
        shop = shops.get(connection, services.encryption, "a").shop
    document_id = issue(services.store, shop, a_draft(1), now=services.now()).document_id
    with services.store.write() as connection:
        connection.execute(jobs_table.delete())
        steps.plan(connection, StepPlan(names), shop_id="a", document_id=document_id, now=services.now())
    services.enqueue(name, document_id)

    work(services)

    with services.store.read() as connection:
        found = steps.of_document(connection, document_id)
    assert [found[one].state for one in names] == ["waiting" if is_bug else "done", "done"]


def test_less_urgent_queues_get_a_turn_while_urgent_work_never_ends() -> None:
    worker = RowWorker.__new__(RowWorker)

    def next_queue() -> str:
        worker.reorder_queues(worker.queues[0])
        worker.order_queues()
        return str(vars(worker)["_ordered_queues"][0].name.removeprefix("facturelay-"))

    worker.queues = [type("Q", (), {"name": rq_name(name)}) for name in QueueName]  # type: ignore[misc]  # only names
    worker.slow_after = float("inf")
    assert sorted(next_queue() for _ in range(3 * EVERY)) == sorted(["mail"] * 9 + ["calls", "tasks", "bulk"])
    worker.slow_after = 0.0
    assert next_queue() == QueueName.SLOW


@pytest.mark.parametrize("name", QUEUE_OF)
def test_no_job_takes_longer_than_its_lease(name: str) -> None:
    """But tasks, which renew theirs while they are at work. RQ's alarm ends a job; what it does not reach ends with its process."""
    assert name in queue.TASKS or timeout_s(name) + deadline.GRACE_S < Settings.lease_seconds
