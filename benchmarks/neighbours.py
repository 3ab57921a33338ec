"""What seven shops notice of their neighbours: one backfills 2,000 orders, the server of one hangs, that of one never ends its answers.

    .venv/bin/python benchmarks/neighbours.py [--workers 1 2] [--backfill 2000] [--each 3] [--rounds 3] [--json]

Quiet is how long it takes until *each* new orders of the seven are mailed while the other three do nothing; hostile is the same
while they do. Aimed at: twice the quiet time, with two workers or more. Real processes, with the product's own time-outs.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.neighbours import GOOD, neighbours

PATIENCE_S = 900.0
# Until the bad neighbours are in full swing.
BEFORE_S = 2.0


def measure(*, workers: int, backfill: int, calls: int, each: int, rounds: int) -> dict[str, object]:
    with neighbours(workers=workers, shop_timeout_s=15) as street:
        street.seconds_to_mail(GOOD, 1, patience_s=PATIENCE_S)  # warm
        quiet = [street.seconds_to_mail(GOOD, each, patience_s=PATIENCE_S) for _ in range(rounds)]
        street.be_hostile(backfill=backfill, calls=calls)
        time.sleep(BEFORE_S)
        hostile = []
        for _ in range(rounds):
            hostile.append(street.seconds_to_mail(GOOD, each, patience_s=PATIENCE_S))
            time.sleep(BEFORE_S)
    middle = [statistics.median(one) for one in (quiet, hostile)]
    return {
        "workers": workers,
        "orders": each * len(GOOD),
        "quiet_s": [round(one, 2) for one in quiet],
        "hostile_s": [round(one, 2) for one in hostile],
        "ratio": round(middle[1] / middle[0], 2),
        "worst_ratio": round(max(hostile) / middle[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--backfill", type=int, default=2000)
    parser.add_argument("--calls", type=int, default=15, help="orders of the hanging and of the endless shop")
    parser.add_argument("--each", type=int, default=3, help="orders of each good shop and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    for workers in asked.workers:
        found = measure(
            workers=workers, backfill=asked.backfill, calls=asked.calls, each=asked.each, rounds=asked.rounds
        )
        print(json.dumps(found) if asked.json else "  ".join(f"{name} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
