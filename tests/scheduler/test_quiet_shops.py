"""What shops that sell nothing cost the scheduler: counted in statements and calls, in ten minutes of its own clock."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Connection, event

from tests.support.system import SECRET, System, a_system
from worker.scheduler import ALL_SHOPS, PeriodicJobRunner
from worker.store import shops
from worker.store.database.engine import SqliteConnection
from worker.store.shops import Secrets

MINUTES = 10
# Of the database, and of the shop's server, in ten minutes: what benchmarks/README.md says.
MOST_STATEMENTS, MOST_CALLS, MOST_WRITES, MOST_WRITES_OF_ALL = 180, 2, 8, 4


@pytest.fixture
def system(sqlite_url: str, tmp_path: Path) -> Iterator[System]:
    with a_system(sqlite_url, tmp_path) as made:
        yield made


@dataclass
class Spent:
    """Statements for each shop and for all of them together, and calls of the shops."""

    of_shops: int = 0
    of_all: int = 0
    calls: int = 0
    writes: int = 0  # transactions that write, of shops: on SQLite all else that writes waits for each
    writes_of_all: int = 0


def ten_minutes(system: System) -> Spent:
    """The first round, in which everything is due, is not of it."""
    runner, spent, statements, writes = PeriodicJobRunner(system.services), Spent(), [0], [0]

    def count(*_: object) -> None:
        statements[0] += 1

    def count_writes(connection: Connection) -> None:
        writes[0] += not cast(SqliteConnection, connection.connection.dbapi_connection).only_reads

    with system.services.store.read() as connection:
        ids = shops.ids_at_work(connection)
    event.listen(system.services.store.engine, "before_cursor_execute", count)
    event.listen(system.services.store.engine, "begin", count_writes)
    for minute in range(MINUTES + 1):
        before, calls, written = statements[0], len(system.shop.calls), writes[0]
        for shop_id in ids:
            runner.run_jobs(shop_id)
        between, written_between = statements[0], writes[0]
        runner.run_jobs(ALL_SHOPS)
        if minute:
            spent.of_shops += between - before
            spent.writes += written_between - written
            spent.of_all += statements[0] - between
            spent.writes_of_all += writes[0] - written_between
            spent.calls += len(system.shop.calls) - calls
        system.clock.move(minutes=1)
    event.remove(system.services.store.engine, "before_cursor_execute", count)
    event.remove(system.services.store.engine, "begin", count_writes)
    return spent


def add_shops(system: System, count: int) -> None:
    secrets = Secrets((SECRET,), system.shop.consumer_key, system.shop.consumer_secret)
    with system.services.store.write() as connection:
        for number in range(count):
            other = replace(
                system.connected.shop, shop_id=shops.new_shop_id(), name=f"Winkel {number}", reference_digits=0
            )
            shops.add(connection, system.services.encryption, other, secrets, now=system.clock.now)


def test_a_quiet_shop_costs_no_more_than_is_said_however_many_there_are(system: System) -> None:
    alone = ten_minutes(system)
    add_shops(system, 2)
    three = ten_minutes(system)
    assert alone.of_shops <= MOST_STATEMENTS
    assert alone.calls <= MOST_CALLS
    assert alone.writes <= MOST_WRITES
    assert three.of_shops <= 3 * MOST_STATEMENTS
    assert three.calls <= 3 * MOST_CALLS
    # What is done for all is done once.
    assert three.of_all <= alone.of_all
    assert three.writes_of_all <= MOST_WRITES_OF_ALL
