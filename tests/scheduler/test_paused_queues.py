"""A queue that an operator paused: nothing of it is begun, nothing is lost, and it goes on where it stood."""

import pytest

from tests.scheduler.test_turns import let_work, order_done, ring, services, work
from worker import scheduler
from worker.domain.actor import Actor
from worker.queue import QueueName
from worker.services import Services
from worker.store import paused_queues

__all__ = ["services"]


def pause(services: Services, queue: QueueName) -> bool:
    with services.store.write() as connection:
        return paused_queues.pause(connection, queue, by=Actor("els@host.example", services.now()))


def resume(services: Services, queue: QueueName) -> bool:
    with services.store.write() as connection:
        return paused_queues.resume(connection, queue, by=Actor("els@host.example", services.now()))


@pytest.mark.parametrize("workers", [1, 2], ids=["one worker", "several"])
def test_nothing_of_a_paused_queue_is_begun_and_all_of_it_when_it_is_resumed(services: Services, workers: int) -> None:
    let_work(services, workers)
    assert pause(services, QueueName.ORDERS)
    ring(services, "a", 1)
    work(services)
    scheduler.run_once(services, holder="one")
    work(services)
    assert order_done(services) == []
    assert resume(services, QueueName.ORDERS)
    scheduler.run_once(services, holder="one")
    work(services)
    assert order_done(services) == [("a", 1)]


def test_a_paused_queue_keeps_no_other_waiting(services: Services) -> None:
    pause(services, QueueName.BULK)
    ring(services, "a", 1, source="backfill")
    ring(services, "a", 2)
    scheduler.run_once(services, holder="one")
    work(services)
    assert order_done(services) == [("a", 2)]


def test_who_paused_it_first_is_kept(services: Services) -> None:
    assert pause(services, QueueName.MAIL)
    since = services.now()
    assert not pause(services, QueueName.MAIL)
    with services.store.read() as connection:
        found = paused_queues.every(connection)[QueueName.MAIL]
    assert (found.since <= since, found.paused_by) == (True, "els@host.example")
    assert resume(services, QueueName.MAIL)
    assert not resume(services, QueueName.MAIL)
