"""One holder at a time for a lease, also when two try at the same time."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from tests.support.at_once import at_once
from tests.support.issued import NOW, opened
from worker.store import leases
from worker.store.database.engine import Store

AN_HOUR = timedelta(hours=1)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    made, _ = opened(database_url)
    yield made
    made.close()


def hold(store: Store, holder: str, *, after: timedelta = timedelta(0)) -> bool:
    with store.write() as connection:
        return leases.acquire(connection, "scheduler", holder, now=NOW + after, lease_for=AN_HOUR)


def test_a_duty_has_one_holder(store: Store) -> None:
    assert hold(store, "one")
    assert not hold(store, "two")


def test_the_holder_may_go_on(store: Store) -> None:
    hold(store, "one")
    assert hold(store, "one", after=AN_HOUR / 2)
    assert not hold(store, "two", after=AN_HOUR * 1.25)


def test_a_duty_that_was_let_go_or_ran_out_is_free(store: Store) -> None:
    hold(store, "one")
    with store.write() as connection:
        leases.release(connection, "scheduler", "one", now=NOW)
    assert hold(store, "two", after=timedelta(seconds=1))
    assert hold(store, "three", after=AN_HOUR * 2)


def test_a_duty_that_was_taken_while_a_clock_was_ahead_is_free_once_it_is_right(store: Store) -> None:
    hold(store, "one", after=timedelta(days=1))
    with store.read() as connection:
        until = leases.held_until(connection, "scheduler")
    assert not leases.is_held(until, now=NOW, lease_for=AN_HOUR)
    assert hold(store, "two")
    # Clocks of two machines may differ a little.
    assert not hold(store, "one", after=-AN_HOUR / 2)


def test_nobody_lets_go_of_what_another_holds(store: Store) -> None:
    hold(store, "one")
    with store.write() as connection:
        leases.release(connection, "scheduler", "two", now=NOW)
        assert leases.held_until(connection, "scheduler") == NOW + AN_HOUR


def test_of_eight_that_ask_at_once_one_gets_it(store: Store) -> None:
    start, won = threading.Barrier(8), list[str]()

    def ask(holder: str) -> None:
        start.wait()
        if hold(store, holder):
            won.append(holder)

    at_once(partial(ask, str(n)) for n in range(8))
    assert len(won) == 1
