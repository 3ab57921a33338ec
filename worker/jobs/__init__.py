"""What RQ calls: take an id, call a use case, write the outcome on the row. Safe to run twice, at the same moment."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from worker.errors import Unavailable
from worker.jobs import turn
from worker.plugin import sync
from worker.queue import CHECK_PLUGIN, QUEUE_OF, SYNC_PLUGIN
from worker.services import Services
from worker.settings import Settings

log = logging.getLogger(__name__)

_services: list[Services] = []


def configure(settings: Settings) -> None:
    """Give this process its services. The worker calls it once, before it takes jobs."""
    _services[:] = [Services(settings)]


def get_services() -> Services:
    if not _services:
        configure(Settings.from_environment())
    return _services[0]


def serve(name: str, row_id: int) -> None:
    with leave_to_scheduler():
        turn.serve(get_services(), name, row_id)


def check_plugin(plugin_id: int) -> None:
    with leave_to_scheduler():
        sync.check(get_services(), plugin_id)


def sync_plugin(plugin_id: int) -> None:
    with leave_to_scheduler():
        sync.sync_after_settings(get_services(), plugin_id)


@contextmanager
def leave_to_scheduler() -> Iterator[None]:
    """Without the database nothing can be written on the row: it stays as it is and is enqueued again. That is no bug to trace."""
    try:
        yield
    except Unavailable as error:
        log.warning("%s", error.for_log)


# What a worker runs, by the names of `worker.queue`: nothing else, whatever Redis holds.
FUNCTIONS: Mapping[str, Callable[[int], None]] = {name: partial(serve, name) for name in QUEUE_OF} | {
    CHECK_PLUGIN: check_plugin,
    SYNC_PLUGIN: sync_plugin,
}
