"""Several processes as one: started in order, started again when they die, stopped in the reverse order."""

import ctypes
import errno
import fcntl
import logging
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from worker.errors import Rejected
from worker.processes import broker
from worker.processes.bridge import address, answers
from worker.settings import Settings, embedded_redis_url
from worker.store.database import migration_lock, moved
from worker.store.files import private

log = logging.getLogger(__name__)

# A worker may need as long as a job may take (queue.JOB_TIMEOUT_S) to finish the one at hand.
STOP_TIMEOUT_S = 130.0
# A part that dies at once, again and again, is started less and less often.
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
LIVED_LONG_S = 10.0
# How long the bridge may take until it serves its pages, on the slowest machine.
START_TIMEOUT_S = 60.0


@dataclass
class Process:
    """One process of the installation: how it is started, and its state."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    popen: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = SHORTEST_PAUSE_S
    start_after: float = 0.0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.popen = subprocess.Popen(
            list(self.command),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            # A session of its own: Ctrl-C reaches only the supervisor, which stops the processes in order.
            start_new_session=True,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # started before any thread
        )

    @property
    def is_alive(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    @property
    def end(self) -> str:
        """How it ended. By signal 9 a machine ends what takes the last of its memory."""
        code = self.popen.returncode if self.popen else None
        return f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"


@dataclass
class Supervisor:
    """All processes of one machine. Later ones need earlier ones."""

    environment: dict[str, str]
    processes: list[Process] = field(default_factory=list)
    lock_file: TextIO | None = None

    def add(self, name: str, command: Sequence[str], *, first: bool = False) -> Process:
        """Start it. *first*: those that were added before need it."""
        process = Process(name, command, self.environment)
        self.processes.insert(0 if first else len(self.processes), process)
        process.start()
        return process

    def keep_running(self, stop: threading.Event) -> None:
        """Start again what dies, until *stop* is set."""
        while not stop.wait(0.2):
            for process in self.processes:
                if not process.is_alive:
                    self.restart(process)

    def restart(self, process: Process) -> None:
        now = time.monotonic()
        if process.start_after == 0.0:
            lived = now - process.started_at
            process.pause_s = SHORTEST_PAUSE_S if lived > LIVED_LONG_S else min(2 * process.pause_s, LONGEST_PAUSE_S)
            process.start_after = now + process.pause_s
            log.warning("%s ended %s; it is started again in %.1f s", process.name, process.end, process.pause_s)
        elif now >= process.start_after:
            process.start_after = 0.0
            process.start()

    @contextmanager
    def stopped_on_error(self) -> Iterator[None]:
        """Leave nothing running where what is done inside fails."""
        try:
            yield
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the last part first and wait for each: a worker finishes the job at hand."""
        for process in reversed(self.processes):
            stop_process(process)
        if self.lock_file is not None:
            self.lock_file.close()


def stop_process(process: Process) -> None:
    if process.popen is None or not process.is_alive:
        return
    process.popen.send_signal(process.stop_signal)
    try:
        process.popen.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        log.warning(
            "%s did not stop within %.0f s and is killed; its work is taken up again later",
            process.name,
            STOP_TIMEOUT_S,
        )
        process.popen.kill()
        process.popen.wait()


def die_with_parent() -> None:
    """Linux: a part whose launcher was killed stops too, so that the next start finds a free port."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def prepare(settings: Settings) -> Settings:
    """Make the data folder and, on the first start, its secret key; narrow what others may read. Returns the settings with the key in use.

    Raises Rejected where all that was there was moved to another database.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    private.refuse_other_owner(settings.data)
    private.narrow(settings)
    for file in private.sqlite_files(settings.database_url)[:1]:
        moved.refuse_file(file)
    if settings.redis_url == embedded_redis_url(settings.data):
        # Its password is read from the folder with the other settings; on the first start there was none yet.
        broker.password(settings.data)
        settings = replace(settings, redis_url=embedded_redis_url(settings.data))
    if not settings.secret_keys:
        settings = replace(settings, secret_keys=(first_key(settings),))
    return settings


def first_key(settings: Settings) -> str:
    """The secret key of an installation that begins. Raises Rejected where its database is there and the key is gone: another key reads
    nothing of what that one stored, and whoever went on with it would notice late.
    """
    # Asked in this order: several may begin at once, each of which has the key before it makes the database.
    has_database = any(file.exists() for file in private.sqlite_files(settings.database_url)[:1])
    path = settings.data / "secret-key"
    key = private.read_or_write(path, secrets.token_hex(32)) if path.exists() or not has_database else ""
    if not key:
        raise Rejected(
            "The secret key of this installation is gone, and without it nobody can sign in and no key of a shop can be read. Put {path} back from a "
            "backup, or set FACTURELAY_SECRET_KEY to it. Is it lost for good: docs/operate.md, “Change the secret key”, says how to go on.",
            path=path,
            code="secret_key_gone",
        )
    return key


def start_all(settings: Settings, *, host: str, port: int, workers: int, embedded_broker: bool) -> Supervisor:
    """Start broker, bridge, workers and scheduler; the bridge answers when this returns. Raises Rejected when a process cannot start."""
    supervisor = Supervisor(settings.environment_of_processes())
    with supervisor.stopped_on_error():
        bridge = load_bridge(supervisor, settings, host=host, port=port, embedded_broker=embedded_broker)
        wait_until_answered(bridge, host, port)
        start_workers(supervisor, workers)
    return supervisor


def load_bridge(supervisor: Supervisor, settings: Settings, *, host: str, port: int, embedded_broker: bool) -> Process:
    """Start broker and bridge, and bring the database up to date. The bridge still loads when this returns: it needs the most time, so it begins first."""
    if embedded_broker:
        supervisor.lock_file = lock_data_folder(settings.data)
    require_port(host, port)
    # Stopped before the lock is let go: where the database could not be brought up to date nobody is served.
    with migration_lock.held(settings.data), supervisor.stopped_on_error():
        bridge = supervisor.add("bridge", web_server(host, port))
        if embedded_broker:
            start_broker(supervisor, settings)
        bring_up_to_date(settings)
    return bridge


def start_workers(supervisor: Supervisor, workers: int) -> None:
    """Start all that is needed to do the work. Later than the pages: what starts beside them keeps whoever waits for them waiting."""
    for number in range(1, workers + 1):
        supervisor.add(f"worker {number}", facturelay("worker", "--urgent"))
    for number in range(1, max(1, workers // 2) + 1):
        supervisor.add(f"long worker {number}", facturelay("worker", "--long"))
    supervisor.add("scheduler", facturelay("scheduler"))


def start_broker(supervisor: Supervisor, settings: Settings) -> None:
    valkey = supervisor.add("valkey", broker.command(settings.data), first=True)
    if valkey.popen is None:
        raise Rejected("The embedded Valkey did not start.", code="broker_start")
    broker.wait_until_ready(settings.data, settings.redis_url, valkey.popen)


def bring_up_to_date(settings: Settings) -> None:
    # Imported here: the bridge, which needs most of it too, loads meanwhile.
    from worker.store.database.migrate import upgrade

    if upgrade(settings.database_url):
        refuse_other_key(settings)
    save_public_url(settings)


def refuse_other_key(settings: Settings) -> None:
    """Raises Rejected where whoever went on would store more under another key than that of all that is stored."""
    # Imported here, as above.
    from worker.maintenance.rotate_key import reads_nothing

    if reads_nothing(settings):
        raise Rejected(
            "FACTURELAY_SECRET_KEY, or the file secret-key, is not the key of this database: nobody could sign in and no key of a shop could be read. "
            "Set the right one. Is it lost for good: docs/operate.md, “Change the secret key”, says how to go on.",
            code="secret_key_wrong",
        )


def save_public_url(settings: Settings) -> None:
    """Store the address, so that `shop add` in another terminal prints the one this installation answers at: before it answers."""
    (settings.data / "public-url").write_text(settings.public_url, encoding="utf-8")


def lock_data_folder(data: Path) -> TextIO:
    """The lock on *data*, held while the file is open. Raises Rejected where another installation on this machine has it.

    Two embedded brokers in one folder would take each other's socket away and write in one log.
    """
    lock_file = (data / "up.lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock_file.close()
        raise Rejected(
            "Another “facturelay up” still runs on {data}; wait until it has stopped, or choose a folder with --data.",
            data=data,
            code="data_in_use",
        ) from None
    return lock_file


def require_port(host: str, port: int) -> None:
    """Raise Rejected where nothing can listen on *port*: said once and before anything runs, not by each process in turn."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise Rejected(
            "Nothing can listen on port {port} of {host}: {reason}. Choose another with --port.",
            port=port,
            host=host,
            reason="another program listens there" if error.errno == errno.EADDRINUSE else error.strerror or error,
            code="port_taken",
        ) from error


def free_port() -> int:
    """A TCP port on loopback that is free right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def facturelay(*arguments: str) -> list[str]:
    """The command line of one of our own processes, whatever PATH says."""
    return [sys.executable, "-m", "worker.cli", *arguments]


def web_server(host: str, port: int) -> list[str]:
    """The command line of the bridge."""
    bind = ("--bind", f"{host}:{port}")
    # What it loads stays for good; to look for garbage in it again and again takes a tenth of the time. bridge.gunicorn_conf ends that.
    gunicorn = "import gc; gc.disable(); from gunicorn.app.wsgiapp import run; run()"
    return [sys.executable, "-c", gunicorn, "--config", "python:bridge.gunicorn_conf", *bind, "bridge:create_app()"]


def wait_until_answered(bridge: Process, host: str, port: int) -> None:
    """Return when the pages are served. Raises Rejected where they are not: the process has said why on stderr."""
    until = time.monotonic() + START_TIMEOUT_S
    while bridge.is_alive and time.monotonic() < until:
        if answers(f"{address(host, port)}/health"):
            return
        time.sleep(0.02)
    raise Rejected(
        "The pages could not be opened on port {port}; what is said above tells why.", port=port, code="bridge_start"
    )


def begin_no_second_bridge() -> None:
    """Ignore the signal by which gunicorn would begin one, which nobody here knows of nor stops: for all parts too, which inherit it."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop
