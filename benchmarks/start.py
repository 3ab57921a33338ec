"""How long starting takes, and what doing nothing costs.

    python benchmarks/start.py [--rounds 5] [--idle 60] [--json]

Processor time of `facturelay --help`, beside a Python that imports the command line's library alone; seconds until `facturelay up` says where
it answers, in an empty folder and again in that folder, with the processor time of all its processes until then; and then, of its processes
together, processor time and memory while nothing comes in. Compiled before, as an installed package is. Seconds are of the clock: measure on
a machine without other work. Linux alone: what other processes use is read there.
"""

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ingest import ROOT, processor_s
from worker.processes.supervisor import facturelay, free_port

BARE = [sys.executable, "-c", "import click"]


def milliseconds(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user + after.children_system - before.children_user - before.children_system) * 1000


def help_ms(rounds: int) -> tuple[float, float]:
    """Medians of `facturelay --help` and of the bare library."""
    pairs = [(milliseconds(facturelay("--help")), milliseconds(BARE)) for _ in range(rounds)]
    ours, bare = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(bare)


@contextmanager
def up(data: str) -> Iterator[tuple[float, float, int]]:
    """A running installation: the seconds until it said where it answers, by the clock and of processors, and its process."""
    start = time.perf_counter()
    command = facturelay("up", "--data", data, "--port", str(free_port()))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        next(iter(process.stdout or ()))
        took = time.perf_counter() - start
        yield took, processor_s(process.pid), process.pid
        process.terminate()


def memory_mb(pid: int) -> float:
    """Of a process and those that it started; what several share counts once."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    own = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return own / 1000 + sum(memory_mb(int(child)) for child in children)


def measured(rounds: int, idle_s: int) -> dict[str, float]:
    ours, bare = help_ms(rounds)
    with tempfile.TemporaryDirectory() as data:
        with up(data) as (first_s, first_processor_s, _):
            pass
        with up(data) as (again_s, again_processor_s, pid):
            time.sleep(idle_s)  # until all of it has started
            before = processor_s(pid)
            time.sleep(idle_s)
            used, memory = processor_s(pid) - before, memory_mb(pid)
    return {
        "help, ms of processor": ours,
        "help / bare": ours / bare,
        "up, first time, s": first_s,
        "up, first time, s of processors": first_processor_s,
        "up, again, s": again_s,
        "up, again, s of processors": again_processor_s,
        "idle, % of a processor": used / idle_s * 100,
        "idle, MB": memory,
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--idle", type=int, default=60, help="seconds to wait, and then to watch")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    for room in ("bridge", "worker"):
        compileall.compile_dir(ROOT / room, quiet=1)
    figures = measured(given.rounds, given.idle)
    if given.json:
        ratios = {"help / bare": figures.pop("help / bare")}
        print(json.dumps({"figures": figures, "ratios": ratios}, indent=1))
        return
    for name, figure in figures.items():
        print(f"{name:<34}{figure:>10.2f}")


if __name__ == "__main__":
    main()
