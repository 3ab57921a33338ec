"""Starting a process, waiting until it is ready, stopping it: what the services share."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

# How long a process may take to end before it is ended.
PATIENCE_S = 15.0
# Linux's files in memory. Making a database there takes a fifth of the time; a container may have 64 MB of it.
MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 3 * 1024**3


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    while True:
        # Below those that the kernel hands to whoever calls out: other tests do so at the same time.
        port = random.randrange(10_000, 32_000)  # noqa: S311  # nobody must not guess it
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def answers(port: int) -> bool:
    """Whether somebody accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(ready: Callable[[], bool], *, what: str, timeout_s: float = 30) -> None:
    """Return as soon as *ready* says yes; fail with *what* we waited for when it never does."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {timeout_s:g} s for {what}")
        time.sleep(0.02)


def account(name: str) -> str | None:
    """The account a database server runs under: servers refuse to run as root, and anybody else can only be himself."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        return "nobody"


@contextmanager
def scratch(name: str, *, owner: str | None = None, quick: bool = False) -> Iterator[Path]:
    """An empty folder that is gone afterwards; a *quick* one is in memory where there is enough."""
    # Right under /tmp: a Unix socket's path may have some hundred characters, and macOS' own temp folder eats half of them.
    place = MEMORY if quick and has_room(MEMORY) else Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix=f"facturelay-{name}-", dir=place))
    try:
        if owner:
            shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def has_room(memory: Path) -> bool:
    return os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ENOUGH_MEMORY


@dataclass(frozen=True)
class Program:
    """A *command* to run, as whom and with what around it; what it prints goes to *log*."""

    command: Sequence[str | Path]
    log: Path
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM


@contextmanager
def running(program: Program, *, ready: Callable[[], bool]) -> Iterator[int]:
    """Run *program* for as long as the block lasts; the block gets the process id."""
    command, log, user = program.command, program.log, program.user
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            env={**os.environ, **program.env},
            process_group=0,
        )
    name = Path(command[0]).name

    def up() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended by itself ({process.returncode}):\n{log.read_text(errors='replace')}")
        return ready()

    try:
        wait_until(up, what=f"{name} to be ready")
        yield process.pid
    finally:
        stop(process, program.stop_signal)


def stop(process: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process that leads its group to end, and end what is left of the group."""
    if process.poll() is None:
        process.send_signal(how)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=PATIENCE_S)
    # PHP's web server ends at once and leaves its workers behind.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(command: Sequence[str | Path], *, user: str | None = None, env: dict[str, str] | None = None) -> str:
    """What a short command prints. Its own words are in the error when it fails."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        env={**os.environ, **(env or {})},
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done.stdout


def executable(*names: str, package: str) -> str:
    """The first of these commands that is here, looked for in the folders of administrators too."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise FileNotFoundError(f"{names[0]} is not here. “make test” gets it, or: apt-get install {package}")
