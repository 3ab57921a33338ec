"""Deliveries that come at the same time are stored together, and each sender hears of its own."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import SQLAlchemyError

from tests.services.process import wait_until
from tests.support.bridge_app import NOW
from tests.support.factories import a_shop
from tests.support.issued import opened
from worker.errors import Unavailable
from worker.net.json_object import LARGEST_NUMBER
from worker.store import deliveries
from worker.store.database.engine import Store
from worker.store.database.migrate import upgrade
from worker.store.deliveries import NewDelivery
from worker.store.delivery_writer import DeliveryWriter


class HeldStore(Store):
    """A store whose writers wait until they are let go."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.came, self.go = Event(), Event()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self.came.set()
        assert self.go.wait(30)
        with super().write() as connection:
            yield connection


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HeldStore]:
    url = f"sqlite:///{tmp_path}/facturelay.db"
    upgrade(url)
    with closing(opened(url)[0]):  # makes the shop
        held = HeldStore(url)
    yield held
    held.close()


def a_delivery(order_id: int) -> NewDelivery:
    return NewDelivery(a_shop().shop_id, "webhook", "order.updated", order_id, body=b'{"id": %d}' % order_id)


def added_together(store: HeldStore, *order_ids: int) -> list[Future[int]]:
    """One delivery that waits for its turn to write, and *order_ids* that come meanwhile."""
    writer = DeliveryWriter(store)
    with ThreadPoolExecutor(len(order_ids) + 1) as pool:
        pool.submit(writer.add, a_delivery(1), now=NOW)
        assert store.came.wait(30)
        added = [pool.submit(writer.add, a_delivery(order_id), now=NOW) for order_id in order_ids]
        wait_until(lambda: writer.waiting.qsize() == len(order_ids) + 1, what="all of them wait")
        store.go.set()
    return added


def test_those_that_come_while_one_waits_for_its_turn_share_its_commit(store: HeldStore) -> None:
    commits: list[object] = []
    event.listen(store.engine, "commit", commits.append)
    added = added_together(store, *range(10, 18))
    found = [one.result() for one in added]
    assert len(commits) == 1
    with store.read() as connection:
        stored = [deliveries.find(connection, one) for one in found]
    assert [one and (one.order_id, one.body) for one in stored] == [(n, b'{"id": %d}' % n) for n in range(10, 18)]


def test_one_that_cannot_be_stored_keeps_no_other_out(store: HeldStore) -> None:
    good, bad, last = added_together(store, 10, LARGEST_NUMBER + 1, 12)
    with pytest.raises((OverflowError, SQLAlchemyError)):
        bad.result()
    with store.read() as connection:
        assert [
            found and found.order_id for found in (deliveries.find(connection, one.result()) for one in (good, last))
        ] == [10, 12]


def test_without_its_table_everybody_who_waits_is_told(store: HeldStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs RENAME TO elsewhere"))
    for one in added_together(store, 10, 11):
        with pytest.raises(Unavailable):
            one.result()
