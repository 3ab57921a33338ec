"""While the database is brought up to date, who is to serve it on this machine loads, and serves nobody.

A lock on a file, which the system takes back from a process that ends; where nobody holds it nobody waits.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "migration.lock"


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold it for what is done inside."""
    with (data / NAME).open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def wait(data: Path) -> None:
    """Return when nobody holds it."""
    path = data / NAME
    if path.exists():
        with path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
