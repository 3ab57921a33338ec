"""`facturelay up` as a process of its own, and its parts by name, so that a test can end them."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError

from tests.services.process import free_port, scratch, stop
from worker import health
from worker.queue import connect
from worker.services import Services
from worker.settings import Settings

START_TIMEOUT_S = 40
# The words in a part's command line by which it is known; the bridge's have changed once gunicorn took its place.
SIGNS = {
    "valkey": ("valkey",),
    "bridge": ("worker.cli bridge", "gunicorn"),
    "worker": ("worker.cli worker",),
    "sweep": ("worker.cli sweep",),
}


@dataclass(frozen=True)
class RunningHouse:
    """*services* look at the same database, archive and broker as the processes do."""

    services: Services
    pid: int
    log: Path

    def parts(self, name: str) -> list[int]:
        """The process ids of the parts called so."""
        return sorted(pid for pid in children(self.pid) if any(sign in command(pid) for sign in SIGNS[name]))

    def kill(self, name: str, chance: random.Random | None = None) -> None:
        """End one such part without a word (the first, or by chance), the bridge with the processes that answer for it."""
        for pid in one_of(self.parts(name), chance):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL) if name == "bridge" else os.kill(pid, signal.SIGKILL)

    def kill_answering_process(self, chance: random.Random) -> None:
        """End one of the processes that answer for the bridge."""
        answering = [pid for bridge in self.parts("bridge") for pid in children(bridge)]
        for pid in one_of(answering, chance):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def freeze_broker(self) -> None:
        self.signal_broker(signal.SIGSTOP)

    def thaw_broker(self) -> None:
        self.signal_broker(signal.SIGCONT)

    def signal_broker(self, how: signal.Signals) -> None:
        for pid in self.parts("valkey"):
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    def empty_broker(self) -> None:
        with suppress(RedisError):
            connect(self.services.settings.redis_url).flushall()


def one_of(pids: list[int], chance: random.Random | None) -> list[int]:
    return chance.sample(pids, k=1) if chance and pids else pids[:1]


@contextmanager
def running_house(*, smtp_url: str, database_url: str = "", workers: int = 2, **more: str) -> Iterator[RunningHouse]:
    """The whole house on a free port of loopback, with short waits; *more* settings by their names."""
    with scratch("chaos") as folder:
        port = free_port()
        ours = {
            "FACTURELAY_DATA": str(folder),
            "FACTURELAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "FACTURELAY_SMTP_URL": smtp_url,
            "FACTURELAY_ALLOW_PRIVATE_SHOPS": "1",
            "FACTURELAY_SWEEP_SECONDS": "1",
            "FACTURELAY_POLL_SECONDS": "3",
            "FACTURELAY_TEST_LEASE_SECONDS": "8",
            "FACTURELAY_TEST_LONGEST_WAIT_SECONDS": "4",
            "DATABASE_URL": database_url,
            **more,
        }
        foreign = ("FACTURELAY_", "DATABASE_URL", "REDIS_URL")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | ours
        log = folder / "up.log"
        arguments = [sys.executable, "-m", "worker.cli", "up", "--port", str(port), "--workers", str(workers)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                arguments, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
            )
        try:
            yield opened(process, ours, log)
        finally:
            end(process)


def opened(process: "subprocess.Popen[bytes]", ours: dict[str, str], log: Path) -> RunningHouse:
    """Wait until every part is there. The secret key is made on the way, so it is read only then."""
    url = f"{ours['FACTURELAY_PUBLIC_URL']}/ready"
    for _ in range(START_TIMEOUT_S * 10):
        if process.poll() is not None:
            break
        if health.answers(url):
            services = Services(Settings.from_environment(ours))
            if health.wait_until_healthy(services, url, seconds=START_TIMEOUT_S):
                return RunningHouse(services, process.pid, log)
            break
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise RuntimeError(f"The house did not start:\n{log.read_text(errors='replace')}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """Stop the launcher and with it its parts; what a killed launcher left behind is ended too."""
    left = children(process.pid)
    stop(process)
    for pid in left:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def children(parent: int) -> list[int]:
    """The processes that *parent* started, by Linux's own list."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name in brackets may hold spaces; the parent's id is the second word after it.
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def command(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
