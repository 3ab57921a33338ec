"""Urgent work waits for nobody's server but for a moment: it is put back where it can be, and done where only long work waits."""

import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from functools import partial

import pytest
from sqlalchemy import select

from tests.hostile.hostile_server import Victim, hostile_server
from tests.support.job_counts import job_counts
from tests.support.system import System
from worker.demo.orders import an_order
from worker.errors import TakesLong, Unavailable
from worker.jobs import turn
from worker.jobs.next_step import NOTHING_NEXT
from worker.mail import smtp
from worker.net import talk
from worker.queue import QueueName
from worker.store import deliveries, jobs, roads, turns, worker_share
from worker.store.database.tables import jobs as jobs_table
from worker.store.deliveries import NewDelivery
from worker.store.roads import Failure, Road, RoadKind
from worker.store.worker_share import Load
from worker.woocommerce.client import ShopClient
from worker.woocommerce.rest import RestKey
from worker.woocommerce.shop_calls import Guard, Patience

PATIENCE_S = 0.3
# What is not cut off would take as long as the talk may, or as the server likes.
WHOLE_S, AT_THE_MOST_S = 4.0, 2.5


def drip(victim: Victim) -> None:
    victim.read_head()
    victim.dripping(b"HTTP/1.1 200 OK" + b"K" * 500)


SILENT: dict[str, Callable[[Victim], None]] = {"hangs": Victim.silently, "drips": drip}


def client(port: int, total_s: float = WHOLE_S) -> ShopClient:
    return ShopClient(
        f"http://127.0.0.1:{port}",
        RestKey("ck", "cs"),
        guard=Guard(allow_private=True),
        patience=Patience(total_s, total_s),
    )


@pytest.mark.parametrize("script", SILENT.values(), ids=SILENT)
def test_a_question_to_a_shop_is_left_for_later_when_patience_ends(script: Callable[[Victim], None]) -> None:
    with hostile_server(script) as server, client(server.port) as shop:
        began = time.monotonic()
        with talk.in_haste(PATIENCE_S), pytest.raises(TakesLong):
            shop.order(7)
        assert time.monotonic() - began < AT_THE_MOST_S


def test_patience_is_for_all_questions_together() -> None:
    with hostile_server(Victim.silently) as server, client(server.port) as shop, talk.in_haste(PATIENCE_S):
        for _ in range(2):
            with pytest.raises(TakesLong):
                shop.order(7)
        assert server.connections == 1


def test_without_haste_a_shop_has_its_whole_time_and_so_has_what_may_not_be_said_twice() -> None:
    with hostile_server(Victim.silently) as server, client(server.port, total_s=0.6) as shop:
        with pytest.raises(Unavailable):
            shop.order(7)
        with talk.in_haste(0.1), pytest.raises(Unavailable):
            shop.add_note(7, "F2026-00001")


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "winkel@koffiepot.test", "koper@klant.test"
    message.set_content("Beste")
    return message


def send(port: int, total_s: float) -> None:
    smtp.send(mail(), smtp_url=f"smtp://127.0.0.1:{port}", recipients=["koper@klant.test"], total_s=total_s)


def test_a_mail_server_that_says_nothing_is_left_for_later() -> None:
    with hostile_server(Victim.silently) as server, talk.in_haste(PATIENCE_S), pytest.raises(TakesLong):
        send(server.port, WHOLE_S)


def test_a_mail_that_the_server_may_have_taken_is_never_put_back_as_if_it_were_not() -> None:
    def takes_it_and_hangs(victim: Victim) -> None:
        victim.say(b"220 mail\r\n")
        for _ in ("EHLO", "MAIL", "RCPT"):
            victim.read_line()
            victim.say(b"250 ok\r\n")
        victim.read_line()
        victim.say(b"354 go on\r\n")
        victim.silently()

    with hostile_server(takes_it_and_hangs) as server, talk.in_haste(PATIENCE_S), pytest.raises(Unavailable) as unsure:
        send(server.port, 1.0)
    assert unsure.value.code == "mail_unsure"


# With a shop


def test_an_order_of_a_shop_that_hangs_is_put_back_unharmed_and_waits_with_long_work(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "PATIENCE_S", PATIENCE_S)
    with hostile_server(Victim.silently) as hanging:
        system.change_shop(url=f"http://127.0.0.1:{hanging.port}")
        system.receive(an_order(id=7, paid=True, created=system.clock()))
        began = time.monotonic()
        perform(system, is_urgent=True)
        assert time.monotonic() - began < AT_THE_MOST_S
    with system.services.store.read() as connection:
        (due,) = turns.due_of_shop(connection, system.shop_id, QueueName.ORDERS, now=system.clock(), limit=1)
        assert worker_share.slow(connection, now=system.clock()) == {(system.shop_id, QueueName.ORDERS)}
        assert job_counts(connection, jobs.JobKind.PROCESS_ORDER) == {"waiting": 1}
        # Nothing was concluded from it: no document of a delivery that could not be compared with the shop, no failure of the road.
        assert roads.find(connection, Road(system.shop_id, RoadKind.REST)) is None
        attempts = connection.execute(select(jobs_table.c.attempts)).scalars().all()
    assert (attempts, due.next_at <= system.clock()) == ([0], True)
    assert system.numbers() == []


def test_urgent_work_does_not_try_a_server_that_failed_and_long_work_does(system: System) -> None:
    with system.services.store.write() as connection:
        failure = Failure(system.clock(), Unavailable("Nobody answers.", code="shop_slow").message)
        roads.record_failure(connection, Road(system.shop_id, RoadKind.REST), failure)
    order = an_order(id=7, paid=True, created=system.clock())
    system.shop.place(order)
    system.receive(order)
    perform(system, is_urgent=True)
    assert system.numbers() == []
    perform(system, is_urgent=False)
    assert system.numbers() == ["F2026-00001"]


def test_what_a_backfill_makes_is_mailed_and_noted_without_a_place_in_any_queue_of_fresh_orders(system: System) -> None:
    system.shop.place(an_order(id=7, paid=True, created=system.clock()))
    with system.services.store.write() as connection:
        new = NewDelivery(system.shop_id, deliveries.BACKFILL, "order.updated", 7)
        deliveries.add(connection, new, now=system.clock())
    perform(system, QueueName.BULK, is_urgent=False)
    assert len(system.mailbox.messages()) == 1
    with system.services.store.read() as connection:
        for queue in (QueueName.PDF, QueueName.MAIL, QueueName.CALLS):
            assert turns.first_of_each_shop(connection, queue, now=system.clock()) == {}


def perform(system: System, queue: QueueName = QueueName.ORDERS, *, is_urgent: bool) -> None:
    with system.services.store.read() as connection:
        (due,) = turns.due_of_shop(connection, system.shop_id, queue, now=system.clock(), limit=1)
    nobody = Load(workers=1, is_single_shop=True, running=(), slow=frozenset(), long_workers=1)
    do = partial(turn.DO[due.kind], system.services, due, NOTHING_NEXT)
    turn.perform(system.services, due, nobody, do, is_urgent=is_urgent)


def test_haste_of_one_thread_is_not_that_of_another() -> None:
    found: list[bool] = []
    with talk.in_haste(1):
        thread = threading.Thread(target=lambda: found.append(talk.is_in_haste()))
        thread.start()
        thread.join()
    assert found == [False]
