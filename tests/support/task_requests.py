"""Asking the worker for a task as a page does, and reading what came of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.support.system import START, System
from worker import jobs
from worker.demo.orders import Payload, an_order
from worker.orders.history import Listed
from worker.store import shops, tasks
from worker.store.database.tables import errands as errands_table
from worker.store.files import temporary
from worker.store.files.temporary import FleetingFile
from worker.store.shops import Secrets
from worker.store.tasks import Errand

BY = "An"


def asked(system: System, kind_: str, /, **argument: object) -> Errand:
    """Ask for something as a page does, and let the worker do it."""
    errand_id = written_down(system, kind_, **argument)
    jobs.do_errand(system.services, errand_id)
    return seen(system, errand_id)


def written_down(system: System, kind_: str, /, **argument: object) -> int:
    with system.services.store.write() as connection:
        return tasks.ask(
            connection, shop_id=system.shop_id, kind=kind_, argument=argument, asked_by=BY, now=system.clock.now
        )


def seen(system: System, errand_id: int) -> Errand:
    with system.services.store.read() as connection:
        found = tasks.of_shop(connection, system.shop_id, errand_id)
    assert found is not None
    return found


def answered(system: System, kind_: str, /, **argument: object) -> Mapping[str, Any]:
    errand = asked(system, kind_, **argument)
    assert errand.state == "done", errand.answer
    return errand.answer


def refused(system: System, kind_: str, /, **argument: object) -> tuple[str, str]:
    errand = asked(system, kind_, **argument)
    assert errand.state == "failed"
    return errand.answer["code"], errand.answer["sentence"]


def again(system: System, errand: Errand) -> Errand:
    """Do an errand once more: the worker died after its work and before its answer."""
    with system.services.store.write() as connection:
        connection.execute(errands_table.update().values(state="waiting", answer="", finished_at=None))
    jobs.do_errand(system.services, errand.errand_id)
    return seen(system, errand.errand_id)


def paid(order_id: int = 238, **facts: object) -> Payload:
    return an_order(id=order_id, paid=True, created=START - timedelta(days=1), **facts)  # type: ignore[arg-type]


def id_of(item: Listed) -> int:
    assert item.document is not None
    return item.document.document_id


def invoiced(system: System, order: Payload | None = None) -> int:
    return id_of(system.arrives(order or paid())[0])


def events(system: System, order_id: int = 238) -> list[tuple[str, str]]:
    return [(event.actor, event.code) for event in system.trail(order_id).events]


def another_shop(system: System) -> str:
    with system.services.store.write() as connection:
        mine = shops.connected(connection, system.services.vault, system.shop_id).shop
        other = type(mine)(shop_id=shops.new_shop_id(), name="Een ander", url=mine.url, orders_since=mine.orders_since)
        shops.add(connection, system.services.vault, other, Secrets(("x",)), now=system.clock.now)
    return other.shop_id


def content(system: System, file: Mapping[str, Any]) -> bytes:
    return temporary.get(system.services.archive, FleetingFile.from_json(file, shop_id=system.shop_id))
