"""What a call of a shop costs with its one end in time and bytes, beside a plain `requests` session, in the same run.

    python benchmarks/calls.py [--rounds 7] [--json]

Processor time of this process, so that other work on the machine counts little; read the ratio. The shop is a thread on loopback in a
process of its own and answers six kilobytes, as for one order.
"""

import argparse
import json
import multiprocessing
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests

from worker.net.guarded_http import guarded_session
from worker.net.http_call import Question, call

BODY = b'{"id": 1, "meta_data": [' + b", ".join(b'{"key": "k%d", "value": "vvvvvvvv"}' % n for n in range(160)) + b"]}"
SAID = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
CALLS = 300


def serve(told: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        told.send(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection: socket.socket) -> None:
    with connection:
        while connection.recv(65_536):
            connection.sendall(SAID)


def plainly(url: str, *, fresh: bool) -> None:
    session = requests.Session()
    session.trust_env = False
    for _ in range(CALLS):
        session.get(url, timeout=(5, 15)).raise_for_status()
        if fresh:
            session.close()
    session.close()


def with_an_end(url: str, *, fresh: bool) -> None:
    session = guarded_session(allow_private=True)
    for _ in range(CALLS):
        call(session, Question("GET", url, total_s=40, wait_s=15, most_bytes=20_000_000))
        if fresh:
            session.close()
    session.close()


def microseconds(work: Callable[..., None], url: str, *, fresh: bool) -> float:
    start = time.process_time()
    work(url, fresh=fresh)
    return (time.process_time() - start) / CALLS * 1e6


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=7)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    ours, theirs = multiprocessing.Pipe()
    shop = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    shop.start()
    url = f"http://localhost:{ours.recv()}/"
    us: dict[str, tuple[float, float]] = {}
    for name, fresh in (("one connection", False), ("each its own", True)):
        pairs = [
            (microseconds(plainly, url, fresh=fresh), microseconds(with_an_end, url, fresh=fresh))
            for _ in range(given.rounds)
        ]
        plain, ended = (statistics.median(column) for column in zip(*pairs, strict=True))
        us[name] = plain, ended
    shop.kill()
    if given.json:
        print(json.dumps({"us": us, "ratios": {name: ended / plain for name, (plain, ended) in us.items()}}, indent=1))
        return
    print(f"median of {given.rounds}, in us a call   plainly   with an end   ratio")
    for name, (plain, ended) in us.items():
        print(f"{name:<27}{plain:>10.0f}{ended:>14.0f}{ended / plain:>8.2f}")


if __name__ == "__main__":
    main()
