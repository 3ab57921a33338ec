"""The step that a worker goes on with after a job of the same order: claimed in the transaction in which that job ends, so that the lock,
and the disk, are waited for once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from worker.domain.step import WRITE_BACK
from worker.jobs.job_type import lease_time
from worker.queue import QueueName
from worker.services import Services
from worker.store import jobs as job_store
from worker.store import steps, turns
from worker.store.jobs import JobKind
from worker.store.steps import LeasedSteps
from worker.store.turns import DueJob

OF_AN_ORDER = (JobKind.PROCESS_ORDER, JobKind.STEP)


class NothingNext:
    """Of a job after which its worker does not go on."""

    def claim(self, connection: Connection) -> None:
        """Call in the transaction in which the job ends."""

    def forget(self) -> None:
        """Call where the job did not end after all: what was claimed then is not."""


NOTHING_NEXT = NothingNext()


@dataclass
class NextStep(NothingNext):
    """*due*: what of the same order can be done after *done*; None until that is asked. *claimed*: what of it this worker has."""

    services: Services
    done: DueJob
    may_follow: Callable[[DueJob], bool]
    due: list[DueJob] | None = None
    claimed: tuple[DueJob, LeasedSteps] | None = None
    tried: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tried.add(self.done.job_id)

    def claim(self, connection: Connection) -> None:
        self.due = self.due_now(connection)
        now, lease_for = self.services.now(), lease_time(self.services)
        for step in self.due:
            if step.job_id in self.tried or not self.may_follow(step):
                continue
            self.tried.add(step.job_id)
            leased = steps.take_in_place(connection, step.name, document_id=step.row_id, now=now, lease_for=lease_for)
            if leased is not None:
                self.claimed = step, leased
                return

    def forget(self) -> None:
        self.due = self.claimed = None

    def take(self) -> tuple[DueJob, LeasedSteps] | None:
        """What is to be done now, if anything is."""
        if self.due is None and self.is_followed:
            with self.services.store.write() as connection:
                self.claim(connection)
        claimed, self.claimed = self.claimed, None
        if claimed is not None:
            self.due = None
        return claimed

    def put_back(self) -> None:
        """As if nothing had been claimed, after an error."""
        if not self.is_followed:
            return
        with self.services.store.write() if self.claimed else self.services.store.read() as connection:
            if self.claimed is not None:
                job_store.leave_for_later(connection, self.claimed[1].lease)
            self.due = self.due_now(connection)

    @property
    def is_followed(self) -> bool:
        """For the note on the order, which is the last, nothing waits."""
        return self.done.kind in OF_AN_ORDER and self.done.queue is not QueueName.BULK and self.done.name != WRITE_BACK

    def due_now(self, connection: Connection) -> list[DueJob]:
        return turns.due_after(connection, self.done, now=self.services.now()) if self.is_followed else []
