"""Slow, broken and forged requests: nobody takes the bridge away from the others, and what is broken is a 400 or a 408."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests.services.process import Program, answers, free_port, running, wait_until
from tests.support.bridge_app import SHOP, BridgeApp, settings_for

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HEAD = f"POST /webhooks/{SHOP} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-WC-Webhook-Signature: x\r\n"
SLOW_HEAD = HEAD.encode()
SLOW_BODY = (HEAD + "Content-Length: 90000\r\n\r\n{").encode()
SLOW_FORM = (
    b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 90000\r\n\r\nemail="
)
SLOW_CHUNKS = (HEAD + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n").encode()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration that waits for seconds where the real one waits for half a minute."""
    path = tmp_path_factory.mktemp("gunicorn") / "conf.py"
    path.write_text(
        "from bridge import server\nfrom bridge.gunicorn_conf import *\n"
        "server.HEAD_S, server.REQUEST_S, server.PATIENCE_S, server.MOST_CONNECTIONS = 1.5, 3.0, 1.0, 100\n",
        encoding="utf-8",
    )
    return path


@contextmanager
def a_bridge(
    app: BridgeApp, *options: str, config: str = "python:bridge.gunicorn_conf", pids: list[int] | None = None
) -> Iterator[int]:
    """The bridge as it runs; the block gets its port."""
    port = free_port()
    settings = settings_for(
        app.settings.database_url, app.settings.data, redis_url=f"redis://127.0.0.1:{free_port()}/0"
    )
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        config,
        "-b",
        f"127.0.0.1:{port}",
        *options,
        "bridge:create_app()",
    ]
    env = {**settings.as_environment(), "PYTHONPATH": str(ROOT)}
    with running(Program(command, log=app.settings.data / "bridge.log", env=env), ready=lambda: answers(port)) as pid:
        if pids is not None:
            pids.append(pid)
        wait_until(lambda: is_well(port), what="the first worker")
        yield port


@pytest.fixture(scope="module")
def usual_port(lasting_app: BridgeApp) -> Iterator[int]:
    """One bridge for all who ask for nothing special."""
    with a_bridge(lasting_app, "--workers", "1") as port:
        yield port


@pytest.fixture(scope="module")
def impatient_port(lasting_app: BridgeApp, impatient: Path) -> Iterator[int]:
    """One that waits for seconds."""
    with a_bridge(lasting_app, "--workers", "1", config=str(impatient)) as port:
        yield port


def is_well(port: int, *, within_s: float = 10) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=within_s).ok
    except requests.RequestException:
        return False


def status_of(port: int, said: bytes, *, wait_s: float = 20) -> int:
    """The status that is answered to *said*; 0 where the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as connection:
        connection.sendall(said)
        first = connection.makefile("rb").readline().split()
    return int(first[1]) if len(first) > 1 else 0


@contextmanager
def dripping(port: int, said: Sequence[bytes], number: int) -> Iterator[None]:
    """So many connections that begin as *said* and then send a byte now and then."""
    over = threading.Event()
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(number)
        ]
        for index, connection in enumerate(connections):
            connection.sendall(said[index % len(said)])
            connection.setblocking(False)

        def drip() -> None:
            while not over.wait(0.3):
                for connection in connections:
                    try:
                        connection.send(b"1")
                    except OSError:
                        continue

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield
        over.set()
        thread.join()


def test_hundreds_of_slow_requests_hold_nobody_up(app: BridgeApp) -> None:
    """Ten took it away, before."""
    slow = (SLOW_HEAD, SLOW_BODY, SLOW_FORM, SLOW_CHUNKS)
    with a_bridge(app, "--workers", "1", "--threads", "2") as port, dripping(port, slow, 300):
        assert [is_well(port, within_s=5) for _ in range(5)] == [True] * 5


@pytest.mark.parametrize("slow", [SLOW_HEAD, SLOW_BODY, SLOW_FORM, SLOW_CHUNKS], ids=["head", "body", "form", "chunks"])
def test_a_request_that_does_not_come_to_its_end_is_a_408(impatient_port: int, slow: bytes) -> None:
    """A byte now and then does not keep it: the last of them is sent well before the end."""
    with socket.create_connection(("127.0.0.1", impatient_port), timeout=15) as connection:
        started = time.monotonic()
        connection.sendall(slow)
        for _ in range(4):
            time.sleep(0.3)
            connection.sendall(b"1")
        first = connection.makefile("rb").readline()
        took_s = time.monotonic() - started
    assert first.split()[1] == b"408"
    assert took_s < 10


def test_readers_who_do_not_read_are_left(app: BridgeApp, impatient: Path) -> None:
    asked = b"GET /static/facturelay.css HTTP/1.1\r\nHost: x\r\n\r\n" * 200
    with a_bridge(app, "--workers", "1", "--threads", "2", config=str(impatient)) as port, ExitStack() as stack:
        for _ in range(20):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            reader.settimeout(5)
            reader.connect(("127.0.0.1", port))
            reader.sendall(asked)
        assert [is_well(port, within_s=5) for _ in range(3)] == [True] * 3


def test_one_sender_does_not_take_all_places(impatient_port: int) -> None:
    """127.0.0.1 holds more than its share; 127.0.0.2 comes in all the same."""
    with dripping(impatient_port, [b"GET"], 48):
        refused = 0
        with ExitStack() as stack:
            for _ in range(6):
                more = stack.enter_context(socket.create_connection(("127.0.0.1", impatient_port), timeout=5))
                more.settimeout(0.7)
                try:
                    refused += more.recv(1) == b""
                except TimeoutError:
                    continue
                except ConnectionResetError:
                    refused += 1
            assert refused
            with socket.create_connection(
                ("127.0.0.1", impatient_port), timeout=5, source_address=("127.0.0.2", 0)
            ) as other:
                other.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                assert other.makefile("rb").readline().split()[1] == b"200"


@pytest.fixture
def told_whose_turn(tmp_path: Path) -> tuple[str, Path, Path]:
    """A configuration that takes requests while *gate* exists and answers once 201 wait, telling *turns* whose is taken."""
    gate, turns, path = tmp_path / "gate", tmp_path / "turns", tmp_path / "conf.py"
    path.write_text(
        f"""from pathlib import Path
from bridge import server
from bridge.gunicorn_conf import *

class Told(server.Turns):
    def __bool__(self):
        if len(self) > 200:
            Path({str(gate)!r}).unlink(missing_ok=True)
        return super().__bool__() and not Path({str(gate)!r}).exists()

    def popleft(self):
        channel = super().popleft()
        with Path({str(turns)!r}).open("a") as told:
            print(channel.addr[0], file=told)
        return channel

server.Turns = Told
""",
        encoding="utf-8",
    )
    return str(path), gate, turns


def test_who_sends_many_requests_waits_for_them_himself(
    app: BridgeApp, told_whose_turn: tuple[str, Path, Path]
) -> None:
    """Two hundred requests of one sender, and then one visitor with another address: his is among the first."""
    config, gate, turns = told_whose_turn
    asked = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with a_bridge(app, "--workers", "1", "--threads", "2", config=config) as port, ExitStack() as stack:
        gate.touch()
        turns.unlink()
        for sender in ["127.0.0.1"] * 200 + ["127.0.0.2"]:
            one = stack.enter_context(
                socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(sender, 0))
            )
            one.sendall(asked)
            last = one
        assert last.makefile("rb").readline().split()[1] == b"200"
        wait_until(lambda: len(turns.read_text().split()) == 201, what="every request's turn")
    assert turns.read_text().split().index("127.0.0.2") < 3


BROKEN = {
    "no chunk size": HEAD + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than it says": HEAD + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": HEAD + "Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n",
    "a negative length": HEAD + "Content-Length: -5\r\n\r\n",
    "a length that is no number": HEAD + "Content-Length: 5x\r\n\r\nabcde",
    "two lengths": HEAD + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "a head line without a colon": "POST /webhooks/x HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "both a length and chunks": HEAD + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks before they were known": (HEAD + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").replace("/1.1", "/1.0"),
    "a bare line feed in a head": "GET /health HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n",
    "no HTTP": "hello\r\n\r\n",
}


def test_what_is_broken_is_a_400_and_never_our_fault(lasting_app: BridgeApp, usual_port: int) -> None:
    said = {name: status_of(usual_port, text.encode()) for name, text in BROKEN.items()}
    unknown = status_of(usual_port, BROKEN["no chunk size"].replace(SHOP, "nosuch").encode())
    other = status_of(usual_port, (HEAD + "Transfer-Encoding: gzip\r\n\r\n").encode())
    assert is_well(usual_port)
    assert said == dict.fromkeys(BROKEN, 400)
    assert (unknown, other) == (400, 501)
    assert "Traceback" not in (lasting_app.settings.data / "bridge.log").read_text()


def test_a_head_without_end_is_refused(usual_port: int) -> None:
    assert status_of(usual_port, b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 100_000) == 431


def test_a_request_smuggled_behind_another_is_not_answered_as_its_own(usual_port: int) -> None:
    both = (
        HEAD + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", usual_port), timeout=10) as client:
        client.sendall(both.encode())
        client.settimeout(3)
        received = b""
        try:
            while more := client.recv(65_536):
                received += more
        except TimeoutError:
            pass
    assert b"alive" not in received


def test_what_is_under_way_is_answered_when_the_bridge_ends(app: BridgeApp) -> None:
    pids: list[int] = []
    with a_bridge(app, "--workers", "1", pids=pids) as port, socket.create_connection(
        ("127.0.0.1", port), timeout=20
    ) as client:  # fmt: skip
        client.sendall(b"POST /webhooks/nosuch HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
        time.sleep(0.5)
        os.kill(pids[0], signal.SIGTERM)
        time.sleep(0.5)
        client.sendall(b"cde")
        assert client.makefile("rb").readline().split()[1] == b"404"
