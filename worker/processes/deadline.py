"""The time-out of a job. RQ raises an Exception, which a “whatever breaks, go on” around the slow part would swallow: ours is none."""

import faulthandler
import math
import signal
import sys
from types import FrameType

from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from worker.errors import TimeIsUp
from worker.queue.job_progress import last_progress

# A job that the alarm does not reach (it hangs in C) ends with its process, before its lease does: 120 + 20 of 150 s.
GRACE_S = 20


class Deadline(UnixSignalDeathPenalty):
    """What RQ's worker puts around each job."""

    is_over = False

    def handle_death_penalty(self, signum: int, frame: FrameType | None) -> None:
        """Called by the alarm, between two steps of whatever runs: what came further meanwhile has its time from then on."""
        if self.is_over:
            return
        if issubclass(self._exception, JobTimeoutException):
            left_s = self._timeout - last_progress.seconds_ago
            if left_s > 0:
                end_process_after(math.ceil(left_s))
                signal.alarm(math.ceil(left_s))
                return
            raise TimeIsUp(f"a job came no further for {self._timeout} seconds")
        super().handle_death_penalty(signum, frame)  # type: ignore[no-untyped-call]  # RQ types nothing

    def cancel_death_penalty(self) -> None:
        """The job is done; an alarm at this very moment means nothing any more."""
        self.is_over = True
        super().cancel_death_penalty()  # type: ignore[no-untyped-call]  # RQ types nothing


def end_process_after(timeout_s: int) -> None:
    """Where the alarm that rings by then is not heard, in the place of what was said before. `faulthandler.cancel_dump_traceback_later` ends it."""
    faulthandler.dump_traceback_later(timeout_s + GRACE_S, exit=True, file=sys.__stderr__ or sys.stderr)
