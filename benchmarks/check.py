"""Run the benchmarks of ratios shortly, and compare them with those that are kept in `ratios.json`.

    python benchmarks/check.py [--keep] [--only pdf.py …]

Ends with 1 where one has worsened by half: it takes that much more processor time than what it is measured beside; and where one
is kept that is measured no more, or measured that is not kept. --keep writes
those of now into the file, after a change that is meant to cost or to spare something; keep them from a machine without other work.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEPT = HERE / "ratios.json"
WORSE = 1.5
# What is short enough for every run; the others measure seconds, or take minutes.
SHORTLY = {
    "pdf.py": ("--rounds", "5", "--lines", "5", "50", "--names", "plain"),
    "calls.py": ("--rounds", "3"),
    "order.py": ("--orders", "20", "--rounds", "3"),
    "ingest.py": ("--rounds", "3", "--requests", "400", "--databases", "sqlite", "--redis", "up"),
}


def measured(name: str) -> dict[str, float]:
    """The ratios of one benchmark, by what it compares."""
    command = [sys.executable, str(HERE / name), *SHORTLY[name], "--json"]
    said = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, check=True).stdout
    return {f"{name}: {what}": round(ratio, 3) for what, ratio in json.loads(said)["ratios"].items()}


def worse(now: dict[str, float], kept: dict[str, float]) -> list[str]:
    return [what for what, ratio in now.items() if ratio > WORSE * kept.get(what, 0)]


def compared(name: str, kept: dict[str, float]) -> dict[str, float]:
    """The ratios of now. What seems worse is measured once more: something else may have run beside it."""
    now = measured(name)
    if worse(now, kept):
        again = measured(name)
        return {what: min(ratio, again[what]) for what, ratio in now.items()}
    return now


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--keep", action="store_true")
    asked.add_argument("--only", nargs="+", choices=SHORTLY, default=list(SHORTLY))
    given = asked.parse_args()
    before = json.loads(KEPT.read_text())
    kept = {what: ratio for what, ratio in before.items() if what.partition(":")[0] in given.only}
    if given.keep:
        found = {what: ratio for name in given.only for what, ratio in measured(name).items()}
        others = {what: ratio for what, ratio in before.items() if what not in kept}
        KEPT.write_text(json.dumps(others | found, indent=1) + "\n")
        return
    now = {what: ratio for name in given.only for what, ratio in compared(name, kept).items()}
    bad, gone = worse(now, kept), kept.keys() - now.keys()
    for what, ratio in now.items():
        print(f"{what:<50}{kept.get(what, 0):>8.2f}{ratio:>8.2f}{'  worse by half' if what in bad else ''}")
    for what in sorted(gone):
        print(f"{what:<50}{kept[what]:>8.2f}  is not measured any more")
    sys.exit(bool(bad or gone))


if __name__ == "__main__":
    main()
