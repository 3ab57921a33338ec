"""The migrations make exactly the tables that the code believes in, from empty, twice, and by two at once."""

import threading
from itertools import pairwise

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, text

from tests.services.postgres import Postgres
from worker.errors import Rejected
from worker.store.database.engine import Store
from worker.store.database.migrate import alembic_config, head, is_current, known, upgrade
from worker.store.database.tables import metadata


def test_an_empty_database_is_not_current_and_becomes_so(empty_database_url: str) -> None:
    store = Store(empty_database_url)
    assert not is_current(store)
    upgrade(empty_database_url)
    assert is_current(store)
    store.close()


def test_the_migrated_tables_are_those_of_the_code(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    store = Store(empty_database_url)
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


def test_upgrading_again_changes_nothing_and_loads_no_migration(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(empty_database_url)
    monkeypatch.setattr(ScriptDirectory, "from_config", None)
    store = Store(empty_database_url)
    with store.write() as connection:
        connection.execute(text("INSERT INTO leases VALUES ('sweep', 'me', '2026-11-23 09:00:00.000000')"))
    upgrade(empty_database_url)
    with store.read() as connection:
        assert connection.execute(text("SELECT holder FROM leases")).scalar_one() == "me"
    store.close()


@pytest.mark.postgres
def test_a_database_that_cannot_keep_every_name_is_refused(postgres: Postgres) -> None:
    name = postgres.create_database(encoding="SQL_ASCII")
    with pytest.raises(Rejected, match="as SQL_ASCII, not as UTF8"):
        upgrade(postgres.url(name))
    postgres.drop_database(name)


def test_two_may_upgrade_at_once(empty_database_url: str) -> None:
    errors = list[BaseException]()

    def run() -> None:
        try:
            upgrade(empty_database_url)
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
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(known()))
    assert [script.revision for script in scripts.walk_revisions() if script.is_branch_point] == []


Shape = dict[str, dict[str, tuple[str, bool, bool]]]


def shape(store: Store) -> Shape:
    """Of each table's columns: the type, whether it may be empty, and whether it fills itself."""
    with store.read() as connection:
        inspector = inspect(connection)
        return {
            table: {
                column["name"]: (str(column["type"]), column["nullable"], column["default"] is not None)
                for column in inspector.get_columns(table)
            }
            for table in inspector.get_table_names()
        }


def test_each_migration_leaves_all_that_the_version_before_it_uses(empty_database_url: str) -> None:
    store, shapes = Store(empty_database_url), list[Shape]()
    revisions = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    for revision in reversed(revisions):
        with store.write() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        shapes.append(shape(store))
    store.close()
    for before, after in pairwise(shapes):
        for table, columns in before.items():
            assert {name: after[table].get(name) for name in columns} == columns
            added = after[table].keys() - columns.keys()
            assert [name for name in added if not (after[table][name][1] or after[table][name][2])] == []


def test_old_code_goes_on_beside_the_migrations_of_a_later_version(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    store = Store(empty_database_url)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert is_current(store)
    upgrade(empty_database_url)
    with store.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    store.close()
