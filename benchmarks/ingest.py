"""What it costs to take a delivery in, beside an empty Flask route on the same web server, in the same run.

    python benchmarks/ingest.py [--rounds 5] [--requests 1500] [--connections 8] [--databases sqlite postgresql] [--redis up down hung] [--json]

Processor time of the web server's processes for each request, so that other work on the machine counts little: read the ratio.
The databases have every commit on the disk, PostgreSQL without what its own processes take; the deliveries are signed, 6 KB each.
Linux alone: processor time of others is read there. PostgreSQL is the machine's own, started for this.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bridge.webhooks.signature import sign
from tests.services.postgres import cluster, serving
from tests.support.factories import a_shop
from worker.processes import broker
from worker.processes.supervisor import free_port, web_server
from worker.store import shops
from worker.store.database.encryption import Encryption
from worker.store.database.engine import Store
from worker.store.database.migrate import upgrade
from worker.store.shops import Secrets

ROOT = Path(__file__).resolve().parent.parent
EMPTY = "empty"
SECRET = "5f" * 25
SHOPS = 64
KEY = "k" * 40
BODY = json.dumps({"id": 238, "meta_data": [{"key": f"key_{n}", "value": "v" * 20} for n in range(100)]}).encode()
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Target:
    """A running web server."""

    port: int
    pid: int
    path: str


@dataclass(frozen=True)
class Figures:
    """Of one round: requests per second, milliseconds of processor time for each, and the slowest hundredth in milliseconds."""

    per_s: float
    cpu_ms: float
    p99_ms: float


def processor_s(pid: int) -> float:
    """Processor time so far of a process and those that it started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S + sum(processor_s(int(child)) for child in children)


@contextmanager
def served(app: str, path: str, environment: dict[str, str]) -> Iterator[Target]:
    port = free_port()
    command = [*web_server("127.0.0.1", port)[:-1], "--log-level", "warning", app]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "FACTURELAY_LOG_LEVEL": "ERROR", **environment}, start_new_session=True
    )
    try:
        for _ in range(600):
            try:
                ask(http.client.HTTPConnection("127.0.0.1", port, timeout=60), f"{path}0")
                break
            except OSError:
                time.sleep(0.1)
        yield Target(port, process.pid, path)
    finally:
        process.terminate()
        process.wait(30)


def ask(connection: http.client.HTTPConnection, path: str) -> None:
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Signature": sign(BODY, SECRET).decode(),
    }
    connection.request("POST", path, BODY, headers)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{path} was answered {answer.status}: {said[:200]!r}")


def visit(target: Target, requests: int, connections: int, took: "multiprocessing.Queue[list[float]]") -> None:
    """Ask *requests* times over *connections* at once; put how long each took, in seconds."""
    seconds: list[float] = []

    def one(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
        for _ in range(requests // connections):
            start = time.perf_counter()
            ask(connection, f"{target.path}{number}")
            seconds.append(time.perf_counter() - start)

    threads = [threading.Thread(target=one, args=(number % SHOPS,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.put(seconds)


def measured(target: Target, requests: int, connections: int) -> Figures:
    """The visitors are a process of their own, so that they do not count."""
    took: multiprocessing.Queue[list[float]] = multiprocessing.Queue()
    visitors = multiprocessing.Process(target=visit, args=(target, requests, connections, took))
    cpu, start = processor_s(target.pid), time.perf_counter()
    visitors.start()
    seconds = took.get()
    lasted, used = time.perf_counter() - start, processor_s(target.pid) - cpu
    visitors.join()
    return Figures(len(seconds) / lasted, used / len(seconds) * 1000, sorted(seconds)[len(seconds) * 99 // 100] * 1000)


@contextmanager
def servers(databases: list[str], redis: list[str]) -> Iterator[dict[str, Target]]:
    """The empty route, and the bridge on each of *databases* with Redis in each of the states *redis*."""
    with ExitStack() as stack:
        targets = {EMPTY: stack.enter_context(served("benchmarks.ingest:empty_app()", "/empty", {}))}
        for database in databases:
            for state in redis:
                data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                url = stack.enter_context(database_of(database, data))
                add_shops(url)
                environment = {
                    "FACTURELAY_DATA": str(data),
                    "DATABASE_URL": url,
                    "FACTURELAY_SECRET_KEY": KEY,
                    **stack.enter_context(redis_in(state, data)),
                }
                targets[f"{database}, Redis {state}"] = stack.enter_context(
                    served("bridge:create_app()", "/webhooks/shop", environment)
                )
        yield targets


@contextmanager
def database_of(kind: str, data: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{data}/facturelay.db"
        return
    with cluster() as folder, serving(folder, {}) as server:
        yield server.url()


@contextmanager
def redis_in(state: str, data: Path) -> Iterator[dict[str, str]]:
    """Redis that works, that is not there, or that takes a connection and never says a word; what the bridge is told of it."""
    if state == "hung":
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(data / "silent.sock"))
            silent.listen(1_000)
            yield {"REDIS_URL": f"unix://{data}/silent.sock"}
    elif state == "down":
        yield {"REDIS_URL": f"unix://{data}/nobody.sock"}
    else:
        valkey = subprocess.Popen(broker.command(data), stdout=subprocess.DEVNULL)
        yield {}
        valkey.terminate()
        valkey.wait()


def add_shops(url: str) -> None:
    """A shop for each connection: one alone may not deliver so much."""
    upgrade(url)
    with closing(Store(url)) as store, store.write() as connection:
        for number in range(SHOPS):
            shop = a_shop(shop_id=f"shop{number}", name=f"Shop {number}", reference_digits=0)
            shops.add(connection, Encryption((KEY,)), shop, Secrets((SECRET,)), now=datetime.now(UTC))


def empty_app() -> object:
    from flask import Flask  # in the web server alone

    app = Flask("empty")
    app.post("/empty<_number>")(lambda **_: {"kept": True})
    return app


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--requests", type=int, default=1500, help="for each target in each round")
    asked.add_argument("--connections", type=int, default=8)
    asked.add_argument("--databases", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    asked.add_argument("--redis", nargs="+", choices=["up", "down", "hung"], default=["up", "down", "hung"])
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with servers(given.databases, given.redis) as targets:
        rounds = [
            {name: measured(target, given.requests, given.connections) for name, target in targets.items()}
            for _ in range(given.rounds)
        ]
    figures = {
        name: {field: median(getattr(one[name], field) for one in rounds) for field in Figures.__dataclass_fields__}
        for name in targets
    }
    ratios = {
        f"{name} / {EMPTY}": median(one[name].cpu_ms / one[EMPTY].cpu_ms for one in rounds)
        for name in targets
        if name != EMPTY
    }
    slowest = {name: median(one[name].p99_ms / one[EMPTY].p99_ms for one in rounds) for name in targets}
    if given.json:
        print(json.dumps({"figures": figures, "ratios": ratios, "slowest": slowest}, indent=1))
        return
    print(f"medians of {given.rounds} rounds of {given.requests}, {given.connections} connections")
    print(f"{'':<24}requests/s   ms of processor   / empty   slowest hundredth, ms   / empty")
    for name, one in figures.items():
        ratio = ratios.get(f"{name} / {EMPTY}", 1)
        print(
            f"{name:<24}{one['per_s']:>10.0f}{one['cpu_ms']:>18.2f}{ratio:>10.2f}{one['p99_ms']:>24.1f}{slowest[name]:>10.1f}"
        )


if __name__ == "__main__":
    main()
