"""The migrations make exactly the tables that the code believes in, from empty, twice, and by two at once."""

import threading

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, text

from worker.store.engine import Store
from worker.store.migrate import alembic_config, head, is_current, upgrade
from worker.store.tables import metadata


def test_an_empty_database_is_not_current_and_becomes_so(database_url: str) -> None:
    store = Store(database_url)
    assert not is_current(store)
    upgrade(database_url)
    assert is_current(store)
    store.close()


def test_the_migrated_tables_are_those_of_the_code(database_url: str) -> None:
    upgrade(database_url)
    store = Store(database_url)
    with store.read() as connection:
        # SQLite writes an empty default in quotes of its own, which alembic takes for another one.
        options = {"compare_type": True, "compare_server_default": not store.is_sqlite}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        checks = {
            table.name: len(inspect(connection).get_check_constraints(table.name)) for table in metadata.sorted_tables
        }
    store.close()
    assert differences == []
    # Alembic does not compare these.
    assert checks == {
        table.name: sum(isinstance(constraint, CheckConstraint) for constraint in table.constraints)
        for table in metadata.sorted_tables
    }


def test_upgrading_again_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    store = Store(database_url)
    with store.engine.begin() as connection:
        connection.execute(text("INSERT INTO leases VALUES ('sweep', 'me', '2026-11-23 09:00:00.000000')"))
    upgrade(database_url)
    with store.read() as connection:
        assert connection.execute(text("SELECT holder FROM leases")).scalar_one() == "me"
    store.close()


def test_two_may_upgrade_at_once(database_url: str) -> None:
    errors = list[BaseException]()

    def run() -> None:
        try:
            upgrade(database_url)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_migrations_are_one_line_forward() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert scripts.get_heads() == [head()]
    assert [script.revision for script in scripts.walk_revisions() if script.is_branch_point] == []
