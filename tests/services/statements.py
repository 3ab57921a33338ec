"""What SQLAlchemy makes of a statement, made once a process and not once a test: each test opens its own database, the process
of a worker opens one for its life."""

from collections import defaultdict
from functools import cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, default
from sqlalchemy.util import LRUCache

COMPILED: defaultdict[type, LRUCache[Any, Any]] = defaultdict(lambda: LRUCache(5_000))


@cache
def share_compiled_statements() -> None:
    """Let all engines of one kind of database share them. They are kept by dialect, so two of one kind count as one."""
    default.DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
    default.DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        connection.engine._compiled_cache = COMPILED[type(connection.dialect)]  # noqa: SLF001  # no argument takes one
