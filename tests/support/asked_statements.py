"""What a program asks of its database: each statement, who asks it, and on SQLite how much work it was."""

import inspect
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (f"{ROOT}/worker/", f"{ROOT}/bridge/")
# The rooms that every query passes through.
PASSED = ("worker/store/database/",)
EACH = 100  # steps of SQLite's machine between two looks


@dataclass(eq=False)
class Asked:
    """One statement. *caller* is `module.function`; *steps*: the most work that it was at once, in steps of SQLite's machine."""

    statement: str
    parameters: Any
    caller: str
    steps: int = 0
    times: int = 0


class Here(threading.local):
    """What a thread asked last, and how much work that was so far."""

    now: Asked | None = None
    steps: int = 0


@dataclass
class Recorder:
    """Statements by their words and callers, as they were asked the first time."""

    found: dict[tuple[str, str], Asked] = field(default_factory=dict)
    # How often each was asked with the same values since this was emptied.
    same: Counter[tuple[str, str]] = field(default_factory=Counter)
    # Each thread's own: others ask too, in between.
    here: Here = field(default_factory=Here)

    def note(
        self, _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        self.close()
        caller = calling()
        one = self.found.setdefault(
            (statement, caller), Asked(statement, parameters[0] if many else parameters, caller)
        )
        one.times += 1
        self.same[statement, repr(parameters)] += 1
        self.here.now = one

    def asked_again(self) -> list[str]:
        """Statements that were asked more than once with the same values."""
        return [statement for (statement, _), times in self.same.items() if times > 1]

    def close(self) -> None:
        if self.here.now is not None:
            self.here.now.steps = max(self.here.now.steps, self.here.steps)
        self.here.now, self.here.steps = None, 0

    def count(self) -> int:
        self.here.steps += EACH
        return 0

    def connected(self, connection: Any, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_progress_handler(self.count, EACH)


def calling() -> str:
    """Whose function it is that asks: the innermost of ours."""
    frame = inspect.currentframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PROGRAM):
            short = name.removeprefix(f"{ROOT}/")
            if not short.startswith(PASSED):
                return f"{short.removesuffix('.py').replace('/', '.')}.{frame.f_code.co_name}"
        frame = frame.f_back
    return ""


@contextmanager
def recorded() -> Iterator[Recorder]:
    """Whatever is asked meanwhile, of any database."""
    recorder = Recorder()
    event.listen(Engine, "connect", recorder.connected)
    event.listen(Engine, "before_cursor_execute", recorder.note)
    try:
        yield recorder
    finally:
        recorder.close()
        event.remove(Engine, "before_cursor_execute", recorder.note)
        event.remove(Engine, "connect", recorder.connected)
