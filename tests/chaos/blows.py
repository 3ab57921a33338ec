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

from tests.chaos.town import Town

# How long a state of the world lasts before it ends: a frozen broker, a full disk, a locked database.
LASTS_S = 1.5
# The client waits 2 s for the next bytes here, and 15 s outside of tests; the shop is silent for longer than both.
SILENCE_S = 60

Blow = Callable[[Town, random.Random], None]


def freeze_broker(town: Town, _chance: random.Random) -> None:
    town.house.signal_all("valkey", signal.SIGSTOP)
    time.sleep(LASTS_S)
    town.house.signal_all("valkey", signal.SIGCONT)


def kill_machine(town: Town, chance: random.Random) -> None:
    """And start it again, as systemd does."""
    machine = chance.choice(town.house.machines)
    machine.kill()
    machine.start()


def fill_archive(town: Town, _chance: random.Random) -> None:
    """Until the disk has no room for one more file."""
    filler = town.house.services.settings.archive / ".filler"
    with suppress(OSError), filler.open("wb", buffering=0) as output:
        while True:
            output.write(bytes(65_536))
    time.sleep(LASTS_S)
    filler.unlink()


def refuse_workers_writes(town: Town, _chance: random.Random) -> None:
    town.house.let_workers_write(1024)
    time.sleep(LASTS_S)
    town.house.let_workers_write(-1)


def lock_database(town: Town, _chance: random.Random) -> None:
    """Somebody else, a backup tool say, keeps the database to himself for a while."""
    path = town.house.services.store.url.database
    with closing(sqlite3.connect(str(path), timeout=10)) as stranger:
        stranger.execute("BEGIN EXCLUSIVE")
        time.sleep(LASTS_S)
        stranger.rollback()


def restart_database(town: Town, _chance: random.Random) -> None:
    assert town.database is not None
    town.database.restart()


def break_database(town: Town, _chance: random.Random) -> None:
    assert town.database is not None
    town.database.break_down()


BLOWS: dict[str, Blow] = {
    "worker killed": lambda town, chance: town.house.kill("worker", chance),
    "bridge killed": lambda town, chance: town.house.kill("bridge", chance),
    "one of the bridge's processes killed": lambda town, chance: town.house.kill_answering_process(chance),
    "sweep killed": lambda town, chance: town.house.kill("sweep", chance),
    "machine killed": kill_machine,
    "valkey killed": lambda town, chance: town.house.kill("valkey", chance),
    "valkey emptied": lambda town, _: town.house.empty_broker(),
    "valkey frozen": freeze_broker,
    "archive's disk full": fill_archive,
    "workers' writes refused": refuse_workers_writes,
    "sqlite locked": lock_database,
    "postgresql restarted": restart_database,
    "postgresql broken down": break_database,
    "mail refused": lambda town, _: town.mailbox.faults.refuse(3),
    "mail greylisted": lambda town, _: town.mailbox.faults.greylist(3),
    "mail cut after its data": lambda town, _: town.mailbox.faults.cut_after_data(2),
    "shop fails": lambda town, _: town.shop.faults.next(status=500, times=3),
    "shop is busy": lambda town, _: town.shop.faults.next(status=429, retry_after=1, times=2),
    "shop in maintenance": lambda town, _: town.shop.faults.next(html=True, status=503, times=2),
    "shop shows a page": lambda town, _: town.shop.faults.next(html=True, status=200, times=2),
    "shop breaks off": lambda town, _: town.shop.faults.next(cut=True, times=2),
    "shop silent": lambda town, _: town.shop.faults.next(silence_s=SILENCE_S, times=2),
    "shop refuses the key": lambda town, _: town.shop.faults.next(status=401, times=2),
    "note's answer lost": lambda town, _: town.shop.faults.next(cut=True, method="POST", path="notes"),
}
# After these a mail may have been taken by the server without our knowing; it comes again, under the same Message-ID.
MAILS_AGAIN = (
    "worker killed", "machine killed", "workers' writes refused", "postgresql restarted", "postgresql broken down",
    "mail cut after its data",
)  # fmt: skip


def possible(town: Town) -> list[str]:
    """The blows that this town can suffer."""
    impossible = {
        "archive's disk full": not town.has_small_disk,
        "sqlite locked": town.database is not None,
        "postgresql restarted": town.database is None,
        "postgresql broken down": town.database is None,
    }
    return [name for name in BLOWS if not impossible.get(name, False)]


def chosen(town: Town, wanted: str) -> list[str]:
    """Those that hold one of the words in *wanted*, a list with commas; all where it is empty."""
    words = [word.strip() for word in wanted.split(",") if word.strip()]
    found = [name for name in possible(town) if not words or any(word in name for word in words)]
    if not found:
        raise ValueError(f"CHAOS_BLOWS is “{wanted}”; choose words from: {', '.join(possible(town))}")
    return found


@dataclass
class Storm:
    """Strikes from a thread of its own, at random moments *mean_s* apart on average, each kind once before one comes again."""

    town: Town
    names: list[str]
    seed: int
    mean_s: float
    struck: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _each_was: threading.Event = field(default_factory=threading.Event)
    _calm: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        threading.Thread(target=self._rage, name="storm", daemon=True).start()

    def end(self) -> None:
        """After each kind was there once; nothing is broken by us from then on."""
        self._each_was.wait(60 + 10 * self.mean_s * len(self.names))
        self._over.set()
        self._calm.wait(60)
        self.town.shop.faults.clear()
        self.town.mailbox.faults.clear()

    def _rage(self) -> None:
        chance = random.Random(self.seed)  # noqa: S311  # repeatable chance is what is wanted
        to_come: list[str] = []
        while not self._over.wait(chance.expovariate(1 / self.mean_s)):
            to_come = to_come or chance.sample(self.names, k=len(self.names))
            name = to_come.pop()
            self.struck[name] += 1
            try:
                BLOWS[name](self.town, chance)
            except Exception as error:  # noqa: BLE001  # told at the end: a blow that fails proves nothing
                self.trouble.append(f"{name}: {error!r}")
            if not to_come:
                self._each_was.set()
        self._calm.set()


def from_environment(town: Town, *, seed: int, mean_s: float) -> Storm:
    wanted, mean = os.environ.get("CHAOS_BLOWS", ""), os.environ.get("CHAOS_MEAN_S", "")
    return Storm(town, chosen(town, wanted), seed, float(mean) if mean else mean_s)
