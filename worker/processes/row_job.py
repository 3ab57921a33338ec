"""A job in Redis of which only the id is believed. Whoever writes to Redis can have one of our rows looked at once more; no name,
argument, callback, webhook or time-out of his is used, and nothing that he wrote is unpickled or called."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus

from worker import jobs
from worker.queue import FAILED_JOB_LIFETIME_S, QUEUE_OF, job_of, rq_name, timeout_s

log = logging.getLogger(__name__)

STATES = frozenset(str(status) for status in JobStatus)


class RowJob(Job):
    """*functions* is the only place where a name becomes something that runs."""

    functions: Mapping[str, Callable[[int], None]] = jobs.FUNCTIONS

    @classmethod
    def fetch(cls, id: str, connection: Any = None, serializer: Any = None) -> "RowJob":  # noqa: A002, ARG003  # RQ's names
        """Raises NoSuchJobError also for an id that is none of ours: RQ passes over it."""
        if job_of(id) is None:
            log.warning("Redis holds a job that is none of ours; it is passed over: %.80r", id)
            raise NoSuchJobError(f"No job of ours: {id:.80}")
        job = cls(id, connection=connection, serializer="json")
        job.refresh()  # type: ignore[no-untyped-call]  # RQ's
        return job

    def restore(self, raw_data: Mapping[bytes, bytes]) -> None:
        """What the id says, in the place of what Redis says; of that only the state is taken."""
        found = job_of(self.id)
        if found is None:
            raise NoSuchJobError("No job of ours")
        name, row_id = found
        state = raw_data.get(b"status", b"").decode("ascii", "replace")
        super().restore(
            {
                b"data": json.dumps((name, None, (row_id,), {})).encode(),
                b"origin": rq_name(QUEUE_OF[name]).encode(),
                b"description": f"{name} {row_id}".encode(),
                b"status": (state if state in STATES else JobStatus.QUEUED.value).encode(),
                b"timeout": str(timeout_s(name)).encode(),
                b"result_ttl": b"0",
                b"failure_ttl": str(FAILED_JOB_LIFETIME_S).encode(),
            }
        )

    @property
    def func(self) -> Callable[[int], None]:
        return self.functions[str(self.func_name)]
