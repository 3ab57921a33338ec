"""What was counted whole is counted on from there, and gives what counting all gives."""

import pytest
from sqlalchemy import Connection, func, select

from tests.integration.conftest import system
from tests.support.system import System
from worker.demo.orders import an_order
from worker.maintenance.whole_counts import EVERY, count_whole
from worker.store import shops, whole_counts
from worker.store.database.tables import documents
from worker.store.queries import register_check

__all__ = ["system"]  # the fixture


def counted_one_by_one(connection: Connection) -> tuple[dict[str, int], dict[tuple[str, ...], int]]:
    of_kind = connection.execute(select(documents.c.kind, func.count()).group_by(documents.c.kind))
    of_work = connection.execute(select(*whole_counts.OF_JOB, func.count()).group_by(*whole_counts.OF_JOB))
    return {row.kind: row[1] for row in of_kind}, {tuple(label): number for *label, number in of_work}


@pytest.mark.each_database
def test_what_came_since_is_added_to_what_was_counted_whole(system: System) -> None:
    for order_id in (100, 200):
        system.arrives(an_order(id=order_id, paid=True))
        system.clock.move(hours=30)
        assert count_whole(system.services)
    system.arrives(an_order(id=300, paid=True))
    with system.services.store.read() as connection:
        of_kind, of_work = counted_one_by_one(connection)
        assert whole_counts.of(connection, whole_counts.Counted.DOCUMENTS)["invoice"].number == 2
        assert whole_counts.documents_by_kind(connection) == of_kind
        assert whole_counts.jobs_by_state(connection) == of_work
        checked = register_check.check(connection, shops.every(connection)[0])
    assert (checked.is_complete, checked.documents, checked.rows) == (True, 3, 3)
    assert [(one.documents, one.last) for one in checked.series] == [(3, 3)]


def test_all_is_counted_whole_once_a_day(system: System) -> None:
    assert [count_whole(system.services), count_whole(system.services)] == [True, False]
    system.clock.move(seconds=EVERY.total_seconds())
    assert count_whole(system.services)
