"""How any job runs: what was claimed is done, and what came of it stands on its row."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy import Connection

from worker.errors import (
    DatabaseAway,
    FacturelayError,
    NumberingPaused,
    Rejected,
    ShopPaused,
    TakesLong,
    TimeIsUp,
    Unavailable,
)
from worker.message import Message
from worker.services import Services
from worker.store import jobs as job_store

GIVE_UP_AFTER = timedelta(hours=24)
FIRST_WAIT_S = 5
# A database that starts again is back within this, and what came of a job is written down then: else its row would be free only when its
# lease is over, and a mail that left would leave once more. Less than a process has after the alarm (processes/deadline.py).
BACK_WITHIN_S, ASK_EVERY_S = 15.0, 0.5
BUG = Unavailable(
    "Something went wrong that should not; it is tried again by itself. If it goes on, tell whoever runs Facturelay: the log has the details.",
    code="bug",
)

TOO_LONG = Unavailable("It took longer than it may, and was broken off; it is tried again.", code="took_too_long")


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
        """Whether it was tried long enough. *age* is how long ago it was asked for. A paused shop is nobody's failure: its work waits as
        long as it does."""
        return age > GIVE_UP_AFTER and not isinstance(error, ShopPaused | NumberingPaused)

    def give_up_message(self, error: Unavailable) -> Message:
        return Message("{message} It was tried for a day; try it again when the cause is gone.", message=error.message)

    def retry_later(self, connection: Connection, leased: L, error: Unavailable, next_at: datetime) -> None:
        job_store.retry_later(connection, leased.lease, code=error.code, message=error.message, next_at=next_at)


def run(services: Services, job_type: JobType[L, R], leased: L | None) -> bool:
    """Do what was claimed, if anything was, and write down what came of it. True when it was done.

    An error that nobody expected is raised again when the job waits for its next try, and so are TimeIsUp, as nothing may
    follow it, and TakesLong: the job is put back as if it had not been begun.
    """
    if leased is None:
        return False
    try:
        result = job_type.do(services, leased)
    except Rejected as error:
        job_type.fail(services, leased, error)
    except Unavailable as error:
        retry_or_give_up(services, job_type, leased, error)
    except TimeIsUp:
        retry_or_give_up(services, job_type, leased, TOO_LONG)
        raise
    except TakesLong:
        with services.store.write() as connection:
            job_store.leave_for_later(connection, leased.lease)
        raise
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
    write_once_back(services, lambda connection: job_type.retry_later(connection, leased, error, next_at))


def write_once_back(services: Services, write: Callable[[Connection], None]) -> None:
    """Do *write*, which may be done twice, in a transaction of its own; where the database is away, as soon as it is back. Raises Unavailable
    where that takes longer than a restart."""
    until = time.monotonic() + BACK_WITHIN_S
    while True:
        try:
            with services.store.write() as connection:
                return write(connection)
        except DatabaseAway:
            if time.monotonic() >= until:
                raise
        time.sleep(ASK_EVERY_S)


def lease_time(services: Services) -> timedelta:
    """Longer than a job may take (queue.JOB_TIMEOUT_S)."""
    return timedelta(seconds=services.settings.lease_seconds)


def wait_after(attempts: int, error: Unavailable, *, longest_s: int) -> timedelta:
    """How long to wait after the *attempts*-th try: doubling, with jitter so that a thousand do not come back at once."""
    if error.retry_after_s is not None:
        return timedelta(seconds=min(error.retry_after_s, longest_s))
    doubled = min(FIRST_WAIT_S * 2 ** (attempts - 1), longest_s)
    return timedelta(seconds=doubled * random.uniform(0.8, 1.2))  # noqa: S311  # spreads load, guards nothing
