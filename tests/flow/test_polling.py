"""Asking the shop what we missed: nothing is lost when its webhooks are, and nothing is looked at for nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.flow.conftest import START, House
from worker.demo.orders import Payload, a_refund, an_order
from worker.errors import Rejected, Unavailable
from worker.orders import poll as polling
from worker.orders.poll import Polled
from worker.store import alerts, shops
from worker.store.shops import Connected, Secrets


def changed(order_id: int, at: datetime = START, **more: object) -> Payload:
    """A paid order that changed last at an instant."""
    return an_order(id=order_id, paid=True, created=at, **more)  # type: ignore[arg-type]  # the order's own fields


def poll(house: House) -> Polled:
    return polling.poll(house.services, connected(house))


def test_an_order_whose_webhook_never_came_is_found(house: House) -> None:
    house.shop.place(changed(7))
    assert poll(house) == Polled(listed=1, missed=1)
    house.work()
    assert house.numbers() == ["F2026-00001"]
    assert house.trail(7).deliveries[0].source == "poll"


def test_an_order_that_rang_is_not_looked_at_again(house: House) -> None:
    house.clock.move(seconds=5)
    house.arrives(changed(7))
    assert poll(house) == Polled(listed=1, missed=0)


def test_what_a_poll_found_is_found_once(house: House) -> None:
    house.clock.move(seconds=5)
    house.shop.place(changed(7))
    assert [poll(house).missed for _ in range(3)] == [1, 0, 0]
    house.work()
    assert poll(house).missed == 0


def test_a_change_after_the_last_delivery_is_found(house: House) -> None:
    house.clock.move(seconds=5)
    house.arrives(an_order(id=7, status="on-hold", paid=False, created=START))
    house.clock.move(minutes=2)
    house.shop.place(changed(7, START + timedelta(seconds=90)))
    assert poll(house).missed == 1
    house.work()
    assert house.numbers() == ["F2026-00001"]


def test_a_second_change_within_the_second_of_a_delivery_is_found(house: House) -> None:
    house.ring(changed(7))  # received in the very second of the change: it may have been said before a second one
    house.shop.place(changed(7))
    house.work()
    house.clock.move(seconds=30)
    assert [poll(house).missed for _ in range(2)] == [1, 0]


def test_an_order_that_waits_to_be_looked_at_is_not_kept_twice(house: House) -> None:
    house.ring(changed(7, START - timedelta(minutes=5)))
    house.shop.place(changed(7, START - timedelta(minutes=1)))
    assert poll(house).missed == 0


def test_open_checkouts_are_left_alone(house: House) -> None:
    house.shop.place(changed(7, status="checkout-draft"))
    assert poll(house) == Polled(listed=1, missed=0)


def test_each_poll_goes_on_where_the_last_one_ended(house: House) -> None:
    house.shop.place(changed(1, START))
    poll(house)
    house.clock.move(hours=5)
    house.shop.place(changed(2, START + timedelta(hours=5)))
    assert poll(house) == Polled(listed=2, missed=1)  # the last one known is named again
    assert poll(house) == Polled(listed=1, missed=0)


def test_a_shop_whose_clock_is_behind_hides_nothing(house: House) -> None:
    house.shop.place(changed(1, START))
    poll(house)
    house.clock.move(days=2)
    house.shop.place(changed(2, START + timedelta(minutes=1)))
    assert poll(house).missed == 1


def test_an_order_from_the_future_hides_nothing(house: House) -> None:
    house.shop.place(changed(1, datetime(2036, 1, 1, tzinfo=UTC)))
    poll(house)
    house.clock.move(minutes=5)
    house.shop.place(changed(2, house.clock.now))
    assert poll(house).missed >= 1
    house.work()
    assert len(house.numbers(2)) == 1


@pytest.mark.parametrize("spread", [timedelta(0), timedelta(seconds=1)], ids=["in one second", "over minutes"])
def test_more_orders_than_a_page_holds_are_all_found(house: House, spread: timedelta) -> None:
    for number in range(1, 251):
        house.shop.place(changed(number, START + number * spread))
    house.clock.move(hours=1)
    found = poll(house)
    assert (found.missed, len(house.outcomes())) == (250, 250)


def test_a_poll_that_breaks_off_keeps_what_it_read(house: House) -> None:
    for number in range(1, 151):
        house.shop.place(changed(number, START + timedelta(minutes=number)))
    house.clock.move(days=1)
    first_page_only(house)
    assert len(house.outcomes()) == 100
    assert poll(house) == Polled(listed=60, missed=50)


def first_page_only(house: House) -> None:
    """What a poll does before the shop goes away between two pages."""
    client = house.services.client_of(connected(house))
    page = next(polling.changed_since(client, START - timedelta(days=1)))
    polling.keep_missed(house.services, house.shop_id, page)


def test_a_shop_that_is_away_is_asked_for_the_same_time_again(house: House) -> None:
    house.shop.place(changed(7))
    house.shop.faults.next(status=500, times=3)
    with pytest.raises(Unavailable):
        poll(house)
    house.shop.faults.clear()
    assert poll(house).missed == 1


def test_a_refused_key_sounds_an_alarm_until_it_works_again(house: House) -> None:
    good = connected(house).secrets
    house.change_secrets(replace(good, rest_key="ck_wrong", rest_secret="cs_wrong"))
    with pytest.raises(Rejected):
        poll(house)
    assert open_alarms(house) == ["rest_key_refused"]
    house.change_secrets(good)
    poll(house)
    assert open_alarms(house) == []


def test_what_a_poll_found_outlasts_a_refused_key(house: House) -> None:
    house.shop.place(changed(7))
    poll(house)
    good = connected(house).secrets
    house.change_secrets(replace(good, rest_key="ck_wrong", rest_secret="cs_wrong"))
    house.work()
    assert house.outcomes() == [("waiting", "rest_key_refused")]
    house.change_secrets(good)
    house.clock.move(hours=1)
    house.work()
    assert house.numbers() == ["F2026-00001"]


def test_refunds_that_could_not_be_read_are_read_when_the_key_works_again(house: House) -> None:
    order = changed(7)
    house.shop.place(order)
    house.shop.refund(7, a_refund(order, id=71, amount="5.00"))
    good = connected(house).secrets
    house.change_secrets(replace(good, rest_key="ck_wrong", rest_secret="cs_wrong"))
    house.ring(house.shop.order(7) or {})
    house.work()
    assert house.numbers() == ["F2026-00001"]
    house.change_secrets(good)
    house.clock.move(hours=1)
    poll(house)
    house.work()
    assert house.numbers() == ["F2026-00001", "C2026-00001"]


def test_a_note_that_the_shop_refused_is_written_when_the_key_works_again(house: House) -> None:
    house.shop.faults.next(status=401, path="/notes")
    house.arrives(changed(7))
    assert (house.notes(7), open_alarms(house)) == ([], ["rest_key_refused"])
    poll(house)
    house.work()
    assert (len(house.notes(7)), open_alarms(house)) == (1, [])


def test_a_note_whose_answer_was_lost_before_the_key_was_refused_is_not_written_twice(house: House) -> None:
    house.shop.faults.next(cut=True, method="POST", path="/notes")
    house.arrives(changed(7))
    house.shop.faults.next(status=401, path="/notes")
    house.clock.move(minutes=1)
    house.work()
    assert open_alarms(house) == ["rest_key_refused"]
    poll(house)
    house.work()
    assert len(house.notes(7)) == 1


def test_a_look_that_was_given_up_while_the_key_was_refused_is_made_when_it_works_again(house: House) -> None:
    house.shop.place(changed(7))
    poll(house)
    house.shop.faults.next(status=401, times=2)
    house.work()
    house.clock.move(hours=25)
    house.work()
    assert house.outcomes() == [("failed", "rest_key_refused")]
    poll(house)
    house.work()
    assert house.numbers(7) == ["F2026-00001"]


def test_a_paused_shop_and_one_without_a_key_are_not_asked(house: House) -> None:
    house.change_shop(suspended=True)
    assert not polling.can_be_asked(connected(house))
    house.change_shop(suspended=False)
    assert polling.can_be_asked(connected(house))
    house.change_secrets(Secrets(("s",)))
    assert not polling.can_be_asked(connected(house))


def connected(house: House) -> Connected:
    with house.services.store.read() as connection:
        return shops.connected(connection, house.services.vault, house.shop_id)


def open_alarms(house: House) -> list[str]:
    with house.services.store.read() as connection:
        return [alarm.code for alarm in alerts.open_alarms(connection)]
