"""From SQLite to PostgreSQL: every row, the numbers that follow, and no way to go on with both."""

import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Table, func, inspect, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from tests.services.postgres import Postgres
from tests.services.process import wait_until
from tests.support.every_table import fill_every_table
from tests.support.system import START, System, a_system
from worker.accounting import verify
from worker.demo.orders import an_order
from worker.errors import Rejected, Unavailable
from worker.maintenance import backup
from worker.maintenance.move_database import Moved, move_database
from worker.processes.supervisor import prepare
from worker.queue.job_progress import OnProgress, tell_nobody
from worker.services import Services
from worker.store.database import moved
from worker.store.database.engine import Store
from worker.store.database.migrate import upgrade
from worker.store.database.tables import documents, jobs, metadata


@pytest.fixture
def target(postgres: Postgres) -> Iterator[str]:
    """An empty database of PostgreSQL."""
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def other_target(postgres: Postgres) -> Iterator[str]:
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def system(sqlite_url: str, tmp_path: Path) -> Iterator[System]:
    """A shop whose installation began on SQLite."""
    with a_system(sqlite_url, tmp_path) as made:
        yield made


def move(system: System, target: str, *, on_progress: OnProgress = tell_nobody) -> Moved:
    """Stop everything, and move."""
    system.services.store.close()
    return move_database(system.services.settings, target, now=START, on_progress=on_progress)


def begin_on(system: System, target: str) -> None:
    """Start again with another DATABASE_URL."""
    system.services = Services(replace(system.services.settings, database_url=target), now=system.clock)


def tables_of(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that the database itself says it has, but for the marks of a migration and of a move."""
    store = Store(url, alone=url.startswith("sqlite"))
    try:
        with store.write() as connection:
            names = set(inspect(connection).get_table_names()) - {"alembic_version", "moved"}
            return {name: sorted(rows_of(connection, metadata.tables[name]), key=repr) for name in names}
    finally:
        store.close()


def rows_of(connection: object, table: Table) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(select(table))]  # type: ignore[attr-defined]  # a Connection


def test_every_row_of_every_table_arrives_as_it_was(system: System, target: str) -> None:
    system.arrives(an_order(id=1))
    fill_every_table(system.services.store)
    made = move(system, target)
    before, after = tables_of(system.services.settings.database_url), tables_of(target)
    assert after == before
    assert [name for name, rows in after.items() if not rows] == [], "tables of which nothing is tried"
    assert made.rows == {name: len(rows) for name, rows in after.items()}


def test_numbers_go_on_without_a_gap_and_what_was_under_way_is_done(system: System, target: str) -> None:
    system.arrives(an_order(id=1))
    system.arrives(an_order(id=2))
    # Made once each: a second later its delivery would tell of a change that the shop's answer lacks.
    third, fourth = an_order(id=3), an_order(id=4)
    system.shop.place(third)
    system.shop.place(fourth)
    waiting, running = system.receive(third), system.receive(fourth)
    begun = {"state": "running", "lease": "of a worker that is gone", "lease_until": START}
    with system.services.store.write() as connection:
        connection.execute(update(jobs).where(jobs.c.job_id == running).values(begun))
    numbers = system.numbers()
    move(system, target)

    begin_on(system, target)
    system.clock.move(minutes=5)
    system.work()
    system.arrives(an_order(id=5))
    with system.services.store.read() as connection:
        sequences = connection.execute(select(documents.c.sequence).order_by(documents.c.document_id)).scalars().all()
        states = set(connection.execute(select(jobs.c.state).where(jobs.c.job_id.in_((waiting, running)))).scalars())
    assert (len(numbers), list(sequences), states) == (2, [1, 2, 3, 4, 5], {"done"})
    assert [proof.damages for proof in verify.verify(system.services)] == [()]


def test_new_ids_follow_the_highest(system: System, target: str) -> None:
    fill_every_table(system.services.store)
    move(system, target)
    store = Store(target)
    with store.write() as connection:
        for table in metadata.sorted_tables:
            key = table.autoincrement_column
            sequence = key is not None and connection.scalar(func.pg_get_serial_sequence(table.name, key.name))
            if key is not None and sequence:
                following = connection.scalar(select(func.max(key) + 1))
                assert (table.name, connection.scalar(func.nextval(sequence))) == (table.name, following)
    store.close()


def test_nothing_goes_on_with_the_old_one(system: System, target: str) -> None:
    system.arrives(an_order(id=1))
    move(system, target)
    for use in (
        lambda: prepare(system.services.settings),
        lambda: upgrade(system.services.settings.database_url),
        lambda: system.receive(an_order(id=2)),
        lambda: backup.back_up(system.services, system.services.settings.data / "b.tar.gz", with_key=False),
        lambda: move(system, target),
    ):
        with pytest.raises(Rejected, match=r"was moved to postgresql://.*its numbers would be given twice"):
            use()


def test_no_earlier_version_gives_a_number_in_the_old_one_either(system: System, target: str) -> None:
    system.arrives(an_order(id=1))
    move(system, target)
    columns = [column for column in documents.c if column.name != "document_id"]
    once_more = documents.insert().from_select(columns, select(*columns))
    store = Store(system.services.settings.database_url, alone=True)
    with store.write() as connection, pytest.raises(IntegrityError, match="this database was moved"):
        connection.execute(once_more)
    store.close()


def holds_nothing(target: str) -> bool:
    store = Store(target)
    try:
        with store.read() as connection:
            return not inspect(connection).get_table_names()
    finally:
        store.close()


def test_what_breaks_off_leaves_nothing_there_and_the_old_one_as_it_was(system: System, target: str) -> None:
    system.arrives(an_order(id=1))

    def give_up(done: int, of: int) -> None:
        if done > of / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(system, target, on_progress=give_up)
    assert holds_nothing(target)
    system.arrives(an_order(id=2))
    assert move(system, target).rows["documents"] == 2


def hang_up(postgres: Postgres, target: str) -> None:
    """As a server that is stopped."""
    with postgres.connect("postgres") as connection:
        name = make_url(target).database
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


def test_a_server_that_goes_away_is_named_and_leaves_nothing(system: System, target: str, postgres: Postgres) -> None:
    fill_every_table(system.services.store)

    def cut(done: int, of: int) -> None:
        if done > of / 2:
            hang_up(postgres, target)

    with pytest.raises(Unavailable, match=r"postgresql://.* does not answer: .*Call the same again"):
        move(system, target, on_progress=cut)
    assert holds_nothing(target)
    prepare(system.services.settings)


@pytest.fixture
def then(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], None]], None]:
    """Let something happen once, right after a step of the mark."""

    def after(step: str, happens: Callable[[], None]) -> None:
        real = getattr(moved, step)

        def once(*arguments: object, **more: object) -> None:
            real(*arguments, **more)
            monkeypatch.setattr(moved, step, real)
            happens()

        monkeypatch.setattr(moved, step, once)

    return after


def crash() -> None:
    raise KeyboardInterrupt


def half_moved(system: System, other_target: str) -> None:
    """Neither is gone on with, nor is it moved to anywhere else."""
    for use in (lambda: prepare(system.services.settings), lambda: move(system, other_target)):
        with pytest.raises(Rejected, match="broken off at its last step"):
            use()


def test_a_crash_before_the_new_one_is_complete_leaves_none_to_go_on_with_until_it_is_called_again(
    system: System, target: str, other_target: str, postgres: Postgres, then: Callable[..., None]
) -> None:
    system.arrives(an_order(id=1))
    then("write", lambda: hang_up(postgres, target))
    with pytest.raises(Unavailable):
        move(system, target)
    assert holds_nothing(target)
    half_moved(system, other_target)
    move(system, target)
    begin_on(system, target)
    assert system.numbers() == ["F2026-00001"]


def test_a_crash_after_the_new_one_is_complete_is_finished_by_the_same_call(
    system: System, target: str, other_target: str, then: Callable[..., None]
) -> None:
    system.arrives(an_order(id=1))
    then("finish", crash)
    with pytest.raises(KeyboardInterrupt):
        move(system, target)
    half_moved(system, other_target)
    rows = tables_of(target)
    assert move(system, target).rows["documents"] == 1
    assert tables_of(target) == rows
    with pytest.raises(Rejected, match="was moved to"):
        prepare(system.services.settings)


def test_one_killed_while_the_server_commits_is_finished_by_the_same_call(
    system: System, target: str, postgres: Postgres
) -> None:
    system.arrives(an_order(id=1))
    upgrade(target)
    with postgres.connect(str(make_url(target).database)) as connection:
        connection.execute(
            "CREATE FUNCTION takes_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$;"
            "CREATE CONSTRAINT TRIGGER takes_long AFTER INSERT ON shops DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION takes_long()"
        )
        system.services.store.close()
        first = multiprocessing.get_context("fork").Process(target=move, args=(system, target))
        first.start()
        under_way = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        wait_until(lambda: connection.execute(under_way).fetchone() is not None, what="the commit")
        first.kill()
        first.join()
        assert move(system, target).rows["documents"] == 1
    with pytest.raises(Rejected, match="was moved to"):
        prepare(system.services.settings)


def test_nobody_writes_into_the_new_one_while_it_is_filled(system: System, target: str, postgres: Postgres) -> None:
    system.arrives(an_order(id=1))
    upgrade(target)
    refused: list[str] = []

    def write(_done: int, _of: int) -> None:
        with postgres.connect(str(make_url(target).database)) as connection:
            try:
                connection.execute(
                    "SET lock_timeout = 10; INSERT INTO rate_limits VALUES ('x', '2026-01-01T00:00:00Z', 1)"
                )
            except psycopg.errors.LockNotAvailable as error:
                refused.append(str(error))

    move(system, target, on_progress=write)
    assert refused


def test_one_that_works_already_is_not_moved_into_again(system: System, target: str, then: Callable[..., None]) -> None:
    system.arrives(an_order(id=1))
    old = system.services
    then("finish", crash)
    with pytest.raises(KeyboardInterrupt):
        move(system, target)
    begin_on(system, target)
    system.arrives(an_order(id=2))
    rows = tables_of(target)
    with pytest.raises(Rejected, match="Does Facturelay run there already"):
        move_database(old.settings, target, now=START)
    assert tables_of(target) == rows


def test_whoever_still_has_the_old_one_open_is_not_moved_under(system: System, target: str) -> None:
    with system.services.store.read():
        pass  # as a bridge that waits for requests
    with pytest.raises(Rejected, match="Something still uses this database"):
        move_database(system.services.settings, target, now=START)
    assert holds_nothing(target)


def test_nobody_gets_at_the_old_one_while_it_is_moved(system: System, target: str) -> None:
    system.arrives(an_order(id=1))
    refused: list[str] = []

    def look(_done: int, _of: int) -> None:
        if not refused:
            store = Store(system.services.settings.database_url, alone=True)
            with pytest.raises(Rejected) as told, store.read():
                pass
            refused.append(str(told.value))
            store.close()

    move(system, target, on_progress=look)
    assert len(refused) == 1


def test_a_database_with_anything_in_it_is_refused(system: System, target: str) -> None:
    upgrade(target)
    store = Store(target)
    with store.write() as connection:
        connection.execute(text("INSERT INTO rate_limits VALUES ('x', now(), 1)"))
    with pytest.raises(Rejected, match="is in use already"):
        move(system, target)
    with store.write() as connection:
        connection.execute(text("DELETE FROM rate_limits"))
    move(system, target)
    store.close()


@pytest.mark.parametrize(
    "there", ["CREATE TABLE posts (post_id int)", "UPDATE alembic_version SET version_num = '0000'"]
)
def test_a_database_of_another_program_or_version_is_refused(system: System, target: str, there: str) -> None:
    if there.startswith("UPDATE"):
        upgrade(target)
    store = Store(target)
    with store.write() as connection:
        connection.execute(text(there))
    store.close()
    with pytest.raises(Rejected, match="is not empty, and not of this version"):
        move(system, target)
    prepare(system.services.settings)


def test_a_database_of_somebody_else_is_refused(system: System, target: str, postgres: Postgres) -> None:
    name = str(make_url(target).database)
    with postgres.connect(name) as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE guest LOGIN")
    for is_there in (False, True):
        if is_there:
            upgrade(target)
        for use in (partial(move, system), upgrade):
            with pytest.raises(Rejected, match="does not let this user make tables: permission denied"):
                use(target.replace("facturelay@", "guest@"))
    postgres.execute("DROP ROLE guest")
    prepare(system.services.settings)


def test_what_does_not_arrive_as_it_was_is_found_and_nothing_is_moved(system: System, target: str) -> None:
    upgrade(target)
    store = Store(target)
    with store.write() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION another() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.total := NEW.total + 10; RETURN NEW; END $$;"
                "CREATE TRIGGER another BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION another()"
            )
        )
    system.arrives(an_order(id=1))
    with pytest.raises(Rejected, match=r"the table documents is not the same in both databases \(rows: 1, 1\)"):
        move(system, target)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(documents)) == 0
    store.close()
    prepare(system.services.settings)


def test_a_server_that_is_not_there_is_refused_without_its_password(system: System) -> None:
    with pytest.raises(
        Unavailable, match=r"The database at postgresql://127.0.0.1:1/x does not answer: .*refused"
    ) as told:
        move(system, "postgresql+psycopg://facturelay:geheim@127.0.0.1:1/x")
    assert "geheim" not in str(told.value)


def test_only_from_sqlite_to_postgresql(system: System, target: str, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="can only be moved to PostgreSQL"):
        move(system, f"sqlite:///{tmp_path / 'other.db'}")
    system.services.store.close()
    begin_on(system, target)
    with pytest.raises(Rejected, match="only a SQLite one can be moved"):
        move(system, target)


def test_what_postgresql_does_not_take_is_named_and_nothing_is_moved(system: System, target: str) -> None:
    with system.services.store.write() as connection:
        connection.execute(text("INSERT INTO leases VALUES (:name, 'x', '2026-01-01')"), {"name": "x" * 41})
    with pytest.raises(Rejected, match=r"does not take what is in the table leases: .*40"):
        move(system, target)
    assert holds_nothing(target)
    prepare(system.services.settings)
