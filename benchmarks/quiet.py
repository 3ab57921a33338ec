"""What shops that sell nothing cost the scheduler, in processor time of its own, as their number grows.

    python benchmarks/quiet.py [--shops 500 5000] [--asked 500] [--minutes 4] [--json]

Fills an installation on SQLite with so many shops. What is done again and again is done for --asked of them, by a clock that moves on by
minutes: their first round, in which everything is due, then a common minute (the median). A look of the scheduler, every five seconds, is at
all of them, while nothing is due. Prints milliseconds of processor time, and the share of one processor that all shops take so.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import insert, select

from tests.support.system import System, a_system
from worker.scheduler import ALL_SHOPS, PeriodicJobRunner
from worker.store.database import json_codec
from worker.store.database.migrate import upgrade
from worker.store.database.tables import shops
from worker.store.shops import ids_at_work, new_shop_id

LOOKS_A_MINUTE = 12


def add_shops(system: System, count: int) -> None:
    """Others like the one that is there, as they stand in the database: to find free digits for each takes long."""
    services, shop = system.services, system.services.connected(system.shop_id).shop
    with services.store.write() as connection:
        row = connection.execute(select(shops)).mappings().one()
        for number in range(1, count + 1):
            other = replace(shop, shop_id=new_shop_id(), name=f"Winkel {number}")
            settings = json_codec.dump(other)
            found = {"shop_id": other.shop_id, "seed": row["seed"] + number, "name": other.name, "settings": settings}
            connection.execute(insert(shops).values({**row, **found}))


def milliseconds(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return 1000 * (time.process_time() - began)


def measured(count: int, given: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="facturelay-quiet-") as name:
        url = f"sqlite:///{Path(name) / 'facturelay.db'}"
        upgrade(url)
        with a_system(url, Path(name)) as system:
            add_shops(system, count - 1)
            return figures_of(system, given)


def figures_of(system: System, given: argparse.Namespace) -> dict[str, float]:
    runner = PeriodicJobRunner(system.services)
    with system.services.store.read() as connection:
        ids = ids_at_work(connection)
    asked = ids[-given.asked :]

    def minute() -> None:
        for shop_id in asked:
            runner.run_jobs(shop_id)

    first, minutes = milliseconds(minute) / len(asked), []
    for _ in range(given.minutes):
        system.clock.move(minutes=1)
        minutes.append(milliseconds(minute) / len(asked))
    nothing_is_due(runner, ids)
    look = statistics.median(milliseconds(runner.start_due) for _ in range(5))
    common = statistics.median(minutes)
    return {
        "first minute, ms a shop": first,
        "a minute, ms a shop": common,
        "a look at all, ms": look,
        "% of a processor": (common * len(ids) + LOOKS_A_MINUTE * look) / 600,
    }


def nothing_is_due(runner: PeriodicJobRunner, ids: tuple[str, ...]) -> None:
    """As it is between two minutes."""
    known = {job: at for (job, shop_id), at in runner.not_before.items() if shop_id == ids[-1]}
    later = max(known.values())
    runner.not_before |= {(job, shop_id): later for job in known for shop_id in ids}
    runner.run_jobs(ALL_SHOPS)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--shops", type=int, nargs="+", default=[500, 5000])
    asked.add_argument("--asked", type=int, default=500)
    asked.add_argument("--minutes", type=int, default=4)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    found = {f"{count} shops": measured(count, given) for count in given.shops}
    if given.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'':<26}" + "".join(f"{head:>14}" for head in found))
    for name in next(iter(found.values())):
        print(f"{name:<26}" + "".join(f"{figures[name]:>14.1f}" for figures in found.values()))


if __name__ == "__main__":
    main()
