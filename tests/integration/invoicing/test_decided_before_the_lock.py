"""An order is decided on before the shop's lock is taken; what changed by then is seen all the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from tests.support.system import System
from worker.demo.orders import an_order
from worker.domain.decide import decide_documents
from worker.domain.decision import Decision
from worker.store import counters, deliveries, documents, shops

pytestmark = pytest.mark.each_database

ORDER = an_order(id=238, paid=True)
DECIDE = "worker.invoicing.issue_rounds.decide_documents"


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[Connection], None]) -> None:
    """Let *act* happen once, when the order was decided on and the lock is taken."""
    lock, left = counters.lock, [act]

    def locked(connection: Connection, shop_id: str) -> None:
        lock(connection, shop_id)
        if left:
            left.pop()(connection)

    monkeypatch.setattr(counters, "lock", locked)


def test_an_order_is_decided_on_once_before_its_number_and_once_after(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [0]

    def counted(*arguments: Any) -> Decision:
        times[0] += 1
        return decide_documents(*arguments)

    monkeypatch.setattr(DECIDE, counted)
    system.arrives(ORDER)
    assert times[0] == 2


def test_settings_changed_between_the_decision_and_the_lock_count(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = system.connected.shop
    meanwhile(monkeypatch, lambda connection: shops.change(connection, replace(shop, rules=())))
    assert system.arrives(ORDER) == ()


def test_an_invoice_made_between_the_decision_and_the_lock_is_not_made_twice(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.receive(ORDER)
    left = [True]

    def overtaken(*arguments: Any) -> Decision:
        decision = decide_documents(*arguments)
        if left:
            left.pop()
            system.arrives(ORDER)
        return decision

    monkeypatch.setattr(DECIDE, overtaken)
    assert len(system.arrives(ORDER)) == 1


def test_what_came_of_an_order_is_written_with_its_documents(system: System) -> None:
    """A worker that dies right after its number was given leaves nothing to be looked at once more."""
    delivery_id = system.receive(ORDER)
    system.shop.place(ORDER)
    seen: list[tuple[bool, str]] = []

    def look(connection: Connection) -> None:
        is_made = bool(documents.history(connection, system.shop_id, ORDER["id"], ORDER["order_key"]).documents)
        seen.append((is_made, deliveries.states_of(connection, [delivery_id])[delivery_id]))

    event.listen(system.services.store.engine, "commit", look)
    system.work()
    event.remove(system.services.store.engine, "commit", look)
    assert set(seen) == {(False, "waiting"), (False, "running"), (True, "done")}
