"""What RQ calls: take an id, call a use case, write the outcome on the row. Safe to run twice, at the same moment."""

import logging
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from redis.exceptions import RedisError

from worker import tasks
from worker.errors import FacturelayError, Rejected, Unavailable
from worker.invoicing import issue
from worker.notifications import webhooks
from worker.plugin import sync
from worker.queue import RUN_TASK, SEND_WEBHOOK_EVENT, enqueue_again
from worker.sending.steps import STEPS, NotNeeded
from worker.services import Services
from worker.settings import Settings
from worker.store import audit_trail, deliveries, documents, steps
from worker.store import tasks as task_store
from worker.store import webhooks as webhook_store
from worker.store.audit_trail import AuditEntry
from worker.store.deliveries import LeasedDeliveries
from worker.store.steps import LeasedSteps, StepName
from worker.tasks.common import Unfinished

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(hours=24)
FIRST_WAIT_S = 5
# Somebody waits for the answer: an errand is tried for an hour, not for a day.
TASK_GIVE_UP_AFTER = timedelta(hours=1)
# A row of calls, each as slow as it may be, ends before its job is ended (queue.JOB_TIMEOUT_S).
MOST_EVENTS_PER_JOB = 8
# Workers that were away for a day are nobody's failure: a receiver is tried so often before it is given up.
LEAST_ATTEMPTS = 10


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
    """Without the database nothing can be written on the row: it stays as it is and is rung for again. That is no bug to trace."""
    try:
        yield
    except Unavailable as error:
        log.warning("%s", error.message)


def process_delivery(services: Services, delivery_id: int) -> None:
    """Look at the order that *delivery_id* rings for, and answer all its waiting deliveries."""
    with services.store.write() as connection:
        taken = deliveries.take(connection, delivery_id, now=services.now(), lease_for=lease_time(services))
    if taken is None:
        return
    try:
        outcome = issue.process_order(services, taken.deliveries)
    except Rejected as error:
        close_deliveries(services, taken, error.code, error.message, state="failed")
    except Unavailable as error:
        retry_deliveries_later(services, taken, error)
    except Exception:
        retry_deliveries_later(services, taken, BUG)
        raise
    else:
        if outcome.retry_reason is not None:
            retry_deliveries_later(services, taken, outcome.retry_reason)
        else:
            close_deliveries(services, taken, outcome.code, outcome.message)


BUG = Unavailable("Something went wrong that should not; it is tried again, and the log has the details.", code="bug")


def close_deliveries(
    services: Services, taken: LeasedDeliveries, code: str, message: str, *, state: str = "done"
) -> None:
    with services.store.write() as connection:
        deliveries.finish(connection, taken.lease, code=code, message=message, now=services.now(), state=state)
        first = taken.deliveries[0]
        if state == "failed":
            audit_trail.add(
                connection, AuditEntry(first.shop_id, services.now(), "worker", code, message, order_id=first.order_id)
            )
    webhooks.enqueue_events(services, first.shop_id)
    sync.sync_after_processing(services, first.shop_id, first.order_id)


def retry_deliveries_later(services: Services, taken: LeasedDeliveries, error: Unavailable) -> None:
    first = taken.deliveries[0]
    # A paused shop is nobody's failure: its orders wait as long as it does.
    if services.now() - first.received_at > GIVE_UP_AFTER and error.code not in (
        "shop_suspended",
        issue.NUMBERING_PAUSED,
    ):
        close_deliveries(services, taken, error.code, give_up_message(error), state="failed")
        return
    next_at = services.now() + wait_after(first.attempts, error, longest_s=services.settings.longest_wait_seconds)
    with services.store.write() as connection:
        deliveries.retry_later(connection, taken.lease, code=error.code, message=error.message, next_at=next_at)


def run_steps(services: Services, document_id: int) -> None:
    """Do what is still to be done with one document; a step that fails does not stop the others."""
    bugs = [error for name in STEPS if (error := run_step(services, document_id, name)) is not None]
    if bugs:
        raise bugs[0]


def run_step(services: Services, document_id: int, name: StepName) -> Exception | None:
    """Do one step and write its outcome on the row. Gives back an error that nobody expected."""
    leased = lease_step(services, document_id, name)
    if leased is None:
        return None
    try:
        detail = STEPS[name](services, leased)
    except NotNeeded as reason:
        close_step(services, leased, state="skipped", code="not_needed", message=str(reason))
    except Rejected as error:
        close_step(services, leased, state="failed", code=error.code, message=error.message)
    except Unavailable as error:
        retry_step_later(services, leased, error)
    except Exception as error:
        log.exception("step %s of document %d", name, document_id)
        retry_step_later(services, leased, BUG)
        return error
    else:
        with services.store.write() as connection:
            steps.save_detail(connection, leased.lease, detail)
            steps.finish(connection, leased.lease, now=services.now())
    return None


def do_task(services: Services, task_id: int) -> None:
    """Do what a page asked for, and keep the answer where the page looks for it."""
    with services.store.write() as connection:
        leased = task_store.take(connection, task_id, now=services.now(), lease_for=lease_time(services))
    if leased is None:
        return
    task = leased.task
    try:
        with renew_lease_meanwhile(services, leased):
            answer = tasks.TASKS[task.kind](services, task)
    except Unfinished as later:
        with services.store.write() as connection:
            task_store.continue_later(connection, leased.lease, progress=later.so_far)
        enqueue_next_slice(services, task_id)
    except Unavailable as error:
        # Whoever asked for a paused shop is told now: it may stay so for weeks.
        if services.now() - task.requested_at < TASK_GIVE_UP_AFTER and error.code != "shop_suspended":
            with services.store.write() as connection:
                task_store.postpone(connection, leased.lease, until=services.now() + wait_after(3, error, longest_s=60))
            return
        close_task(services, leased, {"code": error.code, "message": error.message}, failed=True)
    except Rejected as error:
        close_task(services, leased, {"code": error.code, "message": error.message}, failed=True)
    except Exception:
        # Not tried again by itself: whoever asked sees that it failed, and asks again.
        message = "Something went wrong that should not; the log has the details. Ask again."
        close_task(services, leased, {"code": BUG.code, "message": message}, failed=True)
        raise
    else:
        close_task(services, leased, answer)


def enqueue_next_slice(services: Services, task_id: int) -> None:
    """Under another name than the job that is ending: Redis takes a name once."""
    try:
        enqueue_again(services.queue, RUN_TASK, task_id, now=services.now(), every_s=1)
    except RedisError:
        return


@contextmanager
def renew_lease_meanwhile(services: Services, leased: task_store.LeasedTask) -> Iterator[None]:
    """Keep an errand's lease for as long as it is at work: a zip of a year takes longer than any lease."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(services.settings.lease_seconds / 3):
            try:
                with services.store.write() as connection:
                    task_store.extend_lease(connection, leased.lease, until=services.now() + lease_time(services))
            except Unavailable:
                log.warning("the lease of errand %d could not be kept", leased.task.task_id)

    renewer = threading.Thread(target=renew, name=f"errand {leased.task.task_id}", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        over.set()
        renewer.join()


def close_task(
    services: Services, leased: task_store.LeasedTask, answer: Mapping[str, object], *, failed: bool = False
) -> None:
    with services.store.write() as connection:
        task_store.finish(connection, leased.lease, now=services.now(), answer=answer, failed=failed)


def send_waiting_events(services: Services, event_id: int) -> None:
    """Make one call of a hook, and while it goes well those of the same hook that wait behind it."""
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
    """Make one call and write its outcome on the row. The id of its hook where more may be told there now."""
    with services.store.write() as connection:
        leased = webhook_store.take(
            connection, services.encryption, event_id, now=services.now(), lease_for=lease_time(services)
        )
    if leased is None:
        return None
    try:
        webhooks.send_event(services, leased)
    except Rejected as error:
        webhooks.give_up(services, leased, error.message)
    except Unavailable as error:
        retry_event_later(services, leased, error)
    except Exception:
        retry_event_later(services, leased, BUG)
        raise
    else:
        with services.store.write() as connection:
            webhook_store.finish(connection, leased.lease, now=services.now())
        return leased.endpoint.endpoint_id
    return None


def retry_event_later(services: Services, leased: webhook_store.LeasedWebhookEvent, error: Unavailable) -> None:
    event = leased.event
    if services.now() - event.created_at > GIVE_UP_AFTER and event.attempts >= LEAST_ATTEMPTS:
        webhooks.give_up(services, leased, f"{error.message} It was tried for a day.")
        return
    next_at = services.now() + wait_after(event.attempts, error, longest_s=services.settings.longest_wait_seconds)
    with services.store.write() as connection:
        webhook_store.retry_later(connection, leased.lease, message=error.message, next_at=next_at)
        if isinstance(error, webhooks.NoAnswer):
            webhook_store.postpone(connection, event.endpoint_id, until=next_at)


def lease_step(services: Services, document_id: int, name: StepName) -> LeasedSteps | None:
    """Lease a step; the mail takes along the documents that go together with this one."""
    with services.store.write() as connection:
        if name is not StepName.MAIL:
            return steps.take_one(
                connection, name, document_id=document_id, now=services.now(), lease_for=lease_time(services)
            )
        step = steps.of_document(connection, document_id).get(name)
        if step is None:
            return None
        return steps.take(
            connection, name, mail_group=step.mail_group, now=services.now(), lease_for=lease_time(services)
        )


def close_step(services: Services, leased: LeasedSteps, *, state: str, code: str, message: str) -> None:
    with services.store.write() as connection:
        steps.finish(connection, leased.lease, now=services.now(), state=state, code=code, message=message)
        for step in leased.steps:
            order_id = documents.get(connection, step.document_id).draft.order_id
            audit_trail.add(
                connection,
                AuditEntry(
                    step.shop_id,
                    services.now(),
                    "worker",
                    code,
                    message,
                    order_id=order_id,
                    document_id=step.document_id,
                ),
            )


def retry_step_later(services: Services, leased: LeasedSteps, error: Unavailable) -> None:
    first = leased.steps[0]
    if services.now() - first.created_at > GIVE_UP_AFTER:
        close_step(services, leased, state="failed", code=error.code, message=give_up_message(error))
        return
    next_at = services.now() + wait_after(first.attempts, error, longest_s=services.settings.longest_wait_seconds)
    with services.store.write() as connection:
        steps.retry_later(connection, leased.lease, code=error.code, message=error.message, next_at=next_at)


def give_up_message(error: FacturelayError) -> str:
    return f"{error.message} It was tried for a day; try it again when the cause is gone (facturelay order retry)."


def lease_time(services: Services) -> timedelta:
    """Longer than a job may take (queue.JOB_TIMEOUT_S)."""
    return timedelta(seconds=services.settings.lease_seconds)


def wait_after(attempts: int, error: Unavailable, *, longest_s: int) -> timedelta:
    """How long to wait after the *attempts*-th try: doubling, with jitter so that a thousand do not come back at once."""
    if error.retry_after_s is not None:
        return timedelta(seconds=min(error.retry_after_s, longest_s))
    doubled = min(FIRST_WAIT_S * 2 ** (attempts - 1), longest_s)
    return timedelta(seconds=doubled * random.uniform(0.8, 1.2))  # noqa: S311  # spreads load, guards nothing
