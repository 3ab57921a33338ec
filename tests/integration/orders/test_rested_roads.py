"""A shop whose server does not answer is left in peace for growing minutes: its work waits, holds nobody up and goes on by itself."""

import re
import time
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.hostile.hostile_server import Victim, hostile_server
from tests.support.scripted_server import ScriptedServer, answer
from tests.support.system import System
from worker.actions import orders as order_actions
from worker.cli.status import as_text
from worker.demo.faults import ServerFault
from worker.demo.orders import an_order
from worker.domain.health import HealthRoad, RoadHealth, RoadState
from worker.errors import FacturelayError, Rejected, RoadRested, Unavailable
from worker.message import Message
from worker.orders.poll import SOURCE, TOPIC
from worker.processes import status
from worker.sending import email
from worker.store import alerts, deliveries, roads
from worker.store.database.tables import jobs
from worker.store.deliveries import NewDelivery
from worker.store.roads import RESTS, FailingRoad, Road, RoadKind
from worker.store.roads import Roads as AllRoads

SILENT = Unavailable("The shop did not answer in time. It is tried again later.", code="shop_slow")


def road(system: System, kind: RoadKind = RoadKind.REST, target: str = "") -> Road:
    return Road(system.shop_id, kind, target)


def call(system: System, outcome: FacturelayError | None = None, *, over: Road | None = None) -> str:
    """One call over the road that ends with *outcome*: what the caller learns of it."""
    try:
        with AllRoads(system.services.store, system.clock).over(over or road(system)):
            if outcome is not None:
                raise outcome
    except FacturelayError as error:
        return error.code
    return "answered"


def failing(system: System) -> tuple[FailingRoad, ...]:
    with system.services.store.read() as connection:
        return roads.failing(connection, (system.shop_id,))


def fail(system: System, times: int = 3) -> None:
    for _ in range(times):
        call(system, SILENT)


def test_a_road_is_rested_after_failures_in_a_row_and_not_called_meanwhile(system: System) -> None:
    assert [call(system, SILENT) for _ in range(4)] == ["shop_slow"] * 3 + ["road_rested"]
    (found,) = failing(system)
    assert (found.road, found.failures) == (road(system), 3)
    assert found.rested_until == system.clock() + RESTS[0]
    assert call(system) == "road_rested"


def test_an_answer_in_between_begins_the_count_anew(system: System) -> None:
    told = [call(system, outcome) for outcome in (SILENT, SILENT, None, SILENT, SILENT, None)]
    assert "road_rested" not in told
    assert failing(system) == ()


@pytest.mark.parametrize(
    "said_no",
    [Rejected("No.", code="rest_key_refused"), Unavailable("Half of it.", code="refunds_changed")],
    ids=["refused", "later"],
)
def test_a_server_that_says_no_has_answered(system: System, said_no: FacturelayError) -> None:
    fail(system, 2)
    call(system, said_no)
    fail(system, 2)
    assert call(system) == "answered"


def test_the_rests_grow_to_a_quarter_of_an_hour(system: System) -> None:
    fail(system)
    seen = []
    for _ in range(7):
        (found,) = failing(system)
        assert found.rested_until is not None
        seen.append(found.rested_until - system.clock())
        system.clock.move(seconds=seen[-1].total_seconds())
        assert call(system, SILENT) == "shop_slow"
    assert seen == [*RESTS, RESTS[-1], RESTS[-1]]


def test_one_probe_goes_first_and_opens_the_road_for_all(system: System) -> None:
    fail(system)
    system.clock.move(minutes=2)
    others: list[str] = []
    with AllRoads(system.services.store, system.clock).over(road(system)):
        others += [call(system), call(system)]
    assert others == ["road_rested", "road_rested"]
    assert failing(system) == ()
    assert call(system) == "answered"


def test_a_probe_that_was_killed_is_followed_by_another(system: System) -> None:
    fail(system)
    system.clock.move(minutes=2)
    AllRoads(system.services.store, system.clock).enter(road(system))
    assert call(system) == "road_rested"
    system.clock.move(minutes=2)
    assert call(system) == "answered"


def test_many_calls_that_fail_at_once_are_one_reason_to_rest(system: System) -> None:
    all_roads = [AllRoads(system.services.store, system.clock) for _ in range(8)]
    known = [one.enter(road(system)) for one in all_roads]
    for one in all_roads:
        one.failed(road(system), SILENT.message, is_probe=False)
    (found,) = failing(system)
    assert (known, found.rested_until) == ([None] * 8, system.clock() + RESTS[0])


def test_each_road_rests_by_itself(system: System) -> None:
    fail(system)
    others = (road(system, RoadKind.MAIL), road(system, RoadKind.PLUGIN), road(system, RoadKind.WEBHOOKS, "2"))
    assert [call(system, over=other) for other in others] == ["answered"] * 3


# With a shop


def shop_is_away(system: System, calls: int) -> None:
    system.shop.faults.next(ServerFault(status=503), times=3 * calls)  # each call asks three times


def test_an_order_waits_for_its_shop_and_is_made_when_it_answers_again(system: System) -> None:
    shop_is_away(system, 3)
    system.shop.place(an_order(id=7, paid=True, created=system.clock()))
    for _ in range(3):
        with pytest.raises(Unavailable):
            system.services.client_of(system.connected).order(7)
    asked = system.shop.faults.waiting
    listed_by_poll(system, 7)
    system.work()
    assert (system.outcomes()[0][0], system.shop.faults.waiting) == ("waiting", asked)
    system.clock.move(minutes=2)
    system.work()
    assert system.numbers() == ["F2026-00001"]
    assert failing(system) == ()


def test_fifteen_orders_of_a_shop_that_hangs_hold_a_worker_for_three_waits(system: System) -> None:
    """Another shop's order waited 13 min 43 s behind them, before."""
    settings = replace(system.services.settings, shop_timeout_seconds=1)
    system.services = replace(system.services, settings=settings)
    with hostile_server(Victim.silently) as hanging:
        system.change_shop(url=f"http://127.0.0.1:{hanging.port}")
        for number in range(1, 16):
            listed_by_poll(system, number)
        started = time.monotonic()
        system.work()
        assert (hanging.connections, time.monotonic() - started < 12) == (3, True)
    assert [code for _, code in system.outcomes()].count(RoadRested.code) == 12


def listed_by_poll(system: System, order_id: int) -> None:
    with system.services.store.write() as connection:
        deliveries.add(
            connection,
            NewDelivery(shop_id=system.shop_id, source=SOURCE, topic=TOPIC, order_id=order_id, body=b""),
            now=system.clock(),
        )


def test_a_person_who_tries_now_passes_the_rest(system: System) -> None:
    fail(system)
    system.shop.place(an_order(id=7, paid=True, created=system.clock()))
    system.act(order_actions.process_again, 7)
    system.work()
    assert system.numbers() == ["F2026-00001"]


def test_the_status_says_who_does_not_answer_and_since_when(system: System) -> None:
    fail(system)
    (said,) = status.check(system.services).rested
    assert "The shop has not answered since 23-11-2026 09:00 UTC" in said
    assert "(tried in a row: 3, next try" in said


def test_the_command_tells_each_outage_once_with_its_time_as_people_write_it(system: System) -> None:
    fail(system)
    with system.services.store.write() as connection:
        alerts.raise_alert(
            connection, system.shop_id, code="shop_silent", message=Message("It says nothing."), now=system.clock()
        )
    report = status.report(system.services)
    said = as_text(status.check(system.services), report)
    assert (said.count("did not answer in time"), said.count("does not report its orders")) == (1, 1)
    assert "Incoming orders: down" not in said
    assert re.search(r"\dT\d", said) is None
    troubles = status.troubles(
        {
            name: [RoadHealth(HealthRoad.MAIL, RoadState.LATE, system.clock(), Message("Mails wait."))]
            for name in ("A", "B")
        }
    )
    assert [one.split(" since ")[0] for one in troubles] == ["A, B: Outgoing mail: late"]


def test_a_mail_server_that_does_not_answer_holds_up_three_mails_and_no_more(system: System) -> None:
    with ScriptedServer([answer()]) as closed:
        port = closed.port
    secrets = system.connected.secrets
    system.change_secrets(replace(secrets, smtp_url=f"smtp://127.0.0.1:{port}"))
    for number in range(1, 7):
        system.arrives(an_order(id=number, paid=True, created=system.clock()))
    assert codes_of_mails(system) == ["mail_server_unreachable"] * 3 + [RoadRested.code] * 3


def codes_of_mails(system: System) -> list[str]:
    mails = select(jobs.c.code).where(jobs.c.name == "mail").order_by(jobs.c.job_id)
    with system.services.store.read() as connection:
        return list(connection.execute(mails).scalars())


@pytest.mark.each_database
def test_the_operators_mail_server_rests_once_for_all_who_use_it_and_own_servers_go_on(system: System) -> None:
    with ScriptedServer([answer()]) as closed:
        port = closed.port
    well = system.services
    system.services = replace(well, settings=replace(well.settings, smtp_url=f"smtp://127.0.0.1:{port}"))
    for number in range(1, 7):
        system.arrives(an_order(id=number, paid=True, created=system.clock()))
    assert codes_of_mails(system) == ["mail_server_unreachable"] * 3 + [RoadRested.code] * 3
    with system.services.store.read() as connection:
        shared = roads.failing(connection, ("another",))
    assert [found.road for found in shared] == [roads.SHARED_MAIL]
    (said,) = status.check(system.services).rested
    assert said.startswith("All shops without a mail server of their own: The mail server of this installation")
    secrets = system.connected.secrets
    system.change_secrets(replace(secrets, smtp_url=well.settings.smtp_url))
    system.arrives(an_order(id=7, paid=True, created=system.clock()))
    assert codes_of_mails(system)[-1] == ""
    system.change_secrets(secrets)
    system.services.store.close()
    system.services = well
    system.clock.move(minutes=2)
    system.work()
    assert set(codes_of_mails(system)) == {""}
    assert len(system.mailbox.messages()) == 7


@pytest.mark.parametrize("code", roads.SERVER_REFUSES)
def test_what_the_operator_must_put_right_at_his_mail_server_fails_no_mail_of_a_shop(code: str) -> None:
    with pytest.raises(Unavailable) as waits, email.waits_for_operator():
        raise Rejected("No.", code=code)
    assert waits.value.code in roads.SILENT_CODES
    with pytest.raises(Rejected), email.waits_for_operator():
        raise Rejected("No such mailbox.", code="mail_refused")
