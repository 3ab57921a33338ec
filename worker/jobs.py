"""What RQ calls: take an id, call a use case, write the outcome on the row. Safe to run twice, at the same moment."""

import logging
import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from redis.exceptions import RedisError
from sqlalchemy import Connection

from worker import tasks
from worker.domain.step import STEPS
from worker.errors import FacturelayError, NumberingPaused, Rejected, ShopPaused, Unavailable
from worker.invoicing import issue
from worker.invoicing.issue import Outcome
from worker.message import Message
from worker.notifications import webhooks
from worker.plugin import sync
from worker.queue import RUN_TASK, SEND_WEBHOOK_EVENT, enqueue_again
from worker.sending import NotNeeded, function_of
from worker.services import Services
from worker.settings import Settings
from worker.store import audit_trail, deliveries, documents, steps
from worker.store import jobs as job_store
from worker.store import tasks as task_store
from worker.store import webhooks as webhook_store
from worker.store.audit_trail import AuditEntry
from worker.store.deliveries import LeasedDeliveries
from worker.store.steps import LeasedSteps
from worker.store.tasks import LeasedTask
from worker.store.webhooks import LeasedWebhookEvent
from worker.tasks.common import Unfinished

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(hours=24)
FIRST_WAIT_S = 5
# Somebody waits for the answer: a task is tried for an hour, not for a day.
TASK_GIVE_UP_AFTER = timedelta(hours=1)
# A row of calls, each as slow as it may be, ends before its job is ended (queue.JOB_TIMEOUT_S).
MOST_EVENTS_PER_JOB = 8
# Workers that were away for a day are nobody's failure: a receiver is tried so often before it is given up.
LEAST_ATTEMPTS = 10
BUG = Unavailable("Something went wrong that should not; it is tried again, and the log has the details.", code="bug")
# What whoever asked for a task reads after a bug: it is not tried again by itself.
ASK_AGAIN = Message("Something went wrong that should not; the log has the details. Ask again.")


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


# How any job runs

L = TypeVar("L", bound=job_store.Leased)
R = TypeVar("R")


class JobType(ABC, Generic[L, R]):
    """How one kind of job is done, and what becomes of it."""

    longest_wait_s: int | None = None  # between two tries; None: as the settings say

    @abstractmethod
    def do(self, services: Services, leased: L) -> R:
        """Raises Rejected (it fails now) or Unavailable (it is tried again later); any other error is a bug."""

    @abstractmethod
    def close(self, services: Services, leased: L, result: R) -> None:
        """Write down that it was done."""

    @abstractmethod
    def fail(self, services: Services, leased: L, error: FacturelayError) -> None:
        """Write down that it failed, or was given up, for the reason that *error* says."""

    def is_given_up(self, leased: L, error: Unavailable, age: timedelta) -> bool:
        """Whether it was tried long enough. *age* is how long ago it was asked for."""
        return age > GIVE_UP_AFTER

    def give_up_message(self, error: Unavailable) -> Message:
        return Message(
            "{message} It was tried for a day; try it again when the cause is gone (facturelay order retry).",
            message=error.message,
        )

    def retry_later(self, connection: Connection, leased: L, error: Unavailable, next_at: datetime) -> None:
        job_store.retry_later(connection, leased.lease, code=error.code, message=error.message, next_at=next_at)


def run(services: Services, job_type: JobType[L, R], leased: L | None) -> bool:
    """Do what was claimed, if anything was, and write down what came of it. True when it was done.

    An error that nobody expected is raised again when the job waits for its next try.
    """
    if leased is None:
        return False
    try:
        result = job_type.do(services, leased)
    except Rejected as error:
        job_type.fail(services, leased, error)
    except Unavailable as error:
        retry_or_give_up(services, job_type, leased, error)
    except Exception:
        retry_or_give_up(services, job_type, leased, BUG)
        raise
    else:
        job_type.close(services, leased, result)
        return True
    return False


def retry_or_give_up(services: Services, job_type: JobType[L, R], leased: L, error: Unavailable) -> None:
    if job_type.is_given_up(leased, error, services.now() - leased.since):
        job_type.fail(services, leased, Rejected(job_type.give_up_message(error), code=error.code))
        return
    longest_s = job_type.longest_wait_s or services.settings.longest_wait_seconds
    next_at = services.now() + wait_after(leased.attempts, error, longest_s=longest_s)
    with services.store.write() as connection:
        job_type.retry_later(connection, leased, error, next_at)


def lease_time(services: Services) -> timedelta:
    """Longer than a job may take (queue.JOB_TIMEOUT_S)."""
    return timedelta(seconds=services.settings.lease_seconds)


def wait_after(attempts: int, error: Unavailable, *, longest_s: int) -> timedelta:
    """How long to wait after the *attempts*-th try: doubling, with jitter so that a thousand do not come back at once."""
    if error.retry_after_s is not None:
        return timedelta(seconds=min(error.retry_after_s, longest_s))
    doubled = min(FIRST_WAIT_S * 2 ** (attempts - 1), longest_s)
    return timedelta(seconds=doubled * random.uniform(0.8, 1.2))  # noqa: S311  # spreads load, guards nothing


# Orders


class ProcessOrder(JobType[LeasedDeliveries, Outcome]):
    def do(self, services: Services, leased: LeasedDeliveries) -> Outcome:
        outcome = issue.process_order(services, leased.deliveries)
        if outcome.retry_reason is not None:
            raise outcome.retry_reason
        return outcome

    def close(self, services: Services, leased: LeasedDeliveries, result: Outcome) -> None:
        with services.store.write() as connection:
            job_store.finish(connection, leased.lease, now=services.now(), code=result.code, message=result.message)
        self.tell(services, leased)

    def fail(self, services: Services, leased: LeasedDeliveries, error: FacturelayError) -> None:
        first, now, code, message = leased.deliveries[0], services.now(), error.code, error.message
        with services.store.write() as connection:
            job_store.finish(connection, leased.lease, now=now, state="failed", code=code, message=message)
            entry = AuditEntry(first.shop_id, now, "worker", code, message, order_id=first.order_id)
            audit_trail.add(connection, entry)
        self.tell(services, leased)

    def tell(self, services: Services, leased: LeasedDeliveries) -> None:
        first = leased.deliveries[0]
        webhooks.enqueue_events(services, first.shop_id)
        sync.sync_after_processing(services, first.shop_id, first.order_id)

    def is_given_up(self, leased: LeasedDeliveries, error: Unavailable, age: timedelta) -> bool:
        """A paused shop is nobody's failure: its orders wait as long as it does."""
        return age > GIVE_UP_AFTER and not isinstance(error, ShopPaused | NumberingPaused)


def process_delivery(services: Services, delivery_id: int) -> None:
    """Process the order that *delivery_id* is about, and answer all its waiting deliveries."""
    with services.store.write() as connection:
        leased = deliveries.take(connection, delivery_id, now=services.now(), lease_for=lease_time(services))
    run(services, ProcessOrder(), leased)


# Steps of documents


class DoStep(JobType[LeasedSteps, str | NotNeeded]):
    """One step of a document; a mail, of all that go with it."""

    def do(self, services: Services, leased: LeasedSteps) -> str | NotNeeded:
        try:
            return function_of(STEPS[leased.steps[0].name])(services, leased)
        except NotNeeded as reason:
            return reason

    def close(self, services: Services, leased: LeasedSteps, result: str | NotNeeded) -> None:
        if isinstance(result, NotNeeded):
            self.end(services, leased, state="skipped", code="not_needed", message=result.message)
            return
        with services.store.write() as connection:
            job_store.save_detail(connection, leased.lease, result)
            job_store.finish(connection, leased.lease, now=services.now())

    def fail(self, services: Services, leased: LeasedSteps, error: FacturelayError) -> None:
        self.end(services, leased, state="failed", code=error.code, message=error.message)

    def end(self, services: Services, leased: LeasedSteps, *, state: str, code: str, message: Message) -> None:
        now = services.now()
        with services.store.write() as connection:
            job_store.finish(connection, leased.lease, now=now, state=state, code=code, message=message)
            for step in leased.steps:
                order_id = documents.get(connection, step.document_id).draft.order_id
                entry = AuditEntry(step.shop_id, now, "worker", code, message, order_id, step.document_id)
                audit_trail.add(connection, entry)


def run_steps(services: Services, document_id: int) -> None:
    """Do what is still to be done with one document; a step that fails does not stop the others."""
    bugs = [error for name in STEPS if (error := run_step(services, document_id, name)) is not None]
    if bugs:
        raise bugs[0]


def run_step(services: Services, document_id: int, name: str) -> Exception | None:
    """Do one step and write its outcome on the row. Gives back an error that nobody expected."""
    now, lease_for = services.now(), lease_time(services)
    with services.store.write() as connection:
        leased = steps.take(connection, name, document_id=document_id, now=now, lease_for=lease_for)
    try:
        run(services, DoStep(), leased)
    except FacturelayError:
        raise
    except Exception as error:
        log.exception("step %s of document %d", name, document_id)
        return error
    return None


# Tasks


class DoTask(JobType[LeasedTask, Mapping[str, object] | Unfinished]):
    longest_wait_s = 60

    def do(self, services: Services, leased: LeasedTask) -> Mapping[str, object] | Unfinished:
        try:
            with renew_lease_meanwhile(services, leased):
                return tasks.TASKS[leased.task.kind](services, leased.task)
        except Unfinished as later:
            return later

    def close(self, services: Services, leased: LeasedTask, result: Mapping[str, object] | Unfinished) -> None:
        with services.store.write() as connection:
            if not isinstance(result, Unfinished):
                task_store.finish(connection, leased.lease, now=services.now(), answer=result)
                return
            task_store.continue_later(connection, leased.lease, progress=result.so_far)
        enqueue_next_slice(services, leased.task.task_id)

    def fail(self, services: Services, leased: LeasedTask, error: FacturelayError) -> None:
        answer = {"code": error.code, "message": error.message}
        with services.store.write() as connection:
            task_store.finish(connection, leased.lease, now=services.now(), answer=answer, failed=True)

    def is_given_up(self, leased: LeasedTask, error: Unavailable, age: timedelta) -> bool:
        """Whoever asked for a paused shop is told now: it may stay so for weeks. After a bug they see it, and ask again."""
        return age >= TASK_GIVE_UP_AFTER or isinstance(error, ShopPaused) or error is BUG

    def give_up_message(self, error: Unavailable) -> Message:
        return ASK_AGAIN if error is BUG else error.message


def do_task(services: Services, task_id: int) -> None:
    """Do what a page asked for, and keep the answer where the page looks for it."""
    with services.store.write() as connection:
        leased = task_store.take(connection, task_id, now=services.now(), lease_for=lease_time(services))
    run(services, DoTask(), leased)


def enqueue_next_slice(services: Services, task_id: int) -> None:
    """Under another name than the job that is ending: Redis takes a name once."""
    try:
        enqueue_again(services.queue, RUN_TASK, task_id, now=services.now(), every_s=1)
    except RedisError:
        return


@contextmanager
def renew_lease_meanwhile(services: Services, leased: LeasedTask) -> Iterator[None]:
    """Keep a task's lease for as long as it is at work: a zip of a year takes longer than any lease."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(services.settings.lease_seconds / 3):
            try:
                with services.store.write() as connection:
                    job_store.renew(connection, leased.lease, until=services.now() + lease_time(services))
            except Unavailable:
                log.warning("the lease of task %d could not be kept", leased.task.task_id)

    renewer = threading.Thread(target=renew, name=f"task {leased.task.task_id}", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        over.set()
        renewer.join()


# Webhook events


class SendEvent(JobType[LeasedWebhookEvent, None]):
    def do(self, services: Services, leased: LeasedWebhookEvent) -> None:
        webhooks.send_event(services, leased)

    def close(self, services: Services, leased: LeasedWebhookEvent, result: None) -> None:
        with services.store.write() as connection:
            job_store.finish(connection, leased.lease, now=services.now())

    def fail(self, services: Services, leased: LeasedWebhookEvent, error: FacturelayError) -> None:
        webhooks.give_up(services, leased, error.message)

    def is_given_up(self, leased: LeasedWebhookEvent, error: Unavailable, age: timedelta) -> bool:
        return age > GIVE_UP_AFTER and leased.attempts >= LEAST_ATTEMPTS

    def give_up_message(self, error: Unavailable) -> Message:
        return Message("{message} It was tried for a day.", message=error.message)

    def retry_later(
        self, connection: Connection, leased: LeasedWebhookEvent, error: Unavailable, next_at: datetime
    ) -> None:
        super().retry_later(connection, leased, error, next_at)
        if isinstance(error, webhooks.NoAnswer):
            webhook_store.postpone(connection, leased.event.endpoint_id, until=next_at)


def send_waiting_events(services: Services, event_id: int) -> None:
    """Send one webhook event, and while it goes well those of the same endpoint that wait behind it."""
    upcoming: int | None = event_id
    for _ in range(MOST_EVENTS_PER_JOB):
        endpoint_id = send_event(services, upcoming) if upcoming is not None else None
        if endpoint_id is None:
            return
        with services.store.read() as connection:
            upcoming = webhook_store.next_event_of(connection, endpoint_id, now=services.now())
    if upcoming is not None:
        services.enqueue(SEND_WEBHOOK_EVENT, upcoming)


def send_event(services: Services, event_id: int) -> int | None:
    """Send one event and write its outcome on the row. The id of its endpoint where more may be sent now."""
    with services.store.write() as connection:
        leased = webhook_store.take(
            connection, services.encryption, event_id, now=services.now(), lease_for=lease_time(services)
        )
    return leased.endpoint.endpoint_id if run(services, SendEvent(), leased) and leased else None
