"""Who does something, and when."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Actor:
    """A person, a command or a process by its *name* in the audit trail, at the moment (aware UTC) at which it acts.

    *in_task*: it is done by a task, of which a person asked once for all that it does.
    """

    name: str
    now: datetime
    in_task: bool = False
