"""The door as it runs: real processes, real sockets, and a Redis that refuses or hangs."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.services.process import Program, answers, free_port, running, wait_until
from tests.support.bridge_app import KEY, ORDER, PDF, SHOP, BridgeApp, recorded_deliveries, settings_for, signed_headers
from worker.net import document_link

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
QUICKLY_S = 0.9


@dataclass(frozen=True)
class Door:
    """gunicorn on loopback, and what it writes."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.RequestException:
            return False

    def deliver(
        self, body: bytes = ORDER, headers: dict[str, str] | None = None, *, shop: str = SHOP, timeout_s: float = 20
    ) -> requests.Response:
        # WooCommerce opens a connection for each delivery, so each is a new one here.
        return requests.post(
            f"{self.url}/webhooks/{shop}",
            data=body,
            headers={**(headers or signed_headers(body)), "Connection": "close"},
            timeout=timeout_s,
        )


@contextmanager
def a_door(app: BridgeApp, *, redis_url: str, options: tuple[str, ...] = ()) -> Iterator[Door]:
    port = free_port()
    settings = settings_for(app.settings.database_url, app.settings.data, redis_url=redis_url)
    log = app.settings.data / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", "-c", "python:bridge.gunicorn_conf", "-b", f"127.0.0.1:{port}"]
    env = {**settings.as_environment(), "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    with running(Program([*command, *options, "bridge:create_app()"], log=log, env=env), ready=lambda: answers(port)):
        door = Door(port, log)
        # The port is open before the first worker is: what comes in between waits.
        wait_until(door.is_ready, what="the first worker")
        yield door


@pytest.fixture(scope="module")
def refusing_redis() -> str:
    """An address where nobody listens."""
    return f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture(scope="module")
def door(lasting_app: BridgeApp, refusing_redis: str) -> Iterator[Door]:
    """One for all who ask for nothing special."""
    with a_door(lasting_app, redis_url=refusing_redis) as door:
        yield door


@pytest.fixture
def hanging_redis() -> Iterator[str]:
    """Takes every connection and never says a word."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(100)
        yield f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"


def slowest_of_twenty(door: Door) -> float:
    door.deliver()  # the first one after the start also pays for opening the database
    took = []
    for _ in range(20):
        started = time.monotonic()
        assert door.deliver().status_code == 200
        took.append(time.monotonic() - started)
    return max(took)


def test_no_delivery_waits_for_a_redis_that_refuses_and_none_is_lost(door: Door, lasting_app: BridgeApp) -> None:
    before = lasting_app.how_many_kept()

    assert slowest_of_twenty(door) < QUICKLY_S
    assert lasting_app.how_many_kept() == before + 21


def test_no_delivery_waits_for_a_redis_that_hangs_and_none_is_lost(app: BridgeApp, hanging_redis: str) -> None:
    with a_door(app, redis_url=hanging_redis) as door:
        assert slowest_of_twenty(door) < QUICKLY_S
    assert app.how_many_kept() == 21


def test_a_recorded_shop_replayed_over_the_wire_is_stored_byte_for_byte(door: Door, lasting_app: BridgeApp) -> None:
    recorded = [json.loads(path.read_text()) for path in recorded_deliveries()]
    lasting_app.add_shop("recorded", secrets=tuple({each["secret"] for each in recorded}))

    statuses = [
        door.deliver(each["body_text"].encode(), dict(each["headers"]), shop="recorded").status_code
        for each in recorded
    ]

    orders = {json.loads(each["body_text"])["id"] for each in recorded}
    kept = sorted((one.delivery_id, one.body) for order in orders for one in lasting_app.kept(order, shop="recorded"))
    assert statuses == [200] * len(recorded)
    assert [body for _, body in kept] == [each["body_text"].encode() for each in recorded]


def test_fifty_identical_deliveries_from_many_connections_are_all_stored(
    app_on_each_database: BridgeApp, hanging_redis: str
) -> None:
    with a_door(app_on_each_database, redis_url=hanging_redis) as door, ThreadPoolExecutor(16) as threads:
        statuses = list(threads.map(lambda _: door.deliver().status_code, range(50)))

    assert (statuses, app_on_each_database.how_many_kept()) == ([200] * 50, 50)


def chunked(door: Door, body: bytes) -> tuple[int, bytes]:
    """Send *body* in pieces, without saying before how long it is."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=20)
    headers = {**signed_headers(body), "Transfer-Encoding": "chunked"}
    pieces = (body[start : start + 4_000] for start in range(0, len(body), 4_000))
    connection.request("POST", f"/webhooks/{SHOP}", body=pieces, headers=headers, encode_chunked=True)
    answer = connection.getresponse()
    said = answer.status, answer.read()
    connection.close()
    return said


def test_a_body_without_a_length_is_stored_or_refused_like_any_other(door: Door, lasting_app: BridgeApp) -> None:
    longest = b'{"id":239,"x":"' + b"x" * (lasting_app.settings.max_body_bytes - 17) + b'"}'
    too_long = {"one byte": longest + b" ", "twice": longest * 2}

    kept, _ = chunked(door, longest)
    refused = {name: chunked(door, body) for name, body in too_long.items()}

    assert kept == 200
    assert {name: (status, json.loads(said)["error"]) for name, (status, said) in refused.items()} == dict.fromkeys(
        too_long, (413, "body_too_large")
    )
    assert [one.body for one in lasting_app.kept(239)] == [longest]


def test_what_is_refused_unread_is_still_answered(door: Door) -> None:
    body = b"x" * 90_000
    unsigned = [door.deliver(body, {"Content-Type": "application/json"}).status_code for _ in range(5)]
    unknown = [door.deliver(body, shop="nobody").status_code for _ in range(5)]
    too_long = [door.deliver(body * 2).status_code for _ in range(5)]

    assert (unsigned, unknown, too_long) == ([401] * 5, [404] * 5, [413] * 5)


def test_links_work_over_the_wire_and_no_log_holds_a_token(app: BridgeApp, refusing_redis: str) -> None:
    document = app.issue()
    token = document_link.sign((KEY,), document.document_id, now=app.now)

    loud = ("--access-logfile", "-", "--log-level", "debug", "--capture-output")
    with a_door(app, redis_url=refusing_redis, options=loud) as door:
        page, pdf = (
            requests.get(f"{door.url}/d/{token}", timeout=20),
            requests.get(f"{door.url}/d/{token}/pdf", timeout=20),
        )
        head = requests.head(f"{door.url}/d/{token}/pdf", timeout=20)
        (app.settings.archive / f"{document.document_id}.pdf").unlink()
        gone = requests.get(f"{door.url}/d/{token}/pdf", headers={"Referer": f"{door.url}/d/{token}"}, timeout=20)

    assert [page.status_code, pdf.status_code, head.status_code, gone.status_code] == [200, 200, 200, 422]
    assert (pdf.content, head.content, head.headers["Content-Length"]) == (PDF, b"", str(len(PDF)))
    log = door.log.read_text()
    assert "GET /d/…/pdf" in log
    assert token not in log


def test_by_default_there_is_no_access_log(door: Door) -> None:
    requests.get(f"{door.url}/health", timeout=20)

    assert "/health" not in door.log.read_text()


def test_metrics_come_from_the_database_so_every_process_says_the_same(door: Door) -> None:
    for _ in range(3):
        door.deliver()
    said = {requests.get(f"{door.url}/metrics", timeout=20).text for _ in range(6)}

    assert (
        len({line for text in said for line in text.splitlines() if "deliveries{" in line and "waiting" in line}) == 1
    )


def test_clients_that_fall_silent_do_not_hold_all_threads(app: BridgeApp, refusing_redis: str) -> None:
    half_a_head = b"POST /webhooks/x HTTP/1.1\r\nHost: x\r\n"
    half_a_body = (
        f"POST /webhooks/{SHOP} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "X-WC-Webhook-Signature: x\r\nContent-Length: 5000\r\n\r\n{"
    ).encode()
    few = ("--workers", "1", "--threads", "2")
    with a_door(app, redis_url=refusing_redis, options=few) as door, ExitStack() as connections:
        for number in range(3):
            silent = connections.enter_context(socket.create_connection(("127.0.0.1", door.port)))
            silent.sendall(half_a_body if number % 2 else half_a_head)
        time.sleep(0.5)
        started = time.monotonic()
        status = door.deliver(timeout_s=45).status_code
        took = time.monotonic() - started

    assert status == 200
    assert took < 40  # WooCommerce waits 60


def test_a_master_that_is_told_to_begin_anew_begins_by_the_same_command() -> None:
    """SIGUSR2; of `python -c` Python itself keeps no program among its arguments."""
    asks = "from types import SimpleNamespace as S; from bridge import gunicorn_conf as g; s = S(START_CTX={}); g.pre_exec(s); print(s.START_CTX['args'])"
    command = [sys.executable, "-c", asks, "--bind", "x"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == f"{command}\n"


def test_who_was_let_in_before_the_end_is_still_answered(app: BridgeApp, tmp_path: Path) -> None:
    """A machine is replaced while customers come: a connection that was made is not cut, though nothing was asked yet."""
    pid = tmp_path / "gunicorn.pid"
    with a_door(app, redis_url="redis://127.0.0.1:1", options=("--pid", str(pid))) as door, ExitStack() as open_ones:
        let_in = [http.client.HTTPConnection("127.0.0.1", door.port, timeout=10) for _ in range(20)]
        for connection in let_in:
            open_ones.callback(connection.close)
        for connection in let_in:
            connection.connect()
        os.kill(int(pid.read_text()), signal.SIGTERM)
        time.sleep(0.5)
        for connection in let_in:
            connection.request("GET", "/health")
        responses = [open_ones.enter_context(connection.getresponse()) for connection in let_in]

    answered = [response.status for response in responses]
    assert answered == [200] * len(let_in)
