"""Several processes as one: started in order, started again when they die, stopped in the reverse order."""

import ctypes
import fcntl
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from worker.errors import Rejected
from worker.processes import broker
from worker.services import Services
from worker.settings import Settings
from worker.store import sessions, users
from worker.store.database.migrate import upgrade
from worker.store.users import Role

log = logging.getLogger(__name__)

# A worker may need as long as a job may take (queue.JOB_TIMEOUT_S) to finish the one at hand.
STOP_TIMEOUT_S = 130.0
# A part that dies at once, again and again, is started less and less often.
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
LIVED_LONG_S = 10.0


@dataclass
class Part:
    """One process of the house: how it is started, and how it has fared."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = SHORTEST_PAUSE_S
    start_after: float = 0.0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            list(self.command),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            # A session of its own: Ctrl-C reaches only the launcher, which stops the parts in order.
            start_new_session=True,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # started before any thread
        )

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class House:
    """All parts of one machine. Later parts need earlier ones."""

    parts: list[Part] = field(default_factory=list)
    claim: TextIO | None = None

    def add(self, part: Part) -> Part:
        self.parts.append(part)
        part.start()
        return part

    def tend(self, stop: threading.Event) -> None:
        """Start again what dies, until *stop* is set."""
        while not stop.wait(0.2):
            for part in self.parts:
                if not part.is_alive:
                    self.start_again(part)

    def start_again(self, part: Part) -> None:
        now = time.monotonic()
        if part.start_after == 0.0:
            lived = now - part.started_at
            part.pause_s = SHORTEST_PAUSE_S if lived > LIVED_LONG_S else min(2 * part.pause_s, LONGEST_PAUSE_S)
            part.start_after = now + part.pause_s
            log.warning("%s ended; it is started again in %.1f s", part.name, part.pause_s)
        elif now >= part.start_after:
            part.start_after = 0.0
            part.start()

    def stop(self) -> None:
        """Stop the last part first and wait for each: a worker finishes the job at hand."""
        for part in reversed(self.parts):
            stop_part(part)
        if self.claim is not None:
            self.claim.close()


def stop_part(part: Part) -> None:
    if part.process is None or not part.is_alive:
        return
    part.process.send_signal(part.stop_signal)
    try:
        part.process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        log.warning(
            "%s did not stop within %.0f s and is killed; its work is taken up again later", part.name, STOP_TIMEOUT_S
        )
        part.process.kill()
        part.process.wait()


def die_with_parent() -> None:
    """Linux: a part whose launcher was killed stops too, so that the next start finds a free port."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def prepare(settings: Settings) -> Settings:
    """Make the data folder and, on the first start, its secret key. Returns the settings with the key in use."""
    settings.data.mkdir(parents=True, exist_ok=True)
    if settings.secret_keys:
        return settings
    path = settings.data / "secret-key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass  # another process was quicker
    else:
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write(secrets.token_hex(32))
            new.flush()
            os.fsync(new.fileno())
    return replace(settings, secret_keys=(path.read_text(encoding="utf-8").strip(),))


def open_house(settings: Settings, *, host: str, port: int, workers: int, embedded_broker: bool) -> House:
    """Start broker, bridge, workers and sweep. Raises Rejected when a part cannot start."""
    house, environment = House(), settings.environment_of_parts()
    try:
        if embedded_broker:
            house.claim = claimed(settings.data)
            part = house.add(Part("valkey", broker.command(settings.data), environment))
            if part.process is None:
                raise Rejected("The embedded Valkey did not start.", code="broker_start")
            broker.wait_until_ready(settings.redis_url, part.process)
        upgrade(settings.database_url)
        house.add(Part("bridge", facturelay("bridge", "--host", host, "--port", str(port)), environment))
        for number in range(1, workers + 1):
            house.add(Part(f"worker {number}", facturelay("worker"), environment))
        house.add(Part("sweep", facturelay("sweep"), environment))
    except BaseException:
        house.stop()
        raise
    return house


def claimed(data: Path) -> TextIO:
    """The claim on *data*, held while the file is open. Raises Rejected where another house on this machine has it.

    Two embedded brokers in one folder would take each other's socket away and write in one log.
    """
    claim = (data / "up.lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.close()
        raise Rejected(
            f"Another “facturelay up” still runs on {data}; wait until it has stopped, or choose a folder with --data.",
            code="data_in_use",
        ) from None
    return claim


def set_up_link(services: Services) -> str | None:
    """A fresh link for the first operator; None once there is anybody."""
    with services.store.write() as connection:
        if users.has_any(connection):
            return None
        token = sessions.make_pass(
            connection, "setup", email="", role=Role.OPERATOR, made_by="facturelay", now=services.now()
        )
    return f"{services.settings.public_url}/set-up/{token}"


def free_port() -> int:
    """A TCP port on loopback that is free right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def facturelay(*arguments: str) -> list[str]:
    """The command line of one of our own processes, whatever PATH says."""
    return [sys.executable, "-m", "worker.cli", *arguments]


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop
