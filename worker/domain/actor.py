"""Who does something, and when."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Actor:
    """A person, a command or a process by its *name* in the audit trail, at the moment (aware UTC) at which it acts."""

    name: str
    now: datetime
