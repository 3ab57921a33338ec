"""Two looks at one order at the same time, or deliveries in the wrong order: the later state of the order counts."""

import threading
from datetime import timedelta

from tests.flow.conftest import SECRET, START, House
from tests.services.process import wait_until
from worker import jobs
from worker.demo.orders import Payload, an_order
from worker.domain.document import Kind
from worker.domain.shop import Moment, Rule
from worker.store import orders
from worker.store.orders import SeenOrder
from worker.store.shops import Secrets

ON_CREATION = (Rule(Kind.ORDER_CONFIRMATION, Moment.CREATED),)


def unpaid(status: str = "on-hold", *, at: timedelta = timedelta(0)) -> Payload:
    return an_order(id=238, paid=False, status=status, created=START + at)


def seen(house: House) -> SeenOrder | None:
    with house.services.store.read() as connection:
        return orders.find(connection, house.shop_id, 238)


def status_seen(house: House) -> str:
    last = seen(house)
    return last.status if last else "nothing"


def overtaken(house: House, *, by_status: str) -> None:
    """One look gets its answer two seconds late; a second later the order changes, and another look sees that first."""
    house.shop.place(unpaid())
    house.shop.faults.next(silence_s=2, path="/orders/238$")
    slow = threading.Thread(target=jobs.run_look, args=(house.services, house.ring(unpaid())))
    slow.start()
    wait_until(lambda: house.shop.faults.waiting == 0, what="the slow look to ask")
    house.clock.move(seconds=1)
    house.shop.change(238, status=by_status)
    jobs.run_look(house.services, house.ring(house.shop.order(238) or {}))
    slow.join()


def test_a_slow_look_does_not_hide_what_a_newer_one_saw(house: House) -> None:
    overtaken(house, by_status="completed")
    assert status_seen(house) == "completed"
    assert house.outcomes() == [("waiting", "look_outdated"), ("done", "issued")]


def test_a_slow_look_makes_nothing_of_a_state_that_is_past(house: House) -> None:
    house.change_shop(rules=ON_CREATION)
    overtaken(house, by_status="cancelled")
    house.clock.move(minutes=1)
    house.work()
    assert house.numbers() == []
    assert status_seen(house) == "cancelled"
    assert {state for state, _ in house.outcomes()} == {"done"}


def test_without_a_key_the_newest_of_several_deliveries_counts(house: House) -> None:
    house.change_secrets(Secrets((SECRET,)))
    house.clock.move(minutes=5)
    house.ring(unpaid("completed", at=timedelta(seconds=9)))
    house.ring(unpaid("on-hold"))
    house.work()
    assert status_seen(house) == "completed"


def test_without_a_key_a_delivery_that_comes_late_changes_nothing(house: House) -> None:
    house.change_secrets(Secrets((SECRET,)))
    house.change_shop(rules=ON_CREATION)
    house.clock.move(minutes=5)
    house.ring(unpaid("cancelled", at=timedelta(seconds=9)))
    house.work()
    house.ring(unpaid("on-hold"))
    house.work()
    assert house.numbers() == []
    assert status_seen(house) == "cancelled"
    assert house.outcomes()[-1] == ("done", "look_outdated")
