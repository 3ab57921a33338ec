"""What RQ calls: take an id, call a use case, write the outcome on the row. Safe to run twice, at the same moment."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from worker.errors import Unavailable
from worker.jobs.order import process_delivery
from worker.jobs.step import run_steps
from worker.jobs.task import do_task
from worker.jobs.webhook_event import send_waiting_events
from worker.plugin import sync
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


def process_order(delivery_id: int) -> None:
    with leave_to_scheduler():
        process_delivery(get_services(), delivery_id)


def send_document(document_id: int) -> None:
    with leave_to_scheduler():
        run_steps(get_services(), document_id)


def run_task(task_id: int) -> None:
    with leave_to_scheduler():
        do_task(get_services(), task_id)


def send_webhook_event(event_id: int) -> None:
    send_waiting_events(get_services(), event_id)


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
        log.warning("%s", error.message)
