"""A worker that dies in the middle of its job, for real: the scheduler finds its work, and another worker ends it."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.services.process import wait_until
from tests.support.job_counts import job_counts
from tests.support.running_system import RunningSystem, running_system
from tests.support.system import SELLER
from worker.demo.faults import ServerFault
from worker.demo.mailbox import Mailbox
from worker.demo.orders import an_order
from worker.demo.pretend_shop import PretendShop
from worker.domain.shop import OrderSettings, Shop
from worker.store import deliveries, senders, shops
from worker.store.jobs import JobKind
from worker.store.shops import Secrets

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class House:
    """A system of one worker of each kind that the tests share, its shop and its mail server; each test sells an order of its own."""

    system: RunningSystem
    shop: PretendShop
    mailbox: Mailbox
    shop_id: str

    def mails(self, order_id: int) -> int:
        return sum(str(order_id) in mail.subject for mail in self.mailbox.messages())


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with (
        PretendShop() as shop,
        Mailbox() as mailbox,
        running_system(
            smtp_url=mailbox.url,
            workers=1,
            FACTURELAY_TEST_LEASE_SECONDS="12",  # long enough that a slow machine takes no work from a worker that lives
            FACTURELAY_TEST_SHOP_TIMEOUT_SECONDS="15",
        ) as system,
    ):
        services = system.services
        made = Shop(
            shop_id=shops.new_shop_id(), name=SELLER.name, url=shop.url, seller=SELLER,
            orders=OrderSettings(since=datetime.now(UTC) - timedelta(days=1)),
        )  # fmt: skip
        with services.store.write() as connection:
            keys = Secrets(("s" * 20,), shop.consumer_key, shop.consumer_secret)
            shops.add(connection, services.encryption, made, keys, now=services.now())
            senders.prove(connection, made.shop_id, made.seller.email, by="operator", now=services.now())
        yield House(system, shop, mailbox, made.shop_id)
        services.store.close()


def a_minute_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def states(system: RunningSystem) -> tuple[dict[str, int], dict[str, int]]:
    with system.services.store.read() as connection:
        return (job_counts(connection, JobKind.PROCESS_ORDER), job_counts(connection, JobKind.STEP))


def is_at_work(system: RunningSystem, what: int) -> bool:
    return states(system)[what].get("running", 0) > 0


def is_done(system: RunningSystem) -> bool:
    looks, work = states(system)
    return set(looks) == {"done"} and set(work) == {"done"}


def delivered(house: House, order_id: int) -> list[tuple[str, str, int]]:
    with house.system.services.store.read() as connection:
        found = deliveries.of_order(connection, house.shop_id, order_id)
    return [(one.source, one.state, one.attempts) for one in found]


def test_the_work_of_a_killed_worker_is_done_by_the_next_one(house: House) -> None:
    house.shop.faults.next(ServerFault(silence_s=6, method="GET", path="/orders/507$"))
    house.shop.place(an_order(id=507, paid=True, created=a_minute_ago()))  # found by polling
    wait_until(lambda: is_at_work(house.system, 0), what="the look to begin")
    house.system.signal_all("worker", signal.SIGKILL)  # whoever has it by now
    wait_until(lambda: house.mails(507) > 0 and is_done(house.system), what="another worker to do it", timeout_s=45)
    assert house.mails(507) == 1
    assert delivered(house, 507) == [("poll", "done", 2)]


def test_a_worker_killed_while_it_writes_its_note_leaves_one_note(house: House) -> None:
    house.shop.faults.next(ServerFault(silence_s=3, method="POST", path="/notes"))
    house.shop.place(an_order(id=508, paid=True, created=a_minute_ago()))
    wait_until(lambda: len(house.shop.notes(508)) == 1, what="the note to reach the shop")
    house.system.kill("urgent worker")
    wait_until(lambda: is_done(house.system), what="another worker to end it", timeout_s=45)
    assert len(house.shop.notes(508)) == 1
    assert house.mails(508) == 1


def test_a_worker_that_is_told_to_stop_finishes_the_job_at_hand(house: House) -> None:
    house.shop.faults.next(ServerFault(silence_s=2, method="GET", path="/orders/509$"))
    house.shop.place(an_order(id=509, paid=True, created=a_minute_ago()))  # found by polling
    wait_until(lambda: is_at_work(house.system, 0), what="the look to begin")
    (worker,) = house.system.parts("urgent worker")
    os.kill(worker, signal.SIGTERM)
    wait_until(lambda: worker not in house.system.parts("worker"), what="the worker to end", timeout_s=20)
    assert delivered(house, 509) == [("poll", "done", 1)]
    wait_until(lambda: house.mails(509) > 0 and is_done(house.system), what="the next worker to mail it", timeout_s=30)
    assert house.mails(509) == 1
