"""A thread of one's own for work that nobody waits for here."""

import threading
from collections.abc import Callable


class Background:
    """A thread that does *work* for ever. Started on first use: a thread does not survive the fork that makes a web worker."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self._work, self._name = work, name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ensure(self) -> None:
        """Start it where it does not run."""
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                    self._thread.start()
