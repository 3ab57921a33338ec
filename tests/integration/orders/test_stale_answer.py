"""A cache in front of the shop answers with what was: a state older than what the shop itself told never counts."""

from datetime import timedelta

import pytest

from tests.support.system import START, System
from worker.demo.faults import ServerFault
from worker.demo.orders import Payload, an_order, php_json
from worker.errors import StaleAnswer
from worker.invoicing import manual
from worker.orders import poll

CACHED = "/orders/238$"
OFTEN = 50


def order(*, paid: bool, after_s: int = 0) -> Payload:
    """The order as it was *after_s* seconds after it was placed."""
    changed = (START + timedelta(seconds=after_s)).strftime("%Y-%m-%dT%H:%M:%S")
    status = "processing" if paid else "pending"
    return an_order(id=238, paid=paid, status=status, created=START, date_modified_gmt=changed)


OLD, NEW = order(paid=False), order(paid=True, after_s=2)


def cached(system: System, *, times: int) -> None:
    """The shop holds the paid order; whoever asks for it gets the one from before so many times."""
    system.clock.move(seconds=5)
    system.shop.place(NEW)
    system.shop.faults.next(ServerFault(body=php_json(OLD), path=CACHED), times=times)


def told(system: System) -> list[str]:
    return [str(entry.message) for entry in system.trail(238).audit_entries if entry.code == StaleAnswer.code]


def poll_now(system: System) -> None:
    poll.poll(system.services, system.connected)


@pytest.mark.parametrize(
    ("times", "sentence"),
    [(0, ""), (1, "first answered with an older state of order 238; asked again, it sent the present one")],
)
def test_an_older_answer_is_asked_for_again(system: System, times: int, sentence: str) -> None:
    cached(system, times=times)
    system.receive(NEW)
    system.work()
    assert (len(system.numbers()), system.outcomes()) == (1, [("done", "issued")])
    assert len(told(system)) == bool(sentence)
    assert sentence in "".join(told(system))


def test_what_was_delivered_alone_makes_nothing_while_the_shop_itself_says_otherwise(system: System) -> None:
    """It may come from a copy of the shop that has its address, too: the order waits until the shop shows it."""
    cached(system, times=OFTEN)
    system.receive(NEW)
    system.work()
    assert (system.numbers(), system.outcomes()) == ([], [("waiting", "stale_answer")])
    system.shop.faults.clear()
    system.clock.move(minutes=1)
    system.work()
    assert (len(system.numbers()), system.outcomes()) == (1, [("done", "issued")])


@pytest.mark.parametrize("times", [1, OFTEN])
def test_what_the_list_says_beats_an_older_answer(system: System, times: int) -> None:
    """The list says only that it changed: nothing is made until the shop sends that state."""
    cached(system, times=times)
    poll_now(system)
    system.work()
    if times == OFTEN:
        assert (system.numbers(), system.outcomes()) == ([], [("waiting", "stale_answer")])
        (delivery,) = system.trail(238).deliveries
        assert "It is asked again later; a cache in front of the shop must leave /wp-json/ alone." in str(
            delivery.message
        )
        system.shop.faults.clear()
        system.clock.move(minutes=1)
        system.work()
    assert (len(system.numbers()), system.outcomes()) == (1, [("done", "issued")])


def test_an_older_body_does_not_stand_for_the_newer_change_in_the_list(system: System) -> None:
    cached(system, times=0)
    poll_now(system)
    system.receive(OLD)
    system.shop.faults.next(ServerFault(status=503, path=CACHED), times=OFTEN)
    system.work()
    assert {state for state, _ in system.outcomes()} == {"waiting"}
    system.shop.faults.clear()
    system.clock.move(minutes=1)
    system.work()
    assert len(system.numbers()) == 1


def test_a_cache_that_is_back_after_the_newest_state_takes_nothing_back(system: System) -> None:
    cached(system, times=0)
    system.receive(NEW)
    system.work()
    system.shop.faults.next(ServerFault(body=php_json(OLD), path=CACHED), times=OFTEN)
    system.receive(OLD)
    system.work()
    last = system.trail(238).order
    assert last is not None
    assert (last.status, system.outcomes()[-1]) == ("processing", ("waiting", "stale_answer"))


def test_an_order_that_changed_while_the_shops_clock_was_ahead_goes_on_once_it_is_saved_again(system: System) -> None:
    """It waits, as behind a cache: its sentence says what to do."""
    ahead, right = order(paid=False, after_s=3600), order(paid=True, after_s=60)
    system.shop.place(right)
    system.receive(ahead)
    system.receive(right)
    system.work()
    assert (system.numbers(), {code for _, code in system.outcomes()}) == ([], {"stale_answer"})
    delivery = system.trail(238).deliveries[0]
    assert "Was the shop’s clock ahead and set back since, save the order there again after that time." in str(
        delivery.message
    )
    system.clock.move(hours=1, minutes=1)
    saved = order(paid=True, after_s=3660)
    system.shop.place(saved)
    system.receive(saved)
    system.work()
    assert (len(system.numbers()), {state for state, _ in system.outcomes()}) == (1, {"done"})


def test_a_person_makes_nothing_of_an_older_answer(system: System) -> None:
    cached(system, times=0)
    system.receive(NEW)
    system.work()
    system.shop.faults.next(ServerFault(body=php_json(OLD), path=CACHED), times=OFTEN)
    with pytest.raises(StaleAnswer):
        manual.fetch_now(system.services, system.connected, 238)
