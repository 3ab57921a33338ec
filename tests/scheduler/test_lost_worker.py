"""A worker that dies in the middle of its job, for real: the scheduler finds its work, and another worker ends it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.services.process import wait_until
from tests.support.running_system import RunningSystem, running_system
from tests.support.system import SELLER
from worker.demo.faults import ServerFault
from worker.demo.mailbox import Mailbox
from worker.demo.orders import an_order
from worker.demo.pretend_shop import PretendShop
from worker.domain.shop import OrderSettings, Shop
from worker.store import deliveries, jobs, senders, shops
from worker.store.jobs import JobKind
from worker.store.queries import order_history
from worker.store.shops import Secrets

pytestmark = pytest.mark.slow


@contextmanager
def a_system(
    shop: PretendShop, *, lease_s: int = 5, patience_s: int = 2
) -> Iterator[tuple[RunningSystem, Mailbox, str]]:
    with (
        Mailbox() as mailbox,
        running_system(
            smtp_url=mailbox.url,
            workers=1,
            FACTURELAY_TEST_LEASE_SECONDS=str(lease_s),
            FACTURELAY_TEST_SHOP_TIMEOUT_SECONDS=str(patience_s),
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
        yield system, mailbox, made.shop_id
        services.store.close()


def a_minute_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def states(system: RunningSystem) -> tuple[dict[str, int], dict[str, int]]:
    with system.services.store.read() as connection:
        return (
            jobs.counts(connection, (JobKind.PROCESS_ORDER,)),
            jobs.counts(connection, (JobKind.STEP,)),
        )


def is_at_work(system: RunningSystem, what: int) -> bool:
    return states(system)[what].get("running", 0) > 0


def is_done(system: RunningSystem) -> bool:
    looks, work = states(system)
    return set(looks) == {"done"} and set(work) == {"done"}


def test_the_work_of_a_killed_worker_is_done_by_the_next_one() -> None:
    with PretendShop() as shop, a_system(shop, patience_s=15) as (system, mailbox, _shop_id):
        shop.faults.next(ServerFault(silence_s=6, method="GET", path="/orders/7$"))
        shop.place(an_order(id=7, paid=True, created=a_minute_ago()))  # found by polling
        wait_until(lambda: is_at_work(system, 0), what="the look to begin")
        system.signal_all("worker", signal.SIGKILL)  # whoever has it by now
        wait_until(lambda: is_done(system), what="another worker to do it", timeout_s=45)
        with system.services.store.read() as connection:
            (invoice,) = order_history.listing(connection)
        assert invoice.document is not None
        assert len(mailbox.messages()) == 1
        with system.services.store.read() as connection:
            (delivery,) = deliveries.of_order(connection, invoice.shop_id, 7)
        assert (delivery.source, delivery.attempts) == ("poll", 2)


def test_a_worker_killed_while_it_writes_its_note_leaves_one_note() -> None:
    with PretendShop() as shop, a_system(shop, patience_s=15) as (system, mailbox, _shop_id):
        shop.faults.next(ServerFault(silence_s=3, method="POST", path="/notes"))
        shop.place(an_order(id=7, paid=True, created=a_minute_ago()))
        wait_until(lambda: len(shop.notes(7)) == 1, what="the note to reach the shop")
        system.kill("urgent worker")
        wait_until(lambda: is_done(system), what="another worker to end it", timeout_s=45)
        assert len(shop.notes(7)) == 1
        assert len(mailbox.messages()) == 1


def test_a_worker_that_is_told_to_stop_finishes_the_job_at_hand() -> None:
    with PretendShop() as shop, a_system(shop, lease_s=60, patience_s=15) as (system, mailbox, shop_id):
        shop.faults.next(ServerFault(silence_s=2, method="GET", path="/orders/7$"))
        shop.place(an_order(id=7, paid=True, created=a_minute_ago()))  # found by polling
        wait_until(lambda: is_at_work(system, 0), what="the look to begin")
        (worker,) = system.parts("urgent worker")
        os.kill(worker, signal.SIGTERM)
        wait_until(lambda: worker not in system.parts("worker"), what="the worker to end", timeout_s=20)
        with system.services.store.read() as connection:
            (delivery,) = deliveries.of_order(connection, shop_id, 7)
        assert (delivery.state, delivery.attempts) == ("done", 1)
        wait_until(lambda: is_done(system), what="the next worker to mail it", timeout_s=30)
        assert len(mailbox.messages()) == 1
