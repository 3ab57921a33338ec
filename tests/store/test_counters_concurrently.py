"""Eight processes issue at once and are killed at random moments; afterwards no number is missing, doubled or out of order."""

import multiprocessing
import random
import signal
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from tests.support.issued import issue_orders, opened
from worker.accounting.verify import verify
from worker.domain.shop import Shop
from worker.services import Services
from worker.settings import Settings
from worker.store import counters
from worker.store.database.tables import documents, register

PROCESSES = 8
ORDERS = 25  # for each process
KILLS = 12
# Not fork: pytest has threads, and a child must begin like a worker does. The server has imported everything once.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.support.issued"])

pytestmark = pytest.mark.slow


def start(database_url: str, shop: Shop, first: int) -> ForkServerProcess:
    process = FORKS.Process(target=issue_orders, args=(database_url, shop, [first + n for n in range(ORDERS)]))
    process.start()
    return process


def test_killed_processes_leave_no_gap_and_no_double(database_url: str, tmp_path: Path) -> None:
    store, shop = opened(database_url)
    dice = random.Random(20261123)  # noqa: S311  # chooses whom to kill, guards nothing
    running = {first: start(database_url, shop, first) for first in range(0, PROCESSES * 1000, 1000)}
    killed_at_work = 0
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.01, 0.1))  # with longer pauses nearly all is done before the last are killed
        at_work = [first for first, process in running.items() if process.is_alive()]
        victim = dice.choice(at_work or list(running))
        running[victim].kill()
        running[victim].join()
        killed_at_work += running[victim].exitcode == -signal.SIGKILL
        running[victim] = start(database_url, shop, victim)
    for process in running.values():
        process.join()
    assert {process.exitcode for process in running.values()} == {0}
    assert killed_at_work > KILLS / 2

    with store.read() as connection:
        rows = connection.execute(documents.select().order_by(documents.c.document_id)).all()
        entries = connection.execute(register.select().order_by(register.c.position)).all()
        counter = counters.counter_of(connection, shop.shop_id, "invoice")
    wanted = PROCESSES * ORDERS
    assert [row.sequence for row in rows] == list(range(1, wanted + 1))
    assert len({(row.order_id, row.cause) for row in rows}) == wanted
    assert [(entry.position, entry.document_id) for entry in entries] == [
        (position, row.document_id) for position, row in enumerate(rows, start=1)
    ]
    assert counter is not None
    assert counter.last_number == wanted
    services = Services(Settings(tmp_path, "https://documents.test", database_url, "unix:///nobody", ("k" * 32,)))
    assert [proof.damages for proof in verify(services)] == [()]
    services.store.close()
    store.close()
