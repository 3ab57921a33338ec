"""How many numbers a second: documents issued by several processes at once, on SQLite and on PostgreSQL, side by side.

    .venv/bin/python benchmarks/numbers_per_second.py [--processes 1 2 4 8] [--documents 200]

Every number is on the disk before the next is given (SQLite: synchronous=FULL; PostgreSQL: as it is installed).
"""

import argparse
import multiprocessing
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path

from tests.services.process import Program

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.services.postgres import Postgres, accepts, server_binaries
from tests.services.process import account, run, running, scratch
from tests.support.issued import issue_orders, opened
from worker.domain.shop import Shop
from worker.store.database.migrate import upgrade
from worker.store.database.tables import documents

FORKS = multiprocessing.get_context("forkserver")


def numbers_per_second(database_url: str, *, processes: int, wanted: int) -> float:
    """Issue *wanted* documents with *processes* at once; fails when there are not exactly so many in the end."""
    upgrade(database_url)
    store, shop = opened(database_url)
    share = wanted // processes
    shares = [[first * 1_000_000 + n for n in range(share)] for first in range(processes)]
    start = FORKS.Barrier(processes + 1)
    crew = [FORKS.Process(target=issue_from_start, args=(start, database_url, shop, ids)) for ids in shares]
    for process in crew:
        process.start()
    start.wait()
    started = time.perf_counter()
    for process in crew:
        process.join()
    took = time.perf_counter() - started
    with store.read() as connection:
        sequences = sorted(connection.execute(documents.select()).scalars().all())
    store.close()
    if len(sequences) != share * processes:
        raise SystemExit(f"{share * processes} documents were wanted, {len(sequences)} are there")
    return len(sequences) / took


def issue_from_start(start: Barrier, database_url: str, shop: Shop, order_ids: list[int]) -> None:
    """Wait for the others: how long Python takes to start is not what is measured."""
    start.wait()
    issue_orders(database_url, shop, order_ids)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server of its own that waits for the disk, as a real one does."""
    user = account("postgres")
    with scratch("postgres", owner=user) as folder:
        data = folder / "data"
        run([server_binaries() / "initdb", "--pgdata", data, "--username=facturelay", "--auth=trust"], user=user)
        # Statistics after seconds, as a house has them that is older than a run of this.
        switches = ["--listen_addresses=", f"--unix_socket_directories={folder}", "--autovacuum_naptime=1"]
        with running(
            Program(
                [server_binaries() / "postgres", "-D", data, *switches],
                log=folder / "log",
                user=user,
                stop_signal=signal.SIGINT,
            ),
            ready=lambda: accepts(folder),
        ) as pid:
            yield Postgres(folder, server_binaries(), pid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--documents", type=int, default=200)
    options = parser.parse_args()
    FORKS.set_forkserver_preload(["tests.support.issued"])
    print(f"{'processes':>9}  {'SQLite':>8}  {'PostgreSQL':>10}   documents per second")
    with postgres() as server, tempfile.TemporaryDirectory() as folder:
        for processes in options.processes:
            sqlite_url = f"sqlite:///{folder}/{processes}.db"
            postgres_url = server.url(server.create_database())
            speeds = [
                numbers_per_second(url, processes=processes, wanted=options.documents)
                for url in (sqlite_url, postgres_url)
            ]
            print(f"{processes:>9}  {speeds[0]:>8.0f}  {speeds[1]:>10.0f}", flush=True)


if __name__ == "__main__":
    main()
