"""The scheduler on a real broker: it enqueues every row that waits, whatever Redis remembers or forgot."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from redis.exceptions import RedisError
from rq.job import JobStatus

from tests.services.process import wait_until
from tests.support import due
from tests.support.at_once import at_once
from tests.support.issued import a_draft, issue
from tests.support.redis_jobs import queued_jobs
from tests.support.system import START, Clock
from worker import queue, scheduler
from worker.domain.actor import Actor
from worker.domain.shop import OrderSettings, Shop
from worker.domain.webhook import WebhookEventKind
from worker.errors import Unavailable
from worker.jobs.job_type import lease_time
from worker.processes.row_job import RowJob
from worker.queue import PROCESS_ORDER, SEND_WEBHOOK_EVENT, QueueName
from worker.queue.status import count_queued
from worker.scheduler import ALL_SHOPS, GLOBAL_JOBS, Enqueued, GlobalJob, PeriodicJobRunner, ShopJob
from worker.services import Services
from worker.settings import Settings
from worker.store import deliveries, leases, shops, webhooks
from worker.store import jobs as job_store
from worker.store.deliveries import NewDelivery
from worker.store.shops import Secrets
from worker.store.webhooks import NewEndpoint

SHOP = "a-shop"


@pytest.fixture
def services(broker_url: str, sqlite_url: str, tmp_path: Path) -> Iterator[Services]:
    """A shop without orders, an empty broker, and a clock that stands still."""
    settings = Settings(
        data=tmp_path,
        public_url="https://documents.test",
        database_url=sqlite_url,
        redis_url=broker_url,
        secret_keys=("k" * 32,),
    )
    services = Services(settings, now=Clock())
    add_shop(services, SHOP)
    yield services
    services.store.close()


def add_shop(services: Services, shop_id: str) -> None:
    shop = Shop(shop_id=shop_id, name="Winkel", url="https://winkel.test", orders=OrderSettings(since=START))
    with services.store.write() as connection:
        shops.add(connection, services.encryption, shop, Secrets(("s",)), now=services.now())


def keep(services: Services, order_id: int) -> int:
    with services.store.write() as connection:
        return deliveries.add(
            connection,
            NewDelivery(shop_id=SHOP, source="webhook", topic="order.updated", order_id=order_id, body=b"{}"),
            now=services.now(),
        )


def move(services: Services, **by: float) -> None:
    assert isinstance(services.now, Clock)
    services.now.move(**by)


def rings(services: Services) -> int:
    return count_queued(services.redis)


def queued(services: Services, name: QueueName) -> list[tuple[str | None, list[int]]]:
    return [(job, [row_id]) for job, row_id in queued_jobs(services.redis, name)]


def test_what_waits_is_enqueued(services: Services) -> None:
    for order_id in (1, 2, 3):
        keep(services, order_id)
    assert scheduler.run_once(services, holder="a") == Enqueued(orders=3)
    assert rings(services) == 3


def test_an_event_that_waits_for_an_endpoint_is_enqueued(services: Services) -> None:
    with services.store.write() as connection:
        shop = shops.get(connection, services.encryption, SHOP).shop
        webhooks.add(
            connection,
            services.encryption,
            NewEndpoint(shop_id=SHOP, url="https://b.example/", events=tuple(WebhookEventKind)),
            by=Actor("An", START),
        )
    issue(services.store, shop, a_draft(1), now=START)
    scheduler.run_once(services, holder="a")
    assert queued(services, QueueName.CALLS) == [(SEND_WEBHOOK_EVENT, [1])]


def test_many_deliveries_of_one_order_are_one_job(services: Services) -> None:
    for _ in range(5):
        keep(services, 1)
    scheduler.run_once(services, holder="a")
    assert rings(services) == 1


def test_running_again_while_the_job_is_queued_enqueues_no_more(services: Services) -> None:
    keep(services, 1)
    assert [scheduler.run_once(services, holder="a").orders for _ in range(3)] == [1, 0, 0]
    assert rings(services) == 1
    move(services, minutes=1)
    assert scheduler.run_once(services, holder="a").orders == 0
    assert rings(services) == 1
    keep(services, 2)
    assert scheduler.run_once(services, holder="a").orders == 1


def test_a_broker_that_forgot_everything_is_filled_again(services: Services) -> None:
    keep(services, 1)
    scheduler.run_once(services, holder="a")
    services.redis.flushall()
    scheduler.run_once(services, holder="a")
    assert rings(services) == 1


def test_a_dead_workers_job_does_not_stop_its_order_from_being_enqueued(services: Services) -> None:
    delivery_id = keep(services, 1)
    queue.enqueue(services.redis, PROCESS_ORDER, delivery_id)
    take_and_die(services, delivery_id)
    queue.enqueue(services.redis, PROCESS_ORDER, delivery_id)  # the name is taken: nothing happens
    assert rings(services) == 0
    move(services, seconds=services.settings.lease_seconds - 1)
    assert scheduler.run_once(services, holder="a") == Enqueued()
    move(services, seconds=2)
    assert scheduler.run_once(services, holder="a") == Enqueued(orders=1)
    assert rings(services) == 1


def take_and_die(services: Services, delivery_id: int) -> None:
    """What is left of a worker that was killed in its job: the job has begun for Redis, the row is leased."""
    orders = queue.open_queue(services.redis, QueueName.ORDERS)
    (job_id,) = orders.job_ids
    orders.remove(job_id)
    RowJob.fetch(job_id, connection=services.redis).set_status(JobStatus.STARTED)
    with services.store.write() as connection:
        deliveries.take(connection, delivery_id, now=services.now(), lease_for=lease_time(services))


def test_one_scheduler_acts_at_a_time_and_the_other_takes_over(services: Services) -> None:
    keep(services, 1)
    assert scheduler.run_once(services, holder="a").acted
    assert not scheduler.run_once(services, holder="b").acted
    move(services, seconds=services.settings.scheduler_lease.total_seconds() + 1)
    assert scheduler.run_once(services, holder="b").acted
    assert not scheduler.run_once(services, holder="a").acted


def test_of_eight_schedulers_at_once_one_acts(services: Services) -> None:
    acted = []

    def take(name: str) -> None:
        acted.append(scheduler.take_lease(services, name))

    at_once(partial(take, name) for name in "abcdefgh")
    assert sorted(acted) == [False] * 7 + [True]


def test_a_full_queue_is_not_filled_further(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "FULL_QUEUE", 2)
    for order_id in range(5):
        keep(services, order_id)
    scheduler.run_once(services, holder="a")
    assert scheduler.run_once(services, holder="a") == Enqueued()


def test_without_redis_the_scheduler_says_so_and_keeps_its_lease(services: Services) -> None:
    away = Services(replace(services.settings, redis_url="unix:///tmp/nobody.sock"), now=services.now)
    keep(services, 1)
    with pytest.raises(Unavailable, match="Redis"):
        scheduler.run_once(away, holder="a")
    with services.store.read() as connection:
        assert leases.held_until(connection, leases.SCHEDULER) is not None
    away.store.close()
    with pytest.raises(RedisError):
        away.redis.ping()


def test_a_shop_that_does_not_answer_delays_only_itself(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    add_shop(services, "silent")
    answer, done = threading.Event(), threading.Event()

    def ask(_services: Services, connected: shops.ConnectedShop) -> None:
        if connected.shop.shop_id == "silent":
            answer.wait(10)
        else:
            done.set()

    only(monkeypatch, ShopJob("ask", timedelta(0), ask))
    runner = PeriodicJobRunner(services)
    for _ in range(3):
        done.clear()
        runner.start_due()
        assert done.wait(5)
        wait_until_free(runner, SHOP)
    assert runner.busy_shops == {"silent"}
    answer.set()
    wait_until_free(runner, "silent")


def test_many_shops_that_do_not_answer_leave_room_for_the_others(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = {f"silent-{number}" for number in range(scheduler.MOST_PERIODIC_JOBS + 2)}
    for shop_id in silent:
        add_shop(services, shop_id)
    answer, done = threading.Event(), threading.Event()

    def ask(_services: Services, connected: shops.ConnectedShop) -> None:
        if connected.shop.shop_id in silent:
            answer.wait(10)
        else:
            done.set()

    only(monkeypatch, ShopJob("ask", timedelta(0), ask))
    runner = PeriodicJobRunner(services, slow_shops=set(silent))
    for _ in range(3):
        done.clear()
        runner.start_due()
        assert done.wait(5)
        wait_until_free(runner, SHOP)
    assert len(runner.busy_shops) == scheduler.MOST_SLOW_SHOPS
    answer.set()
    for shop_id in silent:
        wait_until_free(runner, shop_id)


def test_all_that_is_due_of_all_shops_is_done_in_one_round_however_many_there_are(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = {SHOP, *(f"shop-{number}" for number in range(5 * scheduler.MOST_PERIODIC_JOBS))}
    for shop_id in every - {SHOP}:
        add_shop(services, shop_id)
    done: list[tuple[str, str]] = []
    started = threading.Event()  # every place is taken, and most shops wait

    def do(name: str) -> ShopJob:
        def note(_services: Services, connected: shops.ConnectedShop) -> None:
            assert started.wait(30)
            done.append((connected.shop.shop_id, name))

        return ShopJob(name, timedelta(hours=1), note)

    jobs = (do("first"), do("second"))
    monkeypatch.setattr(scheduler, "SHOP_JOBS", jobs)
    monkeypatch.setattr(scheduler, "GLOBAL_JOBS", ())
    runner = PeriodicJobRunner(services)
    runner.start_due()
    assert len(runner.busy_shops) == scheduler.MOST_PERIODIC_JOBS
    started.set()
    wait_until(lambda: not runner.waiting and not runner.busy_shops, what="the round is over")
    assert sorted(done) == sorted((shop_id, name) for shop_id in every for name in ("first", "second"))


def test_a_shop_whose_job_took_long_gives_its_place_to_the_next(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def do(name: str) -> ShopJob:
        return ShopJob(name, timedelta(hours=1), lambda *_: done.append(name))

    jobs = (do("first"), do("second"))
    monkeypatch.setattr(scheduler, "SHOP_JOBS", jobs)
    monkeypatch.setattr(scheduler, "GLOBAL_JOBS", ())
    monkeypatch.setattr(scheduler, "SLOW_AFTER_S", 0.0)
    runner = PeriodicJobRunner(services)
    for so_far in (["first"], ["first", "second"]):
        runner.start_due()
        wait_until_free(runner, SHOP)
        assert done == so_far


def test_a_periodic_job_that_failed_comes_again_and_stops_nobody(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def fail(_services: Services, _connected: shops.ConnectedShop) -> None:
        tries.append(1)
        raise ZeroDivisionError

    only(monkeypatch, ShopJob("fail", timedelta(hours=1), fail))
    runner = PeriodicJobRunner(services)
    for _ in range(2):
        runner.start_due()
        wait_until_free(runner, SHOP)
        move(services, minutes=30)
    assert len(tries) == 1
    move(services, hours=1)
    runner.start_due()
    wait_until_free(runner, SHOP)
    assert len(tries) == 2


def test_a_clock_that_was_ahead_and_was_put_right_stops_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    only(monkeypatch, ShopJob("any", timedelta(hours=1), lambda _services, _connected: done.append(1)))
    runner = PeriodicJobRunner(services)
    for days in (1, -1, 0):
        move(services, days=days)
        runner.start_due()
        wait_until_free(runner, SHOP)
    assert len(done) == 2


def test_what_was_asked_for_or_leased_while_a_clock_was_ahead_waits_no_longer(services: Services) -> None:
    move(services, days=3)
    left, held = keep(services, 238), keep(services, 239)
    with services.store.write() as connection:
        lease_for = lease_time(services)
        assert deliveries.take(connection, held, now=services.now(), lease_for=lease_for) is not None
    move(services, days=-3)
    on_time, postponed = keep(services, 240), keep(services, 241)
    with services.store.write() as connection:
        deliveries.postpone(connection, postponed, until=services.now() + timedelta(days=2))
    assert due_now(services) == [on_time]
    scheduler.end_future(services)
    assert due_now(services) == [left, on_time]
    # A worker may still be at it, for as long as a job may take.
    move(services, seconds=lease_for.total_seconds() + 1)
    assert due_now(services) == [left, held, on_time]


def test_a_lease_of_a_machine_whose_clock_is_some_minutes_ahead_is_its_own(services: Services) -> None:
    """Cut to what it is here it would be over there, and another worker would do the same once more."""
    move(services, minutes=8)
    held = keep(services, 238)
    with services.store.write() as connection:
        assert deliveries.take(connection, held, now=services.now(), lease_for=lease_time(services)) is not None
    move(services, minutes=-8)
    scheduler.end_future(services)
    move(services, minutes=8)
    assert due_now(services) == []


def due_now(services: Services) -> list[int]:
    with services.store.read() as connection:
        return sorted(due.orders(connection, now=services.now()))


def test_a_paused_shop_has_no_periodic_jobs(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    with services.store.write() as connection:
        found = shops.get(connection, services.encryption, SHOP)
        shops.change(connection, replace(found.shop, suspended=True))
    only(monkeypatch, ShopJob("any", timedelta(0), must_not_be_called))
    runner = PeriodicJobRunner(services)
    runner.start_due()
    assert runner.busy_shops == set()


@pytest.mark.parametrize("paused", [False, True])
def test_a_global_job_is_done_once_for_all_shops_even_while_all_are_paused(
    services: Services, monkeypatch: pytest.MonkeyPatch, paused: bool
) -> None:
    for name in ("second", "third"):
        add_shop(services, name)
    with services.store.write() as connection:
        for shop in shops.every(connection):
            shops.change(connection, replace(shop, suspended=paused))
    done: list[Services] = []
    only(monkeypatch, GlobalJob("any", timedelta(hours=1), done.append))
    runner = PeriodicJobRunner(services)
    for _ in range(2):
        runner.start_due()
        wait_until_free(runner, ALL_SHOPS)

    assert done == [services]


def test_raw_bodies_are_forgotten_in_time_while_every_shop_is_paused(services: Services) -> None:
    delivery_id = keep(services, 1)
    with services.store.write() as connection:
        leased = deliveries.take(connection, delivery_id, now=services.now(), lease_for=lease_time(services))
        assert leased is not None
        job_store.finish(connection, leased.lease, now=services.now())
        shops.change(connection, replace(shops.get(connection, services.encryption, SHOP).shop, suspended=True))
    move(services, days=91)
    runner = PeriodicJobRunner(services)
    for _ in GLOBAL_JOBS:
        runner.start_due()
        wait_until_free(runner, ALL_SHOPS)

    with services.store.read() as connection:
        delivery = deliveries.find(connection, delivery_id)
    assert delivery is not None
    assert delivery.body is None


def only(monkeypatch: pytest.MonkeyPatch, job: ShopJob | GlobalJob) -> None:
    """Let *job* be the only periodic one."""
    monkeypatch.setattr(scheduler, "SHOP_JOBS", (job,) if isinstance(job, ShopJob) else ())
    monkeypatch.setattr(scheduler, "GLOBAL_JOBS", (job,) if isinstance(job, GlobalJob) else ())


def must_not_be_called(_services: Services, connected: shops.ConnectedShop) -> None:
    raise AssertionError(connected)


def wait_until_free(runner: PeriodicJobRunner, shop_id: str) -> None:
    patience = threading.Event()
    for _ in range(6000):
        if shop_id not in runner.busy_shops:
            return
        patience.wait(0.01)
    raise AssertionError(f"{shop_id} is still at work")
