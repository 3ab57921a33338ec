"""Asking the shop what we missed: nothing is lost when its webhooks are, and nothing is looked at for nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.system import START, System
from worker.actions import refused_work
from worker.demo.faults import ServerFault
from worker.demo.orders import Payload, a_refund, an_order, php_json
from worker.domain.attention import Source
from worker.domain.attention_reasons import REASONS, reason_of
from worker.domain.rules import Rule
from worker.domain.step import WRITE_BACK
from worker.errors import Rejected, Unavailable
from worker.orders import fetch, webhook_repair
from worker.orders import poll as polling
from worker.orders.poll import Polled
from worker.store import backlogs, deliveries, orders
from worker.store.backlogs import Backlogs
from worker.store.shops import ListPlace, Secrets
from worker.woocommerce.payload import parse_order


def changed(order_id: int, at: datetime = START, **more: object) -> Payload:
    """A paid order that changed last at an instant."""
    return an_order(id=order_id, paid=True, created=at, **more)  # type: ignore[arg-type]  # the order's own fields


def poll(system: System) -> Polled:
    return polling.poll(system.services, system.connected)


def test_an_order_whose_webhook_never_came_is_found(system: System) -> None:
    system.shop.place(changed(7))
    assert poll(system) == Polled(listed=1, missed=1)
    system.work()
    assert system.numbers() == ["F2026-00001"]
    assert system.trail(7).deliveries[0].source == "poll"


def test_an_order_that_was_delivered_is_not_processed_again(system: System) -> None:
    system.clock.move(seconds=5)
    system.arrives(changed(7))
    assert poll(system) == Polled(listed=1, missed=0)


def test_what_a_poll_found_is_found_once(system: System) -> None:
    system.clock.move(seconds=5)
    system.shop.place(changed(7))
    assert [poll(system).missed for _ in range(3)] == [1, 0, 0]
    system.work()
    assert poll(system).missed == 0


def test_a_change_after_the_last_delivery_is_found(system: System) -> None:
    system.clock.move(seconds=5)
    system.arrives(an_order(id=7, status="on-hold", paid=False, created=START))
    system.clock.move(minutes=2)
    system.shop.place(changed(7, START + timedelta(seconds=90)))
    assert poll(system).missed == 1
    system.work()
    assert system.numbers() == ["F2026-00001"]


def test_a_second_change_within_the_second_of_a_delivery_is_found(system: System) -> None:
    system.receive(changed(7))  # received in the very second of the change: it may have been said before a second one
    system.shop.place(changed(7))
    system.work()
    system.clock.move(seconds=30)
    assert [poll(system).missed for _ in range(2)] == [1, 0]


def test_an_order_that_waits_to_be_processed_is_not_stored_twice(system: System) -> None:
    system.receive(changed(7, START - timedelta(minutes=5)))
    system.shop.place(changed(7, START - timedelta(minutes=1)))
    assert poll(system).missed == 0


def test_open_checkouts_are_left_alone(system: System) -> None:
    system.shop.place(changed(7, status="checkout-draft"))
    assert poll(system) == Polled(listed=1, missed=0)


def test_each_poll_goes_on_where_the_last_one_ended(system: System) -> None:
    system.shop.place(changed(1, START))
    poll(system)
    system.clock.move(hours=5)
    system.shop.place(changed(2, START + timedelta(hours=5)))
    assert poll(system) == Polled(listed=2, missed=1)  # the last one known is named again
    assert poll(system) == Polled(listed=1, missed=0)


def test_a_shop_whose_clock_is_behind_hides_nothing(system: System) -> None:
    system.shop.place(changed(1, START))
    poll(system)
    system.clock.move(days=2)
    system.shop.place(changed(2, START + timedelta(minutes=1)))
    assert poll(system).missed == 1


def test_an_order_from_the_future_hides_nothing(system: System) -> None:
    system.shop.place(changed(1, datetime(2036, 1, 1, tzinfo=UTC)))
    poll(system)
    system.clock.move(minutes=5)
    system.shop.place(changed(2, system.clock.now))
    assert poll(system).missed >= 1
    system.work()
    assert len(system.numbers(2)) == 1


@pytest.mark.parametrize("spread", [timedelta(0), timedelta(seconds=1)], ids=["in one second", "over minutes"])
@pytest.mark.usefixtures("pages_of_ten")
def test_more_orders_than_a_page_holds_are_all_found(system: System, spread: timedelta) -> None:
    for number in range(1, 26):
        system.shop.place(changed(number, START + number * spread))
    system.clock.move(hours=1)
    found = poll(system)
    assert (found.missed, len(system.outcomes())) == (25, 25)


@pytest.mark.usefixtures("pages_of_ten")
@pytest.mark.each_database
def test_a_poll_that_breaks_off_keeps_what_it_read(system: System) -> None:
    for number in range(1, 16):
        system.shop.place(changed(number, START + timedelta(minutes=number)))
    system.clock.move(days=1)
    first_page_only(system)
    assert len(system.outcomes()) == 10
    assert poll(system) == Polled(listed=6, missed=5)  # from the second of the last one on


def first_page_only(system: System) -> None:
    """What a poll does before the shop goes away between two pages."""
    client = system.services.client_of(system.connected)
    page, then = next(polling.changed_since(client, ListPlace(START - timedelta(days=1))))
    polling.add_missed_deliveries(system.services, system.shop_id, page, then)


@pytest.mark.usefixtures("pages_of_ten")
def test_a_poll_takes_a_step_of_a_long_list_and_the_next_one_goes_on_there(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "ENOUGH_PAGES", 2)
    monkeypatch.setattr(polling, "MOST_PAGES", 3)
    for number in range(1, 56):  # half of the second page and all behind it are of one second
        system.shop.place(changed(number, START + min(number, 15) * timedelta(seconds=1)))
    system.clock.move(hours=1)
    steps = [poll(system) for _ in range(3)]
    assert [(step.listed, step.more) for step in steps] == [(20, True), (30, True), (11, False)]
    assert sum(step.missed for step in steps) == 55


@pytest.mark.usefixtures("pages_of_ten")
def test_a_change_that_is_seen_late_is_found_though_a_poll_broke_off_behind_it(system: System) -> None:
    for number in range(1, 16):
        system.shop.place(changed(number, START + timedelta(seconds=number)))
    system.clock.move(minutes=5)
    first_page_only(system)
    system.shop.place(changed(700, START + timedelta(seconds=5)))
    system.clock.move(hours=3)
    assert poll(system).missed == 6


@pytest.mark.usefixtures("pages_of_ten")
def test_a_list_without_end_is_read_no_further_than_it_is_processed(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an end of ours, it made 266,000 rows in four minutes."""
    monkeypatch.setattr(polling, "MOST_WAITING", 15)
    monkeypatch.setattr(polling, "ENOUGH_PAGES", 1)
    for number in range(1, 61):
        system.shop.place(an_order(id=number, created=START + number * timedelta(seconds=1), status="pending"))
    system.clock.move(hours=1)
    steps = [poll(system) for _ in range(5)]
    # Each page begins with the last second of the one before.
    assert [step.missed for step in steps] == [10, 9, 0, 0, 0]
    assert steps[-1] == Polled(more=True)
    system.work()
    assert poll(system).missed == 9


def test_what_a_shop_that_floods_delivered_beyond_its_measure_is_found_and_its_people_read_when_it_is_over(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlogs, "MOST_WAITING", 4)
    monkeypatch.setattr(backlogs, "LOOK_EVERY", 2)
    backlog = Backlogs(system.services.store)
    for number in range(1, 13):
        system.shop.place(changed(number))
        if not backlog.is_full(system.shop_id, now=START):
            system.receive(changed(number))
    assert (len(system.outcomes()), system.alert_codes()) == (4, ["too_many_reports"])

    system.clock.move(minutes=1)
    assert poll(system).missed == 8
    system.work()
    webhook_repair.check_and_repair(system.services, system.connected)
    assert system.numbers() == [f"F2026-{number:05}" for number in range(1, 13)]
    assert system.alert_codes() == []


def test_of_a_shop_that_was_paused_weeks_are_kept_with_each_status_that_its_orders_had(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlogs, "MOST_WAITING", 4)
    monkeypatch.setattr(backlogs, "MOST_PAUSED", 20)
    monkeypatch.setattr(backlogs, "LOOK_EVERY", 2)
    system.change_shop(suspended=True, rules=(Rule.parse("invoice:status=packed:send"),))
    backlog = Backlogs(system.services.store)
    for number in range(1, 13):
        for status in ("packed", "completed"):
            order = changed(number, status=status)
            system.shop.place(order)
            if not backlog.is_full(system.shop_id, now=START):
                system.receive(order)
    assert (len(system.outcomes()), system.alert_codes()) == (20, ["too_many_reports"])

    system.change_shop(suspended=False)
    poll(system)
    system.work()
    assert [len(system.numbers(number)) for number in range(1, 13)] == [1] * 10 + [0] * 2


@pytest.mark.each_database
def test_of_an_order_that_is_saved_again_and_again_the_newest_deliveries_are_kept(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that saved one order each second for a day made 86,400 of them, which were all read each time."""
    monkeypatch.setattr(fetch, "MOST_OF_ORDER", 3)
    monkeypatch.setattr(deliveries, "MOST_OF_ORDER", 3)
    system.arrives(an_order(id=7, created=START, status="on-hold"))
    for second in range(1, 20):
        system.clock.move(seconds=1)
        saved_at = (START + timedelta(seconds=second)).replace(tzinfo=None).isoformat()
        system.arrives(changed(7) | {"date_modified_gmt": saved_at})
    with system.services.store.read() as connection:
        kept = deliveries.of_order(connection, system.shop_id, 7)
        seen = orders.seen_statuses(connection, system.shop_id, parse_order(php_json(changed(7))))

    assert 3 <= len(kept) <= 8
    assert kept[-1].received_at == system.clock.now
    assert seen == {"on-hold", "processing"}
    assert len(system.numbers()) == 1


def test_a_shop_that_is_away_is_asked_for_the_same_time_again(system: System) -> None:
    system.shop.place(changed(7))
    system.shop.faults.next(ServerFault(status=500), times=3)
    with pytest.raises(Unavailable):
        poll(system)
    system.shop.faults.clear()
    assert poll(system).missed == 1


def test_a_refused_key_opens_an_alert_until_it_works_again(system: System) -> None:
    good = system.connected.secrets
    system.change_secrets(replace(good, rest_key="ck_wrong", rest_secret="cs_wrong"))
    with pytest.raises(Rejected):
        poll(system)
    assert system.alert_codes() == ["rest_key_refused"]
    system.change_secrets(good)
    poll(system)
    assert system.alert_codes() == []


@pytest.mark.parametrize("status", [301, 404])
def test_while_the_rest_interface_is_away_what_the_shop_tells_counts_and_the_rest_waits_for_it(
    system: System, status: int
) -> None:
    """As while its permalinks are “Plain”: webhooks come as before."""
    system.shop.place(changed(7))
    system.shop.place(changed(8))
    poll(system)
    system.shop.faults.next(ServerFault(status=status, html=True), times=20)
    system.receive(changed(7))
    system.work()
    assert (system.numbers(7), system.numbers(8), system.notes(7)) == (["F2026-00001"], [], [])
    assert system.alert_codes() == ["shop_refuses"]

    system.shop.faults.clear()
    poll(system)
    system.clock.move(hours=1)
    system.work()
    assert (system.numbers(8), len(system.notes(7)), system.alert_codes()) == (["F2026-00002"], 1, [])


def test_what_a_poll_found_outlasts_a_refused_key(system: System) -> None:
    system.shop.place(changed(7))
    poll(system)
    good = system.connected.secrets
    system.change_secrets(replace(good, rest_key="ck_wrong", rest_secret="cs_wrong"))
    system.work()
    assert system.outcomes() == [("waiting", "rest_key_refused")]
    system.change_secrets(good)
    system.clock.move(hours=1)
    system.work()
    assert system.numbers() == ["F2026-00001"]


def test_refunds_that_could_not_be_read_are_read_when_the_key_works_again(system: System) -> None:
    order = changed(7)
    system.shop.place(order)
    system.shop.refund(7, a_refund(order, id=71, amount="5.00"))
    good = system.connected.secrets
    system.change_secrets(replace(good, rest_key="ck_wrong", rest_secret="cs_wrong"))
    system.receive(system.shop.order(7) or {})
    system.work()
    assert system.numbers() == ["F2026-00001"]
    system.change_secrets(good)
    system.clock.move(hours=1)
    poll(system)
    system.work()
    assert system.numbers() == ["F2026-00001", "C2026-00001"]


def test_a_refund_that_cannot_be_read_leaves_the_invoice_and_the_other_refunds(system: System) -> None:
    order = changed(7)
    system.shop.place(order)
    system.shop.refund(7, a_refund(order, id=71, amount="5.00"))
    system.shop.refund(7, {**a_refund(order, id=72, amount="1.00"), "date_created_gmt": None})
    system.arrives(system.shop.order(7) or {})
    assert system.numbers() == ["F2026-00001", "C2026-00001"]
    trail = system.trail(7)
    assert trail.order is not None
    assert [flag.code for flag in trail.order.flags] == ["refund_unread"]
    assert "Refund 72: “date_created_gmt” is" in str(trail.order.flags[0].message)


def test_refunds_that_are_not_found_for_a_while_do_not_hold_the_invoice(system: System) -> None:
    order = changed(7)
    system.shop.place(order)
    system.shop.refund(7, a_refund(order, id=71, amount="5.00"))
    system.shop.faults.next(ServerFault(status=404, path="/refunds"))
    system.receive(system.shop.order(7) or {})
    system.work()
    assert system.numbers() == ["F2026-00001"]
    system.clock.move(hours=1)
    system.work()
    assert system.numbers() == ["F2026-00001", "C2026-00001"]


@pytest.mark.parametrize(
    ("status", "code", "alert"),
    [
        (401, "rest_key_refused", "rest_key_refused"),
        (301, "rest_not_found", "shop_refuses"),
    ],  # addresses that are “Plain”
)
def test_a_note_that_the_shop_refused_is_written_when_it_answers_again_as_its_owner_is_told(
    system: System, status: int, code: str, alert: str
) -> None:
    system.shop.faults.next(ServerFault(status=status, path="/notes"))
    system.arrives(changed(7))
    assert (system.notes(7), system.alert_codes()) == ([], [alert])
    assert "minutes after it does, they go on by themselves" in str(reason_of(Source.WORK, code, WRITE_BACK).sentence)
    poll(system)
    system.work()
    assert (len(system.notes(7)), system.alert_codes()) == (1, [])


def test_a_shop_that_lets_its_orders_be_read_and_not_written_on_is_told_of_until_it_does(system: System) -> None:
    """Its key was made read-only, or a firewall lets nothing be sent."""
    for _ in range(3):
        system.shop.faults.next(ServerFault(status=401, method="POST", path="/notes"))
    system.arrives(changed(7))
    for _ in range(2):
        poll(system)
        assert system.alert_codes() == ["rest_key_refused"]  # and not a new one of each poll
        system.work()
    assert system.notes(7) == []
    poll(system)
    system.work()
    assert (len(system.notes(7)), system.alert_codes()) == (1, [])


def test_what_is_said_to_go_on_by_itself_is_what_a_shop_that_answers_again_lets_be_done() -> None:
    codes = {code for one in REASONS if "go on by themselves" in one.sentence.key for code in one.codes}
    assert codes == set(refused_work.CODES)


def test_a_note_whose_answer_was_lost_before_the_key_was_refused_is_not_written_twice(system: System) -> None:
    system.shop.faults.next(ServerFault(cut=True, method="POST", path="/notes"))
    system.arrives(changed(7))
    system.shop.faults.next(ServerFault(status=401, path="/notes"))
    system.clock.move(minutes=1)
    system.work()
    assert system.alert_codes() == ["rest_key_refused"]
    poll(system)
    system.work()
    assert len(system.notes(7)) == 1


def test_a_delivery_that_was_given_up_while_the_key_was_refused_is_made_when_it_works_again(system: System) -> None:
    system.shop.place(changed(7))
    poll(system)
    system.shop.faults.next(ServerFault(status=401), times=2)
    system.work()
    system.clock.move(hours=25)
    system.work()
    assert system.outcomes() == [("failed", "rest_key_refused")]
    poll(system)
    system.work()
    assert system.numbers(7) == ["F2026-00001"]


def test_what_was_given_up_is_made_as_soon_as_the_shop_lets_it_be_read_though_it_may_not_be_written_on(
    system: System,
) -> None:
    """Its owner gave another key, one that reads: an invoice needs no more."""
    system.shop.place(changed(7))
    system.clock.move(minutes=1)
    poll(system)
    system.shop.faults.next(ServerFault(status=401), times=2)
    system.work()
    system.clock.move(hours=25)
    system.work()
    system.shop.faults.next(ServerFault(status=401, method="POST", path="/notes"), times=20)
    poll(system)
    system.work()
    assert (system.numbers(7), system.alert_codes()) == (["F2026-00001"], ["rest_key_refused"])


def test_a_paused_shop_and_one_without_a_key_are_not_asked(system: System) -> None:
    system.change_shop(suspended=True)
    assert not polling.can_fetch(system.connected)
    system.change_shop(suspended=False)
    assert polling.can_fetch(system.connected)
    system.change_secrets(Secrets(("s",)))
    assert not polling.can_fetch(system.connected)
