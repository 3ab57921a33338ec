"""When the job at hand last came further: one that does is not ended for its length. A process does one job at a time."""

from collections.abc import Callable
from time import monotonic

# Gets how much is done, of how much.
OnProgress = Callable[[int, int], None]


def tell_nobody(_done: int, _of: int) -> None:
    """Where nobody asks how far it is."""


class LastProgress:
    def __init__(self) -> None:
        self.at = float("-inf")

    def note(self) -> None:
        self.at = monotonic()

    @property
    def seconds_ago(self) -> float:
        return monotonic() - self.at


last_progress = LastProgress()
