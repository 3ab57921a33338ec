"""What can go wrong, by name, and how often it does: the seed decides, or whoever runs it with a pattern of his own."""

import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field

from tests.chaos.experiment import Experiment
from worker.demo.faults import ServerFault

# How long a state of the world lasts before it ends: a frozen broker, a full disk, a locked database.
LASTS_S = 1.5
# The client waits 2 s for the next bytes here, and 15 s outside of tests; the shop is silent for longer than both.
SILENCE_S = 60

Fault = Callable[[Experiment, random.Random], None]


def freeze_broker(experiment: Experiment, _chance: random.Random) -> None:
    experiment.system.signal_all("valkey", signal.SIGSTOP)
    time.sleep(LASTS_S)
    experiment.system.signal_all("valkey", signal.SIGCONT)


def kill_machine(experiment: Experiment, chance: random.Random) -> None:
    """And start it again, as systemd does."""
    machine = chance.choice(experiment.system.machines)
    machine.kill()
    machine.start()


def fill_archive(experiment: Experiment, _chance: random.Random) -> None:
    """Until the disk has no room for one more file."""
    filler = experiment.system.services.settings.archive / ".filler"
    with suppress(OSError), filler.open("wb", buffering=0) as output:
        while True:
            output.write(bytes(65_536))
    time.sleep(LASTS_S)
    filler.unlink()


def refuse_workers_writes(experiment: Experiment, _chance: random.Random) -> None:
    experiment.system.let_workers_write(1024)
    time.sleep(LASTS_S)
    experiment.system.let_workers_write(-1)


def lock_database(experiment: Experiment, _chance: random.Random) -> None:
    """Somebody else, a backup tool say, keeps the database to himself for a while."""
    path = experiment.system.services.store.url.database
    with closing(sqlite3.connect(str(path), timeout=10)) as stranger:
        stranger.execute("BEGIN EXCLUSIVE")
        time.sleep(LASTS_S)
        stranger.rollback()


def restart_database(experiment: Experiment, _chance: random.Random) -> None:
    assert experiment.database is not None
    experiment.database.restart()


def break_database(experiment: Experiment, _chance: random.Random) -> None:
    assert experiment.database is not None
    experiment.database.break_down()


FAULTS: dict[str, Fault] = {
    "worker killed": lambda experiment, chance: experiment.system.kill("worker", chance),
    "bridge killed": lambda experiment, chance: experiment.system.kill("bridge", chance),
    "one of the bridge's processes killed": lambda experiment, chance: experiment.system.kill_answering_process(chance),
    "scheduler killed": lambda experiment, chance: experiment.system.kill("scheduler", chance),
    "machine killed": kill_machine,
    "valkey killed": lambda experiment, chance: experiment.system.kill("valkey", chance),
    "valkey emptied": lambda experiment, _: experiment.system.empty_broker(),
    "valkey frozen": freeze_broker,
    "archive's disk full": fill_archive,
    "workers' writes refused": refuse_workers_writes,
    "sqlite locked": lock_database,
    "postgresql restarted": restart_database,
    "postgresql broken down": break_database,
    "mail refused": lambda experiment, _: experiment.mailbox.faults.refuse(3),
    "mail greylisted": lambda experiment, _: experiment.mailbox.faults.greylist(3),
    "mail cut after its data": lambda experiment, _: experiment.mailbox.faults.cut_after_data(2),
    "shop fails": lambda experiment, _: experiment.shop.faults.next(ServerFault(status=500), times=3),
    "shop is busy": lambda experiment, _: experiment.shop.faults.next(ServerFault(status=429, retry_after=1), times=2),
    "shop in maintenance": lambda experiment, _: experiment.shop.faults.next(
        ServerFault(html=True, status=503), times=2
    ),
    "shop shows a page": lambda experiment, _: experiment.shop.faults.next(ServerFault(html=True, status=200), times=2),
    "shop breaks off": lambda experiment, _: experiment.shop.faults.next(ServerFault(cut=True), times=2),
    "shop silent": lambda experiment, _: experiment.shop.faults.next(ServerFault(silence_s=SILENCE_S), times=2),
    "shop refuses the key": lambda experiment, _: experiment.shop.faults.next(ServerFault(status=401), times=2),
    "note's answer lost": lambda experiment, _: experiment.shop.faults.next(
        ServerFault(cut=True, method="POST", path="notes")
    ),
}
# After these a mail may have been taken by the server without our knowing; it comes again, under the same Message-ID.
MAILS_AGAIN = (
    "worker killed", "machine killed", "workers' writes refused", "postgresql restarted", "postgresql broken down",
    "mail cut after its data",
)  # fmt: skip


def possible(experiment: Experiment) -> list[str]:
    """The faults that this experiment can suffer."""
    impossible = {
        "archive's disk full": not experiment.has_small_disk,
        "sqlite locked": experiment.database is not None,
        "postgresql restarted": experiment.database is None,
        "postgresql broken down": experiment.database is None,
    }
    return [name for name in FAULTS if not impossible.get(name, False)]


def chosen(experiment: Experiment, wanted: str) -> list[str]:
    """Those that hold one of the words in *wanted*, a list with commas; all where it is empty."""
    words = [word.strip() for word in wanted.split(",") if word.strip()]
    found = [name for name in possible(experiment) if not words or any(word in name for word in words)]
    if not found:
        raise ValueError(f"CHAOS_FAULTS is “{wanted}”; choose words from: {', '.join(possible(experiment))}")
    return found


@dataclass
class FaultInjector:
    """Strikes from a thread of its own, at random moments *mean_s* apart on average, each kind once before one comes again."""

    experiment: Experiment
    names: list[str]
    seed: int
    mean_s: float
    struck: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _each_was: threading.Event = field(default_factory=threading.Event)
    _calm: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        threading.Thread(target=self._rage, name="injector", daemon=True).start()

    def end(self) -> None:
        """After each kind was there once; nothing is broken by us from then on."""
        self._each_was.wait(60 + 10 * self.mean_s * len(self.names))
        self._over.set()
        self._calm.wait(60)
        self.experiment.shop.faults.clear()
        self.experiment.mailbox.faults.clear()

    def _rage(self) -> None:
        chance = random.Random(self.seed)  # noqa: S311  # repeatable chance is what is wanted
        to_come: list[str] = []
        while not self._over.wait(chance.expovariate(1 / self.mean_s)):
            to_come = to_come or chance.sample(self.names, k=len(self.names))
            name = to_come.pop()
            self.struck[name] += 1
            try:
                FAULTS[name](self.experiment, chance)
            except Exception as error:  # noqa: BLE001  # told at the end: a fault that fails proves nothing
                self.trouble.append(f"{name}: {error!r}")
            self.experiment.system.start_what_ended()
            if not to_come:
                self._each_was.set()
        self._calm.set()


def from_environment(experiment: Experiment, *, seed: int, mean_s: float) -> FaultInjector:
    wanted, mean = os.environ.get("CHAOS_FAULTS", ""), os.environ.get("CHAOS_MEAN_S", "")
    return FaultInjector(experiment, chosen(experiment, wanted), seed, float(mean) if mean else mean_s)
