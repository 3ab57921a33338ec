"""The time-out of a job. RQ raises an Exception, which a “whatever breaks, go on” around the slow part would swallow: ours is none."""

from types import FrameType

from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from worker.errors import TimeIsUp


class Deadline(UnixSignalDeathPenalty):
    """What RQ's worker puts around each job."""

    def handle_death_penalty(self, signum: int, frame: FrameType | None) -> None:
        """Called by the alarm, between two steps of whatever runs."""
        if issubclass(self._exception, JobTimeoutException):
            raise TimeIsUp(f"a job took longer than {self._timeout} seconds")
        super().handle_death_penalty(signum, frame)  # type: ignore[no-untyped-call]  # RQ types nothing

    def cancel_death_penalty(self) -> None:
        """The job is done; an alarm at this very moment means nothing any more."""
        try:
            super().cancel_death_penalty()  # type: ignore[no-untyped-call]  # RQ types nothing
        except TimeIsUp:
            super().cancel_death_penalty()  # type: ignore[no-untyped-call]  # RQ types nothing
