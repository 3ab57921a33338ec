"""What tasks share: actor, shop, progress, and reading their arguments."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from worker.domain.actor import Actor
from worker.errors import Rejected
from worker.queue.job_progress import last_progress
from worker.services import Services
from worker.store import tasks
from worker.store.files.temporary import TemporaryFile
from worker.store.tasks import Task

# A long task lets others go first after so many seconds, and continues later where it was.
SLICE_S = 20.0
REPORTED_EVERY_S = 1.0


class Unfinished(Exception):
    """The task continues in a later job; *so_far* is what a page can show until then."""

    def __init__(self, so_far: Mapping[str, Any]) -> None:
        super().__init__("to be continued")
        self.so_far = dict(so_far)


@dataclass
class Progress:
    """Stores a task's progress on its row, once a second at most: `{"done", "of"}`, for a page to show."""

    services: Services
    task: Task
    reported_at: float = field(default_factory=time.monotonic)
    began_at: float | None = None
    done: int = 0

    def began(self) -> None:
        """Something was done: from the first time on it is counted how long it takes."""
        self.began_at = self.began_at or time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        self.began()
        if done > self.done:
            self.done = done
            last_progress.note()
        if time.monotonic() - self.reported_at < REPORTED_EVERY_S:
            return
        self.reported_at = time.monotonic()
        with self.services.store.write() as connection:
            tasks.report_progress(connection, self.task.task_id, {"done": done, "of": of})

    @property
    def is_over_time(self) -> bool:
        """Whether others should go first now, counted from the first thing that was done."""
        return self.began_at is not None and time.monotonic() - self.began_at > SLICE_S


def actor_of(services: Services, task: Task) -> Actor:
    return replace(services.actor(task.requested_by), in_task=True)


def file_of(task: Task, name: str = "file") -> TemporaryFile:
    """The upload that the argument names. Raises Rejected for one that is not this shop's."""
    value = task.argument.get(name)
    if not isinstance(value, Mapping):
        raise Rejected("No file was given.", code="file_missing")
    return TemporaryFile.from_json(value, shop_id=task.shop_id)


def day_of(task: Task, name: str) -> date:
    try:
        return date.fromisoformat(str(task.argument[name]))
    except (KeyError, ValueError) as error:
        given = task.argument.get(name, "")
        raise Rejected("“{given}” is not a day; write it like 2026-11-22.", given=given, code="day_wrong") from error


def period_of(task: Task) -> tuple[date, date]:
    """The first and the last day that the argument names as "since" and "until"."""
    since, until = day_of(task, "since"), day_of(task, "until")
    if until < since:
        raise Rejected("The last day is before the first.", code="day_wrong")
    return since, until


def day_after(day: date) -> date:
    return day + timedelta(days=1)
