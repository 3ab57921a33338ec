"""SQLite plans each statement of an order's way once: to plan one takes longer than to run it."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event

from tests.support.system import System, a_system
from worker.demo.orders import an_order
from worker.jobs import turn
from worker.queue import MAIL_DOCUMENT, PROCESS_ORDER, SEND_DOCUMENT, WRITE_NOTE
from worker.store.database.engine import Store
from worker.store.database.migrate import upgrade

# What the driver asks by itself.
OWN = (sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_PRAGMA)


def test_no_statement_of_an_orders_way_is_planned_at_each_asking(tmp_path: Path) -> None:
    """As it would be where a value is given for a word that a partial index is about."""
    url = f"sqlite:///{tmp_path / 'facturelay.db'}"
    upgrade(url)
    with a_system(url, tmp_path) as system, watched(system.services.store) as plans:
        for order_id in (1, 2, 3, 4):
            serve(system, order_id)
            ask_others(system.services.store)
    assert len(plans.made) > 70
    assert [statement for statement, times in plans.made.items() if times > len(plans.connections)] == []


@dataclass
class Plans:
    """How often each statement was planned, and on which connections any was asked: each of them plans it for itself."""

    made: Counter[str] = field(default_factory=Counter)
    connections: list[sqlite3.Connection] = field(default_factory=list)
    now: str = ""
    is_planned: bool = False

    def note(self, connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        self.now, self.is_planned = statement, False
        opened: object = connection.connection.dbapi_connection
        if isinstance(opened, sqlite3.Connection) and opened not in self.connections:
            opened.set_authorizer(self.authorize)
            self.connections.append(opened)

    def authorize(self, action: int, *_about: str | None) -> int:
        """SQLite asks while it plans whether it may read what it is about to, once for each column."""
        if action not in OWN and not self.is_planned:
            self.made[self.now] += 1
            self.is_planned = True
        return sqlite3.SQLITE_OK


@contextmanager
def watched(store: Store) -> Iterator[Plans]:
    plans = Plans()
    event.listen(store.engine, "before_cursor_execute", plans.note)
    yield plans


def ask_others(store: Store) -> None:
    """As much as other work of a worker does."""
    with store.read() as connection:
        for number in range(150):
            connection.exec_driver_sql(f"SELECT {number}")


def serve(system: System, order_id: int) -> None:
    """A paid order, from its delivery to the note on it."""
    order = an_order(id=order_id, paid=True, created=system.clock())
    system.shop.place(order)
    system.receive(order)
    for _ in range(20):
        for name in (PROCESS_ORDER, SEND_DOCUMENT, MAIL_DOCUMENT, WRITE_NOTE):
            turn.serve(system.services, name, 0)
        if system.shop.notes(order_id):
            return
    raise AssertionError("no note was written")
