"""A road is well only where something was heard; what fails a few times is late, then down, with since when."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from tests.support.asked_statements import recorded
from tests.support.history import History
from tests.support.issued import ENCRYPTION, NOW
from worker.domain.actor import Actor
from worker.domain.health import ROAD_LABELS, STATE_LABELS, HealthRoad, RoadHealth, RoadState, worst
from worker.domain.shop import PeppolSettings
from worker.domain.shop_health import FALSE_SIGNATURES
from worker.domain.step import MAIL
from worker.message import Message
from worker.queue import QueueName
from worker.store import alerts, bank_files, leases, paused_queues, reports, roads, shops
from worker.store.bank_files import NewFile
from worker.store.queries import health
from worker.store.queries.health import Seen
from worker.store.roads import REST_AFTER, SHARED_MAIL, Failure, Road, RoadKind
from worker.store.shops import Secrets

AWAY = Message("It does not answer.")


def seen(connection: Connection, *, queue: bool = True, free: float = 0.5) -> Seen:
    machines = health.machines_of(connection, queue=queue)
    return Seen(machines, paused_queues.every(connection), free, has_mail_server=True)


def of_shop(history: History, shop_id: str = "a") -> dict[HealthRoad, RoadHealth]:
    with history.store.read() as connection:
        known = health.known_of(connection, ENCRYPTION, (shop_id,), seen(connection), now=history.now)
        found = health.of_shops((history.shops[shop_id],), known, now=history.now)[shop_id]
        return {one.road: one for one in found}


def of_installation(history: History, *, queue: bool = True, free: float = 0.5) -> dict[HealthRoad, RoadHealth]:
    with history.store.read() as connection:
        found = health.of_installation(connection, seen(connection, queue=queue, free=free), now=history.now)
        return {one.road: one for one in found}


def fail(history: History, road: Road, times: int) -> None:
    with history.store.write() as connection:
        for _ in range(times):
            roads.record_failure(connection, road, Failure(history.now, AWAY, of_probe=True))


def machines_run(history: History) -> None:
    with history.store.write() as connection:
        for name in ("worker 1", leases.SCHEDULER):
            leases.acquire(connection, name, "x", now=history.now, lease_for=timedelta(minutes=1))


def test_nothing_that_was_never_heard_is_well(history: History) -> None:
    assert {road: one.state for road, one in of_shop(history).items()} == {
        HealthRoad.ORDERS: RoadState.NEVER,
        HealthRoad.SHOP: RoadState.NEVER,
        HealthRoad.MAIL: RoadState.NEVER,
        HealthRoad.WORK: RoadState.DOWN,
    }
    states = {road: one.state for road, one in of_installation(history).items() if road is not HealthRoad.DISK}
    assert states.pop(HealthRoad.BROKER) is RoadState.WELL
    assert set(states.values()) == {RoadState.NEVER}


def test_what_was_heard_is_well_since_then(history: History) -> None:
    machines_run(history)
    history.delivery(1)
    history.step(history.issued(1), MAIL, "done")
    with history.store.write() as connection:
        roads.record_heard(connection, Road("a", RoadKind.REST), now=NOW)
        roads.record_heard(connection, SHARED_MAIL, now=NOW)
        reports.add(connection, None, health.BACKUP_REPORT, {}, now=NOW)
    found = {**of_installation(history), **of_shop(history)}
    assert {one.state for one in found.values()} == {RoadState.WELL}
    assert {found[road].since for road in (HealthRoad.ORDERS, HealthRoad.SHOP, HealthRoad.MAIL)} == {NOW}
    assert of_shop(history, "b")[HealthRoad.ORDERS].state is RoadState.NEVER


@pytest.mark.parametrize(("times", "state"), [(1, RoadState.LATE), (2, RoadState.LATE), (3, RoadState.DOWN)])
def test_a_dead_mail_server_and_a_shop_away_are_late_at_once_and_down_after_three_tries(
    history: History, times: int, state: RoadState
) -> None:
    history.step(history.issued(1), MAIL, "done")
    for road in (SHARED_MAIL, Road("a", RoadKind.REST)):
        fail(history, road, times)
    found = of_shop(history)
    for name in (HealthRoad.MAIL, HealthRoad.SHOP):
        assert (found[name].state, found[name].since, found[name].message) == (state, NOW, AWAY)
    assert of_installation(history)[HealthRoad.MAIL].state is state
    assert worst(found.values()) is RoadState.DOWN


def test_a_list_calls_a_shop_well_of_which_only_mails_and_peppol_were_never_heard() -> None:
    def of(state: RoadState, *roads: HealthRoad) -> list[RoadHealth]:
        return [RoadHealth(road, state, None, AWAY) for road in roads]

    well = of(RoadState.WELL, HealthRoad.ORDERS, HealthRoad.SHOP, HealthRoad.WORK)
    assert worst([*well, *of(RoadState.NEVER, HealthRoad.MAIL, HealthRoad.PEPPOL)]) is RoadState.WELL
    assert worst([*well, *of(RoadState.UNSET, HealthRoad.MAIL)]) is RoadState.WELL
    assert worst([*well[1:], *of(RoadState.NEVER, HealthRoad.ORDERS)]) is RoadState.NEVER
    assert worst([*well, *of(RoadState.LATE, HealthRoad.MAIL)]) is RoadState.LATE


def test_mails_that_wait_are_late_however_few_were_tried(history: History) -> None:
    history.issued(1)
    history.later(minutes=10)
    assert of_shop(history)[HealthRoad.MAIL].state is RoadState.NEVER
    history.later(minutes=10)
    waiting = of_shop(history)[HealthRoad.MAIL]
    assert (waiting.state, waiting.since) == (RoadState.LATE, NOW)


def test_what_is_paused_looks_well_to_nobody(history: History) -> None:
    machines_run(history)
    history.step(history.issued(1), MAIL, "done")
    assert {of_shop(history)[road].state for road in (HealthRoad.MAIL, HealthRoad.WORK)} == {RoadState.WELL}
    assert HealthRoad.PAUSED not in of_installation(history)
    with history.store.write() as connection:
        for queue in (QueueName.MAIL, QueueName.ORDERS):
            paused_queues.pause(connection, queue, by=Actor("els@host.example", NOW))
    for found, road in ((of_shop, HealthRoad.MAIL), (of_shop, HealthRoad.WORK), (of_installation, HealthRoad.PAUSED)):
        paused = found(history)[road]
        assert (paused.state, paused.since) == (RoadState.LATE, NOW)


def test_false_signatures_are_not_well_although_the_shop_once_delivered(history: History) -> None:
    history.delivery(1)
    history.later(hours=1)
    with history.store.write() as connection:
        for _ in range(FALSE_SIGNATURES):
            shops.count_signature_failure(connection, "a", day=history.now.date(), now=history.now)
    assert of_shop(history)[HealthRoad.ORDERS].state is RoadState.DOWN
    history.later(hours=1)
    history.delivery(2)
    assert of_shop(history)[HealthRoad.ORDERS].state is RoadState.WELL


@pytest.mark.parametrize(
    ("code", "road"), [("rest_key_refused", HealthRoad.SHOP), ("webhook_disabled", HealthRoad.ORDERS)]
)
def test_a_refused_key_and_a_webhook_that_is_off_are_down_with_the_sentence(
    history: History, code: str, road: HealthRoad
) -> None:
    with history.store.write() as connection:
        alerts.raise_alert(connection, "a", code=code, message=AWAY, now=NOW)
    assert of_shop(history)[road] == RoadHealth(road, RoadState.DOWN, NOW, AWAY, alert=code)


def test_the_installation_says_since_when_it_stands_still(history: History) -> None:
    machines_run(history)
    history.later(hours=2)
    found = of_installation(history, queue=False, free=0.01)
    until = NOW + timedelta(minutes=1)
    assert [(found[road].state, found[road].since) for road in (HealthRoad.WORKERS, HealthRoad.SWEEP)] == [
        (RoadState.DOWN, until)
    ] * 2
    assert {found[road].state for road in (HealthRoad.BROKER, HealthRoad.DISK)} == {RoadState.DOWN}
    owners = of_shop(history)[HealthRoad.WORK]
    assert (owners.state, owners.since) == (RoadState.DOWN, until)


@pytest.mark.parametrize(("days", "state"), [(1, RoadState.WELL), (3, RoadState.LATE), (8, RoadState.DOWN)])
def test_an_old_backup_is_late_and_then_as_good_as_none(history: History, days: int, state: RoadState) -> None:
    with history.store.write() as connection:
        reports.add(connection, None, health.BACKUP_REPORT, {}, now=NOW)
    history.later(days=days)
    assert of_installation(history)[HealthRoad.BACKUP].state is state


def test_roads_of_many_shops_are_as_those_of_each_and_asked_for_at_once(history: History) -> None:
    def look() -> int:
        with recorded() as recorder, history.store.read() as connection:
            there = seen(connection)
            known = health.known_of(connection, ENCRYPTION, None, there, now=history.now)
            every = health.of_shops(shops.watched(connection), known, now=history.now)
            asked = sum(one.times for one in recorder.found.values())
            known = health.known_of(connection, ENCRYPTION, list(history.shops), there, now=history.now)
            some = health.of_shops(history.shops.values(), known, now=history.now)
        assert every == some == {shop_id: tuple(of_shop(history, shop_id).values()) for shop_id in history.shops}
        return asked

    def read_old_bank_file(shop_id: str) -> None:
        with history.store.write() as connection:
            old = NewFile(shop_id, "0" * 64, "bank.cod", "CODA", history.now.date() - timedelta(days=9))
            bank_files.add_file(connection, old, by="An", now=history.now)

    read_old_bank_file("a")
    asked = look()
    for number in range(3):
        history.shop(f"another-{number}", zone="Asia/Tokyo", waits_for_bank_files=number == 1, suspended=number == 2)
        read_old_bank_file(f"another-{number}")
    history.shop("sends", peppol=PeppolSettings(sender="operator"))
    assert look() == asked
    assert of_shop(history, "another-1")[HealthRoad.BANK].state is RoadState.LATE
    assert HealthRoad.PEPPOL in of_shop(history, "sends")


def test_every_road_and_state_has_a_name() -> None:
    assert (set(ROAD_LABELS), set(STATE_LABELS)) == (set(HealthRoad), set(RoadState))


def test_the_mail_server_that_shops_share_is_no_rested_road_of_one_that_has_its_own(history: History) -> None:
    fail(history, SHARED_MAIL, REST_AFTER)
    fail(history, Road("a", RoadKind.REST), REST_AFTER - 1)
    with history.store.write() as connection:
        shops.change_secrets(connection, ENCRYPTION, "b", Secrets(("5f" * 25,), smtp_url="smtp://own.test"))
    with history.store.read() as connection:
        known = health.known_of(connection, ENCRYPTION, None, seen(connection), now=history.now)
    rested = {shop_id: [one.road for one in known.rested(shop_id)] for shop_id in ("a", "b")}
    assert rested == {"a": [SHARED_MAIL], "b": []}
