"""What the bridge's web server does for its processor time, and how it fares among slow clients.

    python benchmarks/web_server.py [options of gunicorn's, such as: -k gthread --threads 8]

Requests per second of processor (all its processes), so that other work on the machine counts little; then, beside so many clients that
send a head or a body, or take an answer of a megabyte, a byte at a time: how many of six visitors are answered within four seconds, the
median, and the memory. Linux only. Servers that are not gunicorn's were measured with the same questions; see benchmarks/README.md.
"""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPLICATION = """
from bridge import create_app
from flask import Response
app = create_app()
app.add_url_rule("/megabyte", view_func=lambda: Response(b"x" * 1_000_000))
"""
SLOW = {
    "head": b"POST /sign-in HTTP/1.1\r\nHost: x\r\nX-A",
    "body": b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 1000000\r\n\r\na=",
    "reader": b"GET /megabyte HTTP/1.1\r\nHost: x\r\n\r\n",
}
NUMBERS = (10, 100, 1000)
TICKS = os.sysconf("SC_CLK_TCK")


def main(options: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), options) as (pid, port):
        for path, number in (("/health", 800), ("/sign-in", 240)):
            print(f"{path:<9} {per_second_of_processor(pid, port, path, number):>5} requests per second of processor")
        print(f"memory    {megabytes(pid)} MB")
        for kind in SLOW:
            for number in NUMBERS:
                print(f"{number:>5} slow {kind:<7}", beside(pid, port, kind, number), flush=True)


@contextmanager
def running(folder: Path, options: list[str]) -> Iterator[tuple[int, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "measured.py").write_text(APPLICATION, encoding="utf-8")
    env = {
        **os.environ,
        "FACTURELAY_DATA": str(folder),
        "FACTURELAY_SECRET_KEY": "k" * 40,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PYTHONPATH": f"{ROOT}:{folder}",
    }
    subprocess.run([sys.executable, "-m", "worker.cli", "migrate"], env=env, check=True, capture_output=True)
    command = [sys.executable, "-m", "gunicorn", "-c", "python:bridge.gunicorn_conf", "-b", f"127.0.0.1:{port}"]
    with subprocess.Popen([*command, *options, "measured:app"], env=env, stderr=subprocess.DEVNULL) as server:
        try:
            while not status(port):
                time.sleep(0.1)
            yield server.pid, port
        finally:
            server.kill()
            for child in family(server.pid)[1:]:
                os.kill(child, 9)


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [pid, *(int(child) for child in (children.read_text().split() if children.exists() else ()))]


def processor_s(pid: int) -> float:
    stats = (Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in family(pid))
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS


def megabytes(pid: int) -> int:
    rollups = (Path(f"/proc/{one}/smaps_rollup").read_text().split("\n") for one in family(pid))
    return sum(int(line.split()[1]) for lines in rollups for line in lines if line.startswith("Pss:")) // 1000


def status(port: int, path: str = "/health", timeout_s: float = 20) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
    return answer.status


def per_second_of_processor(pid: int, port: int, path: str, number: int) -> int:
    before = processor_s(pid)
    threads = [threading.Thread(target=lambda: [status(port, path) for _ in range(number // 4)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(number / (processor_s(pid) - before))


def beside(pid: int, port: int, kind: str, number: int) -> str:
    clients = [slow_client(port, kind) for _ in range(number)]
    over = threading.Event()
    threading.Thread(target=drip, args=(clients, kind, over), daemon=True).start()
    time.sleep(1)
    took = []
    for _ in range(6):
        start = time.monotonic()
        if status(port, timeout_s=4) == 200:
            took.append(time.monotonic() - start)
    memory = megabytes(pid)
    over.set()
    for client in clients:
        client.close()
    time.sleep(1)
    median = f"{statistics.median(took) * 1000:.0f} ms" if took else "-"
    return f"{len(took)} of 6 visitors, {median}, {memory} MB"


def slow_client(port: int, kind: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(2)
    try:
        client.connect(("127.0.0.1", port))
        client.sendall(SLOW[kind])
    except OSError:
        pass
    client.setblocking(False)
    return client


def drip(clients: list[socket.socket], kind: str, over: threading.Event) -> None:
    while not over.wait(2):
        for client in clients:
            try:
                client.recv(100) if kind == "reader" else client.send(b"a")
            except OSError:
                continue


if __name__ == "__main__":
    main(sys.argv[1:])
