"""When the job at hand last came further: one that does is not ended for its length. A process does one job at a time."""

from time import monotonic


class LastProgress:
    def __init__(self) -> None:
        self.at = float("-inf")

    def note(self) -> None:
        self.at = monotonic()

    @property
    def seconds_ago(self) -> float:
        return monotonic() - self.at


last_progress = LastProgress()
