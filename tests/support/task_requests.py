"""Asking the worker for a task as a page does, and reading what came of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.support.system import START, System
from worker.demo.orders import Payload, an_order
from worker.jobs.task import do_task
from worker.message import read_message
from worker.store import shops, tasks
from worker.store.database.tables import jobs as jobs_table
from worker.store.database.tables import tasks as errands_table
from worker.store.files import temporary
from worker.store.files.temporary import TemporaryFile
from worker.store.queries.order_history import DocumentDetails
from worker.store.shops import Secrets
from worker.store.tasks import Task, TaskRequest

BY = "An"


def asked(system: System, kind_: str, /, **argument: object) -> Task:
    """Ask for something as a page does, and let the worker do it."""
    return done(system, written_down(system, kind_, **argument))


def done(system: System, task_id: int) -> Task:
    do_task(system.services, task_id)
    return seen(system, task_id)


def written_down(system: System, kind_: str, /, **argument: object) -> int:
    with system.services.store.write() as connection:
        return tasks.request(
            connection,
            TaskRequest(shop_id=system.shop_id, kind=kind_, argument=argument, requested_by=BY),
            now=system.clock.now,
        )


def seen(system: System, task_id: int) -> Task:
    with system.services.store.read() as connection:
        found = tasks.find(connection, task_id)
    assert found is not None
    return found


def answered(system: System, kind_: str, /, **argument: object) -> Mapping[str, Any]:
    task = asked(system, kind_, **argument)
    assert task.state == "done", task.answer
    return task.answer


def refused(system: System, kind_: str, /, **argument: object) -> tuple[str, str]:
    task = asked(system, kind_, **argument)
    assert task.state == "failed"
    return task.answer["code"], english(task.answer["message"])


def english(message: Mapping[str, Any]) -> str:
    """A message of an answer, in English."""
    return str(read_message(message))


def again(system: System, task: Task) -> Task:
    """Do a task once more: the worker died after its work and before its answer."""
    with system.services.store.write() as connection:
        connection.execute(errands_table.update().values(answer=""))
        connection.execute(jobs_table.update().where(jobs_table.c.kind == "task").values(state="waiting", done_at=None))
    return done(system, task.task_id)


def paid(order_id: int = 238, **facts: object) -> Payload:
    return an_order(id=order_id, paid=True, created=START - timedelta(days=1), **facts)  # type: ignore[arg-type]


def id_of(item: DocumentDetails) -> int:
    assert item.document is not None
    return item.document.document_id


def invoiced(system: System, order: Payload | None = None) -> int:
    return id_of(system.arrives(order or paid())[0])


def events(system: System, order_id: int = 238) -> list[tuple[str, str]]:
    return [(event.actor, event.code) for event in system.trail(order_id).audit_entries]


def another_shop(system: System) -> str:
    mine = system.connected.shop
    with system.services.store.write() as connection:
        other = type(mine)(shop_id=shops.new_shop_id(), name="Een ander", url=mine.url, orders=mine.orders)
        shops.add(connection, system.services.encryption, other, Secrets(("x",)), now=system.clock.now)
    return other.shop_id


def content(system: System, file: Mapping[str, Any]) -> bytes:
    return temporary.get(system.services.archive, TemporaryFile.from_json(file, shop_id=system.shop_id))
