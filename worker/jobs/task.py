"""The job that does what a page asked for."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from worker import tasks
from worker.errors import FacturelayError, Rejected, ShopPaused, Unavailable
from worker.jobs.job_type import BUG, JobType, lease_time, run
from worker.message import Message
from worker.services import Services
from worker.store import jobs as job_store
from worker.store import roads
from worker.store import tasks as task_store
from worker.store.tasks import LeasedTask
from worker.tasks.common import Unfinished

# Somebody waits for the answer: a task is tried for an hour, not for a day.
TASK_GIVE_UP_AFTER = timedelta(hours=1)
# What whoever asked for a task reads after a bug: it is not tried again by itself.
ASK_AGAIN = Message("Something went wrong that should not; the log has the details. Ask again.")

log = logging.getLogger(__name__)


class DoTask(JobType[LeasedTask, Mapping[str, object] | Unfinished | Rejected]):
    longest_wait_s = 60

    def do(self, services: Services, leased: LeasedTask) -> Mapping[str, object] | Unfinished | Rejected:
        if leased.attempts == 1 and not leased.task.answer:  # somebody asks for it, and not the next slice of it
            with services.store.write() as connection:
                roads.try_now(connection, leased.task.shop_id, now=services.now())
        try:
            with renew_lease_meanwhile(services, leased):
                return tasks.TASKS[leased.task.kind](services, leased.task)
        except Unfinished as later:
            return later
        except Rejected as refused:
            return refused

    def close(
        self, services: Services, leased: LeasedTask, result: Mapping[str, object] | Unfinished | Rejected
    ) -> None:
        now = services.now()
        with services.store.write() as connection:
            match result:
                case Unfinished():
                    task_store.continue_later(connection, leased.lease, progress=result.so_far)
                case Rejected():
                    # An amount too great, a draft that cannot be issued: whoever asked is told, and no work has failed.
                    answer = {"code": result.code, "message": result.message}
                    task_store.finish(connection, leased.lease, now=now, answer=answer, state="skipped")
                case _:
                    task_store.finish(connection, leased.lease, now=now, answer=result)

    def fail(self, services: Services, leased: LeasedTask, error: FacturelayError) -> None:
        answer = {"code": error.code, "message": error.message}
        with services.store.write() as connection:
            task_store.finish(connection, leased.lease, now=services.now(), answer=answer, state="failed")

    def is_given_up(self, leased: LeasedTask, error: Unavailable, age: timedelta) -> bool:
        """Whoever asked for a paused shop is told now: it may stay so for weeks. After a bug they see it, and ask again."""
        return age >= TASK_GIVE_UP_AFTER or isinstance(error, ShopPaused) or error is BUG

    def give_up_message(self, error: Unavailable) -> Message:
        return ASK_AGAIN if error is BUG else error.message


def do_task(services: Services, task_id: int) -> bool:
    """Do what a page asked for, and keep the answer where the page looks for it. False when it could not be begun."""
    with services.store.write() as connection:
        leased = task_store.take(connection, task_id, now=services.now(), lease_for=lease_time(services))
    run(services, DoTask(), leased)
    return leased is not None


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
