"""Store, settings, queue and clock for the views, made once per process."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, redirect, render_template

from worker.domain.shop import Shop
from worker.queue import RUN_TASK
from worker.queue.enqueuer import Enqueuer
from worker.settings import Settings
from worker.store import tasks
from worker.store.backlogs import Backlogs
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.delivery_writer import DeliveryWriter
from worker.store.files.archive import Archive, open_archive
from worker.store.known_shops import KnownShops
from worker.store.tasks import TaskRequest

EXTENSION_NAME = "facturelay"


@dataclass(frozen=True)
class Context:
    """*now* is the only clock. `Encryption` derives its key here, once: that costs 5 ms, too much for every delivery."""

    settings: Settings
    store: Store
    encryption: Encryption
    archive: Archive
    enqueuer: Enqueuer
    delivery_writer: DeliveryWriter
    known_shops: KnownShops
    backlogs: Backlogs
    now: Callable[[], datetime]

    def today(self, shop: Shop) -> date:
        return shop.day_of(self.now())


def create_context(settings: Settings, now: Callable[[], datetime]) -> Context:
    """Open everything. Nothing is connected to yet: databases and Redis may come up later than we do."""
    store, encryption = Store(settings.database_url), Encryption(settings.secret_keys)
    return Context(
        settings=settings,
        store=store,
        encryption=encryption,
        archive=open_archive(settings),
        enqueuer=Enqueuer(settings.redis_url),
        delivery_writer=DeliveryWriter(store),
        known_shops=KnownShops(store, encryption),
        backlogs=Backlogs(store),
        now=now,
    )


def context() -> Context:
    """The context of the app that answers this request."""
    return cast(Context, current_app.extensions[EXTENSION_NAME])


def base_path() -> str:
    """The folder of the public address that we are reached under, "" when it has none."""
    return urlsplit(context().settings.public_url).path


def redirect_to(path: str) -> Response:
    """On to *path*, below our base, with a GET: what follows when something was done."""
    return make_response(redirect(f"{base_path()}{path}", HTTPStatus.SEE_OTHER))


def rendered(template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: object) -> Response:
    """The page that *template* makes of *values*."""
    return make_response(render_template(template, **values), status)


def enqueue_task(asked: TaskRequest) -> int:
    """Write a task down, and let a worker know; its id."""
    with context().store.write() as connection:
        task_id = tasks.request(connection, asked, now=context().now())
    context().enqueuer.enqueue(RUN_TASK, task_id)
    return task_id


def utc_now() -> datetime:
    return datetime.now(UTC)
