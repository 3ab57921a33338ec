"""One order fetched twice at the same time, or deliveries in the wrong order: the later state of the order counts."""

import threading
from datetime import timedelta

import pytest

from tests.services.process import wait_until
from tests.support.system import SECRET, START, System
from worker.demo.faults import ServerFault
from worker.demo.orders import Payload, an_order
from worker.domain.document import Kind
from worker.domain.rules import Rule, Trigger
from worker.jobs.order import process_delivery
from worker.store import orders
from worker.store.orders import StoredOrder
from worker.store.shops import Secrets

pytestmark = pytest.mark.each_database

ON_CREATION = (Rule(Kind.ORDER_CONFIRMATION, Trigger.CREATED),)


def unpaid(status: str = "on-hold", *, at: timedelta = timedelta(0)) -> Payload:
    return an_order(id=238, paid=False, status=status, created=START + at)


def seen(system: System) -> StoredOrder | None:
    with system.services.store.read() as connection:
        return orders.find(connection, system.shop_id, 238)


def status_seen(system: System) -> str:
    last = seen(system)
    return last.status if last else "nothing"


def overtaken(system: System, *, by_status: str) -> None:
    """One fetch gets its answer two seconds late; a second later the order changes, and another fetch gets that first."""
    system.shop.place(unpaid())
    system.shop.faults.next(ServerFault(silence_s=2, path="/orders/238$"))
    slow = threading.Thread(target=process_delivery, args=(system.services, system.receive(unpaid())))
    slow.start()
    wait_until(lambda: system.shop.faults.waiting == 0, what="the slow look to ask")
    system.clock.move(seconds=1)
    system.shop.change(238, status=by_status)
    process_delivery(system.services, system.receive(system.shop.order(238) or {}))
    slow.join()


def test_a_slow_fetch_does_not_hide_what_a_newer_one_saw(system: System) -> None:
    overtaken(system, by_status="completed")
    assert status_seen(system) == "completed"
    assert system.outcomes() == [("waiting", "stale_fetch"), ("done", "issued")]


def test_a_slow_fetch_makes_nothing_of_a_state_that_is_past(system: System) -> None:
    system.change_shop(rules=ON_CREATION)
    overtaken(system, by_status="cancelled")
    system.clock.move(minutes=1)
    system.work()
    assert system.numbers() == []
    assert status_seen(system) == "cancelled"
    assert {state for state, _ in system.outcomes()} == {"done"}


def test_without_a_key_the_newest_of_several_deliveries_counts(system: System) -> None:
    system.change_secrets(Secrets((SECRET,)))
    system.clock.move(minutes=5)
    system.receive(unpaid("completed", at=timedelta(seconds=9)))
    system.receive(unpaid("on-hold"))
    system.work()
    assert status_seen(system) == "completed"


def test_without_a_key_a_delivery_that_comes_late_changes_nothing(system: System) -> None:
    system.change_secrets(Secrets((SECRET,)))
    system.change_shop(rules=ON_CREATION)
    system.clock.move(minutes=5)
    system.receive(unpaid("cancelled", at=timedelta(seconds=9)))
    system.work()
    system.receive(unpaid("on-hold"))
    system.work()
    assert system.numbers() == []
    assert status_seen(system) == "cancelled"
    assert system.outcomes()[-1] == ("done", "never_paid")


def test_a_delivery_that_comes_late_after_the_key_was_taken_away_changes_nothing(system: System) -> None:
    system.change_shop(rules=ON_CREATION)
    system.clock.move(minutes=5)
    system.shop.place(unpaid("cancelled", at=timedelta(seconds=9)))
    system.arrives(unpaid("cancelled", at=timedelta(seconds=9)))
    system.change_secrets(Secrets((SECRET,)))
    system.receive(unpaid("on-hold"))
    system.work()
    assert (system.numbers(), status_seen(system)) == ([], "cancelled")
    assert system.outcomes()[-1] == ("done", "stale_fetch")
