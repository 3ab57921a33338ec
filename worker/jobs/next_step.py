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

Take = Callable[..., LeasedSteps | None]
OF_AN_ORDER = (JobKind.PROCESS_ORDER, JobKind.STEP)


class NothingNext:
    """Of a job after which its worker does not go on."""

    def claim(self, connection: Connection) -> None:
        """Call in the transaction in which the job ends."""

    def put_back(self) -> None:
        """Call where the job did not end after all, or nobody knows: what was claimed then waits as before. Raises Unavailable."""


NOTHING_NEXT = NothingNext()


@dataclass
class NextStep(NothingNext):
    """*due*: what of the same order could be done after *done* when that was last asked. *claimed*: what of it this worker has.

    *is_seen*: nothing else can have been due where the job ended. Two workers of PostgreSQL that end at the same moment do not see each
    other's end, nor what waited for both; in SQLite one comes after the other.
    """

    services: Services
    done: DueJob
    may_follow: Callable[[DueJob], bool]
    due: list[DueJob] = field(default_factory=list)
    claimed: tuple[DueJob, LeasedSteps] | None = None
    is_seen: bool = False
    tried: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tried.add(self.done.job_id)

    def claim(self, connection: Connection) -> None:
        self.claim_by(connection, steps.take_in_place)

    def claim_by(self, connection: Connection, take: Take) -> None:
        now, lease_for = self.services.now(), lease_time(self.services)
        self.due, self.is_seen = self.due_now(connection), connection.dialect.name == "sqlite"
        for step in filter(self.is_next, self.due):
            self.tried.add(step.job_id)
            leased = take(connection, step.name, document_id=step.row_id, now=now, lease_for=lease_for)
            if leased is not None:
                self.claimed = step, leased
                return

    def put_back(self) -> None:
        self.is_seen = False
        if self.claimed is not None:
            with self.services.store.write() as connection:
                job_store.leave_for_later(connection, self.claimed[1].lease)
            self.claimed = None

    def take(self) -> tuple[DueJob, LeasedSteps] | None:
        """What is to be done now, if anything is."""
        if self.claimed is None:
            if not self.is_seen:
                self.look()
            if any(map(self.is_next, self.due)):
                with self.services.store.write() as connection:
                    self.claim_by(connection, steps.take)
        claimed, self.claimed, self.is_seen = self.claimed, None, False
        return claimed

    def look(self) -> None:
        """See anew what is *due*."""
        if self.is_followed:
            with self.services.store.read() as connection:
                self.due = self.due_now(connection)

    def is_next(self, step: DueJob) -> bool:
        return step.job_id not in self.tried and self.may_follow(step)

    @property
    def is_followed(self) -> bool:
        """For the note on the order, which is the last, nothing waits."""
        return self.done.kind in OF_AN_ORDER and self.done.queue is not QueueName.BULK and self.done.name != WRITE_BACK

    def due_now(self, connection: Connection) -> list[DueJob]:
        return turns.due_after(connection, self.done, now=self.services.now()) if self.is_followed else []
