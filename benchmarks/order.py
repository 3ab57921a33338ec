"""What a paid order costs, from the row of its delivery to the note on the order: by the real jobs, RQ's worker, Valkey, SQLite with
every commit on the disk (or the machine's PostgreSQL, likewise), a pretend shop and a mail server that are processes of their own.

    python benchmarks/order.py [--orders 100] [--rounds 5] [--statements] [--profile FILE] [--postgresql] [--json]
    python benchmarks/order.py --workers 1 2 [--orders 200] [--rounds 5] [--postgresql] [--json]

Processor time is that of the worker alone, beside the PDF, which another process prints; the ratio is to a job of RQ's that does nothing, in
the same run. What is counted (statements, commits, calls) is counted in a round of its own, for counting takes time. --statements tells
which function sends how many. --workers starts so many processes and tells how many orders a second they do together, what an order takes of
the processor (the workers with their printers, and beside them shop, mail server, Valkey and this program, which a real installation has
elsewhere or not at all; of PostgreSQL nothing is told), and how long a worker waited for a processor that others had. *of the limit*: how near they come to what the
processors of this machine could do of all of it.
"""

import argparse
import cProfile
import json
import multiprocessing
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import redis.connection
from aiosmtpd.smtp import Envelope
from rq import Queue, SimpleWorker
from sqlalchemy import delete, event
from sqlalchemy.engine import Engine

from benchmarks.ingest import processor_s
from benchmarks.numbers_per_second import postgres
from tests.support.asked_statements import recorded
from tests.support.system import SELLER
from worker import jobs
from worker.demo.mailbox import Mailbox
from worker.demo.orders import Line
from worker.demo.pretend_shop import PretendShop, an_order
from worker.domain.shop import OrderSettings, Shop
from worker.mail import smtp
from worker.processes import broker
from worker.processes.rq_worker import RowWorker, beating
from worker.queue import PROCESS_ORDER, QueueName, connect, rq_name
from worker.rendering import preload
from worker.rendering.print_process import print_process
from worker.services import Services
from worker.settings import Settings
from worker.store import deliveries, leases, senders, shops
from worker.store.database.migrate import upgrade
from worker.store.database.tables import leases as all_leases
from worker.store.deliveries import NewDelivery
from worker.store.shops import Secrets

ROOT = Path(__file__).resolve().parent.parent
SHOP = "speedshop"
LINES: tuple[Line, ...] = tuple((f"Koffiemok {n}", f"MUG-{n}", n, "12.40", "21") for n in range(1, 6))
PATIENCE_S = 300.0


# The world, a process of its own


class CountedMails(Mailbox):
    """Takes mails and reads none: where both processors are busy, what it does with them takes from what is measured."""

    number = 0

    def take_in(self, _envelope: Envelope) -> None:
        self.number += 1


def live(told: Pipe) -> None:
    """A shop and a mail server, until the other end goes. Each number is so many orders more; the answer is what happened since."""
    placed = 0
    with PretendShop() as shop, CountedMails() as mailbox:
        told.send((shop.url, shop.consumer_key, shop.consumer_secret, mailbox.url))
        while True:
            number = told.recv()
            calls, mails = len(shop.calls), mailbox.number
            for order_id in range(placed + 1, placed + number + 1):
                shop.place(an_order(id=order_id, lines=LINES, email=f"koper{order_id}@klant.test"))
            placed += number
            told.send((range(placed - number + 1, placed + 1), calls, mails))


@dataclass
class World:
    """A whole installation in a folder, with one connected shop."""

    services: Services
    told: Pipe
    stand_ins: tuple[int, ...]  # processes: the shop with the mail server, and Valkey

    def happened(self) -> tuple[int, int]:
        """Calls of the shop and mails so far."""
        self.told.send(0)
        _, calls, mails = self.told.recv()
        return calls, mails

    def add_orders(self, number: int) -> None:
        """As the bridge does: a row each, and a job that says so."""
        self.told.send(number)
        ids, *_ = self.told.recv()
        added = []
        with self.services.store.write() as connection:
            for order_id in ids:
                new = NewDelivery(SHOP, "webhook", "order.updated", order_id)
                added.append(deliveries.add(connection, new, now=self.services.now()))
        for delivery_id in added:
            self.services.enqueue(PROCESS_ORDER, delivery_id)


@contextmanager
def a_world(*, postgresql: bool = False) -> Iterator[World]:
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours, theirs = multiprocessing.Pipe()
        life = multiprocessing.get_context("spawn").Process(target=live, args=(theirs,), daemon=True)
        life.start()
        stack.callback(life.kill)
        url, key, secret, smtp_url = ours.recv()
        valkey = subprocess.Popen(broker.command(data), stdout=subprocess.DEVNULL)
        stack.callback(valkey.wait)
        stack.callback(valkey.terminate)
        environment = {
            "FACTURELAY_DATA": str(data),
            "FACTURELAY_SECRET_KEY": "k" * 40,
            "FACTURELAY_PUBLIC_URL": "https://facturen.example",
            "FACTURELAY_SMTP_URL": smtp_url,
            "FACTURELAY_ALLOW_PRIVATE_SHOPS": "1",
            "FACTURELAY_EXCHANGE_RATES_URL": "",
            "FACTURELAY_LOG_LEVEL": "WARNING",
        }
        if postgresql:
            server = stack.enter_context(postgres())
            environment["DATABASE_URL"] = server.url(server.create_database())
        os.environ.update(environment)
        services = Services(Settings.from_environment(environment))
        broker.wait_until_ready(data, services.settings.redis_url, valkey)
        upgrade(services.settings.database_url)
        since = OrderSettings(since=services.now() - timedelta(days=1))
        shop = Shop(shop_id=SHOP, name=SELLER.name, url=url, seller=SELLER, orders=since)
        with services.store.write() as connection:
            shops.add(connection, services.encryption, shop, Secrets(("5f" * 25,), key, secret), now=services.now())
            senders.prove(connection, SHOP, SELLER.email, by="operator", now=services.now())
        yield World(services, ours, (life.pid or 0, valkey.pid))


# One worker, in this process


@contextmanager
def a_worker(services: Services) -> Iterator[Callable[[], None]]:
    """What `facturelay worker` runs; to be called for all that waits."""
    preload()
    jobs.configure(services.settings)
    smtp.kept_connections.is_on = True

    redis = connect(services.settings.redis_url)
    worker = RowWorker([rq_name(name) for name in QueueName], connection=redis, serializer="json")

    def work() -> None:
        # Waiting for all queues at once, as it does; in a burst RQ asks one queue after the other.
        worker.work(max_idle_time=1, logging_level="ERROR")

    with beating(jobs.get_services(), leases.WORKER, worker):
        yield work


def nothing(_number: int) -> None:
    """What RQ itself takes."""


class PlainWorker(SimpleWorker):
    """Our Valkey lets nobody subscribe."""

    def subscribe(self) -> None:
        return

    def unsubscribe(self) -> None:
        return


def empty_job_ms(services: Services, number: int) -> float:
    """Processor time of a job of RQ's that does nothing."""
    redis = connect(services.settings.redis_url)
    queue = Queue("rq:empty", connection=redis, serializer="json")
    for one in range(number):
        queue.enqueue("benchmarks.order.nothing", one, result_ttl=0)
    worker = PlainWorker([queue], connection=redis, serializer="json")
    start = time.process_time()
    worker.work(burst=True, logging_level="ERROR")
    return (time.process_time() - start) / number * 1000


def order_ms(world: World, work: Callable[[], None], number: int) -> tuple[float, float]:
    """Milliseconds of processor of one order: here, and in the process that prints."""
    world.add_orders(number)
    mails = world.happened()[1]
    printer = print_process()._process  # noqa: SLF001 - nothing else wants to know
    pid = printer.pid if printer else os.getpid()
    start, printed = time.process_time(), on_processor_s(pid)
    work()
    here, there = time.process_time() - start, on_processor_s(pid) - printed
    if world.happened()[1] - mails != number:
        raise RuntimeError(f"{number} orders gave {world.happened()[1] - mails} mails")
    return here / number * 1000, there / number * 1000


def on_processor_s(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


# What is counted


@contextmanager
def counted(found: "Counter[str]", by_function: "Counter[str]") -> Iterator[None]:
    """Count what is asked of database, disk, network and Redis meanwhile."""
    is_on = [True]

    def audited(name: str, arguments: tuple[Any, ...]) -> None:
        # A path is Valkey's socket.
        if name == "socket.connect" and is_on[0] and not isinstance(arguments[1], str):
            found["connections opened"] += 1

    sys.addaudithook(audited)
    fsync, context, packed = os.fsync, ssl.SSLContext.__new__, redis.connection.AbstractConnection.send_packed_command

    def count_sync(*arguments: Any) -> None:
        found["syncs of files"] += 1
        fsync(*arguments)

    def count_context(kind: Any, *arguments: Any, **named: Any) -> Any:
        found["TLS contexts"] += 1
        return context(kind, *arguments, **named)

    def count_trip(*arguments: Any, **named: Any) -> Any:
        found["trips to Redis"] += 1
        return packed(*arguments, **named)  # type: ignore[no-untyped-call]  # redis types it not

    def count_begin(connection: Any) -> None:
        only_reads = getattr(connection.connection.dbapi_connection, "only_reads", False)  # PostgreSQL is not told
        found["reads" if only_reads else "commits"] += 1

    with ExitStack() as stack:
        for of, name, value, before in (
            (os, "fsync", count_sync, fsync),
            (ssl.SSLContext, "__new__", count_context, context),
            (redis.connection.AbstractConnection, "send_packed_command", count_trip, packed),
        ):
            setattr(of, name, value)
            stack.callback(setattr, of, name, before)
        event.listen(Engine, "begin", count_begin)
        stack.callback(event.remove, Engine, "begin", count_begin)
        asked = stack.enter_context(recorded())
        yield
    is_on[0] = False
    for one in asked.found.values():
        words = " ".join(one.statement.split())
        if not words.startswith("BEGIN"):
            found["statements"] += one.times
            by_function[f"{one.caller}: {words[:90]}"] += one.times


def counts_of(world: World, work: Callable[[], None], number: int) -> "tuple[dict[str, float], Counter[str]]":
    """What one order asks, and how often each function asks what for all of them."""
    found: Counter[str] = Counter()
    by_function: Counter[str] = Counter()
    world.add_orders(number)
    calls = world.happened()[0]
    with counted(found, by_function):
        work()
    found["calls of the shop"] = world.happened()[0] - calls
    world.add_orders(number)
    with counted_calls(found):
        work()
    names = (
        "calls of Python", "statements", "commits", "reads", "calls of the shop", "connections opened", "TLS contexts",
        "syncs of files", "trips to Redis",
    )  # fmt: skip
    return {name: round(found[name] / number, 2) for name in names}, by_function


@contextmanager
def counted_calls(found: Counter[str]) -> Iterator[None]:
    """Of functions that are written in Python, in this thread: as many whatever else the machine does."""

    def look(_frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            found["calls of Python"] += 1

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)


# Several workers


@contextmanager
def workers(services: Services, number: int) -> Iterator[list[int]]:
    """So many processes at work; their ids."""
    command = [sys.executable, "-m", "worker.cli", "worker"]
    # A lease of one that has ended may run out while these start: of those that are there none would be known to be new.
    with services.store.write() as connection:
        connection.execute(delete(all_leases))
    started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) for _ in range(number)]
    try:
        until = time.monotonic() + PATIENCE_S
        there = 0
        while there < number and time.monotonic() < until:
            time.sleep(0.1)
            with services.store.read() as connection:
                there = leases.workers_there(connection, now=services.now())[0]
        yield [one.pid for one in started]
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(60)


@dataclass(frozen=True)
class Together:
    """What several workers did: orders a second, and of each order milliseconds."""

    per_s: float
    ms: float
    stand_ins_ms: float
    queued_ms: float

    @property
    def of_the_limit(self) -> float:
        return self.per_s * (self.ms + self.stand_ins_ms) / 1000 / len(os.sched_getaffinity(0))


def together(world: World, number: int, *, processes: int) -> Together:
    beside = (*world.stand_ins, os.getpid())
    with workers(world.services, processes) as pids:
        do_all(world, 10)  # warm
        ours, others, queued = spent(pids), own_s(beside), sum(map(queued_s, pids))
        start = time.perf_counter()
        do_all(world, number)
        lasted = time.perf_counter() - start
        ours, others, queued = spent(pids) - ours, own_s(beside) - others, sum(map(queued_s, pids)) - queued
    return Together(number / lasted, *(one / number * 1000 for one in (ours, others, queued)))


def spent(pids: Sequence[int]) -> float:
    """Processor time of processes and those that they started."""
    return sum(map(processor_s, pids))


def own_s(pids: Sequence[int]) -> float:
    """Processor time of processes alone, with all their threads."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def queued_s(pid: int) -> float:
    """For how long the first thread of a process could have gone on and had no processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def do_all(world: World, number: int) -> None:
    """Until the last note is written."""
    before, until = world.happened()[0], time.monotonic() + PATIENCE_S
    world.add_orders(number)
    while world.happened()[0] - before < 2 * number:
        if time.monotonic() > until:
            raise TimeoutError(f"{(world.happened()[0] - before) / 2} of {number} orders are done")
        time.sleep(0.02)


# What is told


def tell_one(world: World, given: argparse.Namespace) -> dict[str, Any]:
    with a_worker(world.services) as work:
        order_ms(world, work, 10)  # warm
        empty_job_ms(world.services, 10)
        rounds = [
            (*order_ms(world, work, given.orders), empty_job_ms(world.services, 5 * given.orders))
            for _ in range(given.rounds)
        ]
        counts, by_function = counts_of(world, work, given.orders)
        if given.profile:
            profile(world, work, given)
    here, there, empty = (statistics.median(column) for column in zip(*rounds, strict=True))
    told = {
        "ms": {"beside the PDF": here, "the PDF": there, "empty job": empty},
        "spread_ms": [min(one[0] for one in rounds), max(one[0] for one in rounds)],
        "counts": counts,
        "ratios": {"beside the PDF / empty job": statistics.median(one[0] / one[2] for one in rounds)},
    }
    if given.statements:
        told["statements"] = {what: times / given.orders for what, times in by_function.most_common()}
    return told


def profile(world: World, work: Callable[[], None], given: argparse.Namespace) -> None:
    """Where the time goes, for `python -m pstats`."""
    world.add_orders(given.orders)
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(work)
    profiler.dump_stats(given.profile)


def tell_many(world: World, given: argparse.Namespace) -> dict[str, Any]:
    rounds: dict[int, list[Together]] = {number: [] for number in given.workers}
    for _ in range(given.rounds):
        for number, found in rounds.items():
            found.append(together(world, given.orders, processes=number))
    fewest = rounds[given.workers[0]]
    return {
        "workers": {
            number: {
                "orders_per_s": statistics.median(one.per_s for one in found),
                "spread": [min(one.per_s for one in found), max(one.per_s for one in found)],
                "ms": statistics.median(one.ms for one in found),
                "stand_ins_ms": statistics.median(one.stand_ins_ms for one in found),
                "queued_ms": statistics.median(one.queued_ms for one in found),
                "of_the_limit": statistics.median(one.of_the_limit for one in found),
            }
            for number, found in rounds.items()
        },
        "ratios": {
            f"{number} workers / {given.workers[0]}": statistics.median(
                more.per_s / one.per_s for more, one in zip(found, fewest, strict=True)
            )
            for number, found in rounds.items()
        },
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--orders", type=int, default=100, help="in each round")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--workers", type=int, nargs="+")
    asked.add_argument("--statements", action="store_true")
    asked.add_argument("--profile", help="a file for what cProfile finds")
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with a_world(postgresql=given.postgresql) as world:
        told = tell_many(world, given) if given.workers else tell_one(world, given)
    if given.json:
        print(json.dumps(told, indent=1))
        return
    for name, value in told.items():
        print(name)
        for what, figure in value.items() if isinstance(value, dict) else [("", value)]:
            print(f"  {figure:>8.2f}  {what}" if isinstance(figure, float | int) else f"  {what} {figure}")


if __name__ == "__main__":
    main()
