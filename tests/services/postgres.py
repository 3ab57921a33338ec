"""PostgreSQL: servers of our own, each with its databases in a folder that is gone afterwards."""

import os
import re
import signal
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.process import Program, account, executable, run, running, scratch

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True)
class Postgres:
    """*folder* holds the socket; there is no port."""

    folder: Path
    bin: Path
    pid: int

    def url(self, database: str = "postgres") -> str:
        """As in DATABASE_URL."""
        return f"postgresql+psycopg://facturelay@/{database}?host={self.folder}"

    def create_database(self, *, template: str = "template0", encoding: str = "UTF8") -> str:
        """Make a database of its own, a copy of *template*, and return its name."""
        name = f"test_{uuid.uuid4().hex}"
        # By its files, as all did before 15: block by block through the log takes three times as long.
        by_files = "STRATEGY FILE_COPY" if int((self.folder / "data" / "PG_VERSION").read_text()) >= 15 else ""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING "{encoding}" {by_files}')
        return name

    def drop_database(self, name: str) -> None:
        """Remove it, whoever is still connected."""
        self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        with self.connect("postgres") as connection:
            connection.execute(statement.encode())

    def connect(self, database: str) -> "Connection":
        """A connection on which each statement is a transaction of its own."""
        import psycopg  # only who asks for PostgreSQL waits for it

        return psycopg.connect(host=str(self.folder), user="facturelay", dbname=database, autocommit=True)


# Nothing here outlives the machine, so no test waits for its disk.
# Nor is a table looked through beside them that is empty a moment later.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
# What was committed survives the server's own death.
LASTING = {"fsync": "off"}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server that trusts whoever reaches its socket, and never waits for the disk."""
    with cluster() as folder, serving(folder, FORGETFUL) as server:
        yield server


@contextmanager
def cluster() -> Iterator[Path]:
    """The folder of a server's data, before the server is started."""
    user = account("postgres")
    with scratch("postgres", owner=user, quick=True) as folder:
        switches = ("--username=facturelay", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        run([server_binaries() / "initdb", "--pgdata", folder / "data", *switches], user=user)
        yield folder


@contextmanager
def serving(folder: Path, options: Mapping[str, str]) -> Iterator[Postgres]:
    """A server on *folder*, for as long as the block lasts."""
    binaries = server_binaries()
    all_options = {"listen_addresses": "", "unix_socket_directories": str(folder), "max_connections": "200", **options}
    command = [binaries / "postgres", "-D", folder / "data", *(f"--{name}={all_options[name]}" for name in all_options)]
    # Interrupt is PostgreSQL's "fast": terminate would wait for every client to leave.
    with running(
        Program(
            [str(part) for part in command], log=folder / "log", user=account("postgres"), stop_signal=signal.SIGINT
        ),
        ready=lambda: accepts(folder),
    ) as pid:
        yield Postgres(folder=folder, bin=binaries, pid=pid)


@dataclass
class RestartablePostgres:
    """A server of a test's own that can be restarted, or break down, while others use it."""

    folder: Path
    _now: ExitStack = field(default_factory=ExitStack)

    def start(self) -> Postgres:
        return self._now.enter_context(serving(self.folder, LASTING))

    def restart(self) -> None:
        """As after an upgrade: every connection is cut, and for a moment nobody answers."""
        self._now.close()
        self.start()

    def break_down(self) -> None:
        """As when a backend is killed: the server drops all and recovers from its log."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        self.restart()

    def stop(self) -> None:
        self._now.close()


def server_binaries() -> Path:
    """Where initdb and postgres are: Debian keeps them off the PATH, one folder for each version."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3]))
    return debian[-1].parent if debian else Path(executable("initdb", package="postgresql")).resolve().parent


def accepts(folder: Path) -> bool:
    """The pid file's last line says ready once connections are welcome."""
    try:
        return bool(re.search(r"^ready\s*$", (folder / "data" / "postmaster.pid").read_text(), re.MULTILINE))
    except FileNotFoundError:
        return False
