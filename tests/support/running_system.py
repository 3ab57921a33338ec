"""`facturelay up` on one machine or two, as processes of their own, and their parts by name, so that a test can end them."""

import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from redis.exceptions import RedisError

from tests.services.process import free_port, run, scratch, stop
from tests.support.balancer import balancer
from worker.processes import status
from worker.processes.bridge import answers
from worker.queue import connect
from worker.services import Services
from worker.settings import Settings

START_TIMEOUT_S = 40
# The words in a part's command line by which it is known; the bridge's have changed once gunicorn took its place.
SIGNS = {
    "valkey": ("valkey",),
    "bridge": ("worker.cli bridge", "gunicorn"),
    "worker": ("worker.cli worker",),
    "urgent worker": ("worker.cli worker --urgent",),
    "scheduler": ("worker.cli scheduler",),
}


@dataclass
class Machine:
    """One `facturelay up` with its bridge on *port*. The first one brings the broker, others use it too."""

    environment: dict[str, str]
    port: int
    workers: int
    log: Path
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "worker.cli", "up", "--port", str(self.port), "--workers", str(self.workers)]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
            )

    def stop(self) -> None:
        """End it politely, as an upgrade does; what a killed launcher left behind is ended too."""
        left = children(self.process.pid)
        stop(self.process)
        for pid in left:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def kill(self) -> None:
        """As when the power fails: everything on it ends at once."""
        parts = children(self.process.pid)
        self.process.kill()
        for pid in parts:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self.process.wait()

    @property
    def is_ready(self) -> bool:
        return answers(f"http://127.0.0.1:{self.port}/ready")

    def wait_until_ready(self) -> None:
        for _ in range(START_TIMEOUT_S * 10):
            if self.process.poll() is not None:
                break
            if self.is_ready:
                return
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
        raise RuntimeError(f"The system did not start:\n{self.log.read_text(errors='replace')}")


@dataclass(frozen=True)
class RunningSystem:
    """*services* use the same database, archive and broker as the processes do."""

    services: Services
    machines: tuple[Machine, ...]

    def start_what_ended(self) -> None:
        """As systemd does: `up` ends where a part of it dies before all of it is there."""
        for machine in self.machines:
            if machine.process.poll() is not None:
                machine.start()

    def parts(self, name: str) -> list[int]:
        """The process ids of the parts called so, on all machines."""
        pids = [pid for machine in self.machines for pid in children(machine.process.pid)]
        return sorted(pid for pid in pids if any(sign in command(pid) for sign in SIGNS[name]))

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

    def signal_all(self, name: str, how: signal.Signals) -> None:
        for pid in self.parts(name):
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    def empty_broker(self) -> None:
        """Forget everything. Our own password may not do that at once."""
        with suppress(RedisError):
            redis = connect(self.services.settings.redis_url)
            for key in redis.scan_iter():
                redis.delete(key)

    def let_workers_write(self, most: int) -> None:
        """Let no file of a worker grow beyond so many bytes: the kernel refuses the rest, as a full disk does."""
        for pid in self.parts("worker"):
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def logs(self) -> str:
        return "\n".join(machine.log.read_text(errors="replace")[-3000:] for machine in self.machines)


def one_of(pids: list[int], chance: random.Random | None) -> list[int]:
    return chance.sample(pids, k=1) if chance and pids else pids[:1]


@contextmanager
def running_system(
    *, smtp_url: str, database_url: str = "", workers: int = 2, machines: int = 1, archive_bytes: int = 0, **more: str
) -> Iterator[RunningSystem]:
    """The whole system on loopback, with short waits; *more* settings by their names.

    Two machines share database, broker and data folder, behind one address. With *archive_bytes* the archive is a file
    system of that size (for root only).
    """
    with scratch("chaos", quick=True) as folder:
        ports = [free_port() for _ in range(machines)]
        with balancer(ports) as url, small_disk(folder / "archive", archive_bytes):
            ours = {
                "FACTURELAY_DATA": str(folder),
                "FACTURELAY_PUBLIC_URL": url,
                "FACTURELAY_SMTP_URL": smtp_url,
                "FACTURELAY_ALLOW_PRIVATE_SHOPS": "1",
                "FACTURELAY_SCHEDULER_SECONDS": "1",
                "FACTURELAY_POLL_SECONDS": "3",
                "FACTURELAY_VIES_URL": "",
                "FACTURELAY_TEST_LEASE_SECONDS": "8",
                "FACTURELAY_TEST_LONGEST_WAIT_SECONDS": "4",
                "FACTURELAY_TEST_SHOP_TIMEOUT_SECONDS": "2",
                "DATABASE_URL": database_url,
                **more,
            }
            started: list[Machine] = []
            try:
                for number, port in enumerate(ports):
                    # The first machine's own broker is where all others expect theirs.
                    shared = {"REDIS_URL": Settings.from_environment(ours).redis_url} if number else {}
                    started.append(Machine(environment(ours | shared), port, workers, folder / f"up-{number}.log"))
                    started[-1].wait_until_ready()
                # The secret key is made on the way, so it is read only now.
                system = RunningSystem(Services(Settings.from_environment(ours)), tuple(started))
                if not status.wait_until_healthy(system.services, f"{url}/ready", seconds=START_TIMEOUT_S):
                    raise RuntimeError(f"The system is not healthy:\n{system.logs()}")
                yield system
            finally:
                for machine in reversed(started):
                    machine.stop()


def environment(ours: dict[str, str]) -> dict[str, str]:
    foreign = ("FACTURELAY_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | ours


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A file system of its own that can be full; nothing where *size* is 0."""
    if not size:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "tmpfs", "-o", f"size={size}", "facturelay-test", str(folder)])
    try:
        yield
    finally:
        run(["umount", str(folder)])


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
