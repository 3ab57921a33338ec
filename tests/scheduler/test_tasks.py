"""A task whose job was lost is enqueued by the scheduler."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.redis_jobs import queued_jobs
from tests.support.system import START, Clock
from worker import scheduler
from worker.domain.shop import OrderSettings, Shop
from worker.jobs.task import do_task
from worker.queue import RUN_TASK, QueueName
from worker.services import Services
from worker.settings import Settings
from worker.store import shops, tasks
from worker.store.shops import Secrets
from worker.store.tasks import TaskRequest

SHOP = "a-shop"


@pytest.fixture
def services(broker_url: str, sqlite_url: str, tmp_path: Path) -> Iterator[Services]:
    """One shop and an empty broker."""
    settings = Settings(tmp_path, "https://documents.test", sqlite_url, broker_url, ("k" * 32,))
    services = Services(settings, now=Clock())
    shop = Shop(shop_id=SHOP, name="Winkel", url="https://winkel.test", orders=OrderSettings(since=START))
    with services.store.write() as connection:
        shops.add(connection, services.encryption, shop, Secrets(("s",)), now=START)
    yield services
    services.store.close()


def ask(services: Services) -> int:
    with services.store.write() as connection:
        return tasks.request(
            connection, TaskRequest(shop_id=SHOP, kind="test_mail", argument={}, requested_by="An"), now=services.now()
        )


def waiting(services: Services) -> list[tuple[str | None, list[int]]]:
    return [(job, [row_id]) for job, row_id in queued_jobs(services.redis, QueueName.TASKS)]


def test_what_was_requested_and_never_enqueued_is_enqueued(services: Services) -> None:
    task_id = ask(services)

    scheduler.run_once(services, holder="a")

    assert waiting(services) == [(RUN_TASK, [task_id])]


def test_what_is_done_is_not_enqueued_again(services: Services) -> None:
    do_task(services, ask(services))

    scheduler.run_once(services, holder="a")

    assert waiting(services) == []
