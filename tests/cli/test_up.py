"""`facturelay up`, as a person or a script runs it: real processes, one recorded delivery, a clean end."""

import fcntl
import gc
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge import gunicorn_conf
from tests.cli.conftest import Answer
from tests.services.process import answers, free_port, wait_until
from worker.cli import main
from worker.demo import hookshot
from worker.demo.mailbox import Mailbox
from worker.demo.orders import a_refund, an_order, php_json
from worker.demo.pretend_shop import PretendShop
from worker.demo.recordings import load
from worker.errors import Rejected
from worker.processes import broker, supervisor
from worker.processes.bridge import address
from worker.processes.supervisor import Process, Supervisor
from worker.settings import Settings
from worker.store.database import migration_lock

pytestmark = pytest.mark.slow
RECORDINGS = Path(__file__).parents[1] / "recordings"
SELLER = (
    "seller.name=De Gouden Koffiepot", "seller.address.street=Koestraat 41", "seller.address.postcode=9000",
    "seller.address.city=Gent", "seller.address.country=BE", "seller.vat_number=BE 0445.566.134", "seller.email=a@koffiepot.test",
    "seller.legal_form=BV", "seller.register=RPR Gent", "seller.iban=BE71096123456769",
)  # fmt: skip
# The command, told to end right after it said where it answers.
ENDS_ITSELF = """
import os, signal
from worker.cli import main, up
say = up.print_addresses
up.print_addresses = lambda *values, **names: (say(*values, **names), os.kill(os.getpid(), signal.SIGTERM))
main()
"""


class Up:
    """A running system and the command line beside it."""

    def __init__(self, data: Path, *, smtp_url: str, run: Sequence[str] = ("-m", "worker.cli")) -> None:
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FACTURELAY_")},
            "FACTURELAY_DATA": str(data),
            "FACTURELAY_SMTP_URL": smtp_url,
            "FACTURELAY_ALLOW_PRIVATE_SHOPS": "1",
            "FACTURELAY_LOG_LEVEL": "WARNING",
            "FACTURELAY_EXCHANGE_RATES_URL": "",
            "FACTURELAY_VIES_URL": "",
        }
        self.process = subprocess.Popen(
            [sys.executable, *run, "up", "--port", str(self.port)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def command(self, *words: str) -> Answer:
        """What a command says beside it. In this process: another would load all of it anew for each."""
        out, err, code = io.StringIO(), io.StringIO(), 0
        with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
            for name in [name for name in os.environ if name.startswith("FACTURELAY_")]:
                patched.delenv(name)
            for name, value in self.environment.items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["facturelay", *words])
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
        return Answer(code, out.getvalue(), err.getvalue())

    def json(self, *words: str) -> Any:
        answer = self.command(*words, "--json")
        assert answer.code == 0, answer.err + answer.out
        return answer.json

    def wait_until_ready(self) -> None:
        """Until the pages answer and all that works beside them does."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                is_open = requests.get(f"http://127.0.0.1:{self.port}/ready", timeout=2).status_code == 200
            except requests.ConnectionError:
                is_open = False
            if is_open and self.command("status").code == 0:
                return
            time.sleep(0.1)
        raise AssertionError("the system does not open")

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output.decode()


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Up, PretendShop, Mailbox]]:
    """One for all tests, which stand in the order in which they use it: the last one stops it."""
    with PretendShop() as shop, Mailbox() as mailbox:
        system = Up(tmp_path_factory.mktemp("up") / "data", smtp_url=mailbox.url)
        try:
            system.wait_until_ready()
            yield system, shop, mailbox
        finally:
            if system.process.poll() is None:
                system.stop()


def test_a_forged_delivery_leaves_nothing(up: tuple[Up, PretendShop, Mailbox]) -> None:
    system, shop, _ = up
    made = system.json("shop", "add", "--name", "Vervalst", "--url", shop.url, *SELLER)
    body = php_json(an_order(id=1))
    headers = {"Content-Type": "application/json", "X-WC-Webhook-Topic": "order.updated"}
    forged = {**headers, "X-WC-Webhook-Signature": hookshot.signature("guessed", body)}
    assert hookshot.post(made["delivery_url"], body, headers=forged) == 401
    assert system.json("documents", "list") == []
    assert system.json("status", "--wait-idle", "10")["done"] == 0


def test_a_recorded_delivery_needs_no_key_and_no_shop_that_answers(up: tuple[Up, PretendShop, Mailbox]) -> None:
    system, _, mailbox = up
    before = len(mailbox.messages())
    delivery = next(s for s in load(RECORDINGS) if s.name.startswith("s16")).steps[-1].deliveries[-1]
    made = system.json(
        "shop", "add", "--name", "Opname", "--url", "http://127.0.0.1:9", "--webhook-secret", delivery.secret,
        "orders.since=2026-11-01", *SELLER,
    )  # fmt: skip
    headers = {
        name: value
        for name, value in delivery.headers
        if name.lower() not in ("host", "content-length", "connection", "x-wc-webhook-source")  # it is another address
    }
    assert hookshot.post(made["delivery_url"], delivery.body, headers=headers) == 200
    system.json("status", "--wait-idle", "60")
    (invoice,) = system.json("documents", "list", "--shop", made["id"])
    assert (invoice["total"], invoice["noted_at"]) == ("15.00", None)
    assert len(mailbox.messages()) == before + 1


def test_what_is_refused_is_a_sentence_and_never_a_traceback(up: tuple[Up, PretendShop, Mailbox]) -> None:
    system, _, _ = up
    wrong = system.command("order", "show", "999", "--shop", "none")
    assert (wrong.code, "Traceback" in wrong.err) == (1, False)
    assert system.command("shop", "add", "--name", "x", "--url", "ftp://x", "--webhook-secret", "s").code == 1
    assert system.command("shop", "add").code == 2


def test_a_second_installation_leaves_the_folder_of_the_first_alone(up: tuple[Up, PretendShop, Mailbox]) -> None:
    system, _, _ = up
    second = subprocess.run(
        [sys.executable, "-m", "worker.cli", "up", "--port", str(free_port())],
        check=False,
        env=system.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert second.returncode != 0
    assert "Another “facturelay up” still runs on" in second.stderr
    assert "Traceback" not in second.stderr
    assert system.json("status")["healthy"]


def test_a_signal_by_which_gunicorn_begins_anew_changes_nothing(up: tuple[Up, PretendShop, Mailbox]) -> None:
    """A second bridge, of which nobody here knows, would hold the port after the end of all others: the last test looks."""
    system, _, _ = up
    pid = system.process.pid
    parts = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for told in (pid, *map(int, parts)):
        os.kill(told, signal.SIGUSR2)
    assert system.json("status")["healthy"]


def test_a_script_connects_a_shop_and_an_order_walks_the_whole_way(up: tuple[Up, PretendShop, Mailbox]) -> None:
    system, shop, mailbox = up
    before = len(mailbox.messages())
    keys = ("--rest-key", shop.consumer_key, "--rest-secret", shop.consumer_secret, "orders.since=2026-11-01")
    made = system.json("shop", "add", "--name", "Proef", "--url", shop.url, *keys, *SELLER)
    assert made["delivery_url"] == f"http://127.0.0.1:{system.port}/webhooks/{made['id']}"

    order = an_order(id=238)
    shop.place(order)
    shop.refund(238, a_refund(order, id=301, amount="5.00"))
    for topic in ("order.created", "order.updated"):
        shop.add_webhook(topic, made["delivery_url"], made["webhook_secret"])
        assert shop.deliver(238, topic) == [200]

    status = system.json("status", "--wait-idle", "60")
    assert (status["healthy"], status["waiting"], status["failed"]) == (True, 0, 0)
    invoice, credit_note = system.json("documents", "list", "--shop", made["id"])
    assert (invoice["kind"], invoice["number"], invoice["total"], invoice["status"]) == (
        "invoice",
        "F2026-00001",
        "22.20",
        "issued",
    )
    assert (credit_note["total"], credit_note["corrects"]) == ("5.00", "F2026-00001")
    assert requests.get(f"{invoice['link']}/pdf", timeout=10).content.startswith(b"%PDF")
    assert len(mailbox.messages()) == before + 1
    assert system.json("order", "show", "238", "--shop", made["id"])["order"]["order_number"] == "238"
    assert made["id"] in [one["id"] for one in system.json("shop", "list")]

    code, output = system.stop()
    assert code == 0, output
    assert "Traceback" not in output
    assert not answers(system.port)


def test_a_taken_port_is_one_sentence_before_anything_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FACTURELAY_")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = subprocess.run(
            [sys.executable, "-m", "worker.cli", "up", "--port", port, "--data", str(data)],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    said = f"Nothing can listen on port {port} of 127.0.0.1: another program listens there. Choose another with --port."
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", f"{said} [port_taken]\n")
    assert not (data / "public-url").exists()


def test_the_bridge_loads_first_and_serves_nobody_before_the_database_is_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(tmp_path, "http://localhost", f"sqlite:///{tmp_path}/f.db", "unix:///no", ("k" * 32,))
    monkeypatch.setenv("FACTURELAY_DATA", str(tmp_path))
    monkeypatch.setattr(os, "umask", lambda _: 0o077)  # of the process that serves
    monkeypatch.setattr(gc, "freeze", lambda: None)
    opens = threading.Thread(target=gunicorn_conf.on_starting, args=(None,))  # as gunicorn does once it has loaded
    seen: list[str] = []

    def start(self: Process) -> None:
        seen.append(self.name.partition(" ")[0])
        if self.name == "bridge":
            opens.start()

    def bring_up_to_date(_: Settings) -> None:
        opens.join(0.3)
        seen.append(f"up to date, waiting: {opens.is_alive()}")

    def wait_until_answered(*_: object) -> None:
        opens.join(10)
        seen.append(f"answered: {not opens.is_alive()}")

    monkeypatch.setattr(Process, "start", start)
    monkeypatch.setattr(supervisor, "bring_up_to_date", bring_up_to_date)
    monkeypatch.setattr(supervisor, "wait_until_answered", wait_until_answered)
    supervisor.start_all(settings, host="127.0.0.1", port=free_port(), workers=1, embedded_broker=False)

    assert seen == ["bridge", "up to date, waiting: True", "answered: True", "worker", "long", "scheduler"]


def test_who_waits_for_another_that_brings_the_database_up_to_date_can_be_stopped(tmp_path: Path) -> None:
    with migration_lock.held(tmp_path):
        waiting = Up(tmp_path, smtp_url="")
        until = time.monotonic() + 60
        while not (tmp_path / "up.lock").exists() and time.monotonic() < until:
            time.sleep(0.05)
        waiting.process.send_signal(signal.SIGINT)
        waiting.process.communicate(timeout=60)
    assert waiting.process.returncode == 130


def test_who_ends_it_as_soon_as_it_says_where_it_answers_ends_it(tmp_path: Path) -> None:
    """Its workers are only then begun. A signal that is raised there may be lost in the fork of one; at best it is an error."""
    begun = Up(tmp_path, smtp_url="", run=("-c", ENDS_ITSELF))
    output = begun.process.communicate(timeout=60)[0].decode()
    assert "answers at" in output
    assert (begun.process.returncode, "Stopping; the work at hand is finished first." in output) == (0, True), output


def test_where_the_database_cannot_be_brought_up_to_date_the_bridge_ends_before_it_may_serve_and_before_its_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(tmp_path, "http://localhost", f"sqlite:///{tmp_path}/f.db", "unix:///no", ("k" * 32,))
    stopped: list[tuple[str, bool]] = []

    def stop(process: Process) -> None:
        with (tmp_path / migration_lock.NAME).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                stopped.append((process.name, True))
            except BlockingIOError:
                stopped.append((process.name, False))

    def bring_up_to_date(_: Settings) -> None:
        raise Rejected("The disk is full.", code="disk_full")

    monkeypatch.setattr(Process, "start", lambda self: setattr(self, "popen", self))
    monkeypatch.setattr(broker, "command", lambda _: ["valkey"])
    monkeypatch.setattr(broker, "wait_until_ready", lambda *_: None)
    monkeypatch.setattr(supervisor, "bring_up_to_date", bring_up_to_date)
    monkeypatch.setattr(supervisor, "stop_process", stop)
    with pytest.raises(Rejected, match="The disk is full"):
        supervisor.start_all(settings, host="127.0.0.1", port=free_port(), workers=1, embedded_broker=True)

    assert stopped[:2] == [("bridge", False), ("valkey", False)]  # whether it might serve


@pytest.mark.parametrize(("command", "end"), [("kill -9 $$", "by signal 9"), ("exit 3", "with exit code 3")])
def test_the_log_says_how_a_part_ended_that_is_started_again(
    caplog: pytest.LogCaptureFixture, command: str, end: str
) -> None:
    machine = Supervisor(dict(os.environ))
    part = machine.add("worker 1", ["sh", "-c", command])
    wait_until(lambda: not part.is_alive, what="its end")
    machine.restart(part)
    assert caplog.messages == [f"worker 1 ended {end}; it is started again in 1.0 s"]


@pytest.mark.parametrize(("host", "known"), [("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "127.0.0.1")])  # noqa: S104
def test_the_address_of_a_server_is_one_that_its_own_machine_reaches(host: str, known: str) -> None:
    assert address(host, 8080) == f"http://{known}:8080"
